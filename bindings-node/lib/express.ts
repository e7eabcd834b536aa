// `shortcrust/express`: connect-style, so for Express 4, Express 5 and plain node:http.
import http, { type IncomingMessage, type ServerResponse } from 'node:http'

import parseurl = require('parseurl')

import { attach, reason as reasonOf } from './attached.js'
import { delayAnswer } from './delay-response-end.js'
import { Driver } from './driver.js'
import { type SessionEvent, Telling } from './events.js'
import type { Front } from './front.js'
import type * as options from './front-options.js'
import { beforeHead, isHeadWritten } from './head.js'
import { labelOf } from './label.js'
import { engine } from './native.js'
import { cookieNames, engineOptions, pastReaders, runnerOf } from './options.js'
import { rekeyed } from './secrets.js'
import type { Session as OneSession } from './session.js'
import { StoreDriver } from './store-driver.js'
import type * as stores from './stores/index.js'
import { nextTick } from './timers.js'
import * as users from './users.js'
import { warnOnce } from './warnings.js'

/** Middleware that gives each request a `session`. Wrong options throw here, with what to change. */
function session(given: session.Options): session.Middleware {
  const current = rekeyed(given?.secrets, (secrets) => {
    const settings = engineOptions(given, secrets)
    return { settings, engine: engine(settings) }
  })
  const { settings } = current()
  const telling = new Telling(given.onEvent, given.store ?? given.revocations)
  const runner = runnerOf(given, telling)
  const front: Front = {
    engine: current().engine,
    names: cookieNames(settings),
    runner,
    label: labelOf(given),
    telling,
  }
  for (const message of front.engine.warnings()) warnOnce('SHORTCRUST_COOKIE', message)
  for (const message of pastReaders(settings)) warnOnce('SHORTCRUST_READER', message)

  const middleware: session.Middleware = function session(request, response, next) {
    // The first of several serves the request.
    if ('session' in request || !isUnder(request, settings.cookie.path)) return next()
    front.engine = current().engine
    const stored = runner && new StoreDriver(runner, front, request, response)
    const driver = stored ?? new Driver(front, request, response)
    attach(driver, request)
    beforeHead(response, () => {
      driver.writeHead()
      if (stored !== undefined && isUpgrade(request, response)) writeNow(stored)
    })
    if (stored === undefined) next()
    else serve(stored, response, next)
  }
  users.know(middleware, front)
  return middleware
}

/** The session is there before `next`, and written before the response's end. */
function serve(driver: StoreDriver, response: ServerResponse, next: (error?: unknown) => void): void {
  const fail = (error: unknown) => {
    // Half an answer must not pass for a whole one.
    if (isHeadWritten(response)) response.destroy()
    next(error)
  }
  delayAnswer(response, () => driver.end(), fail)
  const loading = driver.load()
  if (loading === undefined) next()
  // What the handler throws is not for the promise.
  else {
    loading.then(
      () => nextTick(next),
      (error) => nextTick(next, error),
    )
  }
}

/** Browsers send the cookie to this path and to what is below it (RFC 6265, section 5.1.4). */
function isUnder(request: IncomingMessage, path: string): boolean {
  const asked = parseurl.original(request)?.pathname ?? '/'
  const below = path.endsWith('/') ? path : `${path}/`
  return asked === path || asked.startsWith(below)
}

/** Such as engine.io's, for a WebSocket: it has a head, and no end. */
function isUpgrade({ headers }: IncomingMessage, response: ServerResponse): boolean {
  return headers.upgrade !== undefined && !(response instanceof http.ServerResponse)
}

/** Nobody waits for it. */
function writeNow(driver: StoreDriver): void {
  driver.end()?.catch(() => {
    warnOnce('SHORTCRUST_NOT_SAVED', 'the session of a WebSocket was not saved: the store failed')
  })
}

type Factory = typeof session
const factory: Factory = session

namespace session {
  export const reason = reasonOf
  export const session: Factory = factory
  export const login = users.login
  export const logout = users.logout
  export const sessions = users.sessions
  export const user = users.user
  export type Options = options.Options
  export type Cookie = options.Cookie
  export type Policy = options.Policy
  export type Reader = options.Reader
  export type Session = OneSession
  export type Listing = users.Listing
  export type LoginOptions = users.LoginOptions
  export type RevokeAllOptions = users.RevokeAllOptions
  export type Store = stores.Store
  export type Event = SessionEvent
  /** For node:http, whose own type knows no session. */
  export type Request = IncomingMessage & Express.Request
  /** To be augmented with the keys of the application's sessions. */
  // biome-ignore lint/suspicious/noEmptyInterface: a type could not be augmented
  export interface SessionData {}
  export type Middleware = users.Middleware
  /**
   * What Express' requests have. In a program that has the types of express-session or cookie-session too,
   * `req.session` is as they declare it.
   */
  export type RequestSession = keyof CookieSessionInterfaces.CookieSessionRequest extends never
    ? Property
    : object
  interface Property {
    get session(): 'sessionID' extends keyof Express.Request ? Any : Session & Partial<SessionData>
    set session(data: Partial<SessionData> | null | undefined)
  }
  // biome-ignore lint/suspicious/noExplicitAny: what express-session's types declare has to fit
  type Any = any
}

declare global {
  namespace CookieSessionInterfaces {
    // Empty where there are no types of cookie-session, so that it can be asked.
    interface CookieSessionRequest {}
  }
  namespace Express {
    interface Request extends session.RequestSession {}
  }
}

// What Node's lexer of CommonJS looks for, so that ESM can import these by name.
exports.login =
  exports.logout =
  exports.reason =
  exports.session =
  exports.sessions =
  exports.user =
    undefined

export = session
