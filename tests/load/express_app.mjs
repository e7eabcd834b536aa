// Express with its sessions in a store, ours or express-session's.
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'

const require = createRequire(new URL('../../bindings-node/package.json', import.meta.url))
const { LAYER, STORE, SECRET, FOLDER, PORT } = process.env
const { DYNAMODB_URL, MARIADB_URL, MEMCACHED_URL, POSTGRES_URL, REDIS_CLUSTER_URL, REDIS_URL } = process.env

let conflicts = 0

/** A store of ours that counts how often another request was first. */
function counting(Store) {
  return class extends Store {
    async save(...args) {
      const answer = await super.save(...args)
      if (typeof answer === 'object') conflicts += 1
      return answer
    }
  }
}

/** Without a listener a server that goes away takes the process along. */
function noop() {}

async function redis() {
  const client = require('redis').createClient({ url: REDIS_URL })
  return client.on('error', noop).connect()
}

async function store() {
  if (STORE === 'redis') {
    const { RedisStore } = require('shortcrust/stores/redis')
    return new (counting(RedisStore))(await redis())
  }
  if (STORE === 'redis-cluster') {
    const { RedisStore } = require('shortcrust/stores/redis')
    const client = require('redis').createCluster({
      rootNodes: [{ url: REDIS_CLUSTER_URL }],
      topologyRefreshOnReconnectionAttemptStrategy: 500,
    })
    await client.on('error', noop).connect()
    return new (counting(RedisStore))(client, { waitReplicas: 1, waitMs: 10_000 })
  }
  if (STORE === 'redis-cluster-ioredis') {
    const { RedisStore } = require('shortcrust/stores/redis')
    const client = new (require('ioredis').Cluster)([REDIS_CLUSTER_URL], { keyPrefix: 'load:' })
    return new (counting(RedisStore))(client.on('error', noop), { waitReplicas: 1, waitMs: 10_000 })
  }
  if (STORE === 'sqlite') {
    const { SQLiteStore } = require('shortcrust/stores/sqlite')
    return new (counting(SQLiteStore))(join(FOLDER, 'sessions.sqlite'))
  }
  if (STORE === 'files') {
    const { FileStore } = require('shortcrust/stores/file')
    return new (counting(FileStore))(join(FOLDER, 'sessions.files'))
  }
  if (STORE === 'dynamodb') {
    const { DynamoDBStore } = require('shortcrust/stores/dynamodb')
    const { DynamoDB } = require('@aws-sdk/client-dynamodb')
    const credentials = { accessKeyId: 'nobody', secretAccessKey: 'nothing' }
    const client = new DynamoDB({ endpoint: DYNAMODB_URL, region: 'eu-central-1', credentials })
    const made = new (counting(DynamoDBStore))(client)
    await made.createTable()
    return made
  }
  if (STORE === 'memcached') {
    const { MemcachedStore } = require('shortcrust/stores/memcached')
    return new (counting(MemcachedStore))(new (require('memcached'))(new URL(MEMCACHED_URL).host))
  }
  if (STORE === 'mariadb') {
    const { MySQLStore } = require('shortcrust/stores/mysql')
    const pool = require('mysql2/promise').createPool({ uri: MARIADB_URL, connectionLimit: 20 })
    const made = new (counting(MySQLStore))(pool)
    await made.createTables()
    return made
  }
  const { PostgresStore } = require('shortcrust/stores/postgres')
  const { Pool } = require('pg')
  const pool = new Pool({ connectionString: POSTGRES_URL }).on('error', noop)
  const made = new (counting(PostgresStore))(pool)
  await made.createTables()
  return made
}

async function layer() {
  if (LAYER === 'shortcrust') {
    const { session } = require('shortcrust/express')
    return session({ secrets: [SECRET], store: await store() })
  }
  const { RedisStore } = require('connect-redis')
  const options = { secret: SECRET, resave: false, saveUninitialized: false }
  return require('express-session')({ ...options, store: new RedisStore({ client: await redis() }) })
}

const app = require('express')()
app.use(await layer())
app.get('/begin', (request, response) => {
  request.session.begun = true
  response.end()
})
app.get('/add', async (request, response) => {
  request.session.begun
  await sleep(20 + 60 * Math.random())
  request.session[request.query.key] = 1
  response.end()
})
app.get('/all', (request, response) => {
  response.json(Object.keys(request.session).filter((key) => key !== 'begun' && key !== 'cookie'))
})
app.get('/logout', async (request, response) => {
  await require('shortcrust/express').logout(request)
  response.end()
})
app.get('/conflicts', (_request, response) => response.end(String(conflicts)))
app.listen(Number(PORT), '127.0.0.1')
