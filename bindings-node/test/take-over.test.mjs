// What express-session kept becomes ours: with the real express-session, its stores and their servers.
import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'

import express from 'express'
import expressSession from 'express-session'
import { logout, reason, session, sessions } from 'shortcrust/express'
import { MemoryStore } from 'shortcrust/stores/memory'

import { STORES as OLD_STORES } from './peers/stores.mjs'
import { STORES } from './stores.mjs'
import { DAY, SECRET, serve, warnings } from './support.mjs'

const OLD_SECRETS = ['what express-session signs with', 'what it signed with before']
const UNTIL = new Date(Date.now() + DAY * 1_000)
/** In `make test-long` as many as a small shop has at a time. */
const SESSIONS = process.env.LONG ? 300 : 60
/** Of ours on the same server, by the name of express-session's. */
const PAIRS = { 'connect-redis': 'redis, by node-redis', 'connect-pg-simple': 'postgres' }

function oldApp(store, secret = OLD_SECRETS[0]) {
  const options = { secret, store, resave: false, saveUninitialized: false, cookie: { maxAge: 60_000 } }
  return express()
    .use(expressSession(options))
    .use('/login', (request, response) => {
      Object.assign(request.session, { user: request.query.user, basket: ['tea'] })
      response.end(request.sessionID)
    })
}

function newApp(store, old, more = {}) {
  const reader = { format: 'express-session', store: old, secrets: OLD_SECRETS, until: UNTIL, ...more }
  return express()
    .use(session({ secrets: [SECRET], store, readers: [reader] }))
    .use('/logout', async (request, response) => {
      await logout(request)
      response.end()
    })
    .use('/add', (request) => {
      request.session[request.query.key] = 1
      request.next()
    })
    .use('/revoke', async (request, response) => {
      response.end(String(await sessions.revokeAll(request, request.query.user)))
    })
    .use('/list', async (request, response) => {
      response.json((await sessions.list(request, request.query.user)).length)
    })
    .use((request, response) => response.json({ reason: reason(request), ...request.session }))
}

/** The cookie that express-session gives to a user. */
async function oldCookie(store, user = 'ada', secret) {
  return serve(oldApp(store, secret), async (browser) => {
    await browser.get(`/login?user=${user}`)
    return browser.cookie
  })
}

for (const [name, { skip, open }] of Object.entries(OLD_STORES)) {
  const both = async (use) => {
    const records = await open()
    const { store, close } = await STORES[PAIRS[name]].open()
    try {
      await use(records, records.store(expressSession), store)
    } finally {
      await close()
      await records.close()
    }
  }

  test(
    `${name}: of ${SESSIONS} sessions none is lost and none doubled by first requests at the same time`,
    {
      skip,
    },
    () =>
      both(async (records, old, store) => {
        const cookies = await serve(oldApp(old), async (browser) => {
          const users = Array.from({ length: SESSIONS }, uniqueUser)
          return Promise.all(
            users.map(async (user) => {
              const { setCookie } = await browser.get(`/login?user=${user}`, { cookie: '' })
              return { user, cookie: setCookie[0].split(';')[0] }
            }),
          )
        })
        assert.equal((await records.ids()).length, SESSIONS)
        await serve(newApp(store, old), (one) =>
          serve(newApp(store, records.store(expressSession)), async (other) => {
            for (let at = 0; at < cookies.length; at += 30) {
              await Promise.all(cookies.slice(at, at + 30).map((mine) => firstRequests(mine, [one, other])))
            }
          }),
        )
        assert.deepEqual(await records.ids(), [])
      }),
  )

  test(
    `${name}: a logout ends the old cookie, and a row that is written after it opens nothing`,
    {
      skip,
    },
    () =>
      both(async (records, old, store) => {
        const cookie = await oldCookie(old)
        const [id] = await records.ids()
        const row = await records.text(id)
        await serve(newApp(store, old), async (browser) => {
          assert.equal((await browser.get('/', { cookie })).json().user, 'ada')
          assert.deepEqual(await records.ids(), [])
          await browser.get('/logout')
          // As a request does that express-session was still serving.
          await records.put(id, row)
          for (const sent of [cookie, `${cookie}; ${browser.cookie}`]) {
            assert.deepEqual((await browser.get('/', { cookie: sent })).json(), { reason: 'ended' })
          }
          assert.deepEqual(await records.ids(), [])
        })
      }),
  )

  test(`${name}: revoking a user reaches sessions that no request has brought yet`, { skip }, () =>
    both(async (records, old, store) => {
      const user = uniqueUser()
      const cookie = await oldCookie(old, user)
      await serve(newApp(store, old), async (browser) => {
        await browser.get(`/revoke?user=${user}`)
        assert.deepEqual((await browser.get('/', { cookie })).json(), { reason: 'revoked' })
        assert.deepEqual(await records.ids(), [])
      })
    }),
  )
}

/** The server is shared with tests that have users too. */
function uniqueUser() {
  return `user-${randomBytes(8).toString('hex')}`
}

