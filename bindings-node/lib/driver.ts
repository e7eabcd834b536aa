// One request's session between http and the native module; no framework in here.
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { TLSSocket } from 'node:tls'

import vary = require('vary')

import { ambient } from './ambient.js'
import { SealError, ShortcrustError } from './errors.js'
import { addCookies, isHeadWritten, takesHeaders } from './head.js'
import type { LabelOption } from './label.js'
import { type Closed, close, type Engine, loginSession, type NativeSession, type Opened } from './native.js'
import { type Data, decode, type Encoded, encode } from './projection.js'
import { type Command, type Commands, contents, Session } from './session.js'
import type { StoreRunner } from './store-runner.js'
import { microtask } from './timers.js'

/** What the requests of one middleware have in common. */
export interface Front {
  readonly engine: Engine
  /** Of the cookies that are read: ours, and those of libraries whose sessions are taken over. */
  readonly names: readonly string[]
  /** Where sessions are kept, or which of those in cookies are revoked. */
  readonly runner: StoreRunner | undefined
  /** Makes labels for users' sessions that have none. */
  readonly label?: LabelOption | undefined
}

export type View = { text: string; kinds?: string | undefined }

export const ENDED: Encoded = { text: '{}', kinds: '' }
export const LATE = "the session was changed after the response's headers were sent: the change is lost"

export class Driver implements Commands {
  readonly front: Front
  protected readonly request: IncomingMessage
  protected readonly response: ServerResponse
  /** Somebody has looked at the session. */
  protected isSeen = false
  protected why: string | undefined
  /** None where no cookie of the name came: then there is nothing that it would know. */
  protected native: NativeSession | null = null
  protected current: Session | undefined
  /** What the data were read from; none where they have no past. */
  protected incoming: View | undefined = { text: '{}' }
  /** What the session was when the head was written. */
  protected written: string | undefined

  constructor(front: Front, request: IncomingMessage, response: ServerResponse) {
    this.front = front
    this.request = request
    this.response = response
  }

  get session(): Session | undefined {
    this.look()
    if (this.isOver()) this.#watch()
    return this.current
  }

  set session(value: unknown) {
    this.look()
    if (this.isOver()) this.#watch()
    if (value === null || value === undefined) this.drop()
    else if (typeof value !== 'object' || Array.isArray(value)) {
      throw new TypeError('req.session must be set to an object, or to null to end it')
    } else if (value !== this.current) {
      if (this.current === undefined) {
        this.command(() => {
          this.native?.logout(ambient.now())
          this.moved()
        })
      }
      this.current = new Session(this, value as Data)
    }
  }

  /** Why no session came in; undefined where one did. Once the head is written, also why none was set. */
  get reason(): string | undefined {
    this.look()
    return this.why
  }

  /** Whose session it is; undefined where it is nobody's. */
  get user(): string | undefined {
    this.look()
    return this.native?.user ?? undefined
  }

  destroy(): Command {
    this.drop()
  }

  regenerate(): Command {
    return this.command(() => {
      this.native?.regenerate(ambient.now())
      this.moved()
      this.current = new Session(this, {})
    })
  }

  reload(): Command {
    this.show(this.native?.reload())
  }

  /** The cookie is written with the head; here it shows in time whether that will do. */
  save(): Command {
    if (!this.isHeadWritten) this.seal()
    else if (this.isLate()) throw new SealError('late', LATE)
  }

  touch(): Command {
    return this.command(() => this.native?.touch())
  }

  /** From now on the session is this user's, under a new id; another user's data stay behind. */
  login(user: string, label = ''): Command {
    this.look()
    this.refuseLate()
    return this.command(() => {
      this.native ??= this.fresh()
      const left = this.native.isOfOther(user) ? this.left() : undefined
      const json = left === undefined || this.isAsRead(left) ? null : left.text
      const shown = loginSession(this.native, user, json, left?.kinds ?? '', ambient.now())
      this.native.describe(label)
      this.moved()
      if (shown !== null) this.current = new Session(this, decode(shown))
      this.current ??= new Session(this, {})
    })
  }

  /** From now on the session is nobody's and empty, and under a new id if something is put into it. */
  logout(): Command {
    this.look()
    this.refuseLate()
    return this.command(() => {
      this.native?.logout(ambient.now())
      this.moved()
      this.current = new Session(this, {})
    })
  }

  /** No cookie can be set any more, or never could. */
  protected get isHeadWritten(): boolean {
    return isHeadWritten(this.response) || !takesHeaders(this.response)
  }

  /** Before the response's head is written. A session that can't be sealed leaves the response as it is. */
  writeHead(): void {
    this.notice()
    if (!this.isSeen) return
    vary(this.response, 'Cookie')
    try {
      this.#setHeaders(this.seal())
    } catch (error) {
      this.warnNotSaved(error as SealError)
    }
  }

