// Any store of express-session's as a store of ours.

import { ambient } from '../ambient.js'
import { type Turns, turnsOf } from '../turns.js'
import { type Capabilities, type Entry, type Listed, type Row, type Store, Unsupported } from './index.js'
import { called, getOf, type PeerStore } from './peer-store.js'

export type { PeerStore } from './peer-store.js'

/** What lies there under a key as its sid: a session object, with the record as a field. */
interface Kept {
  cookie: object
  shortcrust: Row
}

/**
 * For a server for which only express-session has a store. Such a store can't compare and swap, so that the later of
 * two processes' writes wins whole, and has no index by user; what ended it clears up as it always does. Within the
 * process writes of one session take turns, so that none is lost and no logout undone, unless a call of the store takes
 * over 10 seconds: nobody waits longer than that.
 */
export class ExpressSessionStore implements Store {
  readonly capabilities: Capabilities = { compareAndSwap: false, index: false, expiry: true }
  readonly #peer: PeerStore
  readonly #turns: Turns

  constructor(peer: PeerStore) {
    this.#peer = peer
    this.#turns = turnsOf(peer)
  }

  load(keys: readonly string[]): Promise<(Row | undefined)[]> {
    return Promise.all(keys.map((key) => this.#get(key)))
  }

  create(key: string, entry: Entry): Promise<'done' | 'exists'> {
    return this.#turns.run(key, async () => {
      if (await this.#get(key)) return 'exists'
      await this.#set(key, 1, entry)
      return 'done'
    })
  }

  put(key: string, entry: Entry): Promise<'done'> {
    return this.#turns.run<'done'>(key, async () => {
      const row = await this.#get(key)
      await this.#set(key, (row?.version ?? 0) + 1, entry)
      return 'done'
    })
  }

  save(key: string, version: number, entry: Entry): Promise<'done' | 'gone' | Row> {
    return this.#turns.run(key, async () => {
      const row = await this.#get(key)
      if (row?.version !== version) return row ?? 'gone'
      await this.#set(key, version + 1, entry)
      return 'done'
    })
  }

  delete(key: string): Promise<'done'> {
    return this.#turns.run<'done'>(key, async () => {
      await called((done) => this.#peer.destroy(key, done))
      return 'done'
    })
  }

  async list(_user: string): Promise<Listed[]> {
    throw new Unsupported(
      "a store of express-session's has no index by user: it can't list a user's sessions",
    )
  }

  async revoke(_user: string, _keep?: string): Promise<number> {
    throw new Unsupported(
      "a store of express-session's has no index by user: it can't revoke a user's sessions",
    )
  }

  /** Nothing: the store itself removes what ended, as far as it does. */
  async sweep(): Promise<number> {
    return 0
  }

  async #get(key: string): Promise<Row | undefined> {
    return ((await getOf(this.#peer, key)) as Kept | undefined)?.shortcrust
  }

  #set(key: string, version: number, { text, expires }: Entry): Promise<unknown> {
    const kept: Kept = { cookie: cookie(expires), shortcrust: { version, text } }
    return called((done) => this.#peer.set(key, kept, done))
  }
}

/** Where such stores look for the end: at `maxAge`, `originalMaxAge` or `expires`. */
function cookie(expires: number | undefined): object {
  if (expires === undefined) return { originalMaxAge: null, maxAge: null, expires: null }
  const maxAge = expires - ambient.now()
  return { originalMaxAge: maxAge, maxAge, expires: new Date(expires) }
}
