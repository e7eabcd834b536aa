// shortcrust/fastify-secure-session: options, decorators, what the module exports.
import assert from 'node:assert/strict'
import { createRequire } from 'node:module'
import { test } from 'node:test'
import { inspect } from 'node:util'

import Fastify from 'fastify'
import imported, { fastifySecureSession } from 'shortcrust/fastify-secure-session'

import { warnings } from '../support.mjs'
import { refusal, site, visit } from './fastify.support.mjs'
import {
  app,
  cookieOf,
  copied,
  dataOf,
  KEY,
  MODULES,
  OLD_KEY,
  ours,
  peer,
  SECRET,
  sealed,
} from './fastify-secure-session.support.mjs'
import { isOffTheEventLoop } from './support.mjs'

const require = createRequire(import.meta.url)

const short = Buffer.alloc(31)
const WRONG = [
  {},
  { key: '' },
  { key: 'short' },
  { key: short },
  { key: Buffer.alloc(33) },
  { key: 7 },
  { key: {} },
  { key: [] },
  { key: [short] },
  { key: [short, 'short'] },
  { key: [7] },
  { key: [KEY, {}] },
  { secret: 'x'.repeat(31) },
  { secret: SECRET, salt: 'short' },
  { secret: SECRET, salt: Buffer.alloc(15) },
  [{ key: KEY }, { sessionName: 'other' }],
]

for (const options of WRONG) {
  test(`${inspect(options, { depth: 0 })} is refused as by the peer`, async () => {
    const refused = await refusal(ours, options)
    assert.ok(refused !== undefined)
    assert.deepEqual(refused, await refusal(peer, options))
  })
}

test('two sessions of one name are refused, where the peer throws outside of any promise', async () => {
  const refused = await refusal(ours, [{ key: KEY }, { key: KEY }])
  assert.equal(refused.message, "The decorator 'session' has already been added!")
})

test('a wrong key behind a right one opens nothing and is warned of; as the first it is refused', async () => {
  const seen = await warnings(async () => {
    const front = await app(ours, { key: [KEY, short] })
    assert.deepEqual(await dataOf(front, cookieOf(sealed('{"a":1}'))), { a: 1 })
    assert.deepEqual(await dataOf(front, cookieOf(sealed('{"a":1}', OLD_KEY))), {})
  })
  assert.deepEqual(
    seen.map(({ code }) => code),
    ['SHORTCRUST_SECRET'],
  )
  assert.deepEqual(await refusal(ours, { key: [short, KEY] }), {
    name: 'Error',
    message: 'key lengths must be 32 bytes',
  })
})

test('a name whose prefix browsers would refuse is refused, where @fastify/cookie could not save it', async () => {
  const refuses = async (cookieName, cookie) => (await refusal(ours, { key: KEY, cookieName, cookie }))?.name
  assert.equal(await refuses('__Host-id', { path: '/x', secure: true }), 'ConfigError')
  assert.equal(await refuses('__Secure-id', { secure: false }), 'ConfigError')
  assert.equal(await refuses('__Host-id', { path: '/', secure: true }), undefined)
  assert.equal(await refuses('__Host-id', {}), undefined)
})

test('SameSite=None without Secure is warned of', async () => {
  const seen = await warnings(() => app(ours, { cookie: { sameSite: 'none' } }))
  assert.deepEqual(
    seen.map(({ code }) => code),
    ['SHORTCRUST_COOKIE'],
  )
})

test('without @fastify/cookie it is registered, with the peer’s secret', async () => {
  const both = [{ key: KEY }, { key: [OLD_KEY, KEY] }, { key: KEY.toString('base64') }, { secret: SECRET }]
  for (const options of [...both, [{ key: KEY }, { key: OLD_KEY, sessionName: 'other' }]]) {
    const [its, theirs] = await Promise.all(
      [ours, peer].map((module) => site(module, copied(options), {}, { cookie: null })),
    )
    assert.equal(its.signCookie('a'), theirs.signCookie('a'))
    assert.ok(its.hasPlugin('@fastify/cookie') && its.hasPlugin('@fastify/secure-session'))
  }
})

test('without @fastify/cookie installed the error says what to do', async (context) => {
  const Module = require('node:module')
  const real = Module._resolveFilename
  context.after(() => {
    Module._resolveFilename = real
  })
  Module._resolveFilename = (name, ...rest) => {
    if (name === '@fastify/cookie') throw Object.assign(new Error('none'), { code: 'MODULE_NOT_FOUND' })
    return real(name, ...rest)
  }
  const refused = await refusal(ours, { key: KEY }, { cookie: null })
  assert.deepEqual(refused, {
    name: 'ConfigError',
    message: 'fastify-secure-session needs @fastify/cookie: install it',
  })
})

