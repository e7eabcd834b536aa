// One table, in the SQL that SQLite (3.38) and PostgreSQL have in common.
import { ambient } from '../ambient.js'
import type { Capabilities, Entry, Listed, Row, Store } from './index.js'

export const TABLES = [
  `CREATE TABLE IF NOT EXISTS shortcrust_session (key TEXT PRIMARY KEY, version BIGINT NOT NULL, user_id TEXT,
   expires BIGINT, record TEXT NOT NULL)`,
  'CREATE INDEX IF NOT EXISTS shortcrust_session_user_id ON shortcrust_session (user_id)',
  'CREATE INDEX IF NOT EXISTS shortcrust_session_expires ON shortcrust_session (expires)',
]

const INSERT = `INSERT INTO shortcrust_session (key, version, user_id, expires, record) VALUES ($1, 1, $2, $3, $4)
  ON CONFLICT (key) DO`
const CREATE = `${INSERT} NOTHING`
const PUT = `${INSERT} UPDATE SET version = shortcrust_session.version + 1, user_id = excluded.user_id,
  expires = excluded.expires, record = excluded.record`
const SAVE = `UPDATE shortcrust_session SET user_id = $1, expires = $2, record = $3, version = version + 1
  WHERE key = $4 AND version = $5`
const DELETE = 'DELETE FROM shortcrust_session WHERE key = $1'
const LIST = `SELECT key, record FROM shortcrust_session
  WHERE user_id = $1 AND (expires IS NULL OR expires >= $2)`
const REVOKE = 'DELETE FROM shortcrust_session WHERE user_id = $1 AND key <> $2'
const SWEEP = `DELETE FROM shortcrust_session WHERE key IN
  (SELECT key FROM shortcrust_session WHERE expires < $1 LIMIT $2`

export type Value = number | string | null | readonly string[]

interface Found {
  key: string
  /** Text from PostgreSQL, as a BIGINT may be too large for a number. */
  version: number | string
  record: string
}

/** What a kind of database does otherwise. Values stand in the order of their numbers, each once. */
export interface Dialect {
  /** Takes the keys as one value. */
  load: string
  locking: string
}

export abstract class SQLStore implements Store {
  readonly capabilities: Capabilities = { compareAndSwap: true, index: true, expiry: false }
  readonly #dialect: Dialect

  protected constructor(dialect: Dialect) {
    this.#dialect = dialect
  }

  async load(keys: readonly string[]): Promise<(Row | undefined)[]> {
    const found = (await this.read(this.#dialect.load, [keys])) as Found[]
    const rows = new Map(
      found.map(({ key, version, record }) => [key, { version: Number(version), text: record }]),
    )
    return keys.map((key) => rows.get(key))
  }

  async create(key: string, entry: Entry): Promise<'done' | 'exists'> {
    return (await this.write(CREATE, [key, ...values(entry)])) === 1 ? 'done' : 'exists'
  }

  async put(key: string, entry: Entry): Promise<'done'> {
    await this.write(PUT, [key, ...values(entry)])
    return 'done'
  }

  async save(key: string, version: number, entry: Entry): Promise<'done' | 'gone' | Row> {
    if ((await this.write(SAVE, [...values(entry), key, version])) === 1) return 'done'
    const [row] = await this.load([key])
    return row ?? 'gone'
  }

  async delete(key: string): Promise<'done'> {
    await this.write(DELETE, [key])
    return 'done'
  }

  async list(user: string): Promise<Listed[]> {
    const found = (await this.read(LIST, [user, ambient.now()])) as Found[]
    return found.map(({ key, record }) => ({ key, text: record }))
  }

  revoke(user: string, keep = ''): Promise<number> {
    return this.write(REVOKE, [user, keep])
  }

  sweep(now: number, limit = 1_000): Promise<number> {
    return this.write(`${SWEEP} ${this.#dialect.locking})`, [now, limit])
  }

  /** The rows that were found. */
  protected abstract read(statement: string, values: readonly Value[]): Promise<unknown[]>
  /** How many rows were changed. */
  protected abstract write(statement: string, values: readonly Value[]): Promise<number>
}

function values({ text, user, expires }: Entry): Value[] {
  return [user ?? null, expires ?? null, text]
}
