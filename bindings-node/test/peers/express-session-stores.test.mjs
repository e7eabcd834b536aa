// Stores of one's own and from npm, under express-session and under the drop-in; none needs a server.
import assert from 'node:assert/strict'
import { EventEmitter } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { inherits, promisify } from 'node:util'

import stock from 'express-session'
import memorystore from 'memorystore'
import sessionFileStore from 'session-file-store'
import ours from 'shortcrust/express-session'

import { NOW } from '../support.mjs'
import { eachFront, FRONTS, HOSTS, idOf, NAME, open, setting, show, signed } from './express-session.mjs'

const MINUTE = 60_000
const ID = 'the-id-of-the-tests'
const promised = (store, method, ...args) => promisify(store[method]).call(store, ...args)

/** Kept in a Map, and answered at once. */
const keeping = {
  get(id, callback) {
    callback(null, this.kept.has(id) ? JSON.parse(this.kept.get(id)) : undefined)
  },
  set(id, record, callback) {
    this.kept.set(id, JSON.stringify(record))
    callback?.()
  },
  destroy(id, callback) {
    this.kept.delete(id)
    callback?.()
  },
}

const MADE = {
  'a class that extends Store': ({ Store }) => {
    class Own extends Store {
      kept = new Map()
    }
    Object.assign(Own.prototype, keeping)
    return new Own()
  },
  'a function that calls Store, with util.inherits': ({ Store }) => {
    function Own() {
      Store.call(this)
      this.kept = new Map()
    }
    inherits(Own, Store)
    Object.assign(Own.prototype, keeping)
    return new Own()
  },
  'a function whose prototype is put before Store’s': ({ Store }) => {
    function Own() {
      Store.call(this, {})
      this.kept = new Map()
    }
    Object.setPrototypeOf(Own.prototype, Store.prototype)
    Object.assign(Own.prototype, keeping)
    return new Own()
  },
}

const CASES = Object.entries(MADE).flatMap(([what, make]) => [
  ...Object.entries(FRONTS).map(([front, session]) => [`${front}, ${what}`, session, () => make(session)]),
  [`shortcrust/express-session, ${what} of the peer's`, ours, () => make(stock)],
])

const routes = {
  '/login': setting('user', 'ada'),
  '/regenerate': (request, response) =>
    request.session.regenerate(() => setting('user', 'eve')(request, response)),
  '/reload': (request, response) => {
    request.session.user = 'lost'
    request.session.reload((error) => (error ? response.end(error.message) : show(request, response)))
  },
  '/logout': (request, response) => request.session.destroy(() => response.end()),
}

for (const [what, session, make] of CASES) {
  test(`${what}: keeps sessions, answers at once, and emits`, async () => {
    const store = make()
    assert.ok(store instanceof EventEmitter)
    await open(session, 'Express 5', { store }, routes, async (browser, { errors }) => {
      const first = idOf(await browser.get('/login'))
      assert.equal((await browser.get('/')).text, '{"user":"ada"}')
      assert.equal((await browser.get('/reload')).text, '{"user":"ada"}')
      const second = idOf(await browser.get('/regenerate'))
      assert.deepEqual([...store.kept.keys()], [second])
      assert.notEqual(first, second)
      store.emit('disconnect')
      assert.equal((await browser.get('/')).text, 'null')
      store.emit('connect')
      await browser.get('/logout')
      assert.deepEqual([store.kept.size, errors], [0, []])
    })
  })
}

test('a session from a store of the peer’s is ours, before and after reload, regenerate and load', async () => {
  const store = MADE['a class that extends Store'](stock)
  const kind = ({ session }) => session instanceof ours.Session && session.cookie instanceof ours.Cookie
  const routes = {
    '/': async (request, response) => {
      request.session.user = 'ada'
      const kinds = [kind(request)]
      await request.session.save()
      await request.session.reload()
      kinds.push(kind(request))
      kinds.push(kind({ session: await promised(store, 'load', request.sessionID) }))
      await request.session.regenerate()
      response.end([...kinds, kind(request)].join())
    },
  }
  await open(ours, 'Express 5', { store }, routes, async (browser) => {
    for (const _ of 'twice') assert.equal((await browser.get('/')).text, 'true,true,true,true')
  })
  assert.ok(!Object.keys(store).includes('createSession'))
})

