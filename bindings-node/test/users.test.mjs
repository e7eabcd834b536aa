// Login, logout, and a user's other sessions: in a store, and in cookies with a store of revocations.
import assert from 'node:assert/strict'
import { test } from 'node:test'

import { login, logout, reason, session, sessions, user } from 'shortcrust/express'
import { MemoryStore } from 'shortcrust/stores/memory'

import { claims } from './paseto.mjs'
import { POSTGRES, REDIS } from './services.mjs'
import { newUser, SERVERS, STORES, WHOLE_STORES, Wire } from './stores.mjs'
import { Browser, clock, HOSTS, NOW, SECRET, serve } from './support.mjs'

/** What an application does for a user, whose name is in the query. */
const routesFor = (user) => ({
  '/login': async (request) => {
    await login(request, user)
    request.session.user = user
  },
  '/logout': (request) => logout(request),
  '/list': async (request, response) => response.end(JSON.stringify(await sessions.list(request, user))),
  '/revoke': (request) => sessions.revoke(request, request.headers.handle),
  '/revoke-all': async (request, response) => response.end(String(await sessions.revokeAll(request, user))),
  '/revoke-others': async (request, response) =>
    response.end(String(await sessions.revokeAll(request, user, { exceptCurrent: true }))),
  '/login-alone': async (request) => {
    await login(request, user)
    request.session.user = user
    await sessions.revokeAll(request, user, { exceptCurrent: true })
    request.session.alone = true
  },
  '/alone-login': async (request) => {
    await sessions.revokeAll(request, user)
    await login(request, user)
    request.session.user = user
  },
  '/why': (request, response) => response.end(reason(request) ?? 'none'),
})

/** Runs `run` with three logged in browsers. */
async function browsers(user, options, run, host) {
  await serve(
    HOSTS[host ?? 'Express 5']({ secrets: [SECRET], ...options }, routesFor(user)),
    async ({ port }) => {
      const three = [new Browser(port), new Browser(port), new Browser(port)]
      for (const browser of three) await browser.get('/login')
      await run(...three)
    },
  )
}

const who = async (browser) => (await browser.get()).json().user

for (const [name, { skip, open }] of Object.entries(WHOLE_STORES)) {
  test(`${name}: a user sees their sessions, and ends one by its handle`, { skip }, async () => {
    const { store, close } = await open()
    const user = newUser()
    await browsers(user, { store }, async (one, two, three) => {
      const list = (await one.get('/list')).json()
      assert.equal(list.length, 3)
      assert.equal(list.filter(({ isCurrent }) => isCurrent).length, 1)
      const ages = list.map(({ created, renewed }) => [
        Date.now() - new Date(created),
        Date.now() - new Date(renewed),
      ])
      assert.ok(ages.flat().every((age) => age >= 0 && age < 60_000))
      assert.ok(!JSON.stringify(list).includes(one.cookies.session))
      const { handle } = (await two.get('/list')).json().find(({ isCurrent }) => isCurrent)
      await one.get('/revoke', { headers: { handle } })
      assert.deepEqual([await who(one), await who(two), await who(three)], [user, undefined, user])
      assert.equal((await one.get('/list')).json().length, 2)
    })
    await close()
  })

  test(`${name}: a user's own session may be ended by its handle too`, { skip }, async () => {
    const { store, close } = await open()
    const user = newUser()
    await browsers(user, { store }, async (one, two) => {
      const { handle } = (await one.get('/list')).json().find(({ isCurrent }) => isCurrent)
      const { setCookie } = await one.get('/revoke', { headers: { handle } })
      assert.match(setCookie[0], /^session=; .*Max-Age=0/)
      assert.deepEqual([await who(one), await who(two)], [undefined, user])
    })
    await close()
  })

  for (const [path, expected, count] of [
    ['/revoke-all', [undefined, undefined, undefined], '3'],
    ['/revoke-others', ['it', undefined, undefined], '2'],
  ]) {
    test(`${name}: ${path} ends a user's sessions, and nobody else's`, { skip }, async () => {
      const { store, close } = await open()
      const [user, other] = [newUser(), newUser()]
      await browsers(other, { store }, async (bob) => {
        await browsers(user, { store }, async (...three) => {
          assert.equal((await three[0].get(path)).text, count)
          const found = await Promise.all(three.map(who))
          assert.deepEqual(
            found,
            expected.map((it) => it && user),
          )
        })
        assert.equal(await who(bob), other)
      })
      await close()
    })
  }

  test(`${name}: a login may end all other sessions, in any order`, { skip }, async () => {
    const { store, close } = await open()
    const user = newUser()
    for (const path of ['/login-alone', '/alone-login']) {
      await browsers(user, { store }, async (one, two) => {
        await one.get(path)
        assert.deepEqual([await who(one), await who(two)], [user, undefined])
        assert.equal((await one.get('/list')).json().length, 1)
      })
    }
    await close()
  })
}

