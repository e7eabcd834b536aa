// shortcrust/keygrip beside keygrip.
import assert from 'node:assert/strict'
import { createSecretKey } from 'node:crypto'
import { createRequire } from 'node:module'
import { test } from 'node:test'
import fc from 'fast-check'
import Peer from 'keygrip'
import Ours from 'shortcrust/keygrip'

import { bytes, peerVectors, RUNS } from './support.mjs'

const require = createRequire(import.meta.url)
const MODULES = { keygrip: Peer, 'shortcrust/keygrip': Ours }
const KEYS = ['the first key', 'the second key']

const OPERATIONS = {
  sign: (keygrip, { data }) => keygrip.sign(data),
  index: (keygrip, { data, digest }) => keygrip.index(data, digest),
  verify: (keygrip, { data, digest }) => keygrip.verify(data, digest),
}

for (const [name, Keygrip] of Object.entries(MODULES)) {
  for (const { id, op, input, expect } of peerVectors('keygrip')) {
    test(`${id} holds for ${name}`, () => {
      const run = () =>
        OPERATIONS[op](new Keygrip(input.keys.map(bytes), input.algorithm, input.encoding), input)
      if (expect.error) assert.throws(run, expect.error)
      else assert.equal(run(), expect.ok)
    })
  }

  test(`${name}: README's example`, () => {
    const keys = Keygrip(['SEKRIT2', 'SEKRIT1'])
    const hash = keys.sign('bieberschnitzel')
    assert.match(hash, /^[\w-]{27}$/)
    assert.equal(keys.index('bieberschnitzel', hash), 0)
    assert.equal(keys.verify('bieberschnitzel', hash), true)
    const rotated = Keygrip(['SEKRIT3', 'SEKRIT2', 'SEKRIT1'])
    assert.equal(rotated.index('bieberschnitzel', hash), 1)
    assert.equal(Keygrip(['SEKRIT3']).verify('bieberschnitzel', hash), false)
  })

  test(`${name}: with and without new, and as a base class`, () => {
    class Derived extends Keygrip {}
    for (const keygrip of [new Keygrip(KEYS), Keygrip(KEYS), new Derived(KEYS), Keygrip(KEYS, null, '')]) {
      assert.ok(keygrip instanceof Keygrip)
      assert.equal(keygrip.verify('data', Peer(KEYS).sign('data')), true)
    }
    assert.ok(new Derived(KEYS) instanceof Derived)
    // By this name the package cookies knows one.
    assert.equal(new Keygrip(KEYS).constructor.name, 'Keygrip')
  })

  test(`${name}: sign, verify and index are own properties, and the first and the last need no this`, () => {
    const keygrip = new Keygrip(KEYS)
    const { sign, index } = keygrip
    assert.deepEqual(Object.keys(keygrip).sort(), ['index', 'sign', 'verify'])
    assert.equal(index('data', sign('data')), 0)
    keygrip.index = () => 7
    assert.equal(keygrip.verify('data', ''), true)
  })

  test(`${name}: keys may be put in and taken out`, () => {
    const keys = ['old']
    const keygrip = new Keygrip(keys)
    const signature = keygrip.sign('data')
    keys.unshift('new')
    assert.equal(keygrip.sign('data'), Peer(['new']).sign('data'))
    assert.equal(keygrip.index('data', signature), 1)
    keys.pop()
    assert.equal(keygrip.index('data', signature), -1)
  })

  test(`${name}: what has no first item is an error`, () => {
    for (const keys of [undefined, null, [], {}, '', 0, false]) {
      assert.throws(() => new Keygrip(keys), { name: 'Error', message: 'Keys must be provided.' })
      assert.throws(() => Keygrip(keys), { name: 'Error', message: 'Keys must be provided.' })
    }
    assert.throws(() => new Keygrip('abc'), TypeError)
    assert.throws(() => new Keygrip(5), TypeError)
  })

  test(`${name}: the functions on the constructor say how to use it`, () => {
    for (const method of ['sign', 'verify', 'index']) {
      const message = "Usage: require('keygrip')(<array-of-keys>)"
      assert.throws(() => Keygrip[method]('data'), { name: 'Error', message })
    }
  })

  test(`${name}: what is no text is no signature`, () => {
    const keygrip = new Keygrip(KEYS)
    const signature = keygrip.sign('data')
    const strange = [undefined, null, 5, '', {}, [signature], Buffer.from(signature), `${signature}=`]
    for (const digest of strange) assert.equal(keygrip.verify('data', digest), false)
  })
}

test('wrong algorithms, encodings, keys and data are the errors of node:crypto', () => {
  const cases = [
    [['key'], 'no such digest', 'base64', 'data'],
    [['key'], 5, 'base64', 'data'],
    [[undefined], 'sha1', 'base64', 'data'],
    [[null], 'sha1', 'base64', 'data'],
    [[5], 'sha1', 'base64', 'data'],
    [['key'], 'sha1', 'base64', undefined],
    [['key'], 'sha1', 'base64', 5],
    [['key'], 'sha1', 'base64', {}],
  ]
  for (const [keys, algorithm, encoding, data] of cases) {
    const [theirs, ours] = [Peer, Ours].map((Keygrip) =>
      outcome(() => Keygrip(keys, algorithm, encoding).sign(data)),
    )
    assert.deepEqual(ours, theirs)
  }
})

