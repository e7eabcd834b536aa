// A response is not complete before the store has answered.
import assert from 'node:assert/strict'
import { writeFileSync } from 'node:fs'
import http from 'node:http'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { test } from 'node:test'

import { session } from 'shortcrust/express'
import { MemoryStore } from 'shortcrust/stores/memory'

import { SECRET, serve } from './support.mjs'

const require = createRequire(import.meta.url)
const BODY = 'héllo, wörld'
const LENGTH = Buffer.byteLength(BODY)
const counted = (response) => response.setHeader('Content-Length', LENGTH)

/** Each ends a response whose body is `expected`, default BODY. */
const WAYS = {
  'end(chunk)': (response) => response.end(BODY),
  'end(chunk, encoding)': (response) => response.end(Buffer.from(BODY).toString('base64'), 'base64'),
  'end(chunk, callback)': (response) => new Promise((resolve) => response.end(BODY, resolve)),
  'end(Buffer)': (response) => response.end(Buffer.from(BODY)),
  'end twice': (response) => response.end(BODY).end('again'),
  'end twice, with a callback': (response) => {
    response.end(BODY)
    return new Promise((resolve) => response.end(resolve))
  },
  'write after end': (response) => {
    response.end(BODY)
    response.write('again')
  },
  'write and end': (response) => {
    response.write(BODY)
    response.end()
  },
  'write and end(null)': (response) => {
    response.write(BODY)
    response.end(null)
  },
  'write and end(undefined, undefined, callback)': (response) => {
    response.write(BODY)
    return new Promise((resolve) => response.end(undefined, undefined, resolve))
  },
  'writes with callbacks': async (response) => {
    for (const letter of BODY) await new Promise((resolve) => response.write(letter, resolve))
    response.end()
  },
  'a length, and end(chunk)': (response) => {
    counted(response)
    response.end(BODY)
  },
  'a length, write and end': (response) => {
    counted(response)
    response.write(BODY)
    response.end()
  },
  'a length, writes by bytes and end(callback)': async (response) => {
    counted(response)
    for (const byte of Buffer.from(BODY)) {
      await new Promise((resolve) => response.write(Buffer.of(byte), resolve))
    }
    await new Promise((resolve) => response.end(resolve))
  },
  'a length, write(chunk, encoding) and end': (response) => {
    counted(response)
    response.write(Buffer.from(BODY).toString('hex'), 'hex')
    response.end()
  },
  'a length in writeHead, and end': (response) => {
    response.writeHead(200, { 'Content-Length': LENGTH })
    response.write(BODY)
    response.end()
  },
  'a pipe': (response) => Readable.from([BODY.slice(0, 3), BODY.slice(3)]).pipe(response),
  'a pipeline, with a length': (response) => {
    counted(response)
    return pipeline(Readable.from([BODY.slice(0, 3), BODY.slice(3)]), response)
  },
  'flushHeaders and end(chunk)': (response) => {
    response.flushHeaders()
    response.end(BODY)
  },
}

/** A store whose answer to a write is late, and whether it has come. */
function lateStore() {
  const store = new MemoryStore()
  const create = store.create.bind(store)
  store.create = async (...args) => {
    await new Promise((resolve) => setTimeout(resolve, 60))
    store.isWritten = true
    return create(...args)
  }
  return store
}

/** Whether the store had answered by when the client had the whole answer. */
async function fetchFrom(handler, store, method = 'GET') {
  const { port } = handler.server.address()
  const request = http.request({ port, agent: false, method }).end()
  const response = await new Promise((resolve, reject) => request.on('response', resolve).on('error', reject))
  const length = Number(response.headers['content-length'] ?? Number.NaN)
  let body = Buffer.alloc(0)
  let wasWritten
  if (method === 'HEAD') wasWritten = store.isWritten
  for await (const chunk of response) {
    body = Buffer.concat([body, chunk])
    if (body.length === length) wasWritten = store.isWritten
  }
  wasWritten ??= store.isWritten
  return {
    body: body.toString(),
    wasWritten,
    cookies: (response.headers['set-cookie'] ?? []).length,
    response,
  }
}

async function listening(handler, use) {
  const server = http.createServer(handler).listen(0, '127.0.0.1')
  await new Promise((resolve) => server.on('listening', resolve))
  try {
    return await use({ server })
  } finally {
    server.close()
  }
}

