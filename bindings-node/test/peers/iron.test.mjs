// shortcrust/iron beside @hapi/iron: the same calls to both, and each opens what the other sealed.
import assert from 'node:assert/strict'
import crypto from 'node:crypto'
import { after, suite, test } from 'node:test'

import fc from 'fast-check'
import * as webcrypto from 'iron-webcrypto'
import ours, * as named from 'shortcrust/iron'

import { ambient } from '../support.mjs'
import {
  assertAlike,
  Boom,
  call,
  cycle,
  defaults,
  KEY,
  loaded,
  MODULES,
  NOW,
  OTHER,
  outcome,
  PASSWORD,
  peer,
  require,
  resigned,
  spliced,
  withRandomBytes,
  withSides,
} from './iron.mjs'
import { atTime, peerVectors, RUNS, sessionData } from './support.mjs'

after(() => {
  ambient.entropy = undefined
})

test('what is exported is what the peer exports, by require, by default and by name', () => {
  assert.equal(require('shortcrust/iron'), ours)
  assert.deepEqual(Object.keys(ours).sort(), Object.keys(peer).sort())
  for (const [name, value] of Object.entries(peer)) {
    assert.equal(named[name], ours[name])
    assert.equal(typeof ours[name], typeof value)
    if (typeof value !== 'function') assert.deepEqual(ours[name], value)
    else assert.equal(ours[name].length, value.length, name)
  }
})

for (const [name, iron] of Object.entries(MODULES)) {
  suite(`the vectors on ${name}`, () => {
    for (const { id, op, input, expect } of peerVectors('iron')) {
      test(`${id} ${op}`, async () => {
        const { ok, error } = await outcome(() => atTime(input.now_ms, () => call(iron, op, input)))
        assert.deepEqual(error ? { error: { name: error.name, message: error.message } } : { ok }, expect)
      })
    }
  })
}

test('a seal is the same byte for byte where the random bytes are', async () => {
  const sealings = [
    [{ a: 1 }, PASSWORD, defaults],
    [{ a: 'é 🍪' }, { id: 'x', secret: PASSWORD }, { ...defaults, ttl: 60_000 }],
    [[1], { encryption: PASSWORD, integrity: OTHER }, withSides({ saltBits: 100 }, { saltBits: 8 })],
    [null, KEY, defaults],
    [
      'text',
      { id: 7, encryption: KEY.subarray(16), integrity: PASSWORD },
      withSides({ algorithm: 'aes-128-ctr' }),
    ],
  ]
  for (const [object, password, options] of sealings) {
    const entropy = crypto.randomBytes(80)
    const expected = await atTime(NOW, () =>
      withRandomBytes(entropy, () => peer.seal(object, password, options)),
    )
    ambient.entropy = entropy
    const sealed = await atTime(NOW, () => ours.seal(object, password, options))
    ambient.entropy = undefined
    assert.equal(sealed, expected)
  }
})

test('two seals of one object differ', async () => {
  const seals = await Promise.all(Array.from({ length: 50 }, () => ours.seal({}, PASSWORD, defaults)))
  const parts = seals.map((seal) => seal.split('*'))
  for (const at of [2, 3, 6]) assert.equal(new Set(parts.map((part) => part[at])).size, 50)
  assert.match(seals[0], /^Fe26\.2\*\*[0-9a-f]{64}\*[\w-]{22}\*[\w-]{22}\*\*[0-9a-f]{64}\*[\w-]{43}$/)
})

