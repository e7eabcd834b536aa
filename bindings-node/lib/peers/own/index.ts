// A store of `shortcrust/stores` under a drop-in: the core's machine, its records and all of its promises.
import type { IncomingMessage } from 'node:http'

import { ambient } from '../../ambient.js'
import { SealError, ShortcrustError } from '../../errors.js'
import type { Front } from '../../front.js'
import type { Options } from '../../front-options.js'
import { type LabelOption, labelOf } from '../../label.js'
import { LATE } from '../../late.js'
import type { MergeOption } from '../../merge-rules.js'
import { close, engine, type NativeSession, newId, saveSession } from '../../native.js'
import { engineOptions, runnerOf } from '../../options.js'
import type { StoreRunner } from '../../store-runner.js'
import type { Store } from '../../stores/index.js'
import { microtask } from '../../timers.js'
import { know } from '../../users.js'
import { sign } from '../cookie-signature.js'
import type { SessionRecord } from '../express-session/types.js'
import { type Answered, answer, dataOf, type Found, type Rows } from '../merge/rows.js'

/** What a drop-in's options say of such a store. */
export interface OwnOptions {
  label?: LabelOption | undefined
  merge?: MergeOption | undefined
  outage?: Options['outage']
  userKey?: string | undefined
}

export function isOwnStore(store: unknown): store is Store {
  const { capabilities, create, load, save } = (store ?? {}) as Partial<Store>
  return (
    typeof capabilities === 'object' && [create, load, save].every((method) => typeof method === 'function')
  )
}

/** Seconds of a cookie's `maxAge` in milliseconds, for all sessions alike; none where each has its own. */
export function secondsOf(maxAge: unknown): number | undefined {
  return typeof maxAge === 'number' && maxAge > 0 ? Math.ceil(maxAge / 1_000) : undefined
}

/** A request's session, as its drop-in has it. */
export interface Current {
  session(): object | null | undefined
  /** Goes on with the data under a new id, and saves them. */
  renew(): Promise<unknown> | undefined
  /** The new id could not be told to the browser any more. */
  isLate(): boolean
}

const NOBODY = 'shortcrust nobody'

/** Its methods are those of a store of express-session's too. */
export class OwnSessions implements Rows {
  readonly front: Pick<Front, 'engine' | 'names' | 'runner'>
  readonly #runner: StoreRunner
  readonly #label: LabelOption | undefined
  readonly #knowsUsers: boolean
  readonly #dataOf: (record: SessionRecord) => object
  /** The header that a session is opened by never leaves the process. */
  readonly #secret = newId(32)
  /** By the record that was read, and by the session that was made of it. */
  readonly #natives = new WeakMap<object, NativeSession>()
  /** Of sessions that are not written yet, by their ids; their requests hold them. */
  readonly #fresh = new Map<string, WeakRef<NativeSession>>()
  readonly #held = new WeakMap<object, NativeSession[]>()
  readonly #gone = new FinalizationRegistry<string>((id) => this.#fresh.delete(id))

