// The methods without a callback, and records that are not what they should be.
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { test } from 'node:test'

import ours from 'shortcrust/express-session'

import { SECRET } from '../support.mjs'
import { each, NAME, open, setting, show, signed } from './express-session.mjs'

const ID = 'the-id-of-the-tests'
const login = { '/login': setting('user', 'ada') }

/** A route that calls a method and then answers with the session. */
const calling =
  (method, before = () => {}) =>
  (request, response) => {
    before(request)
    const returned = request.session[method]((error) => {
      if (error) return response.end(`${error.name}: ${error.message}`)
      show(request, response)
    })
    response.setHeader('X-Returned', String(returned === undefined))
  }

each(
  'data that would hide a method, and keys that would be a prototype, are left out',
  ({ open, session }) => {
    const store = new session.MemoryStore()
    const data =
      '{"cookie":{},"save":"x","reload":1,"touch":null,"id":2,"req":3,"constructor":{"a":1},"toString":4,"user":"ada"}'
    store.sessions[ID] = data
    const look = (request, response) => {
      const { save, id, constructor: made } = request.session
      response.end(
        JSON.stringify([
          typeof save,
          id === request.sessionID,
          made === session.Session,
          `${request.session}`,
        ]),
      )
    }
    return open({ store }, { '/look': look }, async (browser) => {
      const cookie = `${NAME}=${signed(ID)}`
      assert.equal((await browser.get('/', { cookie })).text, '{"user":"ada"}')
      store.sessions[ID] = data
      assert.deepEqual((await browser.get('/look', { cookie })).json(), [
        'function',
        true,
        true,
        '[object Object]',
      ])
    })
  },
)

test('own __proto__ keys of a record are dropped at every level, and pollute nothing', async () => {
  const store = new ours.MemoryStore()
  // Not MemoryStore's own parsing, but any store's.
  store.get = (id, callback) => callback(null, JSON.parse(store.sessions[id]))
  const evil = '{"__proto__":{"isAdmin":true}'
  store.sessions[ID] =
    `${evil},"cookie":${evil}},"user":${evil},"tags":["x"]},"list":[${evil},"deep":[${evil}}]}]}`
  const look = (request, response) => {
    const { cookie, user, list } = request.session
    const nodes = [request.session, cookie, user, ...list, ...list[0].deep]
    assert.ok(nodes.every((node) => !Object.hasOwn(node, '__proto__') && node.isAdmin === undefined))
    Object.assign(user, { merged: true })
    assert.equal({}.isAdmin, undefined)
    response.end()
  }
  for (const path of ['/look', '/reload']) {
    const reload = (request, response) =>
      request.session.reload((error) => (error ? response.destroy() : look(request, response)))
    await open(
      ours,
      'node:http',
      { store },
      { '/look': look, '/reload': reload },
      async (browser, { errors }) => {
        await browser.get(path, { cookie: `${NAME}=${signed(ID)}` })
        assert.deepEqual(errors, [])
      },
    )
  }
  const cookie = new ours.Cookie(JSON.parse(`${evil}}`))
  assert.equal(cookie.isAdmin, undefined)
  const memory = Object.assign(new ours.MemoryStore(), {
    sessions: { [ID]: `{"cookie":{},"user":${evil}}}` },
  })
  memory.get(ID, (_, found) => memory.emit('found', found))
  const [found] = await once(memory, 'found')
  assert.equal(Object.hasOwn(found.user, '__proto__'), false)
})

test('a record that goes round in a circle is walked once', () => {
  const found = { cookie: {}, list: [] }
  found.list.push(found, found.list)
  const request = { sessionID: ID }
  new ours.MemoryStore().createSession(request, found)
  assert.equal(request.session.list, found.list)
})

for (const method of ['regenerate', 'destroy', 'save', 'reload']) {
  test(`without a callback ${method} gives a promise, that fails as the store does and ends no process`, async () => {
    const unhandled = []
    const listen = (error) => unhandled.push(error)
    process.on('unhandledRejection', listen)
    const store = new ours.MemoryStore()
    const fail = (...args) => args.at(-1)(new Error('the store is down'))
    const routes = {
      ...login,
      '/works': async (request, response) => response.end(String(await request.session[method]())),
      '/fails': async (request, response) => {
        Object.assign(store, { get: fail, set: fail, destroy: fail })
        request.session[method]()
        const { session } = request
        const failed = await (session ?? request.was)[method]().catch(({ message }) => message)
        response.end(failed)
        for (const name of ['get', 'set', 'destroy']) delete store[name]
      },
    }
    const before = (request, _response, next) => next(void Object.assign(request, { was: request.session }))
    await open(
      ours,
      'node:http',
      { store },
      routes,
      async (browser) => {
        await browser.get('/login')
        assert.equal((await browser.get('/works')).text, 'undefined')
        await browser.get('/login')
        assert.equal((await browser.get('/fails')).text, 'the store is down')
      },
      { after: [before] },
    )
    await new Promise(setImmediate)
    process.off('unhandledRejection', listen)
    assert.deepEqual(unhandled, [])
  })

  each(
    `with a callback ${method} passes the store's error`,
    ({ open, session }) => {
      const store = new session.MemoryStore()
      const failing = (request, response) => {
        const fail = (...args) => args.at(-1)(new Error('the store is down'))
        Object.assign(store, { get: fail, set: fail, destroy: fail })
        calling(method)(request, response)
        for (const name of ['get', 'set', 'destroy']) delete store[name]
      }
      return open({ store }, { ...login, '/fails': failing }, async (browser) => {
        await browser.get('/login')
        const { status, text } = await browser.get('/fails')
        assert.deepEqual({ status, text }, { status: 200, text: 'Error: the store is down' })
      })
    },
    ['node:http'],
  )
}

test('with a callback the methods return the session, as the peer’s types say', async () => {
  const store = new ours.MemoryStore()
  const run = ours({ secret: SECRET, resave: false, saveUninitialized: true, store })
  const request = { headers: {}, url: '/' }
  run(request, { writeHead() {}, end() {}, write() {} }, () => {})
  const { session } = request
  for (const method of ['save', 'reload', 'regenerate', 'destroy']) {
    await new Promise((resolve) => assert.equal(session[method](resolve), session))
  }
})
