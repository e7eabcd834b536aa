// shortcrust/express-session beside express-session: vectors, one request after another, and strange cookies.
import assert from 'node:assert/strict'
import { createRequire } from 'node:module'
import { test } from 'node:test'

import stock from 'express-session'
import fc from 'fast-check'
import ours, { Cookie, MemoryStore, Session, Store } from 'shortcrust/express-session'

import { Browser, OLD_SECRET, SECRET } from '../support.mjs'
import {
  clock,
  each,
  eachFront,
  FRONTS,
  HOSTS,
  idOf,
  NAME,
  open,
  setting,
  signed,
} from './express-session.mjs'
import { atTime, peerVectors, RUNS, sessionData } from './support.mjs'

const ID = 'an-id-that-is-in-the-store'

const ACTIONS = {
  assign: (request, { data }) => Object.assign(request.session, data),
  clear: (request) => {
    request.session = null
  },
  delete: (request, { keys }) => {
    for (const key of keys) delete request.session[key]
  },
  none: () => {},
  read: (request) => request.session,
}

for (const [front, session] of Object.entries(FRONTS)) {
  for (const { id, input, expect } of peerVectors('express-session')) {
    test(`${id} holds for ${front}`, () => atTime(input.now_ms, () => vector(session, input, expect)))
  }
}

async function vector(session, input, expect) {
  const { options, genid, store: before = {}, action = { type: 'none' } } = input
  const store = new session.MemoryStore()
  for (const [id, record] of Object.entries(before)) store.sessions[id] = JSON.stringify(record)
  const seen = {}
  const act = (request, response) => {
    const { cookie, ...data } = JSON.parse(JSON.stringify(request.session))
    Object.assign(seen, { session_id: request.sessionID, session: data })
    ACTIONS[action.type](request, action)
    response.end()
  }
  const settings = { ...options, cookie: withDates(options.cookie), genid: () => genid, store }
  await open(session, 'node:http', settings, { '/': act }, async (browser, { errors }) => {
    const headers = input.secure ? { 'x-forwarded-proto': 'https' } : {}
    const { setCookie } = await browser.get('/', { cookie: input.cookie ?? '', headers })
    if (expect.error) {
      const [{ name, message }] = errors
      return assert.deepEqual({ name, message }, expect.error)
    }
    const after = Object.entries(store.sessions).map(([id, text]) => [id, JSON.parse(text)])
    const got = { ...seen, set_cookie: setCookie, store_after: Object.fromEntries(after) }
    assert.deepEqual({ got, errors }, { got: expect.ok, errors: [] })
  })
}

/** A date in a vector is `{ date_ms }`. */
function withDates(attributes = {}) {
  const date = (value) => (value?.date_ms === undefined ? value : new Date(value.date_ms))
  return Object.fromEntries(Object.entries(attributes).map(([key, value]) => [key, date(value)]))
}

each('a session lasts from request to request, and each browser has its own', ({ open }) => {
  const routes = {
    '/count': (request, response) => {
      request.session.views = (request.session.views ?? 0) + 1
      response.end(String(request.session.views))
    },
  }
  return open({}, routes, async (browser, { errors }) => {
    const other = new Browser(browser.port)
    const texts = []
    for (const each of [browser, browser, other, browser]) texts.push((await each.get('/count')).text)
    assert.deepEqual(texts, ['1', '2', '1', '3'])
    assert.notEqual(browser.cookies[NAME], other.cookies[NAME])
    assert.deepEqual(errors, [])
  })
})

each('a well-signed id that the store does not know is not adopted', ({ open }) => {
  const routes = { '/set': setting('marked', true) }
  return open({}, routes, async (browser, { store }) => {
    const cookie = `${NAME}=${signed('chosen-by-the-client')}`
    const answer = await browser.get('/set', { cookie })
    assert.match(idOf(answer), /^[\w-]{32}$/)
    assert.deepEqual(Object.keys(store.sessions), [idOf(answer)])
  })
})

