// Koa's and Fastify's modules behind HTTP/2, whose requests have no status message and lower-case headers only.
import assert from 'node:assert/strict'
import { once } from 'node:events'
import http2 from 'node:http2'
import { createRequire } from 'node:module'
import { test } from 'node:test'

import fastifyCookie from '@fastify/cookie'
import fastifySecureSession from '@fastify/secure-session'
import fastifySession from '@fastify/session'
import Fastify from 'fastify'
import Koa from 'koa'
import { MemoryStore } from 'shortcrust/stores/memory'

import { KEYS, MODULES } from './koa-session.support.mjs'

const require = createRequire(import.meta.url)
const SECRET = 'a secret of the tests, of thirty-two bytes or more'

/** A browser's one connection: each visit gives the body, and keeps the cookies. */
async function overHttp2(server, use) {
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const client = http2.connect(`http://127.0.0.1:${server.address().port}`)
  const cookies = {}
  const visit = async (path) => {
    const cookie = Object.entries(cookies).map((pair) => pair.join('='))
    const request = client.request({ ':path': path, ...(cookie.length > 0 && { cookie: cookie.join('; ') }) })
    const [headers] = await once(request, 'response')
    for (const line of headers['set-cookie'] ?? []) {
      const [, name, value] = /^([^=]*)=([^;]*)/.exec(line)
      cookies[name] = value
    }
    let text = ''
    for await (const chunk of request.setEncoding('utf8')) text += chunk
    return [headers[':status'], text]
  }
  try {
    await use(visit)
  } finally {
    client.close()
    server.close()
  }
}

function koa(module, options) {
  const app = new Koa()
  app.keys = KEYS
  app.use(module(options, app))
  app.use((context) => {
    context.session.visits = (context.session.visits ?? 0) + 1
    context.body = String(context.session.visits)
  })
  return http2.createServer(app.callback())
}

for (const [name, module] of Object.entries(MODULES)) {
  test(`${name} keeps a session over HTTP/2`, () =>
    overHttp2(koa(module, {}), async (visit) => {
      assert.deepEqual(await visit('/'), [200, '1'])
      assert.deepEqual(await visit('/'), [200, '2'])
    }))
}

test('shortcrust/koa-session keeps a session in a store of ours over HTTP/2', () =>
  overHttp2(koa(MODULES['shortcrust/koa-session'], { store: new MemoryStore() }), async (visit) => {
    assert.deepEqual(await visit('/'), [200, '1'])
    assert.deepEqual(await visit('/'), [200, '2'])
  }))

const FASTIFY = {
  '@fastify/session': [fastifySession, { secret: SECRET, cookie: { secure: false } }],
  'shortcrust/fastify-session': [
    require('shortcrust/fastify-session'),
    { secret: SECRET, cookie: { secure: false } },
  ],
  'shortcrust/fastify-session, a store of ours': [
    require('shortcrust/fastify-session'),
    { secret: SECRET, cookie: { secure: false }, store: new MemoryStore() },
  ],
  '@fastify/secure-session': [fastifySecureSession, { key: Buffer.alloc(32, 7) }],
  'shortcrust/fastify-secure-session': [
    require('shortcrust/fastify-secure-session'),
    { key: Buffer.alloc(32, 7) },
  ],
}

for (const [name, [module, options]] of Object.entries(FASTIFY)) {
  test(`${name} keeps a session over HTTP/2`, async () => {
    const app = Fastify({ http2: true })
    await app.register(fastifyCookie)
    await app.register(module, { ...options })
    app.get('/', async ({ session }) => {
      session.set('visits', (session.get('visits') ?? 0) + 1)
      return String(session.get('visits'))
    })
    await app.ready()
    await overHttp2(app.server, async (visit) => {
      assert.deepEqual(await visit('/'), [200, '1'])
      assert.deepEqual(await visit('/'), [200, '2'])
    })
    await app.close()
  })
}
