// What a user may write.
import type { EventListener } from './events.js'
import type { LabelOption } from './label.js'
import type { MergeOption } from './merge-rules.js'
import type { Secret, SecretSource } from './secrets.js'
import type { Store } from './stores/index.js'
import type { PeerStore } from './stores/peer-store.js'

/** Options of a front. Spans of time are in seconds; null is none. */
export interface Options {
  /**
   * Newest first: the first seals, all open. A function is asked at each request, so that secrets change while the server
   * runs: see `secretsFromFile`.
   */
  secrets: readonly Secret[] | SecretSource
  /** The cookie's name, with its prefix if it has one; default `session`. */
  name?: string | undefined
  /** What is written; default `sealed`, with a store `id`. */
  format?: FormatName | Format | undefined
  /** What is read besides, at most three. */
  readers?: readonly Reader[] | undefined
  /** How long a session lives. */
  policy?: Policy | undefined
  /** The cookie's attributes. */
  cookie?: Cookie | undefined
  /** For `sealed`: tokens open only for the audience they were made for. */
  audience?: string | undefined
  /** A reserved key in flask payloads carries what the format does not. */
  meta?: 'payload' | undefined
  /** Where sessions are kept; the cookie has an id. One of shortcrust/stores, or your own. */
  store?: Store | undefined
  /** Where sessions stay in their cookies, what remembers the revoked ones. They need `policy.absolute`. */
  revocations?: Store | undefined
  /**
   * Where the store fails. `error` (default): its error goes to `next`. `empty`: the request has an empty session, of
   * which nothing is written; but `login` throws.
   */
  outage?: 'empty' | 'error' | undefined
  /**
   * Where the application itself keeps its user, dots between levels, such as `account.owner`. Without it the keys count
   * that frameworks and tutorials use: `passport`, `userId`, `user`, ...
   */
  userKey?: string | undefined
  /** Keeps applications apart that share a store and a cookie's name. */
  namespace?: string | undefined
  /**
   * With `store`: what it keeps of a session is sealed under a key made of the session's id, which the store does not
   * have. A dump of the store opens nothing, and no key has to be managed. Default false.
   */
  encryptAtRest?: boolean | undefined
  /**
   * With `store`: numbers whose changes are added up where two requests change them at once, dots between levels, such
   * as `{ visits: 'add', 'cart.count': 'add' }`. Without it the later request wins. Default none.
   */
  merge?: MergeOption | undefined
  /**
   * With `store`: what users know their sessions by where these are listed, made of the request whenever a user's
   * session is written that has no label; 200 bytes are kept. Default none: nothing is kept of a request by itself.
   */
  label?: LabelOption | undefined
  /** Is told what happens to sessions, and must be quick; `shortcrust:session` of node:diagnostics_channel is too. */
  onEvent?: EventListener | undefined
}

export type FormatName = 'express' | 'flask' | 'id' | 'sealed'

export type Format = Express | Flask | Id | Sealed

/** A signed id, as express-session's: for sessions in a store. */
export interface Express {
  format: 'express'
}

export interface Flask {
  format: 'flask'
  /** Default `cookie-session`. */
  salt?: Secret | undefined
  /** Default `sha1`. */
  digest?: 'sha1' | 'sha256' | 'sha384' | 'sha512' | undefined
  /** Default `hmac`. */
  keyDerivation?: 'concat' | 'django-concat' | 'hmac' | 'none' | undefined
}

/** A bare id: for sessions in a store. */
export interface Id {
  format: 'id'
}

export interface Sealed {
  format: 'sealed'
  /** Default the front's. */
  audience?: string | undefined
}

/** A format that is read while its cookies are still in browsers. */
export type Reader = (Format | ExpressSession) & {
  /** A date, an ISO 8601 string, or by decision `never`. */
  until: Date | string
  /** Default the front's. */
  secrets?: readonly Secret[] | undefined
  /** Where its cookies lie, if that is not where `cookie` puts today's: a logout deletes them there. Default `/`. */
  path?: string | undefined
  /** As `path`; default none. */
  domain?: string | undefined
}

/** The sessions of express-session, which are taken over into the front's store as their browsers come by. */
export interface ExpressSession {
  format: 'express-session'
  /** The store of express-session's, such as connect-redis, with the options that it had. */
  store: PeerStore
  /** Its cookie; default `connect.sid`. */
  name?: string | undefined
}

export interface Policy {
  /** Ends a session that was not written or renewed for this long; default 14 days. */
  idle?: number | null | undefined
  /** Ends a session this long after it began; default 90 days. */
  absolute?: number | null | undefined
  /** A request that only read renews when the token is this old; default a quarter of `idle`. */
  renewAfter?: number | null | undefined
  /** The cookie outlives the browser; default true. */
  persistent?: boolean | undefined
  /** How far another server's clock may be ahead; default 60. */
  skew?: number | null | undefined
}

export interface Cookie {
  /** Default `/`. */
  path?: string | undefined
  domain?: string | undefined
  /** Default `auto`: as the connection is. */
  secure?: boolean | 'auto' | undefined
  /** Default true. */
  httpOnly?: boolean | undefined
  /** In any case; default `Lax`. */
  sameSite?: 'lax' | 'strict' | 'none' | 'Lax' | 'Strict' | 'None' | false | undefined
  partitioned?: boolean | undefined
  /** In any case. */
  priority?: 'low' | 'medium' | 'high' | 'Low' | 'Medium' | 'High' | undefined
}
