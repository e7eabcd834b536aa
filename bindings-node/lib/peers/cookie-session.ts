// `shortcrust/cookie-session`: cookie-session 2.1, signed by the native module.
import type { IncomingMessage, ServerResponse } from 'node:http'

import Cookies = require('cookies')
import createDebug = require('debug')
import onHeaders = require('on-headers')

import { warnOnce } from '../warnings.js'
import { decode, encode } from './base64-json.js'
import { checkAttributes, checkKeys, read, write } from './cookie-jar.js'
import type { CookieOptions } from './cookie-options.js'

import Keygrip = require('./keygrip.js')

const debug = createDebug('cookie-session')

/** Middleware that gives each request a `session` kept in a signed cookie. */
function cookieSession(options?: cookieSession.CookieSessionOptions | null): cookieSession.Middleware {
  const settings = options ?? {}
  const keys = keysOf(settings)
  const name = settings.name || 'session'
  settings.overwrite ??= true
  settings.httpOnly ??= true
  settings.signed ??= true
  if (!keys && settings.signed) throw new Error('.keys required.')
  checkAttributes(settings)
  checkPlace(settings)

  return function cookieSession(request, response, next) {
    // A list is read at each request, so that keys may be put in and taken out. Not before somebody asks, since most
    // requests of many sites touch no session.
    const jar = () => new Cookies(request, response, { keys: Array.isArray(keys) ? new Keygrip(keys) : keys })
    request.sessionOptions = Object.create(settings)
    const holder = new Holder(jar, name, request, settings.passport === true)
    Object.defineProperty(request, 'session', {
      configurable: true,
      enumerable: true,
      get: () => holder.session,
      set: (value: unknown) => {
        holder.session = value
      },
    })
    onHeaders(response, () => holder.writeHead())
    next()
  }
}

namespace cookieSession {
  export type CookieSessionOptions = CookieSessionInterfaces.CookieSessionOptions
  export type CookieSessionObject = CookieSessionInterfaces.CookieSessionObject
  export type CookieSessionRequest = CookieSessionInterfaces.CookieSessionRequest
  /** Connect-style, so for Express 4, Express 5 and node:http. */
  export type Middleware = (
    request: IncomingMessage & Partial<CookieSessionRequest>,
    response: ServerResponse,
    next: (error?: unknown) => void,
  ) => void
}

// biome-ignore lint/suspicious/noExplicitAny: as in cookie-session's types
type Any = any

/** Apart, since an interface that is declared twice may say this once. */
interface Entries {
  [key: string]: Any
}

declare global {
  namespace CookieSessionInterfaces {
    interface CookieSessionOptions extends CookieOptions {
      /** The cookie's name, by default `session`. */
      name?: string | undefined
      /** The first key signs, all verify. */
      keys?: string[] | Keygrip | undefined
      /** The one key, where there are no `keys`. */
      secret?: string | undefined
      /** Milliseconds from each write on. */
      maxAge?: number | undefined
      /** Whether sessions have the `regenerate` and `save` that Passport 0.6 and later call; by default false. */
      passport?: boolean | undefined
    }

    interface CookieSessionObject extends Entries {
      /** Whether it differs from what came with the request. */
      isChanged?: boolean | undefined
      /** Whether none came with the request. */
      isNew?: boolean | undefined
      /** Whether it has any keys. */
      isPopulated?: boolean | undefined
    }

    interface CookieSessionRequest {
      /** `null` ends the session. */
      session?: CookieSessionObject | null | undefined
      /** The options for this request alone. */
      sessionOptions: CookieSessionOptions
    }
  }

  namespace Express {
    interface Request extends CookieSessionInterfaces.CookieSessionRequest {}
  }
}

type Request = Parameters<cookieSession.Middleware>[0]

/** Where a session comes from. */
interface Origin {
  readonly isNew: boolean
  /** The cookie's value. */
  readonly value?: string
  readonly regenerate: () => void
}

/** The data as own enumerable properties. */
class Session {
  declare readonly _ctx: Origin

