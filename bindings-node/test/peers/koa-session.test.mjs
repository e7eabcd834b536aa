// shortcrust/koa-session beside koa-session: vectors, errors, random data, and what differs.
import assert from 'node:assert/strict'
import { createRequire } from 'node:module'
import { test } from 'node:test'

import fc from 'fast-check'
import Koa from 'koa'
import * as peerExports from 'koa-session'
import imported, { createSession, SessionOptions } from 'shortcrust/koa-session'

import { NOW, serve, warnings } from '../support.mjs'
import {
  assign,
  count,
  encoded,
  inStore,
  KEYS,
  look,
  MODULES,
  ourKeygrip,
  ours,
  peer,
  peerKeygrip,
  Records,
  signed,
  site,
  visit,
} from './koa-session.support.mjs'
import { atTime, peerVectors, RUNS, sessionData } from './support.mjs'

const require = createRequire(import.meta.url)

// First, since it is once a process.
test('what is weak is warned of once and never quoted', async () => {
  const none = await warnings(() => ours({ partitioned: true, sameSite: 'none', secure: true }, new Koa()))
  assert.deepEqual(none, [])
  const seen = await warnings(async () => {
    for (let i = 0; i < 2; i++) {
      ours({ sameSite: 'None' }, new Koa())
      ours({ partitioned: true }, new Koa())
      const routes = { '/large': assign({ text: 'x'.repeat(4_000) }), '/': count }
      await visit(site(ours, { routes, keys: ['hush'] }), ['/large', '/'])
    }
  })
  const codes = ['SHORTCRUST_COOKIE', 'SHORTCRUST_COOKIE', 'SHORTCRUST_COOKIE', 'SHORTCRUST_KEY']
  assert.deepEqual(seen.map(({ code }) => code).sort(), codes)
  assert.ok(seen.every(({ name, message }) => name === 'ShortcrustWarning' && !message.includes('hush')))
})

const ACTIONS = {
  read: () => {},
  assign: (ctx, { data }) => Object.assign(ctx.session, data),
  delete: (ctx, { keys }) => {
    for (const key of keys) delete ctx.session[key]
  },
  replace: (ctx, { data }) => {
    ctx.session = data
  },
  clear: (ctx) => {
    ctx.session = null
  },
}

for (const [name, session] of Object.entries(MODULES)) {
  for (const { id, input, expect } of peerVectors('koa-session')) {
    test(`${id} holds for ${name}`, async () => {
      assert.deepEqual(await answerTo(session, input), expect.ok)
    })
  }

  test(`${name}: options and application in either order, or without options`, async () => {
    for (const call of [
      (app) => session({ key: 'k' }, app),
      (app) => session(app, { key: 'k' }),
      (app) => session(app),
      (app) => session(app, null),
      (app) => session(null, app),
      (app) => session(undefined, app),
    ]) {
      const app = Object.assign(new Koa(), { keys: KEYS })
      app.use(call(app)).use((ctx) => count(ctx))
      const { setCookie } = await serve(app.callback(), (browser) => browser.get())
      assert.match(setCookie[0], /^(k|koa\.sess)=/)
    }
  })
}

/** What a vector's request gives. */
function answerTo(session, input) {
  const { expires, ...rest } = input.options
  const store = input.store && new Records(input.store)
  const options = { ...rest, ...(expires && { expires: new Date(expires.date_ms) }), ...(store && { store }) }
  if (store) options.genid = () => input.genid
  const out = {}
  const app = Object.assign(new Koa(), { keys: input.keys, silent: true })
  app.use(session(options, app)).use((ctx) => {
    if (input.action.type !== 'none') {
      Object.assign(out, { is_new: ctx.session.isNew, session: ctx.session.toJSON() })
      ACTIONS[input.action.type](ctx, input.action)
    }
    ctx.body = ''
  })
  return atTime(input.now_ms, () =>
    serve(app.callback(), async (browser) => {
      const { status, setCookie } = await browser.get('/', { cookie: input.cookie ?? '' })
      return {
        status,
        ...out,
        set_cookie: setCookie,
        ...(store && { store_after: Object.fromEntries(store.records) }),
      }
    }),
  )
}

