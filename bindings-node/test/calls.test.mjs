// How often a request crosses into the native module.
import assert from 'node:assert/strict'
import { test } from 'node:test'

import { HOSTS, native, SECRET, serve } from './support.mjs'

/** Counts the calls of every method of the native classes. */
const calls = []
for (const name of ['Engine', 'Session']) {
  const { prototype } = native[name]
  const methods = Object.entries(Object.getOwnPropertyDescriptors(prototype))
  for (const [method, { value: original }] of methods) {
    if (method === 'constructor' || original === undefined) continue
    prototype[method] = function (...args) {
      calls.push(`${name}.${method}`)
      return original.apply(this, args)
    }
  }
}

const app = () =>
  HOSTS['Express 5'](
    { secrets: [SECRET] },
    {
      '/in': (request) => {
        request.session.user = 'ada'
      },
      '/plain': (_, response) => response.end('plain'),
    },
  )

const during = async (run) => {
  calls.length = 0
  await run()
  return [...calls]
}

test('a session that is not touched costs no call', async () => {
  await serve(app(), async (browser) => {
    await browser.get('/in')
    assert.deepEqual(await during(() => browser.get('/plain')), [])
  })
})

test('reading without a cookie of the name costs no call', async () => {
  await serve(app(), async (browser) => {
    assert.deepEqual(await during(() => browser.get()), [])
    assert.deepEqual(await during(() => browser.get('/', { cookie: 'other=1' })), [])
  })
})

test('a new session costs one call', async () => {
  await serve(app(), async (browser) => {
    assert.deepEqual(await during(() => browser.get('/in')), ['Engine.close'])
  })
})

test('reading and changing cost one call before the handler and one after it', async () => {
  await serve(app(), async (browser) => {
    await browser.get('/in')
    const { session } = browser.cookies
    const both = ['Engine.open', 'Engine.close']
    assert.deepEqual(await during(() => browser.get('/')), both)
    assert.deepEqual(await during(() => browser.get('/in', { cookie: `session=${session}` })), both)
  })
})
