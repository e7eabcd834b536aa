// Requests on one session that overlap, under the drop-in, on each kind of store; and the peer's way, asked for.
import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'

import express from 'express'
import stock from 'express-session'
import createMemoryStore from 'memorystore'
import session from 'shortcrust/express-session'

import { Browser, SECRET, serve } from '../support.mjs'
import { STORES } from './stores.mjs'

const require = createRequire(import.meta.url)
const FileStore = require('session-file-store')(session)

const fresh = (open) => ({ skip: false, open: () => ({ store: open, close() {} }) })
const ALL = {
  ...STORES,
  MemoryStore: fresh((front) => new front.MemoryStore()),
  memorystore: fresh((front) => new (createMemoryStore(front))({ checkPeriod: 0 })),
  'session-file-store': { skip: false, open: openFiles },
}

function openFiles() {
  const path = mkdtempSync(join(tmpdir(), 'shortcrust-'))
  const close = () => rmSync(path, { recursive: true, force: true })
  return { store: () => new FileStore({ path, retries: 0, reapInterval: -1, logFn() {} }), close }
}

/** A shop whose `/slow` waits, between reading and writing, until `meanwhile` is done. */
function shop(front, store, options, meanwhile) {
  const ended = (response, next) => (error) => (error ? next(error) : response.end())
  const renewed = async (request, data, done) => {
    await meanwhile.run()
    request.session.regenerate((error) => {
      Object.assign(request.session, data)
      done(error)
    })
  }
  return express()
    .use(front({ secret: SECRET, resave: false, saveUninitialized: false, store, ...options }))
    .get('/login', (request, response) => {
      Object.assign(request.session, { user: 'ada', basket: { tea: 1 }, list: [1] })
      response.end()
    })
    .get('/add', (request, response) => {
      request.session[request.query.key] = 1
      if (request.session.basket) request.session.basket[request.query.key] = 1
      response.end()
    })
    .get('/slow', async (request, response) => {
      request.session.slow = request.query.n ?? 1
      request.session.basket.slow = 1
      delete request.session.list
      await meanwhile.run()
      response.end()
    })
    .get('/count', async (request, response) => {
      request.session.count = (request.session.count ?? 0) + 1
      await meanwhile.run()
      response.end()
    })
    .get('/save', async (request, response, next) => {
      await meanwhile.run()
      request.session.first = 1
      request.session.save((error) => {
        request.session.second = 1
        if (error) next(error)
        else request.session.save(ended(response, next))
      })
    })
    .get('/twice', (request, response) => {
      request.session.list.push(2)
      request.session.save(() => {})
      request.session.list.push(3)
      response.end()
    })
    .get('/reload', async (request, response) => {
      await meanwhile.run()
      await request.session.reload()
      request.session.list.push('mine')
      await meanwhile.run()
      response.end()
    })
    .get('/append', (request, response) => {
      request.session.list.push(request.query.item)
      response.end()
    })
    .get('/age', (request, response) => response.json(request.session.cookie.originalMaxAge))
    .get('/deep', async (request, response, next) => {
      let deep = 1
      for (let level = 0; level < 201; level += 1) deep = { deep }
      request.session.deep = deep
      await meanwhile.run()
      request.session.save(ended(response, next))
    })
    .get('/unchanged', (request, response, next) => request.session.save(ended(response, next)))
    .get('/remember', async (request, response, next) => {
      request.session.cookie.maxAge = 9e8
      await meanwhile.run()
      request.session.save(ended(response, next))
    })
    .get('/reader', async (request, response) => {
      await meanwhile.run()
      response.json(request.session)
    })
    .get('/level', (request, response, next) => {
      const { cookie: _, ...data } = request.session
      renewed(request, { ...data, level: 2 }, ended(response, next))
    })
    .get('/bob', (request, response, next) => renewed(request, { user: 'bob' }, ended(response, next)))
    .get('/logout', (request, response, next) => request.session.destroy(ended(response, next)))
    .get('/', (request, response) => {
      // session-file-store keeps a time of its own.
      const { cookie: _, __lastAccess: __, ...data } = request.session
      response.json(data)
    })
    .use((error, _request, response, _next) => response.status(500).end(error.message))
}

const ADA = { user: 'ada', basket: { tea: 1 }, list: [1] }

