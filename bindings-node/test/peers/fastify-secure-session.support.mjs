// What the tests of shortcrust/fastify-secure-session do with a session.
import assert from 'node:assert/strict'
import { createRequire } from 'node:module'
import { Writable } from 'node:stream'

import { NOW, native } from '../support.mjs'
import { listening, post, site, visit } from './fastify.support.mjs'
import { withNonces } from './nonce.support.mjs'
import { atTime } from './support.mjs'

const require = createRequire(import.meta.url)

export const peer = require('@fastify/secure-session')
export const ours = require('shortcrust/fastify-secure-session')
export const MODULES = { '@fastify/secure-session': peer, 'shortcrust/fastify-secure-session': ours }

export const KEY = Buffer.alloc(32, 'a key')
export const OLD_KEY = Buffer.alloc(32, 'an old key')
export const SECRET = 'a secret of at least thirty-two bytes'

/** By path: what is done to the session that the header names. */
const ACTIONS = {
  '/read': () => {},
  '/set': (session, body) => {
    for (const [key, value] of Object.entries(body)) session.set(key, value)
    return Object.keys(body).map((key) => session.get(key))
  },
  '/assign': (session, body) => {
    Object.assign(session, body)
    return Object.keys(body).map((key) => session[key])
  },
  '/nested': (session) => {
    session.set('deep', { list: [] })
    session.deep.list.push(1)
  },
  '/nested-only': (session) => {
    session.get('deep').list.push(2)
  },
  '/copy': (session) => {
    session.data().added = 1
    session.data().deep?.list.push('shared')
  },
  '/delete': (session) => session.delete(),
  '/delete-and-set': (session, body) => {
    session.delete()
    Object.assign(session, body)
    session.deleted = false
  },
  '/touch': (session) => session.touch(),
  '/options': (session, body) => session.options(body),
  '/options-and-touch': (session, body) => {
    session.options(body)
    session.touch()
  },
  '/options-and-delete': (session, body) => {
    session.options(body)
    session.delete()
  },
  '/regenerate': (session) => session.regenerate(),
  '/regenerate-keep': (session, body) => session.regenerate(Object.keys(body)),
  '/unchanged': (session, body) => {
    Object.assign(session, body)
    session.changed = false
  },
  '/detached': ({ get, set }, body) => {
    for (const [key, value] of Object.entries(body)) set(key, value)
    return Object.keys(body).map((key) => get(key))
  },
}

export const ROUTES = {
  ...Object.fromEntries(
    Object.entries(ACTIONS).map(([path, act]) => [
      path,
      (request) => {
        const session = request[request.headers['x-session'] ?? 'session']
        const got = act(session, request.body)
        return { ...look(session), got }
      },
    ]),
  ),
  '/null': (request) => {
    request.session = null
    return {}
  },
  '/foreign': (request, app) => {
    request.session = app.createSecureSession(request.body)
    request.session.touch()
    return look(request.session)
  },
}

/** All that a handler sees. */
function look(session) {
  return {
    data: session.data(),
    time: session.get('__ts'),
    changed: session.changed,
    deleted: session.deleted,
    keys: Object.keys(session),
    json: JSON.stringify(session),
    has: ['changed', 'user', 'get'].map((key) => key in session),
    none: [session.none, session.get('none'), typeof session.toString, session.constructor.name],
  }
}

/** An application of its own with the lines that it logs. */
export async function app(module, options = {}, { log = [], ...more } = {}) {
  const stream = new Writable({
    write(line, _, done) {
      const { level, msg } = JSON.parse(line)
      if (msg.startsWith('@fastify/secure-session')) log.push([level, msg])
      done()
    },
  })
  const given = Array.isArray(options) ? options : { key: KEY, ...options }
  return site(module, given, ROUTES, { fastify: { logger: { level: 'trace', stream } }, ...more })
}

/** What a browser sees of one module's application that it visits, and what that logs. */
export async function transcript(module, { options, more, visits }) {
  const log = []
  const front = await app(module, copied(options), { ...more, log })
  let nonce = 0
  const see = async (browser) => {
    const seen = []
    for (const [path, body, how] of visits) {
      const now = NOW + seen.length * 1_000
      const { status, text, setCookie } = await atTime(now, () => post(browser, path, body, how))
      seen.push({ path, status, text, setCookie, jar: { ...browser.cookies } })
    }
    return [seen, log]
  }
  return withNonces(
    () => Buffer.alloc(24, ++nonce),
    () => listening(front, see),
  )
}

/** A cookie's value around any text. */
export function sealed(text, key = KEY) {
  const nonce = Buffer.alloc(24, 7)
  const box = native.secretboxSeal(key, nonce, Buffer.from(text))
  return `${Buffer.from(box).toString('base64')};${nonce.toString('base64')}`
}

/** A copy for each module, as the peer writes into what it is given. */
export function copied(options = {}) {
  if (Array.isArray(options)) return options.map(copied)
  return { ...options, ...(options.cookie && { cookie: { ...options.cookie } }) }
}

/** The data of the session that a cookie brings. */
export async function dataOf(front, cookie) {
  const { status, text } = await visit(front, '/read', { cookie })
  assert.equal(status, 200, cookie)
  return JSON.parse(text).data
}

export function cookieOf(value) {
  return `session=${encodeURIComponent(value)}`
}
