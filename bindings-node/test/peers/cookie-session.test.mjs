// shortcrust/cookie-session beside cookie-session.
import assert from 'node:assert/strict'
import { test } from 'node:test'

import fc from 'fast-check'
import imported from 'shortcrust/cookie-session'

import { NOW, serve, warnings } from '../support.mjs'
import {
  assign,
  count,
  encoded,
  HOSTS,
  KEYS,
  look,
  MODULES,
  ours,
  peer,
  peerKeygrip,
  signed,
  site,
  visit,
} from './cookie-session.support.mjs'
import { atTime, peerVectors, RUNS, sessionData } from './support.mjs'

const SIGNED_NON_OBJECTS = { 'cookie-session/022': 'a string' }
const ACTIONS = {
  read: () => {},
  assign: (request, { data }) => Object.assign(request.session, data),
  delete: (request, { keys }) => {
    for (const key of keys) delete request.session[key]
  },
  replace: (request, { data }) => {
    request.session = data
  },
  clear: (request) => {
    request.session = null
  },
}

// First, since it is once a process.
test('what is weak is warned of once and never quoted', async () => {
  const none = await warnings(() => ours({ keys: KEYS, partitioned: true, sameSite: 'none', secure: true }))
  assert.deepEqual(none, [])
  const seen = await warnings(async () => {
    for (let i = 0; i < 2; i++) {
      ours({ keys: ['hush'] })
      ours({ keys: KEYS, sameSite: 'None' })
      ours({ keys: KEYS, partitioned: true })
      const routes = { '/large': assign({ text: 'x'.repeat(4_000) }), '/': count }
      await visit('node:http', site(ours, { routes }), ['/large'])
      await visit('node:http', site(ours, { routes, options: { keys: KEYS, secure: true } }), ['/'])
    }
  })
  assert.deepEqual(seen.map(({ code }) => code).sort(), [
    ...['SHORTCRUST_COOKIE', 'SHORTCRUST_COOKIE', 'SHORTCRUST_COOKIE'],
    ...['SHORTCRUST_KEY', 'SHORTCRUST_SAVE'],
  ])
  assert.ok(seen.every(({ name, message }) => name === 'ShortcrustWarning' && !message.includes('hush')))
})

for (const [name, session] of Object.entries(MODULES)) {
  for (const { id, input, expect } of peerVectors('cookie-session')) {
    if (session === ours && id in SIGNED_NON_OBJECTS) continue
    test(`${id} holds for ${name}`, async () => {
      if (expect.error) await assert.rejects(() => answerTo(session, input), expect.error)
      else assert.deepEqual(await answerTo(session, input), expect.ok)
    })
  }
}

test('the vectors of signed non-objects are empty sessions', async () => {
  for (const { id, input, expect } of peerVectors('cookie-session')) {
    if (!(id in SIGNED_NON_OBJECTS)) continue
    const { is_new, session, set_cookie } = await answerTo(ours, input)
    assert.deepEqual({ is_new, session }, { is_new: expect.ok.is_new, session: {} })
    assert.match(set_cookie[0], /^session=e30=;/)
  }
})

/** What a vector's request gives. */
function answerTo(session, { options, now_ms, action, cookie }) {
  const out = {}
  let failure
  const { expires, ...rest } = options
  const given = expires ? { ...rest, expires: new Date(expires.date_ms) } : rest
  const act = (request) => {
    if (action.type === 'none') return
    Object.assign(out, { is_new: request.session.isNew, session: { ...request.session } })
    ACTIONS[action.type](request, action)
  }
  const handler = (request, response) => {
    session(given)(request, response, () => {
      try {
        act(request)
      } catch (error) {
        failure = error
      }
      response.end()
    })
  }
  return atTime(now_ms, () =>
    serve(handler, async (browser) => {
      const { setCookie } = await browser.get('/', { cookie: cookie ?? '' })
      if (failure) throw failure
      return { ...out, set_cookie: setCookie }
    }),
  )
}

test('by require and by import it is the same function', () => {
  assert.equal(imported, ours)
})

test('a wrong configuration throws as the peer does', async () => {
  await warnings(() => {
    for (const session of [peer, ours]) {
      for (const options of [undefined, null, {}, { keys: null }, { secret: '' }, { signed: true }]) {
        assert.throws(() => session(options), { name: 'Error', message: '.keys required.' })
      }
    }
  })
})

