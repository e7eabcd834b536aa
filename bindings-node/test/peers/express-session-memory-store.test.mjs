// The MemoryStore of express-session and the drop-in's.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { promisify } from 'node:util'

import ours from 'shortcrust/express-session'

import { NOW, SECRET } from '../support.mjs'
import { clock, eachFront } from './express-session.mjs'

const MINUTE = 60_000
const ID = 'the-id-of-the-tests'

const until = (time) => ({ cookie: { expires: new Date(time) } })
const promised = (store, method, ...args) => promisify(store[method]).call(store, ...args)

eachFront('has a MemoryStore that keeps JSON by id', async ({ session }) => {
  const store = new session.MemoryStore()
  assert.equal(Object.getPrototypeOf(store.sessions), null)
  for (const id of [ID, '__proto__', 'constructor']) {
    assert.equal(await promised(store, 'get', id), undefined)
    await promised(store, 'set', id, { cookie: { path: '/' }, user: id })
    assert.equal(store.sessions[id], JSON.stringify({ cookie: { path: '/' }, user: id }))
    assert.deepEqual(await promised(store, 'get', id), { cookie: { path: '/' }, user: id })
  }
  assert.equal(await promised(store, 'length'), 3)
  assert.deepEqual(Object.keys(await promised(store, 'all')), [ID, '__proto__', 'constructor'])
  await promised(store, 'destroy', '__proto__')
  assert.equal(await promised(store, 'length'), 2)
  await promised(store, 'clear')
  assert.deepEqual(store.sessions, Object.create(null))
  assert.equal(await promised(store, 'length'), 0)
})

eachFront('has a MemoryStore whose touch moves the cookie, and makes nothing', async ({ session }) => {
  const store = new session.MemoryStore()
  await promised(store, 'set', ID, { cookie: { path: '/' }, user: 'ada' })
  await promised(store, 'touch', ID, { cookie: { path: '/new' }, user: 'eve' })
  assert.equal(store.sessions[ID], '{"cookie":{"path":"/new"},"user":"ada"}')
  await promised(store, 'touch', 'none', { cookie: {} })
  assert.deepEqual(Object.keys(store.sessions), [ID])
})

eachFront('has a MemoryStore that calls back later, and does without callbacks', async ({ session }) => {
  const store = new session.MemoryStore()
  const order = []
  const called = (method) => () => order.push(method)
  store.set(ID, { cookie: {} }, called('set'))
  store.get(ID, called('get'))
  store.touch(ID, { cookie: {} }, called('touch'))
  store.all(called('all'))
  store.length(called('length'))
  store.destroy(ID, called('destroy'))
  store.clear(called('clear'))
  assert.deepEqual(order, [])
  await new Promise(setImmediate)
  assert.deepEqual(order, ['set', 'get', 'touch', 'all', 'length', 'destroy', 'clear'])
  for (const [method, ...args] of [
    ['set', ID, { cookie: {} }],
    ['touch', ID, { cookie: {} }],
    ['destroy', ID],
    ['all'],
    ['clear'],
  ]) {
    store[method](...args)
  }
})

eachFront('has a MemoryStore that gives no expired session', async ({ context, session }) => {
  const setTime = clock(context, NOW)
  const store = new session.MemoryStore()
  const fill = () => {
    store.sessions.text = JSON.stringify(until(NOW + 1))
    store.sessions.never = '{"cookie":{"expires":null}}'
    store.sessions.strange = '{"cookie":{"expires":"no date"}}'
    store.sessions.bare = '{}'
  }
  fill()
  assert.equal(await promised(store, 'length'), 4)
  setTime(NOW + 1)
  assert.equal(await promised(store, 'get', 'text'), undefined)
  assert.equal('text' in store.sessions, false)
  fill()
  assert.deepEqual(Object.keys(await promised(store, 'all')).sort(), ['bare', 'never', 'strange'])
  fill()
  await promised(store, 'touch', 'text', until(NOW + 9))
  assert.equal('text' in store.sessions, false)
})

test('expired records go as others are written, a few with each call', (context) => {
  const setTime = clock(context, NOW)
  const store = new ours.MemoryStore()
  let parsed = 0
  const { parse } = JSON
  context.mock.method(JSON, 'parse', (text) => {
    parsed += 1
    return parse(text)
  })
  const least = []
  for (let count = 0; count < 5_000; count++) {
    setTime(NOW + count * 1_000)
    const before = parsed
    store.set(`id-${count}`, until(NOW + count * 1_000 + MINUTE))
    least.push(parsed - before)
  }
  const live = MINUTE / 1_000
  assert.ok(Object.keys(store.sessions).length < 2 * live, `${Object.keys(store.sessions).length}`)
  assert.ok(Math.max(...least) <= 8)
})

test('a record that was touched or written past the store stays as long as it says', (context) => {
  const setTime = clock(context, NOW)
  const store = new ours.MemoryStore()
  for (const id of ['touched', 'past', 'dated']) store.set(id, until(NOW + 1))
  store.touch('touched', until(NOW + MINUTE))
  store.sessions.past = JSON.stringify(until(NOW + MINUTE))
  setTime(NOW + 10)
  for (let count = 0; count < 9; count++) store.set('other', until(NOW + MINUTE))
  assert.deepEqual(Object.keys(store.sessions), ['touched', 'past', 'other'])
})

test('records that were taken from under the store are forgotten', () => {
  const store = new ours.MemoryStore()
  const write = () => {
    for (let count = 0; count < 9; count++) store.set('new', { cookie: {} })
  }
  for (const id of ['a', 'b', 'c']) store.set(id, { cookie: {} })
  const asked = []
  store.sessions = new Proxy({}, { has: (target, id) => asked.push(id) && id in target })
  write()
  assert.deepEqual(new Set(asked.splice(0)), new Set(['a', 'b', 'c', 'new']))
  write()
  assert.deepEqual(new Set(asked), new Set(['new']))
})

test('max bounds how many sessions there are: the longest unwritten go', () => {
  const store = new ours.MemoryStore({ max: 3 })
  const keep = (...ids) => {
    for (const id of ids) store.set(id, { cookie: {} })
  }
  keep('a', 'b', 'c')
  store.touch('a', { cookie: {} })
  keep('d')
  assert.deepEqual(Object.keys(store.sessions).sort(), ['a', 'c', 'd'])
  store.max = 1
  keep('e')
  assert.deepEqual(Object.keys(store.sessions), ['e'])
  store.destroy('e')
  keep('f')
  assert.deepEqual(Object.keys(store.sessions), ['f'])
  assert.equal(new ours.MemoryStore().max, Number.POSITIVE_INFINITY)
  for (const max of [0, -1, 'many', Number.NaN, null])
    assert.throws(() => new ours.MemoryStore({ max }), TypeError)
})

test('a store keeps no timer', async () => {
  const timers = () => process.getActiveResourcesInfo().filter((kind) => kind === 'Timeout').length
  const before = timers()
  const store = new ours.MemoryStore()
  ours({ secret: SECRET, resave: false, saveUninitialized: false, store })
  for (let count = 0; count < 20; count++) await promised(store, 'set', `${count}`, until(0))
  assert.equal(timers(), before)
})
