import { EventEmitter } from 'node:events'
import { inherits } from 'node:util'

import { cookieOf } from './cookie.js'
import { withoutProto } from './payload.js'
import { Session } from './session.js'
import type { Callback, Request, SessionRecord } from './types.js'

/** `isOut`: a store of ours failed, where that is no error. */
export type Loaded<T> = (error?: unknown, found?: T | null, isOut?: boolean) => void

/** What keeps sessions. It emits `disconnect` when it can't be asked and `connect` when it can again. */
export interface Store extends EventEmitter {
  get(id: string, callback: Loaded<SessionRecord>): void
  set(id: string, session: Session, callback?: Callback): void
  destroy(id: string, callback?: Callback): void
  touch?(id: string, session: Session, callback?: Callback): void
  /** Gives the request a new session; the middleware's. */
  generate(request: Request): void
  regenerate(request: Request, callback: Callback): void
  load(id: string, callback: Loaded<Session>): void
  createSession(request: Request, found: SessionRecord): Session
}

export interface StoreConstructor {
  new (): Store
  (this: Store): void
  readonly prototype: Store
}

/** A function, since stores of old call it on themselves and new ones extend it. */
export const Store = function Store(this: Store): void {
  EventEmitter.call(this)
} as StoreConstructor

inherits(Store, EventEmitter)

const methods: Pick<Store, 'createSession' | 'load' | 'regenerate'> & ThisType<Store> = {
  /** Ends the request's session and gives it a new one. */
  regenerate(request, callback) {
    this.destroy(request.sessionID as string, (error) => {
      this.generate(request)
      callback(error)
    })
  },

  /** The session of an id, outside of a request. */
  load(id, callback) {
    this.get(id, (error, found) => {
      if (error) return callback(error)
      if (!found) return callback()
      callback(null, this.createSession({ sessionID: id, sessionStore: this } as Request, found))
    })
  },

  /** Makes a record the request's session. */
  createSession(request, found) {
    const { cookie } = withoutProto(found)
    found.cookie = cookieOf(cookie)
    request.session = new Session(request, found)
    return request.session
  },
}

Object.assign(Store.prototype, methods)

/**
 * Most stores extend the peer's own `Store`; their sessions are to be ours. A store that makes sessions itself goes on
 * to do so, from clean records.
 */
export function adopt(store: Store): void {
  const { createSession } = Store.prototype
  const theirs = store.createSession
  if (theirs === createSession || adopted.has(store) || typeof theirs !== 'function') return
  adopted.add(store)
  const value = isBase(makerOf(store))
    ? createSession
    : (request: Request, found: SessionRecord) => theirs.call(store, request, withoutProto(found))
  Object.defineProperty(store, 'createSession', { configurable: true, value, writable: true })
}

const adopted = new WeakSet<Store>()

/** The link of the prototype chain that has `createSession`. */
function makerOf(store: object): object | null {
  let link: object | null = store
  while (link !== null && !Object.hasOwn(link, 'createSession')) link = Object.getPrototypeOf(link)
  return link
}

/** A `Store` from whichever copy of the peer: an emitter that keeps nothing itself. */
function isBase(maker: object | null): boolean {
  return maker !== null && Object.getPrototypeOf(maker) === EventEmitter.prototype && !('get' in maker)
}
