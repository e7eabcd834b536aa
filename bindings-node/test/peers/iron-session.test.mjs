// shortcrust/iron-session without a server: seals, options and errors, beside iron-session 8 and 9.
import assert from 'node:assert/strict'
import { suite, test } from 'node:test'

import fc from 'fast-check'
import * as webcrypto from 'iron-webcrypto'
import * as named from 'shortcrust/iron-session'

import { warnings } from '../support.mjs'
import { eight, fixed, message, NAME, NOW, nine, ONE, ours, outcome, require, TWO } from './iron-session.mjs'
import { atTime, peerVectors, RUNS, sessionData } from './support.mjs'

const iron = require('@hapi/iron')

const PASSWORDS = { 1: ONE, 2: TWO }
const FOURTEEN_DAYS = 14 * 86_400_000

test('what is exported is what 8 and 9 export, by require, by default and by name', () => {
  assert.equal(require('shortcrust/iron-session'), ours)
  assert.deepEqual(Object.keys(ours).sort(), Object.keys(nine).sort())
  for (const name of Object.keys(eight)) assert.ok(name in ours)
  const byName = Object.fromEntries(Object.entries(named).filter(([name]) => name in ours))
  assert.deepEqual(byName, ours)
})

const OPS = {
  sealData: (module, { data, password, ttl }) => module.sealData(data, { password, ttl }),
  unsealData: (module, { seal, password, ttl }) => module.unsealData(seal, { password, ttl }),
  async reason(module, { seal, password }) {
    let answer = null
    const onUnsealError = (reason, { message }) => {
      answer = { reason, message }
    }
    await module.unsealData(seal, { password, onUnsealError })
    return answer
  },
  async getIronSession(module, { cookie, now_ms, ...options }) {
    return { ...(await module.getIronSession(...message(cookie), options)) }
  },
  async save(module, { cookie, data, now_ms, random, ...options }) {
    const [request, response] = message(cookie)
    const session = await module.getIronSession(module.nodeCookies(request, response), options)
    await Object.assign(session, data).save()
    return response.lines
  },
  async destroy(module, { cookie, now_ms, ...options }) {
    const [request, response] = message(cookie)
    const session = await module.getIronSession(module.nodeCookies(request, response), options)
    session.destroy()
    return response.lines
  },
}

for (const [family, modules] of Object.entries({
  'iron-session': { 'iron-session 8': eight, 'shortcrust/iron-session': ours },
  'iron-session9': { 'iron-session 9': nine, 'shortcrust/iron-session': ours },
})) {
  for (const [name, module] of Object.entries(modules)) {
    suite(`the vectors of ${family} on ${name}`, () => {
      for (const { id, op, input, expect } of peerVectors(family)) {
        test(`${id} ${op}`, async () => {
          const { now_ms: now, random } = input
          const result = await outcome(() => fixed(() => OPS[op](module, input), { now, random }))
          assert.deepEqual(JSON.parse(JSON.stringify(result)), expect)
        })
      }
    })
  }
}

