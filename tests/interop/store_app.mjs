// A shop whose sessions lie in the store that STORE and URL name; and at /store what that store is asked.
import { createRequire } from 'node:module'

import express from 'express'
import { login, reason, session, sessions } from 'shortcrust/express'
import { DynamoDBStore } from 'shortcrust/stores/dynamodb'
import { FileStore } from 'shortcrust/stores/file'
import { MemcachedStore } from 'shortcrust/stores/memcached'
import { MySQLStore } from 'shortcrust/stores/mysql'
import { PostgresStore } from 'shortcrust/stores/postgres'
import { RedisStore } from 'shortcrust/stores/redis'
import { SQLiteStore } from 'shortcrust/stores/sqlite'

// The clients are where the package has them.
const require = createRequire(createRequire(import.meta.url).resolve('shortcrust/package.json'))
const { STORE, URL: url, SECRET, SHOPPER } = process.env

const open = {
  'node-redis': async () => {
    const client = require('redis').createClient({ url })
    await client.connect()
    return new RedisStore(client)
  },
  files: () => new FileStore(url),
  dynamodb: () => {
    const { DynamoDB } = require('@aws-sdk/client-dynamodb')
    const credentials = { accessKeyId: 'nobody', secretAccessKey: 'nothing' }
    return new DynamoDBStore(new DynamoDB({ endpoint: url, region: 'eu-central-1', credentials }))
  },
  'cluster-node-redis': async () => {
    const client = require('redis').createCluster({ rootNodes: [{ url }] })
    await client.connect()
    return new RedisStore(client)
  },
  'cluster-ioredis': () => new RedisStore(new (require('ioredis').Cluster)([url])),
  'sentinel-node-redis': async () => {
    const client = require('redis').createSentinel({ name: 'main', sentinelRootNodes: [sentinel()] })
    await client.connect()
    return new RedisStore(client)
  },
  'sentinel-ioredis': () =>
    new RedisStore(new (require('ioredis').Redis)({ name: 'main', sentinels: [sentinel()] })),
  ioredis: () => new RedisStore(new (require('ioredis').Redis)(url)),
  mariadb: () => new MySQLStore(require('mysql2/promise').createPool({ uri: url })),
  memcached: () => new MemcachedStore(new (require('memcached'))(new URL(url).host)),
  postgres: () => new PostgresStore(new (require('pg').Pool)({ connectionString: url })),
  sqlite: () => new SQLiteStore(url),
}
function sentinel() {
  const { hostname, port } = new URL(url)
  return { host: hostname, port: Number(port) }
}

const store = await open[STORE]()

const app = express()
app.post('/store', express.json({ limit: '9mb' }), async ({ body: [method, ...values] }, response) => {
  const answer = await store[method](...values)
  response.json(Array.isArray(answer) ? answer.map((one) => one ?? null) : answer)
})
app.use(session({ secrets: [SECRET], store }))
app.get('/', (request, response) => {
  const seen = { ...request.session }
  request.session.node = (request.session.node ?? 0) + 1
  response.json({ seen, reason: reason(request) ?? null })
})
app.get('/login', async (request, response) => {
  await login(request, SHOPPER)
  response.json({})
})
app.get('/revoke', async (request, response) => {
  response.json(await sessions.revokeAll(request, SHOPPER, { exceptCurrent: true }))
})

const server = app.listen(0, '127.0.0.1', () => console.log(server.address().port))