eachFront('has ids of 24 random bytes in base64url', async ({ session }) => {
  const ids = []
  const routes = { '/': (request, response) => response.end(ids.push(request.sessionID).toString()) }
  await open(session, 'node:http', {}, routes, async (browser) => {
    for (let count = 0; count < 200; count++) await browser.get('/', { cookie: '' })
  })
  assert.equal(new Set(ids).size, 200)
  for (const id of ids) assert.match(id, /^[\w-]{32}$/)
  // Every place of the alphabet is used in every position: no counter, clock or prefix.
  for (let at = 0; at < 32; at++) assert.ok(new Set(ids.map((id) => id[at])).size > 20)
})

test('ids do not come from Math.random or from the clock', async (context) => {
  clock(context, 0)
  context.mock.method(Math, 'random', () => 0.5)
  const store = new MemoryStore()
  ours({ secret: SECRET, resave: false, saveUninitialized: false, store })
  const requests = [{ headers: {} }, { headers: {} }]
  for (const request of requests) store.generate(request)
  assert.notEqual(requests[0].sessionID, requests[1].sessionID)
})

const STRANGE = {
  'an empty value': '',
  'no signature': 's%3Aid',
  'an unsigned id': ID,
  'a foreign signature': signed(ID, 'another secret that signs as well'),
  'a signature cut short': signed(ID).slice(0, -2),
  'a longer signature': `${signed(ID)}A`,
  'padding that is not due': `${signed(ID)}%3D`,
  'another id': signed(ID).replace('an-id', 'xx-id'),
  'the empty id, signed': signed(''),
  'percent signs that decode to nothing': '%E0%A4%A',
  'bytes that are not UTF-8': 's%3A%FF%FE.%80',
  'a prototype': 's%3A__proto__.x',
  'a signed prototype': signed('__proto__'),
  'a signed method': signed('constructor'),
  quotes: '"s%3Aid.x"',
  'a JSON cookie': 'j%3A%7B%22a%22%3A1%7D',
  'a long value': 'x'.repeat(8_000),
  'dots alone': 's%3A......',
}

each('strange cookies are an empty session, never an error, and never another one', ({ open, session }) => {
  const store = new session.MemoryStore()
  store.sessions[ID] = JSON.stringify({ cookie: {}, user: 'ada' })
  return open({ store }, {}, async (browser, { errors }) => {
    for (const [what, value] of Object.entries(STRANGE)) {
      const { status, text } = await browser.get('/', { cookie: `${NAME}=${value}` })
      assert.deepEqual({ status, text }, { status: 200, text: '{}' }, what)
    }
    for (const cookie of ['=', ';;;', NAME, `${NAME}; ${NAME}`, '%', ' = ; =;']) {
      assert.equal((await browser.get('/', { cookie })).text, '{}', cookie)
    }
    assert.deepEqual(errors, [])
    const { text } = await browser.get('/', { cookie: `${NAME}=${signed(ID)}` })
    assert.equal(text, '{"user":"ada"}')
  })
})

test('random cookies open where they open for the peer', async () => {
  const seen = []
  const visit = (session) => {
    const store = new session.MemoryStore()
    store.sessions[ID] = JSON.stringify({ cookie: {}, user: 'ada' })
    const run = session({ secret: [SECRET, OLD_SECRET], resave: false, saveUninitialized: false, store })
    return (cookie) =>
      new Promise((resolve) => {
        const request = { headers: { cookie }, url: '/' }
        run(request, { writeHead() {}, end() {}, write() {} }, (error) =>
          resolve([error, request.sessionID === ID, request.session?.user]),
        )
      })
  }
  const [theirs, our] = [visit(stock), visit(ours)]
  const value = fc.oneof(
    fc.constantFrom(signed(ID), signed(ID, OLD_SECRET), signed(ID, 'foreign'), ID, '', 's%3A', '"'),
    fc.string(),
  )
  const edit = fc.tuple(fc.nat(), fc.nat({ max: 1 }), fc.string({ maxLength: 1 }), fc.boolean())
  await fc.assert(
    fc.asyncProperty(value, edit, fc.string(), async (text, [at, cut, put, isEdited], before) => {
      const place = at % (text.length + 1)
      const changed = isEdited ? text.slice(0, place) + put + text.slice(place + cut) : text
      const cookie = `${before.replaceAll(NAME, '')}; ${NAME}=${changed}`
      const [expected, got] = [await theirs(cookie), await our(cookie)]
      assert.deepEqual(got, expected)
      seen.push(got[1])
    }),
    { numRuns: RUNS },
  )
  assert.ok(seen.includes(true) && seen.includes(false))
})