test('a key is derived from a secret off the event loop', async () => {
  const begin = async () => (await app(ours, { key: undefined, secret: SECRET })).close()
  assert.ok(await isOffTheEventLoop(begin))
})

test('the decorators take and give what those of the peer do', async () => {
  const options = [
    { sessionName: 'one', key: KEY },
    { sessionName: 'two', key: OLD_KEY, expiry: 5 },
  ]
  for (const module of Object.values(MODULES)) {
    const front = await app(module, copied(options))
    const data = { a: 1, __ts: Math.floor(Date.now() / 1_000) - 60 }
    const session = front.createSecureSession(data)
    assert.deepEqual([session.get('a'), session.changed, session.deleted], [1, false, false])
    session.set('b', 2)
    assert.equal(data.b, 2)
    const value = front.encodeSecureSession(session)
    assert.equal(front.decodeSecureSession(value).b, 2)
    assert.equal(front.decodeSecureSession(value, undefined, 'two'), null)
    assert.equal(front.decodeSecureSession(front.encodeSecureSession(session, 'two'), front.log, 'two').b, 2)
    assert.equal(front.decodeSecureSession(undefined, undefined, 'none'), null)
    const unknown = { name: 'Error', message: 'Unknown session key.' }
    assert.throws(() => front.decodeSecureSession(value, undefined, 'none'), unknown)
    assert.throws(() => front.encodeSecureSession(session, 'none'), unknown)
    const lines = []
    const log = { trace: (line) => lines.push(line), debug: (line) => lines.push(line) }
    for (const each of [undefined, 'x', 'x;y', sealed('{}', OLD_KEY), `${KEY.toString('base64')};x`]) {
      assert.equal(front.decodeSecureSession(each, log), null)
    }
    const old = sealed('{"__ts":1}')
    assert.equal(front.decodeSecureSession(old, log), null)
    assert.deepEqual(lines, [
      '@fastify/secure-session: there is no cookie, creating an empty session',
      '@fastify/secure-session: the cookie is malformed, creating an empty session',
      '@fastify/secure-session: the cipher is not long enough, creating an empty session',
      '@fastify/secure-session: unable to decrypt, creating an empty session',
      '@fastify/secure-session: the nonce does not have the required length, creating an empty session',
      '@fastify/secure-session: expiry reached',
    ])
  }
})

test('createSecureSession without data is an empty session', async () => {
  assert.deepEqual((await app(ours)).createSecureSession().data(), {})
})

test('every cookie has another nonce', async () => {
  const front = await app(ours)
  const session = front.createSecureSession({ a: 1 })
  const values = Array.from({ length: 50 }, () => front.encodeSecureSession(session))
  assert.equal(new Set(values.map((value) => value.split(';')[1])).size, 50)
})

test('registered in a plugin’s own context it is not seen outside', async () => {
  for (const module of Object.values(MODULES)) {
    const front = Fastify()
    front.register(async (inner) => {
      await inner.register(module, { key: KEY })
      inner.get('/in', async ({ session }) => `${typeof session.get}`)
    })
    front.get('/out', async ({ session }) => `${typeof session}`)
    assert.equal((await front.inject('/in')).body, 'function')
    assert.equal((await front.inject('/out')).body, 'undefined')
  }
})

test('options that are used twice are not changed', async () => {
  const cookie = Object.freeze({ path: '/' })
  await app(ours, { cookie })
  const { setCookie } = await visit(await app(ours, { cookie }), '/touch')
  assert.match(setCookie[0], /; Path=\/; HttpOnly; SameSite=Lax$/)
})

test('require and import give the plugin, with the peer’s names on it', () => {
  assert.equal(imported, ours)
  assert.equal(fastifySecureSession, ours)
  assert.deepEqual([ours.default, ours.fastifySecureSession], [ours, ours])
  assert.deepEqual(Object.keys(ours).sort(), Object.keys(peer).sort())
  for (const name of ['skip-override', 'fastify.display-name']) {
    assert.deepEqual(ours[Symbol.for(name)], peer[Symbol.for(name)])
  }
  const meta = Symbol.for('plugin-meta')
  assert.deepEqual(ours[meta], { ...peer[meta], fastify: '4.x || 5.x' })
  assert.equal(ours.length, peer.length)
})
