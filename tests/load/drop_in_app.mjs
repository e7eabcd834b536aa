// express-session, @fastify/session and koa-session, and our drop-ins for them, on stores of npm and on ours.
import http from 'node:http'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'

const require = createRequire(new URL('../../bindings-node/package.json', import.meta.url))
const { LAYER, STORE, SECRET, FOLDER, PORT, REDIS_URL, POSTGRES_URL } = process.env
const front = require(LAYER).default ?? require(LAYER)

async function redis() {
  const client = require('redis').createClient({ url: REDIS_URL })
  // Without a listener a server that goes away takes the process along.
  return client.on('error', () => {}).connect()
}

const STORES = {
  redis: async () => new (require('connect-redis').RedisStore)({ client: await redis() }),
  async postgres() {
    const pool = new (require('pg').Pool)({ connectionString: POSTGRES_URL })
    const Store = require('connect-pg-simple')(require('express-session'))
    await pool.query(
      'CREATE TABLE IF NOT EXISTS load_session (sid varchar PRIMARY KEY, sess json, expire timestamp(6))',
    )
    return new Store({ pool, tableName: 'load_session' })
  },
  'our redis': async () => new (require('shortcrust/stores/redis').RedisStore)(await redis()),
  memory: () => new (front.MemoryStore ?? require('express-session').MemoryStore)(),
  files() {
    const Store = require('session-file-store')(require('express-session'))
    return new Store({ path: join(FOLDER, 'sessions'), reapInterval: -1, logFn() {} })
  },
}

/** What koa-session takes. */
async function koaStore() {
  if (STORE !== 'redis') return STORES[STORE]()
  const client = await redis()
  return {
    get: async (key) => JSON.parse((await client.get(key)) ?? 'null'),
    set: (key, session, maxAge) => client.set(key, JSON.stringify(session), { PX: maxAge }),
    destroy: (key) => client.del(key),
  }
}

/** What a request asks for; the answer. */
async function serve(url, request) {
  const { pathname, searchParams } = new URL(url, 'http://localhost')
  if (pathname === '/begin') request.session.begun = true
  if (pathname === '/add') {
    request.session.begun
    await sleep(20 + 60 * Math.random())
    request.session[searchParams.get('key')] = 1
  }
  if (pathname !== '/all') return ''
  return JSON.stringify(Object.keys(request.session).filter((key) => /^c\d+k/.test(key)))
}

const logout = ({ session }) =>
  new Promise((done, fail) => session.destroy((error) => (error ? fail(error) : done())))
const options = { secret: SECRET, saveUninitialized: false }

const HOSTS = {
  async express() {
    const app = require('express')()
    app.use(front({ ...options, resave: false, store: await STORES[STORE]() }))
    return app.use(async (request, response) => {
      if (request.path === '/logout') await logout(request)
      response.end(request.path === '/logout' ? '' : await serve(request.url, request))
    })
  },
  async koa() {
    const app = new (require('koa'))()
    app.keys = [SECRET]
    // One cookie, as the load keeps one.
    app.use(front({ signed: false, store: await koaStore() }, app))
    app.use(async (context) => {
      if (context.path === '/logout') context.session = null
      context.body = context.path === '/logout' ? '' : await serve(context.url, context)
    })
    return app.callback()
  },
  async fastify() {
    const app = require('fastify')()
    await app.register(require('@fastify/cookie'))
    const store = await STORES[STORE]()
    await app.register(front, { ...options, store, cookie: { secure: false }, rolling: false })
    app.get('/*', async (request) => {
      if (request.url === '/logout') await logout(request)
      return request.url === '/logout' ? '' : serve(request.url, request)
    })
    await app.ready()
    return app.routing
  },
}

const [host] = Object.keys(HOSTS).filter((name) => LAYER.includes(name))
const handler = await HOSTS[host]()
const count = (request, response) =>
  request.url === '/conflicts' ? response.end('0') : handler(request, response)
http.createServer(count).listen(Number(PORT), '127.0.0.1')
