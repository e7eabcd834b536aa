// Every store on its real server, for records that only one test sees; and what counts at the server.
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { createRequire } from 'node:module'
import net from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { DynamoDB } from '@aws-sdk/client-dynamodb'
import BetterSqlite from 'better-sqlite3'
import { RedisStore as ConnectRedis } from 'connect-redis'
import expressSession from 'express-session'
import { Cluster as IOCluster, Redis as IORedis } from 'ioredis'
import Memcached from 'memcached'
import mysql from 'mysql2/promise'
import pg from 'pg'
import { createClient, createCluster, createSentinel } from 'redis'
import { DynamoDBStore } from 'shortcrust/stores/dynamodb'
import { ExpressSessionStore } from 'shortcrust/stores/express-session'
import { FileStore } from 'shortcrust/stores/file'
import { MemcachedStore } from 'shortcrust/stores/memcached'
import { MemoryStore } from 'shortcrust/stores/memory'
import { MySQLStore } from 'shortcrust/stores/mysql'
import { PostgresStore } from 'shortcrust/stores/postgres'
import { RedisStore } from 'shortcrust/stores/redis'
import { SQLiteStore } from 'shortcrust/stores/sqlite'

import { DYNAMODB, MARIADB, MEMCACHED, POSTGRES, REDIS, REDIS_CLUSTER, REDIS_SENTINEL } from './services.mjs'

const require = createRequire(import.meta.url)

export const newKey = () => randomBytes(32).toString('base64url')
export const newUser = () => `user ${randomBytes(8).toString('hex')}`

const WAITING = { waitReplicas: 1, waitMs: 20_000 }

/** By name: `skip` for a test's options, and `open(address)` for a store that only this test sees. */
export const STORES = {
  memory: { skip: false, open: () => ({ store: new MemoryStore(), close() {} }) },
  files: { skip: false, open: openFiles },
  'better-sqlite3': { skip: false, open: () => openSqlite((path) => new BetterSqlite(path)) },
  'node:sqlite': { skip: lacksNodeSqlite(), open: () => openSqlite(nodeSqlite) },
  postgres: { skip: POSTGRES.skip, open: openPostgres },
  mariadb: { skip: MARIADB.skip, open: openMariaDB },
  'redis, by node-redis': { skip: REDIS.skip, open: openNodeRedis },
  'redis, by ioredis': { skip: REDIS.skip, open: openIORedis },
  'redis cluster, by node-redis': { skip: REDIS_CLUSTER.skip, open: () => openNodeCluster() },
  'redis cluster, by ioredis': { skip: REDIS_CLUSTER.skip, open: () => openIOCluster(WAITING) },
  'redis sentinel, by node-redis': { skip: REDIS_SENTINEL.skip, open: () => openNodeSentinel(WAITING) },
  'redis sentinel, by ioredis': { skip: REDIS_SENTINEL.skip, open: () => openIOSentinel(WAITING) },
  'redis cluster that waits, by node-redis': {
    skip: REDIS_CLUSTER.skip,
    open: () => openNodeCluster(WAITING),
  },
  "express-session's MemoryStore": { skip: false, open: openPeers },
  'connect-redis': { skip: REDIS.skip, open: openConnectRedis },
  memcached: { skip: MEMCACHED.skip, open: openMemcached },
  dynamodb: { skip: DYNAMODB.skip, longest: 300_000, open: openDynamoDB },
}

/** Those that can do all that a store can. */
export const WHOLE_STORES = Object.fromEntries(
  Object.entries(STORES).filter(([name], at) => at < 13 || name === 'dynamodb'),
)

/** Those behind a connection, on which round trips can be counted; mysql2 has each statement prepared first. */
export const SERVERS = Object.fromEntries(
  Object.entries(STORES)
    .slice(4, 8)
    .filter(([name]) => name !== 'mariadb'),
)

export function lacksNodeSqlite() {
  try {
    require('node:sqlite')
    return false
  } catch {
    return `node:sqlite is not in Node ${process.version}`
  }
}

function nodeSqlite(path) {
  return new (require('node:sqlite').DatabaseSync)(path)
}

function openFiles() {
  const folder = mkdtempSync(join(tmpdir(), 'shortcrust-'))
  return { store: new FileStore(join(folder, 'sessions')), close: () => rmSync(folder, { recursive: true }) }
}

function openSqlite(database) {
  const folder = mkdtempSync(join(tmpdir(), 'shortcrust-'))
  const path = join(folder, 'sessions.db')
  const store = new SQLiteStore(database(path))
  return {
    store,
    path,
    close() {
      store.close()
      rmSync(folder, { recursive: true })
    },
  }
}

