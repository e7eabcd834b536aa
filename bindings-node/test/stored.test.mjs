// Sessions in a store, on each host.
import assert from 'node:assert/strict'
import { once } from 'node:events'
import http from 'node:http'
import { test } from 'node:test'

import { login, logout, reason, session } from 'shortcrust/express'
import { MemoryStore } from 'shortcrust/stores/memory'

import { POSTGRES, REDIS } from './services.mjs'
import { SERVERS, STORES, Wire } from './stores.mjs'
import {
  clock,
  DAY,
  HOSTS,
  NOW,
  SECRET,
  sealedToken,
  serve,
  storeKey,
  userIndex,
  warnings,
} from './support.mjs'

const optionsFor = (store, more) => ({ secrets: [SECRET], store, ...more })

/** Writes down what a store is asked, and does first what `before` has for a method. */
export function watched(store, before = {}) {
  const asked = []
  const proxy = new Proxy(store, {
    get(target, name) {
      const value = target[name]
      if (typeof value !== 'function') return value
      return async (...args) => {
        // Chance decides when it sweeps.
        if (name !== 'sweep' || before.sweep) asked.push(name)
        await before[name]?.(...args)
        return value.apply(target, args)
      }
    },
  })
  return { store: proxy, asked, writes: () => asked.filter((name) => name !== 'load') }
}

/** Whatever comes to it fails. */
const failing = () => Promise.reject(new Error('the store is out'))
const set = (entries) => (request) => Object.assign(request.session, entries)
const routes = {
  '/in': set({ user: 'ada', basket: { items: ['pie'] } }),
  '/add': set({ more: 1 }),
  '/plain': (_, response) => response.end('plain'),
}

