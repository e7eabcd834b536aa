// What the tests of an application are given.
import assert from 'node:assert/strict'
import { createRequire } from 'node:module'
import { test } from 'node:test'

import express from 'express'
import { session, sessions, user } from 'shortcrust/express'
import { MemoryStore } from 'shortcrust/stores/memory'
import { failingStore, frozenClock, loggedInCookie } from 'shortcrust/testing/sessions'

import { SECRET, serve } from './support.mjs'

const require = createRequire(import.meta.url)

const app = (middleware) =>
  express()
    .use(middleware)
    .get('/', (request, response) => response.json([user(request) ?? null, { ...request.session }]))
    .use((_error, _request, response, _next) => response.status(500).end())

const withCookie = (browser, [name, value]) => browser.get('/', { cookie: `${name}=${value}` })

for (const [where, options] of Object.entries({ cookie: {}, store: { store: new MemoryStore() } })) {
  test(`a session in a ${where} is logged in`, async () => {
    const middleware = session({ secrets: [SECRET], ...options })
    const cookie = await loggedInCookie(middleware, 'ada', { basket: ['bread'] })
    await serve(app(middleware), async (browser) => {
      assert.deepEqual((await withCookie(browser, cookie)).json(), ['ada', { basket: ['bread'] }])
    })
    if (where === 'store') assert.equal((await sessions.list(middleware, 'ada')).length, 1)
  })
}

test('a drop-in gets data alone', async () => {
  const middleware = require('shortcrust/express-session')({
    secret: SECRET,
    resave: false,
    saveUninitialized: false,
  })
  const cookie = await loggedInCookie(middleware, undefined, { userId: 1 })
  const shop = express()
    .use(middleware)
    .get('/', (request, response) => response.json(request.session.userId))
  await serve(shop, async (browser) => assert.equal((await withCookie(browser, cookie)).json(), 1))
})

test('a session ends by the clock of the test', async (context) => {
  const clock = frozenClock()
  context.after(clock.restore)
  const middleware = session({ secrets: [SECRET] })
  const cookie = await loggedInCookie(middleware, 'ada')
  await serve(app(middleware), async (browser) => {
    clock.advance({ days: 13 })
    assert.equal((await withCookie(browser, cookie)).json()[0], 'ada')
    clock.advance({ days: 2 })
    assert.equal((await withCookie(browser, cookie)).json()[0], null)
  })
})

test('a store fails on demand', async () => {
  const store = failingStore(new MemoryStore())
  const middleware = session({ secrets: [SECRET], store })
  const cookie = await loggedInCookie(middleware, 'ada')
  await serve(app(middleware), async (browser) => {
    store.fails = true
    assert.equal((await withCookie(browser, cookie)).status, 500)
    store.fails = false
    assert.equal((await withCookie(browser, cookie)).json()[0], 'ada')
  })
})

test('where nothing would be in the session, that is said', async () => {
  const middleware = session({ secrets: [SECRET], cookie: { path: '/shop' } })
  await assert.rejects(loggedInCookie(middleware, undefined, {}, '/shop'), /no cookie was set/)
  await assert.rejects(loggedInCookie(middleware, 'ada'), /gives no session at \//)
})
