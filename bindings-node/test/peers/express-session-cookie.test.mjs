// session.Cookie by itself, on the peer and on the drop-in.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import stock from 'express-session'
import fc from 'fast-check'
import ours from 'shortcrust/express-session'

import { NOW } from '../support.mjs'
import { clock, eachFront } from './express-session.mjs'
import { RUNS } from './support.mjs'

eachFront('has a cookie with the documented defaults', ({ session: { Cookie } }) => {
  const cookie = new Cookie()
  assert.ok(cookie instanceof Cookie)
  const { path, maxAge, expires, httpOnly, originalMaxAge } = cookie
  const expected = { path: '/', maxAge: null, expires: null, httpOnly: true, originalMaxAge: null }
  assert.deepEqual({ path, maxAge, expires, httpOnly, originalMaxAge }, expected)
  assert.equal(JSON.stringify(cookie), '{"originalMaxAge":null,"expires":null,"httpOnly":true,"path":"/"}')
  assert.deepEqual(Object.keys(cookie), ['path', '_expires', 'originalMaxAge', 'httpOnly'])
})

eachFront('refuses cookie options that are no object', ({ session: { Cookie } }) => {
  for (const options of [true, 5, 'text', () => {}]) {
    assert.throws(() => new Cookie(options), {
      name: 'TypeError',
      message: 'argument options must be a object',
    })
  }
  for (const options of [undefined, null, 0, '', false]) assert.equal(new Cookie(options).path, '/')
})

eachFront('has a cookie whose expires is the very Date that was set', ({ context, session: { Cookie } }) => {
  const setTime = clock(context, NOW)
  const cookie = new Cookie()
  const date = new Date(NOW + 60_000)
  cookie.expires = date
  assert.equal(cookie.expires, date)
  assert.equal(cookie.maxAge, 60_000)
  assert.equal(cookie.originalMaxAge, 60_000)
  setTime(NOW + 1_000)
  assert.equal(cookie.maxAge, 59_000)
  assert.equal(cookie.originalMaxAge, 60_000)
  cookie.expires = null
  assert.deepEqual([cookie.maxAge, cookie.originalMaxAge, cookie.expires], [null, null, null])
})

eachFront('has a cookie whose maxAge sets expires', ({ context, session: { Cookie } }) => {
  clock(context, NOW)
  const cookie = new Cookie()
  cookie.maxAge = 2 ** 40
  assert.deepEqual(cookie.expires, new Date(NOW + 2 ** 40))
  assert.equal(cookie.originalMaxAge, 2 ** 40)
  for (const none of [null, undefined, false]) {
    cookie.maxAge = none
    assert.deepEqual([cookie.maxAge, cookie.expires], [none, none])
  }
  for (const wrong of ['60000', {}, [], true]) {
    assert.throws(() => Object.assign(cookie, { maxAge: wrong }), {
      name: 'TypeError',
      message: 'maxAge must be a number or Date',
    })
  }
})

eachFront(
  'lets the last of expires and maxAge count, and leaves data alone',
  ({ context, session: { Cookie } }) => {
    clock(context, NOW)
    const date = new Date(NOW + 5)
    assert.equal(new Cookie({ maxAge: 1, expires: date }).expires, date)
    assert.equal(new Cookie({ expires: date, maxAge: 1 }).maxAge, 1)
    assert.equal(new Cookie({ data: { path: '/x' } }).path, '/')
    assert.equal(new Cookie({ originalMaxAge: 7, maxAge: 1 }).originalMaxAge, 1)
    assert.equal(new Cookie({ maxAge: 1, originalMaxAge: 7 }).originalMaxAge, 7)
    assert.equal(new Cookie({ other: 1 }).other, 1)
  },
)

eachFront('writes a cookie with the peer’s attributes', ({ session: { Cookie } }) => {
  const all = {
    domain: 'example.com',
    expires: new Date(NOW),
    httpOnly: true,
    partitioned: true,
    path: '/x',
    priority: 'low',
    sameSite: 'lax',
    secure: true,
  }
  const line =
    'a=b%20c; Domain=example.com; Path=/x; Expires=Fri, 15 Jan 2027 08:00:00 GMT; HttpOnly; Secure; Partitioned; Priority=Low; SameSite=Lax'
  assert.equal(new Cookie(all).serialize('a', 'b c'), line)
  assert.throws(() => new Cookie({ expires: 'x' }).serialize('a', 'b'), /option expires is invalid/)
})

eachFront('makes a cookie of a cookie', ({ context, session: { Cookie } }) => {
  clock(context, NOW)
  const cookie = new Cookie({ maxAge: 5_000, secure: true })
  const twin = new Cookie(cookie)
  assert.deepEqual(twin.data, cookie.data)
  assert.equal(twin.maxAge, 5_000)
})

test('any options give the same cookie, with the same keys in the same order', (context) => {
  clock(context, NOW)
  const date = () => fc.date({ min: new Date(0), max: new Date(4e12), noInvalidDate: true })
  const any = () => fc.oneof(fc.constantFrom(null, undefined, '', 0, false, true), fc.string(), fc.integer())
  const key = fc.oneof(
    fc.constantFrom('path', 'domain', 'secure', 'sameSite', 'httpOnly', 'originalMaxAge', 'priority'),
    fc.string(),
  )
  const entry = fc.oneof(
    fc.tuple(fc.constant('expires'), fc.oneof(date(), any())),
    fc.tuple(fc.constant('maxAge'), fc.oneof(fc.integer(), fc.constantFrom(null, undefined, 'x'))),
    fc.tuple(
      key.filter((name) => name !== '__proto__'),
      any(),
    ),
  )
  fc.assert(
    fc.property(fc.array(entry, { maxLength: 8 }), (entries) => {
      const [theirs, our] = [stock, ours].map(({ Cookie }) => described(Cookie, Object.fromEntries(entries)))
      assert.deepEqual(our, theirs)
    }),
    { numRuns: RUNS },
  )
})

function described(Cookie, options) {
  try {
    const cookie = new Cookie(options)
    const keys = []
    for (const key in cookie) keys.push(key)
    return [keys.sort(), Object.entries(cookie), JSON.stringify(cookie), cookie.maxAge]
  } catch (error) {
    return `${error.name}: ${error.message}`
  }
}