suite('random data', () => {
  const password = fc.string({ unit: 'binary', minLength: 32, maxLength: 80 })
  const key = fc.uint8Array({ minLength: 32, maxLength: 32 }).map((key) => Buffer.from(key))
  const side = (algorithm) =>
    fc.record({
      algorithm,
      iterations: fc.integer({ min: 1, max: 9 }),
      saltBits: fc.constantFrom(8, 128, 256),
      minPasswordlength: fc.constantFrom(0, 32),
    })
  const options = fc.record({
    encryption: side(fc.constantFrom('aes-256-cbc', 'aes-128-ctr')),
    integrity: side(fc.constant('sha256')),
    ttl: fc.constantFrom(0, 1, 60_000),
    timestampSkewSec: fc.constantFrom(0, 60),
    localtimeOffsetMsec: fc.constantFrom(0, -1000, 5000),
  })
  const secrets = fc.oneof(
    password.map((secret) => ({ secret })),
    fc.record({ id: fc.stringMatching(/^\w{1,5}$/), secret: password }),
    // A key of 32 bytes is too long for aes-128-ctr.
    fc.record({ encryption: password, integrity: fc.oneof(password, key) }),
  )

  test('sealed by either it opens at the other, and at iron-webcrypto', async () => {
    const property = fc.asyncProperty(sessionData(), secrets, options, async (data, secret, options) => {
      const hash = { default: secret, [secret.id ?? 'default']: secret }
      const json = JSON.parse(JSON.stringify(data))
      for (const [sealer, openers] of [
        [ours, [peer, webcrypto, ours]],
        [peer, [ours]],
        [webcrypto, [ours]],
      ]) {
        const input = sealer === webcrypto ? json : data
        const sealed = await sealer.seal(input, secret, options)
        for (const opener of openers) assert.deepEqual(await opener.unseal(sealed, hash, options), json)
      }
    })
    await atTime(NOW, () => fc.assert(property, { numRuns: RUNS / 2 }))
  })

  test('a seal that was changed anywhere gives both the same answer', async () => {
    const seal = await peer.seal(
      { user: 'ada' },
      { id: 'one', secret: PASSWORD },
      { ...defaults, ttl: 60_000 },
    )
    const hash = { one: PASSWORD, two: OTHER, constant: KEY }
    const character = fc.constantFrom(...'*~.-_=09azAZ+/ é\0', '')
    const at = fc.nat(seal.length)
    const edit = fc.record({ at, cut: fc.nat(3), put: fc.array(character, { maxLength: 3 }) })
    const property = fc.asyncProperty(fc.array(edit, { minLength: 1, maxLength: 3 }), async (edits) => {
      const changed = edits.reduce((text, { at, cut, put }) => spliced(text, at, cut, put.join('')), seal)
      await assertAlike((iron) => iron.unseal(changed, hash, defaults))
    })
    await fc.assert(property, { numRuns: RUNS })
  })
})

