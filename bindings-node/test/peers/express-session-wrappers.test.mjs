// Other wrappers of the response, strange sessions and clients, under express-session and under the drop-in.
import assert from 'node:assert/strict'
import { once } from 'node:events'
import http from 'node:http'
import http2 from 'node:http2'
import { test } from 'node:test'
import { createGzip, gunzipSync } from 'node:zlib'

import fc from 'fast-check'
import ours from 'shortcrust/express-session'

import { SECRET } from '../support.mjs'
import { each, FRONTS, listing, open, records, setting } from './express-session.mjs'
import { RUNS } from './support.mjs'

const HTTP = ['node:http']

function guard(_request, response, next) {
  const { end, write } = response
  let isEnded = false
  response.end = function (...args) {
    isEnded = true
    return end.apply(this, args)
  }
  response.write = function (...args) {
    if (isEnded) throw new Error('write after end')
    return write.apply(this, args)
  }
  next()
}

/** As compression: all that is written goes through a stream, and the length is not known. */
function compress(_request, response, next) {
  const { end, write } = response
  const gzip = createGzip()
  gzip.on('data', (chunk) => write.call(response, chunk)).on('end', () => end.call(response))
  response.removeHeader('Content-Length')
  const { writeHead } = response
  response.writeHead = function (...args) {
    this.removeHeader('Content-Length')
    this.setHeader('Content-Encoding', 'gzip')
    return writeHead.apply(this, args)
  }
  response.write = (chunk, encoding) => gzip.write(Buffer.from(chunk, encoding))
  response.end = (chunk, encoding) => {
    if (!response.headersSent) response.writeHead(response.statusCode)
    return chunk ? gzip.end(Buffer.from(chunk, encoding)) : gzip.end()
  }
  next()
}

async function inflated(port, path) {
  const [response] = await once(http.get({ port, path, agent: false }), 'response')
  const body = Buffer.concat(await response.toArray())
  const isCompressed = response.headers['content-encoding'] === 'gzip'
  return [(isCompressed ? gunzipSync(body) : body).toString(), response.headers['set-cookie']?.length]
}

const LONG = 'shortcrust '.repeat(20_000)

for (const [what, wrapper] of Object.entries({ 'a guard': guard, compression: compress })) {
  for (const place of ['before', 'after']) {
    each(`${what} that comes ${place} sees every byte`, ({ open, session }) => {
      const store = listing(session, 5)
      const routes = {
        '/end': setting('user', 'ada'),
        '/parts': (request, response) => {
          setUser(request)
          response.write(LONG)
          response.end('end')
        },
        '/counted': (request, response) => {
          setUser(request)
          response.setHeader('Content-Length', LONG.length)
          response.end(LONG)
        },
      }
      return open(
        { store },
        routes,
        async ({ port }, { errors }) => {
          assert.deepEqual(await inflated(port, '/end'), ['{"user":"ada"}', 1])
          assert.deepEqual(await inflated(port, '/parts'), [`${LONG}end`, 1])
          assert.deepEqual(await inflated(port, '/counted'), [LONG, 1])
          assert.deepEqual(errors, [])
        },
        { [place]: [wrapper] },
      )
    })
  }
}

function setUser({ session }) {
  session.user = 'ada'
}

test('any sequence of writes arrives whole, as with the peer', async () => {
  const chunk = fc.oneof(
    fc.string(),
    fc.uint8Array().map((bytes) => Buffer.from(bytes)),
  )
  const parts = fc.array(
    chunk.filter(({ length }) => length > 0),
    { maxLength: 4 },
  )
  const script = fc.record({
    parts,
    last: fc.option(chunk),
    isCounted: fc.boolean(),
    isChanged: fc.boolean(),
  })
  let now
  const route = (request, response) => {
    const { parts, last, isCounted, isChanged } = now
    if (isChanged) request.session.user = 'ada'
    const length = [...parts, last ?? ''].reduce((sum, part) => sum + Buffer.byteLength(part), 0)
    if (isCounted) response.setHeader('Content-Length', length)
    for (const part of parts) response.write(part)
    response.end(last)
  }
  const run = (session, use) =>
    open(session, 'node:http', { store: listing(session, 0) }, { '/': route }, use)
  const { 'express-session': stock } = FRONTS
  await run(stock, (theirs) =>
    run(ours, (our) =>
      fc.assert(
        fc.asyncProperty(script, async (next) => {
          now = next
          const [expected, got] = [await received(theirs.port), await received(our.port)]
          assert.deepEqual(got, expected)
        }),
        { numRuns: RUNS / 4 },
      ),
    ),
  )
})

/** Bytes: text would depend on where the network cut it. */
async function received(port) {
  const [response] = await once(http.get({ port, agent: false }), 'response')
  const body = Buffer.concat(await response.toArray())
  const { 'set-cookie': cookies, 'content-length': length, 'transfer-encoding': encoding } = response.headers
  return { body: body.toString('hex'), cookies: cookies?.length, length, encoding }
}

const UNSAVABLE = {
  'a circle': (request) => {
    request.session.self = request.session
  },
  'a BigInt': (request) => {
    request.session.count = 1n
  },
  'an object for a session': (request) => {
    request.session = { user: 'ada' }
  },
}

for (const [what, put] of Object.entries(UNSAVABLE)) {
  // With the peer these requests hang, or end the process.
  test(`${what} in the session is an error that the browser sees`, async () => {
    const routes = {
      '/end': (request, response) => {
        put(request)
        response.end('unsaved')
      },
      '/write': (request, response) => {
        put(request)
        response.write('unsaved')
        response.end()
      },
      '/mended': (request, response) => {
        put(request)
        try {
          response.end('unsaved')
        } catch {
          request.session = null
          response.end('mended')
        }
      },
    }
    for (const host of ['Express 4', 'Express 5', 'node:http']) {
      await open(ours, host, {}, routes, async (browser, { errors, store }) => {
        for (const path of ['/end', '/write']) {
          const { status, text, setCookie } = await browser.get(path)
          assert.equal(status, 500)
          assert.match(text, /^TypeError: /)
          assert.deepEqual(setCookie, [])
        }
        assert.equal((await browser.get('/mended')).text, 'mended')
        assert.deepEqual([errors.length, records(store)], [2, []])
      })
    }
  })
}

// The peer asks for a method that responses over HTTP/2 do not have.
test('a session works over HTTP/2, where the response has to wait too', async () => {
  const store = listing(ours, 5)
  const run = ours({ secret: SECRET, resave: false, saveUninitialized: true, store })
  const server = http2.createServer((request, response) =>
    run(request, response, () => response.end('hello')),
  )
  await once(server.listen(0), 'listening')
  const client = http2.connect(`http://localhost:${server.address().port}`)
  const request = client.request({ ':path': '/' })
  const [headers] = await once(request, 'response')
  const body = Buffer.concat(await request.toArray()).toString()
  client.close()
  server.close()
  assert.deepEqual([body, headers['set-cookie'].length, store.calls.at(-1)], ['hello', 1, 'set done'])
})

each(
  'a client that leaves before the store answers leaves no error',
  ({ open, session }) => {
    const store = listing(session, 20)
    return open({ store }, { '/': setting('user', 'ada') }, async ({ port }, { errors }) => {
      const request = http.get({ port, agent: false })
      request.on('error', () => {})
      await once(request, 'response')
      request.destroy()
      while (store.calls.at(-1) !== 'set done') await new Promise(setImmediate)
      await new Promise(setImmediate)
      assert.deepEqual([store.calls, errors], [['set', 'set done'], []])
    })
  },
  HTTP,
)
