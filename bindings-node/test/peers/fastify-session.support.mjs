// What the tests of shortcrust/fastify-session do with a session.
import { createRequire } from 'node:module'

import fastifyCookie from '@fastify/cookie'

import { NOW } from '../support.mjs'
import { listening, post, site } from './fastify.support.mjs'
import { atTime } from './support.mjs'

const require = createRequire(import.meta.url)

export const peer = require('@fastify/session')
export const ours = require('shortcrust/fastify-session')
export const MODULES = { '@fastify/session': peer, 'shortcrust/fastify-session': ours }

export const SECRET = 'a secret with a minimum length of 32 characters'
export const OLD_SECRET = 'another secret with at least 32 characters too'

const callback = (request, method, ...given) =>
  new Promise((resolve) => request.session[method](...given, (error) => resolve(error ?? null)))

/** By path. The body is what to do it with. */
export const ROUTES = {
  '/read': look,
  '/assign': (request) => look(request, Object.assign(request.session, request.body)),
  '/set': (request) => {
    for (const [key, value] of Object.entries(request.body)) request.session.set(key, value)
    return { ...look(request), got: Object.keys(request.body).map((key) => request.session.get(key)) }
  },
  '/nested': (request) => {
    request.session.deep ??= { list: [] }
    request.session.deep.list.push(1)
    return look(request)
  },
  '/delete': (request) => {
    for (const key of Object.keys(request.body)) delete request.session[key]
    return look(request)
  },
  '/same': (request) => {
    const { cookie: _, ...data } = request.session
    for (const key of Object.keys(data).reverse()) {
      delete request.session[key]
      request.session[key] = data[key]
    }
    return look(request)
  },
  '/touch': (request) => look(request, request.session.touch()),
  '/options': (request) => look(request, request.session.options(request.body)),
  '/max-age-and-no-options': (request) => {
    request.session.cookie.maxAge = 5_000
    request.session.options({})
    return look(request)
  },
  '/max-age': (request) => {
    request.session.cookie.maxAge = 5_000
    return { ...look(request), maxAge: request.session.cookie.maxAge }
  },
  '/expires': (request) => {
    request.session.cookie.expires = new Date(Date.now() + 7_000)
    return look(request)
  },
  '/save': async (request) => look(request, await request.session.save()),
  '/save-callback': async (request) => look(request, { error: await callback(request, 'save') }),
  '/save-then-change': async (request) => {
    request.session.first = 1
    await request.session.save()
    const saved = look(request)
    request.session.second = 2
    return [saved, look(request)]
  },
  '/destroy': async (request) => ({ gone: await request.session.destroy(), session: request.session }),
  '/destroy-callback': async (request) => ({
    error: await callback(request, 'destroy'),
    session: request.session,
  }),
  '/regenerate': async (request) => look(request, await request.session.regenerate()),
  '/regenerate-callback': async (request) => look(request, { error: await callback(request, 'regenerate') }),
  '/regenerate-only': async (request) => {
    const { session } = request
    const errors = [await callback(request, 'regenerate'), await session.regenerate().catch((error) => error)]
    request.session = null
    return errors.map(String)
  },
  '/regenerate-keep': async (request) =>
    look(request, await request.session.regenerate(Object.keys(request.body))),
  '/regenerate-keep-callback': async (request) =>
    look(request, { error: await callback(request, 'regenerate', Object.keys(request.body)) }),
  '/reload': async (request) => {
    Object.assign(request.session, request.body)
    await request.session.reload()
    return look(request)
  },
  '/reload-callback': async (request) => {
    Object.assign(request.session, request.body)
    return look(request, { error: await callback(request, 'reload') })
  },
  '/null': (request) => {
    request.session = null
    return {}
  },
  '/plain': (request) => {
    request.session = { ...request.session, ...request.body }
    return { id: request.session.sessionId ?? null }
  },
  '/decrypt': (request, app) =>
    new Promise((resolve) => {
      const other = {}
      const { id, cookie } = request.body
      const done = (error) => resolve(error ?? look({ session: other.session }))
      if (cookie) app.decryptSession(id, other, cookie, done)
      else app.decryptSession(id, other, done)
    }),
}

/** All that a handler sees. */
function look({ session, sessionStore }, more) {
  const isSession = typeof session.isSaved === 'function'
  return {
    session,
    keys: Object.keys(session),
    cookie: session.cookie && { ...session.cookie },
    store: sessionStore?.constructor.name,
    ...(isSession && {
      id: session.sessionId,
      signed: session.encryptedSessionId,
      isSaved: session.isSaved(),
      isModified: session.isModified(),
    }),
    ...(more?.error !== undefined && { error: String(more.error) }),
  }
}

/** Ids in order. */
export function counter() {
  let next = 0
  return () => `id-${++next}`
}

/** A store that keeps JSON, as those on disks and servers do; `later` answers in another turn. */
export class JsonStore {
  records = new Map()

  constructor({ later = false, fail = {} } = {}) {
    this.answer = later ? (...given) => setImmediate(...given) : (callback, ...given) => callback(...given)
    this.fail = fail
  }

  get(id, callback) {
    const text = this.records.get(id)
    this.answer(callback, this.fail.get ?? null, text === undefined ? undefined : JSON.parse(text))
  }

  set(id, session, callback) {
    if (!this.fail.set) this.records.set(id, JSON.stringify(session))
    this.answer(callback, this.fail.set)
  }

  destroy(id, callback) {
    if (!this.fail.destroy) this.records.delete(id)
    this.answer(callback, this.fail.destroy)
  }

  get contents() {
    return Object.fromEntries(this.records)
  }
}

/** With ids in order, and no need of HTTPS. */
export function app(module, { cookie, ...options } = {}, more) {
  const given = { secret: SECRET, idGenerator: counter(), cookie: { secure: false, ...cookie }, ...options }
  return site(module, given, ROUTES, more)
}

/** As in a cookie. */
export function signed(id, secret = SECRET) {
  return fastifyCookie.sign(id, secret)
}

/** What a browser sees of one module's application that it visits, and what the store holds at last. */
export async function transcript(module, { options = {}, more, visits, store = new JsonStore() }) {
  const given = { ...copied(options), store: store === null ? undefined : store }
  const front = await app(module, given, more)
  return listening(front, async (browser) => {
    const seen = []
    for (const [path, body, how] of visits) {
      const { status, text, setCookie } = await atTime(NOW + seen.length * 1_000, () =>
        post(browser, path, body, how),
      )
      seen.push({ path, status, text, setCookie, jar: { ...browser.cookies } })
    }
    return [seen, store?.contents]
  })
}

/** A copy for each module, as the peer writes into what it is given. */
function copied({ cookie, ...rest }) {
  return { ...rest, ...(cookie && { cookie: { ...cookie } }) }
}
