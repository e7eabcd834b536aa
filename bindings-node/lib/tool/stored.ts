// Sessions in a store that a URL names.
import { existsSync } from 'node:fs'

import { ambient } from '../ambient.js'
import { Unsupported } from '../errors.js'
import { type ToolAnswer, type ToolCall, tool } from '../native.js'
import type { Store } from '../stores/index.js'
import type { Command } from './arguments.js'
import { Missing } from './inputs.js'

const BATCH = 1_000

type Work = (store: Store) => Promise<ToolAnswer>
type Opened = { store: Store; close: () => unknown }

/** What the verb says, to the store that its argument names. */
export async function runStored(command: Command, call: ToolCall): Promise<ToolAnswer> {
  const url = command.options.get('')
  if (url === undefined) {
    throw new Missing(`${command.verb} needs a store: see shortcrust ${command.verb} --help`)
  }
  const work = workOf(command, call)
  if (typeof work !== 'function') return work
  let close: Opened['close'] = () => undefined
  try {
    const one = await opened(url)
    close = one.close
    return await work(one.store)
  } catch (error) {
    if (error instanceof Missing) throw error
    if (error instanceof Unsupported) {
      throw new Missing("this kind of store has no list of a user's sessions")
    }
    // The client's, whatever it is; it may quote the URL.
    return { out: '', err: `shortcrust: the store failed: ${(error as Error).name}\n`, code: 1 }
  } finally {
    await close()
  }
}

function workOf(command: Command, call: ToolCall): Work | ToolAnswer {
  if (command.verb === 'sweep') {
    const limit = limitOf(command.options.get('limit'))
    return async (store) => tool.toolRemoved(call, await swept(store, limit))
  }
  const { index, answer } = tool.toolUserIndex(call)
  if (index === undefined) return answer as ToolAnswer
  if (command.verb === 'sessions list') {
    return async (store) => {
      const found = await store.list(index)
      return tool.toolListing(
        call,
        found.flatMap(({ key, text }) => [key, text]),
      )
    }
  }
  return async (store) => tool.toolRemoved(call, await store.revoke(index, command.options.get('keep')))
}

function limitOf(text: string | undefined): number | undefined {
  if (text === undefined) return undefined
  if (!/^\d+$/.test(text) || Number(text) < 1) {
    throw new Missing(`--limit "${text}" is unknown: give a number from 1 on`)
  }
  return Number(text)
}

async function swept(store: Store, limit: number | undefined): Promise<number> {
  const now = ambient.now()
  if (limit !== undefined) return await store.sweep(now, limit)
  let count = 0
  for (;;) {
    const gone = await store.sweep(now, BATCH)
    if (gone === 0) return count
    count += gone
  }
}

async function opened(url: string): Promise<Opened> {
  const [scheme = ''] = url.split(':')
  const opener = OPENERS[scheme.toLowerCase()]
  if (opener === undefined) {
    const known = 'redis://, rediss://, postgresql://, mysql://, sqlite:///, file:/// or memcached://'
    throw new Missing(`the store's URL must begin with ${known}`)
  }
  return await opener(url)
}

/** A package that the application has, or should have. */
function client(name: string, asks = name) {
  try {
    return require(require.resolve(name, { paths: [process.cwd(), __dirname] }))
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'MODULE_NOT_FOUND') throw error
    throw new Missing(`the client of the store is missing: npm install ${asks}`)
  }
}

async function redis(url: string): Promise<Opened> {
  const { createClient } = client('redis') as typeof import('redis')
  const { RedisStore } = await import('../stores/redis.js')
  const connection = createClient({ url, socket: { reconnectStrategy: false } })
  // Without a listener an error would end the process; the call that fails tells it.
  connection.on('error', () => undefined)
  await connection.connect()
  return { store: new RedisStore(connection as never), close: () => connection.close() }
}

async function postgres(url: string): Promise<Opened> {
  const { Pool } = client('pg') as typeof import('pg')
  const { PostgresStore } = await import('../stores/postgres.js')
  const pool = new Pool({ connectionString: url })
  return { store: new PostgresStore(pool), close: () => pool.end() }
}

async function mysql(url: string): Promise<Opened> {
  const { createPool } = client('mysql2/promise', 'mysql2') as typeof import('mysql2/promise')
  const { MySQLStore } = await import('../stores/mysql.js')
  const pool = createPool({ uri: url.replace(/^mariadb:/i, 'mysql:') })
  return { store: new MySQLStore(pool), close: () => pool.end() }
}

async function sqlite(url: string): Promise<Opened> {
  const { SQLiteStore } = await import('../stores/sqlite.js')
  const store = new SQLiteStore(pathOf(url))
  return { store, close: () => store.close() }
}

async function file(url: string): Promise<Opened> {
  const { FileStore } = await import('../stores/file.js')
  return { store: new FileStore(pathOf(url)), close: () => undefined }
}

async function memcached(url: string): Promise<Opened> {
  const Memcached = client('memcached')
  const { MemcachedStore } = await import('../stores/memcached.js')
  const servers = new URL(url).host.split(',').map((host) => (host.includes(':') ? host : `${host}:11211`))
  const connection = new Memcached(servers)
  return { store: new MemcachedStore(connection), close: () => connection.end() }
}

/** `sqlite:///a.db` is below the current folder, `sqlite:////a.db` is not. */
function pathOf(url: string): string {
  const [scheme, rest = ''] = url.split(/:(.*)/s)
  if (!rest.startsWith('///') || rest === '///') throw new Missing("the store's URL is wrong")
  const written = scheme?.toLowerCase() === 'sqlite' ? rest.slice(3) : rest.slice(2)
  const path = decodeURIComponent(written)
  // A store would make it, and say that nothing is in it.
  if (!existsSync(path)) throw new Missing(`there is nothing at ${path}`)
  return path
}

const OPENERS: Record<string, (url: string) => Promise<Opened>> = {
  redis,
  rediss: redis,
  postgres,
  postgresql: postgres,
  mysql,
  mariadb: mysql,
  sqlite,
  file,
  memcached,
}
