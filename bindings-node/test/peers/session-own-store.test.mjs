// A store of shortcrust/stores under the drop-ins: the promises of our own fronts, with the peers' cookies.
import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { test } from 'node:test'

import fastifyCookie from '@fastify/cookie'
import express from 'express'
import Fastify from 'fastify'
import Koa from 'koa'
import { sessions } from 'shortcrust/express'
import expressSession from 'shortcrust/express-session'
import fastifySession from 'shortcrust/fastify-session'
import koaSession from 'shortcrust/koa-session'
import { MemoryStore } from 'shortcrust/stores/memory'

import { WHOLE_STORES } from '../stores.mjs'
import { Browser, SECRET, serve } from '../support.mjs'
import { KEYS } from './koa-session.support.mjs'

const { memory, 'better-sqlite3': sqlite, postgres, 'redis, by node-redis': redis } = WHOLE_STORES
/** The user is in the index of this name alone. */
const unique = () => `sid-${randomBytes(8).toString('hex')}`
const KINDS = { memory, sqlite, postgres, redis }

const ROUTES = {
  '/login': async ({ session, to }) => {
    await session.regenerate()
    Object.assign(to(), { user: 'ada', basket: { tea: 1 } })
  },
  '/add': async ({ query, session, meanwhile }) => {
    session.basket[query.key] = 1
    await meanwhile.run()
  },
  '/visit': ({ session }) => {
    session.visits = (session.visits ?? 0) + 1
  },
  '/user': ({ session }) => {
    session.user = 'ada'
  },
  '/level': async ({ session, to, meanwhile, carries }) => {
    const { user } = session
    await meanwhile.run()
    await session.regenerate()
    // koa-session carries all over by itself.
    if (carries) delete to().basket
    Object.assign(to(), { level: 2, ...(!carries && { user }) })
  },
  '/read': ({ session }) => session.user,
  '/save': ({ session }) => session.save(),
  '/logout': ({ end, session }) => (end ? end() : session.destroy()),
  '/list': ({ raw }) => sessions.list(raw, 'ada'),
  '/end': ({ raw, query }) => sessions.revoke(raw, query.handle, 'ada'),
  '/others': ({ raw, session, query }) => {
    session.basket[query.key] = 1
    return sessions.revokeAll(raw, 'ada', { exceptCurrent: true })
  },
  '/all': ({ raw }) => sessions.revokeAll(raw, 'ada'),
  '/': ({ carries, session }) => {
    const { cookie: _, ...data } = carries ? session.toJSON() : session
    return data
  },
}

const HOSTS = {
  async 'shortcrust/express-session'(store, meanwhile, use, options) {
    const app = express()
      .use(
        expressSession({
          secret: SECRET,
          resave: false,
          saveUninitialized: false,
          name: unique(),
          userKey: 'user',
          store,
          ...options,
        }),
      )
      .use(async (request, response) => {
        const { path, query, session } = request
        const call = { query, session, raw: request, meanwhile, to: () => request.session }
        response.json((await ROUTES[path](call)) ?? null)
      })
      .use((error, _request, response, _next) => response.status(500).end(error.message))
    await serve(app, use)
  },
  async 'shortcrust/fastify-session'(store, meanwhile, use, options) {
    const app = Fastify()
    await app.register(fastifyCookie)
    const given = {
      secret: SECRET,
      saveUninitialized: false,
      cookieName: unique(),
      userKey: 'user',
      store,
      ...options,
    }
    await app.register(fastifySession, { ...given, cookie: { secure: false, ...options?.cookie } })
    app.get('/*', async (request, reply) => {
      const { query, raw, session } = request
      const call = { query, session, raw, meanwhile, to: () => request.session }
      const body = (await ROUTES[request.url.split('?', 1)[0]](call)) ?? null
      return reply.type('application/json').send(JSON.stringify(body))
    })
    await app.listen({ port: 0, host: '127.0.0.1' })
    try {
      await use(new Browser(app.server.address().port))
    } finally {
      await app.close()
    }
  },
  async 'shortcrust/koa-session'(store, meanwhile, use, options) {
    const app = new Koa()
    app.silent = true
    app.keys = KEYS
    app.use(koaSession({ key: unique(), userKey: 'user', store, ...options }, app))
    app.use(async (ctx) => {
      const { path, query, req, session } = ctx
      const end = () => {
        ctx.session = null
      }
      const call = { query, session, raw: req, meanwhile, to: () => ctx.session, end, carries: true }
      ctx.type = 'json'
      ctx.body = JSON.stringify((await ROUTES[path](call)) ?? null)
    })
    await serve(app.callback(), use)
  },
}

