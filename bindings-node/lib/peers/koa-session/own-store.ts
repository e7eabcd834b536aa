// A store of `shortcrust/stores`, as the middleware calls its stores.
import type { Store as OurStore } from '../../stores/index.js'
import { promised } from '../merge/rows.js'
import { isOwnStore, OwnSessions, secondsOf } from '../own/index.js'
import { withoutTimes } from './rows.js'
import { DAY, STORE_GRACE } from './times.js'
import type { Any, opts, stores } from './types.js'

type Data = Record<string, unknown>

export class OwnStore implements stores {
  readonly sessions: OwnSessions

  constructor(store: OurStore, options: opts) {
    const { key, maxAge } = options
    const seconds = maxAge === 'session' ? undefined : secondsOf((maxAge || DAY) + STORE_GRACE)
    this.sessions = new OwnSessions(store, key, seconds, options, withoutTimes)
  }

  get(key: string): Promise<Data | null | undefined> {
    return promised<Data | null>((done) => this.sessions.get(key, done))
  }

  /** As `get`; of a session that a store that is out could not tell nobody has to hear that it is missed. */
  ask(key: string): Promise<{ data: Data | null; isOut: boolean } | undefined> {
    return promised((done) => this.sessions.ask(key, (error, data, isOut) => done(error, { data, isOut })))
  }

  async set(key: string, session: Any): Promise<void> {
    await promised<void>((done) => this.sessions.set(key, session, done))
  }

  async destroy(key: string): Promise<void> {
    await promised<void>((done) => this.sessions.destroy(key, done))
  }
}

/** The one that the options name; none where they name another kind. */
export function ownStoreOf(options: opts): OwnStore | undefined {
  const { ContextStore, store } = options
  return !ContextStore && isOwnStore(store) ? new OwnStore(store, options) : undefined
}

/** Such a store does as the core says: of what it keeps nothing else may be asked. */
export function refuseBesideOwn({ genid, peerExact, prefix }: opts): void {
  const [name] = Object.entries({ genid, peerExact, prefix }).find(([, value]) => value) ?? []
  if (name === undefined) return
  throw new TypeError(`${name} goes with no store of shortcrust/stores, whose ids and merging are its own`)
}
