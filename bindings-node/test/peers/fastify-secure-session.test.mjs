// shortcrust/fastify-secure-session beside @fastify/secure-session: vectors, and what a browser sees.
import './nonce.support.mjs'

import assert from 'node:assert/strict'
import { test } from 'node:test'

import fc from 'fast-check'

import { NOW } from '../support.mjs'
import { listening, pair, post, site, visit } from './fastify.support.mjs'
import {
  app,
  KEY,
  MODULES,
  OLD_KEY,
  ours,
  peer,
  SECRET,
  sealed,
  transcript,
} from './fastify-secure-session.support.mjs'
import { withNonces } from './nonce.support.mjs'
import { atTime, bytes, peerVectors, RUNS, sessionData } from './support.mjs'

for (const [name, module] of Object.entries(MODULES)) {
  for (const { id, op, input, expect } of peerVectors('fastify-secure-session')) {
    test(`${id} holds for ${name}`, async () => {
      if (expect.error) return assert.rejects(() => OPERATIONS[op](module, input), expect.error)
      assert.deepEqual(await atTime(input.now_ms, () => OPERATIONS[op](module, input)), expect.ok)
    })
  }
}

const OPERATIONS = {
  async decode(module, input) {
    const session = (await vectorSite(module, input)).decodeSecureSession(input.cookie_value)
    return session && { data: { ...session.data() }, needs_reissue: session.changed }
  },

  async encode(module, input) {
    const front = await vectorSite(module, input)
    const session = front.createSecureSession({ ...input.data })
    return withNonces(
      () => bytes(input.nonce),
      () => front.encodeSecureSession(session),
    )
  },
}

function vectorSite(module, { expiry, keys, salt, secret }) {
  const key = keys?.length === 1 ? bytes(keys[0]) : keys?.map(bytes)
  return site(module, { expiry, key, salt: bytes(salt), secret }, {})
}

const LOGIN = ['/assign', { user: 'ada', cart: { items: [1, 2] } }]
const READ = ['/read']
const TWO = [
  { sessionName: 'session', cookieName: 'first', key: KEY, cookie: { path: '/' } },
  { sessionName: 'other', key: OLD_KEY, expiry: 2, cookie: { path: '/', maxAge: 100 } },
]
const other = { headers: { 'content-type': 'application/json', 'x-session': 'other' } }
const SCRIPTS = {
  'a login and a visit': { visits: [LOGIN, READ, READ] },
  'a visitor without data': { visits: [READ, READ] },
  'get and set': { visits: [['/set', { a: 1, b: null, changed: 'x', get: 'y' }], READ] },
  'properties that are the session’s own': {
    visits: [['/assign', { changed: 0, deleted: '', get: 'mine', toString: 'own' }], READ],
  },
  'methods without their object': { visits: [['/detached', { a: 1 }], READ] },
  'a nested change': { visits: [['/nested'], ['/nested-only'], READ, ['/copy'], READ] },
  touch: { visits: [['/touch'], LOGIN, ['/touch'], READ] },
  delete: { visits: [LOGIN, ['/delete'], READ, ['/delete']] },
  'delete, and not': { visits: [LOGIN, ['/delete-and-set', { a: 1 }], READ] },
  'what is not to be saved': { visits: [LOGIN, ['/unchanged', { user: 'eve' }], READ] },
  options: {
    visits: [
      LOGIN,
      ['/options', { maxAge: 3_600 }],
      ['/options-and-touch', { maxAge: 3_600, sameSite: 'none', secure: true }],
      ['/options-and-delete', { path: '/x', maxAge: 9 }],
    ],
  },
  regenerate: {
    visits: [LOGIN, ['/regenerate'], READ, LOGIN, ['/regenerate-keep', { user: 1, no: 1 }], READ],
  },
  null: { visits: [LOGIN, ['/null'], READ] },
  'another session': { visits: [LOGIN, ['/foreign', { b: 2 }], READ, ['/foreign', { __ts: 5 }], READ] },
  expiry: { options: { expiry: 2 }, visits: [LOGIN, READ, READ, READ, LOGIN, READ] },
  'every attribute': {
    options: {
      cookieName: 'id',
      cookie: {
        domain: 'localhost',
        expires: new Date(NOW),
        httpOnly: false,
        maxAge: 60,
        partitioned: true,
        path: '/',
        priority: 'high',
        sameSite: 'none',
        secure: true,
      },
    },
    visits: [LOGIN, READ],
  },
  'httpOnly undefined': { options: { cookie: { httpOnly: undefined } }, visits: [LOGIN] },
  'httpOnly null': { options: { cookie: { httpOnly: null } }, visits: [LOGIN] },
  'secure as the connection is': {
    options: { cookie: { secure: 'auto' } },
    visits: [LOGIN, ['/touch', {}, { https: true }]],
  },
  cookieOptions: { options: { cookieOptions: { path: '/a' }, cookie: { path: '/b' } }, visits: [LOGIN] },
  'another name': {
    options: { sessionName: 'other' },
    visits: [
      ['/set', { a: 1 }, other],
      ['/read', {}, other],
    ],
  },
  'two sessions': {
    options: TWO,
    visits: [LOGIN, ['/set', { a: 1 }, other], READ, ['/read', {}, other], ['/delete', {}, other], READ],
  },
  'two sessions, swapped cookies': {
    options: TWO,
    visits: [['/read', {}, { cookie: `other=${sealed('{}')}` }]],
  },
  'signed cookies': {
    options: { cookie: { signed: true } },
    more: { cookie: { secret: SECRET } },
    visits: [
      LOGIN,
      READ,
      ['/read', {}, { cookie: `session=${encodeURIComponent(sealed('{"a":1}'))}` }],
      ['/delete'],
    ],
  },
  'signed cookies without @fastify/cookie': {
    options: { cookie: { signed: true } },
    more: { cookie: null },
    visits: [LOGIN, READ, ['/touch'], ['/delete']],
  },
  'a session without @fastify/cookie': { more: { cookie: null }, visits: [LOGIN, READ] },
  'defaults of @fastify/cookie': {
    more: { cookie: { parseOptions: { sameSite: 'strict', path: '/', maxAge: 7 } } },
    visits: [LOGIN, READ],
  },
  'a key in base64': { options: { key: KEY.toString('base64') }, visits: [LOGIN, READ] },
  'a rotated key': {
    options: { key: [KEY, OLD_KEY.toString('base64')] },
    visits: [['/read', {}, { cookie: `session=${encodeURIComponent(sealed('{"a":1}', OLD_KEY))}` }], READ],
  },
  'a secret and a salt': {
    options: { key: undefined, secret: SECRET, salt: 'mq9hDxBVDbspDR6n' },
    visits: [LOGIN, READ],
  },
  'a secret': { options: { key: undefined, secret: Buffer.from(SECRET) }, visits: [LOGIN, READ] },
  'a secret of 32 bytes': { options: { key: undefined, secret: SECRET.slice(0, 32) }, visits: [LOGIN, READ] },
  'a key beside a secret': { options: { secret: 'short' }, visits: [LOGIN, READ] },
}

