// From a request's cookies to its sessions, and from the sessions to the response's cookies.
import type { CookieSerializeOptions } from '@fastify/cookie'
import type { FastifyBaseLogger, FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'

import { furtherCookies } from '../fastify-shared.js'
import { open, seal } from './seal.js'
import { COOKIE, DATA, type Session, session } from './session.js'

export interface Settings {
  cookie: CookieSerializeOptions
  cookieName: string
  /** Seconds since the last change. */
  expiry: number
  /** The first seals, all open. */
  keys: readonly Uint8Array[]
}

type Log = Pick<FastifyBaseLogger, 'debug' | 'trace'>

const NAME = '@fastify/secure-session'

/** The sessions of a registration, by name; the first is the default. */
export class Front {
  readonly #fastify: FastifyInstance
  readonly #sessions: ReadonlyMap<string, Settings>

  constructor(fastify: FastifyInstance, sessions: ReadonlyMap<string, Settings>) {
    this.#fastify = fastify
    this.#sessions = sessions
  }

  /** The session in a cookie's value; null where there is none. */
  decode(value: string | undefined, log: Log = this.#fastify.log, name = this.#first()): Session | null {
    if (value === undefined) {
      log.trace(`${NAME}: there is no cookie, creating an empty session`)
      return null
    }
    const { expiry, keys } = this.#settings(name)
    const opened = open(value, keys, expiry)
    if (typeof opened === 'string') {
      log.debug(`${NAME}: ${opened}`)
      return null
    }
    const found = session(opened.data)
    found.changed = opened.isRotated
    return found
  }

  /** A cookie's value. */
  encode(session: Session, name = this.#first()): string {
    return seal(session[DATA], this.#settings(name).keys[0] as Uint8Array)
  }

  /** Gives a request its sessions. */
  load(request: FastifyRequest): void {
    for (const [name, settings] of this.#sessions) {
      set(request, name, this.#find(request, name, settings) ?? session({}))
    }
  }

  /** Sets the cookies of the sessions that changed. */
  save(request: FastifyRequest, reply: FastifyReply): void {
    for (const [name, { cookie, cookieName }] of this.#sessions) {
      const found = get(request, name)
      if (!found?.changed) {
        request.log.trace(`${NAME}: there is no session or the session didn't change, leaving it as is`)
      } else if (found.deleted) {
        request.log.debug(`${NAME}: deleting session`)
        const past = { expires: new Date(0), maxAge: 0 }
        reply.setCookie(cookieName, '', { ...cookie, ...found[COOKIE], ...past })
      } else {
        request.log.trace(`${NAME}: setting session`)
        reply.setCookie(cookieName, this.encode(found, name), { ...cookie, ...found[COOKIE] })
      }
    }
  }

  /** The first cookie of the name that opens. */
  #find(request: FastifyRequest, name: string, { cookie, cookieName }: Settings): Session | null {
    const decode = (value: string | undefined) =>
      this.decode(cookie.signed ? this.#unsigned(value) : value, request.log, name)
    const first = decode(request.cookies[cookieName])
    if (first !== null) return first
    for (const value of furtherCookies(request, cookieName)) {
      const further = decode(value)
      if (further !== null) return further
    }
    return null
  }

  /** The seal vouches for what has no signature. */
  #unsigned(value: string | undefined): string | undefined {
    if (value === undefined) return undefined
    const unsigned = this.#fastify.unsignCookie(value)
    return unsigned.valid ? unsigned.value : value
  }

  #settings(name: string): Settings {
    const settings = this.#sessions.get(name)
    if (settings === undefined) throw new Error('Unknown session key.')
    return settings
  }

  #first(): string {
    return this.#sessions.keys().next().value as string
  }
}

function get(request: FastifyRequest, name: string): Session | null | undefined {
  return (request as unknown as Record<string, Session | null | undefined>)[name]
}

function set(request: FastifyRequest, name: string, session: Session): void {
  ;(request as unknown as Record<string, Session>)[name] = session
}