test('by require and by import, by default and by name it is the same function', () => {
  assert.equal(require('shortcrust/koa-session'), imported)
  assert.deepEqual([createSession, imported.default, imported.createSession], [imported, imported, imported])
  assert.equal(SessionOptions, imported.SessionOptions)
  for (const [name, value] of Object.entries(peerExports)) assert.equal(typeof imported[name], typeof value)
  assert.deepEqual([imported.name, imported.length], [peer.name, peer.length])
})

const method = () => {}
/** Options, one by one wrong, or odd and right. */
const CONFIGURATIONS = [
  { key: 5, signed: 'x', httpOnly: 1, prefix: {} },
  { sameSite: true },
  ...['abc', null, Number.NaN, true, 5n, [], 'session', 5].map((maxAge) => ({ maxAge })),
  ...[{}, [], new Map(), new Set(), new Date(0), method, null, Promise.resolve(), 'x'].map((store) => ({
    store,
  })),
  { store: { get: method, set: 1 } },
  { externalKey: { get: method } },
  { externalKey: [] },
  ...['autoCommit', 'overwrite', 'signed', 'rolling', 'renew', 'secure'].flatMap((name) => [
    { [name]: null },
    { [name]: 'yes' },
  ]),
  ...['encode', 'decode', 'genid', 'valid', 'beforeSave'].flatMap((name) => [
    { [name]: null },
    { [name]: 'yes' },
  ]),
  { ContextStore: {} },
  { ContextStore: method },
  { ContextStore: class {} },
  { ContextStore: class Store {} },
  {
    ContextStore: class {
      get() {}
      set() {}
    },
  },
  {
    ContextStore: function Store() {
      throw new TypeError('Cannot call a class as a function')
    },
  },
  [],
  method,
  {},
]

test("wrong options are the errors of the peer, zod's and all", () => {
  for (const configuration of CONFIGURATIONS) {
    const [theirs, own] = [peer, ours].map((session) =>
      outcome(() => session(copy(configuration), new Koa())),
    )
    assert.deepEqual(own, theirs)
  }
})

test('an application that is none is the error of the peer', () => {
  for (const given of [[], [{}], [{}, 'abc'], [null, null], [{}, { use: 1 }], [new Koa(), 'abc']]) {
    const [theirs, own] = [peer, ours].map((session) => outcome(() => session(...given)))
    assert.deepEqual(own, theirs)
  }
})

test("SessionOptions parses as the peer's", () => {
  for (const given of [
    {},
    { key: 'k', unknown: 1, prefix: 'p' },
    { maxAge: 'session' },
    { maxAge: 'soon' },
    null,
    5,
  ]) {
    const [theirs, own] = [peerExports.SessionOptions, SessionOptions].map((schema) => {
      const { success, data, error } = schema.safeParse(given)
      assert.deepEqual(
        success ? Object.keys(data) : error.message,
        outcome(() => Object.keys(schema.parse(given)), true),
      )
      return {
        success,
        data: JSON.stringify(data),
        error: error && [error.name, error.message, error.errors],
      }
    })
    assert.deepEqual(JSON.stringify(own), JSON.stringify(theirs))
  }
})

test('options that are no object are a TypeError', () => {
  for (const session of [peer, ours]) {
    for (const given of [['abc', new Koa()], ['abc'], [5, 5]])
      assert.throws(() => session(...given), TypeError)
  }
})

test('sameSite: null, which the peer documents and refuses, is none', async () => {
  assert.throws(() => peer({ sameSite: null }, new Koa()), { name: 'ZodError' })
  const { seen } = await visit(site(ours, { options: { sameSite: null }, routes: { '/': count } }), ['/'])
  assert.doesNotMatch(seen[0].setCookie[0], /samesite/)
})

test('an option that is undefined has its default', async () => {
  const unset = { key: undefined, encode: undefined, decode: undefined, rolling: undefined, genid: undefined }
  const { seen } = await visit(site(ours, { options: unset, routes: { '/': count } }), ['/', '/'])
  assert.deepEqual(JSON.parse(seen[1].text).session, { n: 2 })
})