  /** Before anything is known of the session. */
  protected look(): void {
    if (this.isSeen) return
    this.isSeen = true
    const header = this.header()
    if (header === undefined) this.take()
    else this.take(this.front.engine.open(header, ambient.now()))
  }

  /** The Cookie header, if there is a cookie of ours in it. */
  protected header(): string | undefined {
    const header = decoded(this.request.headers.cookie ?? '')
    return this.front.names.some((name) => header.includes(name)) ? header : undefined
  }

  protected take(opened?: Pick<Opened, 'session' | 'text' | 'kinds' | 'reason'>): void {
    this.native = opened?.session ?? null
    this.why = opened === undefined ? 'no_cookie' : opened.reason
    this.incoming = opened?.text === undefined ? { text: '{}' } : { text: opened.text, kinds: opened.kinds }
    this.current = new Session(this, this.#decode(this.incoming))
  }

  protected show(shown: View | null | undefined): void {
    if (!shown) throw new ShortcrustError('not_found', 'no session came with the request, or it has ended')
    this.current = new Session(this, decode(shown))
  }

  /** Does what changes the session in the native module; where that is busy, later. */
  protected command(run: () => Command): Command {
    return run()
  }

  protected drop(): void {
    this.current = undefined
    this.command(() => this.native?.destroy())
  }

  /** The session goes on under another id: what was read has nothing to say about what is left. */
  protected moved(): void {
    this.incoming = undefined
  }

  /** The session of a request that brought none. */
  protected fresh(): NativeSession {
    return this.front.engine.open('', ambient.now()).session
  }

  /** What the handler has left until now. */
  protected left(): Encoded {
    return this.current === undefined ? ENDED : encode(contents(this.current))
  }

  protected isAsRead({ text, kinds }: Encoded): boolean {
    return text === this.incoming?.text && kinds === (this.incoming.kinds ?? '')
  }

  protected seal(): Closed | null {
    const left = this.left()
    const { text, kinds } = left
    this.written = text + kinds
    const untouched = this.isAsRead(left)
    if (this.native === null && (untouched || this.current === undefined)) return null
    const json = untouched ? null : text
    const { engine } = this.front
    const secure = isSecure(this.request)
    const closed = close(engine, this.native, json, kinds, secure, ambient.now(), ambient.entropy)
    const why = this.native?.notRenewed
    if (why) warnOnce('SHORTCRUST_NOT_RENEWED', `a session stays in its old cookie: ${why}`)
    return closed
  }

  /** What is done to the session from now on is lost. */
  protected isOver(): boolean {
    return this.isHeadWritten
  }

  protected isLate(): boolean {
    if (this.written !== undefined) return this.#snapshot() !== this.written
    return this.isHeadWritten && !this.isAsRead(this.left())
  }

  protected refuseLate(): void {
    if (this.isHeadWritten) throw new SealError('late', LATE)
  }

  /** Looks whether the request's property was deleted. */
  protected notice(): void {
    if (Object.hasOwn(this.request, 'session')) return
    this.look()
    this.drop()
  }

  protected warnNotSaved({ code, message }: SealError): void {
    this.why = code
    warn('SHORTCRUST_NOT_SAVED', `the session was not saved (${code}): ${message}`)
  }

  /** Reading is total: what the core shows is JSON, and if it once is not, the session is empty. */
  #decode(shown: View): Data {
    try {
      return decode(shown)
    } catch {
      this.why = 'internal'
      this.incoming = { text: '{}' }
      return {}
    }
  }

  #setHeaders(closed: Closed | null): void {
    if (closed === null) return
    const { response } = this
    addCookies(response, closed.cookies)
    const theirs = String(response.getHeader('Cache-Control') ?? '')
    if (closed.cacheControl !== undefined && !/\b(private|no-store)\b/i.test(theirs)) {
      response.setHeader('Cache-Control', closed.cacheControl)
    }
  }

  /** The getter can't see what is done to what it gives, so look again when the caller has done it. */
  #watch(): void {
    if (warned.has(LATE)) return
    this.written ??= this.#snapshot()
    microtask(() => {
      if (this.isLate()) warnOnce('SHORTCRUST_LATE_CHANGE', LATE)
    })
  }

  #snapshot(): string {
    try {
      const { text, kinds } = this.current === undefined ? ENDED : encode(contents(this.current))
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
  return driverOf(request, 'reason').reason
}

export function driverOf(request: IncomingMessage, caller: string): Driver {
  const driver = drivers.get(request)
  if (driver) return driver
  const help =
    'put session() before it, with a cookie.path that covers the request, and no other session middleware'
  throw new ShortcrustError('option', `${caller}(req): ${help}`)
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