test('the options that are given get the defaults, as the peer does', () => {
  const [theirs, own] = [peer, ours].map((session) => {
    const options = { keys: KEYS, httpOnly: null }
    session(options)
    return options
  })
  assert.deepEqual(own, theirs)
})

test('a string of keys is an error that does not quote it', () => {
  const isDiscreet = ({ name, message }) => name === 'TypeError' && !message.includes('hush')
  assert.throws(() => ours({ keys: 'hush, hush' }), isDiscreet)
})

test('a path or domain that would never be set is an error at once', () => {
  for (const [option, value] of [
    ['path', '/a;b'],
    ['path', '/\n'],
    ['domain', 'exa mple'],
    ['domain', 'a;b'],
  ]) {
    assert.throws(() => ours({ keys: KEYS, [option]: value }), { message: `option ${option} is invalid` })
  }
})

test('keys put in while it runs sign', async () => {
  const keys = [...KEYS]
  const routes = { '/count': count, '/turn': () => keys.unshift('a newer key of the tests') }
  for (const session of [peer, ours]) {
    const middlewares = site(session, { options: { keys }, routes })
    const [first, , second, last] = await visit('node:http', middlewares, ['/count', '/turn', '/', '/'])
    assert.equal(first.setCookie.length, 2)
    assert.match(second.setCookie[0], /^session\.sig=/)
    assert.deepEqual([second.text, last.text], [second.text, second.text])
    keys.shift()
  }
})

const NON_OBJECTS = ['text', '', [], ['a', { b: 1 }], 0, 5, true, false, null]

test('signed non-objects are empty sessions, taken and set as the peer does with a number', async () => {
  const [asNumber] = await visit('node:http', site(peer, {}), [{ path: '/', cookie: signed(encoded(5)) }])
  const steps = NON_OBJECTS.map((data) => ({ path: '/', cookie: signed(encoded(data)) }))
  for (const seen of await visit('node:http', site(ours, {}), steps)) assert.deepEqual(seen, asNumber)
})

test('__proto__ keys of a payload are dropped at every level', async () => {
  const payload =
    '{"__proto__":{"a":1},"b":[{"__proto__":{"c":1},"\\u005f_proto__":{"d":1},"e":1}],"f":"__proto__"}'
  const route = ({ session }) => {
    const { b, a } = Object.assign({}, session)
    return [JSON.stringify(session), a, b[0].c, b[0].d, {}.a, Object.keys(b[0])]
  }
  const cookie = signed(Buffer.from(payload).toString('base64'))
  const [{ status, text }] = await visit('node:http', site(ours, { routes: { '/': route } }), [
    { path: '/', cookie },
  ])
  assert.equal(status, 200)
  assert.deepEqual(JSON.parse(text), ['{"b":[{"e":1}],"f":"__proto__"}', null, null, null, null, ['e']])
})

test('a __proto__ key that is only spelled in escapes is dropped too', async () => {
  const cookie = signed(Buffer.from('{"a":{"\\u005f\\u005Fproto\\u005f_":{"b":1},"c":2}}').toString('base64'))
  const [{ text }] = await visit('node:http', site(ours, {}), [{ path: '/', cookie }])
  assert.deepEqual(JSON.parse(text).session, { a: { c: 2 } })
})

test('a payload too deep to be written again is an empty session', async () => {
  const deep = Buffer.from(`{"a":${'['.repeat(5_500)}${']'.repeat(5_500)}}`).toString('base64')
  const steps = [{ path: '/', cookie: signed(deep) }]
  const [{ status, text, setCookie }] = await visit('node:http', site(ours, {}), steps)
  assert.deepEqual([status, JSON.parse(text).session, setCookie], [200, {}, []])
})

