// What stores from npm and their users rely on: order, ids, failures, one front after the other.
import assert from 'node:assert/strict'
import { EventEmitter, once } from 'node:events'
import http from 'node:http'
import { setTimeout as sleep } from 'node:timers/promises'
import { promisify } from 'node:util'

import signature from 'cookie-signature'
import stock from 'express-session'
import fc from 'fast-check'
import ours from 'shortcrust/express-session'

import { SECRET, serve } from '../support.mjs'
import { each, isAbout, MINUTE, NAME, on, record, shop, signed, WITH_EXPIRY } from './express-shop.mjs'
import { STORES } from './stores.mjs'
import { atTime, RUNS, sessionData } from './support.mjs'

/** As JSON has it; the drop-in takes no `__proto__` from a store. */
const kept = sessionData().map((data) =>
  JSON.parse(JSON.stringify(data), (key, value) => (key === '__proto__' ? undefined : value)),
)

/** The answer to one request, which the store holds at `method` until it has been looked at. */
async function held(store, method, { port, cookie }, path, look) {
  const real = store[method]
  const done = new Promise((resolve) => {
    store[method] = (...values) => {
      const callback = values.pop()
      real.call(store, ...values, (...result) => resolve(() => callback(...result)))
    }
  })
  const request = http.get({ port, host: '127.0.0.1', path, headers: { cookie }, agent: false })
  const closed = once(request, 'close')
  let isComplete = false
  request.on('response', (response) => response.resume().on('end', () => (isComplete = response.complete)))
  const release = await Promise.race([done, closed.then(() => assert.fail(`no ${method}`))])
  await sleep(50)
  assert.equal(isComplete, false)
  await look()
  release()
  await closed
  assert.equal(isComplete, true)
  store[method] = real
}

each('the answer is not complete before the store has done its work', async ({ session, records }) => {
  const store = records.store(session)
  await serve(shop(session, store, { ...WITH_EXPIRY, unset: 'destroy' }), async (browser) => {
    const { id } = (await browser.get('/login?user=ada')).json()
    await held(store, 'set', browser, '/add?item=pie', async () =>
      assert.deepEqual((await record(records, id)).basket, ['pie']),
    )
    await records.setSecondsLeft(id, 10)
    await held(store, 'touch', browser, '/', async () => isAbout(await records.secondsLeft(id), 60))
    await held(store, 'destroy', browser, '/unset', async () => assert.deepEqual(await records.ids(), []))
  })
})

each('who waits for the answer reads what was written', async ({ session, records }) => {
  await serve(shop(session, records.store(session)), async (browser) => {
    const { id } = (await browser.get('/login?user=ada')).json()
    for (let count = 1; count <= 20; count += 1) {
      await browser.get(`/add?item=${count}`)
      assert.equal((await record(records, id)).basket.length, count)
    }
  })
})

each('a slow reader does not undo what another request wrote', async ({ session, records }) => {
  const app = shop(session, records.store(session))
  await serve(app, async (browser) => {
    const { id } = (await browser.get('/login?user=ada')).json()
    app.locals.meanwhile = () => browser.get('/add?item=pie')
    assert.equal((await browser.get('/wait')).json().session.basket, undefined)
    assert.deepEqual((await record(records, id)).basket, ['pie'])
  })
})

each(
  'an id that the store does not know is not adopted, however well it is signed',
  async ({ session, records }) => {
    await serve(shop(session, records.store(session)), async (browser) => {
      for (const path of ['/', '/add?item=pie', '/login?user=ada']) {
        const { id } = (await browser.get(path, { cookie: signed('chosen-by-somebody') })).json()
        assert.notEqual(id, 'chosen-by-somebody')
      }
      const ids = await records.ids()
      assert.equal(ids.length, 2)
      assert.ok(!ids.includes('chosen-by-somebody'))
    })
  },
)

each('an id with a foreign signature opens nothing', async ({ session, records }) => {
  await serve(shop(session, records.store(session)), async (browser) => {
    const { id } = (await browser.get('/login?user=ada')).json()
    const token = encodeURIComponent(`s:${signature.sign(id, 'another secret')}`)
    for (const cookie of [`${NAME}=${token}`, `${NAME}=${id}`, `${NAME}=s%3A${id}`, `${NAME}=j%3A{}`]) {
      const seen = (await browser.get('/', { cookie })).json()
      assert.notEqual(seen.id, id)
      assert.equal(seen.session.user, undefined)
    }
    assert.deepEqual(await records.ids(), [id])
  })
})

each('a record pollutes no prototype', async ({ session, records }) => {
  const cookie = '"cookie":{"originalMaxAge":null,"expires":null,"httpOnly":true,"path":"/"}'
  await serve(shop(session, records.store(session)), async (browser) => {
    await browser.get('/login?user=ada')
    await records.put('put', `{${cookie},"user":"eve","__proto__":{"admin":true}}`)
    const { status, ...seen } = await browser.get('/', { cookie: signed('put') })
    assert.equal(status, 200)
    assert.equal(seen.json().id, 'put')
    assert.equal(seen.json().session.user, 'eve')
    assert.equal(seen.json().session.admin, undefined)
    assert.equal({}.admin, undefined)
  })
})

