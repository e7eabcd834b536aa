// connect-pg-simple: a statement compares the row with the text that was read.
import type { SessionRecord } from '../express-session/types.js'
import { type Answered, type AnyStore, type Found, foundIn, type Rows, type Token } from './rows.js'

type Row = Record<string, unknown>

/** Of connect-pg-simple 9 and 10. */
interface ConnectPg extends AnyStore {
  query(sql: string, params: unknown[], done: Answered<Row>): void
  quotedTable(): string
}

export function isConnectPg(store: object): store is ConnectPg {
  const { query, quotedTable } = store as Partial<ConnectPg>
  return typeof query === 'function' && typeof quotedTable === 'function'
}

export class PgRows implements Rows {
  readonly #store: ConnectPg

  constructor(store: ConnectPg) {
    this.#store = store
  }

  tokenOf(record: SessionRecord): string {
    return JSON.stringify(record)
  }

  read(id: string, done: Answered<Found>): void {
    this.#first(`SELECT sess::text AS text FROM ${this.#store.quotedTable()} WHERE sid = $1`, id, done)
  }

  take(id: string, done: Answered<Found>): void {
    this.#first(
      `DELETE FROM ${this.#store.quotedTable()} WHERE sid = $1 RETURNING sess::text AS text`,
      id,
      done,
    )
  }

  swap(id: string, session: object, token: Token, done: Answered<boolean>): void {
    const sql =
      `UPDATE ${this.#store.quotedTable()} SET sess = $1, expire = to_timestamp($2) ` +
      'WHERE sid = $3 AND sess::text = $4 RETURNING sid'
    const [sess, ...rest] = this.#values(id, session)
    // pg would do so when it has a connection, and a handler may have changed the session by then.
    this.#store.query(sql, [JSON.stringify(sess), ...rest, token], (error, row) =>
      done(error, row !== undefined),
    )
  }

  /** As the store's own, which may be switched off in secret. */
  touch(id: string, session: object, done: Answered): boolean {
    const [, expire] = this.#values(id, session)
    const sql = `UPDATE ${this.#store.quotedTable()} SET expire = to_timestamp($1) WHERE sid = $2`
    this.#store.query(sql, [expire, id], (error) => done(error))
    return true
  }

  #first(sql: string, id: string, done: Answered<Found>): void {
    this.#store.query(sql, [id], (error, row) => {
      if (error) return done(error)
      const token = row?.text as string | undefined
      done(undefined, token === undefined ? undefined : foundIn(JSON.parse(token), token))
    })
  }

  /** The row, its end and its id, as the store itself would write them: how it counts the end is its own. */
  #values(id: string, session: object): unknown[] {
    let values: unknown[] = []
    const own = Object.getOwnPropertyDescriptor(this.#store, 'query')
    this.#store.query = (_sql, params) => {
      values = params
    }
    try {
      this.#store.set(id, session)
    } finally {
      // The method of the class is seen again, or what the application has put before it, such as a tracer.
      delete (this.#store as Partial<ConnectPg>).query
      if (own !== undefined) Object.defineProperty(this.#store, 'query', own)
    }
    return values
  }
}
