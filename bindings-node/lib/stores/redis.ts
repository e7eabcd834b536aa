// Sessions in Redis, by node-redis or ioredis. The layout is in docs/record-v1.md.
import { createHash, randomBytes } from 'node:crypto'

import { ambient } from '../ambient.js'
import { ConfigError } from '../errors.js'
import { withoutCommand } from '../redis-errors.js'
import type { Capabilities, Entry, Listed, Row, Store } from './index.js'
import { isCluster, written } from './redis-nodes.js'
import { textOf } from './statements.js'

const PREFIX = 'shortcrust:'
const DELETE = script("return redis.call('DEL', KEYS[1])")
const DROP = script(textOf('redis/drop.lua'))
// By which a client finds the node of a key.
const FIND = script("return redis.call('EXISTS', KEYS[1])")
const LIST = script(textOf('redis/list.lua'))
const LOAD = script(textOf('redis/load.lua'))
const OWNED = script(textOf('redis/owned.lua'))
const READ = script(textOf('redis/read.lua'))
const REMOVE = script(textOf('redis/remove.lua'))
const REVOKE = script(textOf('redis/revoke.lua'))
const WRITE = script(textOf('redis/write.lua'))

interface Script {
  text: string
  sha: string
}

/** What is used of a client of node-redis: `createClient`, `createCluster` or `createSentinel`. */
export interface NodeRedis {
  eval(script: string, options: { keys: string[]; arguments: string[] }): Promise<unknown>
  evalSha(sha: string, options: { keys: string[]; arguments: string[] }): Promise<unknown>
}

/** What is used of a client of ioredis: `Redis`, with sentinels or without, or `Cluster`. */
export interface IORedis {
  eval(script: string, keys: number, ...rest: string[]): Promise<unknown>
  evalsha(sha: string, keys: number, ...rest: string[]): Promise<unknown>
}

/** What may be said to a store in Redis. */
export interface RedisOptions {
  /**
   * How many replicas must have a write before it is told as done. 0, the default, waits for none, and a master that
   * dies may take writes along that were told as done.
   */
  waitReplicas?: number
  /**
   * For how many milliseconds they are waited for; 1,000 by default. When they are too few by then the write fails,
   * though the master has it.
   */
  waitMs?: number
}

/**
 * Sessions in Redis 5 or newer, by a connected client of node-redis or ioredis: of a single server, of Redis Cluster or
 * of Sentinel. Each method is one round trip. On a cluster, which the store knows by the client's kind, a write with a
 * user is two, `list` and `revoke` are at most three, since a user's index and records lie on different nodes there.
 */
export class RedisStore implements Store {
  readonly capabilities: Capabilities = { compareAndSwap: true, index: true, expiry: true }
  readonly #client: NodeRedis | IORedis
  readonly #isCluster: boolean
  readonly #waitReplicas: number
  readonly #waitMs: number

  /** A {@link ConfigError} is thrown for what is no client, and for numbers that cannot be waited for. */
  constructor(client: NodeRedis | IORedis, { waitReplicas = 0, waitMs = 1_000 }: RedisOptions = {}) {
    if (typeof (client as Partial<NodeRedis> | null | undefined)?.eval !== 'function') {
      const example = 'await createClient({ url }).connect()'
      throw new ConfigError(
        'option',
        `RedisStore takes a client of node-redis or ioredis: new RedisStore(${example})`,
      )
    }
    if (!(Number.isInteger(waitReplicas) && waitReplicas >= 0 && Number.isInteger(waitMs) && waitMs > 0)) {
      throw new ConfigError(
        'option',
        'waitReplicas is a number of replicas from 0 on, and waitMs is milliseconds from 1 on: ' +
          'new RedisStore(client, { waitReplicas: 1, waitMs: 1_000 })',
      )
    }
    this.#client = client
    this.#isCluster = isCluster(client)
    this.#waitReplicas = waitReplicas
    this.#waitMs = waitMs
  }

