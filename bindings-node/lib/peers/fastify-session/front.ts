// From a request's cookie to its session, and from the session to the store and the response's cookie.
import type { FastifyReply, FastifyRequest } from 'fastify'

import { isHeadWritten } from '../../head.js'
import { furtherCookies } from '../fastify-shared.js'
import { type OwnSessions, refuse } from '../own/index.js'
import type { CookieSource } from './cookie.js'
import { asPrevious, attach, Session, type Shared } from './session.js'
import type { Callback, CallbackSession } from './store.js'

export interface Settings extends Shared {
  cookie: CookieSource
  cookieName: string
  cookiePrefix: string
  rolling: boolean
  saveUninitialized: boolean
  /** None but with a store of `shortcrust/stores`. */
  own?: OwnSessions | undefined
}

export class Front {
  readonly #settings: Settings
  /** Where it isn't the first cookie of the name that opens. */
  readonly #chosen = new WeakMap<FastifyRequest, string>()

  /** Whose sessions a store that is out could not tell: their cookies stay. */
  readonly #unknown = new WeakSet<FastifyRequest>()

  constructor(settings: Settings) {
    this.#settings = settings
  }

  /** Gives a request its session. */
  open(request: FastifyRequest, reply: FastifyReply, done: Callback): void {
    const { cookie, own } = this.#settings
    request.session = {} as typeof request.session
    const session = () => request.session as unknown as Session
    own?.know(request.raw, {
      session,
      renew: () => session().regenerate(Object.keys(session())),
      isLate: () => isHeadWritten(reply.raw),
    })
    const isOurs = isUnder(request.raw.url?.split('?', 1)[0] ?? '', cookie.path || '/')
    const signedId = isOurs ? this.#choose(request) : undefined
    if (signedId) this.load(signedId, request, cookie, done)
    else if (isOurs) this.#begin(request, cookie, done)
    else done()
  }

  /** Gives a request the session of a signed id; a new one where we didn't sign it or the store doesn't know it. */
  load(signedId: string, request: FastifyRequest, cookie: CookieSource, done: Callback): void {
    const { own, signer, store } = this.#settings
    const { valid, value: id } = signer.unsign(signedId)
    if (valid && id !== null) {
      const found = (error: Parameters<CallbackSession>[0], found: unknown, isOut = false) => {
        if (isOut) this.#unknown.add(request)
        const previous = error ? undefined : asPrevious(found)
        if (error && error.code !== 'ENOENT') done(error)
        else if (previous) {
          const session = new Session(this.#settings, request, cookie, previous, id)
          own?.follow(previous, session)
          this.#resume(request, session, done)
        } else this.#begin(request, cookie, done)
      }
      if (own === undefined) store.get(id, found)
      else own.ask(id, found)
    } else this.#begin(request, cookie, done)
  }

  /** Saves the session and sets the cookie, where the options ask for it. */
  close(request: FastifyRequest, reply: FastifyReply, done: Callback): void {
    const session = request.session as unknown as Session | null
    // Neither is its cookie replaced.
    if (this.#unknown.has(request) || !session?.sessionId || !session.encryptedSessionId) done()
    else if (this.#isDue(session, request)) {
      session.save((error) => {
        if (!error) this.#setCookie(reply, session)
        done(error)
      })
    } else {
      const sent = this.#sentId(request)
      if (sent && sent !== session.encryptedSessionId) this.#clearCookie(reply)
      if (session.isSaved()) this.#setCookie(reply, session)
      done()
    }
  }

  #begin(request: FastifyRequest, cookie: CookieSource, done: Callback): void {
    const session = new Session(this.#settings, request, cookie)
    if (this.#unknown.has(request)) refuse(session, ['destroy', 'regenerate', 'save'])
    attach(request, session)
    done()
  }

  #resume(request: FastifyRequest, session: Session, done: Callback): void {
    if (isOver(session)) session.regenerate(done)
    else {
      attach(request, session)
      done()
    }
  }

  #isDue(session: Session, request: FastifyRequest): boolean {
    if (session.cookie.secure === true && request.protocol !== 'https') return false
    const { rolling, saveUninitialized } = this.#settings
    const isKnown = this.#sentId(request) === session.encryptedSessionId
    return (isKnown ? rolling : saveUninitialized) || session.isModified()
  }

  /** The first cookie of the name, unless only one behind it opens. */
  #choose(request: FastifyRequest): string | undefined {
    const { cookieName, signer } = this.#settings
    const first = this.#sentId(request)
    const further = furtherCookies(request, cookieName)
    if (further.length === 0 || (first && signer.unsign(first).valid)) return first
    const opening = further.map((value) => this.#signedId(value)).find((id) => id && signer.unsign(id).valid)
    if (opening) this.#chosen.set(request, opening)
    return opening ?? first
  }

  #sentId(request: FastifyRequest): string | undefined {
    return this.#chosen.get(request) ?? this.#signedId(request.cookies[this.#settings.cookieName])
  }

  #signedId(value: string | undefined): string | undefined {
    const { cookiePrefix } = this.#settings
    return value?.startsWith(cookiePrefix) ? value.slice(cookiePrefix.length) : undefined
  }

  #setCookie(reply: FastifyReply, session: Session): void {
    const { cookieName, cookiePrefix } = this.#settings
    const value = `${cookiePrefix}${session.encryptedSessionId}`
    reply.setCookie(cookieName, value, session.cookie.toJSON() as object)
  }

  #clearCookie(reply: FastifyReply): void {
    const { cookie, cookieName } = this.#settings
    reply.clearCookie(cookieName, { domain: cookie.domain, path: cookie.path || '/' } as object)
  }
}

function isOver(session: Session): boolean {
  const { expires, originalExpires } = session.cookie
  const end = originalExpires || expires
  return end ? end.getTime() <= Date.now() : false
}

function isUnder(path: string, cookiePath: string): boolean {
  if (path === cookiePath) return true
  return (
    path.length > cookiePath.length &&
    path.startsWith(cookiePath.endsWith('/') ? cookiePath : `${cookiePath}/`)
  )
}