for (const [name, { skip, open }] of Object.entries(SERVERS)) {
  test(`${name}: ending a hundred sessions of a user is at most three round trips`, { skip }, async () => {
    const wire = await Wire.to((name === 'postgres' ? POSTGRES : REDIS).url)
    const { store, close } = await open(wire.address)
    const user = newUser()
    const middleware = session({ secrets: [SECRET], store })
    await serve(HOSTS['Express 5']({ secrets: [SECRET], store }, routesFor(user)), async (browser) => {
      await Promise.all(Array.from({ length: 100 }, () => browser.get('/login', { cookie: '' })))
      await sessions.revokeAll(middleware, newUser())
      const trips = await wire.count(async () =>
        assert.equal(await sessions.revokeAll(middleware, user), 100),
      )
      assert.ok(trips <= 3, `${trips} round trips`)
    })
    await close()
    wire.close()
  })
}

for (const [host] of Object.entries(HOSTS)) {
  test(`${host}: a session in a store that was revoked is not there any more`, async () => {
    const store = new MemoryStore()
    await browsers(
      'ada',
      { store },
      async (one, two) => {
        await one.get('/revoke-all')
        const { setCookie, text } = await two.get('/why')
        assert.deepEqual({ setCookie, text }, { setCookie: [], text: 'not_found' })
      },
      host,
    )
  })

  test(`${host}: with a store of revocations, a copy of the cookie from before the logout is refused`, async () => {
    await browsers(
      'ada',
      { revocations: new MemoryStore() },
      async (one, two) => {
        const { cookie } = one
        await one.get('/logout')
        assert.equal((await one.get('/why', { cookie })).text, 'revoked')
        assert.equal(await who(two), 'ada')
      },
      host,
    )
  })
}

test('in cookies, all of a user’s sessions end, but for the current one and for later ones', async (context) => {
  const later = clock(context)
  for (const path of ['/revoke-all', '/revoke-others']) {
    await browsers('ada', { revocations: new MemoryStore() }, async (one, two, three) => {
      const copy = one.cookie
      assert.equal((await one.get(path)).text, 'undefined')
      assert.equal((await one.get('/why', { cookie: copy })).text, 'revoked')
      assert.equal(await who(one), path === '/revoke-others' ? 'ada' : undefined)
      assert.deepEqual([await who(two), await who(three)], [undefined, undefined])
      later(NOW + 5_000)
      await two.get('/login')
      assert.equal(await who(two), 'ada')
      later(NOW)
    })
  }
})

test('in cookies, a login in the same request as the end of all others goes on', async (context) => {
  const later = clock(context)
  for (const path of ['/login-alone', '/alone-login']) {
    for (const cookie of [undefined, '']) {
      await browsers('ada', { revocations: new MemoryStore() }, async (one, two) => {
        await one.get(path, { cookie: cookie ?? one.cookie })
        assert.deepEqual([await who(one), await who(two)], ['ada', undefined])
        later(NOW + 2_000)
        assert.equal(await who(one), 'ada')
        later(NOW)
      })
    }
  }
})

test('in cookies, an emptied session is revoked', async () => {
  const revocations = new MemoryStore()
  const empty = (request) => {
    for (const key of Object.keys(request.session)) delete request.session[key]
  }
  const routes = { ...routesFor('ada'), '/empty': empty }
  await serve(HOSTS['Express 5']({ secrets: [SECRET], revocations }, routes), async (browser) => {
    await browser.get('/login')
    const { cookie } = browser
    await browser.get('/empty')
    assert.equal((await browser.get('/why', { cookie })).text, 'revoked')
  })
})

