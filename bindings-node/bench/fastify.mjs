// Requests through Fastify with our plugins, and with the peers'.
import assert from 'node:assert/strict'
import { createRequire } from 'node:module'

import Fastify from 'fastify'

import { answerOf, side } from './exchange.mjs'

const require = createRequire(import.meta.url)
const SECRET = 'a secret of the benchmark, over 32 bytes'

async function app(use, payload) {
  const made = Fastify()
  await use(made)
  made.get('/', () => '')
  let handler
  made.addHook('preHandler', (request, reply, done) => {
    reply.raw.seen = handler(request)
    done()
  })
  await made.ready()
  const serve = (next) => (request, response) => {
    handler = next
    made.routing(request, response)
  }
  const fill = ({ session }) => {
    for (const [key, value] of Object.entries(payload)) session.set(key, value)
  }
  const { cookies } = await answerOf(serve(fill))
  assert.notEqual(cookies, '')
  return { made, cookies, serve }
}

const read = ({ session }) => session.get('user_id')
const modify = ({ session }) => {
  session.set('visits', (session.get('visits') ?? 0) + 1)
  return session.get('user_id')
}

async function requests(apps, payload) {
  const all = {}
  for (const [name, handler] of Object.entries({ read, modify })) {
    for (const { cookies, serve } of apps)
      assert.equal((await answerOf(serve(handler), cookies)).seen, payload.user_id)
    all[name] = apps.map(({ cookies, serve }) => side(serve(handler), cookies))
  }
  return all
}

export async function fastify(payload) {
  const use = (name) => async (made) => {
    await made.register(require('@fastify/cookie'))
    await made.register(require(name), { secret: SECRET, cookie: { secure: false } })
  }
  const names = ['shortcrust/fastify-session', '@fastify/session']
  return requests(await Promise.all(names.map((name) => app(use(name), payload))), payload)
}

export async function secure(payload) {
  const key = Buffer.alloc(32, 7)
  const use = (name) => (made) => made.register(require(name), { key })
  const names = ['shortcrust/fastify-secure-session', '@fastify/secure-session']
  const apps = await Promise.all(names.map((name) => app(use(name), payload)))
  const values = apps.map(({ made }) => {
    const session = made.createSecureSession({ ...payload, __ts: Math.round(Date.now() / 1000) })
    return [session, made.encodeSecureSession(session)]
  })
  for (const { made } of apps)
    for (const [, value] of values) assert.deepEqual(made.decodeSecureSession(value).data(), payload)
  const { modify } = await requests(apps, payload)
  return {
    encode: apps.map(({ made }, at) => ({ run: () => void made.encodeSecureSession(values[at][0]) })),
    decode: apps.map(({ made }) => ({ run: () => void made.decodeSecureSession(values[1][1]) })),
    'request modify': modify,
  }
}
