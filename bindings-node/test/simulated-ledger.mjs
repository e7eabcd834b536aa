// What was promised to the requests of a simulation, and whether it was kept.
import assert from 'node:assert/strict'

import { TABLE } from './simulated-tape.mjs'

/** A store, with account of what happened to it. */
export class Records {
  /** Sessions that were there, by what removed them, or may have by now. */
  removed = { revoke: new Set(), sweep: new Set() }
  /** Which request has put a tombstone in a session's place. */
  tombstones = new Map()
  /** When a key was written first, and last. */
  written = new Map()
  /** Nothing goes on before it is done. */
  reading = Promise.resolve()

  constructor(store) {
    this.store = store
  }

  async run(name, args, now, request) {
    if (name === 'revoke') return this.#removing(name, args)
    const answer = await this.store[name](...args)
    if (answer === 'done' && (name === 'create' || name === 'save')) {
      const key = args[0]
      const [first] = this.written.get(key) ?? [now]
      this.written.set(key, [first, now])
      const { text, expires } = args.at(-1)
      if (!('d' in JSON.parse(text))) this.tombstones.set(key, request)
      // What was long under way may have little time left, or none; then the server removes it by its own clock.
      else if (this.store.capabilities.expiry && expires < now + 60_000) this.removed.sweep.add(key)
    }
    return answer
  }

  /** Where the server does so by its own clock, by hand. */
  async sweep(now) {
    if (!this.store.capabilities.expiry) {
      await this.#removing('sweep', [now])
      return
    }
    for (const [key, record] of await this.#read()) {
      if (record.x === undefined || record.x >= now) continue
      await this.store.delete(key)
      if ('d' in record) this.removed.sweep.add(key)
    }
  }

  /** The records of sessions that have not ended, but perhaps by the clock. */
  async live(keys) {
    const reading = this.#read(keys)
    this.reading = reading
    return new Map((await reading).filter(([, record]) => 'd' in record))
  }

  async #read(keys = [...this.written.keys()]) {
    const rows = keys.length > 0 ? await this.store.load(keys) : []
    return keys.flatMap((key, at) => (rows[at] === undefined ? [] : [[key, JSON.parse(rows[at].text)]]))
  }

  async #removing(name, args) {
    const before = await this.live()
    const answer = await this.store[name](...args)
    const after = await this.live()
    for (const key of before.keys()) if (!after.has(key)) this.removed[name].add(key)
    return answer
  }
}

/** What has come of all requests. */
export class Ledger {
  /** What was committed: under which key, and whose it was. */
  writes = new Map()
  /** From key to key, where a session goes on. */
  moves = []
  ended = new Set()
  /** A store that failed in the middle leaves nothing to be said about these. */
  doubtful = new Set()
  /** Of ids that somebody made up. */
  madeUp = new Set()
  #names = 0

  constructor(records) {
    this.records = records
  }

  /** Of something that is written. */
  newName() {
    this.#names += 1
    return `k${this.#names}`
  }

  checkOpened(key, now) {
    assert.ok(!this.#hasEnded(key), 'a session that had ended was opened')
    const seconds = (time) => Math.floor(time / 1000)
    const [first, last] = this.records.written.get(key).map((time) => seconds(now) - seconds(time))
    const { idle, absolute } = TABLE.policy
    assert.ok(last <= idle && first <= absolute, 'a session that had expired was opened')
  }

  checkOwner(data, user) {
    for (const written of Object.keys(data)) {
      const owner = this.writes.get(written)?.user
      assert.ok(owner === undefined || owner === user, `${written} of ${owner} is under ${user}`)
    }
  }

  async check() {
    const live = await this.records.live()
    for (const key of live.keys()) assert.ok(!this.#hasEnded(key), 'a logout was undone')
    for (const key of this.madeUp) assert.ok(!this.records.written.has(key), 'a made up id was adopted')
    for (const [written, { key }] of this.writes) {
      const places = this.#reachable(key)
      const isAccountedFor = places.some((place) => {
        const isOver = this.doubtful.has(place) || this.records.removed.sweep.has(place)
        return isOver || this.#hasEnded(place) || live.get(place)?.d[written] !== undefined
      })
      assert.ok(isAccountedFor, `the write ${written} was lost`)
    }
    for (const record of live.values()) this.checkOwner(record.d, record.u)
  }

  #hasEnded(key) {
    return this.ended.has(key) || this.records.removed.revoke.has(key)
  }

  #reachable(key) {
    const places = [key]
    for (const place of places) {
      for (const [from, to] of this.moves) if (from === place && !places.includes(to)) places.push(to)
    }
    return places
  }
}
