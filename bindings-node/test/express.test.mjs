// What `req.session` does, on each host.
import assert from 'node:assert/strict'
import http from 'node:http'
import { Readable } from 'node:stream'
import { test } from 'node:test'

import { reason, session } from 'shortcrust/express'
import { MemoryStore } from 'shortcrust/stores/memory'

import { claims } from './paseto.mjs'
import { ambient, clock, HOSTS, NOW, SECRET, sealedToken, serve, warnings } from './support.mjs'

const OPTIONS = { secrets: [SECRET] }

for (const [host, app] of Object.entries(HOSTS)) {
  const on = (name, routes, use) =>
    test(`${host}: ${name}`, (context) => {
      clock(context)
      return serve(app(OPTIONS, routes), use)
    })

  const routes = {
    '/login': (request) => {
      request.session.user = 'ada'
      request.session.basket = { items: ['pie'] }
    },
  }

  on('what was set is there at the next request', routes, async (browser) => {
    const { setCookie, headers } = await browser.get('/login')
    assert.equal(setCookie.length, 1)
    assert.match(
      setCookie[0],
      /^session=v4\.local\.[\w.-]+; Path=\/; Max-Age=1209600; HttpOnly; SameSite=Lax$/,
    )
    assert.equal(headers['cache-control'], 'private, no-store')
    assert.equal(headers.vary, 'Cookie')
    assert.deepEqual((await browser.get()).json(), { user: 'ada', basket: { items: ['pie'] } })
  })

  on(
    'a nested change is saved',
    {
      ...routes,
      '/add': (request) => {
        request.session.basket.items.push('tart')
      },
    },
    async (browser) => {
      await browser.get('/login')
      await browser.get('/add')
      assert.deepEqual((await browser.get()).json().basket, { items: ['pie', 'tart'] })
    },
  )

  on('a request that only read sets no cookie, and varies', routes, async (browser) => {
    await browser.get('/login')
    const { setCookie, headers } = await browser.get()
    assert.deepEqual(setCookie, [])
    assert.equal(headers['cache-control'], undefined)
    assert.equal(headers.vary, 'Cookie')
  })

  on(
    'a request that did not look at the session does not vary',
    {
      ...routes,
      '/plain': (_, response) => response.end('plain'),
    },
    async (browser) => {
      await browser.get('/login')
      const { setCookie, headers } = await browser.get('/plain')
      assert.deepEqual(setCookie, [])
      assert.equal(headers.vary, undefined)
    },
  )

  const GONE = 'session=; Path=/; Max-Age=0; Expires=Thu, 01 Jan 1970 00:00:00 GMT; HttpOnly; SameSite=Lax'
  const endings = {
    null: (request) => {
      request.session = null
      assert.equal(request.session, undefined)
    },
    delete: (request) => {
      delete request.session
    },
    'destroy and a promise': async (request) => {
      await request.session.destroy()
      assert.equal(request.session, undefined)
    },
    'destroy and a callback': (request) =>
      new Promise((resolve) => {
        request.session.destroy(resolve)
      }),
    'an emptied session': (request) => {
      for (const key of Object.keys(request.session)) delete request.session[key]
    },
  }
  for (const [ending, end] of Object.entries(endings)) {
    on(`${ending} deletes the cookie`, { ...routes, '/bye': end }, async (browser) => {
      await browser.get('/login')
      assert.deepEqual((await browser.get('/bye')).setCookie, [GONE])
      assert.deepEqual((await browser.get()).json(), {})
    })

    on(`${ending} without a session sets no cookie`, { '/bye': end }, async (browser) => {
      assert.deepEqual((await browser.get('/bye')).setCookie, [])
    })
  }

  on(
    'an object that is assigned replaces the data',
    {
      ...routes,
      '/replace': (request) => {
        request.session = { fresh: true }
        assert.equal(typeof request.session.save, 'function')
      },
    },
    async (browser) => {
      await browser.get('/login')
      await browser.get('/replace')
      assert.deepEqual((await browser.get()).json(), { fresh: true })
    },
  )

  on(
    'anything else that is assigned is an error',
    {
      '/wrong': (request) => {
        for (const wrong of ['text', 1, true, []]) {
          assert.throws(() => {
            request.session = wrong
          }, TypeError)
        }
      },
    },
    async (browser) => {
      assert.equal((await browser.get('/wrong')).status, 200)
    },
  )

  const idOf = ({ cookies }) => claims(cookies.session, SECRET).jti

  on(
    'the id stays when the session is written again',
    {
      ...routes,
      '/add': (request) => {
        request.session.more = 1
      },
    },
    async (browser) => {
      await browser.get('/login')
      const id = idOf(browser)
      await browser.get('/add')
      assert.equal(idOf(browser), id)
    },
  )

  on(
    'regenerate gives an empty session with a new id and the same beginning',
    {
      ...routes,
      '/new': async (request) => {
        const before = request.session
        await before.regenerate()
        assert.notEqual(request.session, before)
        assert.deepEqual(Object.keys(request.session), [])
        request.session.user = 'bob'
      },
    },
    async (browser) => {
      await browser.get('/login')
      const before = claims(browser.cookies.session, SECRET)
      await browser.get('/new')
      const after = claims(browser.cookies.session, SECRET)
      assert.notEqual(after.jti, before.jti)
      assert.equal(after.c, before.c)
      assert.deepEqual(after.d, { user: 'bob' })
    },
  )

  on(
    'regenerate that puts the same data back has a new id all the same',
    {
      ...routes,
      '/new': async (request) => {
        const data = { ...request.session }
        await request.session.regenerate()
        Object.assign(request.session, data)
      },
    },
    async (browser) => {
      await browser.get('/login')
      const id = idOf(browser)
      await browser.get('/new')
      assert.notEqual(idOf(browser), id)
      assert.equal((await browser.get()).json().user, 'ada')
    },
  )

  on(
    'a session after destroy is another session',
    {
      ...routes,
      '/new': async (request) => {
        await request.session.destroy()
        request.session = { user: 'bob' }
      },
    },
    async (browser) => {
      await browser.get('/login')
      const id = idOf(browser)
      await browser.get('/new')
      assert.notEqual(idOf(browser), id)
      assert.deepEqual((await browser.get()).json(), { user: 'bob' })
    },
  )

  on(
    'reload brings the data as they came',
    {
      ...routes,
      '/reload': async (request) => {
        request.session.user = 'mallory'
        request.session.basket.items.length = 0
        await request.session.reload()
      },
    },
    async (browser) => {
      await browser.get('/login')
      const { setCookie, text } = await browser.get('/reload')
      assert.deepEqual(JSON.parse(text), { user: 'ada', basket: { items: ['pie'] } })
      assert.deepEqual(setCookie, [])
    },
  )

  on(
    'reload without a session is an error',
    {
      '/reload': async (request) => {
        await assert.rejects(request.session.reload(), { name: 'ShortcrustError', code: 'not_found' })
      },
    },
    async (browser) => {
      assert.equal((await browser.get('/reload')).status, 200)
    },
  )

  on(
    'touch seals again what did not change',
    {
      ...routes,
      '/touch': (request) => request.session.touch(),
    },
    async (browser) => {
      await browser.get('/login')
      assert.equal((await browser.get('/touch')).setCookie.length, 1)
      assert.equal((await browser.get()).json().user, 'ada')
    },
  )

  on(
    'a callback is called later, with the session as it is then',
    {
      ...routes,
      '/save': (request) =>
        new Promise((resolve, reject) => {
          let returned = false
          const result = request.session.save((error) => {
            if (error || !returned) reject(error ?? new Error('called at once'))
            resolve()
          })
          returned = true
          assert.equal(result, request.session)
        }),
    },
    async (browser) => {
      await browser.get('/login')
      assert.equal((await browser.get('/save')).status, 200)
    },
  )

  const change = (request) => {
    request.session.seen = true
  }
  const responses = {
    'writeHead with headers': (_, response) => response.writeHead(201, { 'X-Own': 'yes' }).end(),
    'writeHead with Set-Cookie': (_, response) => response.writeHead(200, { 'Set-Cookie': 'a=1' }).end(),
    'flushHeaders and a stream': (_, response) => {
      response.flushHeaders()
      Readable.from(['a', 'b']).pipe(response)
      return new Promise((resolve) => response.on('finish', resolve))
    },
    'a stream': (_, response) => {
      Readable.from(['a', 'b']).pipe(response)
      return new Promise((resolve) => response.on('finish', resolve))
    },
    'a redirect': (_, response) => response.writeHead(302, { Location: '/' }).end(),
    'end, twice': (_, response) => response.end('once').end(),
  }
  for (const [way, respond] of Object.entries(responses)) {
    on(
      `the cookie is set by ${way}`,
      {
        '/change': (request, response) => {
          change(request)
          return respond(request, response)
        },
      },
      async (browser) => {
        const { setCookie } = await browser.get('/change')
        assert.equal(setCookie.filter((line) => line.startsWith('session=')).length, 1)
        assert.deepEqual((await browser.get()).json(), { seen: true })
      },
    )
  }

  on(
    'cookies that others set stay',
    {
      '/change': (request, response) => {
        response.setHeader('Set-Cookie', ['a=1', 'b=2'])
        change(request)
      },
    },
    async (browser) => {
      const { setCookie } = await browser.get('/change')
      assert.deepEqual(
        setCookie.map((line) => line.split('=')[0]),
        ['a', 'b', 'session'],
      )
    },
  )

  on(
    'Vary that others set stays',
    {
      '/vary': (request, response) => {
        response.setHeader('Vary', 'Accept')
        change(request)
      },
    },
    async (browser) => {
      assert.equal((await browser.get('/vary')).headers.vary, 'Accept, Cookie')
    },
  )

  for (const [theirs, ours] of [
    ['no-store', 'no-store'],
    ['private, max-age=60', 'private, max-age=60'],
    ['public, max-age=60', 'private, no-store'],
  ]) {
    on(
      `with a cookie, Cache-Control ${theirs} becomes ${ours}`,
      {
        '/cache': (request, response) => {
          response.setHeader('Cache-Control', theirs)
          change(request)
        },
      },
      async (browser) => {
        assert.equal((await browser.get('/cache')).headers['cache-control'], ours)
      },
    )
  }

  for (const store of [undefined, new MemoryStore()]) {
    test(`${host}: quotes around the cookie's value are taken off, ${store ? 'store' : 'cookie'}`, async (context) => {
      clock(context)
      await serve(app({ ...OPTIONS, store }, routes), async (browser) => {
        await browser.get('/login')
        const { session: token } = browser.cookies
        for (const cookie of [`session="${token}"`, `a="1"; session = " ${token} "`]) {
          assert.equal((await browser.get('/', { cookie })).json().user, 'ada')
        }
        for (const cookie of [`session="${token}`, `session=""${token}""`, 'session=""', 'session="']) {
          assert.deepEqual((await browser.get('/', { cookie })).json(), {})
        }
      })
    })
  }

  test(`${host}: the reason tells why there is no session`, async (context) => {
    clock(context)
    const routes = { '/why': (request, response) => response.end(reason(request) ?? 'none') }
    await serve(app(OPTIONS, routes), async (browser) => {
      const why = async (cookie) => (await browser.get('/why', { cookie })).text
      assert.equal(await why(''), 'no_cookie')
      assert.equal(await why('other=1; session='), 'no_cookie')
      assert.equal(await why('session=nonsense'), 'malformed')
      assert.equal(await why(`session=${sealedToken('{"a":1}', { secret: 'x'.repeat(32) })}`), 'unknown_key')
      assert.equal(await why(`session=${sealedToken('{"a":1}')}`), 'none')
    })
  })

  test(`${host}: a strange cookie is left alone by a request that only read`, async () => {
    await serve(app(OPTIONS), async (browser) => {
      assert.deepEqual((await browser.get('/', { cookie: 'session=nonsense' })).setCookie, [])
    })
  })

  test(`${host}: of two middlewares the first serves`, async () => {
    const second = session({ secrets: [SECRET], name: 'second' })
    const routes = {
      '/two': (request, response) =>
        new Promise((resolve, reject) => {
          second(request, response, (error) => (error ? reject(error) : resolve(change(request))))
        }),
    }
    await serve(app(OPTIONS, routes), async (browser) => {
      const { setCookie } = await browser.get('/two')
      assert.deepEqual(
        setCookie.map((line) => line.split('=')[0]),
        ['session'],
      )
    })
  })

  test(`${host}: a session that is too large is not set, and says so`, async () => {
    const routes = {
      '/large': async (request) => {
        request.session.large = 'x'.repeat(5000)
        await assert.rejects(request.session.save(), { name: 'SealError', code: 'too_large' })
      },
    }
    let seen
    const server = app(OPTIONS, routes)
    const watched = (request, response) => {
      response.on('finish', () => {
        seen = reason(request)
      })
      server(request, response)
    }
    const [warning] = await warnings(() =>
      serve(watched, async (browser) => {
        const { status, setCookie } = await browser.get('/large')
        assert.deepEqual({ status, setCookie }, { status: 200, setCookie: [] })
      }),
    )
    assert.equal(seen, 'too_large')
    assert.equal(warning.code, 'SHORTCRUST_NOT_SAVED')
    assert.ok(!warning.message.includes('xxx'))
  })

  for (const [kind, make] of Object.entries({
    'a BigInt': () => 1n,
    'a cycle': () => {
      const ring = {}
      ring.ring = ring
      return ring
    },
  })) {
    test(`${host}: a session with ${kind} is not set, and says so`, async () => {
      const routes = {
        '/set': (request, response) => {
          request.session.odd = make()
          response.end()
        },
      }
      const seen = await warnings(() =>
        serve(app(OPTIONS, routes), async (browser) => {
          assert.deepEqual((await browser.get('/set')).setCookie, [])
        }),
      )
      assert.deepEqual(
        seen.map(({ code }) => code),
        ['SHORTCRUST_NOT_SAVED'],
      )
    })
  }
}

