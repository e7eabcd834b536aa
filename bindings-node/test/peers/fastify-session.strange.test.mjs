// shortcrust/fastify-session: strange cookies, strange records, wrong options.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { inspect } from 'node:util'

import { NOW, warnings } from '../support.mjs'
import { refusal, visit } from './fastify.support.mjs'
import {
  app,
  JsonStore,
  MODULES,
  OLD_SECRET,
  ours,
  peer,
  SECRET,
  signed,
} from './fastify-session.support.mjs'
import { atTime } from './support.mjs'

const WRONG = [
  {},
  { secret: '' },
  { secret: null },
  { secret: 'x'.repeat(31) },
  { secret: [] },
  { secret: 7 },
  { secret: Buffer.alloc(32) },
  { secret: { sign() {} } },
]

for (const options of WRONG) {
  test(`${inspect(options)} is refused as by the peer`, async () => {
    const refused = await refusal(ours, options)
    assert.equal(refused.name, 'Error')
    assert.deepEqual(refused, await refusal(peer, options))
  })
}

test('without @fastify/cookie both are refused alike', async () => {
  const options = { secret: SECRET }
  const refused = await refusal(ours, options, { cookie: null })
  assert.match(refused.message, /'@fastify\/cookie' of plugin '@fastify\/session' is not registered/)
  assert.deepEqual(refused, await refusal(peer, options, { cookie: null }))
})

test('what throws in the peer, outside of any promise, fails the registration', async () => {
  const wrong = await refusal(ours, { secret: [7] })
  assert.deepEqual(wrong, { name: 'TypeError', message: 'Secret key must be a string or Buffer.' })
  const unknown = await refusal(ours, { secret: SECRET, algorithm: 'sha0' })
  assert.deepEqual(unknown, { name: 'TypeError', message: 'Algorithm sha0 not supported.' })
})

test('a name whose prefix browsers would refuse is refused', async () => {
  const refuses = async (cookieName, cookie) =>
    (await refusal(ours, { secret: SECRET, cookieName, cookie }))?.name
  assert.equal(await refuses('__Host-id', { path: '/x' }), 'ConfigError')
  assert.equal(await refuses('__host-id', { domain: 'a.example' }), 'ConfigError')
  assert.equal(await refuses('__Secure-id', { secure: false }), 'ConfigError')
  assert.equal(await refuses('__Http-id', { httpOnly: false }), 'ConfigError')
  assert.equal(await refuses('__Host-id', {}), undefined)
  assert.equal(await refuses('__Secure-id', { secure: 'auto', domain: 'a.example' }), undefined)
  assert.equal(await refuses('__Http-id', {}), undefined)
  assert.equal(await refuses('host-id', { secure: false, path: '/x' }), undefined)
})

test('short secrets in a list and SameSite=None without Secure are warned of', async () => {
  const seen = await warnings(async () => {
    await app(ours, { secret: ['short'], cookie: { sameSite: 'None' } })
    await app(ours, { secret: ['short'] })
  })
  assert.deepEqual(
    seen.map(({ code }) => code),
    ['SHORTCRUST_SECRET', 'SHORTCRUST_COOKIE'],
  )
})

test('no strange cookie is an error or another id', async () => {
  const store = new JsonStore()
  store.records.set('known', JSON.stringify({ cookie: {}, user: 'ada' }))
  const [front, theirs] = [await app(ours, { store }), await app(peer, { store: new JsonStore() })]
  const good = signed('known')
  const strange = [
    'known',
    'known.',
    '.',
    '..',
    '',
    'known.known',
    `${good}x`,
    good.slice(0, -1),
    good.replace('known', 'knowN'),
    signed('known', OLD_SECRET),
    signed('unknown'),
    signed(''),
    signed('__proto__'),
    signed('constructor'),
    '%',
    '%E0%A4%A',
    '"',
    'a;b',
    '{}',
    'null',
    '\u{1F36A}'.repeat(9),
    'x'.repeat(9_000),
    `s:${good}`,
    'j:{"a":1}',
    '../../etc/passwd.x',
  ] // prettier-ignore
  for (const value of strange) {
    const cookie = `sessionId=${Buffer.from(value).toString('latin1')}`
    const shown = await visit(front, '/read', { cookie })
    assert.equal(shown.status, 200, value)
    assert.match(JSON.parse(shown.text).id, /^id-\d+$/, value)
    assert.deepEqual(JSON.parse(shown.text).keys, ['cookie'], value)
    assert.equal((await visit(theirs, '/read', { cookie })).status, 200, value)
  }
  const opened = await visit(front, '/read', { cookie: `sessionId=${encodeURIComponent(good)}` })
  assert.equal(JSON.parse(opened.text).session.user, 'ada')
})

test('a well-signed id that the store does not know is not adopted', async () => {
  for (const module of Object.values(MODULES)) {
    const store = new JsonStore()
    const front = await app(module, { store })
    const { text } = await visit(front, '/assign', { cookie: `sessionId=${signed('mine')}`, body: { a: 1 } })
    assert.equal(JSON.parse(text).id, 'id-1')
    assert.deepEqual(Object.keys(store.contents), ['id-1'])
  }
})

