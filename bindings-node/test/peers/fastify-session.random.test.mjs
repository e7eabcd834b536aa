// shortcrust/fastify-session beside @fastify/session, on random data.
import assert from 'node:assert/strict'
import { test } from 'node:test'

import fastifyCookie from '@fastify/cookie'
import fc from 'fast-check'

import { NOW } from '../support.mjs'
import { internals, pair, site, visit } from './fastify.support.mjs'
import { app, JsonStore, OLD_SECRET, ours, peer, SECRET, signed } from './fastify-session.support.mjs'
import { atTime, RUNS, sessionData } from './support.mjs'

test('an application shares its store and its cookies with one of the peer, in both directions', async () => {
  const requests = fc.array(
    fc.tuple(fc.constantFrom('/assign', '/read', '/delete', '/nested'), sessionData()),
    { maxLength: 2 },
  )
  const stores = new JsonStore()
  const modules = await Promise.all(
    [ours, peer].map((module) => app(module, { store: stores, idGenerator: undefined })),
  )
  const isData = ([, body]) =>
    !['cookie', 'deep', 'sessionId', 'encryptedSessionId'].some((key) => key in body)
  await fc.assert(
    fc.asyncProperty(
      sessionData().filter((data) => isData(['', data])),
      requests,
      fc.boolean(),
      async (data, all, first) => {
        const [one, other] = first ? modules : modules.toReversed()
        const begun = await visit(one, '/assign', { body: harmless(data) })
        const cookie = pair(begun.setCookie)
        for (const [index, [path, body]] of all.filter(isData).entries()) {
          await visit(index % 2 ? one : other, path, { body: harmless(body), cookie })
        }
        const [here, there] = [await visit(one, '/read', { cookie }), await visit(other, '/read', { cookie })]
        assert.deepEqual(there, here)
        assert.equal(JSON.parse(there.text).id, JSON.parse(begun.text).id)
      },
    ),
    { numRuns: RUNS },
  )
})

/** Without names of the session's own methods, which data would hide. */
function harmless(data) {
  return Object.fromEntries(Object.entries(data).map(([key, value]) => [`_${key}`, value]))
}

const METHODS = [
  '/read',
  '/assign',
  '/nested',
  '/same',
  '/delete',
  '/touch',
  '/options',
  '/save',
  '/destroy',
  '/plain',
  '/null',
]
const MORE_METHODS = [
  '/regenerate',
  '/regenerate-keep',
  '/reload',
  '/save-then-change',
  '/max-age',
  '/expires',
]
const CONFIGURATIONS = [
  {},
  { rolling: false },
  { saveUninitialized: false },
  { rolling: false, saveUninitialized: false },
]
const COOKIES = [
  {},
  { maxAge: 2_000 },
  { secure: true },
  { secure: 'auto' },
  { expires: new Date(NOW + 3_000) },
]

test('whatever is done to sessions, both applications show the same and store the same', async () => {
  const configurations = CONFIGURATIONS.flatMap((options) =>
    COOKIES.map((cookie) => ({ ...options, cookie })),
  )
  const pairs = await Promise.all(configurations.map(peerAndOurs))
  const step = fc.record({
    path: fc.constantFrom(...METHODS, ...MORE_METHODS),
    body: fc.dictionary(fc.constantFrom('a', 'b'), fc.jsonValue({ maxDepth: 2 })),
    https: fc.boolean(),
    cookie: fc.constantFrom('own', 'own', 'own', 'own', 'none', 'old', 'strange'),
  })
  await fc.assert(
    fc.asyncProperty(
      fc.constantFrom(...pairs),
      fc.array(step, { minLength: 1, maxLength: 3 }),
      async (pair, steps) => {
        const [theirs, its] = [await walk(pair.peer, steps), await walk(pair.ours, steps)]
        assert.deepEqual(its, theirs)
      },
    ),
    { numRuns: RUNS },
  )
})

async function peerAndOurs(options) {
  const make = async (module) => {
    const ids = { next: 0 }
    const store = new JsonStore()
    const given = { ...options, cookie: { ...options.cookie }, secret: [SECRET, OLD_SECRET], store }
    return { ids, store, front: await app(module, { ...given, idGenerator: () => `id-${++ids.next}` }) }
  }
  return { ours: await make(ours), peer: await make(peer) }
}