  /**
   * `seconds`: how long a session lives that nobody uses; left out, 14 days. `data`: what of a record is the
   * application's; left out, all but `cookie`.
   */
  constructor(
    store: Store,
    name: string,
    seconds: number | undefined,
    given: OwnOptions,
    data: (record: SessionRecord) => object = dataOf,
  ) {
    const { merge, outage, userKey } = given
    const options: Options = {
      secrets: [this.#secret],
      name,
      format: 'express',
      policy: { absolute: null, ...(seconds !== undefined && { idle: seconds }) },
      cookie: { path: '/', secure: true },
      store,
      merge,
      outage,
      // Where nobody said where the user is, no change of the data is a change of the user.
      userKey: userKey ?? NOBODY,
    }
    this.#knowsUsers = userKey !== undefined
    this.#dataOf = data
    this.#label = labelOf({ label: given.label, store })
    this.#runner = runnerOf(options) as StoreRunner
    this.front = {
      engine: engine(engineOptions(options)),
      names: [name],
      runner: this.#runner,
    }
  }

  /** Of a session that begins with this request; without one it has no label. */
  newId(given?: IncomingMessage): string {
    const request = given ?? this
    const native = this.#open('')
    if (given && this.#label) native.describeByDefault(String(this.#label(given) ?? ''))
    const now = ambient.now()
    const closed = close(this.front.engine, native, '{"":0}', '', true, now, ambient.entropy)
    const [, value = ''] = /=([^;]*)/.exec(closed?.cookies[0] ?? '') ?? []
    const id = decodeURIComponent(value).slice(2).split('.', 1)[0] as string
    const held = this.#held.get(request) ?? []
    this.#held.set(request, [...held, native])
    this.#fresh.set(id, new WeakRef(native))
    this.#gone.register(native, id)
    return id
  }

  /** `sessions` of `shortcrust/express` takes this request, with the session that it has then. */
  know(request: object, { isLate, renew, session }: Current): void {
    if (!this.#knowsUsers) return
    const native = () => this.#natives.get(session() ?? request)
    know(request, this.front, {
      key: () => native()?.key ?? undefined,
      async renew(user) {
        if (native()?.user !== user) return
        if (isLate()) throw new SealError('late', LATE)
        await renew()
      },
    })
  }

  /** What was made of the record, or wrote it, is the same session. */
  follow(record: object, session: object): void {
    const native = this.#natives.get(record)
    if (native !== undefined) this.#natives.set(session, native)
  }

  tokenOf(record: object): NativeSession | undefined {
    return this.#natives.get(record)
  }

  get(id: string, done: Answered<SessionRecord | null>): void {
    answer(this.#recordOf(this.#open(id)), (error, record) => done(error, record ?? null))
  }

  /** As `get`; `isOut` tells an outage that is no error from a session that is not there. */
  ask(id: string, done: (error: unknown, found: SessionRecord | null, isOut: boolean) => void): void {
    const native = this.#open(id)
    answer(this.#recordOf(native), (error, found) => done(error, found ?? null, native.isUnavailable))
  }

  /** A new session. */
  set(id: string, session: object, done: Answered = () => {}): void {
    const native = this.#fresh.get(id)?.deref() ?? this.#open(id)
    this.#natives.set(session, native)
    answer(this.#save(native, session, false), (error) => done(error))
  }

  destroy(id: string, done: Answered = () => {}): void {
    answer(this.#end(id), (error) => done(error))
  }

  /** Nothing is asked of the store before a quarter of the session's time has passed. */
  touch(_id: string, session: object, done: Answered): boolean {
    const native = this.#natives.get(session)
    if (native === undefined) return false
    answer(this.#save(native, undefined, true), (error) => done(error))
    return true
  }

  read(id: string, done: Answered<Found>): void {
    answer(this.#found(id), done)
  }

  swap(_id: string, session: object, token: unknown, done: Answered<boolean>): void {
    const native = token as NativeSession
    answer(this.#save(native, session, false), (error, isThere) => {
      if (isThere) this.#natives.set(session, native)
      done(error, isThere)
    })
  }

  take(id: string, done: Answered<Found>): void {
    answer(this.#taken(id), done)
  }

  async #recordOf(native: NativeSession): Promise<SessionRecord | undefined> {
    await this.#runner.run(native)
    const { text } = native.shown()
    if (text === undefined || native.key === null) return undefined
    // The id is the peer's to change, so that it stays from here on.
    close(this.front.engine, native, null, '', true, ambient.now(), ambient.entropy)
    const record = JSON.parse(text) as SessionRecord
    this.#natives.set(record, native)
    return record
  }

  async #found(id: string): Promise<Found | undefined> {
    const native = this.#open(id)
    const record = await this.#recordOf(native)
    heard(native)
    return record && { data: this.#dataOf(record), token: this.#natives.get(record) }
  }

  async #taken(id: string): Promise<Found | undefined> {
    const found = await this.#found(id)
    return found && (await this.#ended(found.token as NativeSession)) ? found : undefined
  }

  async #end(id: string): Promise<void> {
    const found = await this.#found(id)
    if (found !== undefined) await this.#ended(found.token as NativeSession)
  }

  /** Whether it was this that ended it. */
  async #ended(native: NativeSession): Promise<boolean> {
    native.destroy()
    saveSession(native, null, '', true, ambient.now(), ambient.entropy)
    await this.#runner.run(native)
    heard(native)
    return native.failure === null
  }

  /** Whether the session is still there. */
  async #save(native: NativeSession, session: object | undefined, isLast: boolean): Promise<boolean> {
    const text = session === undefined ? null : JSON.stringify(session)
    saveSession(native, text, '', isLast, ambient.now(), ambient.entropy)
    await this.#runner.run(native)
    return native.key !== null && native.failure === null
  }

  #open(id: string): NativeSession {
    const header =
      id === '' ? '' : `${this.front.names[0]}=${encodeURIComponent(`s:${sign(id, this.#secret)}`)}`
    return this.front.engine.open(header, ambient.now()).session
  }
}

const OUT = 'the store failed: the session is empty, and nothing of it can be changed'

function unavailable(): ShortcrustError {
  return new ShortcrustError('unavailable', OUT)
}

/** Nobody should believe to have logged out. */
function heard(native: NativeSession): void {
  if (native.isUnavailable) throw unavailable()
}

/** For a request that a store could not tell its session: what these methods do to an empty one is not what is meant. */
export function refuse(session: object, methods: readonly string[]): void {
  const value = (...given: unknown[]) => {
    const done = given.find((one) => typeof one === 'function')
    if (done === undefined) return Promise.reject(unavailable())
    microtask(() => done(unavailable()))
  }
  for (const method of methods)
    Object.defineProperty(session, method, { configurable: true, value, writable: true })
}

/** As `refuse`, where there is no method. */
export function refused(): never {
  throw unavailable()
}
