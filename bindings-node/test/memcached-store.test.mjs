// What is Memcached's own; the contract is tested with every store's.
import assert from 'node:assert/strict'
import test from 'node:test'

import Memcached from 'memcached'
import { MemcachedStore } from 'shortcrust/stores/memcached'

test('what is no client, and a session that Memcached does not hold, are refused', async () => {
  for (const wrong of [undefined, null, 'localhost:11211']) {
    assert.throws(() => new MemcachedStore(wrong), { code: 'option', message: /takes a client of memcached/ })
  }
  const client = new Memcached('127.0.0.1:1')
  const store = new MemcachedStore(client)
  await assert.rejects(store.create('k', { text: 'x'.repeat(1_048_576) }), { code: 'too_large' })
  client.end()
})
