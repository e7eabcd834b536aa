// Requests that stand in line for one session's row, on a clock of the test's.
import assert from 'node:assert/strict'
import { createRequire } from 'node:module'
import { mock, test } from 'node:test'

mock.timers.enable({ apis: ['setTimeout'] })
const require = createRequire(import.meta.url)
const { Turns } = require('../dist/turns.js')
const { StoreRunner } = require('../dist/store-runner.js')
const { ExpressSessionStore } = require('../dist/stores/express-session.js')
const settled = () => new Promise(setImmediate)

test('one waits for the other, and others for none of them', () => {
  const [turns, seen] = [new Turns(), []]
  let release
  turns.take('a', (done) => {
    seen.push('one')
    release = done
  })
  turns.take('a', () => seen.push('two'))
  turns.take('b', () => seen.push('three'))
  assert.deepEqual(seen, ['one', 'three'])
  release()
  release()
  assert.deepEqual(seen, ['one', 'three', 'two'])
})

test('who waits 10 seconds for an answer that is lost waits no longer, and those behind neither', async () => {
  const [turns, seen] = [new Turns(), []]
  turns.take('a', () => seen.push('lost'))
  for (const name of ['two', 'three']) {
    turns.take('a', (done) => {
      seen.push(name)
      done()
    })
  }
  mock.timers.tick(9_999)
  await settled()
  assert.deepEqual(seen, ['lost'])
  mock.timers.tick(1)
  await settled()
  assert.deepEqual(seen, ['lost', 'two', 'three'])
  turns.take('a', () => seen.push('later'))
  assert.equal(seen.at(-1), 'later')
})

test('who waits behind two whose answers are lost waits 10 seconds for each', async () => {
  const [turns, seen] = [new Turns(), []]
  for (const name of ['lost', 'lost too', 'three']) turns.take('a', () => seen.push(name))
  for (const expected of [
    ['lost', 'lost too'],
    ['lost', 'lost too', 'three'],
  ]) {
    mock.timers.tick(10_000)
    await settled()
    assert.deepEqual(seen, expected)
  }
})

test('a request in line behind one whose store never answers goes on after 10 seconds', async () => {
  const store = { load: () => new Promise(() => {}), capabilities: { expiry: true } }
  const runner = new StoreRunner(store, 'sessions')
  const machine = (...needs) => ({ need: () => needs.shift() ?? null, answer() {}, failure: null })
  const inLine = { queue: 'a' }
  runner.run(machine(inLine, { actions: [{ kind: 'load', key: '', keys: ['a'] }] }))
  let isThrough = false
  runner.run(machine(inLine)).then(() => {
    isThrough = true
  })
  await settled()
  mock.timers.tick(9_999)
  await settled()
  assert.equal(isThrough, false)
  mock.timers.tick(1)
  await settled()
  assert.equal(isThrough, true)
})

test('of two writes at once in a store of express-session’s the second sees the first', async () => {
  const rows = new Map()
  const peer = {
    get: (id, done) => setImmediate(() => done(null, rows.get(id))),
    set: (id, row, done) => setImmediate(() => done(null, rows.set(id, row))),
    destroy: (id, done) => setImmediate(() => done(null, rows.delete(id))),
  }
  const [one, other] = [new ExpressSessionStore(peer), new ExpressSessionStore(peer)]
  const entry = (text) => ({ text, expires: undefined })
  assert.deepEqual(await Promise.all([one.create('a', entry('a')), other.create('a', entry('b'))]), [
    'done',
    'exists',
  ])
  const saved = await Promise.all([one.save('a', 1, entry('ended')), other.save('a', 1, entry('late'))])
  assert.deepEqual(saved, ['done', { version: 2, text: 'ended' }])
  const gone = await Promise.all([one.delete('a'), other.save('a', 2, entry('late'))])
  assert.deepEqual(gone, ['done', 'gone'])
})
