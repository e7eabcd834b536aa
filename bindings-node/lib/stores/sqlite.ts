// Sessions in a file, by node:sqlite or better-sqlite3.
import { ConfigError } from '../errors.js'
import { SQLStore, TABLES, type Value } from './sql.js'

/** What is used of a `DatabaseSync` of node:sqlite, or a `Database` of better-sqlite3. */
export interface Database {
  exec(statements: string): unknown
  prepare(statement: string): Statement
  close(): unknown
}

export interface Statement {
  all(...values: (number | string | null)[]): unknown[]
  run(...values: (number | string | null)[]): { changes: number | bigint }
}

export interface SQLiteOptions {
  /** Seconds that a write waits for another process's, in which this one serves nobody; default 5. */
  busyTimeout?: number | undefined
}

const DIALECT = {
  load: 'SELECT key, version, record FROM shortcrust_session WHERE key IN (SELECT value FROM json_each($1))',
  locking: '',
}

/**
 * Sessions in a file of one machine, shared by all its processes. `database` is a path, for which node:sqlite is taken
 * where it is and better-sqlite3 else, or an open database of either. The table is made at once.
 */
export class SQLiteStore extends SQLStore {
  readonly #database: Database
  readonly #statements = new Map<string, Statement>()

  constructor(database: string | Database, { busyTimeout = 5 }: SQLiteOptions = {}) {
    super(DIALECT)
    if (!(busyTimeout >= 0)) throw new ConfigError('option', 'busyTimeout must be 0 seconds or more')
    this.#database = typeof database === 'string' ? opened(database) : database
    this.#prepare(busyTimeout)
  }

  /** Closes the database. */
  close(): void {
    this.#statements.clear()
    this.#database.close()
  }

  protected async read(statement: string, values: readonly Value[]): Promise<unknown[]> {
    return this.#statement(statement).all(...values.map(bound))
  }

  protected async write(statement: string, values: readonly Value[]): Promise<number> {
    return Number(this.#statement(statement).run(...values.map(bound)).changes)
  }

  #prepare(busyTimeout: number): void {
    this.#database.exec(`PRAGMA busy_timeout = ${Math.round(busyTimeout * 1_000)}`)
    // It takes the lock that makes others wait, which a change of the mode does not.
    this.#database.exec(['BEGIN IMMEDIATE', ...TABLES, 'COMMIT'].join(';'))
    this.#database.exec('PRAGMA journal_mode = WAL')
  }

  #statement(text: string): Statement {
    const known = this.#statements.get(text)
    if (known !== undefined) return known
    // Numbered, they would be names to better-sqlite3.
    const statement = this.#database.prepare(text.replace(/\$\d/g, '?'))
    this.#statements.set(text, statement)
    return statement
  }
}

function bound(value: Value): number | string | null {
  return typeof value === 'object' && value !== null ? JSON.stringify(value) : value
}

function opened(path: string): Database {
  const Database = constructorOf('node:sqlite', 'DatabaseSync') ?? constructorOf('better-sqlite3')
  if (Database !== undefined) return new Database(path)
  throw new ConfigError(
    'option',
    'SQLiteStore needs Node 22.13 or newer, or the package better-sqlite3: npm i better-sqlite3',
  )
}

function constructorOf(module: string, name?: string): (new (path: string) => Database) | undefined {
  try {
    const loaded = require(module)
    return name === undefined ? loaded : loaded[name]
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    if (code === 'ERR_UNKNOWN_BUILTIN_MODULE' || code === 'MODULE_NOT_FOUND') return undefined
    throw error
  }
}
