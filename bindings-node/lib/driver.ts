// One request's session between http and the native module; no framework in here.
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { TLSSocket } from 'node:tls'

import vary = require('vary')

import { ambient } from './ambient.js'
import { SealError, ShortcrustError } from './errors.js'
import { type Closed, close, type Engine, type NativeSession, type Shown } from './native.js'
import { type Data, decode, encode } from './projection.js'
import { type Commands, contents, Session } from './session.js'

const ENDED = { text: '{}', kinds: '' }
const LATE = "the session was changed after the response's headers were sent: the change is lost"

export class Driver implements Commands {
  readonly #engine: Engine
  readonly #name: string
  readonly #request: IncomingMessage
  readonly #response: ServerResponse
  #opened = false
  #reason: string | undefined
  /** None where no cookie of the name came: then there is nothing that it would know. */
  #native: NativeSession | null = null
  /** What the data were read from; none where they have no past. */
  #incoming: Shown | undefined = { text: '{}' }
  #session: Session | undefined
  /** What the session was when the head was written. */
  #written: string | undefined

  constructor(engine: Engine, name: string, request: IncomingMessage, response: ServerResponse) {
    this.#engine = engine
    this.#name = name
    this.#request = request
    this.#response = response
  }

  get session(): Session | undefined {
    this.#open()
    if (this.#response.headersSent) this.#watch()
    return this.#session
  }

  set session(value: unknown) {
    this.#open()
    if (this.#response.headersSent) this.#watch()
    if (value === null || value === undefined) this.destroy()
    else if (typeof value !== 'object' || Array.isArray(value)) {
      throw new TypeError('req.session must be set to an object, or to null to end it')
    } else if (value !== this.#session) {
      if (this.#session === undefined) this.#renew('logout')
      this.#session = new Session(this, value as Data)
    }
  }

  /** Why no session came in; undefined where one did. Once the head is written, also why none was set. */
  get reason(): string | undefined {
    this.#open()
    return this.#reason
  }

  destroy(): void {
    this.#open()
    this.#native?.destroy()
    this.#session = undefined
  }

  regenerate(): void {
    this.#renew('privilege')
    this.#session = new Session(this, {})
  }

  reload(): void {
    const shown = this.#native?.reload()
    if (!shown) throw new ShortcrustError('not_found', 'no session came with the request, or it has ended')
    this.#session = new Session(this, decode(shown))
  }

  /** The cookie is written with the head; here it shows in time whether that will do. */
  save(): void {
    if (!this.#response.headersSent) this.#seal()
    else if (this.#isLate()) throw new SealError('late', LATE)
  }

  touch(): void {
    this.#native?.touch()
  }

  /** Before the response's head is written. A session that can't be sealed leaves the response as it is. */
  writeHead(): void {
    if (!this.#opened) return
    vary(this.#response, 'Cookie')
    try {
      this.#setHeaders(this.#seal())
    } catch (error) {
      const { code, message } = error as SealError
      this.#reason = code
      warn('SHORTCRUST_NOT_SAVED', `the session was not saved (${code}): ${message}`)
    }
  }

  #open(): void {
    if (this.#opened) return
    this.#opened = true
    const header = decoded(this.#request.headers.cookie ?? '')
    if (!header.includes(this.#name)) {
      this.#reason = 'no_cookie'
      this.#session = new Session(this, {})
      return
    }
    const { session, text, kinds, reason } = this.#engine.open(header, ambient.now())
    this.#native = session
    this.#reason = reason
    if (text !== undefined) this.#incoming = { text, kinds }
    this.#session = new Session(this, text === undefined ? {} : this.#decode({ text, kinds }))
  }

  /** Reading is total: what the core shows is JSON, and if it once is not, the session is empty. */
  #decode(shown: Shown): Data {
    try {
      return decode(shown)
    } catch {
      this.#reason = 'internal'
      this.#incoming = { text: '{}' }
      return {}
    }
  }

  #renew(why: 'logout' | 'privilege'): void {
    this.#native?.regenerate(why, undefined, ambient.now())
    this.#incoming = undefined
  }

  #seal(): Closed | null {
    const native = this.#native
    const { text, kinds } = this.#session === undefined ? ENDED : encode(contents(this.#session))
    this.#written = text + kinds
    const untouched = text === this.#incoming?.text && kinds === (this.#incoming.kinds ?? '')
    if (native === null && (untouched || this.#session === undefined)) return null
    const json = untouched ? null : text
    return close(this.#engine, native, json, kinds, isSecure(this.#request), ambient.now(), ambient.entropy)
  }

  #setHeaders(closed: Closed | null): void {
    if (closed === null) return
    const response = this.#response
    for (const cookie of closed.cookies) response.appendHeader('Set-Cookie', cookie)
    const theirs = String(response.getHeader('Cache-Control') ?? '')
    if (closed.cacheControl !== undefined && !/\b(private|no-store)\b/i.test(theirs)) {
      response.setHeader('Cache-Control', closed.cacheControl)
    }
  }

  /** The getter can't see what is done to what it gives, so look again when the caller has done it. */
  #watch(): void {
    if (warned.has(LATE)) return
    this.#written ??= this.#snapshot()
    queueMicrotask(() => {
      if (this.#isLate()) warnOnce('SHORTCRUST_LATE_CHANGE', LATE)
    })
  }

  #isLate(): boolean {
    return this.#written !== undefined && this.#snapshot() !== this.#written
  }

  #snapshot(): string {
    try {
      const { text, kinds } = this.#session === undefined ? ENDED : encode(contents(this.#session))
      return text + kinds
    } catch {
      return ''
    }
  }
}

/** Not a property of the request: where Express has changed its prototype, each costs more than all of this. */
const drivers = new WeakMap<IncomingMessage, Driver>()

export function attach(driver: Driver, request: IncomingMessage): void {
  drivers.set(request, driver)
  Object.defineProperty(request, 'session', {
    configurable: true,
    enumerable: true,
    get: () => driver.session,
    set: (value: unknown) => {
      driver.session = value
    },
  })
}

/** Why no session came with the request: `no_cookie`, `expired`, ...; undefined where one did. */
export function reason(request: IncomingMessage): string | undefined {
  const driver = drivers.get(request)
  if (driver) return driver.reason
  throw new ShortcrustError('option', 'reason(req): put session() before it, and no other session middleware')
}

/** Node reads headers as Latin-1; a MAC is over the bytes on the wire, which the core takes as UTF-8. */
function decoded(header: string): string {
  return /[\x80-\xff]/.test(header) ? Buffer.from(header, 'latin1').toString() : header
}

function isSecure(request: IncomingMessage & { secure?: boolean }): boolean {
  return request.secure ?? (request.socket as TLSSocket | null)?.encrypted === true
}

const warned = new Set<string>()

export function warnOnce(code: string, message: string): void {
  if (warned.has(message)) return
  warned.add(message)
  warn(code, message)
}

function warn(code: string, message: string): void {
  process.emitWarning(message, { type: 'ShortcrustWarning', code })
}
