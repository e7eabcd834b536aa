// The same applications on shortcrust/iron-session and on iron-session 8, over every kind of request it takes.
import assert from 'node:assert/strict'
import { suite, test } from 'node:test'

import { Browser, serve } from '../support.mjs'
import { eight, fixed, NAME, NOW, nine, ONE, ours, require, TWO } from './iron-session.mjs'
import { atTime } from './support.mjs'

/** What a handler does with its session; `options` are those that it was opened with. */
const ROUTES = {
  '/': (session) => session,
  '/login': async (session) => {
    session.user = { name: 'Ada é 🍪', roles: ['admin'] }
    session.visits = 1
    await session.save()
    return session
  },
  '/nested': async (session) => {
    session.user?.roles.push('late')
    await session.save()
    return session
  },
  '/unsaved': (session) => {
    session.lost = true
  },
  '/date': async (session) => {
    session.at = new Date(NOW)
    await session.save()
  },
  '/twice': async (session) => {
    await session.save()
    session.second = true
    await session.save()
  },
  '/saved-late': async (session) => {
    session.early = true
    const saving = session.save()
    session.late = true
    await saving
  },
  '/logout': (session) => {
    const answer = session.destroy()
    return { answer: answer === undefined, keys: Object.keys(session) }
  },
  '/methods': (session) =>
    ['save', 'destroy', 'updateConfig'].map((name) => {
      const { value, ...flags } = Object.getOwnPropertyDescriptor(session, name)
      return [name, value.name, value.length, flags, Object.keys(session)]
    }),
  '/fixed-methods': (session) => {
    session.save = 1
  },
  '/shadow': async (session) => {
    Object.assign(session, { __proto__: { inherited: 1 }, own: 1 })
    await session.save()
  },
  '/config': async (session, options) => {
    session.updateConfig({ ...options, cookieName: 'renamed', ttl: 100, cookieOptions: { path: '/in' } })
    await session.save()
    session.destroy()
  },
  '/config-without-password': async (session) => {
    session.updateConfig({ cookieName: 'renamed', cookieOptions: { maxAge: undefined } })
    await session.save()
  },
  '/big': async (session) => {
    session.big = 'x'.repeat(2800)
    await session.save()
  },
  '/bigger': async (session) => {
    session.big = 'x'.repeat(2850)
    await session.save()
  },
  '/too-big': async (session) => {
    session.big = 'x'.repeat(5000)
    await session.save()
  },
  '/cycle': async (session) => {
    session.self = session
    await session.save()
  },
  '/methods-in-data': async (session) => {
    await session.save()
    return { ...session }
  },
}

const node = (frame) => (module, options) => {
  const handler = async (request, response) => {
    const answer = await answered(request.url, module.getIronSession(request, response, options), options)
    response.end(JSON.stringify(answer) ?? '')
  }
  return async (use) => serve(frame(handler), async (browser) => use(nodeVisit(browser)))
}

function nodeVisit(browser) {
  return async (path, cookie) => {
    const { text, setCookie } = await browser.get(path, { cookie })
    return { text, setCookie }
  }
}

/** How an application meets its sessions: each gives a `visit` of path and Cookie header. */
const HOSTS = {
  'node:http': node((handler) => handler),
  'Express 4': node((handler) => require('express4')().use(handler)),
  'Express 5': node((handler) => require('express')().use(handler)),
  'web Request and Response': (module, options) => (use) =>
    use(async (path, cookie) => {
      const request = new Request(`https://example.com${path}`, cookie ? { headers: { cookie } } : {})
      const response = new Response('')
      const answer = await answered(path, module.getIronSession(request, response, options), options)
      return { text: JSON.stringify(answer) ?? '', setCookie: response.headers.getSetCookie() }
    }),
  'cookies() of Next.js': (module, options) => (use) =>
    use(async (path, cookie) => {
      const store = nextStore(cookie)
      const answer = await answered(path, module.getIronSession(store, options), options)
      return { text: JSON.stringify(answer) ?? '', setCookie: store.written }
    }),
}

