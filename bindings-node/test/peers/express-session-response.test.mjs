// How a response ends under express-session and under the drop-in: not before the store has answered, and whole.
import assert from 'node:assert/strict'
import { once } from 'node:events'
import http from 'node:http'
import { Readable } from 'node:stream'
import { test } from 'node:test'
import ours from 'shortcrust/express-session'

import { NOW } from '../support.mjs'
import { clock, each, idOf, listing, NAME, open, records, setting, signed } from './express-session.mjs'

const ID = 'the-id-of-the-tests'

const ENDINGS = {
  'end()': [(response) => response.end(), ''],
  'end(null)': [(response) => response.end(null), ''],
  'end(text)': [(response) => response.end('hello'), 'hello'],
  'end(text, encoding)': [(response) => response.end('68656c6c6f', 'hex'), 'hello'],
  'end(Buffer)': [(response) => response.end(Buffer.from('hello')), 'hello'],
  'end(Uint8Array)': [(response) => response.end(new Uint8Array([104, 105])), 'hi'],
  'end of an empty text': [(response) => response.end(''), ''],
  'write and end': [(response) => response.write('hel') && response.end('lo'), 'hello'],
  'write and end()': [(response) => response.write('hello') && response.end(), 'hello'],
  'a counted text': [(response) => response.setHeader('Content-Length', 5).end('hello'), 'hello'],
  'a counted text of one byte': [(response) => response.setHeader('Content-Length', 1).end('h'), 'h'],
  'a counted text in two parts': [
    (response) => response.writeHead(200, { 'Content-Length': '5' }).write('he') && response.end('llo'),
    'hello',
  ],
  'a counted text of many bytes a letter': [
    (response) => response.setHeader('Content-Length', 6).end('東京'),
    '東京',
  ],
  'a counted text, encoded': [
    (response) => response.setHeader('Content-Length', 2).end('é!', 'latin1'),
    '\ufffd!',
  ],
  'a counted nothing': [(response) => response.setHeader('Content-Length', 0).end(), ''],
  'a stream': [(response) => Readable.from(['hel', 'lo']).pipe(response), 'hello'],
  'no content': [(response) => response.writeHead(204).end(), ''],
}

for (const [what, [end, body]] of Object.entries(ENDINGS)) {
  each(`with ${what} the response is not complete before the store has saved`, ({ open, session }) => {
    const store = listing(session, 1)
    const write = (request, response) => {
      request.session.user = 'ada'
      end(response)
    }
    return open(
      { store },
      { '/write': write, '/read': (_, response) => void end(response) },
      async (browser, { errors }) => {
        for (const [path, call] of [
          ['/write', 'set'],
          ['/read', 'touch'],
          ['/read', 'touch'],
        ]) {
          const { text } = await browser.get(path)
          assert.equal(text, body)
          assert.equal(store.calls.at(-1), `${call} done`)
          assert.equal(store.calls.filter((each) => each === call).length, 1)
          store.calls.length = 0
        }
        assert.deepEqual(errors, [])
        assert.deepEqual(
          records(store).map(({ user }) => user),
          ['ada'],
        )
      },
    )
  })
}

each('the head and all but the last byte may go before the store has answered', ({ open, session }) => {
  const store = new session.MemoryStore()
  let answer
  store.set = (_id, _session, callback) => {
    answer = callback
  }
  const write = (request, response) => {
    request.session.user = 'ada'
    response.setHeader('Content-Length', 5)
    response.end('hello')
  }
  return open({ store }, { '/': write }, async ({ port }) => {
    const request = http.get({ port, agent: false })
    const [response] = await once(request, 'response')
    assert.equal(response.headers['set-cookie'].length, 1)
    const chunks = response.setEncoding('utf8')[Symbol.asyncIterator]()
    assert.equal((await chunks.next()).value, 'hell')
    assert.equal(response.complete, false)
    answer()
    assert.equal((await chunks.next()).value, 'o')
    assert.equal((await chunks.next()).done, true)
  })
})

each('a HEAD request is answered with the cookie and without a body', ({ open, session }) => {
  return open({ store: listing(session, 5) }, { '/': setting('user', 'ada') }, async (browser) => {
    const { setCookie, text } = await browser.get('/', { method: 'HEAD' })
    assert.deepEqual([setCookie.length, text], [1, ''])
  })
})

for (const [call, prepare] of Object.entries({
  set: (request) => {
    request.session.user = 'eve'
  },
  touch: () => {},
  destroy: (request) => {
    request.session = null
  },
})) {
  each(`an error at ${call} goes to next after the response`, ({ open, session }) => {
    const store = listing(session, 5)
    const route = (request, response) => {
      prepare(request)
      store[call] = (...args) => setTimeout(args.at(-1), 5, new Error(`${call} failed`))
      response.end('fine')
    }
    return open(
      { store, unset: 'destroy' },
      { '/': route, '/login': setting('user', 'ada') },
      async (browser, { errors }) => {
        await browser.get('/login')
        const { status, text } = await browser.get('/')
        await new Promise(setImmediate)
        assert.deepEqual({ status, text }, { status: 200, text: 'fine' })
        assert.deepEqual(errors.map(String), [`Error: ${call} failed`])
      },
    )
  })
}