test('the options that are given are completed and still count later, as with the peer', async () => {
  for (const session of [peer, ours]) {
    const options = { maxAge: 5_000 }
    const { app } = site(session, {})
    app.use(session(options, new Koa()))
    assert.deepEqual(Object.keys(options).sort(), [
      ...['autoCommit', 'decode', 'encode', 'genid', 'httpOnly', 'key', 'maxAge', 'overwrite'],
      ...['renew', 'rolling', 'signed'],
    ])
    const own = Object.assign(new Koa(), { keys: KEYS })
    own.use(session(options, own)).use(count)
    options.key = 'later'
    const { setCookie } = await serve(own.callback(), (browser) => browser.get())
    assert.match(setCookie[0], /^later=/)
  }
})

const UUID = /^[\da-f]{8}-[\da-f]{4}-4[\da-f]{3}-[89ab][\da-f]{3}-[\da-f]{12}$/

test('ids are UUIDs of version 4, after the prefix', async () => {
  for (const session of [peer, ours]) {
    const ids = new Set()
    for (const prefix of [undefined, 'p:']) {
      const options = ({ store }) => ({ store, prefix })
      const { records } = await visit(site(session, { options, routes: { '/': count } }), [
        ...Array(20).fill({ path: '/', cookie: '' }),
      ])
      for (const id of Object.keys(records)) {
        ids.add(id)
        assert.match(prefix ? id.replace(/^p:/, '') : id, UUID)
      }
    }
    assert.equal(ids.size, 40)
  }
})

test('app.keys of one application, with the jar that Koa makes for it, sign natively', async () => {
  const kinds = { list: KEYS, keygrip: new peerKeygrip(KEYS) }
  const seen = {}
  for (const [kind, keys] of Object.entries(kinds)) {
    const route = (ctx) => {
      count(ctx)
      seen[kind] = ctx.cookies.keys
    }
    await visit(site(ours, { keys, routes: { '/': route } }), ['/'])
  }
  assert.ok(seen.list instanceof ourKeygrip)
  assert.equal(seen.keygrip, kinds.keygrip)
})

test('app.keys may be turned while it runs', async () => {
  for (const session of [peer, ours]) {
    const keys = [...KEYS]
    const routes = { '/count': count, '/turn': () => keys.unshift('a newer key of the tests') }
    const { seen } = await visit(site(session, { keys, routes }), ['/count', '/turn', '/', '/count'])
    assert.match(seen[2].setCookie[0], /^koa\.sess\.sig=/)
    assert.equal(JSON.parse(seen[3].text).session.n, 2)
  }
})

test('a string of app.keys is an error that does not quote it', async () => {
  const { seen, errors } = await visit(site(ours, { keys: 'hush, hush' }), ['/'])
  assert.equal(seen[0].status, 500)
  assert.deepEqual(errors, [['TypeError', 'app.keys must be an array, not a string']])
})

test('signed non-objects are empty sessions, taken as the peer does a number', async () => {
  const [{ seen: asNumber }] = [await visit(site(peer, {}), [{ path: '/', cookie: signed(encoded(5)) }])]
  const steps = ['text', [], ['a', { b: 1 }]].map((data) => ({ path: '/', cookie: signed(encoded(data)) }))
  const { seen } = await visit(site(ours, {}), steps)
  for (const each of seen) assert.deepEqual(each, asNumber[0])
})

test('what a store has that is no object is an empty session', async () => {
  const steps = ['text', 'items'].map((id) => ({ path: '/', cookie: signed(id) }))
  const records = { text: '{"n":1}', items: [1, 2] }
  const { seen } = await visit(site(ours, { options: inStore(), records }), steps)
  for (const { text } of seen) assert.deepEqual(JSON.parse(text).session, {})
})

test('strange entries of a payload are no errors', async () => {
  const payloads = [
    { n: 1, toJSON: 1 },
    { n: 1, _maxAge: 'soon' },
    { n: 1, _maxAge: true },
    { n: 1, _maxAge: {} },
    { n: 1, maxAge: 'soon' },
    { n: 1, maxAge: [] },
    { n: 1, _maxAge: 1e308, _requireSave: {}, _session: {}, _expire: {} },
  ]
  const steps = payloads.map((data) => ({ path: '/', cookie: signed(encoded(data)) }))
  const count = ({ session }) => [++session.n, session.populated]
  for (const options of [{}, { rolling: true }, { renew: true }]) {
    const { seen } = await visit(site(ours, { options, routes: { '/': count } }), steps)
    for (const { status, text } of seen) assert.deepEqual([status, text], [200, '[2,true]'])
  }
})

