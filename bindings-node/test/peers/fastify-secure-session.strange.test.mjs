// shortcrust/fastify-secure-session: strange cookies.
import assert from 'node:assert/strict'
import { test } from 'node:test'

import fastifyCookie from '@fastify/cookie'

import { NOW } from '../support.mjs'
import {
  app,
  cookieOf,
  dataOf,
  MODULES,
  OLD_KEY,
  ours,
  peer,
  SECRET,
  sealed,
} from './fastify-secure-session.support.mjs'
import { atTime } from './support.mjs'

test('no strange cookie is an error or a session', async () => {
  const good = sealed('{"user":"ada"}')
  const front = await app(ours)
  assert.deepEqual(await dataOf(front, cookieOf(good)), { user: 'ada' })
  const [box, nonce] = good.split(';')
  const strange = [
    '',
    ';',
    ';;',
    '%',
    '"',
    'a',
    box,
    `${box};`,
    `;${nonce}`,
    `${nonce};${box}`,
    `${box};${nonce}AAAA`,
    `${box};${nonce.slice(0, -4)}`,
    `A${good.slice(1)}`,
    `${box.slice(0, -4)};${nonce}`,
    `${box.slice(0, 12)};${nonce}`,
    `x${good}`,
    sealed('{"user":"ada"}', OLD_KEY),
    '\u{1F36A};\u{1F36A}',
    'x'.repeat(9_000),
    '{}',
    'null',
    '__proto__',
  ] // prettier-ignore
  for (const value of strange) assert.deepEqual(await dataOf(front, cookieOf(value)), {}, value)
  for (const value of ['%', '%E0%A4%A', '"x', 'a;b'])
    assert.deepEqual(await dataOf(front, `session=${value}`), {})
  for (let bit = 0; bit < 8 * box.length; bit += 5) {
    const bytes = Buffer.from(box, 'base64')
    bytes[(bit >> 3) % bytes.length] ^= 1 << (bit & 7)
    assert.deepEqual(await dataOf(front, cookieOf(`${bytes.toString('base64')};${nonce}`)), {})
  }
})

test('what is sealed and no object is an empty session, in the decorator too', async () => {
  const front = await app(ours)
  for (const text of [
    '',
    'x',
    '{',
    '5',
    '"x"',
    'true',
    'null',
    '[]',
    '[{"user":"ada"}]',
    '{}x',
    '\ufeff{}',
  ]) {
    assert.deepEqual(await dataOf(front, cookieOf(sealed(text))), {}, text)
    assert.equal(front.decodeSecureSession(sealed(text)), null, text)
  }
  assert.deepEqual(await dataOf(front, cookieOf(sealed(Buffer.from([0x7b, 0xff, 0x7d])))), {})
  assert.deepEqual(await dataOf(front, cookieOf(sealed(`${'['.repeat(9e3)}`))), {})
})

test('the sealed cannot bring keys named __proto__, at any level', async () => {
  const front = await app(ours)
  for (const name of ['__proto__', '\\u005f_proto__']) {
    const text = `{"a":{"${name}":{"isAdmin":true},"b":[{"${name}":1}]},"${name}":{"isAdmin":true},"c":1}`
    const session = front.decodeSecureSession(sealed(text))
    assert.equal(JSON.stringify(session.data()), '{"a":{"b":[{}]},"c":1}')
    assert.equal(session.get('isAdmin'), undefined)
    assert.equal(Object.getPrototypeOf(session.get('a')), Object.prototype)
  }
  assert.equal({}.isAdmin, undefined)
})

test('times of any type are as in the peer', async () => {
  const [its, theirs] = [await app(ours, { expiry: 5 }), await app(peer, { expiry: 5 })]
  const now = NOW / 1_000
  for (const time of [
    '0',
    'null',
    '""',
    '"x"',
    '{}',
    '[]',
    '1e99',
    '-1',
    `${now + 900}`,
    `${now - 900}`,
    `"${now}"`,
  ]) {
    const value = sealed(`{"a":1,"__ts":${time}}`)
    const [one, other] = await atTime(NOW, () =>
      [its, theirs].map((front) => front.decodeSecureSession(value)?.data() ?? null),
    )
    assert.deepEqual(one, other, time)
  }
})

test('a session is open for a day and a second where no expiry is given', async () => {
  for (const module of Object.values(MODULES)) {
    const front = await app(module)
    const isOpen = (age) => front.decodeSecureSession(sealed(`{"__ts":${NOW / 1_000 - age}}`)) !== null
    await atTime(NOW, () => assert.deepEqual([isOpen(86_400), isOpen(86_401)], [true, false]))
  }
})

test('where the first cookie of the name does not open, the others are tried', async () => {
  const front = await app(ours)
  const [good, eve] = ['ada', 'eve'].map((user) => cookieOf(sealed(`{"user":"${user}"}`)))
  assert.deepEqual(await dataOf(front, `session=x; ${good}`), { user: 'ada' })
  assert.deepEqual(await dataOf(front, `session=; xsession=1; session=x;session =y; ${good}`), {
    user: 'ada',
  })
  assert.deepEqual(await dataOf(front, `session=1; session=2; session=3; session=4; ${good}`), {})
  for (const module of Object.values(MODULES)) {
    assert.deepEqual(await dataOf(await app(module), `${eve}; ${good}`), { user: 'eve' })
  }
  const signed = await app(ours, { cookie: { signed: true } }, { cookie: { secret: SECRET } })
  const value = fastifyCookie.sign(sealed('{"user":"ada"}'), SECRET)
  assert.deepEqual(await dataOf(signed, `session=x; ${cookieOf(value)}`), { user: 'ada' })
})
