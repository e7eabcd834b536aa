// Sessions in files, one each.
import { createHash, randomBytes } from 'node:crypto'
import { open, readdir, readFile, rename, rmdir, stat, unlink } from 'node:fs/promises'
import { join } from 'node:path'

import { ambient } from '../ambient.js'
import { ConfigError } from '../errors.js'
import { locked } from './file-lock.js'
import { DAMAGED, type Found, hasEnded, isName, read, rowOf, timeOf, written } from './file-record.js'
import {
  closing,
  codeOf,
  type End,
  endOf,
  filesIn,
  made,
  namesIn,
  prepare,
  synced,
  unless,
  withoutPath,
} from './file-system.js'
import type { Capabilities, Entry, Listed, Row, Store } from './index.js'
import { isTombstone } from './tombstone.js'

export interface FileOptions {
  /** At most about so many are kept: those that end first go, but no mark of a logout. Default: no bound. */
  maxRecords?: number | undefined
  /** Seconds that a write waits for another's in the same one of 4,096 folders; default 5. */
  busyTimeout?: number | undefined
}

/** A sweep looks at so many files for each that it may remove. */
const LOOKS = 10

/**
 * Sessions in a folder of one machine, shared by all its processes, Python's too. The folder is made when the store is,
 * readable for its owner alone; one that others may write to is a `ConfigError`.
 */
export class FileStore implements Store {
  readonly capabilities: Capabilities = { compareAndSwap: true, index: true, expiry: false }
  readonly #records: string
  readonly #users: string
  readonly #busyTimeout: number
  #maxRecords: number
  /** How many may be made until they are counted again. */
  #room = 0
  #makingRoom: Promise<void> = Promise.resolve()
  #swept = randomBytes(8).toString('hex')

