// One request's session between http and the native module; no framework in here.
import type { IncomingMessage, ServerResponse } from 'node:http'

import vary = require('vary')

import { ambient } from './ambient.js'
import { SealError, ShortcrustError } from './errors.js'
import type { Front } from './front.js'
import { decoded, isHeadWritten, isSecure, setHeaders, takesHeaders, tellDeveloper } from './head.js'
import { LATE, lookAgain, snapshot } from './late.js'
import { type Closed, close, loginSession, type NativeSession, type Opened } from './native.js'
import { type Data, decode, ENDED, type Encoded, encode, type View } from './projection.js'
import { type Command, type Commands, contents, Session } from './session.js'
import { warn, warnOnce } from './warnings.js'

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
    this.#watch()
    return this.current
  }

  set session(value: unknown) {
    this.#watch()
    if (value === null || value === undefined) this.drop()
    else if (typeof value !== 'object' || Array.isArray(value)) {
      throw new TypeError('req.session must be set to an object, or to null to end it')
    } else if (value !== this.current) {
      if (this.current === undefined) this.command(() => this.#leaveUser())
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
      const { text, kinds } = this.native.isOfOther(user) ? this.left() : ENDED
      const json = this.isAsRead({ text, kinds }) ? null : text
      const shown = loginSession(this.native, user, json, kinds, ambient.now())
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
      this.#leaveUser()
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
    tellDeveloper(this.response, this.why)
    try {
      setHeaders(this.response, this.seal())
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
    else this.take(this.front.telling.open(this.front.engine, header))
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
    const { text, kinds } = this.left()
    this.written = text + kinds
    const json = this.isAsRead({ text, kinds }) ? null : text
    if (this.native === null && (json === null || this.current === undefined)) return null
    const secure = isSecure(this.request)
    const begun = this.front.telling.begin()
    if (begun !== undefined) this.native ??= this.fresh()
    const closed = close(this.front.engine, this.native, json, kinds, secure, ambient.now(), ambient.entropy)
    this.front.telling.tell(this.native, begun)
    const why = this.native?.notRenewed
    if (why) warnOnce('SHORTCRUST_NOT_RENEWED', `a session stays in its old cookie: ${why}`)
    return closed
  }

  /** What is done to the session from now on is lost. */
  protected isOver(): boolean {
    return this.isHeadWritten
  }

  protected isLate(): boolean {
    if (this.written !== undefined) return snapshot(this.current) !== this.written
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

  #leaveUser(): void {
    this.native?.logout(ambient.now())
    this.moved()
  }

  #watch(): void {
    this.look()
    if (!this.isOver()) return
    this.written ??= snapshot(this.current)
    lookAgain(() => this.isLate())
  }
}