suite('options and errors', () => {
  const sealings = {
    'no options': [{}, PASSWORD],
    'null for options': [{}, PASSWORD, null],
    'no password': [{}, undefined, defaults],
    'an empty password': [{}, '', defaults],
    'a short password': [{}, 'short', defaults],
    'a password for encryption alone': [{}, { encryption: PASSWORD }, defaults],
    'a short password for the MAC': [{}, { encryption: PASSWORD, integrity: 'short' }, defaults],
    'an empty buffer': [{}, Buffer.alloc(0), defaults],
    'a buffer too short': [{}, Buffer.alloc(31), defaults],
    'a buffer too long': [{}, Buffer.alloc(33), defaults],
    'an empty password where none is too short': [
      {},
      { secret: '' },
      withSides({ minPasswordlength: 0 }, { minPasswordlength: 0 }),
    ],
    'a secret beside others': [{}, { secret: OTHER, encryption: PASSWORD, integrity: PASSWORD }, defaults],
    'bytes that are no buffer': [{}, new Uint8Array(32), defaults],
    'bytes that are no buffer as a secret': [{}, { secret: new Uint8Array(32) }, defaults],
    'a number for a password': [{}, 5, defaults],
    'an id with a space': [{}, { id: 'a b', secret: PASSWORD }, defaults],
    'an id with a star': [{}, { id: 'a*b', secret: PASSWORD }, defaults],
    'a number for an id': [{}, { id: 7, secret: PASSWORD }, defaults],
    'an id of zero': [{}, { id: 0, secret: PASSWORD }, defaults],
    'no encryption options': [{}, PASSWORD, { ...defaults, encryption: undefined }],
    'no integrity options': [{}, PASSWORD, { ...defaults, integrity: undefined }],
    'text for options': [{}, PASSWORD, { ...defaults, integrity: 'text' }],
    'an unknown algorithm': [{}, PASSWORD, withSides({ algorithm: 'aes-512' })],
    'an inherited algorithm': [{}, PASSWORD, withSides({ algorithm: 'toString' })],
    'no algorithm': [{}, PASSWORD, withSides({ algorithm: undefined })],
    'a digest for a cipher': [{}, PASSWORD, withSides({ algorithm: 'sha256' })],
    'a cipher for a digest': [{}, PASSWORD, withSides({}, { algorithm: 'aes-256-cbc' })],
    'no salt': [{}, PASSWORD, withSides({ saltBits: 0 })],
    'no salt for the MAC': [{}, PASSWORD, withSides({}, { saltBits: undefined })],
    'a negative salt': [{}, PASSWORD, withSides({ saltBits: -8 })],
    'an absurd salt': [{}, PASSWORD, withSides({ saltBits: 99999999999999 })],
    'no iterations': [{}, PASSWORD, withSides({ iterations: 0 })],
    'no iterations option': [{}, PASSWORD, withSides({ iterations: undefined })],
    'half an iteration': [{}, PASSWORD, withSides({}, { iterations: 1.5 })],
    'too many iterations': [{}, PASSWORD, withSides({}, { iterations: 2 ** 31 })],
    'text for iterations': [{}, PASSWORD, withSides({}, { iterations: '2' })],
    'a vector too short': [{}, PASSWORD, withSides({ iv: Buffer.alloc(8) })],
    'a vector that is no buffer': [{}, PASSWORD, withSides({ iv: new Uint8Array(16) })],
    'a vector of text': [{}, PASSWORD, withSides({ iv: 'sixteen letters.' })],
    'a salt of bytes': [
      {},
      PASSWORD,
      withSides({ salt: Buffer.from('salt'), iv: KEY.subarray(16) }, { salt: 'ß' }),
    ],
    'a salt of half a letter': [{}, PASSWORD, withSides({ salt: 'a\ud800' })],
    'a salt of a number': [{}, PASSWORD, withSides({ salt: 7 })],
    'salts and a vector': [{}, PASSWORD, withSides({ salt: 'one', iv: KEY.subarray(16) }, { salt: 'two' })],
    'a salt with a star': [{}, PASSWORD, withSides({ salt: 'o*e', iv: KEY.subarray(16) }, { salt: 'two' })],
    'a key and salts': [{}, KEY, withSides({ salt: 'one', iv: KEY.subarray(16) }, { salt: 'two' })],
    'nothing to seal': [undefined, PASSWORD, defaults],
    'a function to seal': [() => {}, PASSWORD, defaults],
    'a cycle': [cycle(), PASSWORD, defaults],
    'a BigInt': [{ n: 1n }, PASSWORD, defaults],
    'a bad id and a cycle': [cycle(), { id: '*', secret: 'short' }, defaults],
    'a bad id and a short password': [{}, { id: '*', secret: 'short' }, defaults],
    'two short passwords': [{}, { encryption: 'x', integrity: Buffer.alloc(3) }, defaults],
  }

  for (const [what, given] of Object.entries(sealings)) {
    test(`seal: ${what}`, () => {
      const seal = (iron) => atTime(NOW, () => iron.seal(...given))
      return assertAlike((iron) => loaded(() => seal(iron)))
    })
  }

  const seals = {
    plain: [{ a: 1 }, PASSWORD, defaults],
    key: [{ a: 1 }, KEY, defaults],
    id: [{ a: 1 }, { id: 'one', secret: PASSWORD }, defaults],
    timed: [{ a: 1 }, PASSWORD, { ...defaults, ttl: 1000 }],
    ctr: [{ a: 1 }, PASSWORD, withSides({ algorithm: 'aes-128-ctr' })],
    proto: [JSON.parse('{"a":[{"__proto__":{"admin":true}}]}'), PASSWORD, defaults],
    protoText: [{ a: '{"__proto__":1}' }, PASSWORD, defaults],
    string: ['text', PASSWORD, defaults],
    null: [null, PASSWORD, defaults],
  }
  const unsealings = {
    'the object': ['plain', PASSWORD, defaults],
    'a text': ['string', PASSWORD, defaults],
    'a null': ['null', PASSWORD, defaults],
    'a key': ['key', KEY, defaults],
    'a key for what a password sealed': ['plain', KEY, defaults],
    'a password for what a key sealed': ['key', PASSWORD, defaults],
    'another key': ['key', Buffer.alloc(32), defaults],
    'a key too short': ['key', Buffer.alloc(16), defaults],
    'another password': ['plain', OTHER, defaults],
    'a short password': ['plain', 'short', defaults],
    'no password': ['plain', undefined, defaults],
    'bytes that are no buffer': ['plain', new Uint8Array(32), defaults],
    'the default of a hash': ['plain', { default: PASSWORD }, defaults],
    'a hash without a default': ['plain', { one: PASSWORD }, defaults],
    'an id': ['id', { one: PASSWORD, two: OTHER }, defaults],
    'a secret by id': ['id', { one: { secret: PASSWORD } }, defaults],
    'two secrets by id': ['id', { one: { encryption: PASSWORD, integrity: PASSWORD } }, defaults],
    'another secret for encryption': ['id', { one: { encryption: OTHER, integrity: PASSWORD } }, defaults],
    'a short password for encryption': ['id', { one: { encryption: 'x', integrity: PASSWORD } }, defaults],
    'an id that is not there': ['id', { two: OTHER }, defaults],
    'an id and one password': ['id', PASSWORD, defaults],
    'an id whose password is empty': ['id', { one: '' }, defaults],
    'other iterations for the MAC': ['plain', PASSWORD, withSides({}, { iterations: 2 })],
    'other iterations for encryption': ['plain', PASSWORD, withSides({ iterations: 2 })],
    'another cipher': ['plain', PASSWORD, withSides({ algorithm: 'aes-128-ctr' })],
    'aes-128-ctr': ['ctr', PASSWORD, withSides({ algorithm: 'aes-128-ctr' })],
    'an unknown cipher': ['plain', PASSWORD, withSides({ algorithm: 'x' })],
    'an unknown cipher and another password': ['plain', OTHER, withSides({ algorithm: 'x' })],
    'no options': ['plain', PASSWORD],
    'empty options': ['plain', PASSWORD, {}],
    'no integrity options': ['plain', PASSWORD, { ...defaults, integrity: undefined }],
    'no encryption options': ['plain', PASSWORD, { ...defaults, encryption: undefined }],
    'text for options': ['plain', PASSWORD, { ...defaults, integrity: 'text' }],
    'before its end': ['timed', PASSWORD, defaults, NOW + 60_999],
    'at its end': ['timed', PASSWORD, defaults, NOW + 61_000],
    'at its end without skew': ['timed', PASSWORD, { ...defaults, timestampSkewSec: 0 }, NOW + 1000],
    'no skew option': ['timed', PASSWORD, { ...defaults, timestampSkewSec: undefined }, NOW * 2],
    'an offset of the clock': ['timed', PASSWORD, { ...defaults, localtimeOffsetMsec: 61_000 }],
    'expired and no password': ['timed', undefined, defaults, NOW * 2],
    '__proto__ inside': ['proto', PASSWORD, defaults],
    '__proto__ in a text': ['protoText', PASSWORD, defaults],
  }
  for (const [what, [name, password, options, now = NOW]] of Object.entries(unsealings)) {
    test(`unseal: ${what}`, async () => {
      const sealed = await atTime(NOW, () => peer.seal(...seals[name]))
      await atTime(now, () => assertAlike((iron) => iron.unseal(sealed, password, options)))
    })
  }

  for (const sealed of [undefined, null, 5, {}, '', '*', '*******', '********', 'Fe26.2*******']) {
    test(`unseal: ${JSON.stringify(sealed)} for a seal`, () =>
      assertAlike((iron) => iron.unseal(sealed, PASSWORD, defaults)))
  }

  for (const id of ['constructor', '__proto__', 'toString', 'valueOf']) {
    test(`unseal: ${id} for an id`, async () => {
      const sealed = `Fe26.2*${id}*0*0*0**0*0`
      await assertAlike((iron) => iron.unseal(sealed, { one: PASSWORD }, defaults))
    })
  }

  test('unseal: an authentic seal that is odd inside', async () => {
    const good = (await peer.seal({ a: 1 }, PASSWORD, defaults)).split('*')
    const text = await peer.encrypt(PASSWORD, { ...defaults.encryption, salt: 'x' }, 'no JSON')
    const bytes = await peer.encrypt(KEY, defaults.encryption, Buffer.from('22ff22', 'hex'))
    const odd = [
      { 4: `${good[4]}+` },
      { 4: '' },
      { 4: good[4].slice(0, -2) },
      // Stray bits at the end, which the peer does not see.
      { 3: good[3].slice(0, -1) + String.fromCharCode(good[3].charCodeAt(21) + 1) },
      { 3: '' },
      { 3: 'a b' },
      { 2: 'x', 3: text.key.iv.toString('base64url'), 4: text.encrypted.toString('base64url') },
    ]
    for (const parts of odd) {
      const sealed = await resigned(Object.assign([...good], parts), PASSWORD)
      await assertAlike((iron) => iron.unseal(sealed, PASSWORD, defaults))
    }
    const replaced = {
      2: '',
      3: bytes.key.iv.toString('base64url'),
      4: bytes.encrypted.toString('base64url'),
    }
    const sealed = await resigned(Object.assign([...good], replaced), KEY)
    await assertAlike((iron) => iron.unseal(sealed, KEY, defaults))
    assert.equal(await ours.unseal(sealed, KEY, defaults), '\ufffd')
  })

  test("unseal: an authentic seal without a salt is refused as what can't be read", async () => {
    const good = (await peer.seal({ a: 1 }, PASSWORD, defaults)).split('*')
    const sealed = await resigned(Object.assign([...good], { 2: '' }), PASSWORD)
    // A random salt takes its place: once in 256 times the noise ends as a padding does, and is then no JSON.
    const refusal = /bad decrypt|Failed parsing sealed object JSON/
    for (const iron of [peer, ours]) await assert.rejects(iron.unseal(sealed, PASSWORD, defaults), refusal)
  })

  test('unseal does not change the options that it is given', async () => {
    const options = withSides()
    const before = structuredClone(options)
    await ours.unseal(await ours.seal({}, PASSWORD, options), PASSWORD, options)
    assert.deepEqual(options, before)
  })

  test('errors are Booms to who asks', async () => {
    const error = await ours.unseal('x', PASSWORD, defaults).catch((error) => error)
    assert.ok(Boom.isBoom(error) && error instanceof Boom.Boom && Boom.isBoom(error, 500))
    error.output.statusCode = 401
    error.reformat()
    assert.equal(error.output.payload.message, 'Incorrect number of sealed components')
    assert.ok(error.stack.includes('iron.test.mjs') || error.stack.includes('index.js'))
  })
})
