// What a request brings: the connection, the path and the signed id, for the peer and for the drop-in.
import assert from 'node:assert/strict'
import { createSecretKey } from 'node:crypto'
import { test } from 'node:test'
import ours from 'shortcrust/express-session'

import { OLD_SECRET, SECRET } from '../support.mjs'
import { each, listing, NAME, open, records, setting, signed } from './express-session.mjs'

const ID = 'the-id-of-the-tests'
const genid = () => ID
const HTTPS = { 'x-forwarded-proto': 'https' }
const routes = { '/set': setting('user', 'ada') }

const PROXIES = [
  [undefined, {}, false],
  [undefined, HTTPS, false],
  [true, HTTPS, true],
  [true, { 'x-forwarded-proto': 'HTTPS , http' }, true],
  [true, { 'x-forwarded-proto': 'http, https' }, false],
  [true, { 'x-forwarded-proto': 'https,http' }, true],
  [true, {}, false],
  [false, HTTPS, false],
]

for (const [proxy, headers, isSecure] of PROXIES) {
  const title = `proxy ${proxy} with ${JSON.stringify(headers)} is ${isSecure ? '' : 'not '}secure`
  each(title, async ({ open }) => {
    await open({ proxy, cookie: { secure: true } }, routes, async (browser, { store }) => {
      const { setCookie } = await browser.get('/set', { headers })
      assert.equal(setCookie.length === 1 && setCookie[0].endsWith('; Secure'), isSecure)
      assert.deepEqual(
        records(store).map(({ user }) => user),
        ['ada'],
        'saved all the same',
      )
    })
    await open({ proxy, cookie: { secure: 'auto', sameSite: 'auto' } }, routes, async (browser) => {
      const [line] = (await browser.get('/set', { headers })).setCookie
      assert.ok(line.endsWith(isSecure ? 'HttpOnly; Secure; SameSite=None' : 'HttpOnly; SameSite=Lax'), line)
    })
  })
}

each('without proxy it is as Express says, an encrypted socket is secure always', async ({ open }) => {
  const secure = (request, _response, next) => {
    if (request.url === '/express') Object.defineProperty(request, 'secure', { value: true })
    if (request.url === '/tls') request.connection.encrypted = true
    next()
  }
  const routes = { '/express': setting('a', 1), '/tls': setting('a', 1) }
  for (const proxy of [undefined, true, false]) {
    await open(
      { proxy, cookie: { secure: true } },
      routes,
      async (browser) => {
        const count = async (path) => (await browser.get(path, { cookie: '' })).setCookie.length
        assert.equal(await count('/tls'), 1)
        assert.equal(await count('/express'), proxy === undefined ? 1 : 0)
      },
      { before: [secure] },
    )
  }
})

each('outside of the cookie’s path there is no session', ({ open }) => {
  const seen = (request, response) => response.end(`${request.session?.id} ${request.sessionStore}`)
  const routes = { '/': seen, '/fo': seen, '/bar/foo': seen }
  return open({ cookie: { path: '/foo' }, genid }, routes, async (browser) => {
    for (const path of Object.keys(routes)) {
      const { text, setCookie } = await browser.get(path, { headers: { host: 'x/foo' } })
      assert.deepEqual({ text, setCookie }, { text: 'undefined undefined', setCookie: [] })
    }
    assert.equal((await browser.get('/foo/bar?x=/')).text, '{}')
  })
})

each('the path is that of the original URL, and an empty one is the root', ({ open }) => {
  const mount = (request, _response, next) => {
    request.originalUrl = request.url
    request.url = request.url.replace(/^\/mounted/, '')
    next()
  }
  const has = (request, response) => response.end(String(Boolean(request.session)))
  return open(
    { cookie: { path: '/mounted' } },
    { '': has, '/x': has, '/y': has },
    async (browser) => {
      assert.equal((await browser.get('/mounted/x')).text, 'true')
      assert.equal((await browser.get('/y')).text, 'false')
    },
    { before: [mount] },
  )
})

