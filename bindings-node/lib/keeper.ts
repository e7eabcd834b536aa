// What a front asks of its store, and what comes of it.
import { ambient } from './ambient.js'
import {
  type Actions,
  type Opened,
  type Pending,
  type Report,
  recordTimes,
  type StoreAction,
} from './native.js'
import type { Row, Store } from './stores/index.js'
import { pause } from './timers.js'

/** What happens where the store fails: the error goes through, or the request has an empty session. */
export type Outage = 'empty' | 'error'

/** What a store is for. */
export type Keeping = 'revocations' | 'sessions'

export interface Loaded {
  opened: Opened
  /** Under what the session lies. */
  key?: string | undefined
  error?: unknown
}

/** What came of actions; `error` is the store's own. */
export interface Done {
  report: Report
  /** Under what the session lies now, where it was written. */
  key?: string | undefined
  error?: unknown
}

interface Tried {
  again?: Actions | undefined
  done: () => Done
}

type Said = Row | 'done' | 'exists' | 'failed' | 'gone'

const SWEEP_EVERY = 100
/** Milliseconds. Fifteen pauses, each at most twice as long as the one before, are together under 2 seconds. */
const LONGEST_PAUSE = 200

export class Keeper {
  readonly store: Store
  readonly keeping: Keeping
  readonly outage: Outage
  /** Where requests wait of which another was first, by key. */
  readonly #lines = new Map<string, Promise<void>>()
  #created = 0

  constructor(store: Store, keeping: Keeping, outage: Outage) {
    this.store = store
    this.keeping = keeping
    this.outage = outage
  }

  async load(pending: Pending): Promise<Loaded> {
    const { keys } = pending
    try {
      const rows = await this.store.load(keys)
      const opened = pending.loaded(rows, ambient.now())
      return { opened, key: opened.text === undefined ? undefined : keys[liveOf(rows)] }
    } catch (error) {
      return { opened: pending.failed(ambient.now()), error }
    }
  }

  /** Runs the actions, and again where another request was first. */
  async run(actions: Actions): Promise<Done> {
    const first = await this.#tried(actions)
    const { again } = first
    if (again === undefined) return first.done()
    const { key } = again.list[0] as StoreAction
    // One of a process after the other: against the other processes' alone each soon is first.
    const before = this.#lines.get(key)
    const turn = (before ?? Promise.resolve()).then(() => this.#retried(again))
    const settled = turn.then(noop, noop)
    this.#lines.set(key, settled)
    try {
      return await turn
    } finally {
      if (this.#lines.get(key) === settled) this.#lines.delete(key)
    }
  }

  async #retried(actions: Actions): Promise<Done> {
    for (let tries = 1; ; tries++) {
      const longest = Math.min(2 ** tries, LONGEST_PAUSE)
      const tried = await this.#tried(actions, longest * (0.5 + Math.random() / 2))
      if (tried.again === undefined) return tried.done()
      actions = tried.again
    }
  }

  /** Runs them once. Who was not first looks again after a pause: what was there before it has been overtaken. */
  async #tried(actions: Actions, milliseconds?: number): Promise<Tried> {
    const { list } = actions
    const { said, error } = await this.#each(list)
    if (milliseconds !== undefined && typeof said.at(-1) === 'object') {
      await pause(milliseconds)
      said[said.length - 1] = await this.#there(list[0] as StoreAction)
    }
    const { again, report } = actions.done(said)
    return {
      again,
      done: () => {
        if (report === undefined) throw new Error('neither more actions nor a report')
        return { report, key: written(list), error }
      },
    }
  }

  async #there({ key }: StoreAction): Promise<Said> {
    try {
      const [row] = await this.store.load([key])
      return row ?? 'gone'
    } catch {
      return 'failed'
    }
  }

  /** Runs actions that nobody can be before. */
  async put(actions: StoreAction[]): Promise<void> {
    for (const action of actions) await perform(this.store, action)
  }

  /** One after the other, until one is not done. */
  async #each(list: StoreAction[]): Promise<{ said: Said[]; error?: unknown }> {
    const said: Said[] = []
    for (const action of list) {
      try {
        said.push(await perform(this.store, action))
      } catch (error) {
        return { said: [...said, 'failed'], error }
      }
      if (said.at(-1) !== 'done') break
      if (action.kind === (this.keeping === 'sessions' ? 'create' : 'put')) this.#sweepAtTimes()
    }
    return { said }
  }

  #sweepAtTimes(): void {
    this.#created += 1
    if (this.#created % SWEEP_EVERY !== 0 || this.store.capabilities.expiry) return
    // Nobody waits for it, and whether it fails is no matter of this request's.
    this.store.sweep(ambient.now()).catch(() => {})
  }
}

function noop(): void {}

async function perform(store: Store, action: StoreAction): Promise<Said> {
  const { kind, key, version = 0, text = '', user, expires } = action
  const entry = { text, user, expires }
  if (kind === 'create') return store.create(key, entry)
  if (kind === 'put') return store.put(key, entry)
  if (kind === 'save') return store.save(key, version, entry)
  return store.delete(key)
}

/** Of several cookies' records the core takes the first that lives. */
function liveOf(rows: (Row | undefined)[]): number {
  if (rows.length === 1) return rows[0] === undefined ? -1 : 0
  return rows.findIndex((row) => row !== undefined && recordTimes(row.text) !== null)
}

function written(list: StoreAction[]): string | undefined {
  return list.find(({ kind }) => kind === 'create' || kind === 'save')?.key
}