async function answered(path, opening, options) {
  try {
    const session = await opening
    return await ROUTES[path](session, options)
  } catch ({ name, message }) {
    return { name, message }
  }
}

function nextStore(header = '') {
  const pairs = header.split('; ').map((pair) => /^([^=]*)=?"?(.*?)"?$/.exec(pair).slice(1))
  const cookies = new Map(pairs)
  const written = []
  return {
    written,
    get: (name) => (cookies.has(name) ? { name, value: cookies.get(name) } : undefined),
    getAll: () => [...cookies].map(([name, value]) => ({ name, value })),
    set: (...given) => {
      written.push(given)
      cookies.set(given[0], given[1])
    },
  }
}

/** What the visits of one application show. */
function transcript(module, host, options, visits) {
  return fixed(() =>
    HOSTS[host](
      module,
      options,
    )(async (visit) => {
      const seen = []
      for (const [path, cookie] of visits) seen.push([path, await visit(path, cookie)])
      return seen
    }),
  )
}

async function assertAlike(host, options, visits) {
  const expected = await transcript(eight, host, options, visits)
  assert.deepEqual(await transcript(ours, host, options, visits), expected)
  return expected
}

const OPTIONS = { cookieName: NAME, password: ONE }
const VARIANTS = {
  'the defaults': {},
  'no end': { ttl: 0 },
  'an hour': { ttl: 3600 },
  'an hour and a half second': { ttl: 3600.5 },
  'a password map': { password: { 1: ONE, 7: TWO } },
  'until the browser is closed': { cookieOptions: { maxAge: undefined } },
  'until the browser is closed, with a ttl': { ttl: 60, cookieOptions: { maxAge: undefined } },
  'a Max-Age': { ttl: 500, cookieOptions: { maxAge: 30.7 } },
  'a Max-Age of null': { cookieOptions: { maxAge: null } },
  'a path and a domain': { cookieOptions: { path: '/in', domain: 'example.com' } },
  'no path': { cookieOptions: { path: undefined } },
  'without Secure and HttpOnly': { cookieOptions: { secure: false, httpOnly: false } },
  'SameSite=Strict': { cookieOptions: { sameSite: true } },
  'SameSite=None': { cookieOptions: { sameSite: 'none', partitioned: true, priority: 'high' } },
  'no SameSite': { cookieOptions: { sameSite: false } },
  'a wrong SameSite': { cookieOptions: { sameSite: 'sometimes' } },
  'a wrong path': { cookieOptions: { path: 'a;b' } },
  'a wrong domain': { cookieOptions: { domain: 'a b' } },
  'a wrong Max-Age': { cookieOptions: { maxAge: Number.NaN } },
  'an Expires': { cookieOptions: { expires: new Date(NOW + 1000) } },
  'an Expires that is past': { cookieOptions: { expires: new Date(0) } },
  'a wrong Expires': { cookieOptions: { expires: 'tomorrow' } },
  'null for attributes': { cookieOptions: null },
  'an encode of its own': { cookieOptions: { encode: (value) => `"${value}"` } },
  'a name that is not allowed': { cookieName: 'a b' },
}