test('of several cookies of the name the first that a signature fits is taken', async () => {
  const [one, two] = [1, 2].map((n) => signed(encoded({ n })))
  const [foreign, late] = ['a foreign key', KEYS[1]].map((key) => signed(encoded({ n: 3 }), 'session', [key]))
  const [, signature] = one.split('; ')
  const cases = [
    [`${one}; ${two}`, 1],
    [`${two}; ${one}`, 2],
    [`${foreign}; ${one}`, 1],
    [`session=x; ${one}`, 1],
    [`session.sig=x; ${one}`, 1],
    [`${foreign}; ${foreign}; ${foreign}; ${two}`, 2],
    [`${foreign}; ${foreign}; ${foreign}; ${foreign}; ${two}`, undefined],
    [`${one.replace('session=', 'session="').replace(';', '";')}; session=x`, 1],
    [`session=x; ${one.replace('session=', 'session="').replace(';', '";')}`, 1],
    [`session=x; ${one.replace('.sig=', '.sig="')}"`, 1],
    [`${foreign}; ${late}`, 3],
    [`${foreign}; session=x; ${signature}`, undefined],
    [`mysession=x; ${one}; my.session.sig=x`, 1],
  ]
  for (const [cookie, n] of cases) {
    const [{ status, text }] = await visit('Express 5', site(ours, {}), [{ path: '/', cookie }])
    assert.deepEqual([status, JSON.parse(text).session.n], [200, n], cookie)
  }
})

test('a repeated cookie under an old key is signed anew, and Express still sees the proxy', async () => {
  const cookie = `session=x; ${signed(encoded({ n: 1 }), 'session', [KEYS[1]])}`
  const step = { path: '/', cookie, headers: { 'x-forwarded-proto': 'https' } }
  const [{ setCookie }] = await visit('Express 5', site(ours, {}), [step])
  assert.deepEqual(setCookie, [
    `session.sig=${peerKeygrip(KEYS).sign(`session=${encoded({ n: 1 })}`)}; path=/; secure; httponly`,
  ])
})

test('once the head is sent a strange cookie is still an empty session, and an old key still reads', async () => {
  const route = (request, response) => {
    response.write('late ')
    return request.session
  }
  const cookies = [`${signed(encoded({ n: 1 }))}x`, signed(encoded({ n: 1 }), 'session', [KEYS[1]])]
  const steps = cookies.map((cookie) => ({ path: '/', cookie }))
  const seen = await visit('node:http', site(ours, { routes: { '/': route } }), steps)
  assert.deepEqual(
    seen.map(({ text }) => text),
    ['late {}', 'late {"n":1}'],
  )
})

test('each reads what the other writes', async () => {
  const sessions = [peer, ours]
  const run = (session, options, cookie, work) => {
    const headers = {}
    const request = { headers: { cookie }, socket: {}, method: 'GET' }
    const response = {
      getHeader: (name) => headers[name],
      setHeader: (name, value) => (headers[name] = value),
    }
    response.writeHead = () => {}
    session({ ...options })(request, response, () => {})
    const before = look(request)
    work(request)
    response.writeHead(200)
    return {
      before: JSON.stringify(before),
      keys: Object.keys(before.session),
      lines: headers['Set-Cookie'] ?? [],
    }
  }
  const options = fc.record({
    keys: fc.array(fc.string({ unit: 'binary' }), { minLength: 1, maxLength: 3 }),
    name: fc.constantFrom('session', 'a.b', '__Host-s'),
    maxAge: fc.constantFrom(undefined, 1_000),
  })
  const property = fc.property(options, sessionData(), sessionData(), (given, data, more) => {
    const [theirs, own] = sessions.map((session) => run(session, given, '', assign(data)))
    assert.deepEqual(own, theirs)
    const cookie = own.lines.map((line) => line.split(';')[0]).join('; ')
    const merge = ({ session }) =>
      Object.entries(more).forEach((entry) => void Reflect.set(session, ...entry))
    const [peersSecond, ourSecond] = sessions.map((session) => run(session, given, cookie, merge))
    assert.deepEqual(ourSecond, peersSecond)
    assert.equal(JSON.parse(ourSecond.before).isNew, own.lines.length === 0)
  })
  await warnings(() => atTime(NOW, () => fc.assert(property, { numRuns: RUNS })))
})

test('a site goes over to the other and back with everybody logged in', async () => {
  for (const order of [
    [peer, ours, peer],
    [ours, peer, ours],
  ]) {
    let cookies = {}
    for (const [index, session] of order.entries()) {
      await serve(HOSTS['Express 5'](site(session, { routes: { '/count': count } })), async (browser) => {
        browser.cookies = cookies
        const { text } = await browser.get('/count')
        assert.equal(JSON.parse(text).session.n, index + 1)
        cookies = browser.cookies
      })
    }
  }
})
