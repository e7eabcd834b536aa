// How the rows of express-session's stores are read again and written: by comparison where the store's server can.
import { nextTick } from '../../timers.js'
import type { SessionRecord } from '../express-session/types.js'

export type Answered<T = void> = (error?: unknown, answer?: T) => void

/** A record, and what `swap` compares with. */
export interface Found {
  record: SessionRecord
  token?: string | undefined
}

/** What is kept of a session; its rows stay as the store writes them. */
export interface Rows<S = object> {
  /** With what a record is compared that was just read by the store itself; none where that is to be read again. */
  tokenOf?(record: SessionRecord): string | undefined
  /** What is there now; nothing where it has gone. */
  read(id: string, done: Answered<Found>): void
  /** Writes where that is still there which was read; tells whether it was. */
  swap(id: string, session: S, token: string | undefined, done: Answered<boolean>): void
}

/** What is used of a store. */
export interface AnyStore<S = object> {
  get(id: string, callback: Answered<SessionRecord | null>): void
  set(id: string, session: S, callback?: Answered): void
  destroy(id: string, callback?: Answered): void
}

/** Of connect-redis 9 and newer, with a client of node-redis or ioredis. */
interface ConnectRedis extends AnyStore {
  client: {
    get(key: string): Promise<string | null>
    eval(script: string, ...rest: unknown[]): Promise<unknown>
    defineCommand?: unknown
  }
  prefix: string
  serializer: { parse(text: string): unknown; stringify(session: object): unknown }
  disableTTL: boolean
  getTTL(session: object): number
}

/** Of connect-pg-simple 9 and 10. */
interface ConnectPg extends AnyStore {
  query(sql: string, params: unknown[], done: Answered<Record<string, unknown>>): void
  quotedTable(): string
}

/** The way that is best for a store. */
export function rowsOf<S extends object>(store: AnyStore<S>): Rows<S> {
  const { name } = store.constructor
  const plain = new PlainRows(store)
  if (name === 'RedisStore' && isConnectRedis(store)) return new Unless(store, new RedisRows(store), plain)
  if (name === 'PGStore' && isConnectPg(store)) return new Unless(store, new PgRows(store), plain)
  return plain
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

  tokenOf(record: SessionRecord): string | undefined {
    return this.#isReplaced() ? undefined : this.#best.tokenOf?.(record)
  }

  read(id: string, done: Answered<Found>): void {
    const rows = this.#isReplaced() ? this.#plain : this.#best
    rows.read(id, done)
  }

  swap(id: string, session: S, token: string | undefined, done: Answered<boolean>): void {
    if (!this.#isReplaced()) this.#best.swap(id, session, token, done)
    // It can't compare: it is to be read again first.
    else if (token !== undefined) done(undefined, false)
    else this.#plain.swap(id, session, token, done)
  }

  #isReplaced(): boolean {
    return Object.hasOwn(this.#store, 'get') || Object.hasOwn(this.#store, 'set')
  }
}

function isConnectRedis(store: object): store is ConnectRedis {
  const { client, getTTL, prefix, serializer } = store as Partial<ConnectRedis>
  const isClient = typeof client?.eval === 'function' && typeof client.get === 'function'
  return isClient && typeof getTTL === 'function' && typeof prefix === 'string' && serializer !== undefined
}

function isConnectPg(store: object): store is ConnectPg {
  const { query, quotedTable } = store as Partial<ConnectPg>
  return typeof query === 'function' && typeof quotedTable === 'function'
}

/** Any store: what another process writes between reading and writing is lost. */
class PlainRows<S extends object> implements Rows<S> {
  readonly #store: AnyStore<S>

  constructor(store: AnyStore<S>) {
    this.#store = store
  }

  read(id: string, done: Answered<Found>): void {
    this.#store.get(id, (error, record) => {
      // As express-session, which takes the error of a file that is not there for no session.
      const isGone = (error as NodeJS.ErrnoException | null | undefined)?.code === 'ENOENT'
      if (error && !isGone) done(error)
      else done(undefined, record && !isGone ? { record } : undefined)
    })
  }

  swap(id: string, session: S, _token: string | undefined, done: Answered<boolean>): void {
    this.#store.set(id, session, (error) => done(error, true))
  }
}

