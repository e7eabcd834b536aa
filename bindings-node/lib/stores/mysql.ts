// Sessions in MariaDB or MySQL, by mysql2.
import { ConfigError } from '../errors.js'
import type { Entry } from './index.js'
import { asText, numbered, SQLStore, type Value } from './sql.js'
import { withoutRow } from './sql-errors.js'
import { textOf } from './statements.js'

/** What is used of a connection of mysql2/promise. */
export interface Connection {
  // biome-ignore lint/suspicious/noExplicitAny: mysql2 declares values and answers of its own
  execute(options: { sql: string; rowsAsArray: boolean }, values?: any): Promise<[any, any]>
  // biome-ignore lint/suspicious/noExplicitAny: as above
  query(statement: string): Promise<[any, any]>
}

/** What is used of a pool of mysql2/promise. */
export interface Pool extends Connection {
  getConnection(): Promise<Connection & { release(): void; destroy(): void }>
}

const TABLES = textOf('sql/tables_mysql.sql')
const OWNED = textOf('sql/owned_mysql.sql')
const REVOKE = textOf('sql/revoke_mysql.sql')
const ENDED = textOf('sql/ended_mysql.sql')
const HOLD = textOf('sql/hold_mysql.sql')
const SWEEP = textOf('sql/sweep_mysql.sql')

const DUPLICATE = 1062
/** The server has undone the whole transaction, so it may be tried again. */
const DEADLOCK = 1213
const TRIES = 5

/** How many keys a statement names: few lengths, as the server keeps each statement that was prepared. */
const LENGTHS = [10, 500]

/**
 * Sessions in MariaDB (10.6 or newer) or MySQL (8.0 or newer), in the database of a pool of `mysql2/promise`. Call
 * `createTables` once, when you deploy, or have your migrations make the table that docs/record-v1.md shows. Statements
 * are prepared by the server, so that no setting of its own changes how a value is read.
 */
export class MySQLStore extends SQLStore {
  readonly #pool: Pool
  #asked: Promise<void> | undefined

  /** Throws `ConfigError` where it is given no such pool. */
  constructor(pool: Pool) {
    super({ create: 'create_mysql', put: 'put_mysql' })
    const { execute, promise } = (pool ?? {}) as { execute?: unknown; promise?: unknown }
    if (typeof execute !== 'function' || typeof promise === 'function') {
      const example = "mysql.createPool({ uri }), with mysql of 'mysql2/promise'"
      throw new ConfigError('option', `MySQLStore takes a pool: new MySQLStore(${example})`)
    }
    this.#pool = pool
  }

  /** Makes the table and its indexes, if they are not there. */
  async createTables(): Promise<void> {
    await this.#pool.query(TABLES)
  }

  /** Whether a statement commits by itself, which is asked once: where it does not, nothing would stay. */
  #commits(): Promise<void> {
    this.#asked ??= askCommits(this.#pool).catch((error) => {
      this.#asked = undefined
      throw withoutRow(error)
    })
    return this.#asked
  }

  override async create(key: string, entry: Entry): Promise<'done' | 'exists'> {
    try {
      return await super.create(key, entry)
    } catch (error) {
      if (numberOf(error) === DUPLICATE) return 'exists'
      throw error
    }
  }

  override async revoke(user: string, keep = ''): Promise<number> {
    await this.#commits()
    const found = await this.#keys(this.#pool, OWNED, { user, keep })
    let revoked = 0
    for (const keys of batches(found)) revoked += await this.#change(this.#pool, REVOKE, { user }, keys)
    return revoked
  }

  override async sweep(now: number, limit = 1_000): Promise<number> {
    const found = await this.#keys(this.#pool, ENDED, { now, limit })
    let swept = 0
    for (const keys of batches(found)) swept += await this.#sweepKeys(now, keys)
    return swept
  }

  protected async read(statement: string, values: readonly Value[]): Promise<unknown[]> {
    return (await run(this.#pool, statement, values)) as unknown[]
  }

  protected async write(statement: string, values: readonly Value[]): Promise<number> {
    await this.#commits()
    return ((await run(this.#pool, statement, values)) as { affectedRows: number }).affectedRows
  }

  /** Removes of the keys those whose record ended and that nobody holds. */
  async #sweepKeys(now: number, keys: readonly string[]): Promise<number> {
    const connection = await this.#pool.getConnection()
    try {
      // So that InnoDB locks no gap, and keeps no row locked that the statement passed over.
      await connection.query('SET TRANSACTION ISOLATION LEVEL READ COMMITTED')
      await connection.query('START TRANSACTION')
      const held = await this.#keys(connection, HOLD, { now }, keys)
      const swept = held.length > 0 ? await this.#change(connection, SWEEP, {}, held) : 0
      await connection.query('COMMIT')
      connection.release()
      return swept
    } catch (error) {
      // The server undoes what it had begun.
      connection.destroy()
      throw error
    }
  }

  async #keys(
    connection: Connection,
    statement: string,
    values: Record<string, Value>,
    keys: readonly string[] = [],
  ): Promise<string[]> {
    const rows = (await run(connection, ...named(statement, values, keys))) as { key: string | Uint8Array }[]
    return rows.map(({ key }) => asText(key))
  }

  async #change(
    connection: Connection,
    statement: string,
    values: Record<string, Value>,
    keys: readonly string[],
  ): Promise<number> {
    const answer = await run(connection, ...named(statement, values, keys), connection === this.#pool)
    return (answer as { affectedRows: number }).affectedRows
  }
}

async function askCommits(pool: Pool): Promise<void> {
  const [[row]] = await pool.query('SELECT @@autocommit AS commits')
  if (row.commits !== 1) {
    const message = "autocommit is off on MySQLStore's connections, so that no write would stay"
    throw new ConfigError('option', `${message}: give it a pool of its own, with SET autocommit = 1`)
  }
}

/** In one order, in which every statement locks them. */
function batches(found: readonly string[]): string[][] {
  const keys = [...found].sort()
  const size = LENGTHS[LENGTHS.length - 1] as number
  return Array.from({ length: Math.ceil(keys.length / size) }, (_, at) =>
    keys.slice(at * size, (at + 1) * size),
  )
}

/** The statement with its values; the last key stands there again until the list has one of `LENGTHS`. */
function named(statement: string, values: Record<string, Value>, keys: readonly string[]): [string, Value[]] {
  const length = LENGTHS.find((one) => one >= keys.length) as number
  const names = Array.from({ length }, (_, at) => `:key${at}`)
  const { text, names: order } = numbered(statement.replace(':keys', names.join(', ')))
  const last = keys[keys.length - 1] ?? ''
  return [
    text,
    order.map((name) => (name in values ? (values[name] as Value) : (keys[Number(name.slice(3))] ?? last))),
  ]
}

/** `mayRepeat` where the statement is a transaction of its own. */
async function run(
  connection: Connection,
  statement: string,
  values: readonly Value[],
  mayRepeat = true,
): Promise<unknown> {
  const options = { sql: statement.replace(/\$\d+/g, '?'), rowsAsArray: false }
  // As text, since mysql2 sends a number as DOUBLE, which MySQL takes for no LIMIT.
  const sent = values.map((value) => (typeof value === 'number' ? `${value}` : value))
  for (let tries = 1; ; tries++) {
    try {
      return (await connection.execute(options, sent))[0]
    } catch (error) {
      if (numberOf(error) !== DEADLOCK || !mayRepeat || tries === TRIES) throw withoutRow(error)
    }
  }
}

function numberOf(error: unknown): unknown {
  return (error as { errno?: unknown } | null)?.errno
}