eachFront('leaves createSession to a store that has its own', async ({ session }) => {
  class Own extends session.Store {
    createSession(request, found) {
      const made = super.createSession(request, found)
      made.made = true
      return made
    }
  }
  const store = Object.assign(new Own(), keeping, { kept: new Map() })
  await open(session, 'node:http', { store }, routes, async (browser) => {
    await browser.get('/login')
    assert.deepEqual((await browser.get('/')).json(), { user: 'ada', made: true })
    assert.deepEqual((await browser.get('/reload')).json(), { user: 'ada', made: true })
  })
})

test('a store’s own sessions, of the peer’s class, have promises at save and reload', async () => {
  class Own extends stock.MemoryStore {
    createSession(request, found) {
      return super.createSession(request, found)
    }
  }
  const store = new Own()
  const evil = '{"__proto__":{"isAdmin":true}}'
  store.sessions[ID] = `{"cookie":{},"user":${evil}}`
  const look = async (request, response) => {
    assert.ok(request.session instanceof stock.Session)
    assert.equal(Object.hasOwn(request.session.user, '__proto__'), false)
    request.session.a = 1
    await request.session.save()
    await request.session.reload()
    await request.session.reload()
    response.end(String(request.session.a))
  }
  await open(ours, 'node:http', { store }, { '/': look }, async (browser) => {
    assert.equal((await browser.get('/', { cookie: `${NAME}=${signed(ID)}` })).text, '1')
  })
})

eachFront('has a Store that loads a session outside of a request', async ({ session }) => {
  const store = new session.MemoryStore()
  const expires = new Date(4e12)
  store.sessions[ID] = JSON.stringify({ cookie: { originalMaxAge: 5, expires }, user: 'ada' })
  const loaded = await promised(store, 'load', ID)
  assert.ok(loaded instanceof session.Session)
  assert.deepEqual(
    [loaded.id, loaded.user, loaded.cookie.originalMaxAge, loaded.cookie.expires],
    [ID, 'ada', 5, expires],
  )
  assert.equal(await promised(store, 'load', 'none'), undefined)
  store.get = (_, callback) => callback(new Error('the store is down'))
  await assert.rejects(promised(store, 'load', ID), { message: 'the store is down' })
})

const folders = []
test.after(() => {
  for (const folder of folders) rmSync(folder, { recursive: true })
})

const FROM_NPM = {
  memorystore: (session) => new (memorystore(session))({ checkPeriod: 0 }),
  'session-file-store': (session) => {
    const path = mkdtempSync(join(tmpdir(), 'shortcrust-'))
    folders.push(path)
    return new (sessionFileStore(session))({ path, ttl: 60, reapInterval: -1, retries: 0, logFn() {} })
  },
}

for (const [name, make] of Object.entries(FROM_NPM)) {
  for (const host of Object.keys(HOSTS)) {
    for (const [what, session, base] of [
      ['express-session', stock, stock],
      ['the drop-in', ours, ours],
      ['the drop-in, made for the peer', ours, stock],
    ]) {
      test(`${name} under ${what} on ${host}: create, read, touch, regenerate, destroy, expire`, (context) =>
        use(context, session, host, make(base)))
    }
  }
}

async function use(context, session, host, store) {
  context.mock.timers.enable({ apis: ['Date'], now: NOW })
  const steps = {
    ...routes,
    '/kind': (request, response) => response.end(String(request.session instanceof session.Session)),
  }
  await open(session, host, { store, cookie: { maxAge: MINUTE } }, steps, async (browser, { errors }) => {
    const first = idOf(await browser.get('/login'))
    assert.equal((await browser.get('/')).json().user, 'ada')
    assert.equal((await browser.get('/kind')).text, 'true')
    context.mock.timers.setTime(NOW + 50_000)
    await browser.get('/')
    context.mock.timers.setTime(NOW + 100_000)
    assert.equal((await browser.get('/reload')).json().user, 'ada', 'touched')
    const second = idOf(await browser.get('/regenerate'))
    assert.equal((await browser.get('/')).json().user, 'eve')
    const old = { cookie: `${NAME}=${signed(first)}` }
    assert.equal((await browser.get('/', old)).text, '{}', 'the old record is gone')
    await browser.get('/logout')
    assert.equal((await browser.get('/', { cookie: `${NAME}=${signed(second)}` })).text, '{}', 'destroyed')
    await browser.get('/login')
    context.mock.timers.setTime(NOW + 200_000)
    assert.equal((await browser.get('/')).text, '{}', 'expired')
    assert.deepEqual(errors, [])
  })
}
