// A store of koa-session's, for writes that join: what another process writes between reading and writing is lost.
import type { Answered, Found, Rows, Token } from '../merge/rows.js'
import { answer } from '../merge/rows.js'
import type { opts, Saved, stores } from './types.js'

type Data = Record<string, unknown>

/** With what the store is called for one commit. */
export interface Call {
  /** As at the request's beginning. */
  read: Parameters<stores['get']>[2] & { maxAge: opts['maxAge'] }
  write: Saved & { maxAge: opts['maxAge'] }
}

export class KoaRows implements Rows<Data> {
  readonly #store: stores
  readonly #call: Call

  constructor(store: stores, call: Call) {
    this.#store = store
    this.#call = call
  }

  read(id: string, done: Answered<Found>): void {
    answer(this.#found(id), done)
  }

  take(id: string, done: Answered<Found>): void {
    this.read(id, done)
  }

  swap(id: string, data: Data, _token: Token, done: Answered<boolean>): void {
    answer(this.#write(id, data), done)
  }

  async #found(id: string): Promise<Found | undefined> {
    const { maxAge, ...rest } = this.#call.read
    const found: Data | null | undefined = await this.#store.get(id, maxAge, rest)
    return typeof found === 'object' && found !== null ? { data: withoutTimes(found) } : undefined
  }

  async #write(id: string, data: Data): Promise<boolean> {
    const { maxAge, ...rest } = this.#call.write
    await this.#store.set(id, data, maxAge, rest)
    return true
  }
}

/** As sessions have it, to which `_` marks what is koa-session's own. */
export function withoutTimes(data: Data): Data {
  return Object.fromEntries(Object.entries(data).filter(([key]) => key !== 'isNew' && !key.startsWith('_')))
}
