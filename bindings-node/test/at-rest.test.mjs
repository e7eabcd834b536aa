// Encryption at rest, through whole applications; and applications that share one store.
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'

import { login, reason, session, sessions, user } from 'shortcrust/express'
import { MemoryStore } from 'shortcrust/stores/memory'

import { newUser, STORES, WHOLE_STORES } from './stores.mjs'
import { Browser, clock, HOSTS, SECRET, serve } from './support.mjs'

const VECTORS = new URL('../../tests/vectors/records/at-rest.json', import.meta.url)
const SUITE = JSON.parse(readFileSync(VECTORS, 'utf8'))

/** Runs `use` with a browser of an application on the store. */
function shop(options, routes, use) {
  return serve(HOSTS['Express 5']({ secrets: [SECRET], encryptAtRest: true, ...options }, routes), use)
}

/** The store, with `seen` for all that it is told and tells. */
function watched(store) {
  const watch = { seen: '' }
  const proxy = new Proxy(store, {
    get(target, name) {
      const found = Reflect.get(target, name, target)
      if (typeof found !== 'function') return found
      return async (...given) => {
        const answer = await found.apply(target, given)
        watch.seen += JSON.stringify([given, answer])
        return answer
      }
    },
  })
  return { store: proxy, watch }
}

test('there are as many vectors as are told', () => assert.equal(SUITE.cases.length, SUITE.count))

for (const vector of SUITE.cases) {
  test(`${vector.id}: is read and written as it says`, async (context) => {
    clock(context, vector.now_ms)
    const store = new MemoryStore()
    const { name, audience, namespace } = vector
    await store.put(vector.key, { text: vector.text })
    const routes = {
      '/': (request, response) => {
        const found = reason(request) ?? 'ok'
        if (found === 'ok') request.session.n = 2
        response.end(found)
      },
    }
    await shop({ store, name, audience, namespace }, routes, async (browser) => {
      const { text } = await browser.get('/', { cookie: `${name}=${vector.session_id}` })
      assert.equal(text, vector.expect)
    })
    assert.equal((await store.load([vector.key]))[0].text, vector.saved ?? vector.text)
  })
}

for (const [name, { skip, open }] of Object.entries(STORES)) {
  test(`${name}: nothing that the store is told shows the data or the user`, { skip }, async () => {
    const opened = await open()
    const { store, watch } = watched(opened.store)
    const ada = newUser()
    const routes = {
      '/login': async (request) => {
        await login(request, ada)
        request.session.secret = 'a marker'
      },
      '/more': (request) => {
        request.session.more = 'a marker'
      },
    }
    await shop({ store }, routes, async (browser) => {
      await browser.get('/login')
      await browser.get('/more')
      assert.deepEqual((await browser.get()).json(), { secret: 'a marker', more: 'a marker' })
      for (const hidden of ['secret', 'more', 'marker', ada, browser.cookies.session])
        assert.ok(!watch.seen.includes(hidden), hidden)
    })
    assert.match(watch.seen, /v4\.local\./)
    await opened.close()
  })
}

for (const [name, { skip, open }] of Object.entries(WHOLE_STORES)) {
  test(`${name}: sessions that are sealed are listed and revoked`, { skip }, async () => {
    const { store, close } = await open()
    const ada = newUser()
    const routes = {
      '/login': async (request) => {
        await login(request, ada, { label: 'Firefox' })
        request.session.a = 1
      },
      '/list': async (request, response) => response.end(JSON.stringify(await sessions.list(request, ada))),
      '/revoke': async (request, response) => {
        const { handle, who } = request.headers
        response.end(String(await sessions.revoke(request, handle, who)))
      },
      '/user': (request, response) => response.end(String(user(request))),
    }
    await shop({ store }, routes, async (one) => {
      const two = new Browser(one.port)
      for (const browser of [one, two]) await browser.get('/login')
      const list = (await one.get('/list')).json()
      assert.deepEqual(
        list.map(({ label }) => label),
        ['Firefox', 'Firefox'],
      )
      const { handle } = list.find(({ isCurrent }) => !isCurrent)
      assert.equal((await one.get('/revoke', { headers: { handle, who: newUser() } })).text, 'false')
      assert.equal((await one.get('/revoke', { headers: { handle, who: ada } })).text, 'true')
      assert.equal((await two.get('/user')).text, 'undefined')
      assert.equal((await one.get('/user')).text, ada)
    })
    await close()
  })

  for (const apart of ['namespace', 'audience', 'name']) {
    test(`${name}: applications that differ by ${apart} see only their own sessions`, { skip }, async () => {
      const { store, close } = await open()
      const ada = newUser()
      const app = newUser().replaceAll(' ', '')
      const options = (which) => ({ store, namespace: app, [apart]: `${app}${which}` })
      const routes = {
        '/login': async (request) => {
          await login(request, ada)
          request.session.a = 1
        },
        '/list': async (request, response) =>
          response.end(String((await sessions.list(request, ada)).length)),
        '/revoke-all': async (request, response) =>
          response.end(String(await sessions.revokeAll(request, ada))),
        '/why': (request, response) => response.end(String(reason(request))),
      }
      await shop(options('one'), routes, (one) =>
        shop(options('other'), routes, async (other) => {
          await one.get('/login')
          await other.get('/login')
          const [[name]] = Object.entries(one.cookies)
          const [id] = Object.values(other.cookies)
          assert.equal((await one.get('/why', { cookie: `${name}=${id}` })).text, 'not_found')
          assert.equal((await one.get('/list')).text, '1')
          assert.equal((await one.get('/revoke-all')).text, '1')
          assert.deepEqual((await other.get()).json(), { a: 1 })
        }),
      )
      await close()
    })
  }
}

test('either kind is read, and written as the option says', async () => {
  const store = new MemoryStore()
  const routes = {
    '/count': (request) => {
      request.session.n = (request.session.n ?? 0) + 1
    },
  }
  let cookies = {}
  for (const encryptAtRest of [false, true, false, true]) {
    await shop({ store, encryptAtRest }, routes, async (browser) => {
      browser.cookies = cookies
      await browser.get('/count')
      cookies = browser.cookies
    })
  }
  await shop({ store }, {}, async (browser) => {
    browser.cookies = cookies
    assert.deepEqual((await browser.get()).json(), { n: 4 })
  })
})

test('without a store there is nothing to seal', () => {
  for (const encryptAtRest of [true, 'yes'])
    assert.throws(() => session({ secrets: [SECRET], encryptAtRest }), {
      name: 'ConfigError',
      code: 'option',
      message: /encryptAtRest/,
    })
})
