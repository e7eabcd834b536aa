// Sessions in a file, by node:sqlite or better-sqlite3.
import { ConfigError } from '../errors.js'
import { pause } from '../timers.js'
import { SQLStore, TABLES, type Value } from './sql.js'

/** What is used of a `DatabaseSync` of node:sqlite, or a `Database` of better-sqlite3. */
export interface Database {
  exec(statements: string): unknown
  prepare(statement: string): Statement
  close(): unknown
}

export interface Statement {
  // biome-ignore lint/suspicious/noExplicitAny: better-sqlite3 declares values of its own, which older compilers compare
  all(...values: any[]): unknown[]
  // biome-ignore lint/suspicious/noExplicitAny: as above
  run(...values: any[]): { changes: number | bigint }
}

export interface SQLiteOptions {
  /** Seconds that a write waits for another process's, in which this one serves nobody; default 5. */
  busyTimeout?: number | undefined
}

/** Milliseconds until a database is asked again that another process just prepares. */
const PAUSE = 10

/** So many records a sweep removes at once. */
const SLICE = 100

/**
 * Sessions in a file of one machine, shared by all its processes. `database` is a path, for which node:sqlite is taken
 * where it is and better-sqlite3 else, or an open database of either. The table is made at once.
 */
export class SQLiteStore extends SQLStore {
  readonly #database: Database
  readonly #statements = new Map<string, Statement>()

  constructor(database: string | Database, { busyTimeout = 5 }: SQLiteOptions = {}) {
    super()
    if (!(busyTimeout >= 0)) throw new ConfigError('option', 'busyTimeout must be 0 seconds or more')
    this.#database = typeof database === 'string' ? opened(database) : database
    this.#prepare(busyTimeout)
  }

  /** Closes the database. */
  close(): void {
    this.#statements.clear()
    this.#database.close()
  }

  /** In small steps: the file has one lock, and this process serves nobody while it writes. */
  override async sweep(now: number, limit = 1_000): Promise<number> {
    for (let swept = 0; ; ) {
      const some = Math.min(limit - swept, SLICE)
      const began = performance.now()
      const count = await super.sweep(now, some)
      swept += count
      if (count < some || swept === limit) return swept
      // Who waits for the lock asks for it now and then: half of the time is left to them.
      await pause(performance.now() - began)
    }
  }

  protected async read(statement: string, values: readonly Value[]): Promise<unknown[]> {
    return this.#statement(statement).all(...values)
  }

  protected async write(statement: string, values: readonly Value[]): Promise<number> {
    return Number(this.#statement(statement).run(...values).changes)
  }

  #prepare(busyTimeout: number): void {
    const database = this.#database
    database.exec(`PRAGMA busy_timeout = ${Math.round(busyTimeout * 1_000)}`)
    // For a change of the mode SQLite asks the busy handler not, or not always.
    for (let waited = 0; ; waited += PAUSE) {
      try {
        // The last that is made: to open a database that is ready waits for no writer.
        const known = "SELECT 1 FROM sqlite_master WHERE name = 'shortcrust_session_expires'"
        if (database.prepare(known).all().length === 0) {
          database.exec(`BEGIN IMMEDIATE;${TABLES};COMMIT`)
        }
        const [mode] = database.prepare('PRAGMA journal_mode').all() as { journal_mode?: unknown }[]
        if (mode?.journal_mode !== 'wal') database.exec('PRAGMA journal_mode = WAL')
        return
      } catch (error) {
        if (!isBusy(error) || waited > busyTimeout * 1_000) throw error
        rollBack(database)
        Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, PAUSE)
      }
    }
  }

  #statement(text: string): Statement {
    const known = this.#statements.get(text)
    if (known !== undefined) return known
    // Numbered, they would be names to better-sqlite3.
    const statement = this.#database.prepare(text.replace(/\$\d+/g, '?'))
    this.#statements.set(text, statement)
    return statement
  }
}

/** node:sqlite has SQLite's own number, better-sqlite3 its name. */
function isBusy(error: unknown): boolean {
  const { code = '', errcode = 0 } = error as { code?: string; errcode?: number }
  return /^SQLITE_(BUSY|LOCKED)/.test(code) || [5, 6].includes(errcode & 0xff)
}

function rollBack(database: Database): void {
  try {
    database.exec('ROLLBACK')
  } catch {
    // No transaction had begun.
  }
}

function opened(path: string): Database {
  const Database = constructorOf('node:sqlite', 'DatabaseSync') ?? constructorOf('better-sqlite3')
  if (Database === undefined)
    throw new ConfigError(
      'option',
      'SQLiteStore needs Node 22.13 or newer, or the package better-sqlite3: npm i better-sqlite3',
    )
  const database = new Database(path)
  // A logout is to outlast a power cut: each commit is on the disk before it is answered.
  database.exec('PRAGMA synchronous = FULL')
  return database
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
