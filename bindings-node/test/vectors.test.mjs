// Every case of tests/vectors: through the codec, and what is refused through a real Express app too.
import assert from 'node:assert/strict'
import { readdirSync, readFileSync } from 'node:fs'
import net from 'node:net'
import { test } from 'node:test'

import express from 'express'
import { reason, session } from 'shortcrust/express'

import { ambient, native, serve } from './support.mjs'

const FOLDER = new URL('../../tests/vectors/', import.meta.url)
const FORMATS = ['django', 'flask', 'sealed', 'starlette']
const SUITES = ['express', ...FORMATS, ...FORMATS.map((format) => `refused-${format}`)]
  .map((stem) => `${stem}.json`)
  .sort()
const FIELDS = new Set(
  'id comment keys name now_ms cookies header expect payload entropy options policy'.split(' '),
)
const OPTIONS = {
  audience: 'audience',
  compress: 'compress',
  digest: 'digest',
  key_derivation: 'keyDerivation',
  salt: 'salt',
}
const POLICY = { absolute_s: 'absolute', idle_s: 'idle', skew_s: 'skew' }
const REASONS = new Set(
  `bad_signature expired malformed no_cookie not_an_object not_yet_valid ok too_large too_many
  unknown_key`.split(/\s+/),
)

const read = (file) => JSON.parse(readFileSync(new URL(file, FOLDER), 'utf8'))

test('there is a runner for every file of vectors', () => {
  const files = readdirSync(FOLDER).filter((file) => file.endsWith('.json'))
  assert.deepEqual(files.sort(), SUITES)
})

for (const file of SUITES) {
  test(`${file} holds`, () => {
    const { format, count, cases } = read(file)
    assert.equal(cases.length, count)
    assert.equal(new Set(cases.map(({ id }) => id)).size, count)
    for (const vector of cases) {
      for (const field of Object.keys(vector)) assert.ok(FIELDS.has(field), `${vector.id}: ${field}`)
      assert.ok(REASONS.has(vector.expect), `${vector.id}: ${vector.expect}`)
      check(format, vector)
    }
  })
}

function check(format, vector) {
  const codec = new native.Codec({ format, ...renamed(OPTIONS, vector.options) }, keys(vector))
  const policy = renamed(POLICY, vector.policy)
  const opened = codec.open(header(vector), vector.name, vector.now_ms, policy)
  assert.equal(opened.reason ?? 'ok', vector.expect, vector.id)
  assert.equal(opened.payload ?? opened.id, vector.payload, vector.id)
  if (vector.entropy === undefined) return
  const entropy = new Uint8Array(Buffer.from(vector.entropy, 'hex'))
  const token = codec.seal(vector.payload, vector.name, vector.now_ms, policy, entropy)
  assert.deepEqual([[vector.name, token]], vector.cookies, vector.id)
}

for (const file of ['refused-flask.json', 'refused-sealed.json']) {
  test(`${file}: Express answers 200 with an empty session and the reason`, async (context) => {
    context.after(() => {
      ambient.now = () => Date.now()
    })
    const { format, cases } = read(file)
    let app
    const options = { maxHeaderSize: 2 * 1024 * 1024 }
    // A front of our own takes no weaker secret; the codec has run these.
    const isStrong = (vector) => keys(vector).every((key) => key.length >= 16)
    await serve(
      (request, response) => app(request, response),
      async ({ port }) => {
        for (const vector of cases.filter(isStrong)) {
          ambient.now = () => vector.now_ms
          app = front(format, vector)
          const { status, body } = await request(port, header(vector))
          assert.deepEqual(
            { status, ...body },
            { status: 200, session: {}, reason: vector.expect },
            vector.id,
          )
        }
      },
      options,
    )
  })
}

/** An app whose session has the vector's configuration. */
function front(format, vector) {
  const policy = {
    idle: null,
    absolute: null,
    renewAfter: null,
    skew: null,
    ...renamed(POLICY, vector.policy),
  }
  const app = express()
  app.use((request, _, next) => {
    // What http itself would refuse can't come over the wire.
    if (request.headers['x-cookie']) request.headers.cookie = JSON.parse(request.headers['x-cookie'])
    next()
  })
  const { name } = vector
  const chosen = { format, ...renamed(OPTIONS, vector.options) }
  app.use(session({ secrets: keys(vector), name, format: chosen, policy }))
  app.get('/', (request, response) => {
    response.json({ session: request.session, reason: reason(request) ?? 'ok' })
  })
  return app
}

/** A raw request, so that a Cookie header has the very bytes of the vector. */
async function request(port, cookie) {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
  const isHttp = !/[\0-\x08\n-\x1f\x7f]/.test(cookie)
  const escaped = JSON.stringify(cookie).replace(
    /[^ -~]/g,
    (it) => `\\u${it.charCodeAt(0).toString(16).padStart(4, '0')}`,
  )
  const line = isHttp ? `Cookie: ${cookie}` : `X-Cookie: ${escaped}`
  const socket = net.connect(port, '127.0.0.1')
  socket.end(`GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n${line}\r\n\r\n`)
  let text = ''
  for await (const chunk of socket.setEncoding('utf8')) text += chunk
  const [head, body] = text.split('\r\n\r\n')
  return { status: Number(head.split(' ')[1]), body: body && JSON.parse(body) }
}

function keys({ keys }) {
  return keys.map((key) => (typeof key === 'string' ? key : Buffer.from(key.hex, 'hex')))
}

function header(vector) {
  if (vector.header !== undefined) return vector.header
  const value = (it) => (typeof it === 'string' ? it : it.prefix + it.repeat.repeat(it.times) + it.suffix)
  return vector.cookies.map(([name, it]) => `${name}=${value(it)}`).join('; ')
}

function renamed(names, given = {}) {
  return Object.fromEntries(
    Object.entries(given).map(([key, value]) => {
      assert.ok(Object.hasOwn(names, key), key)
      return [names[key], value]
    }),
  )
}

const cookieOf = (size) => `session=${'a'.repeat(size - 'session='.length)}`
const BASE = 'GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n'.length

test('a Cookie header of 1 MB is an empty session', async () => {
  const app = front('flask', { keys: ['x'.repeat(32)], name: 'session' })
  await serve(
    app,
    async ({ port }) => {
      const { status, body } = await request(port, cookieOf(1024 * 1024))
      assert.deepEqual({ status, ...body }, { status: 200, session: {}, reason: 'too_large' })
    },
    { maxHeaderSize: 2 * 1024 * 1024 },
  )
})

test('the longest Cookie header that a default server lets through is an empty session', async () => {
  const app = front('flask', { keys: ['x'.repeat(32)], name: 'session' })
  await serve(app, async ({ port }) => {
    let size = 16 * 1024
    let answer = { status: 431 }
    while (answer.status === 431) answer = await request(port, cookieOf(--size))
    assert.ok(size > 16 * 1024 - 2 * BASE, `${size}`)
    assert.deepEqual(answer, { status: 200, body: { session: {}, reason: 'malformed' } })
  })
})
