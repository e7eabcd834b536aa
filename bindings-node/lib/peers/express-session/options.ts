import type { CipherKey } from 'node:crypto'

import { newId } from '../../native.js'
import type { Store as OurStore } from '../../stores/index.js'
import { checkAttributes, checkKeys } from '../cookie-jar.js'
import { rowsOf } from '../merge/choose.js'
import { type Merger, mergerOf } from '../merge/index.js'
import type { Rows } from '../merge/rows.js'
import { isOwnStore, OwnSessions, secondsOf } from '../own/index.js'
import { Cookie } from './cookie.js'
import { isSecure } from './incoming.js'
import { MemoryRows, MemoryStore } from './memory-store.js'
import { OwnStore } from './own-store.js'
import { Session } from './session.js'
import { adopt, type Store } from './store.js'
import type { CookieInit, CookieSource, Deprecate, Options, Request } from './types.js'

const MEMORY_IN_PRODUCTION =
  'Warning: connect.session() MemoryStore is not\n' +
  'designed for a production environment, as it will leak\n' +
  'memory, and will not scale past a single process.'
const ID_BYTES = 24

export interface Settings {
  readonly cookie: CookieSource
  readonly deprecate: Deprecate
  /** None where the peer's way was asked for. */
  readonly merger: Merger<Session> | undefined
  readonly genid: (request: Request) => string
  readonly name: string
  /** None but with a store of `shortcrust/stores`. */
  readonly own: OwnSessions | undefined
  readonly proxy: boolean | undefined
  readonly resave: boolean
  readonly rolling: boolean
  readonly saveUninitialized: boolean
  /** The first signs; none: `req.secret`. */
  readonly secrets: CipherKey[] | undefined
  readonly store: Store
  readonly unset: 'destroy' | 'keep'
}

/** What was asked for, or a `TypeError` that says what is wrong with it. */
export function settled(options: Options, deprecate: Deprecate): Settings {
  const { cookie, genid, key, name, proxy, resave, rolling, saveUninitialized, store, unset } = options
  if (genid && typeof genid !== 'function') throw new TypeError('genid option must be a function')
  // Each in a place of its own: depd tells once of each place.
  if (resave === undefined) deprecate('undefined resave option; provide resave option')
  if (saveUninitialized === undefined) {
    deprecate('undefined saveUninitialized option; provide saveUninitialized option')
  }
  if (unset && unset !== 'destroy' && unset !== 'keep') {
    throw new TypeError('unset option must be "destroy" or "keep"')
  }
  const cookieName = name || key || 'connect.sid'
  const used = isOwnStore(store) ? ownStore(store, cookieName, options) : store || new MemoryStore()
  const own = used instanceof OwnStore ? used.sessions : undefined
  const settings: Settings = {
    cookie: cookie || {},
    deprecate,
    genid: own ? (request) => own.newId(request) : genid || (() => newId(ID_BYTES)),
    name: cookieName,
    own,
    proxy,
    resave: resave === undefined || resave,
    rolling: Boolean(rolling),
    saveUninitialized: saveUninitialized === undefined || saveUninitialized,
    secrets: listed(options.secret, deprecate),
    store: used,
    merger: mergerOf(used, options.peerExact === true ? undefined : rowsFor(used), options.merge),
    unset: unset || 'keep',
  }
  warn(settings)
  return settings
}

function rowsFor(store: Store): Rows<Session> {
  if (store instanceof OwnStore) return store.sessions
  return store instanceof MemoryStore ? new MemoryRows(store) : rowsOf<Session>(store)
}

/** A store of ours does as the core says: of what it keeps nothing else may be asked. */
function ownStore(store: OurStore, name: string, options: Options): OwnStore {
  const { cookie, genid, peerExact } = options
  if (genid)
    throw new TypeError('genid option goes with no store of shortcrust/stores, whose ids are its own')
  if (peerExact) throw new TypeError('peerExact option goes with no store of shortcrust/stores')
  const fixed = typeof cookie === 'function' ? {} : (cookie ?? {})
  return new OwnStore(new OwnSessions(store, name, secondsOf(fixed.maxAge), options), fixed)
}

/** Makes the store give out our sessions. */
export function prepare(settings: Settings): void {
  const { genid, store } = settings
  store.generate = (request) => {
    request.sessionID = genid(request)
    const session = new Session(request)
    request.session = session
    session.cookie = newCookie(request, settings)
  }
  if (!(store instanceof OwnStore)) adopt(store)
}

/** The options for a request's cookie. */
export function cookieFor(request: Request, { cookie }: Settings): CookieInit {
  return typeof cookie === 'function' ? cookie(request) : cookie
}

function newCookie(request: Request, settings: Settings): Cookie {
  const options = cookieFor(request, settings)
  if (typeof settings.cookie === 'function') checkCookie(options)
  const cookie = new Cookie(options)
  const secure = isSecure(request, settings.proxy)
  // `auto` from a function stays what it is, as with the peer.
  const { cookie: fixed } = settings
  if ('secure' in fixed && fixed.secure === 'auto') cookie.secure = secure
  if ('sameSite' in fixed && fixed.sameSite === 'auto') cookie.sameSite = secure ? 'none' : 'lax'
  return cookie
}

function listed(secret: Options['secret'], deprecate: Deprecate): CipherKey[] | undefined {
  if (!secret) {
    deprecate('req.secret; provide secret option')
    return undefined
  }
  const secrets = Array.isArray(secret) ? secret : [secret]
  if (secrets.length === 0) {
    throw new TypeError('secret option array must contain one or more strings')
  }
  return secrets
}

function warn({ cookie, secrets, store }: Settings): void {
  // The text is one that people look for.
  if (process.env.NODE_ENV === 'production' && store instanceof MemoryStore) {
    console.warn(MEMORY_IN_PRODUCTION)
  }
  checkKeys(secrets ?? [])
  if (typeof cookie !== 'function') checkCookie(cookie)
}

function checkCookie(options: CookieInit | undefined): void {
  const { partitioned, sameSite, secure } = options ?? {}
  checkAttributes({ partitioned, sameSite: sameSite as 'none', secure: Boolean(secure) })
}
