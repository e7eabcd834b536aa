// Secrets that change while the server runs.
import assert from 'node:assert/strict'
import { mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { mock, test } from 'node:test'

import { ConfigError, secretsFromEnv, secretsFromFile } from 'shortcrust'
import { session } from 'shortcrust/express'

import { claims } from './paseto.mjs'
import { Browser, HOSTS, SECRET, serve } from './support.mjs'

const KEYS = [0, 1, 2].map((number) => `secret number ${number}, which has more than 32 bytes`)

const app = (secrets) =>
  HOSTS['Express 5'](
    { secrets },
    {
      '/in': (request) => {
        request.session.user = 'ada'
      },
      '/who': (request, response) => response.end(String(request.session.user)),
    },
  )

/** A file that is replaced as a whole, as an operator should. */
function file(context, ...secrets) {
  const folder = mkdtempSync(join(tmpdir(), 'shortcrust-secrets-'))
  context.after(() => rmSync(folder, { recursive: true }))
  const path = join(folder, 'secrets')
  const write = (...lines) => {
    writeFileSync(`${path}.new`, `${lines.join('\n')}\n`)
    renameSync(`${path}.new`, path)
  }
  write(...secrets)
  return { path, write }
}

const who = async (browser) => (await browser.get('/who')).text

test('the environment gives secrets newest first', (context) => {
  context.after(() => delete process.env.TEST_SECRETS)
  process.env.TEST_SECRETS = 'the new\n\nhex:6f6c64\r\nbase64:b2xk'
  const old = new Uint8Array(Buffer.from('old'))
  assert.deepEqual(secretsFromEnv('TEST_SECRETS'), ['the new', old, old])
  process.env.TEST_SECRETS = 'hex:no'
  assert.throws(() => secretsFromEnv('TEST_SECRETS'), /begins with hex:/)
  process.env.TEST_SECRETS = ''
  assert.throws(() => secretsFromEnv('TEST_SECRETS'), /TEST_SECRETS has no secret/)
})

test('a file without a secret stops the start', (context) => {
  const { path } = file(context, '')
  assert.throws(() => session({ secrets: secretsFromFile(path) }), ConfigError)
})

test('a file of bytes is refused', (context) => {
  const { path } = file(context, '')
  writeFileSync(path, Buffer.alloc(32, 0xff))
  assert.throws(() => session({ secrets: secretsFromFile(path) }), /is not UTF-8/)
})

test('a secret that is there twice is refused', () => {
  assert.throws(() => session({ secrets: [KEYS[0], KEYS[1], KEYS[0]] }), /listed twice/)
})

test('a file that is replaced changes the secrets of a running app', async (context) => {
  const { path, write } = file(context, KEYS[0])
  await serve(app(secretsFromFile(path)), async (browser) => {
    await browser.get('/in')
    write(KEYS[1], KEYS[0])
    assert.equal(await who(browser), 'ada')
    claims(browser.cookies.session, KEYS[1])
    write(KEYS[1])
    assert.equal(await who(browser), 'ada')
    write(KEYS[2])
    assert.equal(await who(browser), 'undefined')
  })
})

for (const [name, why, given] of [
  ['an error', 'RangeError', () => assert.fail(new RangeError(SECRET))],
  ['a short one', 'a secret has 5 bytes', () => ['short']],
  ['an empty list', 'no secret is given', () => []],
  ['a string', 'must be a list', () => KEYS[1]],
  ['nothing', 'must be a list', () => undefined],
]) {
  test(`where the function gives ${name}, the last secrets stay in use`, async (context) => {
    const emitted = mock.method(process, 'emitWarning', () => {})
    context.after(() => emitted.mock.restore())
    let source = () => [KEYS[0]]
    await serve(
      app(() => source()),
      async (browser) => {
        await browser.get('/in')
        source = given
        assert.deepEqual([await who(browser), await who(browser)], ['ada', 'ada'])
        const told = emitted.mock.calls
          .map((call) => call.arguments[0])
          .filter((text) => /secrets/.test(text))
        assert.equal(told.length, 1, 'it is told once, and not at each request')
        assert.match(told[0], new RegExp(why))
        assert.doesNotMatch(told[0], new RegExp(SECRET))
        source = () => [KEYS[1], KEYS[0]]
        assert.equal(await who(browser), 'ada')
        source = () => [KEYS[1]]
        assert.equal(await who(browser), 'ada', 'sealed again by the new one')
      },
    )
  })
}

test('two rotations under traffic log nobody out', async (context) => {
  const { path, write } = file(context, KEYS[0])
  await serve(app(secretsFromFile(path)), async ({ port }) => {
    const browsers = Array.from({ length: 8 }, () => new Browser(port))
    for (const browser of browsers) await browser.get('/in')
    const counts = browsers.map(() => 0)
    const found = new Set()
    let isOver = false
    const visiting = browsers.map(async (browser, at) => {
      for (; !isOver; counts[at] += 1) found.add(await who(browser).catch((error) => error))
    })
    for (const secrets of [[KEYS[1], KEYS[0]], [KEYS[1]], [KEYS[2], KEYS[1]], [KEYS[2]]]) {
      write(...secrets)
      // Each browser comes by before the old one goes.
      const aims = counts.map((count) => count + (process.env.LONG ? 500 : 20))
      while (counts.some((count, at) => count < aims[at])) await new Promise(setImmediate)
    }
    isOver = true
    await Promise.all(visiting)
    assert.deepEqual([...found], ['ada'])
    for (const { cookies } of browsers) claims(cookies.session, KEYS[2])
  })
})