  constructor(origin: Origin, data: object) {
    Object.defineProperty(this, '_ctx', { value: origin })
    const entries = data as Record<string, unknown>
    // What objects and sessions have already stays theirs.
    for (const key in entries) if (!(key in this)) (this as Record<string, unknown>)[key] = entries[key]
  }

  get isChanged(): boolean {
    return this._ctx.isNew || this._ctx.value !== encode(this)
  }

  get isNew(): boolean {
    return this._ctx.isNew
  }

  get isPopulated(): boolean {
    return Object.keys(this).length > 0
  }
}

/** With what Passport calls at login and logout. */
class PassportSession extends Session {
  /** An empty session takes the place of this one. */
  regenerate(done?: (error?: unknown) => void): void {
    this._ctx.regenerate()
    done?.()
  }

  /** The cookie is set with the response's head. */
  save(done?: (error?: unknown) => void): void {
    done?.()
  }
}

/** One request's session: undefined while nobody asked for it, null once it has ended. */
class Holder {
  readonly #makeJar: () => Cookies
  #madeJar: Cookies | undefined
  readonly #name: string
  readonly #request: Request
  readonly #Session: typeof Session
  #session: Session | null | undefined
  #wasSent = false

  constructor(jar: () => Cookies, name: string, request: Request, isForPassport: boolean) {
    this.#makeJar = jar
    this.#name = name
    this.#request = request
    this.#Session = isForPassport ? PassportSession : Session
  }

  get session(): Session | null {
    if (this.#session === undefined) this.#session = this.#open() ?? this.#make({})
    return this.#session
  }

  set session(value: unknown) {
    if (value === null || value === undefined) this.#session = null
    else if (typeof value === 'object') this.#session = this.#make(value)
    else throw new Error('req.session can only be set as null or an object.')
  }

  writeHead(): void {
    try {
      if (this.#session === null) this.#write('')
      else if (this.#session && isWorthWriting(this.#session)) this.#write(encode(this.#session))
    } catch (error) {
      debug('error saving session %s', (error as Error).message)
      warnOnce('SHORTCRUST_SAVE', 'a session could not be saved: with DEBUG=cookie-session the log says why')
    }
  }

  #open(): Session | undefined {
    const value = read(this.#jar, this.#name, this.#options)
    if (!value) return undefined
    try {
      const session = this.#make(objectOr(decode(value)), { isNew: false, value })
      this.#wasSent = true
      return session
    } catch {
      return undefined
    }
  }

  #make(data: object, origin: Omit<Origin, 'regenerate'> = { isNew: true }): Session {
    return new this.#Session({ ...origin, regenerate: () => this.#regenerate() }, data)
  }

  /** Where a session came in, its cookie has to go even if the next one stays empty. */
  #regenerate(): void {
    this.#session = this.#make({}, { isNew: !this.#wasSent })
  }

  #write(value: string): void {
    debug('%s %s', value === '' ? 'remove' : 'save', this.#name)
    write(this.#jar, this.#name, value, this.#options)
  }

  get #jar(): Cookies {
    this.#madeJar ??= this.#makeJar()
    return this.#madeJar
  }

  get #options(): CookieOptions {
    return this.#request.sessionOptions as CookieOptions
  }
}

function keysOf({
  keys,
  secret,
}: CookieSessionInterfaces.CookieSessionOptions): string[] | Keygrip | undefined {
  if (typeof keys === 'string' && keys !== '') throw new TypeError('keys must be an array, not a string')
  const found = keys || (secret ? [secret] : undefined)
  if (Array.isArray(found)) checkKeys(found)
  return found
}

/** cookie-session's older `cookies` takes what ours refuses; better now than at each response, where nobody looks. */
function checkPlace({ domain, path }: CookieOptions): void {
  new Cookies.Cookie('name', 'value', { domain, path })
}

/** Else the letters of a string and the items of an array would be entries. */
function objectOr(data: unknown): object {
  return typeof data === 'object' && data !== null && !Array.isArray(data) ? data : {}
}

function isWorthWriting(session: Session): boolean {
  return (!session.isNew || session.isPopulated) && session.isChanged
}

export = cookieSession
