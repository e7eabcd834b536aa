// shortcrust/fastify-session: what the module exports, its store, its ids, its list of secrets.
import assert from 'node:assert/strict'
import { createRequire } from 'node:module'
import { test } from 'node:test'
import { inspect } from 'node:util'

import imported, { fastifySession, MemoryStore, Store } from 'shortcrust/fastify-session'

import { pair, visit } from './fastify.support.mjs'
import {
  app,
  JsonStore,
  MODULES,
  OLD_SECRET,
  ours,
  peer,
  SECRET,
  signed,
} from './fastify-session.support.mjs'

const require = createRequire(import.meta.url)

for (const store of [new JsonStore(), new Store()]) {
  test(`a list of secrets may change while the application runs: ${store.constructor.name}`, async () => {
    const secret = [OLD_SECRET]
    const front = await app(ours, { secret, store })
    const { setCookie } = await visit(front, '/assign', { body: { a: 1 } })
    secret.unshift(SECRET)
    const renewed = await visit(front, '/read', { cookie: pair(setCookie) })
    assert.equal(pair(renewed.setCookie), `sessionId=${signed('id-1')}`)
    secret.pop()
    const isOpen = async (cookie) => JSON.parse((await visit(front, '/read', { cookie })).text).id === 'id-1'
    assert.ok(await isOpen(pair(renewed.setCookie)))
    assert.ok(!(await isOpen(pair(setCookie))))
  })
}

test('ids are random, of 32 characters, and every new session has its own', async () => {
  const front = await app(ours, { idGenerator: undefined })
  const ids = await Promise.all(
    Array.from({ length: 50 }, async () => JSON.parse((await visit(front, '/read')).text).id),
  )
  assert.equal(new Set(ids).size, 50)
  for (const id of ids) assert.match(id, /^[\w-]{32}$/)
})

test('idGenerator is given the request', async () => {
  for (const module of Object.values(MODULES)) {
    const front = await app(module, { idGenerator: ({ headers }) => `${headers['x-who']}-1` })
    const { text } = await visit(front, '/read', { headers: { 'x-who': 'ada' } })
    assert.equal(JSON.parse(text).id, 'ada-1')
  }
})

test('MemoryStore keeps sessions in the Map it is given, and is one with Store', async () => {
  for (const { MemoryStore, Store } of Object.values(MODULES)) {
    const map = new Map()
    const store = new Store(map)
    assert.equal(store.store, map)
    assert.ok(store instanceof MemoryStore && store instanceof require('node:events'))
    assert.ok(new Store().store instanceof Map)
    class Mine extends Store {}
    function Old() {
      Store.call(this)
    }
    Object.setPrototypeOf(Old.prototype, Store.prototype)
    for (const each of [store, new Mine(), new Old()]) {
      each.set('a', { cookie: {} }, assert.ifError)
      each.get('a', (error, session) => assert.deepEqual([error, session], [null, { cookie: {} }]))
      each.destroy('a', assert.ifError)
      each.get('a', (error, session) => assert.deepEqual([error, session], [null, undefined]))
      assert.equal(each.emit('none'), false)
    }
  }
})

test('require and import give the plugin, with the peer’s names on it', () => {
  assert.equal(imported, ours)
  assert.equal(fastifySession, ours)
  assert.deepEqual([ours.default, ours.fastifySession], [ours, ours])
  assert.deepEqual([MemoryStore, Store], [ours.MemoryStore, ours.Store])
  assert.deepEqual(Object.keys(ours).sort(), Object.keys(peer).sort())
  for (const name of ['skip-override', 'fastify.display-name']) {
    assert.deepEqual(ours[Symbol.for(name)], peer[Symbol.for(name)])
  }
  const meta = Symbol.for('plugin-meta')
  assert.deepEqual(ours[meta], { ...peer[meta], fastify: '4.x || 5.x' })
  assert.equal(ours.length, peer.length)
})

test('the methods are no data of the session, and no log of a session shows secrets', async () => {
  const store = new MemoryStore()
  const front = await app(ours, { store })
  await visit(front, '/assign', { body: { a: 1 } })
  const session = store.store.get('id-1')
  assert.deepEqual(Object.keys(session), ['cookie', 'a'])
  assert.doesNotMatch(inspect(session, { depth: 9 }), /Symbol|signer|secret/)
})
