// Which of the ways to a store's rows is the best.
import type { SessionRecord } from '../express-session/types.js'
import { isConnectPg, PgRows } from './postgres.js'
import { isConnectRedis, RedisRows } from './redis.js'
import { type Answered, type AnyStore, type Found, PlainRows, type Rows, type Token } from './rows.js'

/** The way that is best for a store. */
export function rowsOf<S extends object>(store: AnyStore<S>): Rows<S> {
  const plain = new PlainRows(store)
  if (!isOneClass(store)) return plain
  const { name } = store.constructor
  if (name === 'RedisStore' && isConnectRedis(store)) return new Unless(store, new RedisRows(store), plain)
  if (name === 'PGStore' && isConnectPg(store)) return new Unless(store, new PgRows(store), plain)
  return plain
}

/** A subclass may keep its rows in another way, such as encrypted. */
function isOneClass(store: object): boolean {
  let count = 0
  for (let at = Object.getPrototypeOf(store); at !== null; at = Object.getPrototypeOf(at)) {
    if (Object.hasOwn(at, 'get') || Object.hasOwn(at, 'set')) count += 1
  }
  return count === 1
}

/** A store of which somebody has replaced a method is asked by that method. */
class Unless<S extends object> implements Rows<S> {
  readonly #store: AnyStore<S>
  readonly #best: Rows<S>
  readonly #plain: Rows<S>

  constructor(store: AnyStore<S>, best: Rows<S>, plain: Rows<S>) {
    this.#store = store
    this.#best = best
    this.#plain = plain
  }

  tokenOf(record: SessionRecord): Token {
    return this.#rows.tokenOf?.(record)
  }

  read(id: string, done: Answered<Found>): void {
    this.#rows.read(id, done)
  }

  swap(id: string, session: S, token: Token, done: Answered<boolean>): void {
    const rows = this.#rows
    // The plain ones can't compare: the row is to be read again first.
    if (rows === this.#plain && token !== undefined) done(undefined, false)
    else rows.swap(id, session, token, done)
  }

  take(id: string, done: Answered<Found>): void {
    this.#rows.take(id, done)
  }

  touch(id: string, session: S, done: Answered): boolean {
    return this.#rows.touch?.(id, session, done) ?? false
  }

  get #rows(): Rows<S> {
    const isReplaced = Object.hasOwn(this.#store, 'get') || Object.hasOwn(this.#store, 'set')
    return isReplaced ? this.#plain : this.#best
  }
}
