// What Redis Cluster has and a single server has not.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'

import { Cluster, Redis } from 'ioredis'

import { RedisStore } from 'shortcrust/stores/redis'

import { REDIS_CLUSTER } from './services.mjs'
import { newKey, newUser, STORES } from './stores.mjs'

/** Writes one session again and again until `during` is over; `more` waits for three more writes. */
async function writing(store, entryOf, during) {
  const key = newKey()
  let [told, isOver] = [0, false]
  const failures = []
  const writes = (async () => {
    for (let at = 1; !isOver; at++) {
      try {
        await store.put(key, entryOf(at))
        told = at
      } catch (error) {
        failures.push(error)
        await sleep(20)
      }
    }
  })()
  const more = async () => {
    const until = told + 3
    while (told < until && failures.length === 0) await sleep(5)
  }
  try {
    await more()
    await during(key, more)
    await more()
  } finally {
    isOver = true
    await writes
  }
  return { key, told, failures }
}

/** Moves the slot of `name` to another master, step by step. */
async function moveSlot(admin, name, between) {
  const slot = await admin.cluster('KEYSLOT', name)
  const slots = await admin.cluster('SLOTS')
  const [, , [host, port, id]] = slots.find(([from, to]) => from <= slot && slot <= to)
  const [, , [newHost, newPort, newId]] = slots.find(([, , [, , other]]) => other !== id)
  const [old, next] = [new Redis(port, host), new Redis(newPort, newHost)]
  await next.cluster('SETSLOT', slot, 'IMPORTING', id)
  await old.cluster('SETSLOT', slot, 'MIGRATING', newId)
  await between()
  for (;;) {
    const keys = await old.cluster('GETKEYSINSLOT', slot, 100)
    if (keys.length === 0) break
    await old.migrate(newHost, newPort, '', 0, 5_000, 'KEYS', ...keys)
    await between()
  }
  for (const node of [next, old]) await node.cluster('SETSLOT', slot, 'NODE', newId)
  old.disconnect()
  next.disconnect()
}

function openWithPrefix() {
  const client = new Cluster([REDIS_CLUSTER.url], { keyPrefix: 'shop:' })
  const store = new RedisStore(client, { waitReplicas: 1, waitMs: 20_000 })
  return { store, close: () => client.quit() }
}

for (const [name, open, prefix] of [
  ['node-redis', STORES['redis cluster, by node-redis'].open, ''],
  ['node-redis that waits', STORES['redis cluster that waits, by node-redis'].open, ''],
  ['ioredis that waits', STORES['redis cluster, by ioredis'].open, ''],
  ['ioredis that waits and has a keyPrefix', openWithPrefix, 'shop:'],
]) {
  test(`redis cluster, by ${name}: no write is lost or fails while the session's slot moves`, {
    skip: REDIS_CLUSTER.skip,
  }, async (t) => {
    const { store, close } = await open()
    const admin = new Cluster([REDIS_CLUSTER.url])
    t.after(async () => {
      await close()
      admin.disconnect()
    })
    const user = newUser()
    const entryOf = (at) => ({ text: `${at}`, user, expires: Date.now() + 600_000 })
    const { key, told, failures } = await writing(store, entryOf, (key, more) =>
      moveSlot(admin, `${prefix}shortcrust:${key}`, more),
    )
    assert.deepEqual(failures.map(String), [])
    assert.deepEqual(await store.load([key]), [{ version: told, text: `${told}` }])
    assert.deepEqual(await store.list(user), [{ key, text: `${told}` }])
  })
}