async function walk({ front, ids, store }, steps) {
  ids.next = 0
  store.records.clear()
  let own = ''
  const seen = []
  for (const [index, { path, body, https, cookie }] of steps.entries()) {
    const id = own.slice(own.indexOf('=') + 1).split('.', 1)[0]
    const sent = {
      own,
      none: '',
      old: `sessionId=${signed(id, OLD_SECRET)}`,
      strange: `${own.slice(0, -1)}~`,
    }[cookie]
    const shown = await atTime(NOW + index * 900, () => visit(front, path, { body, https, cookie: sent }))
    own = shown.setCookie.length > 0 ? pair(shown.setCookie) : own
    seen.push(shown, { ...store.contents })
  }
  return seen
}

test('signatures are those of @fastify/cookie', () => {
  const { signer } = internals('fastify-session/signer.js')
  const text = fc.oneof(
    fc.string(),
    fc.array(fc.nat(0xffff), { maxLength: 6 }).map((all) => String.fromCharCode(...all)),
  )
  const algorithms = fc.constantFrom('sha1', 'sha256', 'sha384', 'sha512', 'md5')
  fc.assert(
    fc.property(
      text,
      fc.array(text, { minLength: 1, maxLength: 3 }),
      algorithms,
      text,
      (value, secrets, algorithm, other) => {
        const [its, theirs] = [signer(secrets, algorithm), fastifyCookie.Signer(secrets, algorithm)]
        const last = fastifyCookie.Signer(secrets.at(-1), algorithm).sign(value)
        assert.equal(its.sign(value), theirs.sign(value))
        for (const input of [
          its.sign(value),
          last,
          other,
          `${value}.${other}`,
          `${value}.`,
          its.sign(value).slice(0, -1),
        ]) {
          assert.deepEqual(its.unsign(input), theirs.unsign(input))
        }
      },
    ),
    { numRuns: RUNS },
  )
  for (const wrong of [undefined, null, 1, {}]) {
    for (const method of ['sign', 'unsign']) {
      const message = (one) => assert.throws(() => one[method](wrong)) ?? caught(() => one[method](wrong))
      assert.deepEqual(message(signer(SECRET, 'sha256')), message(fastifyCookie.Signer(SECRET)))
    }
  }
})

function caught(run) {
  try {
    return run()
  } catch ({ name, message }) {
    return { name, message }
  }
}

test('cycles, BigInt and what has toJSON are seen to change or not as by the peer', async () => {
  const circle = (n) => Object.assign({ n }, { self: null })
  const states = [
    () => 1n,
    () => 2n,
    () => [1n],
    () => [null],
    () => new Date(0),
    () => '1970-01-01T00:00:00.000Z',
    () => undefined,
    () => () => {},
    () => new Map([[1, 2]]),
    () => ({ b: 1, a: [{ d: 1, c: 2 }] }),
    () => ({ a: [{ c: 2, d: 1 }], b: 1 }),
    () => Object.assign(circle(1), { self: { again: true } }),
    () => ((one) => Object.assign(one, { self: one }))(circle(1)),
    () => ((one) => Object.assign(one, { self: one }))(circle(2)),
    () => Buffer.from('a'),
  ]
  const matrix = async (module) => {
    const seen = []
    const one = ({ session }) => {
      for (const [from, to] of states.flatMap((from) => states.map((to) => [from, to]))) {
        session.value = from()
        session.save(() => {})
        session.value = to()
        seen.push(session.isModified())
      }
      session.value = 1
      return {}
    }
    const store = { get: (_, done) => done(), set: (_, __, done) => done(), destroy: (_, done) => done() }
    const front = await site(module, { secret: SECRET, store, cookie: { secure: false } }, { '/': one })
    await visit(front, '/')
    return seen
  }
  const seen = await matrix(ours)
  assert.equal(seen.length, states.length ** 2)
  assert.deepEqual(seen, await matrix(peer))
})
