// Requests on one session that overlap, under the drop-in on a store; and the peer's way, asked for.
import assert from 'node:assert/strict'
import { test } from 'node:test'

import fastifyCookie from '@fastify/cookie'
import Fastify from 'fastify'

import { Browser } from '../support.mjs'
import { JsonStore, MODULES, ours, SECRET } from './fastify-session.support.mjs'
import { STORES } from './stores.mjs'

const ALL = { ...STORES, 'a store of JSON': { skip: false, open: openJson } }

function openJson() {
  const store = new JsonStore({ later: true })
  return { store: () => store, close() {} }
}

async function shop(module, store, options, meanwhile) {
  const app = Fastify()
  await app.register(fastifyCookie)
  const cookie = { secure: false, maxAge: 60_000 }
  await app.register(module, { secret: SECRET, saveUninitialized: false, store, cookie, ...options })
  app.get('/login', async ({ session }) => Object.assign(session, { user: 'ada' }) && {})
  app.get('/add', async ({ query, session }) => Object.assign(session, { [query.key]: 1 }) && {})
  app.get('/count', async ({ session }) => {
    session.count = (session.count ?? 0) + 1
    await meanwhile.run()
    return {}
  })
  app.get('/slow', async ({ session }) => {
    session.slow = 1
    await meanwhile.run()
    return {}
  })
  app.get('/reload', async (request) => {
    await meanwhile.run()
    await request.session.reload()
    request.session.list.push('mine')
    await meanwhile.run()
    return {}
  })
  app.get('/twice', async ({ session }) => {
    session.list = [1]
    const saved = session.save()
    session.list.push(2)
    await saved
    return {}
  })
  app.get('/append', async ({ query, session }) => {
    session.list = [...(session.list ?? []), query.item]
    return {}
  })
  app.get('/level', async (request) => {
    const { user } = request.session
    request.session.seen = 1
    await meanwhile.run()
    await request.session.regenerate(['pie', 'seen'])
    Object.assign(request.session, { user, level: 2 })
    return {}
  })
  app.get('/read', async ({ session }) => {
    await meanwhile.run()
    return session.user
  })
  app.get('/remember', async ({ session }) => {
    session.cookie.maxAge = 900_000
    await session.save()
    return {}
  })
  app.get('/age', async ({ session }) => String(session.cookie.originalMaxAge))
  app.get('/logout', async ({ session }) => (await session.destroy()) ?? {})
  app.get('/', async ({ session: { cookie: _, ...data } }) => data)
  await app.listen({ port: 0, host: '127.0.0.1' })
  return app
}

for (const [name, { skip, open }] of Object.entries(ALL)) {
  const on = (title, run, options, module = ours) =>
    test(`${name}: ${title}`, { skip }, async (context) => {
      const records = await open()
      const meanwhile = { run() {} }
      const session = (await import('express-session')).default
      const app = await shop(module, records.store(session), options, meanwhile)
      context.after(async () => {
        await app.close()
        await records.close()
      })
      const [browser, other] = Array.from({ length: 2 }, () => new Browser(app.server.address().port))
      await browser.get('/login')
      Object.assign(other.cookies, browser.cookies)
      await run({ browser, meanwhile, other })
    })

  on('a maxAge that one request sets stays beside what the other wrote', async (all) => {
    const { browser, meanwhile, other } = all
    meanwhile.run = () => other.get('/remember')
    await browser.get('/slow')
    assert.equal((await browser.get('/age')).text, '900000')
    assert.equal((await browser.get()).json().slow, 1)
  })

  on('what overlapping requests wrote is joined', async ({ browser, meanwhile, other }) => {
    meanwhile.run = () => other.get('/add?key=pie')
    assert.equal((await browser.get('/slow')).status, 200)
    assert.deepEqual((await browser.get()).json(), { user: 'ada', pie: 1, slow: 1 })
    const keys = Array.from({ length: 10 }, (_, at) => `key${at}`)
    await Promise.all(keys.map((key) => other.get(`/add?key=${key}`)))
    const seen = (await browser.get()).json()
    for (const key of keys) assert.equal(seen[key], 1, key)
  })

  on('what is changed behind a save is written once', async ({ browser }) => {
    assert.equal((await browser.get('/twice')).status, 200)
    assert.deepEqual((await browser.get()).json().list, [1, 2])
  })

  on('what was reloaded is what the request began with', async ({ browser, meanwhile, other }) => {
    const items = ['a', 'b']
    meanwhile.run = () => other.get(`/append?item=${items.shift()}`)
    assert.equal((await browser.get('/reload')).status, 200)
    assert.deepEqual((await browser.get()).json().list, ['a', 'b', 'mine'])
  })

  on('a logout is not undone by a request in flight', async ({ browser, meanwhile, other }) => {
    meanwhile.run = () => other.get('/logout')
    assert.equal((await browser.get('/slow')).status, 200)
    assert.deepEqual((await browser.get()).json(), {})
  })

  const counted = async ({ browser, meanwhile, other }) => {
    meanwhile.run = () => {
      meanwhile.run = () => {}
      return other.get('/count')
    }
    await browser.get('/count')
    return (await browser.get()).json().count
  }

  on('both requests add to a number that is named', async (both) => assert.equal(await counted(both), 2), {
    merge: { count: 'add' },
  })

  on('a new id takes along what another request wrote meanwhile, in the named fields', async (all) => {
    const { browser, meanwhile, other } = all
    meanwhile.run = () => other.get('/add?key=pie')
    await browser.get('/level')
    assert.deepEqual((await browser.get()).json(), { user: 'ada', pie: 1, seen: 1, level: 2 })
  })

  on('a new id does not outlive a logout', async ({ browser, meanwhile, other }) => {
    meanwhile.run = () => other.get('/logout')
    await browser.get('/level')
    assert.deepEqual((await browser.get()).json(), { seen: 1, level: 2 })
  })

  on('a reader in flight, whose session rolling saves, overwrites nothing', async (all) => {
    const { browser, meanwhile, other } = all
    meanwhile.run = () => other.get('/add?key=pie')
    await browser.get('/read')
    assert.deepEqual((await browser.get()).json(), { user: 'ada', pie: 1 })
    meanwhile.run = () => other.get('/logout')
    await browser.get('/read')
    assert.deepEqual((await browser.get()).json(), {})
  })

  for (const [title, module, options] of [
    ['as in @fastify/session', MODULES['@fastify/session'], {}],
    ['with peerExact', ours, { peerExact: true }],
  ]) {
    on(
      `${title} the later write wins whole`,
      async ({ browser, meanwhile, other }) => {
        meanwhile.run = () => other.get('/add?key=pie')
        await browser.get('/slow')
        assert.deepEqual((await browser.get()).json(), { user: 'ada', slow: 1 })
      },
      options,
      module,
    )
  }
}

test('a rule for numbers that nothing would follow is refused', async () => {
  const wrong = async (options, message) => {
    const app = Fastify().register(fastifyCookie)
    app.register(ours, { secret: SECRET, ...options })
    await assert.rejects(async () => await app.ready(), { name: 'ConfigError', code: 'merge', message })
  }
  const store = new JsonStore()
  await wrong({ merge: { count: 'add' } }, /goes with a store/)
  await wrong({ store, peerExact: true, merge: { count: 'add' } }, /without peerExact/)
  await wrong({ store, merge: { count: 'max' } }, /write "add"/)
})
