// One table, by the statements of `stores/sql`, which SQLite, PostgreSQL and MySQL have in common.
import { ambient } from '../ambient.js'
import type { Capabilities, Entry, Listed, Row, Store } from './index.js'
import { textOf } from './statements.js'

export const TABLES = textOf('sql/tables.sql')

const DELETE = textOf('sql/delete.sql')
const LIST = textOf('sql/list.sql')
const LOAD = textOf('sql/load.sql')
const REVOKE = textOf('sql/revoke.sql')
const SAVE = textOf('sql/save.sql')

export type Value = number | string | null

/** The statements that a database has in words of its own. */
export interface Own {
  create?: 'create_mysql'
  put?: 'put_mysql'
  sweep?: 'sweep_postgresql'
}

interface Found {
  key: string | Uint8Array
  /** Text from PostgreSQL, as a BIGINT may be too large for a number. */
  version: number | string
  record: string | Uint8Array
}

export abstract class SQLStore implements Store {
  readonly capabilities: Capabilities = { compareAndSwap: true, index: true, expiry: false }
  readonly #create: string
  readonly #put: string
  readonly #sweep: string

  protected constructor(own: Own = {}) {
    this.#create = textOf(`sql/${own.create ?? 'create'}.sql`)
    this.#put = textOf(`sql/${own.put ?? 'put'}.sql`)
    this.#sweep = textOf(`sql/${own.sweep ?? 'sweep'}.sql`)
  }

  async load(keys: readonly string[]): Promise<(Row | undefined)[]> {
    const names = keys.map((_, at) => `:key${at}`)
    const values = Object.fromEntries(keys.map((key, at) => [`key${at}`, key]))
    // Nothing is NULL, and an empty list is no SQL to PostgreSQL.
    const statement = LOAD.replace(':keys', names.join(', ') || 'NULL')
    const found = (await this.#read(statement, values)) as Found[]
    const rows = new Map(
      found.map(({ key, version, record }) => [
        asText(key),
        { version: Number(version), text: asText(record) },
      ]),
    )
    return keys.map((key) => rows.get(key))
  }

  async create(key: string, entry: Entry): Promise<'done' | 'exists'> {
    return (await this.#write(this.#create, { key, ...values(entry) })) === 1 ? 'done' : 'exists'
  }

  async put(key: string, entry: Entry): Promise<'done'> {
    await this.#write(this.#put, { key, ...values(entry) })
    return 'done'
  }

  async save(key: string, version: number, entry: Entry): Promise<'done' | 'gone' | Row> {
    if ((await this.#write(SAVE, { ...values(entry), key, version })) === 1) return 'done'
    const [row] = await this.load([key])
    return row ?? 'gone'
  }

  async delete(key: string): Promise<'done'> {
    await this.#write(DELETE, { key })
    return 'done'
  }

  async list(user: string): Promise<Listed[]> {
    const found = (await this.#read(LIST, { user, now: ambient.now() })) as Found[]
    return found.map(({ key, record }) => ({ key: asText(key), text: asText(record) }))
  }

  revoke(user: string, keep = ''): Promise<number> {
    return this.#write(REVOKE, { user, keep })
  }

  sweep(now: number, limit = 1_000): Promise<number> {
    return this.#write(this.#sweep, { now, limit })
  }

  /** The rows that were found. `$1` stands for the first value. */
  protected abstract read(statement: string, values: readonly Value[]): Promise<unknown[]>
  /** How many rows were changed. */
  protected abstract write(statement: string, values: readonly Value[]): Promise<number>

  #read(statement: string, values: Record<string, Value>): Promise<unknown[]> {
    const { text, names } = numbered(statement)
    return this.read(
      text,
      names.map((name) => values[name] as Value),
    )
  }

  #write(statement: string, values: Record<string, Value>): Promise<number> {
    const { text, names } = numbered(statement)
    return this.write(
      text,
      names.map((name) => values[name] as Value),
    )
  }
}

/** Bytes where a migration made the column a binary one; what is no UTF-8 is no record. */
export function asText(value: string | Uint8Array): string {
  return typeof value === 'string' ? value : Buffer.from(value).toString()
}

function values({ text, user, expires }: Entry): Record<string, Value> {
  return { user: user ?? null, expires: expires ?? null, record: text }
}

export interface Numbered {
  text: string
  names: string[]
}

const known = new Map<string, Numbered>()

/** With numbers for the names, as pg wants them. */
export function numbered(statement: string): Numbered {
  const made = known.get(statement)
  if (made !== undefined) return made
  const names: string[] = []
  const text = statement.replace(/:(\w+)/g, (_, name: string) => `$${names.push(name)}`)
  known.set(statement, { text, names })
  return { text, names }
}
