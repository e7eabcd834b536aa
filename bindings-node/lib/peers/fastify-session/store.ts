// The store of `@fastify/session` 11: a Map, whose sessions live as long as the process.
import { EventEmitter } from 'node:events'
import type { Session } from 'fastify'

// biome-ignore lint/suspicious/noExplicitAny: callers type their own
export type Callback = (error?: any) => void
// biome-ignore lint/suspicious/noExplicitAny: as above
export type CallbackSession = (error: any, result?: Session | null) => void

export interface MemoryStore extends EventEmitter {
  store: Map<string, Session>
  set(sessionId: string, session: Session, callback: Callback): void
  get(sessionId: string, callback: CallbackSession): void
  destroy(sessionId: string, callback: Callback): void
}

/** A function and no class, as code from before classes calls it from its own constructors. */
function make(this: MemoryStore, map: Map<string, Session> = new Map()): void {
  this.store = map
  EventEmitter.call(this)
}

const methods: ThisType<MemoryStore> = {
  set(sessionId: string, session: Session, callback: Callback) {
    this.store.set(sessionId, session)
    callback()
  },

  get(sessionId: string, callback: CallbackSession) {
    callback(null, this.store.get(sessionId))
  },

  destroy(sessionId: string, callback: Callback) {
    this.store.delete(sessionId)
    callback()
  },
}

type Constructor = new (map?: Map<string, Session>) => MemoryStore
export const Store = make as unknown as Constructor

Object.defineProperty(Store, 'name', { value: 'Store' })
Object.setPrototypeOf(Store.prototype, EventEmitter.prototype)
Object.assign(Store.prototype, methods)