each('an error at get goes to next before the handler, unless it is ENOENT', ({ open, session }) => {
  const store = new session.MemoryStore()
  const failing = (code) => (_id, callback) => callback(Object.assign(new Error('get failed'), { code }))
  return open({ store }, { '/': setting('user', 'ada') }, async (browser, { errors }) => {
    const cookie = `${NAME}=${signed(ID)}`
    store.get = failing('EIO')
    const { status, text } = await browser.get('/', { cookie })
    assert.deepEqual({ status, text }, { status: 500, text: 'Error: get failed' })
    assert.equal(errors.length, 1)
    store.get = failing('ENOENT')
    const answer = await browser.get('/', { cookie })
    assert.equal(answer.status, 200)
    assert.match(idOf(answer), /^[\w-]{32}$/)
  })
})

each('a record without a cookie is an error', ({ open, session }) => {
  const store = new session.MemoryStore()
  store.sessions[ID] = '{"user":"ada"}'
  return open({ store }, {}, async (browser) => {
    const { status, text } = await browser.get('/', { cookie: `${NAME}=${signed(ID)}` })
    assert.deepEqual(
      { status, text },
      { status: 500, text: "TypeError: Cannot read properties of undefined (reading 'expires')" },
    )
  })
})

each('the session’s cookie joins those that are set already', ({ open }) => {
  const routes = {
    '/text': (request, response) => setting('a', 1)(request, response.setHeader('Set-Cookie', 'x=1')),
    '/list': (request, response) =>
      setting('a', 1)(request, response.setHeader('Set-Cookie', ['x=1', 'y=2'])),
    '/head': (request, response) => {
      request.session.a = 1
      response.writeHead(201, 'Made', { 'Set-Cookie': 'x=1', 'X-Other': '2' })
      response.end()
    },
    '/array': (request, response) => {
      request.session.a = 1
      response.writeHead(201, ['Set-Cookie', 'x=1', 'Set-Cookie', 'y=2'])
      response.end()
    },
  }
  return open({}, routes, async (browser) => {
    const names = async (path) =>
      (await browser.get(path, { cookie: '' })).setCookie.map((line) => line.split('=')[0])
    assert.deepEqual(await names('/text'), ['x', NAME])
    assert.deepEqual(await names('/list'), ['x', 'y', NAME])
    assert.deepEqual(await names('/head'), ['x', NAME])
    assert.deepEqual(await names('/array'), ['x', 'y', NAME])
  })
})

each('what changes after the head is saved, and sets no cookie', ({ open }) => {
  const late = (request, response) => {
    response.write('a')
    request.session.user = 'ada'
    response.end('b')
  }
  return open({}, { '/late': late }, async (browser, { store }) => {
    const { setCookie, text } = await browser.get('/late')
    assert.deepEqual({ setCookie, text }, { setCookie: [], text: 'ab' })
    assert.equal(records(store)[0].user, 'ada')
  })
})

each(
  'a cookie that goes with the first part expires as late as one that goes with the last',
  ({ context, open }) => {
    const setTime = clock(context, NOW)
    const parts = (_request, response) => {
      response.write('a')
      setTime(NOW + 40_000)
      response.end('b')
    }
    const options = { rolling: true, cookie: { maxAge: 60_000 } }
    return open(options, { '/': setting('user', 'ada'), '/parts': parts }, async (browser, { store }) => {
      await browser.get('/')
      setTime(NOW + 30_000)
      const [line] = (await browser.get('/parts')).setCookie
      assert.ok(line.includes('Expires=Fri, 15 Jan 2027 08:01:30 GMT'), line)
      assert.equal(records(store)[0].cookie.expires, '2027-01-15T08:01:30.000Z')
    })
  },
)

for (const [when, soon] of Object.entries({ 'at once': (run) => run(), late: setImmediate })) {
  each(`a store that answers twice ${when} does no harm`, ({ open, session }) => {
    const store = new session.MemoryStore()
    store.set = (_id, _session, callback) =>
      soon(() => {
        callback()
        callback()
      })
    const failures = []
    const write = (request, response) => {
      response.on('error', (error) => failures.push(error))
      setting('user', 'ada')(request, response)
    }
    return open({ store }, { '/': write }, async (browser, { errors }) => {
      const { status, text } = await browser.get('/')
      await new Promise(setImmediate)
      const expected = { status: 200, text: '{"user":"ada"}', errors: [], failures: [] }
      assert.deepEqual({ status, text, errors, failures }, expected)
    })
  })
}

each('a second end is ignored', ({ open, session }) => {
  const store = listing(session, 5)
  const twice = (request, response) => {
    request.session.user = 'ada'
    response.end('once')
    assert.equal(response.end('twice'), false)
    assert.equal(response.end(), false)
  }
  return open({ store }, { '/': twice }, async (browser, { errors }) => {
    assert.equal((await browser.get('/')).text, 'once')
    assert.deepEqual([store.calls, errors], [['set', 'set done'], []])
  })
})

test('end calls back when the response is out, in every form', async () => {
  for (const args of [[], ['hello'], ['68656c6c6f', 'hex']]) {
    for (const headers of [{}, { 'Content-Length': '5' }]) {
      for (const delay of [false, 5]) {
        const store = listing(ours, delay)
        const done = []
        const route = (request, response) => {
          request.session.user = 'ada'
          for (const [name, value] of Object.entries(args.length ? headers : {}))
            response.setHeader(name, value)
          response.end(...args, () => done.push([...store.calls]))
        }
        await open(ours, 'node:http', { store }, { '/': route }, async (browser) => {
          assert.equal((await browser.get('/')).text, args.length ? 'hello' : '')
          await new Promise(setImmediate)
          assert.deepEqual(done, [delay ? ['set', 'set done'] : ['set']])
        })
      }
    }
  }
})

/** As a wrapper that must not be written to once it was ended. */
