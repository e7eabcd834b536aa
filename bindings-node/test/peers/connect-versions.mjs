// The drop-in on the versions of connect-redis, of Redis' clients and of connect-pg-simple that are installed: run by the
// matrix. Two applications share one session, each with a store of its own, as two processes would.
import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { createRequire } from 'node:module'
import { test } from 'node:test'

import express from 'express'
import stock from 'express-session'
import session from 'shortcrust/express-session'

import { POSTGRES, REDIS } from '../services.mjs'
import { Browser, SECRET, serve } from '../support.mjs'

const require = createRequire(import.meta.url)
const versionOf = (name) => require(`../../node_modules/${name}/package.json`).version
const majorOf = (name) => Number.parseInt(versionOf(name), 10)

const connectRedis = require('connect-redis')
const connected = majorOf('connect-redis')
const RedisStore =
  connected === 6 ? connectRedis(stock) : (connectRedis.RedisStore ?? connectRedis.default ?? connectRedis)

async function nodeRedis() {
  const { createClient } = require('redis')
  // connect-redis 6 calls back; node-redis 3 has no other way.
  const client = createClient({ url: REDIS.url, ...(connected === 6 && { legacyMode: true }) })
  await client.connect?.()
  const own = connected === 6 && client.v4 ? client.v4 : client
  return { client, end: () => own.quit() }
}

async function ioredis() {
  const { Redis = require('ioredis') } = require('ioredis')
  const client = new Redis(REDIS.url)
  return { client, end: () => client.quit() }
}

async function onRedis(open) {
  const prefix = `shortcrust_test_${randomBytes(8).toString('hex')}:`
  const clients = await Promise.all([open(), open()])
  const stores = clients.map(({ client }) => new RedisStore({ client, prefix, ttl: 60 }))
  return { stores, close: () => Promise.all(clients.map(({ end }) => end())) }
}

async function onPostgres() {
  const schemaName = `shortcrust_test_${randomBytes(8).toString('hex')}`
  const pool = new (require('pg').Pool)({ connectionString: POSTGRES.url })
  await pool.query(`create schema ${schemaName}`)
  const Store = require('connect-pg-simple')(stock)
  const options = { pool, schemaName, createTableIfMissing: true, pruneSessionInterval: false }
  const stores = [new Store(options), new Store(options)]
  await new Promise((resolve) => stores[0].get('nobody', resolve))
  const close = async () => {
    await pool.query(`drop schema ${schemaName} cascade`)
    await pool.end()
  }
  return { stores, close }
}

function shop(front, store, meanwhile = { run() {} }) {
  const ended = (response, next) => (error) => (error ? next(error) : response.end())
  return express()
    .use(front({ secret: SECRET, resave: false, saveUninitialized: false, store }))
    .get('/login', ({ session }, response) => Object.assign(session, { user: 'ada' }) && response.end())
    .get('/add', async ({ query, session }, response) => {
      await meanwhile.run()
      session[query.key] = 1
      response.end()
    })
    .get('/save', ({ session }, response, next) => session.save(ended(response, next)))
    .get('/level', async (request, response, next) => {
      const { user } = request.session
      await meanwhile.run()
      request.session.regenerate((error) => {
        Object.assign(request.session, { user })
        ended(response, next)(error)
      })
    })
    .get('/logout', ({ session }, response, next) => session.destroy(ended(response, next)))
    .get('/', ({ session: { cookie: _, ...data } }, response) => response.json(data))
    .use((error, _request, response, _next) => response.status(500).end(String(error.stack)))
}

/** Nobody can reach the client of 7 and 8, so that requests take turns in one process only. */
const isCompared = connected < 7 || connected > 8
// From 9 on connect-redis takes node-redis alone.
const redisClients = { 'node-redis': nodeRedis, ...(connected < 9 && { ioredis }) }
const KINDS = {
  ...Object.fromEntries(
    Object.entries(redisClients).map(([client, open]) => {
      const name = `connect-redis ${versionOf('connect-redis')}, ${client} ${versionOf(client.replace('node-', ''))}`
      return [name, { skip: REDIS.skip, open: () => onRedis(open), isCompared }]
    }),
  ),
  [`connect-pg-simple ${versionOf('connect-pg-simple')}`]: {
    skip: POSTGRES.skip,
    open: onPostgres,
    isCompared: true,
  },
}

for (const [name, { skip, open, isCompared }] of Object.entries(KINDS)) {
  const on = (title, use) =>
    test(`${name}: ${title}`, { skip }, async (context) => {
      const { stores, close } = await open()
      context.after(close)
      const meanwhile = { run() {} }
      const [store, second] = isCompared ? stores : [stores[0], stores[0]]
      await serve(shop(session, store, meanwhile), (browser) =>
        serve(shop(session, second), async (other) => {
          await browser.get('/login')
          other.cookies = browser.cookies
          await use({ browser, meanwhile, other, store })
        }),
      )
    })

  on('of many requests at once each is kept', async ({ browser, other }) => {
    const keys = Array.from({ length: 20 }, (_, at) => `key${at}`)
    const all = keys.map((key, at) => [browser, other][at % 2].get(`/add?key=${key}`))
    for (const { status, text } of await Promise.all(all)) assert.equal(status, 200, text)
    assert.deepEqual(Object.keys((await browser.get()).json()).sort(), [...keys, 'user'].sort())
  })

  on('neither a write nor a new id outlives a logout', async ({ browser, meanwhile, other }) => {
    for (const path of ['/add?key=pie', '/level']) {
      meanwhile.run = () => other.get('/logout')
      const before = { ...browser.cookies }
      const { status, text } = await browser.get(path)
      assert.equal(status, 200, text)
      const old = new Browser(browser.port)
      old.cookies = before
      assert.equal((await old.get()).json().user, undefined)
      assert.equal((await browser.get()).json().user, undefined)
      meanwhile.run = () => {}
      await browser.get('/login')
    }
  })

  on('a session that is saved as it is stays', async ({ browser }) => {
    const { status, text } = await browser.get('/save')
    assert.equal(status, 200, text)
    assert.deepEqual((await browser.get()).json(), { user: 'ada' })
  })

  on('the peer reads what the drop-in wrote, and the other way round', async ({ browser, store }) => {
    await browser.get('/add?key=pie')
    await serve(shop(stock, store), async (peers) => {
      peers.cookies = browser.cookies
      await peers.get('/add?key=tart')
      assert.deepEqual((await peers.get()).json(), { user: 'ada', pie: 1, tart: 1 })
    })
    assert.deepEqual((await browser.get()).json(), { user: 'ada', pie: 1, tart: 1 })
  })
}
