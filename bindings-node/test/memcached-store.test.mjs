// What is Memcached's own; the contract is tested with every store's.
import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import net from 'node:net'
import test from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'

import Memcached from 'memcached'
import { session } from 'shortcrust/express'
import { MemcachedStore } from 'shortcrust/stores/memcached'

import { MEMCACHED } from './services.mjs'
import { clock, SECRET, serve } from './support.mjs'

// What the manual's page about stores says, but for `retry`: the client's own leave a server out for 5 hours.
const OPTIONS = { retries: 0, timeout: 1_000, retry: 100, failures: 1e9 }

/** A client whose timers hold up no process: of a server that failed they run on after its end. */
function clientOf(context, address, options) {
  const { setTimeout } = globalThis
  globalThis.setTimeout = (...given) => setTimeout(...given).unref()
  const client = new Memcached(address, options)
  context.after(() => {
    client.end()
    globalThis.setTimeout = setTimeout
  })
  return client
}

/** A server of its own, on a port that it has again after a kill. */
async function started(context) {
  const probe = net.createServer().listen(0, '127.0.0.1')
  await once(probe, 'listening')
  const { port } = probe.address()
  probe.close()
  let server
  const start = async () => {
    server = spawn('memcached', ['-l', '127.0.0.1', '-p', String(port), '-U', '0', '-u', 'nobody'])
    for (;;) {
      const socket = net.connect(port, '127.0.0.1')
      const isUp = await once(socket, 'connect').then(
        () => true,
        () => false,
      )
      socket.destroy()
      if (isUp) return
      await sleep(20)
    }
  }
  const kill = async () => {
    server.kill('SIGKILL')
    await once(server, 'exit')
  }
  context.after(() => server.kill('SIGKILL'))
  await start()
  return { address: `127.0.0.1:${port}`, start, kill }
}

test('what is no client, and a session that Memcached does not hold, are refused', async () => {
  for (const wrong of [undefined, null, 'localhost:11211']) {
    assert.throws(() => new MemcachedStore(wrong), { code: 'option', message: /takes a client of memcached/ })
  }
  const client = new Memcached('127.0.0.1:1')
  const store = new MemcachedStore(client)
  await assert.rejects(store.create('k', { text: 'x'.repeat(1_048_576) }), { code: 'too_large' })
  client.end()
})

test('a server that is killed is an error at once, and is found again when it is back', {
  skip: MEMCACHED.skip,
}, async (context) => {
  const { address, start, kill } = await started(context)
  const client = clientOf(context, address, OPTIONS)
  const store = new MemcachedStore(client)
  await store.create('k', { text: 'x' })
  await kill()
  const asks = [
    () => store.load(['k']),
    () => store.save('k', 1, { text: 'y' }),
    () => store.create('k2', { text: 'y' }),
    () => store.put('k', { text: 'y' }),
    () => store.delete('k'),
  ]
  // Longer than the client's own options would take to leave the server out.
  for (let round = 0; round < 8; round++) {
    const answers = await Promise.allSettled(asks.map((ask) => ask()))
    assert.deepEqual(
      answers.map(({ status }) => status),
      asks.map(() => 'rejected'),
    )
    for (const { reason } of answers) assert.doesNotMatch(reason.message, /5 seconds|undefined/)
    await sleep(110)
  }
  await start()
  let rows
  while (!rows) rows = await store.load(['k']).catch(() => sleep(50))
  assert.deepEqual(rows, [undefined])
  assert.equal(await store.create('k', { text: 'z' }), 'done')
})

test('a server that is silent is an error after 5 seconds, whatever the client would wait', async (context) => {
  const silent = net.createServer(() => {}).listen(0, '127.0.0.1')
  await once(silent, 'listening')
  const client = clientOf(context, `127.0.0.1:${silent.address().port}`)
  context.after(() => silent.close())
  const store = new MemcachedStore(client)
  const silence = { message: 'Memcached gave no answer in 5 seconds' }
  const asks = [store.load(['k']), store.save('k', 1, { text: 'x' }), store.delete('k')]
  for (const ask of asks) await assert.rejects(ask, silence)
})

for (const outage of ['error', 'empty']) {
  test(`while Memcached is down, requests are served as the outage policy "${outage}" says`, {
    skip: MEMCACHED.skip,
  }, async (context) => {
    const { address, start, kill } = await started(context)
    const client = clientOf(context, address, OPTIONS)
    const middleware = session({ secrets: [SECRET], store: new MemcachedStore(client), outage })
    const handler = (request, response) =>
      middleware(request, response, (error) => {
        if (error) response.statusCode = 500
        const seen = request.session?.a ?? null
        if (!error) request.session.a = 1
        response.end(JSON.stringify(seen))
      })
    await serve(handler, async (browser) => {
      const visit = async () => {
        const { status, text } = await browser.get()
        return [status, status === 200 ? JSON.parse(text) : undefined]
      }
      assert.deepEqual(await visit(), [200, null])
      assert.deepEqual(await visit(), [200, 1])
      const before = browser.cookie
      await kill()
      assert.deepEqual(await visit(), outage === 'error' ? [500, undefined] : [200, null])
      assert.equal(browser.cookie, before)
      await start()
      await sleep(150)
      // It has forgotten all.
      assert.deepEqual(await visit(), [200, null])
      assert.deepEqual(await visit(), [200, 1])
    })
  })
}

const DAY = 86_400
const [IN_2026, IN_2038, LAST] = [1_795_000_000, 2 ** 31 - 10 * DAY, 2 ** 31 - 1]

for (const [now, ends, told] of [
  [IN_2026, undefined, 0],
  [IN_2026, 1, 1],
  [IN_2026, IN_2026 + 60, 61],
  // Up to 30 days from now on, and then since 1970.
  [IN_2026, IN_2026 + 30 * DAY - 1, 30 * DAY],
  [IN_2026, IN_2026 + 30 * DAY, IN_2026 + 30 * DAY + 1],
  [IN_2026, LAST - 1, LAST],
  // What Memcached has no number for is kept, rather than lost in 2038.
  [IN_2026, LAST, 0],
  [IN_2026, 253_402_300_799, 0],
  [IN_2038, IN_2038 + 29 * DAY, 29 * DAY + 1],
  [IN_2038, IN_2038 + 31 * DAY, 0],
  [IN_2038 + 20 * DAY, IN_2038 + 20 * DAY + 60, 61],
])
  test(`at ${now} an end at ${ends} is told to Memcached as ${told}`, async (context) => {
    clock(context, now * 1_000)
    const asked = []
    const add = (_key, _value, lifetime, done) => done(undefined, asked.push(lifetime) > 0)
    const store = new MemcachedStore({ gets() {}, add })
    await store.create('key', { text: 'x', expires: ends && ends * 1_000 })
    assert.deepEqual(asked, [told])
  })
