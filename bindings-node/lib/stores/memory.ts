// Sessions in the memory of one process.
import { ambient } from '../ambient.js'
import { ConfigError } from '../errors.js'
import type { Capabilities, Entry, Listed, Row, Store } from './index.js'
import { isTombstone } from './tombstone.js'

interface Kept extends Entry {
  version: number
}

interface End {
  expires: number
  key: string
}

const SLACK = 64

/**
 * For tests and for one process: its sessions are gone when the process ends.
 *
 * At most `maxRecords` sessions are kept (default 10,000): where there is no room for one more, those that ended go
 * first, then the one that nobody used for longest. The mark that a logout leaves is small, takes no session's place and
 * stays until its end. As a store of revocations it has no such bound.
 */
export class MemoryStore implements Store {
  readonly capabilities: Capabilities = { compareAndSwap: true, index: true, expiry: false }
  #maxRecords: number
  readonly #records = new Map<string, Kept>()
  /** Not the tombstones. First the one that nobody used for longest. */
  readonly #sessions = new Set<string>()
  /** Behind those that were removed or used: from the beginning, a Set would pass all of these again. */
  #oldest = this.#sessions.values()
  readonly #keysOf = new Map<string, Set<string>>()
  /** When each ends, by a heap. What was written again since has another entry, and this one is old. */
  #ends: End[] = []

  constructor({ maxRecords = 10_000 }: { maxRecords?: number | undefined } = {}) {
    if (!(maxRecords >= 1)) throw new ConfigError('option', 'maxRecords must be 1 or more')
    this.#maxRecords = maxRecords
  }

  /** From now on nothing goes before it has ended: a revocation must not be forgotten. */
  keepAll(): void {
    this.#maxRecords = Number.POSITIVE_INFINITY
  }

  async load(keys: readonly string[]): Promise<(Row | undefined)[]> {
    for (const key of keys) if (this.#sessions.has(key)) this.#use(key)
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
    this.#remove(key)
    return 'done'
  }

  async list(user: string): Promise<Listed[]> {
    const now = ambient.now()
    return this.#of(user)
      .filter(([, { expires }]) => expires === undefined || expires >= now)
      .map(([key, { text }]) => ({ key, text }))
  }

  async revoke(user: string, keep?: string): Promise<number> {
    const keys = this.#of(user).filter(([key]) => key !== keep)
    for (const [key] of keys) this.#remove(key)
    return keys.length
  }

  async sweep(now: number, limit = 1_000): Promise<number> {
    return this.#sweep(now, limit)
  }

  #row(key: string): Row | undefined {
    const kept = this.#records.get(key)
    return kept && { version: kept.version, text: kept.text }
  }

  #of(user: string): [string, Kept][] {
    const keys = [...(this.#keysOf.get(user) ?? [])]
    return keys.map((key) => [key, this.#records.get(key) as Kept])
  }

  #write(key: string, version: number, { text, user, expires }: Entry): void {
    if (isTombstone(text)) this.#sessions.delete(key)
    else {
      if (!this.#sessions.has(key)) this.#makeRoom()
      this.#use(key)
    }
    const old = this.#records.get(key)
    if (old !== undefined && old.user !== user) this.#forgetUser(key, old.user)
    if (user !== undefined) this.#keysOf.set(user, (this.#keysOf.get(user) ?? new Set()).add(key))
    this.#records.set(key, { version, text, user, expires })
    if (expires === undefined || expires === old?.expires) return
    push(this.#ends, { expires, key })
    if (this.#ends.length > 2 * this.#records.size + SLACK) this.#forgetOldEnds()
  }

  #makeRoom(): void {
    while (this.#sessions.size >= this.#maxRecords) {
      if (this.#sweep(ambient.now(), 1) > 0) continue
      const { value, done } = this.#oldest.next()
      if (done) this.#oldest = this.#sessions.values()
      else this.#remove(value)
    }
  }

  /** Puts the key behind the others. */
  #use(key: string): void {
    this.#sessions.delete(key)
    this.#sessions.add(key)
  }

  #sweep(now: number, limit: number): number {
    let count = 0
    for (let first = this.#ends[0]; first !== undefined && first.expires < now; first = this.#ends[0]) {
      if (count === limit) break
      pop(this.#ends)
      if (this.#records.get(first.key)?.expires !== first.expires) continue
      this.#remove(first.key)
      count += 1
    }
    return count
  }

  #remove(key: string): void {
    const kept = this.#records.get(key)
    if (kept === undefined) return
    this.#records.delete(key)
    this.#sessions.delete(key)
    this.#forgetUser(key, kept.user)
  }

  #forgetUser(key: string, user: string | undefined): void {
    if (user === undefined) return
    const keys = this.#keysOf.get(user)
    keys?.delete(key)
    if (keys?.size === 0) this.#keysOf.delete(user)
  }

  #forgetOldEnds(): void {
    const ends: End[] = []
    for (const [key, { expires }] of this.#records) if (expires !== undefined) ends.push({ expires, key })
    // A list in order is a heap.
    this.#ends = ends.sort((one, other) => one.expires - other.expires)
  }
}

function push(heap: End[], end: End): void {
  let at = heap.push(end) - 1
  while (at > 0) {
    const parent = (at - 1) >> 1
    if ((heap[parent] as End).expires <= end.expires) break
    heap[at] = heap[parent] as End
    at = parent
  }
  heap[at] = end
}

function pop(heap: End[]): void {
  const last = heap.pop()
  if (last === undefined || heap.length === 0) return
  let at = 0
  for (let child = 1; child < heap.length; child = 2 * at + 1) {
    const right = heap[child + 1]
    if (right !== undefined && right.expires < (heap[child] as End).expires) child += 1
    if ((heap[child] as End).expires >= last.expires) break
    heap[at] = heap[child] as End
    at = child
  }
  heap[at] = last
}
