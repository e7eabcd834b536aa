// The shapes inside. What users see is types/express-session.d.ts.

import type { CipherKey } from 'node:crypto'
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { LabelOption } from '../../label.js'
import type { MergeOption } from '../../merge-rules.js'
import type { Store as OurStore } from '../../stores/index.js'

import type { Session } from './session.js'
import type { Store } from './store.js'

export type Callback = (error?: unknown) => void

export type Deprecate = (message: string) => void

/** What a store keeps of a session. */
export type SessionRecord = Record<string, unknown> & { cookie: CookieInit }

export interface Request extends IncomingMessage {
  session?: Session | null | undefined
  sessionID?: string | undefined
  sessionStore: Store
  originalUrl?: string
  /** Express's view of the connection. */
  secure?: boolean
  /** As cookie-parser leaves them. */
  secret?: CipherKey
  cookies?: Record<string, unknown>
  signedCookies?: Record<string, unknown>
}

export type Middleware = (request: Request, response: ServerResponse, next: Callback) => void

/** Attributes as a user or a store gives them. Times in milliseconds. */
export interface CookieInit {
  domain?: string | undefined
  expires?: Date | string | boolean | null | undefined
  httpOnly?: boolean | undefined
  maxAge?: number | CookieInit['expires']
  originalMaxAge?: number | CookieInit['expires']
  partitioned?: boolean | undefined
  path?: string | undefined
  priority?: string | undefined
  sameSite?: boolean | string | undefined
  secure?: boolean | 'auto' | undefined
}

export type CookieSource = CookieInit | ((request: Request) => CookieInit)

export interface Options {
  cookie?: CookieSource | undefined
  genid?: ((request: Request) => string) | undefined
  /** The former name of `name`. */
  key?: string | undefined
  /** Numbers whose changes are added up where requests overlap, such as `{ visits: 'add' }`; default none. */
  merge?: MergeOption | undefined
  name?: string | undefined
  /** With a store of `shortcrust/stores`: what a request has whose store fails; default `error`. */
  outage?: 'empty' | 'error' | undefined
  /** With a store of `shortcrust/stores`: labels for users' sessions; default none. */
  label?: LabelOption | undefined
  /** Overlapping requests overwrite one another, as in the peer. */
  peerExact?: boolean | undefined
  proxy?: boolean | undefined
  resave?: boolean | undefined
  rolling?: boolean | undefined
  saveUninitialized?: boolean | undefined
  secret?: CipherKey | CipherKey[] | undefined
  store?: Store | OurStore | undefined
  unset?: 'destroy' | 'keep' | undefined
  /** With a store of `shortcrust/stores`: where the application keeps its user, as in `shortcrust/express`. */
  userKey?: string | undefined
}
