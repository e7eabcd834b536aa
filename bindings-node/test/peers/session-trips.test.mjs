// What the drop-ins ask of real servers, counted on the wire: no more than their peers, but for a merge.
import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { test } from 'node:test'

import connectPg from 'connect-pg-simple'
import { RedisStore } from 'connect-redis'
import expressSession from 'express-session'
import pg from 'pg'
import { createClient } from 'redis'

import { POSTGRES, REDIS } from '../services.mjs'
import { Wire } from '../stores.mjs'
import { Browser } from '../support.mjs'
import { HOSTS } from './session-hosts.support.mjs'

const unique = () => `shortcrust_test_${randomBytes(8).toString('hex')}`
const along = (url, { address }) => Object.assign(new URL(url), { host: address }).href

const SERVERS = {
  'connect-redis': { ...REDIS, url: () => REDIS.url, open: openRedis },
  'connect-pg-simple': { ...POSTGRES, url: () => POSTGRES.url, open: openPostgres },
}

async function openRedis(url) {
  const client = await createClient({ url }).connect()
  return {
    store: new RedisStore({ client, prefix: unique(), ttl: 60, disableTouch: true }),
    close: () => client.close(),
  }
}

async function openPostgres(url) {
  const pool = new pg.Pool({ connectionString: url, max: 1 })
  const schemaName = unique()
  await pool.query(`create schema ${schemaName}`)
  const options = {
    pool,
    schemaName,
    createTableIfMissing: true,
    disableTouch: true,
    pruneSessionInterval: false,
  }
  const close = async () => {
    await pool.query(`drop schema ${schemaName} cascade`)
    await pool.end()
  }
  return { store: new (connectPg(expressSession))(options), close }
}

for (const [server, { skip, url, open }] of Object.entries(SERVERS)) {
  for (const [front, { session, host }] of Object.entries(HOSTS)) {
    test(`${front} with ${server}: a read is one round trip, and a write one more`, { skip }, async () => {
      const wire = await Wire.to(url())
      const { store, close } = await open(along(url(), wire))
      const meanwhile = { run() {} }
      await host(session, store, meanwhile, async (browser) => {
        await browser.get('/in')
        assert.equal(await wire.count(() => browser.get('/read')), 1)
        assert.equal(await wire.count(() => browser.get('/add')), 2)
        if (!front.startsWith('shortcrust')) return
        const other = Object.assign(new Browser(browser.port), { cookies: browser.cookies })
        // Of the other request two; of this one the reading, the try in vain, another reading and the writing.
        meanwhile.run = () => {
          meanwhile.run = () => {}
          return other.get('/add')
        }
        assert.equal(await wire.count(() => browser.get('/add')), 2 + 4)
      })
      await close()
      wire.close()
    })
  }
}