for (const [host, app] of Object.entries(HOSTS)) {
  for (const [name, { skip, open }] of Object.entries(STORES)) {
    test(`${host}, ${name}: what was set is there at the next request, and what was changed`, {
      skip,
    }, async () => {
      const { store, close } = await open()
      const more = { '/push': (request) => request.session.basket.items.push('tart') }
      await serve(app(optionsFor(store), { ...routes, ...more }), async (browser) => {
        const { setCookie, headers } = await browser.get('/in')
        assert.equal(setCookie.length, 1)
        assert.match(setCookie[0], /^session=[\w-]{43}; Path=\/; Max-Age=1209600; HttpOnly; SameSite=Lax$/)
        assert.equal(headers['cache-control'], 'private, no-store')
        assert.equal(headers.vary, 'Cookie')
        const id = browser.cookies.session
        await browser.get('/push')
        assert.deepEqual((await browser.get()).json(), { user: 'ada', basket: { items: ['pie', 'tart'] } })
        assert.equal(browser.cookies.session, id)
        await browser.get('/bye')
      })
      await close()
    })
  }

  const on = (title, run, { more = {}, before, options } = {}) =>
    test(`${host}: ${title}`, async (context) => {
      const memory = watched(new MemoryStore(), before)
      const host = app(optionsFor(memory.store, options), { ...routes, ...more })
      await serve(host, (browser) => run(browser, memory, context))
    })

  on('the store never sees the id', async (browser, { store }) => {
    await browser.get('/in')
    assert.deepEqual(await store.load([browser.cookies.session]), [undefined])
  })

  on('a request that only read writes nothing and sets no cookie', async (browser, { asked }) => {
    await browser.get('/in')
    asked.length = 0
    const { setCookie, headers } = await browser.get()
    assert.deepEqual({ setCookie, asked }, { setCookie: [], asked: ['load'] })
    assert.equal(headers.vary, 'Cookie')
    assert.equal((await browser.get('/plain')).headers.vary, undefined)
  })

  on('without a cookie of the name the store is not asked', async (browser, { asked }) => {
    await browser.get('/', { cookie: 'other=1' })
    await browser.get('/', { cookie: 'session=nonsense' })
    assert.deepEqual(asked, [])
  })

  on('an id that the store does not know is not adopted', async (browser, { asked }) => {
    const chosen = 'A'.repeat(43)
    const { setCookie } = await browser.get('/add', { cookie: `session=${chosen}` })
    assert.deepEqual(asked, ['load', 'create'])
    assert.ok(setCookie[0] && !setCookie[0].includes(chosen))
  })

  on('reading renews when a quarter of the idle time is over', async (browser, { asked }, context) => {
    const later = clock(context)
    await browser.get('/in')
    later(NOW + 4 * DAY * 1_000)
    asked.length = 0
    assert.equal((await browser.get()).setCookie.length, 1)
    assert.deepEqual(asked, ['load', 'save'])
    later(NOW + 15 * DAY * 1_000)
    assert.equal((await browser.get()).json().user, 'ada')
  })

  const gate = () => {
    const opening = {}
    opening.opened = new Promise((resolve) => {
      opening.open = resolve
    })
    opening.reached = new Promise((resolve) => {
      opening.reach = resolve
    })
    return opening
  }

  let slow
  const slowly = (change) => async (request) => {
    slow = slow ?? gate()
    request.session
    slow.reach()
    await slow.opened
    await change(request)
  }
  const overlapping = (title, change, run) =>
    on(
      title,
      async (browser, memory) => {
        await browser.get('/in')
        slow = gate()
        const cookie = browser.cookie
        const first = browser.get('/slow', { cookie })
        await slow.reached
        await run(browser, memory, async () => {
          slow.open()
          return first
        })
      },
      {
        more: {
          '/slow': slowly(change),
          '/login': (request) => login(request, 'ada'),
          '/logout': (request) => logout(request),
        },
      },
    )

  overlapping('requests that overlap lose nothing', set({ slow: 1 }), async (browser, _, finish) => {
    await browser.get('/add')
    await finish()
    const { user, more, slow } = (await browser.get()).json()
    assert.deepEqual({ user, more, slow }, { user: 'ada', more: 1, slow: 1 })
  })

  overlapping(
    'a request that only read erases no write',
    () => {},
    async (browser, { asked }, finish) => {
      await browser.get('/add')
      asked.length = 0
      await finish()
      assert.deepEqual(asked, [])
      assert.equal((await browser.get()).json().more, 1)
    },
  )

  overlapping(
    'after a logout the write of a request in flight makes nothing and sets no cookie',
    set({ slow: 1 }),
    async (browser, _, finish) => {
      const { setCookie } = await browser.get('/logout')
      assert.match(setCookie[0], /^session=; .*Max-Age=0/)
      assert.deepEqual((await finish()).setCookie, [])
    },
  )

  overlapping(
    'after a login the write of a request in flight logs nobody out',
    set({ slow: 1 }),
    async (browser, _, finish) => {
      await browser.get('/login')
      const { session: id } = browser.cookies
      assert.deepEqual((await finish()).setCookie, [])
      assert.equal(browser.cookies.session, id)
      assert.deepEqual((await browser.get()).json(), { user: 'ada', basket: { items: ['pie'] } })
    },
  )

  on(
    'the id from before a login is empty and suppressed for a minute, and unknown later',
    async (browser, _, context) => {
      const later = clock(context)
      await browser.get('/in')
      const before = browser.cookie
      await browser.get('/login')
      assert.notEqual(browser.cookie, before)
      const { setCookie, text } = await browser.get('/why', { cookie: before })
      assert.deepEqual({ setCookie, text }, { setCookie: [], text: 'ended {}' })
      assert.deepEqual((await browser.get('/add', { cookie: before })).setCookie, [])
      later(NOW + 61_000)
      assert.equal((await browser.get('/why', { cookie: before })).text, 'not_found {}')
    },
    {
      more: {
        '/login': (request) => login(request, 'ada'),
        '/why': (request, response) => response.end(`${reason(request)} ${JSON.stringify(request.session)}`),
      },
    },
  )

  on(
    'who logs in with an id that has just ended gets a session of their own',
    async (browser) => {
      await browser.get('/in')
      const before = browser.cookie
      await browser.get('/logout')
      assert.equal((await browser.get('/login', { cookie: before })).setCookie.length, 1)
      assert.deepEqual((await browser.get()).json(), { user: 'ada' })
    },
    {
      more: {
        '/logout': (request) => logout(request),
        '/login': async (request) => {
          await login(request, 'ada')
          request.session.user = 'ada'
        },
      },
    },
  )

  on(
    'a login keeps what was there, but for what was another user’s',
    async (browser) => {
      await browser.get('/add')
      await browser.get('/ada')
      assert.deepEqual((await browser.get()).json(), { more: 1, name: 'ada' })
      await browser.get('/ada')
      assert.deepEqual((await browser.get()).json(), { more: 1, name: 'ada' })
      await browser.get('/bob')
      assert.deepEqual((await browser.get()).json(), { name: 'bob' })
    },
    {
      more: Object.fromEntries(
        ['ada', 'bob'].map((name) => [
          `/${name}`,
          async (request) => {
            await login(request, name)
            request.session.name = name
          },
        ]),
      ),
    },
  )

  on(
    'what is put into the session after a logout is another one’s, of nobody’s',
    async (browser) => {
      await browser.get('/in')
      const before = browser.cookie
      await browser.get('/logout')
      assert.notEqual(browser.cookie, before)
      assert.deepEqual((await browser.get()).json(), { flash: 'bye' })
    },
    {
      more: {
        '/logout': async (request) => {
          await logout(request)
          request.session.flash = 'bye'
        },
      },
    },
  )

  const endings = {
    null: (request) => {
      request.session = null
    },
    delete: (request) => {
      delete request.session
    },
    'destroy and a promise': (request) => request.session.destroy(),
    'destroy and a callback': (request) => new Promise((resolve) => request.session.destroy(resolve)),
    'an emptied session': (request) => {
      for (const key of Object.keys(request.session)) delete request.session[key]
    },
  }
  for (const [ending, end] of Object.entries(endings)) {
    on(
      `${ending} ends the session in the store and deletes the cookie`,
      async (browser, { asked }) => {
        await browser.get('/in')
        const before = browser.cookie
        asked.length = 0
        const { setCookie } = await browser.get('/bye')
        assert.equal(setCookie.length, 1)
        assert.match(setCookie[0], /^session=; .*Max-Age=0/)
        assert.deepEqual(asked, ['load', 'save'])
        assert.deepEqual((await browser.get('/', { cookie: before })).json(), {})
      },
      { more: { '/bye': end } },
    )
  }

  on(
    'save writes at once, any number of times, and also all at once',
    async (browser, { asked }) => {
      assert.equal((await browser.get('/save')).setCookie.length, 1)
      assert.deepEqual(asked, ['create', 'save', 'save'])
      assert.deepEqual((await browser.get()).json(), { n: 3 })
    },
    {
      more: {
        '/save': async (request) => {
          const one = request.session
          one.n = 1
          const first = one.save()
          one.n = 2
          const second = one.save()
          await Promise.all([first, second])
          one.n = 3
          await new Promise((resolve, reject) => one.save((error) => (error ? reject(error) : resolve())))
          await one.save()
        },
      },
    },
  )

  on(
    'save, regenerate, and save again make one session under one id',
    async (browser, { store, asked }) => {
      await browser.get('/in')
      const before = browser.cookie
      asked.length = 0
      await browser.get('/passport')
      assert.notEqual(browser.cookie, before)
      assert.deepEqual(asked, ['load', 'save', 'create'])
      assert.deepEqual((await browser.get()).json(), { passport: { user: 'ada' } })
      assert.deepEqual((await browser.get('/', { cookie: before })).json(), {})
      const kept = await store.list(userIndex('ada'))
      assert.equal(kept.length, 1)
    },
    {
      options: { userKey: 'passport.user' },
      more: {
        '/passport': (request) =>
          new Promise((resolve, reject) => {
            request.session.save(() => {
              request.session.regenerate((error) => {
                if (error) return reject(error)
                request.session.passport = { user: 'ada' }
                request.session.save((error) => (error ? reject(error) : resolve()))
              })
            })
          }),
      },
    },
  )

  on(
    'reload brings what is in the store by now',
    async (browser) => {
      await browser.get('/in')
      assert.deepEqual((await browser.get('/reload')).json(), {
        user: 'ada',
        basket: { items: ['pie'] },
        more: 1,
      })
      assert.equal((await browser.get('/none', { cookie: '' })).text, 'not_found')
    },
    {
      more: {
        '/reload': async (request) => {
          request.session.user = 'mallory'
          const { port } = request.socket.address()
          const headers = { cookie: request.headers.cookie }
          const [other] = await once(http.get({ port, path: '/add', headers }), 'response')
          other.resume()
          await once(other, 'end')
          await request.session.reload()
        },
        '/none': async (request, response) => {
          await request.session.reload().catch(({ code }) => response.end(code))
        },
      },
    },
  )

  on(
    'touch moves the end and no data',
    async (browser, { asked }) => {
      await browser.get('/in')
      asked.length = 0
      assert.equal((await browser.get('/touch')).setCookie.length, 1)
      assert.deepEqual(asked, ['load', 'save'])
    },
    { more: { '/touch': (request) => request.session.touch() } },
  )

  on(
    'the cookie is set by a stream’s head, and what comes after it is saved',
    async (browser) => {
      assert.equal((await browser.get('/stream')).setCookie.length, 1)
      assert.deepEqual((await browser.get()).json(), { a: 1, b: 2 })
      await browser.get('/more')
      assert.deepEqual((await browser.get()).json(), { a: 1, b: 2, c: 3 })
    },
    {
      more: {
        '/stream': (request, response) => {
          request.session.a = 1
          response.write('head')
          request.session.b = 2
          response.end()
        },
        '/more': (request, response) => {
          response.write('head')
          request.session.c = 3
          response.end()
        },
      },
    },
  )

  on(
    'what comes after a head without a cookie is lost, and save and regenerate say so',
    async (browser, { asked }) => {
      await browser.get('/late')
      assert.deepEqual(asked, [])
      await browser.get('/in')
      asked.length = 0
      await browser.get('/regenerate')
      assert.deepEqual(asked, ['load'])
    },
    {
      more: {
        '/late': async (request, response) => {
          request.session
          response.write('head')
          request.session.a = 1
          await assert.rejects(request.session.save(), { name: 'SealError', code: 'late' })
          await assert.rejects(login(request, 'ada'), { code: 'late' })
          response.end()
        },
        '/regenerate': async (request, response) => {
          response.write('head')
          await assert.rejects(request.session.regenerate(), { code: 'late' })
          response.end()
        },
      },
    },
  )

  test(`${host}: of many creates some sweep, and its failure is nobody's`, async () => {
    const { store, asked } = watched(new MemoryStore(), { sweep: failing })
    await serve(app(optionsFor(store), routes), async (browser) => {
      const sweeps = () => asked.filter((name) => name === 'sweep').length
      // Each does with a chance of one in 64.
      for (let done = 0; sweeps() === 0 && done < 5_000; done++) await browser.get('/in', { cookie: '' })
      assert.ok(sweeps() > 0)
    })
  })

  test(`${host}: a session that is too large is not written, and says so`, async () => {
    const { store, asked } = watched(new MemoryStore())
    const large = { '/large': set({ large: 'x'.repeat(8 * 1024 * 1024) }) }
    const [warning] = await warnings(() =>
      serve(app(optionsFor(store), large), async (browser) => {
        const { status, setCookie } = await browser.get('/large')
        assert.deepEqual({ status, setCookie, asked }, { status: 200, setCookie: [], asked: [] })
      }),
    )
    assert.equal(warning.code, 'SHORTCRUST_NOT_SAVED')
    assert.ok(!warning.message.includes('xxx'))
  })
}

