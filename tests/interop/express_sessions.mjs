// The real express-session with one of its stores: users log in, and their cookies are printed.
import { once } from 'node:events'
import { createRequire } from 'node:module'

const require = createRequire(new URL('../../bindings-node/package.json', import.meta.url))
const express = require('express')
const session = require('express-session')
const { COUNT, PLACE, SECRET, STORE, URL: url } = process.env

async function redis() {
  const client = await require('redis').createClient({ url }).connect()
  const { RedisStore } = require('connect-redis')
  return { store: new RedisStore({ client, prefix: PLACE }), close: () => client.close() }
}

function postgres() {
  const pool = new (require('pg').Pool)({ connectionString: url })
  const Store = require('connect-pg-simple')(session)
  const store = new Store({
    pool,
    schemaName: PLACE,
    createTableIfMissing: true,
    pruneSessionInterval: false,
  })
  return { store, close: () => pool.end() }
}

const { store, close } = await { redis, postgres }[STORE]()
const cookie = { maxAge: 600_000 }
const server = express()
  .use(session({ secret: SECRET, store, resave: false, saveUninitialized: false, cookie }))
  .use('/login', (request, response) => {
    Object.assign(request.session, { user: request.query.user, basket: ['tea'], seen: { ' t': [1] } })
    response.end()
  })
  .listen(0, '127.0.0.1')
await once(server, 'listening')
const login = async (user) => {
  const answer = await fetch(`http://127.0.0.1:${server.address().port}/login?user=${user}`)
  return answer.headers.getSetCookie()[0].split(';')[0]
}
// The first makes the table.
const cookies = [await login('user0')]
const others = Array.from({ length: COUNT - 1 }, (_, at) => login(`user${at + 1}`))
console.log(JSON.stringify(cookies.concat(await Promise.all(others))))
server.closeAllConnections()
server.close()
await close()