test('an encoding that makes no text is a TypeError', () => {
  for (const Keygrip of [Peer, Ours]) {
    for (const encoding of ['buffer', 'no such encoding', 5]) {
      assert.throws(() => Keygrip(['key'], 'sha1', encoding).sign(''), TypeError)
    }
  }
})

test('only index looks at a later key, and only where it has to', () => {
  for (const Keygrip of [Peer, Ours]) {
    const keygrip = new Keygrip(['key', null])
    assert.equal(keygrip.index('data', keygrip.sign('data')), 0)
    assert.throws(() => keygrip.index('data', ''), { code: 'ERR_INVALID_ARG_TYPE' })
  }
})

test('a string of keys is an error that does not quote it', () => {
  assert.throws(
    () => new Ours('hush'),
    ({ message }) => !message.includes('hush'),
  )
})

test('every kind of key and data that node:crypto takes', () => {
  const octets = Buffer.from('octets of a key')
  const kinds = [
    'text',
    '',
    octets,
    octets.subarray(3),
    new Uint8Array(octets),
    new DataView(octets.buffer, octets.byteOffset, octets.length),
    new Uint16Array([1, 2, 3]),
  ]
  const keyKinds = [...kinds, new Uint8Array(octets).buffer, createSecretKey(octets)]
  for (const key of keyKinds) {
    for (const data of kinds) assert.equal(Ours([key]).sign(data), Peer([key]).sign(data))
  }
})

test('SHA-1 and SHA-2 in base64 never ask node:crypto, and each comparison is in constant time', () => {
  const crypto = require('node:crypto')
  const native = require('../../native.js')
  const { createHmac } = crypto
  const { sameText } = native
  const compared = []
  const files = ['native.js', 'peers/keygrip.js'].map((file) => require.resolve(`../../dist/${file}`))
  const cached = files.map((file) => [file, require.cache[file]])
  for (const file of files) delete require.cache[file]
  native.sameText = (...texts) => compared.push(texts) && sameText(...texts)
  crypto.createHmac = () => assert.fail('node:crypto signs')
  try {
    const Keygrip = require('../../dist/peers/keygrip.js')
    for (const algorithm of [undefined, 'sha1', 'SHA256', 'Sha384', 'sha512']) {
      const keygrip = Keygrip(['key', Buffer.from('key')], algorithm)
      keygrip.sign(Buffer.from('data'))
      assert.equal(keygrip.verify('data', 'x'.repeat(27)), false)
    }
    assert.equal(compared.length, 10)
  } finally {
    Object.assign(crypto, { createHmac })
    Object.assign(native, { sameText })
    for (const [file, module] of cached) require.cache[file] = module
  }
})

test('a signature that is no Unicode is not taken for what it would be in UTF-8', () => {
  for (const Keygrip of [Peer, Ours]) {
    const keygrip = Keygrip(['key'], 'sha1', 'ucs2')
    const data = Array.from(Array(200).keys(), String).find((text) => !keygrip.sign(text).isWellFormed())
    assert.equal(keygrip.verify(data, keygrip.sign(data)), true)
    assert.equal(keygrip.verify(data, keygrip.sign(data).toWellFormed()), false)
  }
})

test('by require and by import it is the same function', () => {
  assert.equal(require('shortcrust/keygrip'), Ours)
})

const text = () => fc.oneof(fc.string({ unit: 'binary' }), fc.string({ unit: 'grapheme' }), loneSurrogates())
const loneSurrogates = () =>
  fc
    .array(fc.integer({ min: 0xd7fe, max: 0xe001 }), { maxLength: 4 })
    .map((codes) => String.fromCharCode(...codes))
const key = () =>
  fc.oneof(
    text(),
    fc.uint8Array().map((octets) => Buffer.from(octets)),
  )

test('each opens what the other signs', () => {
  const keys = fc.array(key(), { minLength: 1, maxLength: 4 })
  const algorithm = fc.constantFrom(
    undefined,
    'sha1',
    'SHA256',
    'sha384',
    'SHA512',
    'md5',
    'sha3-256',
    'RSA-SHA1',
  )
  const encoding = fc.constantFrom(undefined, 'base64', 'base64url', 'hex', 'latin1', 'utf8', 'ucs2')
  const property = fc.property(
    keys,
    algorithm,
    encoding,
    text(),
    text(),
    (list, digest, form, data, other) => {
      const [theirs, ours] = [Peer, Ours].map((Keygrip) => new Keygrip(list, digest, form))
      const signature = theirs.sign(data)
      assert.equal(ours.sign(data), signature)
      const rotated = Ours([other, ...list], digest, form)
      assert.equal(
        rotated.index(data, signature),
        Peer([other, ...list], digest, form).index(data, signature),
      )
      assert.equal(ours.index(data, other), theirs.index(data, other))
      assert.equal(ours.verify(other, signature), theirs.verify(other, signature))
    },
  )
  fc.assert(property, { numRuns: RUNS })
})

function outcome(run) {
  try {
    return run()
  } catch ({ name, code, message }) {
    return { name, code, message }
  }
}