test('Secure is as the connection is, as Express sees it', async () => {
  const app = HOSTS['Express 5'](OPTIONS, { '/in': (request) => Object.assign(request.session, { a: 1 }) })
  app.set('trust proxy', true)
  await serve(app, async (browser) => {
    const over = (proto) => browser.get('/in', { headers: { 'x-forwarded-proto': proto }, cookie: '' })
    assert.match((await over('https')).setCookie[0], /; Secure;/)
    assert.doesNotMatch((await over('http')).setCookie[0], /; Secure/)
  })
})

test('Secure is as the connection is, as the socket says', () => {
  const middleware = session(OPTIONS)
  const setCookie = (socket) => {
    const request = new http.IncomingMessage(socket)
    const response = new http.ServerResponse(request)
    middleware(request, response, () => {})
    request.session.a = 1
    response.writeHead(200)
    return response.getHeader('Set-Cookie')
  }
  assert.match(setCookie({ encrypted: true }), /; Secure;/)
  assert.doesNotMatch(setCookie({}), /; Secure/)
  assert.doesNotMatch(setCookie(null), /; Secure/)
})

test('with entropy and clock given, the cookie is the same', async (context) => {
  clock(context, NOW)
  context.after(() => {
    ambient.entropy = undefined
  })
  ambient.entropy = new Uint8Array(48).fill(7)
  const routes = { '/in': (request) => Object.assign(request.session, { a: 1 }) }
  await serve(HOSTS['node:http'](OPTIONS, routes), async (browser) => {
    const first = await browser.get('/in', { cookie: '' })
    const second = await browser.get('/in', { cookie: '' })
    assert.deepEqual(first.setCookie, second.setCookie)
  })
})
