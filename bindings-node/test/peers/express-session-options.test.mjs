// Options of express-session, on the peer and on the drop-in.
import assert from 'node:assert/strict'

import { DAY, NOW, SECRET } from '../support.mjs'
import { clock, each, eachFront, idOf, listing, NAME, records, setting, signed } from './express-session.mjs'

const ID = 'the-id-of-the-tests'
const HTTP = ['node:http']
const genid = () => ID
const HTTPS = { 'x-forwarded-proto': 'https' }
const routes = { '/set': setting('user', 'ada') }

const COOKIES = [
  [{}, 'Path=/; HttpOnly'],
  [{ httpOnly: false }, 'Path=/'],
  [{ domain: 'example.com' }, 'Domain=example.com; Path=/; HttpOnly'],
  [{ path: '/set' }, 'Path=/set; HttpOnly'],
  [{ maxAge: DAY * 1_000 }, 'Path=/; Expires=Sat, 16 Jan 2027 08:00:00 GMT; HttpOnly'],
  [{ maxAge: 2 ** 33 }, 'Path=/; Expires=Sat, 24 Apr 2027 18:05:34 GMT; HttpOnly'],
  [{ expires: new Date(NOW) }, 'Path=/; Expires=Fri, 15 Jan 2027 08:00:00 GMT; HttpOnly'],
  [{ expires: new Date(0), maxAge: null }, 'Path=/; HttpOnly'],
  [{ maxAge: null, expires: new Date(NOW) }, 'Path=/; Expires=Fri, 15 Jan 2027 08:00:00 GMT; HttpOnly'],
  [{ partitioned: true }, 'Path=/; HttpOnly; Partitioned'],
  [{ priority: 'high' }, 'Path=/; HttpOnly; Priority=High'],
  [{ sameSite: true }, 'Path=/; HttpOnly; SameSite=Strict'],
  [{ sameSite: 'lax' }, 'Path=/; HttpOnly; SameSite=Lax'],
  [{ sameSite: 'none', secure: true }, 'Path=/; HttpOnly; Secure; SameSite=None'],
  [{ sameSite: false, data: { path: '/no' } }, 'Path=/; HttpOnly'],
]

for (const [cookie, attributes] of COOKIES) {
  each(`the cookie option ${JSON.stringify(cookie)} gives ${attributes}`, ({ context, open }) => {
    clock(context, NOW)
    const options = { cookie, genid, proxy: true }
    return open(options, routes, async (browser, { errors }) => {
      const { setCookie } = await browser.get('/set', { headers: HTTPS })
      assert.deepEqual(
        { setCookie, errors },
        { setCookie: [`${NAME}=${signed(ID)}; ${attributes}`], errors: [] },
      )
    })
  })
}

each('cookie may be a function of the request, asked for the path and for each new session', ({ open }) => {
  const asked = []
  const cookie = (request) => {
    asked.push(request.url)
    return { path: '/shop', maxAge: request.url === '/shop/long' ? 1e9 : 1e3 }
  }
  const routes = { '/shop/long': setting('a', 1), '/shop/short': setting('a', 1) }
  return open({ cookie }, routes, async (browser, { store }) => {
    assert.equal((await browser.get('/elsewhere')).text, 'null')
    await browser.get('/shop/long')
    await browser.get('/shop/long')
    await browser.get('/shop/short', { cookie: '' })
    const expected = ['/elsewhere', '/shop/long', '/shop/long', '/shop/long', '/shop/short', '/shop/short']
    assert.deepEqual(asked, expected)
    assert.deepEqual(
      records(store).map(({ cookie }) => cookie.originalMaxAge),
      [1e9, 1e3],
    )
  })
})

each('auto from a function is not seen: the cookie is for secure connections, or an error', ({ open }) => {
  return open({ cookie: () => ({ secure: 'auto' }), proxy: true }, routes, async (browser) => {
    assert.deepEqual((await browser.get('/set')).setCookie, [])
    assert.match((await browser.get('/set', { headers: HTTPS })).setCookie[0], /; Secure$/)
  })
})

each(
  'a cookie that can’t be serialized is an error after the response',
  ({ open }) => {
    const cases = {
      'option expires is invalid': { expires: new Date(Number.NaN) },
      'option sameSite is invalid': { sameSite: 'x' },
    }
    return Promise.all(
      Object.entries(cases).map(([message, cookie]) =>
        open({ cookie }, routes, async (browser, { errors }) => {
          const { status, setCookie } = await browser
            .get('/set')
            .catch(() => ({ status: 200, setCookie: [] }))
          assert.deepEqual({ status, setCookie }, { status: 200, setCookie: [] })
          assert.deepEqual(errors.map(String), [`TypeError: ${message}`])
        }),
      ),
    )
  },
  HTTP,
)

