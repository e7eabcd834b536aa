// The functions that @hapi/iron is made of, and long derivations.
import assert from 'node:assert/strict'
import crypto from 'node:crypto'
import { after, suite, test } from 'node:test'

import ours from 'shortcrust/iron'

import { ambient, serve } from '../support.mjs'
import { assertAlike, defaults, KEY, loaded, PASSWORD, peer, withSides } from './iron.mjs'
import { isOffTheEventLoop } from './support.mjs'

after(() => {
  ambient.entropy = undefined
})

suite('the parts by name', () => {
  const options = {
    algorithm: 'aes-256-cbc',
    iterations: 2,
    minPasswordlength: 32,
    salt: 'salt',
    iv: Buffer.alloc(16),
  }
  const calls = {
    generateKey: [
      [PASSWORD, options],
      [PASSWORD, { ...options, algorithm: 'aes-128-ctr' }],
      [PASSWORD, { ...options, algorithm: 'sha256', iv: undefined }],
      [KEY, options],
      ['', options],
      [PASSWORD],
      [PASSWORD, 'options'],
      [PASSWORD, { ...options, algorithm: 'x' }],
      [PASSWORD, { ...options, salt: '', saltBits: 0 }],
      [PASSWORD, { ...options, salt: '', saltBits: 12, iv: '' }],
    ],
    encrypt: [
      [PASSWORD, options, 'data'],
      [KEY, options, ''],
      [PASSWORD, options, Buffer.from('data')],
      [PASSWORD, options],
      [null, options, 'data'],
    ],
    decrypt: [
      [KEY, options, Buffer.from('00'.repeat(16), 'hex')],
      [KEY, { ...options, algorithm: 'aes-128-ctr' }, Buffer.from('data')],
      [KEY.subarray(16), { ...options, algorithm: 'aes-128-ctr' }, Buffer.from('data')],
      [KEY.subarray(16), { ...options, algorithm: 'aes-128-ctr' }, 'data'],
      [null, options, 'data'],
    ],
    hmacWithPassword: [
      [PASSWORD, { ...options, algorithm: 'sha256' }, 'data'],
      [KEY, { ...options, algorithm: 'sha256' }, ''],
      [PASSWORD, options, 'data'],
      [null, options, 'data'],
    ],
  }
  for (const [name, many] of Object.entries(calls)) {
    for (const [at, given] of many.entries()) {
      test(`${name}, call ${at + 1}`, () => assertAlike((iron) => loaded(() => iron[name](...given))))
    }
  }

  test('a derivation that fails is a Boom', async () => {
    const real = crypto.pbkdf2
    crypto.pbkdf2 = (...given) => given.at(-1)(new Error('no memory'))
    try {
      await assertAlike((iron) => iron.generateKey(PASSWORD, options))
    } finally {
      crypto.pbkdf2 = real
    }
  })

  test('what one encrypts the other decrypts', async () => {
    for (const [one, other] of [
      [ours, peer],
      [peer, ours],
    ]) {
      const { encrypted, key } = await one.encrypt(PASSWORD, defaults.encryption, 'é 🍪')
      assert.equal(await other.decrypt(PASSWORD, { ...defaults.encryption, ...key }, encrypted), 'é 🍪')
      assert.equal(key.iv.length, 16)
    }
  })

  test('an algorithm that the application adds is used', async () => {
    for (const iron of [peer, ours]) iron.algorithms['aes-128-cbc'] = { keyBits: 128, ivBits: 128 }
    try {
      const options = withSides({ algorithm: 'aes-128-cbc' })
      assert.deepEqual(await peer.unseal(await ours.seal({ a: 1 }, PASSWORD, options), PASSWORD, options), {
        a: 1,
      })
      assert.deepEqual(await ours.unseal(await peer.seal({ a: 1 }, PASSWORD, options), PASSWORD, options), {
        a: 1,
      })
    } finally {
      for (const iron of [peer, ours]) delete iron.algorithms['aes-128-cbc']
    }
  })
})

suite('long derivations', () => {
  const many = (iterations) => withSides({ iterations }, { iterations })

  test('a session of h3 opens here with its iterations, and ours opens there', async () => {
    const { createApp, defineEventHandler, toNodeListener, useSession } = await import('h3')
    const seal = many(8192)
    const app = createApp().use(
      defineEventHandler(async (event) => {
        const session = await useSession(event, {
          password: PASSWORD,
          name: 'h3',
          seal,
          cookie: { secure: false },
        })
        if (event.path === '/login') await session.update({ user: 'ada' })
        return session.data
      }),
    )
    await serve(toNodeListener(app), async (browser) => {
      await browser.get('/login')
      const { id, createdAt, data } = await ours.unseal(browser.cookies.h3, PASSWORD, seal)
      assert.deepEqual(data, { user: 'ada' })
      await assert.rejects(ours.unseal(browser.cookies.h3, PASSWORD, defaults), { message: 'Bad hmac value' })
      const cookie = `h3=${await ours.seal({ id, createdAt, data: { user: 'bob' } }, PASSWORD, seal)}`
      assert.deepEqual((await browser.get('/', { cookie })).json(), { user: 'bob' })
    })
  })

  test('sealing and opening leave the event loop free', async () => {
    const options = many(100_000)
    let sealed
    const seal = async () => {
      sealed = await ours.seal({ a: 1 }, PASSWORD, options)
    }
    assert.ok(await isOffTheEventLoop(seal))
    assert.ok(await isOffTheEventLoop(() => ours.unseal(sealed, PASSWORD, options)))
  })

  test('seals of unknown origin are opened one at a time, whichever road they take', async () => {
    const good = await ours.seal({ a: 1 }, PASSWORD, many(65))
    const forged = good.replace(/.{4}$/, 'AAAA')
    for (const password of [PASSWORD, { default: { secret: new Uint8Array(32) } }]) {
      const done = []
      const first = ours.unseal(forged, password, many(200_000)).catch(() => done.push('the costly forgery'))
      await new Promise(setImmediate)
      const second = ours.unseal(good, PASSWORD, many(65)).then(() => done.push('the good one'))
      await Promise.all([first, second])
      assert.deepEqual(done, ['the costly forgery', 'the good one'])
    }
  })
})