for (const [way, respond] of Object.entries(WAYS)) {
  test(`${way}: the answer is whole, and not before the store's`, async () => {
    const store = lateStore()
    const middleware = session({ secrets: [SECRET], store })
    let ended
    const handler = (request, response) =>
      middleware(request, response, () => {
        request.session.a = 1
        ended = respond(response)
      })
    await listening(handler, async (server) => {
      const { body, wasWritten, cookies } = await fetchFrom(server, store)
      assert.deepEqual({ body, wasWritten, cookies }, { body: BODY, wasWritten: true, cookies: 1 })
    })
    await ended
  })
}

test('HEAD: the answer is not before the store’s', async () => {
  const store = lateStore()
  const middleware = session({ secrets: [SECRET], store })
  const handler = (request, response) =>
    middleware(request, response, () => {
      request.session.a = 1
      counted(response)
      response.end()
    })
  await listening(handler, async (server) => {
    assert.equal((await fetchFrom(server, store, 'HEAD')).wasWritten, true)
  })
})

for (const name of ['express', 'express4']) {
  test(`${name}: a file, a redirect and JSON are whole, and not before the store's answer`, async () => {
    const file = join(tmpdir(), `shortcrust-${process.pid}.txt`)
    writeFileSync(file, BODY.repeat(20_000))
    for (const [respond, expected] of [
      [(response) => response.sendFile(file), BODY.repeat(20_000)],
      [(response) => response.redirect('/there'), 'Found. Redirecting to /there'],
      [(response) => response.json({ a: BODY }), JSON.stringify({ a: BODY })],
      [(response) => response.sendStatus(204), ''],
    ]) {
      const store = lateStore()
      const app = require(name)()
      app.use(session({ secrets: [SECRET], store }))
      app.use((request, response) => {
        request.session.a = 1
        respond(response)
      })
      await listening(app, async (server) => {
        const { body, wasWritten, cookies } = await fetchFrom(server, store)
        assert.ok(body === expected)
        assert.deepEqual({ wasWritten, cookies }, { wasWritten: true, cookies: 1 })
      })
    }
  })
}

test('what is done to the head after the end is for nothing', async () => {
  const store = lateStore()
  const middleware = session({ secrets: [SECRET], store })
  const handler = (request, response) =>
    middleware(request, response, () => {
      request.session.a = 1
      response.statusCode = 201
      response.setHeader('X-Mine', ['a', 'b'])
      response.end(BODY)
      response.statusCode = 500
      response.statusMessage = 'Oh'
      response.removeHeader('X-Mine')
      response.setHeader('X-Other', '1')
      response.writeHead(404, { 'X-Other': '2' }).end('not found')
    })
  await listening(handler, async (server) => {
    const { response, body } = await fetchFrom(server, store)
    const { statusCode, statusMessage, headers } = response
    assert.deepEqual(
      { statusCode, statusMessage, body },
      { statusCode: 201, statusMessage: 'Created', body: BODY },
    )
    assert.deepEqual([headers['x-mine'], headers['x-other']], ['a, b', undefined])
    assert.ok(response.rawHeaders.includes('X-Mine'))
  })
})

test('a client that goes away meanwhile is no error', async () => {
  const store = lateStore()
  const middleware = session({ secrets: [SECRET], store })
  const seen = []
  const handler = (request, response) =>
    middleware(request, response, (error) => {
      if (error) return seen.push(error)
      request.session.a = 1
      response.end(BODY)
      request.socket.destroy()
    })
  await listening(handler, async (server) => {
    await assert.rejects(fetchFrom(server, store), { code: 'ECONNRESET' })
    while (!store.isWritten) await new Promise(setImmediate)
    await new Promise(setImmediate)
  })
  assert.deepEqual([seen, store.isWritten], [[], true])
})

test('a request that only read is answered at once', async () => {
  const store = new MemoryStore()
  const middleware = session({ secrets: [SECRET], store })
  let isEnded
  const handler = (request, response) =>
    middleware(request, response, () => {
      response.end(JSON.stringify(request.session))
      isEnded = response.writableEnded
    })
  await serve(handler, async (browser) => {
    await browser.get()
    assert.equal(isEnded, true)
  })
})