for (const [front, host] of Object.entries(HOSTS)) {
  for (const [kind, { skip, open }] of Object.entries(KINDS)) {
    const on = (title, use, options) =>
      test(`${front} on our ${kind}: ${title}`, { skip }, async () => {
        const { store, close } = await open()
        const meanwhile = { run() {} }
        const run = async (browser) => {
          const other = new Browser(browser.port)
          await browser.get('/login')
          other.cookies = { ...browser.cookies }
          await use({ browser, meanwhile, other, store })
        }
        await host(store, meanwhile, run, options)
        await close()
      })

    on('what overlapping requests wrote is joined', async ({ browser, meanwhile, other }) => {
      meanwhile.run = () => {
        meanwhile.run = () => {}
        return other.get('/add?key=pie')
      }
      assert.equal((await browser.get('/add?key=tart')).status, 200)
      assert.deepEqual((await browser.get()).json(), { user: 'ada', basket: { tea: 1, pie: 1, tart: 1 } })
      const keys = Array.from({ length: 8 }, (_, at) => `key${at}`)
      await Promise.all(keys.map((key) => other.get(`/add?key=${key}`)))
      const { basket } = (await browser.get()).json()
      for (const key of keys) assert.equal(basket[key], 1, key)
    })

    on('neither a write nor a new id outlives a logout', async ({ browser, meanwhile, other }) => {
      for (const path of ['/add?key=pie', '/level']) {
        meanwhile.run = () => {
          meanwhile.run = () => {}
          return other.get('/logout')
        }
        assert.equal((await browser.get(path)).status, 200)
        assert.equal((await browser.get()).json().user, undefined)
        await browser.get('/login')
        other.cookies = { ...browser.cookies }
      }
    })

    on('a new id takes the place of the old one', async ({ browser, other }) => {
      await browser.get('/level')
      assert.deepEqual((await browser.get()).json(), { user: 'ada', level: 2 })
      assert.deepEqual((await other.get()).json(), {})
    })

    on('a user’s sessions are listed, and one of them is ended', async ({ browser }) => {
      const phone = new Browser(browser.port)
      await phone.get('/login')
      const listed = (await browser.get('/list')).json()
      assert.deepEqual(listed.map(({ isCurrent }) => isCurrent).sort(), [false, true])
      const { handle } = listed.find(({ isCurrent }) => !isCurrent)
      assert.equal((await browser.get(`/end?handle=${handle}`)).text, 'true')
      assert.deepEqual((await phone.get()).json(), {})
      assert.equal((await browser.get('/list')).json().length, 1)
    })

    on('all of a user’s sessions end, or all but this one', async ({ browser, other }) => {
      const phone = new Browser(browser.port)
      await phone.get('/login')
      await browser.get('/others?key=pie')
      assert.deepEqual((await phone.get()).json(), {})
      // Who has a copy of the cookie that was kept is out too, and what the handler did is not lost.
      assert.deepEqual((await other.get()).json(), {})
      assert.deepEqual((await browser.get()).json().basket, { tea: 1, pie: 1 })
      assert.equal((await browser.get('/read')).text, '"ada"')
      await phone.get('/login')
      await phone.get('/all')
      assert.deepEqual([(await phone.get()).json(), (await browser.get()).json()], [{}, {}])
    })

    on('a session that was revoked is not brought back by a request in flight', async (all) => {
      const { browser, meanwhile, other } = all
      meanwhile.run = () => other.get('/all')
      await browser.get('/add?key=pie')
      assert.deepEqual((await browser.get()).json(), {})
    })

    on(
      'a number that is named is added up',
      async ({ browser, meanwhile, other }) => {
        await browser.get('/visit')
        await Promise.all([browser.get('/visit'), other.get('/visit')])
        assert.equal((await browser.get()).json().visits, 3)
        assert.ok(meanwhile)
      },
      { merge: { visits: 'add' } },
    )
  }

  test(`${front}: a reader asks the store once, and writes nothing`, async () => {
    const calls = []
    const store = new Proxy(new MemoryStore(), {
      get(target, name) {
        const value = target[name]
        if (typeof value !== 'function') return value
        return (...args) => {
          calls.push(name)
          return value.apply(target, args)
        }
      },
    })
    await host(store, { run() {} }, async (browser) => {
      await browser.get('/login')
      await browser.get('/read')
      calls.length = 0
      await browser.get('/read')
      assert.deepEqual(calls, ['load'])
      // koa-session's writes whatever there is, with a new end.
      if (front === 'shortcrust/koa-session') return
      await browser.get('/save')
      assert.deepEqual(
        calls.filter((name) => name === 'save'),
        [],
      )
    })
  })

  test(`${front}: a listed session has the label that its first request gave it`, async () => {
    const label = (request) => request.url.split('label=')[1]
    const use = async (browser) => {
      await browser.get('/login?label=Firefox')
      await browser.get('/?label=Lynx')
      await browser.get('/visit')
      assert.deepEqual(
        (await browser.get('/list')).json().map((one) => one.label),
        ['Firefox'],
      )
    }
    await host(new MemoryStore(), { run() {} }, use, { label })
  })

  test(`${front}: without userKey a login without a new id keeps what was there`, async () => {
    for (const [options, expected] of [
      [{ userKey: undefined }, { visits: 1, user: 'ada' }],
      [{}, { user: 'ada' }],
    ]) {
      await host(
        new MemoryStore(),
        { run() {} },
        async (browser) => {
          await browser.get('/visit')
          await browser.get('/user')
          assert.deepEqual((await browser.get()).json(), expected)
        },
        options,
      )
    }
  })

  test(`${front}: where the store fails the request does, or has an empty session`, async () => {
    for (const [outage, status] of [
      [undefined, 500],
      ['empty', 200],
    ]) {
      const store = new MemoryStore()
      await host(
        store,
        { run() {} },
        async (browser) => {
          await browser.get('/login')
          const { load } = store
          store.load = async () => {
            throw new Error('down')
          }
          assert.equal((await browser.get()).status, status)
          if (outage === 'empty') {
            // Nothing replaces the cookie, and nobody believes to have logged out.
            const written = await browser.get('/visit')
            assert.deepEqual([written.status, written.headers['set-cookie']], [200, undefined])
            assert.equal((await browser.get('/logout')).status, 500)
          }
          store.load = load
          assert.equal((await browser.get('/read')).text, '"ada"')
        },
        { outage },
      )
    }
  })
}

test('ids and peerExact of the application are refused beside a store of ours', async () => {
  const store = new MemoryStore()
  for (const option of [{ genid: () => 'id' }, { peerExact: true }]) {
    assert.throws(() =>
      expressSession({ secret: SECRET, resave: false, saveUninitialized: false, store, ...option }),
    )
  }
  for (const option of [{ genid: () => 'id' }, { peerExact: true }, { prefix: 'app:' }]) {
    assert.throws(() => koaSession({ store, ...option }, new Koa()), TypeError)
  }
  for (const option of [{ idGenerator: () => 'id' }, { peerExact: true }]) {
    const app = Fastify().register(fastifyCookie)
    await assert.rejects(async () => app.register(fastifySession, { secret: SECRET, store, ...option }))
  }
})
