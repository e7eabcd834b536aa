// Hosts whose response is not plain node:http's: Fastify's bridge, HTTP/2, engine.io, `ws`; and fake timers.
import assert from 'node:assert/strict'
import { once } from 'node:events'
import http from 'node:http'
import http2 from 'node:http2'
import { createRequire } from 'node:module'
import { test } from 'node:test'

import fastifyExpress from '@fastify/express'
import express from 'express'
import expressSession from 'express-session'
import Fastify from 'fastify'
import { login, reason, session } from 'shortcrust/express'
import dropIn from 'shortcrust/express-session'
import { MemoryStore } from 'shortcrust/stores/memory'
import { Server } from 'socket.io'
import { io } from 'socket.io-client'

import { Browser, SECRET, serve, warnings } from './support.mjs'

const require = createRequire(import.meta.url)
const timers = require('node:timers/promises')

const PEERS = { secret: SECRET, resave: false, saveUninitialized: false }
const FRONTS = {
  'express-session': () => expressSession(PEERS),
  'shortcrust/express-session': () => dropIn(PEERS),
  'shortcrust/express': () => session({ secrets: [SECRET] }),
  'shortcrust/express with a store': () => session({ secrets: [SECRET], store: new MemoryStore() }),
}
const OURS = Object.entries(FRONTS).slice(1)

/** Counts a session's requests. */
function count(request) {
  request.session.n = (request.session.n ?? 0) + 1
  return String(request.session.n)
}

async function onFastify(middleware, use) {
  const app = Fastify()
  await app.register(fastifyExpress)
  app.use(middleware)
  app.get('/', async ({ raw }) => count(raw))
  app.get('/express', (_request, reply) => reply.send('unused'))
  app.use('/express', (request, response) => response.send(count(request)))
  await app.listen({ port: 0, host: '127.0.0.1' })
  try {
    await use(new Browser(app.server.address().port))
  } finally {
    await app.close()
  }
}

for (const [front, open] of Object.entries(FRONTS)) {
  test(`@fastify/express, ${front}: the answer comes, and the session with it`, () =>
    onFastify(open(), async (browser) => {
      for (const n of ['1', '2', '3']) assert.equal((await browser.get()).text, n)
      assert.equal((await browser.get('/express')).text, '4')
    }))
}

test('@fastify/express: where the store fails nobody has an answer that looks whole', () => {
  const store = new MemoryStore()
  store.create = () => Promise.reject(new Error('the store is out'))
  return onFastify(session({ secrets: [SECRET], store }), (browser) =>
    assert.rejects(browser.get(), { code: 'ECONNRESET' }),
  )
})

/** One request over HTTP/2. */
async function visit(client, cookie) {
  const stream = client.request({ ':path': '/', ...(cookie && { cookie }) })
  const [headers] = await once(stream, 'response')
  const text = Buffer.concat(await stream.toArray()).toString()
  return { status: headers[':status'], text, setCookie: headers['set-cookie'] ?? [] }
}

async function overHttp2(middleware, use) {
  const server = http2.createServer((request, response) => {
    middleware(request, response, (error) => {
      if (error) response.writeHead(503).end(error.message)
      else response.end(count(request))
    })
  })
  await once(server.listen(0, '127.0.0.1'), 'listening')
  const client = http2.connect(`http://127.0.0.1:${server.address().port}`)
  try {
    await use(client)
  } finally {
    client.close()
    server.close()
  }
}

for (const [front, open] of OURS) {
  test(`HTTP/2, ${front}: a session is written and found, and Node warns of nothing`, async () => {
    const seen = await warnings(() =>
      overHttp2(open(), async (client) => {
        const { text, setCookie } = await visit(client)
        assert.deepEqual([text, setCookie.length], ['1', 1])
        assert.equal((await visit(client, setCookie[0].split(';')[0])).text, '2')
      }),
    )
    assert.deepEqual(seen, [])
  })
}

test('HTTP/2: the store’s error comes by next, and the answer to it', async () => {
  const store = new MemoryStore()
  store.create = () => Promise.reject(new Error('the store is out'))
  await overHttp2(session({ secrets: [SECRET], store }), async (client) => {
    const { status, text, setCookie } = await visit(client)
    assert.deepEqual({ status, text, setCookie }, { status: 503, text: 'the store is out', setCookie: [] })
  })
})

/** The cookie that comes with a WebSocket's handshake. */
async function handshake(middleware, handle) {
  const server = http.createServer()
  const sockets = new Server(server)
  sockets.engine.use(middleware)
  sockets.engine.use(handle)
  let cookie
  sockets.engine.on('headers', (headers) => {
    cookie = headers['Set-Cookie']
  })
  await once(server.listen(0, '127.0.0.1'), 'listening')
  const url = `http://127.0.0.1:${server.address().port}`
  const client = io(url, { transports: ['websocket'], reconnection: false })
  const [socket] = await once(sockets, 'connection')
  client.close()
  await sockets.close()
  return { cookie: [cookie].flat()[0]?.split(';')[0], request: socket.request }
}

for (const [front, open] of OURS) {
  test(`socket.io by WebSocket alone, ${front}: the session's cookie comes with the handshake`, async () => {
    const seen = await warnings(async () => {
      const { cookie } = await handshake(open(), (request, _response, next) =>
        next(count(request) && undefined),
      )
      assert.match(cookie, /^(connect\.sid|session)=./)
    })
    assert.deepEqual(seen, [])
  })
}

