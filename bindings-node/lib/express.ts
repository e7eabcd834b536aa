// `shortcrust/express`: connect-style, so for Express 4, Express 5 and plain node:http.
import type { IncomingMessage, ServerResponse } from 'node:http'

import onHeaders = require('on-headers')

import { attach, Driver, reason as reasonOf, warnOnce } from './driver.js'
import { engine } from './native.js'
import type * as options from './options.js'
import { engineOptions } from './options.js'
import type { Session as OneSession } from './session.js'

/** Middleware that gives each request a `session`. Wrong options throw here, with what to change. */
function session(given: session.Options): session.Middleware {
  const settings = engineOptions(given)
  const native = engine(settings)
  for (const message of native.warnings()) warnOnce('SHORTCRUST_COOKIE', message)

  return function session(request, response, next) {
    // The first of several serves the request.
    if ('session' in request) return next()
    const driver = new Driver(native, settings.name, request, response)
    attach(driver, request)
    onHeaders(response, () => {
      if (!Object.hasOwn(request, 'session')) driver.destroy()
      driver.writeHead()
    })
    next()
  }
}

type Factory = typeof session
const factory: Factory = session

namespace session {
  export const reason = reasonOf
  export const session: Factory = factory
  export type Options = options.Options
  export type Cookie = options.Cookie
  export type Policy = options.Policy
  export type Reader = options.Reader
  export type Session = OneSession
  /** For node:http, whose own type knows no session. */
  export type Request = IncomingMessage & Express.Request
  /** To be augmented with the keys of the application's sessions. */
  // biome-ignore lint/suspicious/noEmptyInterface: a type could not be augmented
  export interface SessionData {}
  export type Middleware = (
    request: IncomingMessage,
    response: ServerResponse,
    next: (error?: unknown) => void,
  ) => void
}

declare global {
  namespace Express {
    interface Request {
      get session(): session.Session & Partial<session.SessionData>
      set session(data: Partial<session.SessionData> | null | undefined)
    }
  }
}

// What Node's lexer of CommonJS looks for, so that ESM can import these by name.
exports.reason = exports.session = undefined

export = session