  async load(keys: readonly string[]): Promise<(Row | undefined)[]> {
    const names = keys.map(nameOf)
    if (!this.#isCluster) return ((await this.#run(LOAD, names, [])) as unknown[][]).map(rowOf)
    const found = await Promise.all(names.map((name) => this.#run(LOAD, [name], [])))
    return (found as unknown[][][]).map(([row]) => rowOf(row as unknown[]))
  }

  async create(key: string, entry: Entry): Promise<'done' | 'exists'> {
    return (await this.#write('create', key, entry)) as 'done' | 'exists'
  }

  async put(key: string, entry: Entry): Promise<'done'> {
    await this.#write('put', key, entry)
    return 'done'
  }

  async save(key: string, version: number, entry: Entry): Promise<'done' | 'gone' | Row> {
    return (await this.#write(String(version), key, entry)) as 'done' | 'gone' | Row
  }

  async delete(key: string): Promise<'done'> {
    await this.#done(DELETE, [nameOf(key)], [])
    return 'done'
  }

  async list(user: string): Promise<Listed[]> {
    if (this.#isCluster) return this.#listed(user)
    const found = await this.#run(LIST, [indexOf(user)], [user, String(ambient.now())])
    return (found as unknown[][]).map(([key, text]) => ({ key: String(key), text: String(text) }))
  }

  async revoke(user: string, keep = ''): Promise<number> {
    if (this.#isCluster) return this.#revoked(user, keep)
    return Number(await this.#done(REVOKE, [indexOf(user)], [user, keep]))
  }

  /** Nothing: Redis itself removes what ended. */
  async sweep(): Promise<number> {
    return 0
  }

  async #write(mode: string, key: string, { text, user, expires }: Entry): Promise<string | Row> {
    const ends = expires === undefined ? 'inf' : String(expires)
    // Not the core's random bytes: nobody has to guess it.
    const values = [key, text, ends, String(ambient.now()), randomBytes(8).toString('hex')]
    const keys = [nameOf(key)]
    if (user !== undefined) {
      values.push(user)
      if (!this.#isCluster) keys.push(indexOf(user))
      // Before the record, which nobody would find if we ended between the two.
      else await this.#done(WRITE, [indexOf(user)], ['index', ...values])
    }
    const said = await this.#done(WRITE, keys, [mode, ...values])
    return Array.isArray(said) ? (rowOf(said) ?? 'gone') : String(said)
  }

  async #listed(user: string): Promise<Listed[]> {
    const keys = await this.#keys(user, ambient.now())
    const found = await Promise.all(keys.map((key) => this.#run(OWNED, [nameOf(key)], [])))
    const theirs: Listed[] = []
    const others: string[] = []
    for (const [at, key] of keys.entries()) {
      const [owner, text] = found[at] as unknown[]
      if (owner === user && text !== null) theirs.push({ key, text: String(text) })
      else others.push(key)
    }
    await this.#drop(user, others)
    return theirs
  }

  async #revoked(user: string, keep: string): Promise<number> {
    const keys = (await this.#keys(user, 0)).filter((key) => key !== keep)
    const counts = await Promise.all(keys.map((key) => this.#done(REMOVE, [nameOf(key)], [user])))
    await this.#drop(user, keys)
    return counts.reduce((sum: number, count) => sum + Number(count), 0)
  }

  async #keys(user: string, since: number): Promise<string[]> {
    return ((await this.#run(READ, [indexOf(user)], [String(since)])) as unknown[]).map(String)
  }

  async #drop(user: string, keys: string[]): Promise<void> {
    if (keys.length > 0) await this.#run(DROP, [indexOf(user)], keys)
  }

  /** What may be sent twice, with the replicas that are to have it. */
  #done(script: Script, keys: string[], values: string[]): Promise<unknown> {
    if (this.#waitReplicas === 0) return this.#run(script, keys, values)
    const [replicas, ms] = [this.#waitReplicas, this.#waitMs]
    const refresh = () => this.#run(FIND, keys.slice(0, 1), [])
    return written(this.#client, { text: script.text, keys, values }, { replicas, ms, refresh })
  }

  async #run({ text, sha }: Script, keys: string[], values: string[]): Promise<unknown> {
    try {
      return await this.#call('evalSha', sha, keys, values).catch((error) => {
        // The server was started anew, or another one took over.
        if (!error.message?.startsWith('NOSCRIPT')) throw error
        return this.#call('eval', text, keys, values)
      })
    } catch (error) {
      throw withoutCommand(error)
    }
  }

  #call(how: 'eval' | 'evalSha', script: string, keys: string[], values: string[]): Promise<unknown> {
    const client = this.#client
    if ('evalSha' in client) return client[how](script, { keys, arguments: values })
    return client[how === 'eval' ? 'eval' : 'evalsha'](script, keys.length, ...keys, ...values)
  }
}

function nameOf(key: string): string {
  return PREFIX + key
}

function indexOf(user: string): string {
  return `${PREFIX}user:${createHash('sha256').update(user).digest('hex')}`
}

function rowOf([version, text]: unknown[]): Row | undefined {
  return version === null || text === null ? undefined : { version: Number(version), text: String(text) }
}

function script(text: string): Script {
  return { text, sha: createHash('sha1').update(text).digest('hex') }
}
