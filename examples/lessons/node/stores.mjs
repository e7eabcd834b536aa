// The lessons about where a session lies: the same page on each store.
import { createHash } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'

import express from 'express'
import Memcached from 'memcached'
import mysql from 'mysql2/promise'
import { createClient } from 'redis'
import { session } from 'shortcrust/express'
import { FileStore } from 'shortcrust/stores/file'
import { MemcachedStore } from 'shortcrust/stores/memcached'
import { MySQLStore } from 'shortcrust/stores/mysql'
import { RedisStore } from 'shortcrust/stores/redis'
import { SQLiteStore } from 'shortcrust/stores/sqlite'

import { folder, secret } from './sessions.mjs'
import { Database } from './sqlite.mjs'

const {
  REDIS_URL = 'redis://localhost:6379/0',
  MARIADB_URL = 'mysql://root@localhost:3306/test',
  MEMCACHED_URL = 'memcached://localhost:11211',
} = process.env

function routerWith(store) {
  const router = express.Router()
  router.use(session({ name: 'stored', secrets: [secret], store }))
  return router
}

function putSomethingIn(req, res) {
  req.session.user = 'guest'
  req.session.note = 'I like pears'
  res.send('The session is written.')
}

function showTheSession(req, res) {
  if (req.session.user) return res.json(req.session)
  res.send('The session is empty.')
}

function endIt(req, res) {
  req.session = null
  res.send('The session is gone, here and in the store.')
}

// The store does not have the id, only a hash of it: who reads the store can't log in.
function keyOfTheRow(req) {
  const parts = ['shortcrust/v1', 'record', '', 'stored', '', req.cookies.stored]
  const length = (number) => {
    const bytes = Buffer.alloc(8)
    bytes.writeBigUInt64LE(BigInt(number))
    return bytes
  }
  const hash = createHash('sha256').update(length(parts.length))
  for (const part of parts) hash.update(length(part.length)).update(part)
  return hash.digest('base64url')
}

async function inRedis() {
  const client = await createClient({ url: REDIS_URL }).connect()
  return routerWith(new RedisStore(client))
}

async function rowInRedis(req, res) {
  const client = await createClient({ url: REDIS_URL }).connect()
  const key = `shortcrust:${keyOfTheRow(req)}`
  res.json({ key, ...(await client.hGetAll(key)) })
  client.destroy()
}

function inMemcached() {
  return routerWith(new MemcachedStore(new Memcached(new URL(MEMCACHED_URL).host)))
}

function rowInMemcached(req, res) {
  const client = new Memcached(new URL(MEMCACHED_URL).host)
  const key = `shortcrust:${keyOfTheRow(req)}`
  client.get(key, (_, value) => {
    res.json({ key, value })
    client.end()
  })
}

async function inMysql() {
  const store = new MySQLStore(mysql.createPool({ uri: MARIADB_URL }))
  await store.createTables()
  return routerWith(store)
}

async function rowInMysql(req, res) {
  const client = await mysql.createConnection({ uri: MARIADB_URL })
  const query = 'SELECT * FROM shortcrust_session WHERE `key` = ?'
  const [rows] = await client.execute(query, [keyOfTheRow(req)])
  res.json(rows)
  await client.end()
}

function inADatabase() {
  return routerWith(new SQLiteStore(join(folder, 'rows.db')))
}

function rowInADatabase(req, res) {
  const database = new Database(join(folder, 'rows.db'), { readonly: true })
  const query = 'SELECT * FROM shortcrust_session WHERE key = ?'
  res.json(database.prepare(query).all(keyOfTheRow(req)))
  database.close()
}

function inFiles() {
  return routerWith(new FileStore(join(folder, 'sessions')))
}

async function rowInFiles(req, res) {
  const key = keyOfTheRow(req)
  res.send(await readFile(join(folder, 'sessions', 'records', key.slice(0, 2), key), 'utf8'))
}

const same = `<p>This is the same page on each store: what changes is one line, the store. The cookie has the session's
  id, and the row has the data. Look at the key of the row: it is not the id.</p>`

function lesson(slug, title, note, app, row, server) {
  const steps = [putSomethingIn, showTheSession, row, endIt]
  const parts = [{ setup: [routerWith, keyOfTheRow], app, steps, server }]
  return { slug, title, text: `<p>${note}</p>${same}`, parts }
}

export const lessons = [
  lesson(
    'in-a-database',
    'In a database',
    'Here it is SQLite, which is a file, and no server must run.',
    inADatabase,
    rowInADatabase,
  ),
  lesson('in-mysql', 'In MySQL or MariaDB', 'The store takes a pool of mysql2.', inMysql, rowInMysql, {
    name: 'MySQL or MariaDB',
    url: MARIADB_URL,
  }),
  lesson(
    'in-redis',
    'In Redis',
    'Redis keeps all in memory, so it is fast, and it removes a session by itself when its time is over.',
    inRedis,
    rowInRedis,
    { name: 'Redis', url: REDIS_URL },
  ),
  lesson(
    'in-memcached',
    'In Memcached',
    `Memcached is a cache: where its memory is full it drops what nobody used for long. So a session may be gone before
    its time.`,
    inMemcached,
    rowInMemcached,
    { name: 'Memcached', url: MEMCACHED_URL },
  ),
  lesson(
    'in-a-file',
    'In files',
    'Each session is a file of its own. That is enough for one machine.',
    inFiles,
    rowInFiles,
  ),
]
