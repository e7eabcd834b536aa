// The types are the peer's own, from @types/express-session: what an application adds to SessionData, under either
// name, holds for `req.session`, and stores that are typed for the peer fit.
import type { IncomingMessage } from 'node:http'
import type { RequestHandler } from 'express'

import peer = require('express-session')

import type { Store as OurStore } from '../dist/stores/index.js'

declare module 'express-session' {
  interface Session {
    /** Without a callback a promise, as with the other methods. */
    regenerate(): Promise<void>
    destroy(): Promise<void>
    reload(): Promise<void>
    save(): Promise<void>
  }

  interface SessionOptions {
    /**
     * Requests on one session that overlap overwrite one another's changes, and make a session again that has gone, as
     * in express-session; default false.
     */
    peerExact?: boolean | undefined
    /** With a store of `shortcrust/stores`: what a request has whose store fails; default `error`. */
    outage?: 'empty' | 'error' | undefined
    /**
     * With a store of `shortcrust/stores`: what a user knows a session by where `sessions` lists it, made of the request
     * that it began with, such as the browser's name; 200 bytes are kept. Default none.
     */
    label?: ((request: IncomingMessage) => string | null | undefined) | undefined
    /**
     * With a store of `shortcrust/stores`: where the application keeps its user, dots between levels, such as
     * `passport.user`. Then `sessions` of `shortcrust/express` lists and ends a user's sessions.
     */
    userKey?: string | undefined
    /**
     * Numbers whose changes are added up where two requests change them at once, dots between levels, such as
     * `{ visits: 'add', 'cart.count': 'add' }`; default none.
     */
    merge?: Readonly<Record<string, 'add'>> | undefined
  }

  interface MemoryStore {
    /** How many sessions are kept at most; beyond that the longest unwritten go. Default Infinity. */
    max: number
  }
}

/** Middleware that gives each request a `session` from the store. Wrong options throw here. */
declare function session(options?: session.SessionOptions): RequestHandler

declare namespace session {
  export import Cookie = peer.Cookie
  export import CookieOptions = peer.CookieOptions
  export import MemoryStore = peer.MemoryStore
  export import Session = peer.Session
  export import SessionData = peer.SessionData
  export import Store = peer.Store

  interface SessionOptions extends Omit<peer.SessionOptions, 'store'> {
    /** The peer's kind, or one of `shortcrust/stores`; default a new `MemoryStore`. */
    store?: peer.Store | OurStore | undefined
  }
}

export = session
