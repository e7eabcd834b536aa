// Sessions in the tests of an application: a cookie that is logged in, a clock, a store that fails.
import { IncomingMessage, ServerResponse } from 'node:http'
import { Socket } from 'node:net'

import { ambient } from '../ambient.js'
import { ConfigError, ShortcrustError } from '../errors.js'
import type { Store } from '../stores/index.js'
import { login, type Middleware, type User } from '../users.js'

/** The time of our own front, which goes on only when it is told to. */
export interface Clock {
  /** Milliseconds since 1970. */
  now: number
  advance(span: { days?: number; hours?: number; minutes?: number; seconds?: number }): void
  /** Time goes on by itself again. */
  restore(): void
}

/**
 * The clock of our own front stands still, at `now` (milliseconds since 1970) or at the present. Drop-ins have their
 * peer's clock, and servers of sessions their own: freeze these by your test runner's fake timers.
 */
export function frozenClock(now = Date.now()): Clock {
  const real = ambient.now
  const clock: Clock = {
    now,
    advance({ days = 0, hours = 0, minutes = 0, seconds = 0 }) {
      clock.now += (((days * 24 + hours) * 60 + minutes) * 60 + seconds) * 1000
    },
    restore() {
      ambient.now = real
    },
  }
  ambient.now = () => clock.now
  return clock
}

/** A store that fails while `fails` is set, as if its server were away. */
export type FailingStore = Store & { fails: boolean }

export function failingStore(store: Store): FailingStore {
  const state = { fails: false }
  return new Proxy(store as FailingStore, {
    get(target, name) {
      if (name === 'fails') return state.fails
      const found = Reflect.get(target, name, target)
      if (typeof found !== 'function') return found
      return async (...args: unknown[]) => {
        if (state.fails) throw new ShortcrustError('unavailable', 'this store was told to fail')
        return Reflect.apply(found, target, args)
      }
    },
    set(_, name, value) {
      if (name !== 'fails') return false
      state.fails = value
      return true
    },
  })
}

/**
 * The name and the value of a cookie whose session is `user`'s and has `data` in it. `middleware` is what `session()` of
 * `shortcrust/express` gave, or a drop-in's of its kind. With a store the session is in it afterwards. A drop-in knows no
 * users: give undefined and, in `data`, what the application keeps of its user.
 */
export async function loggedInCookie(
  middleware: Middleware,
  user: User | undefined,
  data: Record<string, unknown> = {},
  path = '/',
): Promise<[name: string, value: string]> {
  const request = new IncomingMessage(new Socket())
  Object.assign(request, { url: path, method: 'GET', headers: { host: 'localhost' } })
  const response = new ServerResponse(request)
  await new Promise<void>((resolve, reject) => {
    middleware(request, response, (error) => (error ? reject(error) : resolve()))
  })
  const { session } = request as { session?: Record<string, unknown> & { save?: unknown } }
  if (session === undefined) throw new ConfigError('option', `the middleware gives no session at ${path}`)
  Object.assign(session, data)
  if (user !== undefined) await login(request, user)
  // After a login the request may have another object.
  await saved((request as { session?: { save?: Save } }).session)
  response.writeHead(200)
  const [line = ''] = [response.getHeader('set-cookie') ?? []].flat().map(String)
  const [, name, value] = /^([^=]*)=([^;]*)/.exec(line) ?? []
  if (name !== undefined && value !== undefined) return [name, value]
  throw new ConfigError('option', 'no cookie was set: give a user, or data that are to be in the session')
}

type Save = (done?: (error?: unknown) => void) => unknown

/** Ours answers with a promise, a peer by a callback; cookie-session has no such method. */
async function saved(session: { save?: Save } | undefined): Promise<void> {
  if (typeof session?.save !== 'function') return
  await new Promise<void>((resolve, reject) => {
    const done = (error?: unknown) => (error ? reject(error) : resolve())
    const promised = session.save?.(done)
    if (promised instanceof Promise) promised.then(() => done(), done)
  })
}
