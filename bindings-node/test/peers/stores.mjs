// express-session's stores on real servers, and a look past them at what they keep there.
import { randomBytes } from 'node:crypto'

import connectPg from 'connect-pg-simple'
import { RedisStore } from 'connect-redis'
import pg from 'pg'
import { createClient } from 'redis'

import { POSTGRES, REDIS } from '../services.mjs'

const unique = () => `shortcrust_test_${randomBytes(8).toString('hex')}`

/** By name: `skip` for a test's options, and `open()` for records that only this test sees. */
export const STORES = {
  'connect-redis': { skip: REDIS.skip, open: openRedis },
  'connect-pg-simple': { skip: POSTGRES.skip, open: openPostgres },
}

async function openRedis() {
  const client = createClient({ url: REDIS.url })
  // One that can be closed while the test still looks.
  const ours = createClient({ url: REDIS.url })
  await Promise.all([client.connect(), ours.connect()])
  const prefix = `${unique()}:`
  const keys = async () => ours.keys(`${prefix}*`)
  return {
    /** A store for the sessions of `session`, or of another who reads the same records. */
    store: (_session, options) => new RedisStore({ client, prefix, ...options }),
    ids: async () => (await keys()).map((key) => key.slice(prefix.length)),
    text: (id) => ours.get(prefix + id),
    secondsLeft: (id) => ours.ttl(prefix + id),
    setSecondsLeft: (id, seconds) => ours.pExpire(prefix + id, seconds * 1_000),
    put: (id, text) => ours.set(prefix + id, text, { expiration: { type: 'EX', value: 60 } }),
    disconnect: () => client.close(),
    async close() {
      for (const key of await keys()) await ours.del(key)
      if (client.isOpen) await client.close()
      await ours.close()
    },
  }
}

async function openPostgres() {
  const pool = new pg.Pool({ connectionString: POSTGRES.url })
  const ours = new pg.Pool({ connectionString: POSTGRES.url })
  const schemaName = unique()
  const table = `${schemaName}.session`
  const first = async (sql, ...values) => Object.values((await ours.query(sql, values)).rows[0] ?? {})[0]
  await ours.query(`create schema ${schemaName}`)
  return {
    store: (session, options) =>
      new (connectPg(session))({ pool, schemaName, createTableIfMissing: true, ...options }),
    ids: async () => {
      const exists = await first('select to_regclass($1)', table)
      return exists ? (await ours.query(`select sid from ${table}`)).rows.map(({ sid }) => sid) : []
    },
    text: async (id) => (await first(`select sess::text from ${table} where sid = $1`, id)) ?? null,
    secondsLeft: async (id) =>
      Number(
        await first(
          `select extract(epoch from expire::timestamptz - now()) from ${table} where sid = $1`,
          id,
        ),
      ),
    setSecondsLeft: (id, seconds) =>
      first(
        `update ${table} set expire = now() + $1::float8 * interval '1 second' where sid = $2`,
        seconds,
        id,
      ),
    put: (id, text) => first(`insert into ${table} values ($1, $2, now() + interval '1 minute')`, id, text),
    disconnect: () => pool.end(),
    async close() {
      await ours.query(`drop schema ${schemaName} cascade`)
      if (!pool.ended) await pool.end()
      await ours.end()
    },
  }
}