for (const host of Object.keys(HOSTS)) {
  suite(`over ${host}, as iron-session 8`, () => {
    test('every route, with a session and without', async () => {
      const { sealed } = await sessions()
      const visits = Object.keys(ROUTES).flatMap((path) => [
        [path, ''],
        [path, `a=1; ${NAME}=${sealed}; b=2`],
      ])
      const seen = await assertAlike(host, OPTIONS, visits)
      assert.ok(seen.some(([, { setCookie }]) => setCookie.length === 2))
      assert.match(seen.find(([path]) => path === '/too-big')[1].text, /Cookie length is too big/)
      assert.match(
        seen.find(([path]) => path === '/bigger')[1].text,
        /Cookie length is too big \(4\d\d\d bytes\)/,
      )
      assert.doesNotMatch(seen.find(([path]) => path === '/big')[1].text, /too big/)
    })

    for (const [what, given] of Object.entries(VARIANTS)) {
      test(what, async () => {
        const { sealed, second } = await sessions()
        const name = given.cookieName ?? NAME
        const visits = [
          ['/', `${name}=${sealed}`],
          ['/', `${name}=${second}`],
          ['/login', ''],
          ['/nested', `${name}=${sealed}`],
          ['/logout', `${name}=${sealed}`],
        ]
        await assertAlike(host, { ...OPTIONS, ...given }, visits)
      })
    }

    test('cookies that are none of ours', async () => {
      const { sealed, ended } = await sessions()
      const visits = [
        `${NAME}=`,
        `${NAME}=rubbish`,
        `${NAME}="${sealed}"`,
        `${NAME}=${encodeURIComponent(sealed)}`,
        `${NAME}=%E0%A4%A`,
        `${NAME}=${sealed}x`,
        `${NAME}=${sealed.slice(0, -10)}`,
        `${NAME}=${ended}`,
        `${NAME}x=${sealed}`,
        `x${NAME}=${sealed}`,
        `${NAME}`,
        `; ;=;${NAME};  ${NAME}=${sealed}`,
      ].map((cookie) => ['/', cookie])
      await assertAlike(host, OPTIONS, visits)
    })

    test('strange ones that are an error there are an empty session here', async () => {
      const odd = [
        'Fe26.1*1*0*0*0**0*0~2',
        'Fe26.2*1*0*0*0*x*0*0~2',
        'Fe26.2*toString*0*0*0**0*0',
        'Fe26.2*__proto__*0*0*0**0*0',
      ]
      const visits = odd.map((value) => ['/', `${NAME}=${value}`])
      for (const [, { text }] of await transcript(ours, host, OPTIONS, visits)) assert.equal(text, '{}')
    })
  })
}

/** Seals of iron-session 8: by the first password, by the second, and one that has ended. */
async function sessions() {
  const data = { user: { name: 'Bob', roles: [] }, visits: 3 }
  const sealed = await fixed(() => eight.sealData(data, { password: ONE }))
  const second = await fixed(() => eight.sealData(data, { password: { 1: ONE, 7: TWO } }))
  const ended = await atTime(NOW - 200_000, () => eight.sealData(data, { password: ONE, ttl: 60 }))
  return { sealed, second, ended }
}

suite('with node:http', () => {
  for (const [name, module] of Object.entries({ 'iron-session 8': eight, 'shortcrust/iron-session': ours })) {
    test(`${name}: Set-Cookie lines that are there stay`, async () => {
      const handler = async (request, response) => {
        const session = await module.getIronSession(request, response, OPTIONS)
        if (request.url === '/one') response.setHeader('Set-Cookie', 'one=1')
        if (request.url === '/many') response.setHeader('Set-Cookie', ['one=1', 'two=2'])
        await session.save()
        response.end()
      }
      await serve(handler, async (browser) => {
        const names = async (path) => (await browser.get(path)).setCookie.map((line) => line.split('=', 1)[0])
        assert.deepEqual(await names('/'), [NAME])
        assert.deepEqual(await names('/one'), ['one', NAME])
        assert.deepEqual(await names('/many'), ['one', 'two', NAME])
      })
    })

    test(`${name}: save and destroy after the headers are errors`, async () => {
      const errors = []
      const handler = async (request, response) => {
        const session = await module.getIronSession(request, response, OPTIONS)
        response.end('sent')
        await session.save().catch(({ message }) => errors.push(message))
        try {
          session.destroy()
        } catch ({ code }) {
          errors.push(code)
        }
      }
      await serve(handler, async (browser) => assert.equal((await browser.get('/')).text, 'sent'))
      const sent =
        'iron-session: Cannot set session cookie: session.save() was called after headers were sent. Make sure to call it before any res.send() or res.end()'
      assert.deepEqual(errors, [sent, 'ERR_HTTP_HEADERS_SENT'])
    })
  }
})

