// How a session's row in a store is read again and written; and the way that any store allows.
import { nextTick } from '../../timers.js'
import type { SessionRecord } from '../express-session/types.js'

export type Answered<T = void> = (error?: unknown, answer?: T) => void

/** What was read: its text, or what else its store compares. */
export type Token = string | object | undefined

/** What is in a row, and what `swap` compares with. */
export interface Found {
  /** Without the cookie. */
  data: object
  /** None where the store's records have none, or its own merging sees to it. */
  cookie?: unknown
  token?: Token
}

/** What is kept of a session; its rows stay as the store writes them. */
export interface Rows<S = object> {
  /** With what a record is compared that was just read by the store itself; none where that is to be read again. */
  tokenOf?(record: SessionRecord): Token
  /** What is there now; nothing where it has gone. */
  read(id: string, done: Answered<Found>): void
  /** Writes where that is still there which was read; tells whether it was. */
  swap(id: string, session: S, token: Token, done: Answered<boolean>): void
  /** As `read`, of what its reader then removes; at once where the store can. */
  take(id: string, done: Answered<Found>): void
  /** Begins the row's time anew, where it is there; false where the store can't, or is not to. */
  touch?(id: string, session: S, done: Answered): boolean
}

/** What is used of a store. */
export interface AnyStore<S = object> {
  get(id: string, callback: Answered<SessionRecord | null>): void
  set(id: string, session: S, callback?: Answered): void
  destroy(id: string, callback?: Answered): void
  touch?(id: string, session: S, callback?: Answered): void
  disableTouch?: boolean
}

/** Any store: what another process writes between reading and writing is lost. */
export class PlainRows<S extends object> implements Rows<S> {
  readonly #store: AnyStore<S>

  constructor(store: AnyStore<S>) {
    this.#store = store
  }

  read(id: string, done: Answered<Found>): void {
    const answered: Answered<SessionRecord | null> = (error, record) => {
      // As express-session, which takes the error of a file that is not there for no session.
      const isGone = (error as NodeJS.ErrnoException | null | undefined)?.code === 'ENOENT'
      if (error && !isGone) done(error)
      else done(undefined, record && !isGone ? foundIn(record) : undefined)
    }
    this.#store.get(id, once(answered))
  }

  swap(id: string, session: S, _token: Token, done: Answered<boolean>): void {
    this.#store.set(
      id,
      session,
      once((error) => done(error, true)),
    )
  }

  take(id: string, done: Answered<Found>): void {
    this.read(id, done)
  }

  touch(id: string, session: S, done: Answered): boolean {
    const store = this.#store
    // Who replaced `set` waits for it to be called.
    if (store.disableTouch || typeof store.touch !== 'function' || Object.hasOwn(store, 'set')) return false
    store.touch(id, session, once(done))
    return true
  }
}

export function foundIn(record: SessionRecord, token?: Token): Found {
  return { data: dataOf(record), cookie: record.cookie, token }
}

/** Some stores answer again, such as after an error of whoever they answered: that is for nobody any more. */
export function once<T>(done: Answered<T>): Answered<T> {
  let isAnswered = false
  return (error, found) => {
    if (isAnswered) return
    isAnswered = true
    done(error, found)
  }
}

export function dataOf({ cookie: _, ...data }: SessionRecord): object {
  return data
}

export function answer<T>(promise: Promise<T | undefined>, done: Answered<T>): void {
  // What `done` throws is not for the promise.
  promise.then(
    (found) => nextTick(done, undefined, found),
    (error) => nextTick(done, error),
  )
}

export function promised<T>(run: (done: Answered<T>) => void): Promise<T | undefined> {
  return new Promise((resolve, reject) => run((error, found) => (error ? reject(error) : resolve(found))))
}