suite('random sessions', () => {
  const password = fc.string({ unit: 'binary', minLength: 32, maxLength: 60 })
  const id = fc.integer({ min: 0, max: 2 ** 40 })
  const map = fc.oneof(
    password,
    fc.dictionary(id.map(String), password, { minKeys: 1, maxKeys: 4, noNullPrototype: true }),
  )
  const ttl = fc.constantFrom(undefined, 0, 1, 60, 3600)

  test('sealed by any it opens at all three, and at iron-webcrypto', async () => {
    const property = fc.asyncProperty(sessionData(), map, ttl, async (data, password, ttl) => {
      const json = JSON.parse(JSON.stringify(data))
      for (const sealer of [ours, eight, nine]) {
        const seal = await sealer.sealData(sealer === nine ? json : data, { password, ttl })
        for (const opener of sealer === ours ? [eight, nine, ours] : [ours]) {
          assert.deepEqual(await opener.unsealData(seal, { password, ttl }), json)
        }
        if (sealer !== ours) continue
        const hash = typeof password === 'string' ? { 1: password } : password
        assert.deepEqual(await webcrypto.unseal(seal.split('~')[0], hash, webcrypto.defaults), json)
      }
    })
    await atTime(NOW, () => fc.assert(property, { numRuns: RUNS / 2 }))
  })

  test('what @hapi/iron and iron-webcrypto seal with an id opens', async () => {
    for (const sealer of [iron, webcrypto]) {
      const seal = await sealer.seal({ a: 'é' }, { id: '2', secret: TWO }, sealer.defaults)
      assert.deepEqual(await ours.unsealData(seal, { password: PASSWORDS }), { a: 'é' })
    }
  })

  test('the same bytes as iron-session 8 where the random bytes are the same', async () => {
    const property = fc.asyncProperty(sessionData(), map, ttl, async (data, password, ttl) => {
      const [expected, actual] = await sealedByBoth(data, { password, ttl })
      assert.equal(actual, expected)
    })
    await fc.assert(property, { numRuns: RUNS / 4 })
  })

  test('a changed seal is empty here wherever it is there, and never an exception', async () => {
    const seal = await atTime(NOW, () => eight.sealData({ user: 'ada' }, { password: PASSWORDS, ttl: 60 }))
    const character = fc.constantFrom(...'*~.-_=09azAZ+/ é\0', '')
    const at = fc.nat(seal.length)
    const edit = fc.record({ at, cut: fc.nat(3), put: fc.array(character, { maxLength: 3 }) })
    const property = fc.asyncProperty(fc.array(edit, { minLength: 1, maxLength: 3 }), async (edits) => {
      const changed = edits.reduce(
        (text, { at, cut, put }) => text.slice(0, at) + put.join('') + text.slice(at + cut),
        seal,
      )
      const open = (module) => outcome(() => module.unsealData(changed, { password: PASSWORDS }))
      const isSame = changed.split('~')[0] === seal.split('~')[0]
      assert.deepEqual(await open(ours), { ok: isSame ? { user: 'ada' } : {} })
      if (!isSame) assert.deepEqual((await open(eight)).ok ?? {}, {})
      // 9 does not see spaces, padding and stray bits in the MAC.
      const isSameText = changed.startsWith(seal.slice(0, seal.lastIndexOf('*') + 1))
      if (!isSameText || isSame) assert.deepEqual(await open(nine), await open(ours))
    })
    await atTime(NOW, () => fc.assert(property, { numRuns: RUNS }))
  })
})

async function sealedByBoth(data, options) {
  return [await fixed(() => eight.sealData(data, options)), await fixed(() => ours.sealData(data, options))]
}

suite('a seal that can not be read', () => {
  const cases = {
    'tampered with': async () =>
      (await ours.sealData({ a: 1 }, { password: ONE })).replace(/.{4}~2$/, 'AAAA~2'),
    truncated: async () => (await ours.sealData({ a: 1 }, { password: ONE })).slice(0, -9),
    'sealed with another password': () => ours.sealData({ a: 1 }, { password: TWO }),
    'sealed with a foreign id': () => ours.sealData({ a: 1 }, { password: { 3: ONE } }),
    'sealed without an id': () => iron.seal({ a: 1 }, ONE, iron.defaults),
    'sealed with more iterations': () => {
      const side = { ...iron.defaults.encryption, iterations: 2 }
      return iron.seal({ a: 1 }, { id: '1', secret: ONE }, { ...iron.defaults, encryption: side })
    },
    'authenticated with more iterations': () => {
      const side = { ...iron.defaults.integrity, iterations: 2 }
      return iron.seal({ a: 1 }, { id: '1', secret: ONE }, { ...iron.defaults, integrity: side })
    },
    'of another cipher': () => {
      const side = { ...iron.defaults.encryption, algorithm: 'aes-128-ctr' }
      return iron.seal({ a: 1 }, { id: '1', secret: ONE }, { ...iron.defaults, encryption: side })
    },
    expired: () => atTime(NOW - FOURTEEN_DAYS - 60_000, () => ours.sealData({ a: 1 }, { password: ONE })),
    'with an end that is no number': () => `Fe26.2*1*0*0*0*soon*0*0~2`,
    'of a format to come': () => 'Fe26.3*1*0*0*0**0*0~2',
    'for an inherited id': () => 'Fe26.2*constructor*0*0*0**0*0~2',
    'for the prototype': () => 'Fe26.2*__proto__*0*0*0**0*0~2',
    rubbish: () => 'rubbish',
    empty: () => '',
  }
  for (const [what, make] of Object.entries(cases)) {
    test(`${what}: an empty object, an empty session, and a call of onUnsealError`, async () => {
      const seal = await atTime(NOW, make)
      const seen = []
      const onUnsealError = (reason, error) => seen.push([reason, error.message])
      await atTime(NOW, async () => {
        assert.deepEqual(await ours.unsealData(seal, { password: ONE, onUnsealError }), {})
        const options = { cookieName: NAME, password: ONE, onUnsealError }
        assert.deepEqual({ ...(await ours.getIronSession(...message(`${NAME}=${seal}`), options)) }, {})
      })
      assert.equal(seen.length, seal === '' ? 1 : 2)
      assert.deepEqual([...seen].fill(seen[0]), seen)
      for (const secret of [ONE, TWO, 'Fe26', seal.slice(10)]) {
        if (secret) assert.ok(!seen[0][1].includes(secret))
      }
    })
  }

  test('a text that is no JSON: nothing of it is in the error', async () => {
    const seal = await webcrypto.seal(
      'a secret',
      { id: '1', secret: ONE },
      { ...webcrypto.defaults, encode: (t) => t },
    )
    const seen = []
    const onUnsealError = (reason, { message }) => seen.push([reason, message])
    assert.deepEqual(await ours.unsealData(seal, { password: ONE, onUnsealError }), {})
    assert.deepEqual(seen, [['invalid', 'Failed parsing sealed object JSON']])
  })

  test('one made far ahead is read, as by the peers: a seal has only an end', async () => {
    const seal = await atTime(NOW + FOURTEEN_DAYS, () => eight.sealData({ a: 1 }, { password: ONE }))
    for (const module of [eight, nine, ours]) {
      assert.deepEqual(await atTime(NOW, () => module.unsealData(seal, { password: ONE })), { a: 1 })
    }
  })

  test('the error of onUnsealError comes out', async () => {
    const onUnsealError = () => {
      throw new Error('from the hook')
    }
    await assert.rejects(ours.unsealData('x', { password: ONE, onUnsealError }), { message: 'from the hook' })
    await assert.rejects(nine.unsealData('x', { password: ONE, onUnsealError }), { message: 'from the hook' })
  })
})