suite('what 9 adds', () => {
  test('of several cookies the first that opens is taken', async () => {
    const { sealed, ended } = await sessions()
    const bad = `${NAME}=rubbish`
    const seen = []
    const onUnsealError = (reason) => seen.push(reason)
    for (const [header, expected] of [
      [`${bad}; ${NAME}=${sealed}`, 3],
      [`${NAME}=; ${NAME}=${ended}; ${NAME}=${sealed}`, 3],
      [`${bad}; ${bad}; ${bad}; ${bad}; ${NAME}=${sealed}`, undefined],
      [`${NAME}=${ended}; ${bad}`, undefined],
    ]) {
      const request = new Request('http://example.com', { headers: { cookie: header } })
      const open = () => ours.getIronSession(request, new Response(), { ...OPTIONS, onUnsealError })
      assert.equal((await atTime(NOW, open)).visits, expected)
    }
    assert.deepEqual(seen, ['invalid', 'expired'])
  })

  test('a ttl of up to a minute is the Max-Age, as in 9; in 8 the cookie would be gone at once', async () => {
    for (const [ttl, maxAge] of Object.entries({ 1: 1, 59: 59, 60: 60, 61: 1, 120: 60 })) {
      for (const module of [nine, ours]) {
        const headers = new Headers()
        const jar = module.webCookies(new Request('http://example.com'), headers)
        await (await module.getIronSession(jar, { ...OPTIONS, ttl: Number(ttl) })).save()
        assert.match(headers.getSetCookie()[0], new RegExp(`; Max-Age=${maxAge};`))
      }
    }
  })

  test('updateConfig takes a new password, and refuses a short one', async () => {
    const [request, response] = [new Request('http://example.com'), new Response()]
    const session = await ours.getIronSession(request, response, OPTIONS)
    session.user = 'ada'
    session.updateConfig({ ...OPTIONS, password: { 1: ONE, 2: TWO } })
    await session.save()
    const [line] = response.headers.getSetCookie()
    assert.match(line, /^sid=Fe26\.2\*2\*/)
    const seal = line.split(/[=;]/)[1]
    for (const module of [eight, nine, ours]) {
      assert.deepEqual(await module.unsealData(seal, { password: { 2: TWO } }), { user: 'ada' })
    }
    const message = 'iron-session: Bad usage. Password must be at least 32 characters long.'
    assert.throws(() => session.updateConfig({ ...OPTIONS, password: 'short' }), { message })
  })

  /** A browser's worth of cookies, a request at a time, through the adapters. */
  async function visits(module, adapter, steps) {
    const browser = new Browser(0)
    const lines = []
    for (const step of steps) {
      const request = new Request('http://example.com', { headers: { cookie: browser.cookie } })
      const headers = new Headers()
      const jar = adapter(module, request, headers)
      const session = await module.getIronSession(jar, { ...OPTIONS, chunk: true })
      await step(session)
      for (const line of headers.getSetCookie()) {
        const [, name, value] = /^([^=]*)=([^;]*)/.exec(line)
        if (line.includes('Max-Age=0;')) delete browser.cookies[name]
        else browser.cookies[name] = value
      }
      lines.push([headers.getSetCookie(), { ...session }, Object.keys(browser.cookies)])
    }
    return lines
  }

  const filled = (length) => async (session) => {
    session.big = 'x'.repeat(length)
    await session.save()
  }

  test('chunk: a long session is cut into cookies, read again, and cleared, to the byte as in 9', async () => {
    const steps = [
      filled(100),
      () => {},
      filled(5000),
      () => {},
      filled(8000),
      filled(4000),
      filled(10),
      () => {},
    ]
    steps.push(
      filled(9000),
      (session) => session.destroy(),
      () => {},
    )
    const adapter = (module, request, headers) => module.webCookies(request, headers)
    // 9 draws the vector before the salt, so only one byte everywhere is the same for both.
    const random = { salt: 'ab'.repeat(32), iv: 'ab'.repeat(16), mac_salt: 'ab'.repeat(32) }
    const expected = await fixed(() => visits(nine, adapter, steps), { random })
    assert.deepEqual(await fixed(() => visits(ours, adapter, steps), { random }), expected)
    assert.deepEqual(expected[4][2], ['sid.0', 'sid.1', 'sid.2'])
    assert.deepEqual(expected.at(-1)[2], [])
  })

  test('chunk: in a cookie store the same sessions are cut as in 9', async () => {
    const cut = new Set()
    for (let length = 0; length < 30; length++) {
      const options = { ...OPTIONS, cookieName: NAME.padEnd(3 + length, 'x'), chunk: true }
      const written = []
      for (const module of [nine, ours]) {
        const store = nextStore()
        const session = await module.getIronSession(store, options)
        session.big = 'x'.repeat(2830)
        await session.save()
        written.push(store.written.map(([name, { length }]) => [name, length]))
      }
      assert.deepEqual(written[1], written[0])
      cut.add(written[0].length)
    }
    assert.deepEqual([...cut], [1, 2])
  })

  test('chunks are read without chunk too, and by the shorthand', async () => {
    const adapter = (module, request, headers) => module.webCookies(request, headers)
    const [[lines]] = await visits(nine, adapter, [filled(5000)])
    const cookie = lines.map((line) => line.split(';', 1)[0]).join('; ')
    const request = new Request('http://example.com', { headers: { cookie } })
    const response = new Response()
    const session = await ours.getIronSession(request, response, OPTIONS)
    assert.equal(session.big.length, 5000)
    delete session.big
    await session.save()
    const written = response.headers.getSetCookie().map((line) => line.split(/=|; /, 3).slice(0, 3))
    assert.deepEqual(
      written.map(([name]) => name),
      ['sid', 'sid.0', 'sid.1'],
    )
    assert.deepEqual(
      written.slice(1).map(([, value]) => value),
      ['', ''],
    )
  })

  for (const [name, module] of Object.entries({ 'iron-session 9': nine, 'shortcrust/iron-session': ours })) {
    test(`${name}: nodeCookies serves node:http`, async () => {
      const errors = []
      const handler = async (request, response) => {
        const jar = module.nodeCookies(request, response)
        const session = await module.getIronSession(jar, OPTIONS)
        session.visits = (session.visits ?? 0) + 1
        await session.save()
        response.end(JSON.stringify([session.visits, jar.names()]))
        await session.save().catch(({ message }) => errors.push(message))
      }
      await serve(handler, async (browser) => {
        assert.deepEqual((await browser.get('/')).json(), [1, []])
        assert.deepEqual((await browser.get('/')).json(), [2, [NAME]])
      })
      assert.match(errors[0], /session\.save\(\) was called after headers were sent/)
    })

    test(`${name}: webCookies writes to a Response and to Headers, and not to a response that is used up`, async () => {
      const request = new Request('http://example.com', { headers: { cookie: 'one=1; two=2' } })
      for (const target of [new Response('text'), new Headers()]) {
        const jar = module.webCookies(request, target)
        assert.deepEqual([jar.read('one'), jar.read('three'), jar.names()], ['1', undefined, ['one', 'two']])
        await (await module.getIronSession(jar, OPTIONS)).save()
        assert.equal((target.headers ?? target).getSetCookie().length, 1)
      }
      const used = new Response('text')
      await used.text()
      const session = await module.getIronSession(module.webCookies(request, used), OPTIONS)
      await assert.rejects(session.save(), {
        message:
          'iron-session: Cannot set session cookie: the response body has already been consumed, so the Set-Cookie header would be dropped. Call session.save() before returning or streaming the response.',
      })
    })

    test(`${name}: nextProxyCookies writes to the response, and to the request for who reads later`, async () => {
      const [incoming, outgoing] = [nextStore(), nextStore()]
      const jar = module.nextProxyCookies({ cookies: incoming }, { cookies: outgoing })
      const session = await module.getIronSession(jar, OPTIONS)
      session.user = 'ada'
      await session.save()
      assert.deepEqual(outgoing.written[0][2].maxAge, 1_209_540)
      assert.equal(incoming.written[0].length, 2)
      assert.ok(jar.names().includes(NAME))
      const again = await module.getIronSession(jar, OPTIONS)
      assert.equal(again.user, 'ada')
    })

    test(`${name}: after destroy, save writes nothing, and throws where something was put in again`, async () => {
      const written = []
      const jar = { read: () => undefined, write: (...given) => written.push(given) }
      const session = await module.getIronSession(jar, OPTIONS)
      session.user = 'ada'
      session.destroy()
      await session.save()
      assert.deepEqual(
        written.map(([, value]) => value),
        [''],
      )
      session.user = 'ada'
      await assert.rejects(session.save(), {
        message: /^iron-session: Cannot save a destroyed session that has data written back into it\./,
      })
      assert.equal(written.length, 1)
      const fresh = await module.getIronSession(jar, OPTIONS)
      fresh.user = 'bob'
      await fresh.save()
      assert.equal(written.length, 2)
    })

    test(`${name}: a jar is two functions`, async () => {
      const written = []
      const jar = { read: () => undefined, write: (...given) => written.push(given) }
      const session = await module.getIronSession(jar, OPTIONS)
      await session.save()
      session.destroy()
      assert.deepEqual(
        written.map(([name, , { maxAge }]) => [name, maxAge]),
        [
          [NAME, 1_209_540],
          [NAME, 0],
        ],
      )
    })

    test(`${name}: a name that leaves no room for chunks`, async () => {
      const jar = { read() {}, write() {} }
      const options = { ...OPTIONS, cookieName: 'x'.repeat(4090), chunk: true }
      const session = await module.getIronSession(jar, options)
      await assert.rejects(session.save(), {
        message:
          'iron-session: The cookie name and options alone take 4150 bytes, which leaves no room for session data. Use a shorter cookie name.',
      })
    })
  }

  test('a promise of a store is taken, also where it has the methods of one', async () => {
    const { sealed } = await sessions()
    const store = nextStore(`${NAME}=${sealed}`)
    const both = Object.assign(Promise.resolve(store), { get: store.get, set: store.set })
    for (const given of [store, Promise.resolve(store), both]) {
      const session = await atTime(NOW, () => ours.getIronSession(given, OPTIONS))
      assert.equal(session.visits, 3)
    }
  })
})

suite('swapping', () => {
  function app(module) {
    return async (request, response) => {
      const session = await module.getIronSession(request, response, OPTIONS)
      if (request.url === '/login') session.user = 'ada'
      session.visits = (session.visits ?? 0) + 1
      await session.save()
      response.end(JSON.stringify(session))
    }
  }

  for (const [name, stock] of Object.entries({ 'iron-session 8': eight, 'iron-session 9': nine })) {
    test(`who is logged in at ${name} stays so at ours, and back, on one port`, async () => {
      let visits = 0
      let module
      await serve(
        (...args) => app(module)(...args),
        async (browser) => {
          for (const [at, next] of [stock, ours, stock, ours].entries()) {
            module = next
            const { text } = await browser.get(at === 0 ? '/login' : '/')
            visits += 1
            assert.deepEqual(JSON.parse(text), { user: 'ada', visits })
          }
        },
      )
    })
  }
})
