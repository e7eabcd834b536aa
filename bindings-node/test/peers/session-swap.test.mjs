// A deployment goes from a peer to its drop-in and back, while browsers are logged in.
import assert from 'node:assert/strict'
import { test } from 'node:test'

import expressSession from 'express-session'
import Koa from 'koa'

import { Browser, NOW, serve } from '../support.mjs'
import { KEYS, ours as koaDropIn, peer as koaPeer, Records } from './koa-session.support.mjs'
import { HOSTS, ROUTES } from './session-hosts.support.mjs'
import { STORES } from './stores.mjs'

const WEEK = 604_800_000

const KOA = {
  'koa-session': { session: koaPeer, host: onKoa },
  'shortcrust/koa-session': { session: koaDropIn, host: onKoa },
}

function onKoa(session, store, meanwhile, use, maxAge) {
  const app = new Koa()
  app.keys = KEYS
  app.use(session({ store, maxAge }, app))
  app.use(async (ctx) => {
    ctx.body = JSON.stringify((await ROUTES[ctx.path](ctx.session, meanwhile)) ?? null)
  })
  return serve(app.callback(), use)
}

/** What koa-session's users write themselves. */
async function openRecords() {
  const records = new Records()
  return {
    store: () => records,
    ids: async () => [...records.records.keys()],
    text: async (id) => JSON.stringify(records.records.get(id)),
    close() {},
  }
}

const DEPLOYMENTS = [
  ...Object.entries(STORES).flatMap(([store, kind]) => [
    { store, kind, fronts: HOSTS, names: ['express-session', 'shortcrust/express-session'] },
    { store, kind, fronts: HOSTS, names: ['@fastify/session', 'shortcrust/fastify-session'] },
  ]),
  {
    store: 'a store of get, set and destroy',
    kind: { skip: false, open: openRecords },
    fronts: KOA,
    names: ['koa-session', 'shortcrust/koa-session'],
  },
]

/** The rows after each step, of one browser that stays while the application is exchanged. */
async function rows(fronts, { open }) {
  const records = await open()
  const seen = []
  let cookies = {}
  try {
    for (const { session, host } of fronts) {
      const use = async (browser) => {
        Object.assign(browser, { cookies })
        const note = async () => {
          const ids = await records.ids()
          assert.equal(ids.length, 1)
          seen.push(await records.text(ids[0]))
        }
        if (seen.length === 0) await browser.get('/in')
        assert.equal((await browser.get('/read')).text, '"ada"')
        await note()
        await browser.get('/add')
        await note()
        // Another browser that has the same cookie, as after a restart.
        const other = Object.assign(new Browser(browser.port), { cookies: { ...browser.cookies } })
        assert.equal((await other.get('/read')).text, '"ada"')
        cookies = browser.cookies
      }
      await host(session, records.store(expressSession), { run() {} }, use, WEEK)
    }
  } finally {
    await records.close()
  }
  return seen
}

for (const { store, kind, fronts, names } of DEPLOYMENTS) {
  const [peer, dropIn] = names.map((name) => fronts[name])
  test(`${names.join(' and ')}, ${store}: there and back nobody is logged out, and the rows are the peer's`, {
    skip: kind.skip,
  }, async (context) => {
    context.mock.method(Date, 'now', () => NOW)
    const expected = await rows([peer, peer, peer, peer, peer], kind)
    assert.deepEqual(await rows([peer, dropIn, peer, dropIn, peer], kind), expected)
    assert.deepEqual(await rows([dropIn, peer, dropIn, peer, dropIn], kind), expected)
    assert.equal(JSON.parse(expected.at(-1)).n, 5)
  })
}
