// The same applications on shortcrust/iron-session and on iron-session 8, over every kind of request it takes.
import assert from 'node:assert/strict'
import { suite, test } from 'node:test'

import { serve } from '../support.mjs'
import {
  eight,
  fixed,
  NAME,
  NOW,
  nextStore,
  nine,
  ONE,
  OPTIONS,
  ours,
  require,
  sessions,
  TWO,
} from './iron-session.mjs'

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
