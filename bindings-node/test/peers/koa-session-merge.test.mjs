// Requests on one session that overlap, under the drop-in on a store; and the peer's way, asked for.
import assert from 'node:assert/strict'
import { test } from 'node:test'

import { Browser, serve } from '../support.mjs'
import { KEYS, ours, peer } from './koa-session.support.mjs'

const Koa = (await import('koa')).default

/** A store of JSON that answers late. */
class LateStore {
  rows = new Map()

  async get(key) {
    const text = this.rows.get(key)
    await new Promise(setImmediate)
    return text && JSON.parse(text)
  }

  async set(key, session) {
    await new Promise(setImmediate)
    this.rows.set(key, JSON.stringify(session))
  }

  async destroy(key) {
    await new Promise(setImmediate)
    this.rows.delete(key)
  }
}

const ROUTES = {
  '/login': (ctx) => Object.assign(ctx.session, { user: 'ada', basket: { tea: 1 } }),
  '/add': ({ query, session }) => Object.assign(session.basket, { [query.key]: 1 }),
  '/slow': async (ctx, meanwhile) => {
    ctx.session.slow = 1
    ctx.session.basket.slow = 1
    await meanwhile.run()
  },
  '/save': async ({ session }, meanwhile) => {
    session.first = 1
    await session.save()
    await meanwhile.run()
    session.second = 1
    await session.save()
  },
  '/read': async ({ session }, meanwhile) => {
    session.user
    await meanwhile.run()
  },
  '/regenerate': async ({ session }, meanwhile) => {
    session.level = 2
    await meanwhile.run()
    await session.regenerate()
  },
  '/replace': async (ctx, meanwhile) => {
    await meanwhile.run()
    ctx.session = { user: 'ada', basket: { tea: 1, cake: 1 } }
  },
  '/bob': async ({ session }, meanwhile) => {
    session.user = 'bob'
    await meanwhile.run()
    await session.regenerate()
  },
  '/count': async ({ session }, meanwhile) => {
    session.count = (session.count ?? 0) + 1
    const { run } = meanwhile
    meanwhile.run = () => {}
    await run()
  },
  '/logout': (ctx) => {
    ctx.session = null
  },
  '/': () => {},
}

async function shop(module, options, use) {
  const app = new Koa()
  const store = new LateStore()
  const meanwhile = { run() {} }
  app.keys = KEYS
  app.use(module({ store, ...options?.(store) }, app))
  app.use(async (ctx) => {
    await ROUTES[ctx.path](ctx, meanwhile)
    ctx.body = JSON.stringify(ctx.session)
  })
  await serve(app.callback(), async (browser) => {
    await browser.get('/login')
    const other = new Browser(browser.port)
    Object.assign(other.cookies, browser.cookies)
    await use({ browser, meanwhile, other, store })
  })
}

const on = (title, use, { module = ours, options } = {}) => test(title, () => shop(module, options, use))

const WAYS = {
  'a store': undefined,
  ContextStore: (store) => ({
    store: undefined,
    ContextStore: class {
      get(key) {
        return store.get(key)
      }
      set(...args) {
        return store.set(...args)
      }
      destroy(key) {
        return store.destroy(key)
      }
    },
  }),
}

for (const [way, options] of Object.entries(WAYS)) {
  on(
    `${way}: what overlapping requests wrote is joined, key by key`,
    async ({ browser, meanwhile, other }) => {
      meanwhile.run = () => other.get('/add?key=pie')
      assert.equal((await browser.get('/slow')).status, 200)
      const basket = { tea: 1, pie: 1, slow: 1 }
      assert.deepEqual((await browser.get()).json(), { user: 'ada', slow: 1, basket })
    },
    { options },
  )

  on(
    `${way}: of many at once each is there`,
    async ({ browser, other }) => {
      const keys = Array.from({ length: 20 }, (_, at) => `key${at}`)
      await Promise.all(keys.map((key) => other.get(`/add?key=${key}`)))
      const { basket } = (await browser.get()).json()
      assert.deepEqual(Object.keys(basket).sort(), [...keys, 'tea'].sort())
    },
    { options },
  )
}