for (const [name, { skip, open }] of Object.entries(SERVERS)) {
  test(`${name}: a request that only read is one round trip, and one that wrote is two`, {
    skip,
  }, async () => {
    const wire = await Wire.to((name === 'postgres' ? POSTGRES : REDIS).url)
    const { store, close } = await open(wire.address)
    await serve(HOSTS['Express 5'](optionsFor(store), routes), async (browser) => {
      await browser.get('/in')
      await browser.get()
      const key = await keyOf(browser)
      const [{ version }] = await store.load([key])
      assert.equal(await wire.count(() => browser.get()), 1)
      assert.deepEqual((await store.load([key]))[0].version, version)
      assert.equal(await wire.count(() => browser.get('/add')), 2)
      assert.deepEqual((await store.load([key]))[0].version, version + 1)
    })
    await close()
    wire.close()
  })

  test(`${name}: a server that goes away and comes back fails only what is asked meanwhile`, {
    skip,
  }, async () => {
    const { store, close } = await open()
    let isOut = false
    const out = async () => isOut && failing()
    const watchedStore = watched(store, { load: out, create: out, save: out }).store
    await serve(HOSTS['Express 5'](optionsFor(watchedStore), routes), async (browser) => {
      await browser.get('/in')
      isOut = true
      assert.equal((await silently(() => browser.get())).status, 500)
      isOut = false
      assert.equal((await browser.get()).json().user, 'ada')
    })
    await close()
  })
}