test('of several cookies of the name the first whose signature holds counts', async () => {
  const store = new MemoryStore()
  store.sessions[ID] = JSON.stringify({ cookie: {}, user: 'ada' })
  store.sessions.other = JSON.stringify({ cookie: {}, user: 'eve' })
  const [good, bad, other] = [signed(ID), signed(ID, 'foreign'), signed('other')].map((x) => `${NAME}=${x}`)
  await open(ours, 'node:http', { store }, {}, async (browser) => {
    const user = async (...cookies) => (await browser.get('/', { cookie: cookies.join('; ') })).json().user
    assert.equal(await user(bad, good), 'ada')
    assert.equal(await user(bad, 'x=y', `${NAME}=`, good), 'ada')
    assert.equal(await user(good, other), 'ada')
    assert.equal(await user(other, good), 'eve')
    assert.equal(await user(bad, bad, bad, bad, good), undefined, 'not beyond the fourth')
  })
})

test('either reads what the other has stored, and neither sets it anew', async () => {
  await fc.assert(
    fc.asyncProperty(sessionData(), fc.constantFrom(stock, ours), async (data, first) => {
      const text = await relay(first, (session) => Object.assign(session, structuredClone(data)))
      const [theirs, our] = [await relay(stock, () => {}, text), await relay(ours, () => {}, text)]
      assert.equal(our, theirs)
      // Data that would hide a method are lost with both.
      if (!Object.keys(data).some((key) => key in Session.prototype)) assert.equal(our, text)
    }),
    { numRuns: RUNS },
  )
})

/** One request without a socket: the record afterwards. */
async function relay(session, act, text) {
  const store = new session.MemoryStore()
  const cookie = text === undefined ? undefined : `${NAME}=${signed(ID)}`
  if (text !== undefined) store.sessions[ID] = text
  const run = session({ secret: SECRET, resave: false, saveUninitialized: true, store, genid: () => ID })
  const request = { headers: { cookie }, url: '/' }
  const response = { _implicitHeader() {}, writeHead() {}, getHeader() {}, setHeader() {}, write() {} }
  await new Promise((resolve, reject) => {
    response.end = resolve
    run(request, response, (error) => {
      if (error) return reject(error)
      act(request.session)
      response.end()
    })
  })
  return store.sessions[ID]
}

for (const host of Object.keys(HOSTS)) {
  test(`a user stays logged in when the front is exchanged, and exchanged back, on ${host}`, async () => {
    const kept = {}
    const browser = new Browser()
    const routes = { '/login': setting('user', 'ada') }
    for (const [turn, session] of [stock, ours, stock, ours].entries()) {
      const store = Object.assign(new session.MemoryStore(), { sessions: kept })
      await open(session, host, { store }, routes, async ({ port }) => {
        browser.port = port
        if (turn === 0) await browser.get('/login')
        assert.equal((await browser.get('/')).json().user, 'ada')
      })
    }
  })
}

test('import and require give the same, with the peer’s names', () => {
  const required = createRequire(import.meta.url)('shortcrust/express-session')
  assert.equal(required, ours)
  assert.deepEqual(Object.keys(required), Object.keys(stock))
  assert.deepEqual({ Cookie, MemoryStore, Session, Store }, { ...required })
  assert.equal(required.name, 'session')
  assert.equal(required.length, stock.length)
})
