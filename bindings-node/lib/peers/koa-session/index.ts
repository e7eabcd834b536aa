// `shortcrust/koa-session`: koa-session 7.0, for Koa 2 and 3; the call of version 6 is here too.
import type Koa from 'koa'

import { checkAttributes } from '../cookie-jar.js'
import { ContextSession } from './context.js'
import { type Merging, mergingOf } from './merging.js'
import { complete, SessionOptions as schema } from './options.js'
import type * as types from './types.js'

const HOLDER = Symbol('session#holder')
const MADE = Symbol('session#made')

/** Middleware that gives each context a `session`; options and application in either order. */
const session = function createSession(one: unknown, other: unknown): Koa.Middleware {
  const [options, app] = isApp(one) ? [other, one] : [one, other]
  if (!isApp(app)) throw new TypeError('app instance required: `session(opts, app)`')
  const settings = complete((options ?? {}) as object)
  checkAttributes(settings)
  extendContext(app.context, settings, mergingOf(settings))
  return async function session(ctx, next) {
    const holder = (ctx as Holding)[HOLDER]
    if (holder.store) await holder.load()
    try {
      await next()
    } finally {
      if (settings.autoCommit) await holder.commit()
    }
  }
} as session.Factory

session.createSession = session.default = session
session.SessionOptions = schema

namespace session {
  export interface Factory {
    <StateT = Koa.DefaultState, ContextT = Koa.DefaultContext, BodyT = types.Any>(
      options: CreateSessionOptions<StateT, ContextT, BodyT> | null | undefined,
      app: Koa<StateT, ContextT>,
    ): Koa.Middleware<StateT, ContextT, BodyT>
    <StateT = Koa.DefaultState, ContextT = Koa.DefaultContext, BodyT = types.Any>(
      app: Koa<StateT, ContextT>,
      options?: CreateSessionOptions<StateT, ContextT, BodyT> | null,
    ): Koa.Middleware<StateT, ContextT, BodyT>
    createSession: Factory
    default: Factory
    /** Checks options: `parse` and `safeParse`. */
    SessionOptions: typeof schema
  }
  export type CreateSessionOptions<
    StateT = Koa.DefaultState,
    ContextT = Koa.DefaultContext,
    BodyT = types.Any,
  > = types.CreateSessionOptions<StateT, ContextT, BodyT>
  export type ExternalKeys<
    StateT = Koa.DefaultState,
    ContextT = Koa.DefaultContext,
    BodyT = types.Any,
  > = types.ExternalKeys<StateT, ContextT, BodyT>
  export type Session = types.Session
  export type SessionOptions = types.opts
  export type opts<StateT = Koa.DefaultState, ContextT = Koa.DefaultContext, BodyT = types.Any> = types.opts<
    StateT,
    ContextT,
    BodyT
  >
  export type stores = types.stores
  export type util = types.util
}

declare module 'koa' {
  interface BaseContext extends types.ContextSessions {}
}

function isApp(value: unknown): value is Koa {
  return typeof (value as Koa | null | undefined)?.use === 'function'
}

interface Holding extends Koa.Context {
  [HOLDER]: ContextSession
  [MADE]?: ContextSession
}

/** The first of several serves the application. */
function extendContext(context: object, settings: types.opts, merging: Merging | undefined): void {
  if (Object.hasOwn(context, HOLDER)) return
  Object.defineProperties(context, {
    [HOLDER]: {
      get(this: Holding) {
        this[MADE] ??= new ContextSession(this, settings, merging)
        return this[MADE]
      },
    },
    session: {
      configurable: true,
      get(this: Holding) {
        return this[HOLDER].get()
      },
      set(this: Holding, value: unknown) {
        this[HOLDER].set(value)
      },
    },
    sessionOptions: {
      get(this: Holding) {
        return this[HOLDER].opts
      },
    },
  })
}

// What Node's lexer of CommonJS looks for, so that ESM can import these by name.
exports.createSession = exports.SessionOptions = undefined

export = session