/** In a schema of its own, as `sweep` takes what is there. */
async function openPostgres(address) {
  const url = new URL(POSTGRES.url)
  if (address) url.host = address
  const schema = `shortcrust_test_${randomBytes(8).toString('hex')}`
  const admin = new pg.Pool({ connectionString: POSTGRES.url, max: 1 })
  await admin.query(`CREATE SCHEMA ${schema}`)
  const pool = new pg.Pool({ connectionString: url.href, options: `-c search_path=${schema}` })
  const store = new PostgresStore(pool)
  await store.createTables()
  return {
    store,
    pool,
    async close() {
      await pool.end()
      await admin.query(`DROP SCHEMA ${schema} CASCADE`)
      await admin.end()
    },
  }
}

function openMemcached() {
  const client = new Memcached(new URL(MEMCACHED.url).host)
  return { store: new MemcachedStore(client), client, close: () => client.end() }
}

/** What a client needs for the server that tests share, or for another. */
export function dynamodbOptions(endpoint = DYNAMODB.url) {
  const credentials = { accessKeyId: 'nobody', secretAccessKey: 'nothing' }
  return { endpoint, region: 'eu-central-1', credentials }
}

/** In a table of its own. */
async function openDynamoDB() {
  const client = new DynamoDB(dynamodbOptions())
  const table = `test-${randomBytes(8).toString('hex')}`
  const store = new DynamoDBStore(client, { table })
  await store.createTable()
  return {
    store,
    client,
    table,
    async close() {
      await client.deleteTable({ TableName: table })
      client.destroy()
    },
  }
}

/** In a database of its own. */
async function openMariaDB(address) {
  const url = new URL(MARIADB.url)
  if (address) url.host = address
  const database = `shortcrust_test_${randomBytes(8).toString('hex')}`
  const admin = await mysql.createConnection(MARIADB.url)
  await admin.query(`CREATE DATABASE ${database}`)
  url.pathname = database
  const pool = mysql.createPool({ uri: url.href })
  const store = new MySQLStore(pool)
  await store.createTables()
  return {
    store,
    pool,
    async close() {
      await pool.end()
      await admin.query(`DROP DATABASE ${database}`)
      await admin.end()
    },
  }
}

async function openNodeRedis(address) {
  const client = createClient({ url: redisUrl(address) })
  await client.connect()
  return { store: new RedisStore(client), client, close: () => client.close() }
}

function openIORedis(address) {
  const client = new IORedis(redisUrl(address))
  return { store: new RedisStore(client), client, close: () => client.quit() }
}

async function openNodeCluster(options) {
  const client = createCluster({ rootNodes: [{ url: REDIS_CLUSTER.url }] })
  await client.connect()
  return { store: new RedisStore(client, options), client, close: () => client.close() }
}

function openIOCluster(options) {
  const client = new IOCluster([REDIS_CLUSTER.url])
  return { store: new RedisStore(client, options), client, close: () => client.quit() }
}

async function openNodeSentinel(options) {
  const client = createSentinel({ name: 'main', sentinelRootNodes: [sentinel()] })
  await client.connect()
  return { store: new RedisStore(client, options), client, close: () => client.close() }
}

function openIOSentinel(options) {
  const client = new IORedis({ name: 'main', sentinels: [sentinel()] })
  return { store: new RedisStore(client, options), client, close: () => client.quit() }
}

function sentinel() {
  const { hostname, port } = new URL(REDIS_SENTINEL.url)
  return { host: hostname, port: Number(port) }
}

function openPeers() {
  return { store: new ExpressSessionStore(new expressSession.MemoryStore()), close() {} }
}

async function openConnectRedis() {
  const client = createClient({ url: redisUrl() })
  await client.connect()
  const peer = new ConnectRedis({ client, prefix: 'shortcrust_test:' })
  return { store: new ExpressSessionStore(peer), close: () => client.close() }
}

function redisUrl(address) {
  const url = new URL(REDIS.url)
  if (address) url.host = address
  return url.href
}

/** Passes on what comes for the server of `url`, and counts how often somebody asks and is answered. */
export class Wire {
  trips = 0
  /** Nothing comes through while this is set. */
  isCut = false
  #isAnswered = true
  #sockets = new Set()

  static async to(url) {
    const wire = new Wire()
    const { hostname, port } = new URL(url)
    wire.server = net
      .createServer((client) => wire.#join(client, net.connect(port, hostname)))
      .listen(0, '127.0.0.1')
    await once(wire.server, 'listening')
    return wire
  }

  get address() {
    return `127.0.0.1:${this.server.address().port}`
  }

  /** How many round trips `run` makes. */
  async count(run) {
    this.trips = 0
    await run()
    return this.trips
  }

  close() {
    for (const socket of this.#sockets) socket.destroy()
    this.server.close()
  }

  #join(client, server) {
    for (const socket of [client, server]) {
      this.#sockets.add(socket)
      socket.on('error', () => {})
    }
    client.on('data', (chunk) => {
      if (this.#isAnswered) this.trips += 1
      this.#isAnswered = false
      if (!this.isCut) server.write(chunk)
    })
    server.on('data', (chunk) => {
      this.#isAnswered = true
      client.write(chunk)
    })
    client.on('close', () => server.destroy())
    server.on('close', () => client.destroy())
  }
}
