// Sessions in Redis, by node-redis or ioredis. The layout is in docs/record-v1.md.
import { createHash, randomBytes } from 'node:crypto'

import { ambient } from '../ambient.js'
import { ConfigError } from '../errors.js'
import type { Capabilities, Entry, Listed, Row, Store } from './index.js'
import { textOf } from './statements.js'

const PREFIX = 'shortcrust:'
const LIST = script(textOf('redis/list.lua'))
const LOAD = script(textOf('redis/load.lua'))
const REMOVE = script("return redis.call('DEL', KEYS[1])")
const REVOKE = script(textOf('redis/revoke.lua'))
const WRITE = script(textOf('redis/write.lua'))

interface Script {
  text: string
  sha: string
}

/** What is used of a client of node-redis. */
export interface NodeRedis {
  eval(script: string, options: { keys: string[]; arguments: string[] }): Promise<unknown>
  evalSha(sha: string, options: { keys: string[]; arguments: string[] }): Promise<unknown>
}

/** What is used of a client of ioredis. */
export interface IORedis {
  eval(script: string, keys: number, ...rest: string[]): Promise<unknown>
  evalsha(sha: string, keys: number, ...rest: string[]): Promise<unknown>
}

/**
 * Sessions in Redis 5 or newer, by a connected client of node-redis or ioredis. Each method is one round trip. Not for
 * Redis Cluster: a record and its user's index lie on different nodes there.
 */
export class RedisStore implements Store {
  readonly capabilities: Capabilities = { compareAndSwap: true, index: true, expiry: true }
  readonly #client: NodeRedis | IORedis

  constructor(client: NodeRedis | IORedis) {
    if (typeof (client as Partial<NodeRedis> | null | undefined)?.eval !== 'function') {
      const example = 'await createClient({ url }).connect()'
      throw new ConfigError(
        'option',
        `RedisStore takes a client of node-redis or ioredis: new RedisStore(${example})`,
      )
    }
    this.#client = client
  }

  async load(keys: readonly string[]): Promise<(Row | undefined)[]> {
    const found = await this.#run(LOAD, keys.map(nameOf), [])
    return (found as unknown[][]).map(rowOf)
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
    await this.#run(REMOVE, [nameOf(key)], [])
    return 'done'
  }

  async list(user: string): Promise<Listed[]> {
    const found = await this.#run(LIST, [indexOf(user)], [user, String(ambient.now())])
    return (found as unknown[][]).map(([key, text]) => ({ key: String(key), text: String(text) }))
  }

  async revoke(user: string, keep = ''): Promise<number> {
    return Number(await this.#run(REVOKE, [indexOf(user)], [user, keep]))
  }

  /** Nothing: Redis itself removes what ended. */
  async sweep(): Promise<number> {
    return 0
  }

  async #write(mode: string, key: string, { text, user, expires }: Entry): Promise<string | Row> {
    const keys = user === undefined ? [nameOf(key)] : [nameOf(key), indexOf(user)]
    const ends = expires === undefined ? 'inf' : String(expires)
    // Not the core's random bytes: nobody has to guess it.
    const write = randomBytes(8).toString('hex')
    const said = await this.#run(WRITE, keys, [
      mode,
      key,
      text,
      ends,
      String(ambient.now()),
      user ?? '',
      write,
    ])
    return Array.isArray(said) ? (rowOf(said) ?? 'gone') : String(said)
  }

  async #run({ text, sha }: Script, keys: string[], values: string[]): Promise<unknown> {
    try {
      return await this.#call('evalSha', sha, keys, values)
    } catch (error) {
      // The server was started anew, or another one took over.
      if (!(error as Error).message?.startsWith('NOSCRIPT')) throw error
      return this.#call('eval', text, keys, values)
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
