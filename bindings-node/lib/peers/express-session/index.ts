// express-session 1.19, for Express, connect and node:http.
import depd = require('depd')

import { Cookie } from './cookie.js'
import { isUnder } from './incoming.js'
import { log } from './log.js'
import { MemoryStore } from './memory-store.js'
import { cookieFor, prepare, settled } from './options.js'
import { RequestSession } from './request-session.js'
import { Session } from './session.js'
import { Store } from './store.js'
import type { Middleware, Options } from './types.js'

// Of this file, so that a deprecation names the caller's.
const deprecate = depd('express-session')

/** Middleware that gives each request a `session` from the store. Wrong options throw here. */
function session(options?: Options): Middleware {
  const settings = settled(options || {}, deprecate)
  const { store } = settings
  prepare(settings)
  let isReady = true
  store.on('disconnect', () => {
    isReady = false
  })
  store.on('connect', () => {
    isReady = true
  })

  return function session(request, response, next) {
    // The first of several serves the request.
    if (request.session) return next()
    if (!isReady) {
      log('store is disconnected')
      return next()
    }
    if (!isUnder(request, cookieFor(request, settings).path)) {
      log('pathname mismatch')
      return next()
    }
    const secrets = settings.secrets ?? (request.secret ? [request.secret] : undefined)
    if (secrets === undefined) return next(new Error('secret option required for sessions'))
    new RequestSession(settings, secrets, request, response, next).begin()
  }
}

// What Node's lexer of CommonJS looks for, so that ESM can import these by name.
exports.Store = exports.Cookie = exports.Session = exports.MemoryStore = undefined

export = Object.assign(session, { Store, Cookie, Session, MemoryStore })
