// shortcrust/cookie-signature beside cookie-signature.
import assert from 'node:assert/strict'
import { createSecretKey } from 'node:crypto'
import { createRequire } from 'node:module'
import { test } from 'node:test'

import peer from 'cookie-signature'
import fc from 'fast-check'
import ours, { sign, unsign } from 'shortcrust/cookie-signature'

import { bytes, peerVectors, RUNS } from './support.mjs'

const MODULES = { 'cookie-signature': peer, 'shortcrust/cookie-signature': ours }
const SECRET = 'tobiiscool'

const OPERATIONS = {
  sign: (module, { value, secret }) => module.sign(value, bytes(secret)),
  unsign: (module, { input, secret }) => module.unsign(input, bytes(secret)),
}

for (const [name, module] of Object.entries(MODULES)) {
  for (const { id, op, input, expect } of peerVectors('cookie-signature')) {
    test(`${id} holds for ${name}`, () => {
      const run = () => OPERATIONS[op](module, input)
      if (expect.error) assert.throws(run, expect.error)
      else assert.equal(run(), expect.ok)
    })
  }

  test(`${name}: README's example`, () => {
    const signed = module.sign('hello', SECRET)
    assert.equal(signed, 'hello.DGDUkGlIkCzPz+C0B064FNgHdEjox7ch8tOBGslZ5QI')
    assert.equal(module.unsign(signed, SECRET), 'hello')
    assert.equal(module.unsign(signed, 'luna'), false)
  })

  test(`${name}: every kind of key that node:crypto takes`, () => {
    const buffer = Buffer.from(SECRET)
    const { buffer: memory, byteOffset, byteLength } = Uint8Array.from(buffer)
    const keys = [
      SECRET,
      buffer,
      Uint8Array.from(buffer),
      new DataView(memory, byteOffset, byteLength),
      new Uint16Array(memory, byteOffset, byteLength / 2),
      memory,
      createSecretKey(buffer),
    ]
    const signed = peer.sign('value', SECRET)
    for (const key of keys) {
      assert.equal(module.sign('value', key), signed)
      assert.equal(module.unsign(signed, key), 'value')
      assert.equal(module.unsign(`${signed}x`, key), false)
      assert.equal(module.unsign(signed.replace('value', 'other'), key), false)
    }
  })

  test(`${name}: errors say what is missing`, () => {
    const cases = [
      [() => module.sign(undefined, SECRET), 'Cookie value must be provided as a string.'],
      [() => module.sign({}, SECRET), 'Cookie value must be provided as a string.'],
      [() => module.sign('value'), 'Secret key must be provided.'],
      [() => module.sign('value', null), 'Secret key must be provided.'],
      [() => module.unsign(5, SECRET), 'Signed cookie string must be provided.'],
      [() => module.unsign('value.x'), 'Secret key must be provided.'],
    ]
    for (const [call, message] of cases) assert.throws(call, { name: 'TypeError', message })
    for (const key of [5, true, {}, []]) {
      assert.throws(() => module.sign('value', key), { name: 'TypeError', code: 'ERR_INVALID_ARG_TYPE' })
      assert.throws(() => module.unsign('value.x', key), { name: 'TypeError', code: 'ERR_INVALID_ARG_TYPE' })
    }
  })
}

/** Any text, halves of surrogate pairs included. */
const text = () => fc.oneof(fc.string({ unit: 'binary' }), fc.string({ unit: 'grapheme' }), halves())
const halves = () =>
  fc.array(fc.integer({ min: 0, max: 0xffff })).map((codes) => String.fromCharCode(...codes))
const key = () => fc.oneof(text(), fc.uint8Array())

test('each signs as the other does', () => {
  fc.assert(
    fc.property(text(), key(), (value, secret) => {
      const signed = peer.sign(value, secret)
      assert.equal(ours.sign(value, secret), signed)
      assert.equal(ours.unsign(signed, secret), value)
      assert.equal(peer.unsign(ours.sign(value, secret), secret), value)
    }),
    { numRuns: RUNS },
  )
})

test('each refuses what the other refuses', () => {
  const change = fc.tuple(fc.nat(), fc.nat({ max: 2 }), fc.string({ unit: 'binary', maxLength: 2 }))
  fc.assert(
    fc.property(text(), key(), change, (value, secret, [at, cut, put]) => {
      const signed = peer.sign(value, secret)
      const place = at % (signed.length + 1)
      const changed = signed.slice(0, place) + put + signed.slice(place + cut)
      assert.equal(ours.unsign(changed, secret), peer.unsign(changed, secret))
      assert.equal(ours.unsign(value, secret), peer.unsign(value, secret))
      if (!Buffer.from(changed).equals(Buffer.from(signed))) assert.equal(ours.unsign(changed, secret), false)
    }),
    { numRuns: RUNS },
  )
})

test('the functions come from import and from require, and need no this', () => {
  const required = createRequire(import.meta.url)('shortcrust/cookie-signature')
  assert.equal(required, ours)
  assert.equal(sign, ours.sign)
  assert.equal(unsign, required.unsign)
  assert.deepEqual(Object.keys(ours), Object.keys(peer))
  assert.equal('__esModule' in ours, false)
  assert.equal(unsign(sign('value', SECRET), SECRET), 'value')
})