test('what stands behind the MAC chooses nothing', async () => {
  const inner = { persistent: { admin: true }, user: 'ada' }
  const seal = (await ours.sealData(inner, { password: ONE })).split('~')[0]
  for (const end of ['', '~', '~1', '~2', '~3', '~2~1', '~persistent']) {
    assert.deepEqual(await ours.unsealData(seal + end, { password: ONE }), inner)
    assert.deepEqual(await nine.unsealData(seal + end, { password: ONE }), inner)
  }
})

test('own __proto__ keys are dropped at every level, and no prototype is touched', async () => {
  const text =
    '{"__proto__":{"admin":true},"a":[{"__proto__":{"admin":true},"b":1}],"constructor":{"prototype":1}}'
  const seal = await iron.seal(JSON.parse(text), { id: '1', secret: ONE }, iron.defaults)
  const opened = await ours.unsealData(seal, { password: ONE })
  assert.deepEqual(JSON.stringify(opened), '{"a":[{"b":1}],"constructor":{"prototype":1}}')
  const session = await ours.getIronSession(...message(`${NAME}=${seal}`), {
    cookieName: NAME,
    password: ONE,
  })
  assert.equal(session.admin, undefined)
  assert.equal({}.admin, undefined)
  assert.equal(Object.getPrototypeOf(session), Object.prototype)
})

test('a deep or wide payload opens', async () => {
  const deep = JSON.parse('['.repeat(1000) + ']'.repeat(1000))
  const wide = Array.from({ length: 200_000 }, (_, n) => n)
  const seal = await ours.sealData({ deep, wide }, { password: ONE })
  const opened = await ours.unsealData(seal, { password: ONE })
  assert.equal(opened.wide.length, 200_000)
  assert.equal(JSON.stringify(opened.deep), JSON.stringify(deep))
})

test('sealed data that is no object is an empty session', async () => {
  for (const data of ['text', 5, true, null]) {
    const seal = await ours.sealData(data, { password: ONE })
    assert.deepEqual(await ours.unsealData(seal, { password: ONE }), data ?? {})
    const session = await ours.getIronSession(...message(`${NAME}=${seal}`), {
      cookieName: NAME,
      password: ONE,
    })
    assert.deepEqual(Object.keys(session), [])
    assert.equal(typeof session.save, 'function')
  }
})

