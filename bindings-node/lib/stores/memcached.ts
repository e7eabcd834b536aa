// Sessions in Memcached, by the client `memcached`. The layout is in docs/record-v1.md.
import { randomBytes } from 'node:crypto'

import { ambient } from '../ambient.js'
import { ConfigError, ShortcrustError, Unsupported } from '../errors.js'
import type { Capabilities, Entry, Listed, Row, Store } from './index.js'

const PREFIX = 'shortcrust:'
const TRIES = 16
/** Seconds up to which Memcached takes an end as from now on; more is since 1970. */
const MONTH = 30 * 24 * 60 * 60
/** The latest end that Memcached can read. */
const LAST = 2 ** 31 - 1
/** An item may be 1 MiB, with its key and what the server puts before it. */
const BYTES = 1_048_576 - 512

/** Milliseconds. */
const PATIENCE = 5_000
// Taken when the module is loaded: fake timers that a test puts in later stop no request.
const { setTimeout: setTimer, clearTimeout: clearTimer } = globalThis

type Callback = (error: unknown, answer: unknown) => void

/** What is used of a client of the package `memcached`. */
export interface MemcachedClient {
  getMulti(keys: string[], callback: Callback): void
  gets(key: string, callback: Callback): void
  add(key: string, value: string, lifetime: number, callback: Callback): void
  cas(key: string, value: string, cas: string, lifetime: number, callback: Callback): void
  del(key: string, callback: Callback): void
}

interface Found {
  row: Row
  write: string
  mark: string
}

/**
 * Sessions in Memcached, by a client of the package `memcached`. `load`, `create` and `delete` are one round trip, `save`
 * and `put` two. There is no index by user, so `list` and `revoke` throw `Unsupported`. Memcached may remove a record
 * before its end when its memory is full.
 */
export class MemcachedStore implements Store {
  readonly capabilities: Capabilities = { compareAndSwap: true, index: false, expiry: true }
  readonly #client: MemcachedClient

  /** A {@link ConfigError} is thrown for what is no client. */
  constructor(client: MemcachedClient) {
    if (typeof (client as Partial<MemcachedClient> | null | undefined)?.gets !== 'function') {
      throw new ConfigError(
        'option',
        "MemcachedStore takes a client of memcached: new MemcachedStore(new Memcached('localhost:11211'))",
      )
    }
    this.#client = client
  }

  async load(keys: readonly string[]): Promise<(Row | undefined)[]> {
    if (keys.length === 0) return []
    const names = keys.map((key) => PREFIX + key)
    const found = await answered((done) => this.#client.getMulti([...new Set(names)], done))
    const values = new Map(Object.entries((found ?? {}) as Record<string, unknown>))
    return names.map((name) => (values.has(name) ? read(values.get(name), '').row : undefined))
  }

  async create(key: string, entry: Entry): Promise<'done' | 'exists'> {
    const write = newWrite()
    const value = itemOf(1, write, entry)
    if (await stored((done) => this.#client.add(PREFIX + key, value, lifetime(entry.expires), done)))
      return 'done'
    const there = await this.#there(key)
    return there?.write === write ? 'done' : 'exists'
  }

  async put(key: string, entry: Entry): Promise<'done'> {
    for (let tries = 0; tries < TRIES; tries++) {
      const there = await this.#there(key)
      const answer = there ? await this.#swap(key, there, entry) : await this.create(key, entry)
      if (answer === 'done') return 'done'
    }
    throw new Error(`others wrote the record first, ${TRIES} times`)
  }

  async save(key: string, version: number, entry: Entry): Promise<'done' | 'gone' | Row> {
    const there = await this.#there(key)
    if (!there) return 'gone'
    return there.row.version === version ? this.#swap(key, there, entry) : there.row
  }

  async delete(key: string): Promise<'done'> {
    // False is that it was not there, or that the server failed.
    if ((await told((done) => this.#client.del(PREFIX + key, done))) !== true) await this.#there(key)
    return 'done'
  }

  /** Throws `Unsupported`. */
  async list(_user: string): Promise<Listed[]> {
    throw noIndex()
  }

  /** Throws `Unsupported`. */
  async revoke(_user: string, _keep?: string): Promise<number> {
    throw noIndex()
  }

  /** Nothing: Memcached itself removes what ended. */
  async sweep(): Promise<number> {
    return 0
  }

  async #swap(key: string, { row, mark }: Found, entry: Entry): Promise<'done' | 'gone' | Row> {
    const write = newWrite()
    const value = itemOf(row.version + 1, write, entry)
    const ends = lifetime(entry.expires)
    if (await stored((done) => this.#client.cas(PREFIX + key, value, mark, ends, done))) return 'done'
    const there = await this.#there(key)
    if (!there) return 'gone'
    // A client may send a write once more when its answer was lost.
    return there.write === write ? 'done' : there.row
  }

  async #there(key: string): Promise<Found | undefined> {
    const name = PREFIX + key
    const found = (await answered((done) => this.#client.gets(name, done))) as
      | Record<string, unknown>
      | undefined
    return found && Object.hasOwn(found, name) ? read(found[name], String(found.cas)) : undefined
  }
}

/** The client itself may wait for ever where a connection is lost. */
function told(ask: (done: Callback) => void): Promise<unknown> {
  return new Promise((resolve, reject) => {
    const late = setTimer(() => reject(new Error('Memcached gave no answer in 5 seconds')), PATIENCE)
    ask((error, answer) => {
      clearTimer(late)
      if (error) reject(asError(error))
      else resolve(answer)
    })
  })
}

/** What is there: the client says `false` where it has left out a server that failed. */
async function answered(ask: (done: Callback) => void): Promise<unknown> {
  const answer = await told(ask)
  if (answer === false) throw new Error('Memcached gives no answer')
  return answer
}

/** Whether the server took it; of `add` the client tells a refusal as an error. */
async function stored(ask: (done: Callback) => void): Promise<boolean> {
  try {
    return (await told(ask)) === true
  } catch (error) {
    if ((error as { notStored?: boolean }).notStored === true) return false
    throw error
  }
}

function asError(error: unknown): Error {
  if (Array.isArray(error)) return asError(error[0])
  return error instanceof Error ? error : new Error(String(error))
}

function newWrite(): string {
  return randomBytes(8).toString('hex')
}

function itemOf(version: number, write: string, { text }: Entry): string {
  const value = `${version} ${write} ${text}`
  if (Buffer.byteLength(value) > BYTES) {
    throw new ShortcrustError(
      'too_large',
      `Memcached keeps at most ${BYTES} bytes of a session: put less into it`,
    )
  }
  return value
}

function read(value: unknown, mark: string): Found {
  const [, version, write, text] = /^(\d{1,15}) ([^ ]+) (.*)$/s.exec(String(value)) ?? []
  // Others may have written there: no record reads so, and the session is empty.
  if (write === undefined || text === undefined) return { row: { version: 0, text: '' }, write: '', mark }
  return { row: { version: Number(version), text }, write, mark }
}

/** Never too early: the core looks at the end itself. */
function lifetime(expires: number | undefined): number {
  if (expires === undefined) return 0
  // The server's clock ticks once a second, so that a second may be nearly over.
  const seconds = Math.max(0, Math.ceil((expires - ambient.now()) / 1000)) + 1
  if (seconds <= MONTH) return seconds
  const ends = Math.ceil(expires / 1000) + 1
  return ends <= LAST ? ends : 0
}

function noIndex(): Unsupported {
  return new Unsupported(
    "Memcached has no index by user, so nobody's sessions can be listed or revoked there: " +
      'take RedisStore or PostgresStore for that',
  )
}
