import type Koa from 'koa'

import type { LabelOption } from '../../label.js'
import type { MergeOption } from '../../merge-rules.js'
import type { Store as OurStore } from '../../stores/index.js'
import type { CookieOptions } from '../cookie-options.js'

// biome-ignore lint/suspicious/noExplicitAny: the application knows what its sessions hold
export type Any = any

type Context<StateT, ContextT, BodyT> = Koa.ParameterizedContext<StateT, ContextT, BodyT>

/** The data as own properties. */
export interface Session {
  /** Whether none came with the request. */
  isNew?: boolean
  /** The id under which the store has it; none without a store. */
  readonly externalKey?: string | undefined
  /** How many entries there are. */
  readonly length: number
  readonly populated: boolean
  /** Milliseconds, or `session` for the browser's; setting it has the session saved. */
  maxAge: number | 'session' | undefined
  /** The entries that are saved: without functions and without keys that begin with `_`. */
  toJSON(): object
  /** Saves even if nothing changed. */
  save(callback?: Callback): Promise<void> | void
  /** Ends the session, and saves what it holds as a new one. */
  regenerate(callback?: Callback): Promise<void> | void
  /** Saves what changed, for `autoCommit: false`. */
  manuallyCommit(): Promise<void>
  [key: string]: Any
}

export type Callback = (error?: Error) => void

/** Keeps sessions by their ids. */
export interface stores {
  get(key: string, maxAge: opts['maxAge'], data: { rolling: boolean | undefined; ctx: Any }): Any
  /** `maxAge` is 10 seconds over the cookie's. */
  set(key: string, session: Any, maxAge: opts['maxAge'], data: Saved): Any
  destroy(key: string, data: { ctx: Any }): Any
}

export interface Saved {
  /** Whether it is saved because the data changed. */
  changed: boolean
  rolling: boolean | undefined
  ctx: Any
}

/** Keeps the id elsewhere than in the cookie. */
export interface ExternalKeys<StateT = Koa.DefaultState, ContextT = Koa.DefaultContext, BodyT = Any> {
  get(ctx: Context<StateT, ContextT, BodyT>): string | undefined
  set(ctx: Context<StateT, ContextT, BodyT>, key: string): void
}

export interface util {
  decode(text: string): Any
  encode(data: object): string
}

/** The options once they are complete; what the cookie takes is among them. */
export interface opts<StateT = Koa.DefaultState, ContextT = Koa.DefaultContext, BodyT = Any>
  extends CookieOptions {
  /** The cookie's name, by default `koa.sess`. */
  key: string
  /** Milliseconds, by default a day for the session and the browser's session for the cookie; `session` for both. */
  maxAge?: number | 'session' | undefined
  /** Whether the session is saved once the later middleware is through, by default true. */
  autoCommit?: boolean | undefined
  /** Whether each response saves the session, by default false. */
  rolling?: boolean | undefined
  /** Whether a session past half of its `maxAge` is saved, by default false. */
  renew?: boolean | undefined
  /** Base64 of JSON without it. */
  encode: util['encode']
  /** A `SyntaxError` of its is an empty session, any other error the response's. */
  decode: util['decode']
  /** Makes ids, by default UUIDs of version 4. */
  genid: (ctx: Context<StateT, ContextT, BodyT>) => string
  /** Put before ids, where there is no `genid`. */
  prefix?: string | undefined
  /** Without one the session is in the cookie. */
  store?: stores | OurStore | undefined
  /** A store made for each request. */
  ContextStore?: (new (ctx: Context<StateT, ContextT, BodyT>) => stores) | undefined
  externalKey?: ExternalKeys<StateT, ContextT, BodyT> | undefined
  /** Whether the session that came in is taken. */
  valid?(ctx: Context<StateT, ContextT, BodyT>, session: Any): unknown
  beforeSave?(ctx: Context<StateT, ContextT, BodyT>, session: Session): unknown
  /** Requests on one session in a store that overlap overwrite one another's changes, as in the peer; default false. */
  peerExact?: boolean | undefined
  /** With a store: numbers whose changes are added up, such as `{ visits: 'add' }`; default none. */
  merge?: MergeOption | undefined
  /** With a store of `shortcrust/stores`: what a request has whose store fails; default `error`. */
  outage?: 'empty' | 'error' | undefined
  /** With a store of `shortcrust/stores`: labels for users' sessions, made of `ctx.req`; default none. */
  label?: LabelOption | undefined
  /** With a store of `shortcrust/stores`: where the application keeps its user, as in `shortcrust/express`. */
  userKey?: string | undefined
}

/** What is given: nothing of it is required. */
export type CreateSessionOptions<StateT = Koa.DefaultState, ContextT = Koa.DefaultContext, BodyT = Any> = {
  [Name in keyof opts<StateT, ContextT, BodyT>]?: opts<StateT, ContextT, BodyT>[Name] | undefined
}

/** What Koa's contexts have besides. */
export interface ContextSessions {
  /** `null` ends the session. */
  get session(): Session | null
  set session(data: Record<string, Any> | null)
  /** The options for this request alone. */
  readonly sessionOptions: opts | undefined
}
