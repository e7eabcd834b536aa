// A client that sends a write once more, since its answer was lost, has written once.
import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import test from 'node:test'

import { RedisStore } from 'connect-redis'
import { createClient } from 'redis'

import { RedisRows } from '../../dist/peers/merge/redis.js'
import { REDIS } from '../services.mjs'

const called = (run) =>
  new Promise((resolve, reject) => run((error, answer) => (error ? reject(error) : resolve(answer))))

test('a row of connect-redis that a client swaps twice is swapped once', { skip: REDIS.skip }, async () => {
  const client = await createClient({ url: REDIS.url }).connect()
  const twice = {
    eval: async (...args) => {
      await client.eval(...args)
      return client.eval(...args)
    },
  }
  const peer = new RedisStore({ client, prefix: 'shortcrust_test:' })
  peer.client = twice
  const rows = new RedisRows(peer)
  const [id, before] = [randomBytes(8).toString('hex'), { cookie: {}, n: 1 }]
  const token = JSON.stringify(before)
  await client.set(`shortcrust_test:${id}`, token)
  const swap = (n) => called((done) => rows.swap(id, { cookie: {}, n }, token, done))
  assert.equal(await swap(2), true)
  assert.equal(await swap(3), false)
  assert.equal(JSON.parse(await client.get(`shortcrust_test:${id}`)).n, 2)
  await client.close()
})