for (const [name, { skip, open }] of Object.entries(ALL)) {
  const on = (title, run, options, front = session) =>
    test(`${name}: ${title}`, { skip }, async (context) => {
      const records = await open()
      context.after(() => records.close())
      const meanwhile = { run() {} }
      const app = shop(front, records.store(front), options, meanwhile)
      await serve(app, async (browser) => {
        await browser.get('/login')
        const other = new Browser(browser.port)
        Object.assign(other.cookies, browser.cookies)
        await run({ browser, meanwhile, other, records })
      })
    })

  on('what overlapping requests wrote is joined, key by key', async ({ browser, meanwhile, other }) => {
    meanwhile.run = () => other.get('/add?key=pie')
    assert.equal((await browser.get('/slow')).status, 200)
    const { list: _, ...rest } = ADA
    const expected = { ...rest, pie: 1, slow: 1, basket: { tea: 1, pie: 1, slow: 1 } }
    assert.deepEqual((await browser.get()).json(), expected)
  })

  on(
    'both requests add to a number that is named',
    async ({ browser, meanwhile, other }) => {
      meanwhile.run = () => {
        meanwhile.run = () => {}
        return other.get('/count')
      }
      await browser.get('/count')
      assert.equal((await browser.get()).json().count, 2)
    },
    { merge: { count: 'add' } },
  )

  on('of many at once each is there', async ({ browser, other }) => {
    const keys = Array.from({ length: 20 }, (_, at) => `key${at}`)
    const answers = await Promise.all(keys.map((key) => other.get(`/add?key=${key}`)))
    assert.deepEqual(new Set(answers.map(({ status }) => status)), new Set([200]))
    const seen = (await browser.get()).json()
    for (const key of keys) assert.deepEqual([seen[key], seen.basket[key]], [1, 1], key)
  })

  on('a maxAge that one request sets stays beside what the other wrote', async (all) => {
    const { browser, meanwhile, other } = all
    for (const [path, during] of [
      ['/slow', '/remember'],
      ['/remember', '/slow?n=2'],
    ]) {
      meanwhile.run = () => {
        meanwhile.run = () => {}
        return other.get(during)
      }
      await browser.get('/login')
      assert.equal((await browser.get(path)).status, 200)
      assert.ok(Math.abs((await browser.get('/age')).json() - 9e8) < 1_000, path)
      assert.ok((await browser.get()).json().slow, path)
    }
  })

  on('what can not be joined, since it nests too deep, overwrites nothing', async (all) => {
    const { browser, meanwhile, other } = all
    meanwhile.run = () => other.get('/add?key=pie')
    const { status, text } = await browser.get('/deep')
    assert.equal(status, 500)
    assert.match(text, /deeper than 200 levels/)
    const { deep, pie } = (await browser.get()).json()
    assert.deepEqual({ deep, pie }, { deep: undefined, pie: 1 })
  })

  on('two saves of one request keep what another wrote', async ({ browser, meanwhile, other }) => {
    meanwhile.run = () => other.get('/add?key=pie')
    assert.equal((await browser.get('/save')).status, 200)
    const { first, second, pie } = (await browser.get()).json()
    assert.deepEqual({ first, second, pie }, { first: 1, second: 1, pie: 1 })
  })

  on('what is changed behind a save is written once', async ({ browser }) => {
    assert.equal((await browser.get('/twice')).status, 200)
    assert.deepEqual((await browser.get()).json().list, [1, 2, 3])
  })

  on('what was reloaded is what the request began with', async ({ browser, meanwhile, other }) => {
    const items = ['a', 'b']
    meanwhile.run = () => other.get(`/append?item=${items.shift()}`)
    assert.equal((await browser.get('/reload')).status, 200)
    assert.deepEqual((await browser.get()).json().list, [1, 'a', 'b', 'mine'])
  })

  on('a logout is not undone by a request in flight', async ({ browser, meanwhile, other }) => {
    meanwhile.run = () => other.get('/logout')
    assert.equal((await browser.get('/slow')).status, 200)
    assert.deepEqual((await browser.get()).json(), {})
  })

  on('a new id does not outlive a logout', async ({ browser, meanwhile, other, records }) => {
    meanwhile.run = () => other.get('/logout')
    await browser.get('/level')
    assert.deepEqual((await browser.get()).json(), { level: 2 })
    const ids = await records.ids?.()
    if (ids) assert.equal(ids.length, 1)
  })

  on('a login in flight stands, without what has ended', async ({ browser, meanwhile, other }) => {
    meanwhile.run = () => other.get('/logout')
    await browser.get('/bob')
    assert.deepEqual((await browser.get()).json(), { user: 'bob' })
  })

  on('a new id that nobody disturbs has what it was given', async ({ browser, other }) => {
    await browser.get('/level')
    assert.deepEqual((await browser.get()).json(), { ...ADA, level: 2 })
    assert.deepEqual((await other.get()).json(), {})
  })

  on(
    'with resave a reader in flight overwrites nothing',
    async ({ browser, meanwhile, other }) => {
      meanwhile.run = () => other.get('/add?key=pie')
      await browser.get('/reader')
      assert.equal((await browser.get()).json().pie, 1)
      meanwhile.run = () => other.get('/logout')
      await browser.get('/reader')
      assert.deepEqual((await browser.get()).json(), {})
    },
    { resave: true },
  )

  for (const [title, front, options] of [
    ['as in express-session', stock, {}],
    ['with peerExact', session, { peerExact: true }],
  ]) {
    on(
      `${title} the later write wins whole, and undoes a logout`,
      async ({ browser, meanwhile, other }) => {
        meanwhile.run = () => other.get('/add?key=pie')
        await browser.get('/slow')
        assert.equal((await browser.get()).json().pie, undefined)
        meanwhile.run = () => other.get('/logout')
        await browser.get('/slow?n=2')
        assert.equal((await browser.get()).json().user, 'ada')
      },
      options,
      front,
    )
  }
}