const SWAP = `
if redis.call('GET', KEYS[1]) ~= ARGV[1] then return 0 end
if ARGV[3] == '' then redis.call('SET', KEYS[1], ARGV[2])
else redis.call('SET', KEYS[1], ARGV[2], 'EX', ARGV[3]) end
return 1`

class RedisRows implements Rows {
  readonly #store: ConnectRedis

  constructor(store: ConnectRedis) {
    this.#store = store
  }

  tokenOf(record: SessionRecord): string | undefined {
    const text = this.#store.serializer.stringify(record)
    return typeof text === 'string' ? text : undefined
  }

  read(id: string, done: Answered<Found>): void {
    answer(this.#read(id), done)
  }

  swap(id: string, session: object, token: string | undefined, done: Answered<boolean>): void {
    const store = this.#store
    const ttl = store.disableTTL ? undefined : store.getTTL(session)
    // As connect-redis: what has ended is removed.
    if (ttl !== undefined && !(ttl > 0)) store.destroy(id, (error) => done(error, true))
    else answer(this.#swap(id, session, token ?? '', ttl), done)
  }

  async #read(id: string): Promise<Found | undefined> {
    const { client, prefix, serializer } = this.#store
    const text = await client.get(prefix + id)
    return text ? { record: (await serializer.parse(text)) as SessionRecord, token: text } : undefined
  }

  async #swap(id: string, session: object, token: string, ttl: number | undefined): Promise<boolean> {
    const { client, prefix, serializer } = this.#store
    const values = [token, String(await serializer.stringify(session)), ttl === undefined ? '' : String(ttl)]
    const key = prefix + id
    const swapped = client.defineCommand
      ? await client.eval(SWAP, 1, key, ...values)
      : await client.eval(SWAP, { keys: [key], arguments: values })
    return Number(swapped) === 1
  }
}

class PgRows implements Rows {
  readonly #store: ConnectPg

  constructor(store: ConnectPg) {
    this.#store = store
  }

  tokenOf(record: SessionRecord): string {
    return JSON.stringify(record)
  }

  read(id: string, done: Answered<Found>): void {
    const sql = `SELECT sess::text AS text FROM ${this.#store.quotedTable()} WHERE sid = $1`
    this.#store.query(sql, [id], (error, row) => {
      if (error) return done(error)
      const token = row?.text as string | undefined
      done(undefined, token === undefined ? undefined : { record: JSON.parse(token), token })
    })
  }

  swap(id: string, session: object, token: string | undefined, done: Answered<boolean>): void {
    const sql =
      `UPDATE ${this.#store.quotedTable()} SET sess = $1, expire = to_timestamp($2) ` +
      'WHERE sid = $3 AND sess::text = $4 RETURNING sid'
    this.#store.query(sql, [...this.#values(id, session), token], (error, row) =>
      done(error, row !== undefined),
    )
  }

  /** The row, its end and its id, as the store itself would write them: how it counts the end is its own. */
  #values(id: string, session: object): unknown[] {
    let values: unknown[] = []
    this.#store.query = (_sql, params) => {
      values = params
    }
    try {
      this.#store.set(id, session)
    } finally {
      // The method of the class is seen again.
      delete (this.#store as Partial<ConnectPg>).query
    }
    return values
  }
}

function answer<T>(promise: Promise<T | undefined>, done: Answered<T>): void {
  // What `done` throws is not for the promise.
  promise.then(
    (found) => nextTick(done, undefined, found),
    (error) => nextTick(done, error),
  )
}
