// Requests that stand in line for one session's row, on a clock of the test's.
import assert from 'node:assert/strict'
import { createRequire } from 'node:module'
import { mock, test } from 'node:test'

mock.timers.enable({ apis: ['setTimeout'] })
const { Turns } = createRequire(import.meta.url)('../../dist/peers/merge/turns.js')
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
