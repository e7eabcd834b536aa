// A write to a store that overwrites nothing of another request's, and makes nothing again that has gone.
import { ConfigError } from '../../errors.js'
import { type MergeOption, mergeRules } from '../../merge-rules.js'
import type { MergeRules } from '../../native.js'
import { pause } from '../../timers.js'
import type { SessionRecord } from '../express-session/types.js'
import type { Answered, Rows } from './rows.js'
import { Turns } from './turns.js'

const TRIES = 16
/** Milliseconds. */
const LONGEST_PAUSE = 100
const CONFLICT = 'other requests wrote the session all the while: nothing of this one was written'

/** What a request knows of its session's row. */
export interface Known {
  /** The data, as JSON, that the request began with or wrote last. */
  base: string
  token: string | undefined
}

/** What a front writes: the data as JSON, and a session with other data in the place of these. */
export interface Written<S> {
  session: S
  text: string
  with(data: object): S
}

export class Merger<S extends object> {
  readonly #rows: Rows<S>
  readonly #turns = new Turns()
  readonly #rules: MergeRules

  constructor(rows: Rows<S>, rules: MergeOption | undefined) {
    this.#rows = rows
    this.#rules = mergeRules(rules)
  }

  /** With what a record is compared that was just read. */
  tokenOf(record: SessionRecord): string | undefined {
    return this.#rows.tokenOf?.(record)
  }

  /** Writes what changed since `known`. Where the row has gone nothing is written, and it is no error. */
  write(id: string, known: Known, written: Written<S>, done: Answered): void {
    this.#turns.take(id, (release) => {
      const attempt = new Attempt(this.#rows, this.#rules, id, known, written, (error) => {
        release()
        done(error)
      })
      attempt.begin()
    })
  }
}

/** None without rows: requests overwrite one another then, as in the peer, and nothing is added up. */
export function mergerOf<S extends object>(
  rows: Rows<S> | undefined,
  rules: MergeOption | undefined,
): Merger<S> | undefined {
  if (rows !== undefined) return new Merger(rows, rules)
  if (rules === undefined) return undefined
  throw new ConfigError('merge', 'merge goes with a store and without peerExact, which merges nothing')
}

/** One write, until it is done. */
class Attempt<S extends object> {
  readonly #rows: Rows<S>
  readonly #rules: MergeRules
  readonly #id: string
  readonly #known: Known
  readonly #written: Written<S>
  readonly #done: Answered
  #tries = 0

  constructor(
    rows: Rows<S>,
    rules: MergeRules,
    id: string,
    known: Known,
    written: Written<S>,
    done: Answered,
  ) {
    this.#rows = rows
    this.#rules = rules
    this.#id = id
    this.#known = known
    this.#written = written
    this.#done = done
  }

  begin(): void {
    const { token } = this.#known
    if (token === undefined) this.#again()
    else this.#guarded(() => this.#swap(this.#written.session, token))
  }

  #again(): void {
    this.#rows.read(this.#id, (error, found) => {
      if (error || found === undefined) this.#done(error)
      else this.#guarded(() => this.#swap(this.#joined(found.record), found.token))
    })
  }

  #swap(session: S, token: string | undefined): void {
    this.#tries += 1
    // Where it was joined, the next write has to be joined again.
    const isOwn = session === this.#written.session
    const next = isOwn ? this.#rows.tokenOf?.(session as unknown as SessionRecord) : undefined
    this.#rows.swap(this.#id, session, token, (error, isDone) => {
      if (error) this.#done(error)
      else if (isDone) {
        Object.assign(this.#known, { base: this.#written.text, token: next })
        this.#done()
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

  #joined({ cookie: _, ...data }: SessionRecord): S {
    const { session, text } = this.#written
    const theirs = JSON.stringify(data)
    const joined =
      theirs === this.#known.base ? text : (this.#rules.merge(this.#known.base, text, theirs) ?? text)
    return joined === text ? session : this.#written.with(JSON.parse(joined))
  }

  /** What a session can't be written with ends the turn too. */
  #guarded(run: () => void): void {
    try {
      run()
    } catch (error) {
      this.#done(error)
    }
  }
}