on('two saves of one request keep what another wrote', async ({ browser, meanwhile, other }) => {
  meanwhile.run = () => other.get('/add?key=pie')
  await browser.get('/save')
  const { first, second, basket } = (await browser.get()).json()
  assert.deepEqual({ first, second, basket }, { first: 1, second: 1, basket: { tea: 1, pie: 1 } })
})

on(
  'another object in its place takes away what was read, and no more',
  async ({ browser, meanwhile, other }) => {
    meanwhile.run = () => other.get('/add?key=pie')
    await browser.get('/slow')
    meanwhile.run = () => other.get('/add?key=tart')
    await browser.get('/replace')
    assert.deepEqual((await browser.get()).json(), { user: 'ada', basket: { tea: 1, cake: 1, tart: 1 } })
  },
)

on(
  'a logout is not undone by a request in flight, which sets no cookie',
  async ({ browser, meanwhile, other, store }) => {
    meanwhile.run = () => other.get('/logout')
    const { setCookie, status } = await browser.get('/slow')
    assert.deepEqual([status, setCookie], [200, []])
    assert.deepEqual((await browser.get()).json(), {})
    assert.equal(store.rows.size, 0)
  },
)

on(
  'a logout between the reading and the writing of another request stays',
  async ({ browser, other, store }) => {
    for (let round = 0; round < 5; round++) {
      await Promise.all([browser.get('/add?key=pie'), browser.get('/add?key=tart'), other.get('/logout')])
      assert.equal(store.rows.size, 0)
      await browser.get('/login')
      Object.assign(other.cookies, browser.cookies)
    }
  },
)

for (const option of ['rolling', 'renew']) {
  on(
    `a reader that has it saved by ${option} overwrites nothing`,
    async ({ browser, meanwhile, other }) => {
      meanwhile.run = () => other.get('/add?key=pie')
      assert.notDeepEqual((await browser.get('/read')).setCookie, [])
      assert.deepEqual((await browser.get()).json().basket, { tea: 1, pie: 1 })
    },
    {
      options: () =>
        option === 'rolling' ? { rolling: true } : { renew: true, maxAge: 60_000, valid: late },
    },
  )
}

/** The session is past its half. */
function late(_ctx, session) {
  session._expire -= 40_000
  return true
}

on(
  'a new id takes along what another request wrote meanwhile',
  async ({ browser, meanwhile, other, store }) => {
    meanwhile.run = () => other.get('/add?key=pie')
    await browser.get('/regenerate')
    const expected = { user: 'ada', level: 2, basket: { tea: 1, pie: 1 } }
    assert.deepEqual((await browser.get()).json(), expected)
    assert.equal(store.rows.size, 1)
  },
)

on(
  'a new id does not outlive a logout: only what the handler put in is left',
  async ({ browser, meanwhile, other }) => {
    meanwhile.run = () => other.get('/logout')
    await browser.get('/regenerate')
    assert.deepEqual((await browser.get()).json(), { level: 2 })
  },
)

on('a login in flight stands, without what has ended', async ({ browser, meanwhile, other }) => {
  meanwhile.run = () => other.get('/logout')
  await browser.get('/bob')
  assert.deepEqual((await browser.get()).json(), { user: 'bob' })
})

on(
  'both requests add to a number that is named',
  async ({ browser, meanwhile, other }) => {
    meanwhile.run = () => other.get('/count')
    await browser.get('/count')
    assert.equal((await browser.get()).json().count, 2)
  },
  { options: () => ({ merge: { count: 'add' } }) },
)

test('numbers that are named without a store, or with peerExact, are refused', () => {
  for (const options of [{}, { store: new LateStore(), peerExact: true }]) {
    assert.throws(() => ours({ merge: { count: 'add' }, ...options }, new Koa()), { code: 'merge' })
  }
})

for (const [title, module, options] of [
  ['as in koa-session', peer, undefined],
  ['with peerExact', ours, () => ({ peerExact: true })],
]) {
  on(
    `${title} the later write wins whole, and undoes a logout`,
    async ({ browser, meanwhile, other }) => {
      meanwhile.run = () => other.get('/add?key=pie')
      await browser.get('/slow')
      assert.deepEqual((await browser.get()).json().basket, { tea: 1, slow: 1 })
      meanwhile.run = () => other.get('/logout')
      await browser.get('/regenerate')
      assert.equal((await browser.get()).json().user, 'ada')
    },
    { module, options },
  )
}
