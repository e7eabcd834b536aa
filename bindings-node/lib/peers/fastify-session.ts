// `shortcrust/fastify-session`: `@fastify/session` 11.1 for Fastify 4 and 5, which has `@fastify/cookie` before it.
import type { CookieSerializeOptions } from '@fastify/cookie'
import type * as Fastify from 'fastify'
import type { FastifyInstance, FastifyPluginCallback, FastifyRequest } from 'fastify'

import fp = require('fastify-plugin')

import type { LabelOption } from '../label.js'
import type { MergeOption } from '../merge-rules.js'
import { newId } from '../native.js'
import type { Store as OurStore } from '../stores/index.js'
import { warnOnce } from '../warnings.js'
import type { CookieSource } from './fastify-session/cookie.js'
import { Front, type Settings } from './fastify-session/front.js'
import * as signers from './fastify-session/signer.js'
import type { Callback, CallbackSession } from './fastify-session/store.js'
import * as stores from './fastify-session/store.js'
import { checkCookie, type RequestMembers } from './fastify-shared.js'
import { rowsOf } from './merge/choose.js'
import { type Merger, mergerOf } from './merge/index.js'
import type { AnyStore } from './merge/rows.js'
import { isOwnStore, OwnSessions, secondsOf } from './own/index.js'

const ID_BYTES = 24
const SECRET_LENGTH = 32

/**
 * Gives each request under the cookie's path a `session` that lives in a store.
 *
 * The options are those of `@fastify/session` 11.1, times in milliseconds. Wrong ones fail the registration.
 */
function fastifySession(
  fastify: FastifyInstance,
  options: fastifySession.FastifySessionOptions,
  next: (error?: Error) => void,
): void {
  try {
    install(fastify, settingsOf(options))
  } catch (error) {
    next(error as Error)
    return
  }
  next()
}

function install(fastify: FastifyInstance, settings: Settings): void {
  const front = new Front(settings)
  const decryptSession = (
    id: string,
    request: FastifyRequest,
    cookie: CookieSource | Callback,
    done?: Callback,
  ) => {
    if (typeof cookie === 'function') front.load(id, request, settings.cookie, cookie)
    else front.load(id, request, { ...settings.cookie, ...cookie }, done as Callback)
  }
  fastify.decorate('decryptSession', decryptSession)
  fastify.decorateRequest('sessionStore', { getter: () => settings.store })
  fastify.decorateRequest('session', null as never)
  fastify.addHook('onRequest', (request, reply, done) => front.open(request, reply, done))
  fastify.addHook('onSend', (request, reply, _payload, done) => front.close(request, reply, done))
}

function settingsOf(options: fastifySession.FastifySessionOptions): Settings {
  const { cookieName = '', cookiePrefix, idGenerator, rolling = true, saveUninitialized = true } = options
  const own = ownOf(options)
  const settings = {
    cookie: cookieOf(options.cookie ?? {}),
    cookieName: cookieName || 'sessionId',
    cookiePrefix: typeof cookiePrefix === 'string' ? cookiePrefix : '',
    generateId: own
      ? (request?: FastifyRequest) => own.newId(request?.raw)
      : idGenerator || (() => newId(ID_BYTES)),
    own,
    rolling,
    saveUninitialized,
    signer: signerOf(options),
    store:
      (own as fastifySession.SessionStore | undefined) ??
      ((options.store as fastifySession.SessionStore | undefined) || new stores.Store()),
    merger: own ? mergerOf<object>(own, own, options.merge) : merger(options),
  }
  const attributes = { ...settings.cookie, secure: settings.cookie.secure || false }
  checkCookie(settings.cookieName, attributes as CookieSerializeOptions)
  return settings
}

/** With a store of `shortcrust/stores`. */
function ownOf(options: fastifySession.FastifySessionOptions): OwnSessions | undefined {
  const { cookie, cookieName, idGenerator, peerExact, store } = options
  if (!isOwnStore(store)) return undefined
  if (idGenerator)
    throw new Error('idGenerator goes with no store of shortcrust/stores, whose ids are its own')
  if (peerExact) throw new Error('peerExact goes with no store of shortcrust/stores')
  return new OwnSessions(store, cookieName || 'sessionId', secondsOf(cookie?.maxAge), options)
}

function merger({
  merge,
  peerExact,
  store,
}: fastifySession.FastifySessionOptions): Merger<object> | undefined {
  const rows = peerExact || !store ? undefined : rowsOf(store as AnyStore)
  return mergerOf(store ?? {}, rows, merge)
}

function cookieOf(given: fastifySession.CookieOptions): CookieSource {
  return { ...given, secure: given.secure === undefined ? true : given.secure }
}

function signerOf({ algorithm, secret }: fastifySession.FastifySessionOptions): signers.Signer {
  const problem = wrongSecret(secret)
  if (problem !== undefined) throw new Error(problem)
  if (!isText(secret)) return secret
  const signer = signers.signer(secret, algorithm || 'sha256')
  if (Array.isArray(secret) && secret.some(({ length }) => length < SECRET_LENGTH)) {
    warnOnce('SHORTCRUST_SECRET', 'a secret of fastify-session is shorter than 32 characters')
  }
  return signer
}

function wrongSecret(secret: fastifySession.FastifySessionOptions['secret']): string | undefined {
  if (typeof secret === 'string' && secret.length < SECRET_LENGTH) {
    return 'the secret must have length 32 or greater'
  }
  if (Array.isArray(secret) && secret.length === 0) return 'at least one secret is required'
  if (isText(secret) || (typeof secret?.sign === 'function' && typeof secret.unsign === 'function')) return
  return 'the secret option is required, and must be a String, Array of Strings, or a signer object with .sign and .unsign methods'
}

