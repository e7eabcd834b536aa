// `shortcrust/fastify-secure-session`: `@fastify/secure-session` 8.4 for Fastify 4 and 5.
import type { CookieSerializeOptions } from '@fastify/cookie'
import type { FastifyBaseLogger, FastifyInstance, FastifyPluginCallback } from 'fastify'

import fp = require('fastify-plugin')

import { ConfigError } from '../errors.js'
import { Front, type Settings } from './fastify-secure-session/front.js'
import { type KeyOptions, type Keys, keysOf } from './fastify-secure-session/keys.js'
import { type Data, session } from './fastify-secure-session/session.js'
import { checkCookie, type RequestMembers } from './fastify-shared.js'

/** A second over a day. */
const EXPIRY = 86_401

/**
 * Gives each request sessions that live in sealed cookies; several where the options are a list.
 *
 * The options are those of `@fastify/secure-session` 8.4, times in seconds. Wrong ones fail the registration.
 * Registers `@fastify/cookie`, which the application has installed, where that isn't yet.
 */
function fastifySecureSession(
  fastify: FastifyInstance,
  options: Options | (Options & Named)[],
  next: (error?: Error) => void,
): void {
  install(fastify, Array.isArray(options) ? options : [options]).then(() => next(), next)
}

async function install(fastify: FastifyInstance, all: Options[]): Promise<void> {
  const sessions = new Map<string, Settings>()
  let secret: Keys['cookieSecret'] | undefined
  for (const options of all) {
    const { keys, cookieSecret } = await keysOf(options as KeyOptions)
    const name = options.sessionName || 'session'
    sessions.set(name, settingsOf(options, name, keys))
    fastify.decorateRequest(name, null)
    secret = cookieSecret
  }
  const front = new Front(fastify, sessions)
  decorate(fastify, front)
  if (!fastify.hasPlugin('@fastify/cookie')) fastify.register(cookiePlugin(), { secret })
  // Registered, so that the hooks come behind those of `@fastify/cookie`.
  fastify.register(fp((instance, _options, next) => addHooks(instance, front, next)))
}

function decorate(fastify: FastifyInstance, front: Front): void {
  const create = (data: Data = {}) => session(data)
  const { decode, encode } = front
  fastify.decorate('createSecureSession', create as FastifyInstance['createSecureSession'])
  fastify.decorate('decodeSecureSession', decode.bind(front) as FastifyInstance['decodeSecureSession'])
  fastify.decorate('encodeSecureSession', encode.bind(front) as FastifyInstance['encodeSecureSession'])
}

function addHooks(fastify: FastifyInstance, front: Front, next: () => void): void {
  fastify.addHook('onRequest', (request, _reply, done) => {
    front.load(request)
    done()
  })
  fastify.addHook('onSend', (request, reply, _payload, done) => {
    front.save(request, reply)
    done()
  })
  next()
}

function cookiePlugin(): FastifyPluginCallback<{ secret: Keys['cookieSecret'] | undefined }> {
  try {
    return require('@fastify/cookie')
  } catch (error) {
    const isMissing = (error as NodeJS.ErrnoException).code === 'MODULE_NOT_FOUND'
    if (!isMissing) throw error
    throw new ConfigError('option', 'fastify-secure-session needs @fastify/cookie: install it', {
      cause: error,
    })
  }
}

function settingsOf(options: Options, name: string, keys: Uint8Array[]): Settings {
  const cookie = options.cookieOptions || options.cookie || {}
  const settings = {
    cookie: { ...cookie, httpOnly: cookie.httpOnly === undefined ? true : cookie.httpOnly },
    cookieName: options.cookieName || name,
    expiry: options.expiry || EXPIRY,
    keys,
  }
  checkCookie(settings.cookieName, settings.cookie)
  return settings
}

type Options = fastifySecureSession.SecureSessionPluginOptions
type Named = Required<Pick<Options, 'sessionName'>>
type FastifySecureSession = FastifyPluginCallback<Options | (Options & Named)[]>

declare namespace fastifySecureSession {
  /** To be augmented with the keys of the application's sessions. */
  // biome-ignore lint/suspicious/noEmptyInterface: a type could not be augmented
  export interface SessionData {}

  export type Session<T = SessionData> = Partial<T> & {
    /** Whether the response sets the cookie. */
    changed: boolean
    /** Whether the response removes the cookie. */
    deleted: boolean
    get<Key extends keyof T>(key: Key): T[Key] | undefined
    // biome-ignore lint/suspicious/noExplicitAny: as the peer types what it does not know
    get(key: string): any | undefined
    set<Key extends keyof T>(key: Key, value: T[Key] | undefined): void
    /** A shallow copy. */
    data(): T | undefined
    /** The response removes the cookie. */
    delete(): void
    /** Attributes for this response's cookie, `maxAge` in seconds. */
    options(opts: CookieSerializeOptions): void
    /** The response sets the cookie though no data changed. */
    touch(): void
    /** Removes all data but the fields that are to be kept. */
    regenerate(ignoreFields?: string[]): void
  }

  export type SecureSessionPluginOptions = {
    /** Attributes, `maxAge` in seconds. */
    cookie?: CookieSerializeOptions
    /** Goes before `cookie`. */
    cookieOptions?: CookieSerializeOptions
    /** Default the session's name. */
    cookieName?: string
    /** The request's property. Default `session`. */
    sessionName?: string
    /** Seconds since the last change after which a session is empty. Default a day and a second. */
    expiry?: number
  } & (
    | {
        /** 32 bytes, or those in base64; of a list the first seals and all open. */
        key: string | Buffer | (string | Buffer)[]
      }
    | {
        /** At least 32 bytes. */
        secret: string | Buffer
        /** 16 bytes. */
        salt: string | Buffer
      }
  )

  export const fastifySecureSession: FastifySecureSession
  export { fastifySecureSession as default }
}

declare module 'fastify' {
  interface FastifyInstance {
    // biome-ignore lint/suspicious/noExplicitAny: as in the peer
    createSecureSession(data?: Record<string, any>): fastifySecureSession.Session
    decodeSecureSession(
      cookie: string,
      log?: FastifyBaseLogger,
      sessionName?: string,
    ): fastifySecureSession.Session | null
    encodeSecureSession(session: fastifySecureSession.Session, sessionName?: string): string
  }

  interface FastifyRequest extends RequestMembers {}
}

declare module './fastify-shared.js' {
  interface SessionTypes {
    secureSession: fastifySecureSession.Session
  }
}

fp(fastifySecureSession, { fastify: '4.x || 5.x', name: '@fastify/secure-session' })
Object.assign(fastifySecureSession, { default: fastifySecureSession, fastifySecureSession })

// What Node's lexer of CommonJS looks for, so that ESM can import these by name.
exports.default = exports.fastifySecureSession = undefined

export = fastifySecureSession