for (const [title, script] of Object.entries(SCRIPTS)) {
  test(`a browser sees the same: ${title}`, async () => {
    const theirs = await transcript(peer, script)
    assert.deepEqual(await transcript(ours, script), theirs)
    assert.ok(theirs[0].some(({ status }) => status === 200))
    assert.ok(theirs[1].length > 0, 'lines were logged')
  })
}

const PATHS = [
  '/read',
  '/set',
  '/assign',
  '/nested',
  '/copy',
  '/delete',
  '/delete-and-set',
  '/touch',
  '/regenerate',
  '/regenerate-keep',
  '/unchanged',
  '/detached',
  '/foreign',
  '/null',
] // prettier-ignore

test('whatever is done to sessions, both applications show the same', async () => {
  const options = { key: [KEY, OLD_KEY], expiry: 2 }
  const fronts = await Promise.all([ours, peer].map((module) => app(module, { ...options })))
  const step = fc.record({
    path: fc.constantFrom(...PATHS),
    body: fc.dictionary(fc.constantFrom('a', 'deep', 'user'), fc.jsonValue({ maxDepth: 2 })),
    cookie: fc.constantFrom('own', 'own', 'own', 'none', 'old', 'strange'),
  })
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 1, maxLength: 3 }), async (steps) => {
      const [its, theirs] = [await walk(fronts[0], steps), await walk(fronts[1], steps)]
      assert.deepEqual(its, theirs)
    }),
    { numRuns: RUNS },
  )
})

async function walk(front, steps) {
  let [nonce, own] = [0, '']
  const seen = []
  const old = `session=${encodeURIComponent(sealed(`{"a":1,"__ts":${NOW / 1_000}}`, OLD_KEY))}`
  for (const [index, { path, body, cookie }] of steps.entries()) {
    const sent = { own, none: '', old, strange: `x${own}` }[cookie]
    const request = () => atTime(NOW + index * 1_400, () => visit(front, path, { body, cookie: sent }))
    const shown = await withNonces(() => Buffer.alloc(24, ++nonce), request)
    own = shown.setCookie.length > 0 ? pair(shown.setCookie) : own
    seen.push(shown)
  }
  return seen
}

test('each module opens what the other sealed, with the same data', async () => {
  const fronts = { peer: await app(peer), ours: await app(ours) }
  const rotated = { key: [OLD_KEY, KEY] }
  const later = { peer: await app(peer, { ...rotated }), ours: await app(ours, { ...rotated }) }
  fc.assert(
    fc.property(sessionData(), fc.constantFrom('peer', 'ours'), (data, from) => {
      const value = fronts[from].encodeSecureSession(fronts[from].createSecureSession({ ...data }))
      for (const [all, isRotated] of [
        [fronts, false],
        [later, true],
      ]) {
        const opened = Object.values(all).map((front) => front.decodeSecureSession(value))
        assert.deepEqual(opened[0].data(), JSON.parse(JSON.stringify(data)))
        assert.deepEqual(opened[1].data(), opened[0].data())
        assert.deepEqual(
          opened.map(({ changed }) => changed),
          [isRotated, isRotated],
        )
      }
    }),
    { numRuns: RUNS },
  )
})

test('a user stays logged in when shortcrust takes the peer’s place on a port, and back, keys rotating', async () => {
  const keys = [Buffer.alloc(32, 1), Buffer.alloc(32, 2), Buffer.alloc(32, 3), Buffer.alloc(32, 4)]
  let browser
  for (const [index, module] of [peer, ours, peer, ours].entries()) {
    const front = await app(module, {
      key: keys
        .slice(0, index + 1)
        .reverse()
        .slice(0, 2),
      cookie: { path: '/' },
    })
    const use = async (fresh) => {
      browser ??= fresh
      if (index === 0) await post(browser, '/assign', { user: 'ada' })
      const { data } = (await post(browser, '/read')).json()
      assert.deepEqual(data, { user: 'ada', ...(index > 1 && { visits: index - 1 }) })
      if (index > 0) await post(browser, '/assign', { visits: index })
    }
    await listening(front, use, browser?.port)
  }
})