test('in cookies, a store that fails is an error at reading and at logging out', async () => {
  const revocations = new MemoryStore()
  const app = HOSTS['Express 5']({ secrets: [SECRET], revocations }, routesFor('ada'))
  app.use((error, _request, response, _next) => response.status(500).end(error.message))
  await serve(app, async (browser) => {
    await browser.get('/login')
    revocations.create = () => Promise.reject(new Error('out'))
    const failed = await browser.get('/logout')
    assert.deepEqual([failed.status, failed.text, failed.setCookie], [500, 'out', []])
    revocations.load = () => Promise.reject(new Error('out'))
    assert.equal((await browser.get()).status, 500)
    assert.equal((await browser.get('/', { cookie: '' })).status, 200)
  })
})

test('in cookies, login has a new id and the user in it, and no store is needed', async () => {
  await browsers('ada', {}, async (one) => {
    const before = claims(one.cookies.session, SECRET)
    assert.equal(before.sub, 'ada')
    await one.get('/login')
    const after = claims(one.cookies.session, SECRET)
    assert.equal(after.sub, 'ada')
    assert.notEqual(after.jti, before.jti)
    await one.get('/logout')
    assert.deepEqual(one.cookies, {})
  })
})

test('what sessions in cookies can’t do is Unsupported', async () => {
  const unsupported = { name: 'Unsupported', code: 'unsupported' }
  const plain = session({ secrets: [SECRET] })
  const revocable = session({ secrets: [SECRET], revocations: new MemoryStore() })
  for (const where of [plain, revocable]) {
    await assert.rejects(sessions.list(where, 'ada'), unsupported)
    await assert.rejects(sessions.revoke(where, 'A'.repeat(43)), unsupported)
  }
  await assert.rejects(sessions.revokeAll(plain, 'ada'), unsupported)
  assert.equal(await sessions.revokeAll(revocable, 'ada'), undefined)
  const { store } = STORES["express-session's MemoryStore"].open()
  const peers = session({ secrets: [SECRET], store })
  await assert.rejects(sessions.list(peers, 'ada'), unsupported)
  await assert.rejects(sessions.revokeAll(peers, 'ada'), unsupported)
})

test('what is no user, no handle, no request is told', async () => {
  const store = new MemoryStore()
  const middleware = session({ secrets: [SECRET], store })
  for (const user of [undefined, null, '', {}]) {
    await assert.rejects(sessions.list(middleware, user), TypeError)
    await assert.rejects(sessions.revokeAll(middleware, user), TypeError)
  }
  await store.create('user:x', { text: '{}' })
  for (const handle of ['user:x', '', undefined, {}]) await sessions.revoke(middleware, handle)
  assert.equal((await store.load(['user:x'])).filter(Boolean).length, 1)
  await assert.rejects(sessions.revokeAll(middleware, 'ada', { exceptCurrent: true }), TypeError)
  await assert.rejects(login({ headers: {} }, 'ada'), /put session\(\) before it/)
  assert.deepEqual(await sessions.list(middleware, 7n), [])
})

test('with userKey, the user whom the application itself keeps is known', async () => {
  const store = new MemoryStore()
  const routes = {
    '/in': (request) => {
      request.session.auth = { user: 7 }
    },
    '/user': (request, response) => response.end(String(user(request))),
  }
  const options = { secrets: [SECRET], store, userKey: 'auth.user' }
  await serve(HOSTS['Express 5'](options, routes), async (browser) => {
    await browser.get('/in')
    assert.equal((await browser.get('/user')).text, '7')
    assert.equal((await browser.get('/user', { cookie: '' })).text, 'undefined')
    assert.equal((await sessions.list(session(options), 7)).length, 1)
    assert.equal(await sessions.revokeAll(session(options), '7'), 1)
    assert.deepEqual((await browser.get()).json(), {})
  })
})

test('in cookies, a store in memory forgets no revocation for want of room', async () => {
  await browsers('ada', { revocations: new MemoryStore({ maxRecords: 2 }) }, async (...three) => {
    const cookies = three.map(({ cookie }) => cookie)
    for (const browser of three) await browser.get('/revoke-all')
    for (const cookie of cookies) {
      assert.equal((await three[0].get('/why', { cookie })).text, 'revoked')
    }
  })
})
