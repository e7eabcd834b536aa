// A write to a store that overwrites nothing of another request's, and makes nothing again that has gone.
import { ConfigError, SealError } from '../../errors.js'
import { type MergeOption, mergeRules } from '../../merge-rules.js'
import type { MergeRules } from '../../native.js'
import { pause } from '../../timers.js'
import { type Turns, turnsOf } from '../../turns.js'
import type { SessionRecord } from '../express-session/types.js'
import { type Answered, type Found, once, type Rows, type Token } from './rows.js'

const TRIES = 16
/** Milliseconds. */
const LONGEST_PAUSE = 100
const CONFLICT = 'other requests wrote the session all the while: nothing of this one was written'
const TOO_DEEP = 'the session nests deeper than 200 levels: put less into it'

/** What a request knows of its session's row. */
export interface Known {
  /** The data, as JSON, that the request began with or wrote last. */
  base: string
  token: Token
}

/** What a front writes: the data as JSON, and a session with other data in the place of these. */
export interface Written<S> {
  session: S
  text: string
  /** The row would be the same, but that its time is to begin anew. */
  isTouch?: boolean
  /** `text` of the session as it is now: a handler may go on changing it. */
  now(): string | undefined
  with(data: object, cookie?: object): S
  /** The session's cookie as it is to be, beside the one that is in the row; none where that is as it is. */
  cookieBeside?(theirs: unknown): object | undefined
}

export class Merger<S extends object> {
  readonly #rows: Rows<S>
  readonly #rules: MergeRules
  readonly #turns: Turns

  constructor(rows: Rows<S>, rules: MergeRules, turns: Turns) {
    this.#rows = rows
    this.#rules = rules
    this.#turns = turns
  }

  /** With what a record is compared that was just read. */
  tokenOf(record: SessionRecord): Token {
    return this.#rows.tokenOf?.(record)
  }

  /** Writes what changed since `known`. Where the row has gone nothing is written: the answer is false, and no error. */
  write(id: string, known: Known, written: Written<S>, done: Answered<boolean>): void {
    const begin = (ended: Answered<boolean>) =>
      new Attempt(this.#rows, this.#rules, id, known, written, ended).begin()
    this.inTurn(id, begin, done)
  }

  /**
   * Ends a session that is to go on under another id; the answer is what was there, nothing where another request has
   * ended it. `remove` is what the peer does for it.
   */
  end(id: string, remove: (done: Answered) => void, done: Answered<Found>): void {
    const begin = (ended: Answered<Found>) =>
      this.#rows.take(id, (error, found) => remove((failed) => ended(error || failed, found)))
    this.inTurn(id, begin, done)
  }

  /** Data as JSON with the changes that led from `base` to `text`. */
  joined(base: string, text: string, theirs: string): string {
    return joined(this.#rules, base, text, theirs)
  }

  /** Runs what is not to come between another request's reading and writing. */
  inTurn<T>(id: string, run: (done: Answered<T>) => void, done: Answered<T>): void {
    this.#turns.take(id, (release) => {
      const ended = once<T>((error, answer) => {
        release()
        done(error, answer)
      })
      run(ended)
    })
  }
}

/** At a store; none without rows: requests overwrite one another then, as in the peer, and nothing is added up. */
export function mergerOf<S extends object>(
  store: object,
  rows: Rows<S> | undefined,
  rules: MergeOption | undefined,
): Merger<S> | undefined {
  if (rows !== undefined) return new Merger(rows, mergeRules(rules), turnsOf(store))
  refuseRules(rules)
  return undefined
}

/** For where nothing is merged. */
export function refuseRules(rules: MergeOption | undefined): void {
  if (rules === undefined) return
  throw new ConfigError('merge', 'merge goes with a store and without peerExact, which merges nothing')
}

function joined(rules: MergeRules, base: string, text: string, theirs: string): string {
  const all = theirs === base ? text : rules.merge(base, text, theirs)
  if (all === null) throw new SealError('too_large', TOO_DEEP)
  return all
}

/** One write, until it is done. */
class Attempt<S extends object> {
  readonly #rows: Rows<S>
  readonly #rules: MergeRules
  readonly #id: string
  readonly #known: Known
  readonly #written: Written<S>
  readonly #done: Answered<boolean>
  #isDone = false
  #tries = 0

  constructor(
    rows: Rows<S>,
    rules: MergeRules,
    id: string,
    known: Known,
    written: Written<S>,
    done: Answered<boolean>,
  ) {
    this.#rows = rows
    this.#rules = rules
    this.#id = id
    this.#known = known
    this.#written = written
    this.#done = (error, answer) => {
      this.#isDone = true
      done(error, answer)
    }
  }

  begin(): void {
    const { isTouch, session } = this.#written
    const { token } = this.#known
    if (isTouch && this.#rows.touch?.(this.#id, session, (error) => this.#done(error, true))) return
    if (token === undefined) this.#again()
    else this.#guarded(() => this.#swap(this.#own(), token, true))
  }

  #again(): void {
    this.#rows.read(this.#id, (error, found) => {
      if (error || found === undefined) this.#done(error, false)
      else this.#guarded(() => this.#join(found))
    })
  }

  #join({ cookie, data, token }: Found): void {
    const { text } = this.#written
    const all = joined(this.#rules, this.#known.base, text, JSON.stringify(data))
    const joinedCookie = this.#written.cookieBeside?.(cookie)
    const isOwn = all === text && joinedCookie === undefined
    this.#swap(isOwn ? this.#own() : this.#written.with(JSON.parse(all), joinedCookie), token, isOwn)
  }

  /** The session as it was when it was to be written. */
  #own(): S {
    const { session, text } = this.#written
    return this.#written.now() === text ? session : this.#written.with(JSON.parse(text))
  }

  #swap(session: S, token: Token, isOwn: boolean): void {
    this.#tries += 1
    // Where it was joined, the next write has to be joined again.
    const next = isOwn ? this.#rows.tokenOf?.(session as unknown as SessionRecord) : undefined
    this.#rows.swap(this.#id, session, token, (error, isDone) => {
      if (error) this.#done(error)
      else if (isDone) {
        Object.assign(this.#known, { base: this.#written.text, token: next })
        this.#done(undefined, true)
      } else if (this.#tries < TRIES) this.#later()
      else this.#done(new Error(CONFLICT))
    })
  }

  /** At once the first time, since the guess may have been wrong. */
  #later(): void {
    if (this.#tries === 1) this.#again()
    else {
      const longest = Math.min(2 ** this.#tries, LONGEST_PAUSE)
      pause(longest * Math.random()).then(() => this.#again())
    }
  }

  /** What a session can't be written with ends the turn too. */
  #guarded(run: () => void): void {
    try {
      run()
    } catch (error) {
      // What the front makes of the answer, such as an error of its framework, is no second answer.
      if (this.#isDone) throw error
      this.#done(error)
    }
  }
}
