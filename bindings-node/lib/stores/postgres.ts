// Sessions in PostgreSQL, by pg.
import { ConfigError } from '../errors.js'
import { SQLStore, TABLES, type Value } from './sql.js'
import { withoutRow } from './sql-errors.js'

/** What is used of pg's Pool. */
export interface Pool {
  query(statement: string, values?: unknown[]): Promise<{ rows: unknown[]; rowCount: number | null }>
}

/** Two servers that start at once would otherwise both make the table, and one of them fail. */
const ALONE = "SELECT pg_advisory_xact_lock(hashtext('shortcrust_session'))"

/**
 * Sessions in the database of a `Pool`. Call `createTables` once, when you deploy, or have your migrations make the
 * table that docs/record-v1.md shows. Each method is a statement that commits by itself.
 */
export class PostgresStore extends SQLStore {
  readonly #pool: Pool

  constructor(pool: Pool) {
    super({ sweep: 'sweep_postgresql' })
    if (typeof (pool as Partial<Pool> | null | undefined)?.query !== 'function') {
      const example = 'new pg.Pool({ connectionString })'
      throw new ConfigError('option', `PostgresStore takes a pool: new PostgresStore(${example})`)
    }
    this.#pool = pool
  }

  /** Makes the table and its indexes, if they are not there. */
  async createTables(): Promise<void> {
    // Several statements at once are one transaction.
    await this.#pool.query(`${ALONE};${TABLES}`)
  }

  protected async read(statement: string, values: readonly Value[]): Promise<unknown[]> {
    return (await this.#query(statement, values)).rows
  }

  protected async write(statement: string, values: readonly Value[]): Promise<number> {
    return (await this.#query(statement, values)).rowCount ?? 0
  }

  async #query(statement: string, values: readonly Value[]): ReturnType<Pool['query']> {
    try {
      return await this.#pool.query(statement, [...values])
    } catch (error) {
      throw withoutRow(error)
    }
  }
}
