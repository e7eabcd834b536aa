// The peers, then the drop-ins, then the peers, on the versions of Fastify and @fastify/cookie that are installed: run by
// the matrix. The vectors hold for @fastify/cookie 11.1, which spells values in another way than those before.
import assert from 'node:assert/strict'
import { createRequire } from 'node:module'
import { test } from 'node:test'

import fastifyCookie from '@fastify/cookie'
import Fastify from 'fastify'

import { Browser, SECRET } from '../support.mjs'
import { JsonStore } from './fastify-session.support.mjs'

const require = createRequire(import.meta.url)

const FRONTS = {
  session: {
    modules: ['@fastify/session', 'shortcrust/fastify-session'],
    options: (store) => ({ secret: SECRET, store, cookie: { secure: false }, saveUninitialized: false }),
    put: (session, data) => Object.assign(session, data),
    end: (request) => request.session.destroy(),
    data: ({ user, n }) => ({ user, n }),
  },
  'secure-session': {
    modules: ['@fastify/secure-session', 'shortcrust/fastify-secure-session'],
    options: () => ({ key: Buffer.alloc(32, 7), cookie: { path: '/' } }),
    put: (session, data) => {
      for (const [key, value] of Object.entries(data)) session.set(key, value)
    },
    end: (request) => request.session.delete(),
    data: (session) => ({ user: session.get('user'), n: session.get('n') }),
  },
}

async function shop(name, { put, end, data }, options) {
  const app = Fastify()
  await app.register(fastifyCookie)
  await app.register(require(name), options)
  app.get('/login', async ({ session }) => {
    put(session, { user: 'ada', n: 0 })
    return data(session)
  })
  app.get('/count', async ({ session }) => {
    put(session, { n: data(session).n + 1 })
    return data(session)
  })
  app.get('/logout', async (request) => {
    await end(request)
    return {}
  })
  app.get('/', async ({ session }) => data(session))
  await app.listen({ port: 0, host: '127.0.0.1' })
  return app
}

for (const [front, how] of Object.entries(FRONTS)) {
  test(`${front}: who is logged in stays so when the drop-in comes and when it goes`, async () => {
    const store = new JsonStore()
    const [peer, ours] = how.modules
    let cookies = {}
    for (const [n, name] of [peer, ours, peer, ours].entries()) {
      const app = await shop(name, how, how.options(store))
      const browser = new Browser(app.server.address().port)
      browser.cookies = cookies
      if (n === 0) await browser.get('/login')
      assert.deepEqual((await browser.get('/count')).json(), { user: 'ada', n: n + 1 }, name)
      assert.deepEqual((await browser.get('/')).json(), { user: 'ada', n: n + 1 }, name)
      cookies = browser.cookies
      await app.close()
    }
  })

  test(`${front}: a logout is one`, async () => {
    const app = await shop(how.modules[1], how, how.options(new JsonStore()))
    const browser = new Browser(app.server.address().port)
    await browser.get('/login')
    await browser.get('/logout')
    assert.deepEqual((await browser.get('/')).json(), {})
    await app.close()
  })
}
