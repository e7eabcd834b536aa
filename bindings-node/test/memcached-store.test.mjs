// What is Memcached's own; the contract is tested with every store's.
import assert from 'node:assert/strict'
import { once } from 'node:events'
import net from 'node:net'
import test from 'node:test'

import Memcached from 'memcached'
import { MemcachedStore } from 'shortcrust/stores/memcached'

test('a server that is down is an error at each call, and no empty session', async () => {
  const server = net.createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address()
  server.close()
  const client = new Memcached(`127.0.0.1:${port}`, { retries: 0, failures: 1, timeout: 500 })
  const store = new MemcachedStore(client)
  // The client leaves the server out after the first, and then says no more than `false`.
  for (let call = 0; call < 3; call++) {
    await assert.rejects(store.load(['k']))
    await assert.rejects(store.create('k', { text: '1' }))
    await assert.rejects(store.save('k', 1, { text: '1' }))
    await assert.rejects(store.delete('k'))
  }
  client.end()
})

test('what is no client, and a session that Memcached does not hold, are refused', async () => {
  for (const wrong of [undefined, null, 'localhost:11211']) {
    assert.throws(() => new MemcachedStore(wrong), { code: 'option', message: /takes a client of memcached/ })
  }
  const client = new Memcached('127.0.0.1:1')
  const store = new MemcachedStore(client)
  await assert.rejects(store.create('k', { text: 'x'.repeat(1_048_576) }), { code: 'too_large' })
  client.end()
})
