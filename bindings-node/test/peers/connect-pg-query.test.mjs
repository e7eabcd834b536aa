// What an application puts before connect-pg-simple's own `query`, such as a tracer, stays there.
import assert from 'node:assert/strict'
import test from 'node:test'

import connectPg from 'connect-pg-simple'
import stock from 'express-session'

import { rowsOf } from '../../dist/peers/merge/choose.js'

const SESSION = { cookie: { originalMaxAge: 60_000 }, basket: ['pie'] }

/** A store whose application looks at every statement. */
function traced() {
  const store = new (connectPg(stock))({ pool: {}, pruneSessionInterval: false })
  const statements = []
  store.query = (sql, params, done) => {
    statements.push([sql.split(' ', 1)[0], ...params])
    done(null, { sid: 'a' })
  }
  return { store, statements, query: store.query }
}

function called(run) {
  return new Promise((resolve, reject) => run((error, answer) => (error ? reject(error) : resolve(answer))))
}

test("an application's own query of connect-pg-simple is still asked after a write and a touch", async () => {
  const { store, statements, query } = traced()
  const rows = rowsOf(store)
  assert.equal(await called((done) => rows.swap('a', SESSION, 'what was read', done)), true)
  await called((done) => rows.touch('a', SESSION, done))
  assert.equal(store.query, query)
  assert.deepEqual(
    statements.map(([word]) => word),
    ['UPDATE', 'UPDATE'],
  )
})