  constructor(folder: string, { maxRecords, busyTimeout = 5 }: FileOptions = {}) {
    if (typeof folder !== 'string' || folder === '') {
      throw new ConfigError('option', 'FileStore takes the path of a folder')
    }
    if (maxRecords !== undefined && !(maxRecords >= 1)) {
      throw new ConfigError('option', 'maxRecords must be 1 or more')
    }
    if (!(busyTimeout >= 0)) throw new ConfigError('option', 'busyTimeout must be 0 seconds or more')
    this.#maxRecords = maxRecords ?? Number.POSITIVE_INFINITY
    this.#busyTimeout = busyTimeout * 1_000
    this.#records = join(folder, 'records')
    this.#users = join(folder, 'users')
    prepare(folder, [this.#records, this.#users])
  }

  /** From now on nothing goes before it has ended: a revocation must not be forgotten. */
  keepAll(): void {
    this.#maxRecords = Number.POSITIVE_INFINITY
  }

  load(keys: readonly string[]): Promise<(Row | undefined)[]> {
    return withoutPath(async () => {
      const found = await Promise.all(keys.map((key) => this.#place(key).read()))
      // A disk that is not there holds no sessions, and that is no logout.
      if (found.includes(undefined)) await stat(this.#records)
      return found.map((one) => one && rowOf(one))
    })
  }

  create(key: string, entry: Entry): Promise<'done' | 'exists'> {
    return withoutPath(async () => {
      await this.#makeRoom()
      return this.#locked(key, async (place) => {
        if ((await place.read()) !== undefined) return 'exists'
        await this.#write(place, undefined, entry)
        return 'done'
      })
    })
  }

  put(key: string, entry: Entry): Promise<'done'> {
    return withoutPath(async () => {
      if ((await this.#place(key).read()) === undefined) await this.#makeRoom()
      return this.#locked<'done'>(key, async (place) => {
        await this.#write(place, await place.read(), entry)
        return 'done'
      })
    })
  }

  save(key: string, version: number, entry: Entry): Promise<'done' | 'gone' | Row> {
    return withoutPath(() =>
      this.#locked(key, async (place) => {
        const found = await place.read()
        if (found?.version !== version) return found ? rowOf(found) : 'gone'
        await this.#write(place, found, entry)
        return 'done'
      }),
    )
  }

  delete(key: string): Promise<'done'> {
    return withoutPath(() =>
      this.#locked<'done'>(key, async (place) => {
        const found = await place.read()
        if (found === undefined) return 'done'
        await this.#remove(place, found)
        await synced(place.folder)
        return 'done'
      }),
    )
  }

  list(user: string): Promise<Listed[]> {
    return withoutPath(async () => {
      const now = ambient.now()
      const listed: Listed[] = []
      for (const key of await this.#keysOf(user)) {
        const found = await this.#place(key).read()
        if (found?.user !== user) await this.#mend(key, user)
        else if (!hasEnded(found, now)) listed.push({ key, text: found.text })
      }
      return listed
    })
  }

  revoke(user: string, keep?: string): Promise<number> {
    return withoutPath(async () => {
      let count = 0
      for (const key of await this.#keysOf(user)) {
        if (key !== keep && (await this.#mend(key, user, true))) count += 1
      }
      return count
    })
  }

  sweep(now: number, limit = 1_000): Promise<number> {
    return withoutPath(async () => {
      let [count, looks] = [0, LOOKS * limit]
      const names = (await readdir(this.#records)).sort()
      const after = names.filter((name) => name > this.#swept)
      for (const name of [...after, ...names.slice(0, names.length - after.length)]) {
        if (count >= limit || looks <= 0) break
        const files = await filesIn(join(this.#records, name))
        looks -= files.length + 1
        const ended = files.filter(({ end }) => end < now).map(({ key }) => key)
        if (ended.length > 0) count += await this.#sweepFolder(ended.slice(0, limit - count), now)
        if (ended.length <= limit) this.#swept = name
      }
      return count
    })
  }

  /** All keys lie in one folder, which has one lock. */
  #sweepFolder(keys: string[], now: number): Promise<number> {
    return this.#locked(keys[0] as string, async () => {
      let count = 0
      for (const place of keys.map((key) => this.#place(key))) {
        const found = await place.read()
        if (found === undefined || !hasEnded(found, now)) continue
        await this.#remove(place, found)
        count += 1
      }
      return count
    })
  }

  /** Counts the files after each tenth of what may be there: each time would be too much. */
  #makeRoom(): Promise<void> {
    if (this.#maxRecords === Number.POSITIVE_INFINITY) return Promise.resolve()
    const making = this.#makingRoom.then(() => this.#madeRoom())
    // The next one tries again.
    this.#makingRoom = making.catch(() => {})
    return making
  }

  async #madeRoom(): Promise<void> {
    if (this.#room > 0) {
      this.#room -= 1
      return
    }
    const most = this.#maxRecords
    const tenth = Math.max(Math.floor(most / 10), 1)
    const folders = (await readdir(this.#records)).map((name) => join(this.#records, name))
    let count = 0
    for (const folder of folders) count += (await namesIn(folder)).length
    if (count >= most) count -= await this.#evict(folders, count - most + tenth)
    this.#room = Math.max(Math.min(most - count, tenth), 1) - 1
  }

  /**
   * Removes those that end first, which are those that nobody used for longest. But no tombstone before its end, and it
   * takes no session's place.
   */
  async #evict(folders: string[], count: number): Promise<number> {
    const files: End[] = []
    for (const folder of folders) for (const file of await filesIn(folder)) files.push(file)
    const now = ambient.now()
    let gone = 0
    for (const { end, key } of files.sort((one, other) => one.end - other.end).slice(0, count)) {
      gone += await this.#locked(key, async (place) => {
        const found = await place.read()
        if (found === undefined || (await endOf(place.path)) !== end) return 0
        if (hasEnded(found, now) || !isTombstone(found.text)) await this.#remove(place, found)
        return 1
      })
    }
    return gone
  }

  #place(key: string): Place {
    if (!isName(key)) throw new TypeError('a key has 2 to 200 letters, digits, - and _')
    return new Place(key, join(this.#records, key.slice(0, 2)))
  }

  /** Nobody else writes in the key's folder meanwhile. */
  async #locked<T>(key: string, work: (place: Place) => Promise<T>): Promise<T> {
    const place = this.#place(key)
    if (await made(place.folder)) await synced(this.#records)
    return locked(place.folder, this.#busyTimeout, () => work(place))
  }

  /** What is written is on the disk, and under its user, before it is seen. */
  async #write(place: Place, old: Found | undefined, entry: Entry): Promise<void> {
    if (entry.user !== undefined) await this.#mark(place.key, entry.user)
    // One name is enough under the lock, and what a dead process left is written over.
    const draft = join(place.folder, '.draft')
    const time = timeOf(entry.expires)
    await closing(await open(draft, 'w', 0o600), async (file) => {
      await file.writeFile(written((old?.version ?? 0) + 1, entry))
      await file.utimes(time, time)
      await file.sync()
    })
    await rename(draft, place.path)
    await synced(place.folder)
    if (old?.user !== undefined && old.user !== entry.user) await this.#unmark(place.key, old.user)
  }

  async #remove(place: Place, { user }: Found): Promise<void> {
    await unlink(place.path)
    if (user !== undefined) await this.#unmark(place.key, user)
  }

  /**
   * Removes what a dead process left under a user, or a revoked record; whether it was one. Under the lock: who creates
   * a record names it under its user first.
   */
  #mend(key: string, user: string, isRevoked = false): Promise<boolean> {
    return this.#locked(key, async (place) => {
      const found = await place.read()
      if (found?.user !== user) await this.#unmark(key, user)
      else if (isRevoked) {
        await this.#remove(place, found)
        await synced(place.folder)
        return true
      }
      return false
    })
  }

  #folderOf(user: string): { outer: string; folder: string } {
    const name = createHash('sha256').update(user).digest('hex')
    const outer = join(this.#users, name.slice(0, 2))
    return { outer, folder: join(outer, name) }
  }

  async #keysOf(user: string): Promise<string[]> {
    const names = await unless(['ENOENT'], readdir(this.#folderOf(user).folder))
    if (names === undefined) await stat(this.#users)
    return (names ?? []).filter(isName)
  }

  /** An empty file of the key's name under the user. */
  async #mark(key: string, user: string): Promise<void> {
    const { outer, folder } = this.#folderOf(user)
    for (;;) {
      try {
        await closing(await open(join(folder, key), 'wx', 0o600), async () => {})
        return await synced(folder)
      } catch (error) {
        if (codeOf(error) === 'EEXIST') return
        if (codeOf(error) !== 'ENOENT') throw error
      }
      // Also where another removed it, empty, just now.
      if (await made(outer)) await synced(this.#users)
      if (await made(folder)) await synced(outer)
    }
  }

  async #unmark(key: string, user: string): Promise<void> {
    const { folder } = this.#folderOf(user)
    await unless(['ENOENT'], unlink(join(folder, key)))
    // It is not empty, or another was first.
    await rmdir(folder).catch(() => {})
  }
}

/** Where a record lies. */
class Place {
  readonly path: string

  constructor(
    readonly key: string,
    readonly folder: string,
  ) {
    this.path = join(folder, key)
  }

  /** A rename is one step, so nothing half is read. */
  async read(): Promise<Found | undefined> {
    try {
      return read(await readFile(this.path))
    } catch (error) {
      if (codeOf(error) === 'EISDIR') return DAMAGED
      if (['ENOENT', 'ENOTDIR'].includes(codeOf(error))) return undefined
      throw error
    }
  }
}