each('a store that fails is an error for the application', async ({ session, records }) => {
  await serve(shop(session, records.store(session)), async (browser) => {
    await browser.get('/login?user=ada')
    await records.disconnect()
    const { status, setCookie, ...answer } = await browser.get('/')
    assert.deepEqual([status, setCookie], [500, []])
    assert.match(answer.json().error, /closed|end/)
  })
})

each('while a store says that it is disconnected there are no sessions', async ({ session, records }) => {
  const store = records.store(session)
  await serve(shop(session, store), async (browser) => {
    await browser.get('/login?user=ada')
    store.emit('disconnect')
    const without = await browser.get('/')
    assert.deepEqual([without.json(), without.setCookie], [{}, []])
    store.emit('connect')
    assert.equal((await browser.get('/')).json().session.user, 'ada')
  })
})

for (const store of Object.keys(STORES)) {
  on(
    store,
    `${store}: a customer stays logged in when shortcrust comes and when it goes`,
    async (records) => {
      let app
      let id
      await serve(
        (...args) => app(...args),
        async (browser) => {
          for (const session of [stock, ours, stock, ours]) {
            app = shop(session, records.store(session))
            id ??= (await browser.get('/login?user=ada')).json().id
            const seen = (await browser.get('/add?item=pie')).json()
            assert.deepEqual([seen.id, seen.session.user], [id, 'ada'])
          }
        },
      )
      assert.equal((await record(records, id)).basket.length, 4)
    },
  )

  on(store, `${store}: whatever one front wrote the other reads, both ways`, async (records) => {
    const [theirs, mine] = [stock, ours].map((session) => shop(session, records.store(session)))
    await serve(theirs, (their) =>
      serve(mine, async (my) => {
        const written = async (writer, reader, data) => {
          const path = `/keep?json=${encodeURIComponent(JSON.stringify(data))}`
          const { id } = (await writer.get(path)).json()
          const seen = (await reader.get('/', { cookie: writer.cookie })).json()
          assert.equal(seen.id, id)
          assert.deepEqual(seen.session.kept, data)
        }
        const both = fc.asyncProperty(kept, async (data) => {
          await written(their, my, data)
          await written(my, their, data)
        })
        await fc.assert(both, { numRuns: RUNS / 10 })
      }),
    )
  })
}

each('a store by itself gets, touches, loads and destroys', async ({ session, records }) => {
  const store = records.store(session)
  assert.ok(store instanceof EventEmitter)
  const call = (method, ...values) => promisify(store[method]).call(store, ...values)
  const cookie = new session.Cookie({ maxAge: MINUTE })
  assert.ok(!(await call('get', 'one')))
  await call('set', 'one', { cookie, user: 'ada' })
  assert.equal((await call('get', 'one')).user, 'ada')
  await records.setSecondsLeft('one', 10)
  await call('touch', 'one', { cookie })
  isAbout(await records.secondsLeft('one'), 60)
  await call('destroy', 'one')
  assert.ok(!(await call('get', 'one')))
  assert.equal(await call('load', 'one'), undefined)
})

each(
  'a store that is in use loads and makes sessions that can save themselves',
  async ({ session, records }) => {
    const store = records.store(session)
    session({ secret: SECRET, resave: false, saveUninitialized: false, store })
    const request = { sessionStore: store, headers: {} }
    store.generate(request)
    request.session.user = 'ada'
    await promisify(request.session.save).call(request.session)
    assert.deepEqual(await records.ids(), [request.sessionID])
    const loaded = await promisify(store.load).call(store, request.sessionID)
    assert.equal(loaded.user, 'ada')
    assert.equal(loaded.id, request.sessionID)
    loaded.user = 'eve'
    await promisify(loaded.save).call(loaded)
    assert.equal((await record(records, loaded.id)).user, 'eve')
    await promisify(store.regenerate).call(store, request)
    assert.notEqual(request.sessionID, loaded.id)
    assert.deepEqual(await records.ids(), [])
  },
)

each(
  'connect-redis lists, counts and clears its own',
  async ({ session, records }) => {
    const store = records.store(session)
    assert.ok(store instanceof stock.Store)
    await serve(shop(session, store), async (browser) => {
      await browser.get('/login?user=ada')
      await browser.get('/login?user=eve', { cookie: '' })
      assert.equal(await store.length(), 2)
      assert.deepEqual((await store.ids()).sort(), (await records.ids()).sort())
      assert.deepEqual((await store.all()).map(({ user }) => user).sort(), ['ada', 'eve'])
      await store.clear()
      assert.equal((await browser.get('/')).json().session.user, undefined)
      assert.deepEqual(await records.ids(), [])
    })
  },
  ['connect-redis'],
)

each(
  'connect-pg-simple prunes what has expired, and is a Store of the front',
  async ({ session, records }) => {
    const store = records.store(session, { pruneSessionInterval: false })
    assert.ok(store instanceof session.Store)
    await serve(shop(session, store, WITH_EXPIRY), async (browser) => {
      const { id } = (await browser.get('/login?user=ada')).json()
      await browser.get('/login?user=eve', { cookie: '' })
      await records.setSecondsLeft(id, -60)
      await promisify(store.pruneSessions).call(store)
      assert.equal((await records.ids()).length, 1)
      assert.ok(!(await records.ids()).includes(id))
      const later = Date.now() + 2 * MINUTE
      assert.equal(await atTime(later, async () => (await browser.get('/')).json().session.user), undefined)
    })
  },
  ['connect-pg-simple'],
)