/** Four requests with a session's old cookie, at the same time; each adds a key. */
async function firstRequests({ user, cookie }, browsers) {
  const keys = ['a', 'b', 'c', 'd']
  const asked = keys.map((key, at) => browsers[at % 2].get(`/add?key=${key}`, { cookie }))
  const answers = await Promise.all(asked)
  for (const answer of answers) {
    assert.equal(answer.json().user, user)
    assert.equal(answer.json().cookie, undefined)
  }
  const [ours, ...more] = new Set(answers.map(({ setCookie }) => setCookie[0].split(';')[0]))
  assert.equal(more.length, 0)
  const after = await browsers[0].get('/', { cookie: ours })
  assert.deepEqual(after.json(), { user, basket: ['tea'], a: 1, b: 1, c: 1, d: 1 })
  assert.deepEqual((await browsers[0].get(`/list?user=${user}`)).json(), 1)
}

test('what is shown of a row is what express-session shows of it', async () => {
  const file = new URL('../../tests/vectors/rows/express-session.json', import.meta.url)
  const { cases, count } = JSON.parse(readFileSync(file, 'utf8'))
  assert.equal(cases.length, count)
  const old = new expressSession.MemoryStore()
  const cookie = await oldCookie(old)
  const [id] = Object.keys(old.sessions)
  for (const { id: name, row, data } of cases) {
    // Its time is long ago or far ahead, which is the store's matter.
    const { cookie: _, ...rest } = JSON.parse(row)
    old.sessions[id] = JSON.stringify({ cookie: { maxAge: 60_000 }, ...rest })
    await serve(newApp(new MemoryStore(), old), async (browser) => {
      assert.deepEqual((await browser.get('/', { cookie })).json(), data, name)
    })
  }
})

test('a cookie that an older secret signed is taken over, and one of another secret is not', async () => {
  const old = new expressSession.MemoryStore()
  const older = await oldCookie(old, 'ada', OLD_SECRETS[1])
  const forged = await oldCookie(old, 'bob', 'what somebody else signs with')
  await serve(newApp(new MemoryStore(), old), async (browser) => {
    assert.equal((await browser.get('/', { cookie: older })).json().user, 'ada')
    assert.deepEqual((await browser.get('/', { cookie: forged })).json(), { reason: 'no_cookie' })
  })
})

test('after `until` nothing is taken over, and that is said at the start', async () => {
  const old = new expressSession.MemoryStore()
  const cookie = await oldCookie(old)
  let app
  const said = await warnings(() => {
    app = newApp(new MemoryStore(), old, { until: '2020-01-01' })
  })
  assert.match(said[0].message, /until of the express-session reader has passed/)
  await serve(app, async (browser) => {
    assert.deepEqual((await browser.get('/', { cookie })).json(), { reason: 'no_cookie' })
  })
})

test('the cookie may keep its name: ours has another value', async () => {
  for (const format of ['id', 'express']) {
    const old = new expressSession.MemoryStore()
    const cookie = await oldCookie(old)
    const reader = { format: 'express-session', store: old, secrets: OLD_SECRETS, until: UNTIL }
    const front = session({
      secrets: OLD_SECRETS,
      store: new MemoryStore(),
      name: 'connect.sid',
      format,
      readers: [reader],
    })
    const app = express().use(front, (request, response) => response.json({ ...request.session }))
    await serve(app, async (browser) => {
      assert.equal((await browser.get('/', { cookie })).json().user, 'ada')
      assert.notEqual(browser.cookie, cookie)
      assert.equal((await browser.get('/')).json().user, 'ada')
    })
  }
})

test('where the old store fails, the request fails, or is served without a session', async () => {
  const old = { get: (_, done) => done(new Error('the old store is out')), destroy() {} }
  const cookie = await oldCookie(new expressSession.MemoryStore())
  const reader = { format: 'express-session', store: old, secrets: OLD_SECRETS, until: UNTIL }
  for (const [outage, status] of [
    ['error', 500],
    ['empty', 200],
  ]) {
    const front = session({ secrets: [SECRET], store: new MemoryStore(), readers: [reader], outage })
    const app = express()
      .use(front, (request, response) => response.json({ ...request.session }))
      .use((_error, _request, response, _next) => response.status(500).end('{}'))
    await warnings(() =>
      serve(app, async (browser) => {
        const answer = await browser.get('/', { cookie })
        assert.deepEqual([answer.status, answer.json()], [status, {}])
      }),
    )
  }
})

test('a reader of express-session without its store, or in a front without one, is refused', () => {
  const reader = { format: 'express-session', secrets: OLD_SECRETS, until: UNTIL }
  const front = (more, store = new MemoryStore()) =>
    session({ secrets: [SECRET], store, readers: [{ ...reader, ...more }] })
  assert.throws(() => front({}), { code: 'reader', message: /store must be a store of express-session's/ })
  const old = new expressSession.MemoryStore()
  assert.throws(() => front({ store: old, prefix: 'sess:' }), { message: /prefix is not known/ })
  assert.throws(() => session({ secrets: [SECRET], readers: [{ ...reader, store: old }] }), {
    code: 'reader',
    message: /taken over into a store: set one/,
  })
  front({ store: old })
})
