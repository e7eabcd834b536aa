// What the tests of koa-session share: a site of each module on Koa, through the same requests.

import assert from 'node:assert/strict'
import { createRequire } from 'node:module'
import { test } from 'node:test'

import { NOW, serve, warnings } from '../support.mjs'
import { atTime } from './support.mjs'

const require = createRequire(import.meta.url)

process.env.NO_DEPRECATION = 'cookies'

const Koa = require('koa')

export const peer = require('koa-session').default
export const ours = require('shortcrust/koa-session')
export const peerKeygrip = require('keygrip')
export const ourKeygrip = require('shortcrust/keygrip')
/** The drop-in, as the peer is in requests that overlap too. */
const exact = (one, other) => {
  const options = typeof one?.use === 'function' ? other : one
  return ours(typeof one?.use === 'function' ? one : other, Object.assign(options ?? {}, { peerExact: true }))
}
export const MODULES = { 'koa-session': peer, 'shortcrust/koa-session': ours }
export const KEYS = ['the first key of the tests', 'the second key of the tests']

/** A store that writes down how it is called; `records` is what it holds. */
export class Records {
  calls = []

  constructor(records = {}) {
    this.records = new Map(Object.entries(records))
    this.get = this.get.bind(this)
    this.set = this.set.bind(this)
    this.destroy = this.destroy.bind(this)
  }

  async get(key, ...rest) {
    this.note('get', key, rest)
    return structuredClone(this.records.get(key))
  }

  async set(key, session, ...rest) {
    this.note('set', key, [JSON.stringify(session), ...rest])
    this.records.set(key, structuredClone(session))
  }

  async destroy(key, ...rest) {
    this.note('destroy', key, rest)
    this.records.delete(key)
  }

  note(method, key, rest) {
    const plain = rest.map((each) => (each?.ctx ? { ...each, ctx: each.ctx.path } : each))
    this.calls.push([method, key, ...plain])
  }
}

/** Ids that are the same for both modules. */
export function ids() {
  let n = 0
  return (ctx) => `id-${++n}-${typeof ctx.path}`
}

/**
 * A Koa app of one module. `options` are made anew for each with `{ store }`; `before` is middleware before the
 * session's; `routes` are by path. What a route returns is the body, else what the session looks like is.
 */
export function site(
  session,
  { keys = KEYS, options = {}, before, routes = {}, setUp, records, Framework = Koa },
) {
  const app = new Framework()
  const store = new Records(records)
  const noted = { events: [], errors: [] }
  app.silent = true
  app.keys = keys
  app.on('error', ({ name, message }) => noted.errors.push([name, message]))
  for (const event of ['missed', 'invalid', 'expired']) {
    app.on(`session:${event}`, ({ ctx, ...rest }) =>
      noted.events.push([event, ctx.path, JSON.stringify(rest)]),
    )
  }
  if (before) app.use(before)
  setUp?.(app)
  app.use(session(typeof options === 'function' ? options({ store }) : { ...options }, app))
  app.use(async (ctx) => {
    const body = await (routes[ctx.path] ?? look)(ctx)
    ctx.body = JSON.stringify(body ?? look(ctx)) ?? 'undefined'
  })
  return { app, store, noted }
}

export function look({ session, sessionOptions }) {
  if (session === null) return { session }
  const { isNew, length, populated, maxAge, externalKey, _expire, _requireSave } = session
  return {
    session,
    isNew,
    length,
    populated,
    maxAge,
    externalKey,
    _expire,
    _requireSave,
    key: sessionOptions.key,
  }
}

/** Options with a store. */
export const inStore =
  (options) =>
  ({ store }) => ({ genid: ids(), store, ...options })

/** A test for each script: both modules give the same, but that a write which joins reads the store again. */
export function compare(scripts) {
  for (const [script, { steps, setUp, ...rest }] of Object.entries(scripts)) {
    test(`${script}: as the peer`, async () => {
      const seen = []
      await warnings(async () => {
        for (const session of [peer, exact, ours]) {
          // `null` stands for a session of the same module.
          const first = setUp === null ? (app) => app.use(session({ key: 'first' }, app)) : setUp
          seen.push(await visit(site(session, { ...rest, setUp: first }), steps))
        }
      })
      const [expected, asked, merging] = seen
      assert.deepEqual(asked, expected)
      const writes = ({ calls, ...rest }) => ({
        ...rest,
        calls: calls.filter(([method]) => method !== 'get'),
      })
      assert.deepEqual(writes(merging), writes(expected))
    })
  }
}

/** What can be seen from outside; the clock goes on by `second` a step. */
export function visit({ app, store, noted }, steps, second = 1_000) {
  return serve(app.callback(), async (browser) => {
    const seen = []
    for (const [index, step] of steps.entries()) {
      const { path, ...rest } = typeof step === 'string' ? { path: step } : step
      const { status, setCookie, text } = await atTime(NOW + index * second, () => browser.get(path, rest))
      seen.push({ status, setCookie, text })
    }
    await new Promise(setImmediate)
    return { seen, ...noted, calls: store.calls, records: Object.fromEntries(store.records) }
  })
}

export const count = (ctx) => {
  ctx.session.n = (ctx.session.n ?? 0) + 1
}

export const assign = (data) => (ctx) => {
  ctx.session = data
}

export const encoded = (data) => Buffer.from(JSON.stringify(data)).toString('base64')

/** A `Cookie` header of both cookies. */
export const signed = (text, name = 'koa.sess', keys = KEYS) =>
  `${name}=${text}; ${name}.sig=${peerKeygrip(keys).sign(`${name}=${text}`)}`