eachFront('refuses wrong options with the peer’s words', ({ session }) => {
  const rest = { secret: SECRET, resave: false, saveUninitialized: false }
  const cases = [
    [{ genid: 'text' }, 'genid option must be a function'],
    [{ unset: 'other' }, 'unset option must be "destroy" or "keep"'],
    [{ unset: 5 }, 'unset option must be "destroy" or "keep"'],
    [{ secret: [] }, 'secret option array must contain one or more strings'],
  ]
  for (const [options, message] of cases) {
    assert.throws(() => session({ ...rest, ...options }), { name: 'TypeError', message })
  }
  assert.throws(() => session({ ...rest, store: {} }), {
    name: 'TypeError',
    message: 'store.on is not a function',
  })
  assert.equal(typeof session({ ...rest, unset: '', genid: null, store: null, cookie: null }), 'function')
})

each('genid is given the request, and its id is escaped in the cookie', ({ open }) => {
  const genid = ({ url }) => `${url} äß;,%"`
  return open({ genid }, routes, async (browser, { store }) => {
    const answer = await browser.get('/set')
    assert.equal(idOf(answer), '/set äß;,%"')
    assert.ok(answer.setCookie[0].startsWith(`${NAME}=s%3A%2Fset%20%C3%A4`))
    assert.equal((await browser.get('/')).text, '{"user":"ada"}')
    assert.deepEqual(Object.keys(store.sessions), ['/set äß;,%"'])
  })
})

each('an id that is no text is neither saved nor sent', ({ open }) => {
  return open({ genid: () => 5, saveUninitialized: true }, routes, async (browser, { errors, store }) => {
    const { setCookie, text } = await browser.get('/set')
    assert.deepEqual({ setCookie, text }, { setCookie: [], text: '{"user":"ada"}' })
    assert.deepEqual([records(store), errors], [[], []])
  })
})

for (const option of ['name', 'key']) {
  each(`${option} is the cookie's name`, ({ open }) => {
    return open({ [option]: 'sid' }, routes, async (browser) => {
      await browser.get('/set')
      assert.deepEqual(Object.keys(browser.cookies), ['sid'])
      assert.equal((await browser.get('/')).text, '{"user":"ada"}')
    })
  })
}

each('two sessions of two names and stores live side by side', ({ open, session }) => {
  const second = session({ secret: SECRET, resave: false, saveUninitialized: false, name: 'second', genid })
  const keep = (request, _response, next) => {
    request.first = request.session
    request.session = null
    next()
  }
  const both = (request, response) =>
    response.end(JSON.stringify([request.first, request.session].map((x) => x.id)))
  return open(
    { name: 'first' },
    { '/': both },
    async (browser) => {
      const [first, id] = (await browser.get('/')).json()
      assert.deepEqual([id, first.length], [ID, 32])
    },
    { after: [keep, second] },
  )
})

for (const unset of ['destroy', 'keep']) {
  for (const [what, drop] of Object.entries({
    null: (request) => {
      request.session = null
    },
    deleted: (request) => delete request.session,
  })) {
    each(
      `with unset ${unset} a session that is ${what} is ${unset === 'keep' ? 'kept' : 'gone'}`,
      ({ open, session }) => {
        const store = listing(session, 5)
        const drops = (request, response) => response.end(String(drop(request)))
        return open({ store, unset }, { ...routes, '/drop': drops }, async (browser) => {
          const id = idOf(await browser.get('/set'))
          store.calls = []
          const { setCookie } = await browser.get('/drop')
          assert.deepEqual(setCookie, [])
          assert.equal(id in store.sessions, unset === 'keep')
          const expected = ['get', 'get done', ...(unset === 'keep' ? [] : ['destroy', 'destroy done'])]
          assert.deepEqual(store.calls, expected, 'before the response is complete')
        })
      },
    )
  }
}

each('while the store is disconnected there is no session', ({ open }) => {
  return open({}, routes, async (browser, { store }) => {
    await browser.get('/set')
    store.emit('disconnect')
    const { text, setCookie } = await browser.get('/')
    assert.deepEqual({ text, setCookie }, { text: 'null', setCookie: [] })
    store.emit('connect')
    assert.equal((await browser.get('/')).text, '{"user":"ada"}')
  })
})