const POLLUTED =
  '{"__proto__":{"a":1},"b":[{"__proto__":{"c":1},"\\u005f_proto__":{"d":1},"e":1}],"f":"__proto__"}'

test('__proto__ keys of a payload are dropped at every level', async () => {
  const route = ({ session }) => {
    const { b, a } = Object.assign({}, session.toJSON())
    return [JSON.stringify(session), a, b[0].c, b[0].d, {}.a, Object.keys(b[0]), session.a]
  }
  const cookie = signed(Buffer.from(POLLUTED).toString('base64'))
  const { seen } = await visit(site(ours, { routes: { '/': route } }), [{ path: '/', cookie }])
  const expected = ['{"b":[{"e":1}],"f":"__proto__"}', null, null, null, null, ['e'], null]
  assert.deepEqual(JSON.parse(seen[0].text), expected)
})

test('a __proto__ key of what a store has becomes no prototype', async () => {
  const options = {
    store: { get: async () => JSON.parse(POLLUTED), set: async () => {}, destroy: async () => {} },
  }
  const route = ({ session }) => [session.a, session.populated]
  const { seen } = await visit(site(ours, { options, routes: { '/': route } }), [
    { path: '/', cookie: signed('id') },
  ])
  assert.deepEqual(seen[0].text, '[null,true]')
})

test('a payload too deep to be written again is an empty session', async () => {
  const deep = Buffer.from(`{"a":${'['.repeat(5_500)}${']'.repeat(5_500)}}`).toString('base64')
  for (const options of [{}, { signed: false, rolling: true }]) {
    const { seen } = await visit(site(ours, { options }), [{ path: '/', cookie: signed(deep) }])
    assert.deepEqual([seen[0].status, JSON.parse(seen[0].text).session], [200, {}])
  }
})

test('of several cookies of the name the first that a signature fits is taken', async () => {
  const [one, two] = [1, 2].map((n) => signed(encoded({ n })))
  const foreign = signed(encoded({ n: 3 }), 'koa.sess', ['a foreign key'])
  const cases = [
    [`${one}; ${two}`, 1],
    [`${foreign}; ${two}; ${one}`, 2],
    [`koa.sess=x; ${one}`, 1],
    [`koa.sess.sig=x; ${one}`, 1],
    [`${foreign}; koa.sess=x`, undefined],
  ]
  const steps = cases.map(([cookie]) => ({ path: '/', cookie }))
  const { seen } = await visit(site(ours, {}), steps)
  for (const [index, [, n]] of cases.entries()) assert.equal(JSON.parse(seen[index].text).session.n, n)
})

test('of several ids the first that a signature fits is asked for', async () => {
  const cookie = `${signed('theirs', 'koa.sess', ['a foreign key'])}; ${signed('mine')}`
  const { calls } = await visit(site(ours, { options: inStore(), records: { mine: { n: 1 } } }), [
    { path: '/', cookie },
  ])
  assert.deepEqual(
    calls.map(([name, id]) => [name, id]),
    [['get', 'mine']],
  )
})

test("the events carry what the peer's do", async () => {
  const [theirs, own] = await Promise.all(
    [peer, ours].map(async (session) => {
      const seen = []
      const app = Object.assign(new Koa(), { keys: KEYS })
      app.on('session:expired', ({ key, value, ctx, ...rest }) =>
        seen.push([key, value, ctx.app === app, rest]),
      )
      app.use(session(app)).use((ctx) => {
        ctx.body = `${ctx.session.isNew}`
      })
      const cookie = signed(encoded({ n: 1, _expire: 5 }))
      await serve(app.callback(), (browser) => browser.get('/', { cookie }))
      await new Promise(setImmediate)
      return seen
    }),
  )
  assert.deepEqual(own, theirs)
  assert.deepEqual(own, [[undefined, { n: 1, _expire: 5 }, true, {}]])
})