for (const [name, { skip, open }] of Object.entries(STORES)) {
  for (const path of ['/reader', '/unchanged']) {
    test(`${name}: a forced save that leaves the row as it is is a touch (${path})`, {
      skip,
    }, async (context) => {
      const records = await open()
      context.after(() => records.close())
      const store = records.store(session)
      const options = { resave: path === '/reader', genid: () => 'ada' }
      await serve(shop(session, store, options, { run() {} }), async (browser) => {
        await browser.get('/login')
        const before = await records.text('ada')
        await records.setSecondsLeft('ada', 10)
        await browser.get(path)
        assert.equal(await records.text('ada'), before)
        assert.ok((await records.secondsLeft('ada')) > 50)
      })
    })
  }

  test(`${name}: a save with another maxAge is written`, { skip }, async (context) => {
    context.mock.method(Date, 'now', () => 1_900_000_000_000)
    const records = await open()
    context.after(() => records.close())
    const options = { cookie: { maxAge: 60_000 }, genid: () => 'ada' }
    await serve(shop(session, records.store(session), options, { run() {} }), async (browser) => {
      await browser.get('/login')
      await browser.get('/remember')
      assert.equal(JSON.parse(await records.text('ada')).cookie.originalMaxAge, 9e8)
    })
  })

  test(`${name}: a row is written as the peer would write it`, { skip }, async (context) => {
    const records = await open()
    context.after(() => records.close())
    const texts = []
    context.mock.method(Date, 'now', () => 1_900_000_000_000)
    for (const front of [stock, session]) {
      const options = { cookie: { maxAge: 9e8 }, genid: () => `id-${texts.length}` }
      await serve(shop(front, records.store(front), options, {}), async (browser) => {
        for (const path of ['/login', '/add?key=pie', '/add?key=tart']) {
          await browser.get(path)
          texts.push(await records.text(front === stock ? 'id-0' : 'id-3'))
        }
      })
    }
    assert.deepEqual(texts.slice(3), texts.slice(0, 3))
    assert.match(texts[0], /^\{"cookie":\{.*"user":"ada"/)
  })
}

test('a second answer of a store is for nobody', async (context) => {
  class Twice extends session.Store {
    records = new Map()
    get(id, done) {
      done(null, JSON.parse(this.records.get(id) ?? 'null'))
    }
    set(id, record, done) {
      this.records.set(id, JSON.stringify(record))
      done()
      if (this.isTwice) done(new Error('again'))
    }
    destroy(id, done) {
      this.records.delete(id)
      done()
    }
  }
  const rejections = []
  const listen = (error) => rejections.push(error)
  process.on('unhandledRejection', listen).on('uncaughtException', listen)
  context.after(() => process.off('unhandledRejection', listen).off('uncaughtException', listen))
  const store = new Twice()
  await serve(shop(session, store, {}, { run() {} }), async (browser) => {
    await browser.get('/login')
    store.isTwice = true
    for (const path of ['/add?key=pie', '/save']) assert.equal((await browser.get(path)).status, 200, path)
    assert.deepEqual((await browser.get()).json(), {
      ...ADA,
      basket: { tea: 1, pie: 1 },
      pie: 1,
      first: 1,
      second: 1,
    })
  })
  assert.deepEqual(rejections, [])
})

test('a rule for numbers that nothing would follow is refused', () => {
  const wrong = (options, message) =>
    assert.throws(() => session({ secret: SECRET, resave: false, saveUninitialized: false, ...options }), {
      name: 'ConfigError',
      code: 'merge',
      message,
    })
  wrong({ merge: { count: 'max' } }, /write "add"/)
  wrong({ peerExact: true, merge: { count: 'add' } }, /without peerExact/)
})
