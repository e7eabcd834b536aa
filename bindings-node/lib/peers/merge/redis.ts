// connect-redis: a script compares the row with the text that was read.
import { randomBytes } from 'node:crypto'

import { withoutCommand } from '../../redis-errors.js'
import { textOf } from '../../stores/statements.js'
import type { SessionRecord } from '../express-session/types.js'
import { type Answered, type AnyStore, answer, type Found, foundIn, type Rows, type Token } from './rows.js'

type Called = (error: unknown, answer: unknown) => void

/** A client of node-redis from 4 on, of ioredis, or one that takes callbacks. */
interface Client {
  eval(script: string, ...rest: unknown[]): unknown
}

interface Common extends AnyStore {
  client: Client
  prefix: string
  serializer: { parse(text: string): unknown; stringify(session: object): unknown }
  disableTTL: boolean
}

/** Of connect-redis 9 and newer, whose clients give promises. */
interface Newer extends Common {
  getTTL(session: object): number
}

/** Of connect-redis 6, whose clients take callbacks; of 7 and 8 nobody can reach the client. */
interface Older extends Common {
  _getTTL(session: object): number
}

type ConnectRedis = Newer | Older

export function isConnectRedis(store: object): store is ConnectRedis {
  const { client, prefix, serializer } = store as Partial<ConnectRedis>
  const { getTTL, _getTTL } = store as Partial<Newer & Older>
  const isTimed = typeof getTTL === 'function' || typeof _getTTL === 'function'
  return (
    typeof client?.eval === 'function' && isTimed && typeof prefix === 'string' && serializer !== undefined
  )
}

const SWAP = `${textOf('redis/once.lua')}
return once(function()
  if redis.call('GET', KEYS[1]) ~= ARGV[2] then return 0 end
  if ARGV[4] == '' then redis.call('SET', KEYS[1], ARGV[3])
  else redis.call('SET', KEYS[1], ARGV[3], 'EX', ARGV[4]) end
  return 1
end)`

const READ = `return redis.call('GET', KEYS[1])`

const TAKE = `
local text = redis.call('GET', KEYS[1])
redis.call('DEL', KEYS[1])
return text`

export class RedisRows implements Rows {
  readonly #store: ConnectRedis

  constructor(store: ConnectRedis) {
    this.#store = store
  }

  tokenOf(record: SessionRecord): Token {
    const text = this.#store.serializer.stringify(record)
    return typeof text === 'string' ? text : undefined
  }

  read(id: string, done: Answered<Found>): void {
    answer(this.#found(READ, id), done)
  }

  take(id: string, done: Answered<Found>): void {
    answer(this.#found(TAKE, id), done)
  }

  swap(id: string, session: object, token: Token, done: Answered<boolean>): void {
    const store = this.#store
    const ttl = store.disableTTL ? undefined : ttlOf(store, session)
    // As connect-redis: what has ended is removed.
    if (ttl !== undefined && !(ttl > 0)) store.destroy(id, (error) => done(error, true))
    else answer(this.#swap(id, session, String(token ?? ''), ttl), done)
  }

  touch(id: string, session: object, done: Answered): boolean {
    const { disableTouch, touch } = this.#store
    if (disableTouch || typeof touch !== 'function') return false
    touch.call(this.#store, id, session, (error) => done(error))
    return true
  }

  async #found(script: string, id: string): Promise<Found | undefined> {
    const text = await this.#eval(script, id)
    if (!text) return undefined
    const record = await this.#store.serializer.parse(text as string)
    return foundIn(record as SessionRecord, text as string)
  }

  async #swap(id: string, session: object, token: string, ttl: number | undefined): Promise<boolean> {
    const text = String(await this.#store.serializer.stringify(session))
    const write = randomBytes(8).toString('hex')
    const left = ttl === undefined ? '' : String(ttl)
    return Number(await this.#eval(SWAP, id, write, token, text, left)) === 1
  }

  async #eval(script: string, id: string, ...values: string[]): Promise<unknown> {
    try {
      return await this.#sent(script, id, values)
    } catch (error) {
      throw withoutCommand(error)
    }
  }

  #sent(script: string, id: string, values: string[]): unknown {
    const { client, prefix } = this.#store
    const key = prefix + id
    if (!('getTTL' in this.#store)) {
      return new Promise((resolve, reject) => {
        const done: Called = (error, answer) => (error ? reject(error) : resolve(answer))
        client.eval(script, 1, key, ...values, done)
      })
    }
    if ('defineCommand' in client) return client.eval(script, 1, key, ...values)
    return client.eval(script, { keys: [key], arguments: values })
  }
}

function ttlOf(store: ConnectRedis, session: object): number {
  return 'getTTL' in store ? store.getTTL(session) : store._getTTL(session)
}