test('socket.io by WebSocket alone: what was put into a session is in the store', async () => {
  const middleware = session({ secrets: [SECRET], store: new MemoryStore() })
  const { cookie } = await handshake(middleware, (request, _response, next) =>
    next(count(request) && undefined),
  )
  const app = express()
    .use(middleware)
    .use((request, response) => response.end(count(request)))
  await serve(app, async (browser) => assert.equal((await browser.get('/', { cookie })).text, '2'))
})

test('socket.io: after the handshake a session in its cookie can’t be saved, and save says so', async () => {
  const { request } = await handshake(session({ secrets: [SECRET] }), (_request, _response, next) => next())
  await request.session.save()
  request.session.n = 1
  await assert.rejects(request.session.save(), { name: 'SealError', code: 'late' })
})

/** As in the example of `ws`: an upgrade has no response. */
const upgraded = (middleware, cookie) =>
  new Promise((resolve) => {
    const request = { url: '/', headers: { upgrade: 'websocket', ...(cookie && { cookie }) } }
    middleware(request, {}, () => resolve(request))
  })

test('an upgrade without a response reads the session', async () => {
  for (const [front, open] of OURS) {
    const middleware = open()
    const app = express()
      .use(middleware)
      .use((request, response) => response.end(count(request)))
    await serve(app, async (browser) => {
      await browser.get()
      assert.equal((await upgraded(middleware, browser.cookie)).session.n, 1, front)
    })
  }
})

test('without a response a new session can’t be saved, and save says so', async () => {
  for (const store of [undefined, new MemoryStore()]) {
    const request = await upgraded(session({ secrets: [SECRET], store }))
    request.session.n = 1
    await assert.rejects(request.session.save(), { code: 'late' })
    await assert.rejects(login(request, 'ada'), { code: 'late' })
  }
})

test('without a response a stored session that came is saved', async () => {
  const middleware = session({ secrets: [SECRET], store: new MemoryStore() })
  const app = express()
    .use(middleware)
    .use((request, response) => response.end(count(request)))
  await serve(app, async (browser) => {
    await browser.get()
    const { session } = await upgraded(middleware, browser.cookie)
    session.n = 8
    await session.save()
    assert.equal((await browser.get()).text, '9')
  })
})

test('of two middlewares the one serves whose path the request is under', async () => {
  const app = express()
  for (const [name, path] of [
    ['admin', '/admin'],
    ['user', '/'],
  ]) {
    app.use(session({ secrets: [SECRET], name, cookie: { path } }))
  }
  app.use((request, response) => response.end(count(request)))
  await serve(app, async (browser) => {
    for (const [path, name] of [
      ['/', 'user'],
      ['/admin', 'admin'],
      ['/admin/users?page=2', 'admin'],
      ['/administrator', 'user'],
    ]) {
      const { setCookie } = await browser.get(path, { cookie: '' })
      assert.equal(setCookie.length, 1)
      assert.ok(setCookie[0].startsWith(`${name}=`), path)
    }
  })
})

test('a mounted middleware goes by the path that the browser asked for', async () => {
  const app = express()
  app.use('/shop', session({ secrets: [SECRET], cookie: { path: '/shop' } }))
  app.use((request, response) => response.end(request.session ? count(request) : 'none'))
  await serve(app, async (browser) => {
    assert.equal((await browser.get('/shop/basket')).text, '1')
    assert.equal((await browser.get('/')).text, 'none')
  })
})

test('where the path does not fit, a function of ours says what to look for', async () => {
  const request = { url: '/', headers: {} }
  session({ secrets: [SECRET], cookie: { path: '/shop' } })(request, {}, () => {})
  assert.throws(() => reason(request), { code: 'option', message: /cookie\.path/ })
})

test('fake timers that a test puts in later stop no request', async (context) => {
  const store = new MemoryStore()
  const save = store.save.bind(store)
  let losses = 0
  // Another request is first, twice, so that there are pauses.
  store.save = async (key, version, entry) => {
    const [row] = await store.load([key])
    if (losses++ < 2) await save(key, row.version, { ...entry, text: row.text })
    return save(key, version, entry)
  }
  const fronts = {
    ...FRONTS,
    'shortcrust/express with a store': () => session({ secrets: [SECRET], store }),
  }
  const never = () => {}
  for (const [front, open] of Object.entries(fronts).slice(1)) {
    const app = express()
      .use(open())
      .use((request, response, next) => {
        count(request)
        if (request.url === '/save')
          request.session.save((error) => (error ? next(error) : response.end('saved')))
        else response.end('done')
      })
    await serve(app, async (browser) => {
      context.mock.method(globalThis, 'setTimeout', never)
      context.mock.method(globalThis, 'setImmediate', never)
      context.mock.method(globalThis, 'queueMicrotask', never)
      context.mock.method(timers, 'setTimeout', () => new Promise(never))
      try {
        for (const path of ['/', '/', '/save', '/'])
          assert.equal((await browser.get(path)).status, 200, front)
      } finally {
        context.mock.restoreAll()
      }
    })
  }
  assert.ok(losses > 2)
})
