// What a front tells of its sessions: to a function of the application's, and to a diagnostics channel.
import { channel } from 'node:diagnostics_channel'

import { ambient } from './ambient.js'
import { ConfigError } from './errors.js'
import type { Engine, NativeSession, Opened } from './native.js'
import { warnOnce } from './warnings.js'

/** What happened to a session. No token, key or id is in it, and nothing of the session. */
export interface SessionEvent {
  name:
    | 'accepted'
    | 'converted'
    | 'created'
    | 'ended'
    | 'failed'
    | 'merged'
    | 'refused'
    | 'renewed'
    | 'revoked'
    | 'swept'
  /** Why a session was refused or not written, as `reason` has it. */
  reason?: string | undefined
  /** That of the cookie which was accepted. */
  format?: string | undefined
  /** The position of the secret that opened it: 0 is the newest. */
  key?: number | undefined
  /** How many were revoked or swept; of a merge, how often other requests were first. */
  count?: number | undefined
  /** The class of the store, if there is one. */
  store?: string | undefined
  /** Seconds that the session's work has taken by then, its store included. */
  duration: number
}

export type EventListener = (event: SessionEvent) => void

const CHANNEL = channel('shortcrust:session')

/** Who is told, and of which store. */
export class Telling {
  readonly #listener: EventListener | undefined
  readonly #store: string | undefined

  constructor(listener?: EventListener, store?: object) {
    if (listener !== undefined && typeof listener !== 'function') {
      throw new ConfigError('option', `onEvent must be a function of an event, not ${typeof listener}`)
    }
    this.#listener = listener
    this.#store = store?.constructor?.name
  }

  /** The time from which durations count; undefined where nobody listens. */
  begin(): number | undefined {
    return this.#listener === undefined && !CHANNEL.hasSubscribers ? undefined : performance.now()
  }

  /** What came in. Where a store has to be asked, that is told later. */
  open(engine: Engine, header: string): Opened {
    const begun = this.begin()
    const opened = engine.open(header, ambient.now())
    if (begun !== undefined && opened.session.need() === null) this.tell(opened.session, begun)
    return opened
  }

  /** What happened to the session since it was last asked. */
  tell(session: NativeSession | null, begun: number | undefined): void {
    if (begun === undefined || session === null) return
    for (const event of session.events()) this.#send(event as SessionEvent, begun)
  }

  /** What happened outside of a request. */
  counted(name: 'revoked' | 'swept', count: number | undefined, begun: number | undefined): void {
    if (begun !== undefined) this.#send({ name, count, duration: 0 }, begun)
  }

  #send(told: SessionEvent, begun: number): void {
    const event = { ...told, store: this.#store, duration: (performance.now() - begun) / 1000 }
    CHANNEL.publish(event)
    try {
      this.#listener?.(event)
    } catch {
      // A session does not fail because nobody could count it.
      warnOnce('SHORTCRUST_EVENT', 'onEvent throws: some events were not counted')
    }
  }
}
