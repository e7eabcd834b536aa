import { inherits } from 'node:util'

import { ambient } from '../../ambient.js'
import { immediate as defer } from '../../timers.js'
import { type Answered, type Found, foundIn, type Rows, type Token } from '../merge/rows.js'
import { withoutProto } from './payload.js'
import type { Session } from './session.js'
import { type Loaded, Store } from './store.js'
import type { Callback, SessionRecord } from './types.js'

/** How many records a write looks at for their end. */
const SWEPT = 8

export interface MemoryStore extends Store {
  /** JSON by id. */
  sessions: Record<string, string>
  /** How many sessions are kept at most; beyond that the longest unwritten go. Default Infinity. */
  max: number
  all(callback?: Loaded<Record<string, SessionRecord>>): void
  clear(callback?: Callback): void
  length(callback: (error: unknown, length?: number) => void): void
}

export interface MemoryStoreConstructor {
  new (options?: { max?: number | undefined }): MemoryStore
  (this: MemoryStore, options?: { max?: number | undefined }): void
  readonly prototype: MemoryStore
}

/** Sessions in this process. Expired ones go as others are written. */
export const MemoryStore = function MemoryStore(this: MemoryStore, options?: { max?: number }): void {
  Store.call(this)
  this.sessions = Object.create(null)
  const { max } = options ?? {}
  if (max === undefined) return
  if (!(max >= 1)) throw new TypeError('max option must be a number of sessions')
  this.max = max
} as MemoryStoreConstructor

inherits(MemoryStore, Store)

type Methods = Omit<MemoryStore, keyof Store | 'sessions'> & Partial<Store> & ThisType<MemoryStore>

const methods: Methods = {
  max: Number.POSITIVE_INFINITY,

  all(callback) {
    const found = Object.create(null)
    for (const id of Object.keys(this.sessions)) {
      const record = read(this, id)
      if (record) found[id] = record
    }
    if (callback) defer(callback, null, found)
  },

  clear(callback) {
    this.sessions = Object.create(null)
    ledgers.delete(this)
    if (callback) defer(callback)
  },

  destroy(id, callback) {
    forget(this, id)
    if (callback) defer(callback)
  },

  get(id, callback) {
    const record = read(this, id)
    if (record) texts.set(record, this.sessions[id] as string)
    defer(callback, null, record)
  },

  length(callback) {
    this.all((error, found) => {
      if (error) return callback(error)
      callback(null, Object.keys(found ?? {}).length)
    })
  },

  set(id, session, callback) {
    write(this, id, session)
    sweep(this)
    if (callback) defer(callback)
  },

  touch(id, { cookie }, callback) {
    const record = read(this, id)
    if (record) write(this, id, Object.assign(record, { cookie }))
    if (callback) defer(callback)
  },
}

Object.assign(MemoryStore.prototype, methods)

/** Its rows for a write that joins: within one process nothing comes between reading and writing. */
export class MemoryRows implements Rows<Session> {
  readonly #store: MemoryStore

  constructor(store: MemoryStore) {
    this.#store = store
  }

  tokenOf(record: SessionRecord): Token {
    return texts.get(record)
  }

  read(id: string, done: Answered<Found>): void {
    const record = read(this.#store, id)
    done(undefined, record && foundIn(record))
  }

  take(id: string, done: Answered<Found>): void {
    this.read(id, done)
  }

  /** With the text of the request's own reading, else with what was read just now. */
  swap(id: string, session: Session, token: Token, done: Answered<boolean>): void {
    if (token !== undefined && !this.#isStill(id, token)) done(undefined, false)
    else this.#store.set(id, session, (error) => done(error, true))
  }

  #isStill(id: string, text: Token): boolean {
    const end = ledgers.get(this.#store)?.ends.get(id)
    return this.#store.sessions[id] === text && end !== undefined && end > ambient.now()
  }
}

/** What records were read from: who writes need not read again where that is still there. */
const texts = new WeakMap<object, string>()

/** When each record ends, the longest unwritten first, and how far the sweep has come. */
interface Ledger {
  ends: Map<string, number>
  /** Behind those that were removed to make room: from the beginning, a Map would pass all of these again. */
  oldest: Iterator<string>
  walk: Iterator<[string, number]>
}

/** Aside, so that `sessions` stays all that a store shows. */
const ledgers = new WeakMap<MemoryStore, Ledger>()

function ledgerOf(store: MemoryStore): Ledger {
  const ends = new Map<string, number>()
  const ledger = ledgers.get(store) ?? { ends, oldest: ends.keys(), walk: ends.entries() }
  ledgers.set(store, ledger)
  return ledger
}

/** A record that has not ended. */
function read(store: MemoryStore, id: string): SessionRecord | undefined {
  const text = store.sessions[id]
  if (!text) return
  const record: SessionRecord = withoutProto(JSON.parse(text))
  if (!(endOf(record) <= ambient.now())) return record
  forget(store, id)
}

function write(store: MemoryStore, id: string, record: { cookie: SessionRecord['cookie'] }): void {
  store.sessions[id] = JSON.stringify(record)
  const ledger = ledgerOf(store)
  const { ends } = ledger
  ends.delete(id)
  ends.set(id, endOf(record))
  while (ends.size > store.max) {
    const { done, value } = ledger.oldest.next()
    if (done) ledger.oldest = ends.keys()
    else forget(store, value)
  }
}

function forget(store: MemoryStore, id: string): void {
  delete store.sessions[id]
  ledgers.get(store)?.ends.delete(id)
}

/** Looks at a few records, so that no call is long: each write adds one at most, so the ended stay few. */
function sweep(store: MemoryStore): void {
  const ledger = ledgerOf(store)
  const now = ambient.now()
  for (let looked = 0; looked < SWEPT; looked++) {
    const { done, value } = ledger.walk.next()
    if (done) {
      ledger.walk = ledger.ends.entries()
      return
    }
    const [id, end] = value
    // The record is asked too, as `sessions` is open to all.
    if (!(id in store.sessions) || (end <= now && !read(store, id))) forget(store, id)
  }
}

/** Milliseconds. */
function endOf({ cookie }: { cookie?: SessionRecord['cookie'] }): number {
  const { expires } = cookie ?? {}
  return expires ? new Date(expires as Date | string).valueOf() : Number.POSITIVE_INFINITY
}
