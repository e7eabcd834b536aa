// A store in memory that keeps its contract. `act` is told of each action, and runs it or not.
export class Records {
  rows = new Map()

  constructor(act, named) {
    this.act = act
    this.named = named
  }

  /** What the middleware is given. */
  get store() {
    const told = (...args) => this.told(...args)
    const { act, named } = this
    return {
      capabilities: { compareAndSwap: true, index: true, expiry: false },
      load: (keys) =>
        act(
          'load',
          () => keys.map(named).join(', '),
          () => keys.map((key) => this.rows.get(key)?.row),
        ),
      create: (key, entry) =>
        act(
          'create',
          () => told(key, '', entry),
          () => (this.rows.has(key) ? 'exists' : this.keep(key, 1, entry)),
        ),
      put: (key, entry) =>
        act(
          'put',
          () => told(key, '', entry),
          () => this.keep(key, (this.rows.get(key)?.row.version ?? 0) + 1, entry),
        ),
      save: (key, version, entry) =>
        act(
          'save',
          () => told(key, ` at ${version}`, entry),
          () => this.swap(key, version, entry),
        ),
      delete: async () => 'done',
      list: async () => [],
      revoke: (user, keep) =>
        act(
          'revoke',
          () => named(user) + (keep === undefined ? '' : ` but ${named(keep)}`),
          () => this.revoke(user, keep),
        ),
      sweep: (now, limit) =>
        act(
          'sweep',
          () => `${limit} before ${now}`,
          () => this.sweep(now),
        ),
    }
  }

  /** How many sessions have not ended. */
  live() {
    return [...this.rows.values()].filter(({ row }) => row.text.includes('"d":')).length
  }

  /** By what users know the sessions that live. */
  labels() {
    const records = [...this.rows.values()].map(({ row }) => JSON.parse(row.text))
    return records.flatMap(({ d, l }) => (d !== undefined && l !== undefined ? [l] : [])).sort()
  }

  told(key, at, { text, user, expires }) {
    const named = this.named(key)
    const of = user === undefined ? '' : ` of ${this.named(user)}`
    const until = expires === undefined ? '' : ` until ${expires}`
    return `${named}${at}${of}${until} ${text}`
  }

  keep(key, version, entry) {
    this.rows.set(key, { row: { version, text: entry.text }, entry })
    return 'done'
  }

  swap(key, version, entry) {
    const there = this.rows.get(key)
    if (there === undefined) return 'gone'
    return there.row.version === version ? this.keep(key, version + 1, entry) : there.row
  }

  revoke(user, keep) {
    const meant = [...this.rows].filter(([key, { entry }]) => entry.user === user && key !== keep)
    for (const [key] of meant) this.rows.delete(key)
    return meant.length
  }

  sweep(now) {
    for (const [key, { entry }] of this.rows) {
      if (entry.expires !== undefined && entry.expires < now) this.rows.delete(key)
    }
    return 'done'
  }
}

/** An answer in the words of the log. */
export function said(answer) {
  if (Array.isArray(answer)) {
    return answer.map((row) => (row === undefined ? 'nothing' : `at ${row.version}`)).join(', ')
  }
  return typeof answer === 'object' ? `conflict at ${answer.version}` : String(answer)
}