function isText(secret: fastifySession.FastifySessionOptions['secret']): secret is string | string[] {
  return typeof secret === 'string' || Array.isArray(secret)
}

type Plugin = FastifyPluginCallback<fastifySession.FastifySessionOptions>

interface ExpressSessionData {
  /** As express-session has it. */
  cookie: {
    originalMaxAge: number | null
    maxAge?: number
    signed?: boolean
    expires?: Date | null
    httpOnly?: boolean
    path?: string
    domain?: string
    secure?: boolean | 'auto'
    sameSite?: boolean | 'lax' | 'strict' | 'none'
  }
}

/** A base too. */
interface StoreMembers {
  sessionStore: Readonly<fastifySession.SessionStore>
}

declare namespace fastifySession {
  interface FastifySession extends Plugin {
    Store: typeof MemoryStore
    MemoryStore: typeof MemoryStore
  }

  export interface FastifySessionObject extends Fastify.Session {
    sessionId: string
    /** The id with its signature, as in the cookie. */
    encryptedSessionId: string
    /** The cookie lives its whole time again. */
    touch(): void
    /** Ends this session and begins another under a new id, which keeps the named fields. */
    regenerate(callback: Callback): void
    regenerate(ignoreFields: string[], callback: Callback): void
    regenerate(): Promise<void>
    regenerate(ignoreFields: string[]): Promise<void>
    /** Sets attributes of this session's cookie; `maxAge` in milliseconds. */
    options(opts: Partial<CookieOptions>): void
    /** Removes the session from the store; `request.session` is null from then on. */
    destroy(callback: Callback): void
    destroy(): Promise<void>
    /** `request.session` becomes what the store has. */
    reload(callback: Callback): void
    reload(): Promise<void>
    /** Writes the session to the store now. */
    save(callback: Callback): void
    save(): Promise<void>
    set<K extends keyof Fastify.Session>(key: K, value: Fastify.Session[K]): void
    get<K extends keyof Fastify.Session>(key: K): Fastify.Session[K] | undefined
    /** Whether anything but the cookie changed since it was loaded or saved. */
    isModified(): boolean
    /** Whether it was saved in this request. */
    isSaved(): boolean
  }

  /** Any store of express-session is one. */
  export interface SessionStore {
    set(sessionId: string, session: Fastify.Session, callback: Callback): void
    get(sessionId: string, callback: CallbackSession): void
    destroy(sessionId: string, callback: Callback): void
  }

  export interface FastifySessionOptions {
    /** At least 32 characters; of a list the first signs and all verify, and it may be changed at any time. */
    secret: string | string[] | signers.Signer
    /** Default `sha256`. */
    algorithm?: string
    /** Default `sessionId`. */
    cookieName?: string
    cookie?: CookieOptions
    /** Default a `MemoryStore`, for development. */
    store?: SessionStore | OurStore
    /** With a store of `shortcrust/stores`: what a request has whose store fails; default `error`. */
    outage?: 'empty' | 'error'
    /** With a store of `shortcrust/stores`: labels for users' sessions, made of `request.raw`; default none. */
    label?: LabelOption
    /** With a store of `shortcrust/stores`: where the application keeps its user, as in `shortcrust/express`. */
    userKey?: string
    /** Requests on one session that overlap overwrite one another's changes, as in the peer; default false. */
    peerExact?: boolean
    /** With `store`: numbers whose changes are added up, such as `{ visits: 'add' }`; default none. */
    merge?: MergeOption
    /** Whether new sessions are saved though nothing was put into them. Default true. */
    saveUninitialized?: boolean
    /** Whether each response sets the cookie. Default true. */
    rolling?: boolean
    /** Default 24 random bytes in base64url. */
    idGenerator?(request?: FastifyRequest): string
    /** Stands before the value; `s:` is express-session's. Default none. */
    cookiePrefix?: string
  }

  export interface CookieOptions
    extends Omit<CookieSerializeOptions, 'signed' | 'maxAge' | 'httpOnly' | 'secure'> {
    /** Milliseconds. Goes before `expires`. */
    maxAge?: number
    /** Default true. */
    httpOnly?: boolean
    /** Default true; `auto` is as the connection is. */
    secure?: boolean | 'auto'
  }

  /** Keeps sessions in a Map, which is its `store`. */
  export class MemoryStore implements SessionStore {
    constructor(map?: Map<string, Fastify.Session>)
    set(sessionId: string, session: Fastify.Session, callback: Callback): void
    get(sessionId: string, callback: CallbackSession): void
    destroy(sessionId: string, callback: Callback): void
  }

  export const Store: typeof MemoryStore
  export const fastifySession: FastifySession
  export { fastifySession as default }
}

declare module 'fastify' {
  interface FastifyInstance {
    decryptSession<Request extends object = FastifyRequest>(
      sessionId: string,
      request: Request,
      cookieOpts: fastifySession.CookieOptions,
      callback: Callback,
    ): void
    decryptSession<Request extends object = FastifyRequest>(
      sessionId: string,
      request: Request,
      callback: Callback,
    ): void
  }

  interface FastifyRequest extends RequestMembers, StoreMembers {}

  interface Session extends ExpressSessionData {}
}

declare module './fastify-shared.js' {
  interface SessionTypes {
    session: fastifySession.FastifySessionObject
  }
}

fp(fastifySession, { fastify: '4.x || 5.x', name: '@fastify/session', dependencies: ['@fastify/cookie'] })
Object.assign(fastifySession, { default: fastifySession, fastifySession })
Object.assign(fastifySession, { MemoryStore: stores.Store, Store: stores.Store })

// What Node's lexer of CommonJS looks for, so that ESM can import these by name.
exports.default = exports.fastifySession = exports.MemoryStore = exports.Store = undefined

export = fastifySession
