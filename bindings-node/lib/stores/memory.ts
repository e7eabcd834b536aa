// Sessions in the memory of one process.
import { ambient } from '../ambient.js'
import { ConfigError } from '../errors.js'
import type { Capabilities, Entry, Listed, Row, Store } from './index.js'

interface Kept extends Entry {
  version: number
}

/**
 * For tests and for one process: its sessions are gone when the process ends.
 *
 * At most `maxRecords` are kept (default 10,000): where there is no room for one more, those that ended go first, then
 * the one that was made first.
 */
export class MemoryStore implements Store {
  readonly capabilities: Capabilities = { compareAndSwap: true, index: true, expiry: false }
  readonly #maxRecords: number
  readonly #records = new Map<string, Kept>()

  constructor({ maxRecords = 10_000 }: { maxRecords?: number | undefined } = {}) {
    if (!(maxRecords >= 1)) throw new ConfigError('option', 'maxRecords must be 1 or more')
    this.#maxRecords = maxRecords
  }

  async load(keys: readonly string[]): Promise<(Row | undefined)[]> {
    return keys.map((key) => this.#row(key))
  }

  async create(key: string, entry: Entry): Promise<'done' | 'exists'> {
    if (this.#records.has(key)) return 'exists'
    this.#write(key, 1, entry)
    return 'done'
  }

  async put(key: string, entry: Entry): Promise<'done'> {
    this.#write(key, (this.#records.get(key)?.version ?? 0) + 1, entry)
    return 'done'
  }

  async save(key: string, version: number, entry: Entry): Promise<'done' | 'gone' | Row> {
    const row = this.#row(key)
    if (row?.version !== version) return row ?? 'gone'
    this.#write(key, version + 1, entry)
    return 'done'
  }

  async delete(key: string): Promise<'done'> {
    this.#records.delete(key)
    return 'done'
  }

  async list(user: string): Promise<Listed[]> {
    const now = ambient.now()
    const live = this.#of(user).filter(([, { expires }]) => expires === undefined || expires >= now)
    return live.map(([key, { text }]) => ({ key, text }))
  }

  async revoke(user: string, keep?: string): Promise<number> {
    return this.#remove(this.#of(user).filter(([key]) => key !== keep))
  }

  async sweep(now: number, limit = 1_000): Promise<number> {
    const ended = [...this.#records].filter(([, { expires }]) => expires !== undefined && expires < now)
    return this.#remove(ended.slice(0, limit))
  }

  #row(key: string): Row | undefined {
    const kept = this.#records.get(key)
    return kept && { version: kept.version, text: kept.text }
  }

  #of(user: string): [string, Kept][] {
    return [...this.#records].filter(([, kept]) => kept.user === user)
  }

  #write(key: string, version: number, { text, user, expires }: Entry): void {
    if (!this.#records.has(key)) this.#makeRoom()
    this.#records.set(key, { version, text, user, expires })
  }

  #makeRoom(): void {
    if (this.#records.size < this.#maxRecords) return
    this.sweep(ambient.now(), this.#maxRecords)
    for (const oldest of this.#records.keys()) {
      if (this.#records.size < this.#maxRecords) return
      this.#records.delete(oldest)
    }
  }

  #remove(records: [string, Kept][]): number {
    for (const [key] of records) this.#records.delete(key)
    return records.length
  }
}
