import { DynamoDB } from '@aws-sdk/client-dynamodb'
import BetterSqlite from 'better-sqlite3'
import express from 'express'
import expressSession from 'express-session'
import { Redis } from 'ioredis'
import pg from 'pg'
import { createClient } from 'redis'
import session, { login, logout, sessions } from 'shortcrust/express'
import { type Capabilities, type Entry, type Row, type Store, Unsupported } from 'shortcrust/stores'
import { DynamoDBStore } from 'shortcrust/stores/dynamodb'
import { ExpressSessionStore } from 'shortcrust/stores/express-session'
import { FileStore } from 'shortcrust/stores/file'
import { MemoryStore } from 'shortcrust/stores/memory'
import { PostgresStore } from 'shortcrust/stores/postgres'
import { RedisStore } from 'shortcrust/stores/redis'
import { SQLiteStore } from 'shortcrust/stores/sqlite'

const stores: Store[] = [
  new ExpressSessionStore(new expressSession.MemoryStore()),
  new DynamoDBStore(new DynamoDB({}), { table: 'sessions' }),
  new FileStore('sessions', { maxRecords: 10, busyTimeout: 1 }),
  new MemoryStore(),
  new MemoryStore({ maxRecords: 10 }),
  new PostgresStore(new pg.Pool()),
  new RedisStore(createClient()),
  new RedisStore(new Redis()),
  new SQLiteStore('sessions.db', { busyTimeout: 1 }),
  new SQLiteStore(new BetterSqlite('sessions.db')),
]

class Own extends MemoryStore {
  override readonly capabilities: Capabilities = { compareAndSwap: true, index: true, expiry: true }
  override async save(key: string, version: number, entry: Entry): Promise<'done' | 'gone' | Row> {
    return super.save(key, version, entry)
  }
}

const options: session.Options = {
  secrets: ['a secret'],
  store: new Own(),
  outage: 'empty',
  userKey: 'passport.user',
  format: 'express',
}
const middleware = session(options)
const app = express()
app.use(middleware)
app.get('/', async (request, response) => {
  await login(request, 7)
  const [first]: session.Listing[] = await sessions.list(request, 'ada')
  if (first !== undefined && !first.isCurrent) await sessions.revoke(request, first.handle)
  const count: number | undefined = await sessions.revokeAll(request, 'ada', { exceptCurrent: true })
  await sessions.revokeAll(middleware, 7n)
  await logout(request)
  response.json({ count, since: first?.created.getTime() })
})

session({ secrets: ['a secret'], revocations: new MemoryStore() })
// @ts-expect-error a store has more methods
session({ secrets: ['a secret'], store: { load: async () => [] } })
// @ts-expect-error there are two ways
session({ secrets: ['a secret'], store: new MemoryStore(), outage: 'ignore' })
// @ts-expect-error a store of express-session's goes into an ExpressSessionStore
session({ secrets: ['a secret'], store: new expressSession.MemoryStore() })
// @ts-expect-error the client is missing
new RedisStore()

export const codes: string[] = [new Unsupported('').code, String(stores.length)]

const old = new expressSession.MemoryStore()
session({ secrets: [], readers: [{ format: 'express-session', store: old, until: 'never' }] })
// @ts-expect-error whose rows
session({ secrets: [], readers: [{ format: 'express-session', until: 'never' }] })