each('secrets rotate: the first signs, all verify, another does not', ({ open, session }) => {
  const store = new session.MemoryStore()
  const cookie = (secret) => `${NAME}=${signed(ID, secret)}`
  store.sessions[ID] = JSON.stringify({ cookie: {}, user: 'ada' })
  return open({ store, secret: [SECRET, OLD_SECRET], genid: () => 'new' }, {}, async (browser) => {
    for (const secret of [SECRET, OLD_SECRET]) {
      assert.equal((await browser.get('/', { cookie: cookie(secret) })).text, '{"user":"ada"}')
    }
    assert.equal((await browser.get('/', { cookie: cookie('another') })).text, '{}')
  })
})

each('what an old secret signed is signed by the first when the cookie is set anew', ({ open, session }) => {
  const store = new session.MemoryStore()
  store.sessions[ID] = JSON.stringify({
    cookie: { originalMaxAge: 9e6, expires: new Date(4e12) },
    user: 'ada',
  })
  const options = { store, rolling: true, secret: [Buffer.from(SECRET), OLD_SECRET], cookie: { maxAge: 9e6 } }
  return open(options, {}, async (browser) => {
    const { setCookie } = await browser.get('/', { cookie: `${NAME}=${signed(ID, OLD_SECRET)}` })
    assert.ok(setCookie[0].startsWith(`${NAME}=${signed(ID)};`))
  })
})

for (const [what, secret] of Object.entries({
  'a Buffer': Buffer.from(SECRET),
  'a KeyObject': createSecretKey(Buffer.from(SECRET)),
  'a list of Buffers': [Buffer.from(SECRET)],
})) {
  each(`a secret may be ${what}`, ({ open }) => {
    return open({ secret, genid }, routes, async (browser) => {
      await browser.get('/set')
      assert.equal(browser.cookies[NAME], signed(ID))
      assert.equal((await browser.get('/')).text, '{"user":"ada"}')
    })
  })
}

each('without a secret req.secret counts, and without that it is an error', ({ open }) => {
  const parser = (request, _response, next) => {
    if (request.url !== '/none') request.secret = SECRET
    next()
  }
  return open(
    { secret: undefined, genid },
    routes,
    async (browser, { errors }) => {
      await browser.get('/set')
      assert.equal(browser.cookies[NAME], signed(ID))
      assert.equal((await browser.get('/')).text, '{"user":"ada"}')
      const { status, text } = await browser.get('/none')
      assert.deepEqual({ status, text }, { status: 500, text: 'Error: secret option required for sessions' })
      assert.equal(errors.length, 1)
    },
    { before: [parser] },
  )
})

each('what cookie-parser took from the header is read from there', ({ open, session }) => {
  const store = new session.MemoryStore()
  store.sessions[ID] = JSON.stringify({ cookie: {}, user: 'ada' })
  const plain = `s:${decodeURIComponent(signed(ID)).slice(2)}`
  const parsed = [
    [{ cookies: { [NAME]: plain } }, 'ada'],
    [{ signedCookies: { [NAME]: ID } }, 'ada'],
    [{ cookies: { [NAME]: ID } }, undefined],
    [{ cookies: { [NAME]: `${plain}x` } }, undefined],
    [{ cookies: {}, signedCookies: { [NAME]: false } }, undefined],
  ]
  const parser = (request, _response, next) =>
    next(Object.assign(request, parsed[request.url.slice(1)][0]) && null)
  return open(
    { store },
    {},
    async (browser) => {
      for (const [index, [, user]] of parsed.entries())
        assert.equal((await browser.get(`/${index}`)).json().user, user)
    },
    { before: [parser] },
  )
})

for (const where of ['cookies', 'signedCookies']) {
  test(`a JSON cookie that cookie-parser made an object of in ${where} is an empty session`, async () => {
    const store = listing(ours)
    const objects = (request, _response, next) => {
      request[where] = { [NAME]: { user: 'eve' } }
      next()
    }
    const look = async (browser, { errors }) => {
      const { status, text } = await browser.get('/')
      assert.deepEqual({ status, text, errors }, { status: 200, text: '{}', errors: [] })
      assert.deepEqual(store.calls, [])
    }
    await open(ours, 'node:http', { store }, {}, look, { before: [objects] })
  })
}