const keyOf = ({ cookies }) => storeKey('record', cookies.session)

/** Express tells of errors on stderr. */
async function silently(run) {
  const { error } = console
  console.error = () => {}
  try {
    return await run()
  } finally {
    console.error = error
  }
}

/** An app whose errors are told: `code message`. */
function failingApp(version, options, routes) {
  const express = version
  const app = express()
  app.use(session(options))
  app.use(async (request, response, next) => {
    try {
      await routes[request.url]?.(request, response)
      if (!response.writableEnded) response.json({ ...request.session })
    } catch (error) {
      next(error)
    }
  })
  app.use((error, request, response, next) => {
    if (response.headersSent) return next(error)
    response.status(500).end(`${error.code ?? 'none'} ${error.message} ${reason(request)}`)
  })
  return app
}

const { default: express5 } = await import('express')
const { default: express4 } = await import('express4')

for (const [host, version] of Object.entries({ 'Express 4': express4, 'Express 5': express5 })) {
  const on = (title, before, options, run) =>
    test(`${host}: ${title}`, async () => {
      const memory = new MemoryStore()
      const good = optionsFor(memory)
      const { store, asked } = watched(memory, before)
      const more = {
        '/login': async (request) => {
          await login(request, 'ada')
          request.session.name = 'ada'
        },
        '/caught': async (request) => {
          request.session.a = 1
          await assert.rejects(request.session.save(), /the store is out/)
        },
        '/logout': (request) => logout(request),
        '/destroy': (request) => request.session.destroy(),
        '/regenerate': (request) => request.session.regenerate(),
        '/half': (request, response) => {
          response.write('head')
          request.session.a = 1
          response.end()
        },
      }
      await serve(HOSTS[host](good, routes), async (first) => {
        await first.get('/in')
        await serve(
          failingApp(version, optionsFor(store, options), { ...routes, ...more }),
          async (browser) => {
            browser.cookies = first.cookies
            await run(browser, asked)
          },
        )
      })
    })

  const OUT = 'none the store is out unavailable'
  on('the store’s own error at reading goes to next', { load: failing }, {}, async (browser) => {
    const { status, text, setCookie } = await browser.get()
    assert.deepEqual({ status, text, setCookie }, { status: 500, text: OUT, setCookie: [] })
  })

  on(
    'the store’s own error at writing goes to next, and no cookie is set',
    { save: failing, create: failing },
    {},
    async (browser, asked) => {
      for (const cookie of ['', browser.cookie]) {
        asked.length = 0
        const { status, text, setCookie } = await browser.get('/add', { cookie })
        assert.deepEqual({ status, text, setCookie }, { status: 500, text: OUT, setCookie: [] })
        assert.equal(asked.filter((name) => name !== 'load').length, 1)
      }
    },
  )

  on('who catches the error of a save answers as they like', { create: failing }, {}, async (browser) => {
    const { status, setCookie } = await browser.get('/caught', { cookie: '' })
    assert.deepEqual({ status, setCookie }, { status: 200, setCookie: [] })
  })

  on(
    'by choice a request without the store has an empty session, and writes nothing',
    { load: failing },
    { outage: 'empty' },
    async (browser, asked) => {
      for (const path of ['/', '/add']) {
        const { status, setCookie } = await browser.get(path)
        assert.deepEqual({ status, setCookie }, { status: 200, setCookie: [] })
      }
      assert.deepEqual((await browser.get()).json(), {})
      assert.deepEqual(asked, ['load', 'load', 'load'])
    },
  )

  on(
    'by choice what can’t be written is not, and no cookie is set',
    { save: failing, create: failing },
    { outage: 'empty' },
    async (browser) => {
      for (const cookie of ['', browser.cookie]) {
        const { status, setCookie } = await browser.get('/add', { cookie })
        assert.deepEqual({ status, setCookie }, { status: 200, setCookie: [] })
      }
    },
  )

  on(
    'a login, a logout and a new id without the store are errors, whatever was chosen',
    { load: failing, create: failing },
    { outage: 'empty' },
    async (browser) => {
      for (const path of ['/login', '/logout', '/destroy', '/regenerate']) {
        const { status, text, setCookie } = await browser.get(path)
        assert.deepEqual({ status, setCookie }, { status: 500, setCookie: [] })
        assert.match(text, /^unavailable /)
      }
      const fresh = await browser.get('/login', { cookie: '' })
      assert.deepEqual(
        { status: fresh.status, text: fresh.text, setCookie: fresh.setCookie },
        { status: 500, text: OUT, setCookie: [] },
      )
    },
  )

  on(
    'an answer whose head is out is broken off where the store fails',
    { save: failing },
    {},
    async (browser) => {
      await assert.rejects(
        silently(() => browser.get('/half')),
        { code: 'ECONNRESET' },
      )
    },
  )

  test(`${host}: after sixteen tries in vain it is a conflict`, async () => {
    const memory = new MemoryStore()
    const other = async (key) => {
      const [{ version, text }] = await memory.load([key])
      await memory.save(key, version, {
        text: text.replace(/"n":\d+/, `"n":${version}`),
        expires: Date.now() + 60_000,
      })
    }
    const { store, asked } = watched(memory, { save: other })
    const routes = { '/in': set({ n: 0 }), '/add': set({ more: 1 }) }
    await serve(failingApp(version, optionsFor(store), routes), async (browser) => {
      await browser.get('/in')
      asked.length = 0
      const { status, text, setCookie } = await browser.get('/add')
      assert.equal(status, 500)
      assert.match(text, /^conflict .* conflict$/)
      assert.deepEqual(setCookie, [])
      assert.equal(asked.filter((name) => name === 'save').length, 16)
    })
  })

  test(`${host}: who calls next after the answer changes nothing of it`, async () => {
    const { store } = watched(new MemoryStore(), {
      create: () => new Promise((done) => setTimeout(done, 30)),
    })
    const app = version()
    app.use(session(optionsFor(store)))
    app.get('/', (request, response, next) => {
      request.session.a = 1
      response.set('X-Mine', 'Yes').json({ a: 1 })
      next()
    })
    await serve(app, async (browser) => {
      const { status, headers, text, setCookie } = await browser.get()
      assert.deepEqual(
        { status, text, cookies: setCookie.length },
        { status: 200, text: '{"a":1}', cookies: 1 },
      )
      assert.equal(headers['x-mine'], 'Yes')
      assert.match(headers['content-type'], /json/)
    })
  })
}