suite('sealData as 8', () => {
  const cases = {
    'no password': [{}, {}],
    'an empty password': [{}, { password: '' }],
    'a short password': [{}, { password: 'short' }],
    'an empty map': [{}, { password: {} }],
    'a map of names': [{}, { password: { one: ONE } }],
    'a map of which the highest is short': [{}, { password: { 1: ONE, 2: 'x' } }],
    'a list': [{}, { password: [ONE, TWO] }],
    'a key of bytes': [{}, { password: { 1: new Uint8Array(32) } }],
    'a key of few bytes': [{}, { password: { 1: new Uint8Array(31) } }],
    'an id below zero': [{}, { password: { '-1': ONE } }],
    'a fraction for an id': [{}, { password: { 1.5: ONE } }],
    'a huge id': [{}, { password: { 1e21: ONE } }],
    'a Date': [{ at: new Date(NOW) }, { password: ONE }],
    'a Map': [{ map: new Map([[1, 2]]) }, { password: ONE }],
    'an array': [[1, 2], { password: ONE }],
    NaN: [{ n: Number.NaN }, { password: ONE }],
    'undefined inside': [{ a: undefined }, { password: ONE }],
    'a BigInt': [{ n: 1n }, { password: ONE }],
    toJSON: [{ toJSON: () => ({ a: 1 }) }, { password: ONE }],
    'a ttl below zero': [{}, { password: ONE, ttl: -5 }],
    'half a second': [{}, { password: ONE, ttl: 0.5 }],
    'no number of seconds': [{}, { password: ONE, ttl: Number.NaN }],
  }
  for (const [what, [data, options]] of Object.entries(cases)) {
    test(what, async () => {
      // Without salts the vector is the first of the random bytes.
      const random = { salt: 'ab'.repeat(32), iv: 'ab'.repeat(16), mac_salt: 'ab'.repeat(32) }
      const seal = (module) => outcome(() => fixed(() => module.sealData(data, options), { random }))
      assert.deepEqual(await seal(ours), await seal(eight))
    })
  }

  test('nothing to seal is a TypeError', async () => {
    for (const module of [eight, ours]) {
      await assert.rejects(module.sealData(undefined, { password: ONE }), TypeError)
    }
  })
})

test('a wrong password is an error of unsealData as in 8', async () => {
  const seal = await ours.sealData({ a: 1 }, { password: ONE })
  for (const password of [undefined, '', 'short', { 1: '' }, { 1: 'short' }, { 1: new Uint8Array(3) }]) {
    const expected = await outcome(() => eight.unsealData(seal, { password }))
    assert.ok(expected.error)
    assert.deepEqual(await outcome(() => ours.unsealData(seal, { password })), expected)
  }
  for (const notText of [undefined, null, 5]) {
    const expected = await outcome(() => eight.unsealData(notText, { password: ONE }))
    assert.equal(
      (await outcome(() => ours.unsealData(notText, { password: ONE }))).error.name,
      expected.error.name,
    )
  }
})

suite('bad usage as 8', () => {
  const good = { cookieName: NAME, password: ONE }
  const store = { get() {}, set() {} }
  const request = () => message()
  const cases = {
    nothing: () => [],
    'a request': () => request().slice(0, 1),
    'no request': () => [undefined, request()[1], good],
    'no response': () => [request()[0], undefined, good],
    'no options': () => request(),
    'options without a name': () => [...request(), { password: ONE }],
    'options without a password': () => [...request(), { cookieName: NAME }],
    'a short password': () => [...request(), { cookieName: NAME, password: 'short' }],
    'a short password in a map': () => [...request(), { cookieName: NAME, password: { 1: ONE, 2: 'short' } }],
    'a store without options': () => [store],
    'a store and no name': () => [store, { password: ONE }],
    'a store and no password': () => [store, { cookieName: NAME }],
    'a store and a short password': () => [store, { cookieName: NAME, password: 'short' }],
  }
  for (const [what, given] of Object.entries(cases)) {
    test(what, async () => {
      const expected = await outcome(() => eight.getIronSession(...given()))
      assert.ok(expected.error)
      assert.deepEqual(await outcome(() => ours.getIronSession(...given())), expected)
    })
  }

  test('what is neither a store nor a jar is told so', async () => {
    await assert.rejects(ours.getIronSession({}, good), {
      message: /^iron-session: Bad usage: use getIronSession/,
    })
  })

  test('a password of another type is refused', async () => {
    for (const password of [{ 1: 5 }, { 1: { secret: ONE } }, 5n]) {
      const options = { cookieName: NAME, password }
      if (password === 5n) continue
      await assert.rejects(ours.getIronSession(...message(), options), {
        message: 'iron-session: Bad usage. Password must be at least 32 characters long.',
      })
    }
  })
})

test('attributes with which browsers drop the cookie are warned of, once', async () => {
  const options = { cookieName: NAME, password: ONE, cookieOptions: { secure: false, sameSite: 'none' } }
  const seen = await warnings(async () => {
    for (let n = 0; n < 2; n++) await ours.getIronSession(...message(), options)
  })
  assert.equal(seen.length, 1)
  assert.match(seen[0].message, /sameSite: none without secure/)
})