test('a cookie with another prefix is none of ours', async () => {
  for (const module of Object.values(MODULES)) {
    const store = new JsonStore()
    store.records.set('known', '{"cookie":{}}')
    const front = await app(module, { store, cookiePrefix: 's:' })
    const idOf = async (value) =>
      JSON.parse((await visit(front, '/read', { cookie: `sessionId=${value}` })).text).id
    assert.deepEqual(
      [await idOf(`x:${signed('known')}`), await idOf(`s:${signed('known')}`)],
      ['id-1', 'known'],
    )
  }
})

test('what a signer does not vouch for is not adopted', async () => {
  for (const valid of [false, true]) {
    for (const module of Object.values(MODULES)) {
      const store = new JsonStore()
      store.records.set('known', '{"cookie":{}}')
      const secret = { sign: (value) => value, unsign: (value) => ({ valid, renew: false, value }) }
      const { text } = await visit(await app(module, { secret, store }), '/read', {
        cookie: 'sessionId=known',
      })
      assert.equal(JSON.parse(text).id, valid ? 'known' : 'id-1')
    }
  }
})

test('a session in memory that lies under another id too has the signature of that', async () => {
  for (const module of Object.values(MODULES)) {
    const store = new module.MemoryStore()
    const front = await app(module, { store })
    await visit(front, '/assign', { body: { a: 1 } })
    store.store.set('other', store.store.get('id-1'))
    const { text } = await visit(front, '/read', { cookie: `sessionId=${signed('other')}` })
    assert.equal(JSON.parse(text).signed, signed('other'))
  }
})

test('a strange record is a new session', async () => {
  for (const record of ['"text"', '5', 'true', 'null', 'false', '0', '""']) {
    const store = new JsonStore()
    store.records.set('known', record)
    const { status, text } = await visit(await app(ours, { store }), '/read', {
      cookie: `sessionId=${signed('known')}`,
    })
    assert.deepEqual([status, JSON.parse(text).id], [200, 'id-1'], record)
  }
})

test('a record cannot change the prototype of a session, nor its id', async () => {
  const store = new JsonStore()
  store.records.set(
    'known',
    '{"__proto__":{"isAdmin":true},"sessionId":"x","encryptedSessionId":"y","user":"ada","cookie":{}}',
  )
  const front = await app(ours, { store })
  const { status, text } = await visit(front, '/read', { cookie: `sessionId=${signed('known')}` })
  const { id, keys, session } = JSON.parse(text)
  assert.deepEqual([status, id, keys, session.isAdmin], [200, 'known', ['cookie', 'user'], undefined])
  assert.equal({}.isAdmin, undefined)
})

test('a record with a cookie of any shape is a session', async () => {
  for (const cookie of [
    'null',
    '"x"',
    '5',
    '[]',
    '{}',
    '{"originalMaxAge":"x"}',
    '{"path":null,"secure":null}',
  ]) {
    const record = `{"cookie":${cookie},"user":"ada"}`
    const of = async (module) => {
      const store = new JsonStore()
      store.records.set('known', record)
      return atTime(NOW, async () =>
        visit(await app(module, { store }), '/read', { cookie: `sessionId=${signed('known')}` }),
      )
    }
    assert.deepEqual(await of(ours), await of(peer), cookie)
  }
})

test('where the first cookie of the name does not open, the others are tried', async () => {
  const store = new JsonStore()
  store.records.set('known', '{"cookie":{},"user":"ada"}')
  const good = `sessionId=${encodeURIComponent(signed('known'))}`
  for (const options of [{}, { saveUninitialized: false, rolling: false }]) {
    const front = await app(ours, { store, ...options })
    const user = async (cookie) => JSON.parse((await visit(front, '/read', { cookie })).text).session.user
    assert.equal(await user(`sessionId=x; ${good}`), 'ada')
    assert.equal(await user(`sessionId=; sessionIdx=1; sessionId=x.y; ${good}`), 'ada')
    assert.equal(await user(`sessionId=1; sessionId=2; sessionId=3; sessionId=4; ${good}`), undefined)
    assert.equal(await user(`sessionId=x; xsessionId=${good.slice(10)}`), undefined)
    const { setCookie } = await visit(front, '/read', { cookie: `sessionId=x; ${good}` })
    assert.ok(
      setCookie.every((line) => line.startsWith(`sessionId=${signed('known')};`)),
      'no cookie is removed',
    )
  }
  const prefixed = await app(ours, { store, cookiePrefix: 's:' })
  const { text } = await visit(prefixed, '/read', { cookie: `sessionId=x; sessionId=s:${signed('known')}` })
  assert.equal(JSON.parse(text).session.user, 'ada')
})

test('two cookies that both open are the first', async () => {
  const store = new JsonStore()
  for (const user of ['ada', 'eve']) store.records.set(user, JSON.stringify({ cookie: {}, user }))
  const cookie = `sessionId=${signed('eve')}; sessionId=${signed('ada')}`
  for (const module of Object.values(MODULES)) {
    const { text } = await visit(await app(module, { store }), '/read', { cookie })
    assert.equal(JSON.parse(text).session.user, 'eve')
  }
})