test('node:http: the store’s error comes by next', async () => {
  const { store } = watched(new MemoryStore(), { create: failing })
  const middleware = session(optionsFor(store))
  const seen = []
  const handler = (request, response) =>
    middleware(request, response, (error) => {
      if (error) {
        seen.push(error.message)
        response.writeHead(503).end()
        return
      }
      request.session.a = 1
      response.end()
    })
  await serve(handler, async (browser) => {
    const { status, setCookie } = await browser.get()
    assert.deepEqual({ status, setCookie, seen }, { status: 503, setCookie: [], seen: ['the store is out'] })
  })
})

test('a session in its cookie moves into the store', async (context) => {
  clock(context)
  const { store, asked } = watched(new MemoryStore())
  const options = optionsFor(store, { readers: [{ format: 'sealed', until: 'never' }] })
  await serve(HOSTS['Express 5'](options, routes), async (browser) => {
    browser.cookies.session = sealedToken('{"user":"ada"}')
    assert.deepEqual((await browser.get()).json(), { user: 'ada' })
    assert.match(browser.cookies.session, /^[\w-]{43}$/)
    assert.deepEqual(asked, ['load', 'create'])
    assert.deepEqual((await browser.get()).json(), { user: 'ada' })
  })
})

test("with format express the id is signed as express-session's", async () => {
  const options = optionsFor(new MemoryStore(), { format: 'express', name: 'connect.sid' })
  await serve(HOSTS['Express 5'](options, routes), async (browser) => {
    assert.match((await browser.get('/in')).setCookie[0], /^connect\.sid=s%3A[\w-]{43}\.[\w%]+; /)
    assert.equal((await browser.get()).json().user, 'ada')
    const cookie = browser.cookie.replace(/.{6}$/, 'AAAAAA')
    assert.deepEqual((await browser.get('/', { cookie })).json(), {})
  })
})

test('wrong options are errors that say what to do', () => {
  const store = new MemoryStore()
  const wrong = (options, message) =>
    assert.throws(() => session({ secrets: [SECRET], ...options }), { name: 'ConfigError', message })
  wrong({ store, revocations: store }, /not both/)
  wrong({ store: {} }, /must be a store/)
  wrong({ store: 'redis://' }, /store must be a store, not a string: .* RedisStore/)
  wrong({ store: null }, /must be a store/)
  wrong({ store: { get() {} } }, /ExpressSessionStore/)
  wrong({ store, outage: 'ignore' }, /'error' or 'empty'/)
  wrong({ outage: 'empty' }, /goes with a store/)
  wrong({ store, userKey: 1 }, /userKey must be a string/)
  wrong({ store, format: 'sealed' }, /carries no id/)
  wrong({ format: 'id' }, /needs a store/)
  wrong({ format: 'express' }, /needs a store/)
  wrong({ revocations: store, format: 'flask' }, /sealed/)
  wrong({ revocations: store, policy: { absolute: null } }, /absolute/)
})