test('a jar of the application is given what the peer gives it', async () => {
  const seen = [peer, ours].map((session) => [session, []])
  for (const [session, calls] of seen) {
    const before = (ctx, next) => {
      const note =
        (name) =>
        (key, ...rest) =>
          void calls.push([name, key, JSON.stringify(rest)])
      ctx.cookies = { get: note('get'), set: note('set') }
      return next()
    }
    const routes = { '/count': count, '/end': assign(null) }
    await visit(site(session, { before, routes, options: { maxAge: 5_000, domain: 'x' } }), [
      '/',
      '/count',
      '/end',
    ])
  }
  assert.equal(seen[0][1].length, 4)
  assert.deepEqual(seen[1][1].map(sorted), seen[0][1].map(sorted))
})

/** The order of the options is nobody's business. */
function sorted([name, key, rest]) {
  const [value, options = value] = JSON.parse(rest)
  return [name, key, value, Object.entries(options).sort()]
}

test('ctx.session may be defined anew, ctx.sessionOptions not', () => {
  for (const session of [peer, ours]) {
    const { context } = site(session, {}).app
    Object.defineProperty(context, 'session', { value: 'own' })
    assert.equal(Object.create(context).session, 'own')
    assert.throws(() => Object.defineProperty(context, 'sessionOptions', { value: 'own' }), TypeError)
  }
})

test("`maxage` is renamed with the peer's warning", () => {
  const real = console.warn
  const lines = []
  console.warn = (line) => lines.push(line)
  try {
    for (const session of [peer, ours]) session({ maxage: 5 }, new Koa())
  } finally {
    console.warn = real
  }
  assert.equal(lines[1], lines[0])
})

test('each reads what the other writes', async () => {
  const options = fc.record({
    key: fc.constantFrom('koa.sess', '__Host-s'),
    maxAge: fc.constantFrom(undefined, 5_000, 'session'),
    rolling: fc.boolean(),
  })
  const property = fc.asyncProperty(options, sessionData(), sessionData(), async (given, data, more) => {
    const first = await Promise.all([peer, ours].map((session) => request(session, given, '', assign(data))))
    assert.deepEqual(first[1], first[0])
    const cookie = (first[1].lines ?? []).map((line) => line.split(';')[0]).join('; ')
    const merge = ({ session }) =>
      Object.entries(more).forEach((entry) => void Reflect.set(session, ...entry))
    const second = await Promise.all([peer, ours].map((session) => request(session, given, cookie, merge)))
    assert.deepEqual(second[1], second[0])
    assert.equal(JSON.parse(second[1].before).isNew, cookie === '')
  })
  await warnings(() => atTime(NOW, () => fc.assert(property, { numRuns: RUNS })))
})

/** A request without a network; the jar is Koa's. */
async function request(session, options, cookie, work) {
  const app = Object.assign(new Koa(), { keys: KEYS, silent: true })
  const middleware = session({ ...options }, app)
  const headers = {}
  const response = { getHeader: (name) => headers[name], setHeader: (name, value) => (headers[name] = value) }
  const ctx = app.createContext({ headers: { cookie }, socket: {}, method: 'GET', url: '/' }, response)
  let before
  await middleware(ctx, async () => {
    before = JSON.stringify(look(ctx))
    work(ctx)
  })
  return { before, lines: headers['Set-Cookie'] }
}

test('a site goes over to the other and back with everybody logged in', async () => {
  for (const order of [
    [peer, ours, peer],
    [ours, peer, ours],
  ]) {
    for (const options of [{}, inStore()]) {
      let cookies = {}
      const records = new Map()
      for (const [index, session] of order.entries()) {
        const { app, store } = site(session, { options, routes: { '/count': count } })
        store.records = records
        await serve(app.callback(), async (browser) => {
          browser.cookies = cookies
          const { text } = await browser.get('/count')
          assert.equal(JSON.parse(text).session.n, index + 1)
          cookies = browser.cookies
        })
      }
    }
  }
})

function copy(configuration) {
  return Array.isArray(configuration) || typeof configuration === 'function'
    ? configuration
    : { ...configuration }
}

function outcome(run, onlyMessage = false) {
  try {
    const value = run()
    return typeof value === 'function' ? 'a function' : value
  } catch (error) {
    return onlyMessage
      ? error.message
      : { name: error.name, code: error.code, message: error.message, kind: error.constructor.name }
  }
}
