// Whose session it is, and which others are theirs.
import type { IncomingMessage, ServerResponse } from 'node:http'

import { ambient } from './ambient.js'
import { driverOf } from './attached.js'
import { Unsupported } from './errors.js'
import type { Front } from './front.js'
import { recordInfo } from './native.js'
import { StoreDriver } from './store-driver.js'
import type { StoreRunner } from './store-runner.js'

/** What `session()` gives. */
export type Middleware = (
  request: IncomingMessage,
  response: ServerResponse,
  next: (error?: unknown) => void,
) => void

export type User = string | number | bigint
export type Where = IncomingMessage | Middleware

/** One of a user's sessions. */
export interface Listing {
  /** For `revoke`. Who knows it can't use the session. */
  handle: string
  /** When the session began. */
  created: Date
  /** When it was last written or renewed. */
  renewed: Date
  /** It is the session of the request that was given. */
  isCurrent: boolean
  /** What `login` or the option `label` said; else empty. */
  label: string
}

export interface LoginOptions {
  /**
   * What the user knows the session by where it is listed, such as `Firefox on Linux`; 200 bytes are kept. Default what
   * the option `label` gives. A session in its cookie has none.
   */
  label?: string | undefined
}

export interface RevokeAllOptions {
  /** The session of the request that was given goes on; default false. */
  exceptCurrent?: boolean | undefined
}

const HANDLE = /^[\w-]{43}$/

/**
 * The request's session is this user's from now on: it has a new id and begins anew. What was in it stays, unless it
 * was another user's. Where the store fails the response is an error, whatever `outage` is.
 */
export async function login(
  request: IncomingMessage,
  user: User,
  { label }: LoginOptions = {},
): Promise<void> {
  if (label !== undefined && typeof label !== 'string') throw new TypeError('a label must be a string')
  await driverOf(request, 'login').login(named(user), label)
}

/** The request's session ends; an empty one follows, nobody's, under a new id if something is put into it. */
export async function logout(request: IncomingMessage): Promise<void> {
  await driverOf(request, 'logout').logout()
}

/** Whose session it is, as `login` or the option `userKey` has it; undefined where it is nobody's. */
export function user(request: IncomingMessage): string | undefined {
  return driverOf(request, 'user').user
}

/** A user's sessions, with a request or with the middleware that `session()` gave. */
export const sessions = {
  /** Those that have not ended, the last one used first. Throws `Unsupported` where sessions are in cookies. */
  async list(where: Where, user: User): Promise<Listing[]> {
    const { front, current } = place(where, 'list')
    const currentKey = current?.key()
    const index = front.engine.userIndex(named(user))
    const found = await stored(front, 'list').store.list(index)
    const listings = found.flatMap(({ key, text }) => listing(key, text, currentKey))
    return listings.sort((one, other) => other.renewed.valueOf() - one.renewed.valueOf())
  },

  /**
   * Ends the session of a handle that `list` gave, and says whether there was one. A handle is no permission: with
   * `user` only a session of that user ends, so give it whenever the handle comes from a browser. Throws `Unsupported`
   * where sessions are in cookies.
   */
  async revoke(where: Where, handle: string, user?: User): Promise<boolean> {
    const { driver, front } = place(where, 'revoke')
    const runner = stored(front, 'revoke')
    const owner = user === undefined ? undefined : named(user)
    // A form may have sent anything.
    if (typeof handle !== 'string' || !HANDLE.test(handle)) return false
    if (driver !== undefined) return Boolean(await driver.revoke(handle, owner))
    const { session } = front.engine.open('', ambient.now())
    session.revoke(handle, owner ?? null)
    await runner.run(session)
    return Boolean(session.revoked)
  },

  /**
   * Ends the user's sessions, those in cookies too where there is a store of revocations, and gives how many they
   * were; undefined for cookies, which nobody counts. That of the request ends too if it is the user's; with
   * `exceptCurrent` it goes on under a new id. Throws `Unsupported` without a store.
   */
  async revokeAll(where: Where, user: User, options: RevokeAllOptions = {}): Promise<number | undefined> {
    const { exceptCurrent = false } = options
    const { driver, front, current } = place(where, 'revokeAll')
    const { runner } = front
    if (exceptCurrent && current === undefined) {
      throw new TypeError('exceptCurrent: give the request, whose session is the current one')
    }
    if (runner === undefined) throw new Unsupported('revokeAll needs the option store or revocations')
    if (driver !== undefined) return driver.revokeAll(named(user), exceptCurrent)
    if (exceptCurrent) await current?.renew?.(named(user))
    const kept = exceptCurrent ? current?.key() : undefined
    const revocation = front.engine.revokeAll(named(user), kept)
    await runner.run(revocation)
    return revocation.count ?? undefined
  },
}

type Served = Pick<Front, 'engine' | 'runner'>

const places = new WeakMap<object, Place>()

/** Remembers what a middleware, or a request of a drop-in's, is served with. */
export function know(where: object, front: Served, current?: Current): void {
  places.set(where, { front, current })
}

/** A request's session. */
export interface Current {
  /** Its record's; none where it is not in the store. */
  key(): string | undefined
  /** Gives it a new id if it is this user's, so that a stolen copy of its cookie ends. A driver's does it by itself. */
  renew?(user: string): Promise<void>
}

interface Place {
  driver?: StoreDriver | undefined
  front: Served
  /** None of a middleware. */
  current: Current | undefined
}

function place(where: Where, caller: string): Place {
  const known = places.get(where)
  if (known !== undefined) return known
  const found = driverOf(where as IncomingMessage, caller)
  const driver = found instanceof StoreDriver ? found : undefined
  return { front: found.front, driver, current: driver && { key: () => driver.key } }
}

function listing(handle: string, text: string, current: string | undefined): Listing[] {
  const info = recordInfo(text)
  if (info === null) return []
  const { created, renewed, label } = info
  const isCurrent = handle === current
  return [{ handle, created: new Date(created), renewed: new Date(renewed), isCurrent, label }]
}

function stored({ runner }: Served, what: string): StoreRunner {
  if (runner?.mode === 'sessions') return runner
  throw new Unsupported(
    `${what}: sessions in cookies are known to nobody but the browsers; use the option store`,
  )
}

function named(user: unknown): string {
  const name = typeof user === 'number' || typeof user === 'bigint' ? String(user) : user
  // Half a surrogate pair is no text of a store's: two users would be one.
  if (typeof name === 'string' && name !== '' && !/\p{Surrogate}/u.test(name)) return name
  throw new TypeError('a user must be a string of Unicode that is not empty, or a number')
}
