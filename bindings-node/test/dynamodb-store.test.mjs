// What the store in DynamoDB has and the others have not.
import assert from 'node:assert/strict'
import { once } from 'node:events'
import net from 'node:net'
import { test } from 'node:test'
import { inspect } from 'node:util'

import { DynamoDB, DynamoDBClient } from '@aws-sdk/client-dynamodb'
import { DynamoDBStore } from 'shortcrust/stores/dynamodb'

import { DYNAMODB } from './services.mjs'
import { dynamodbOptions, newKey, newUser, STORES } from './stores.mjs'
import { clock } from './support.mjs'

const { skip } = DYNAMODB
const HOUR = 3_600_000
const DAY = 24 * HOUR

/** A store whose client tells what it is asked, and lets a test come between; and another on the same table. */
async function opened(context) {
  const { store: other, client, table, close } = await STORES.dynamodb.open()
  context.after(close)
  const asked = []
  const between = {}
  const spy = new Proxy(client, {
    get: (_, operation) => (request, options) => {
      asked.push(operation)
      const real = () => client[operation](request, options)
      return between[operation]?.(real, request) ?? real()
    },
  })
  const count = async (run) => {
    asked.length = 0
    await run()
    return asked.length
  }
  const items = async (kind) => {
    const { Items } = await client.scan({ TableName: table })
    return Items.filter(({ pk }) => pk.S.startsWith(kind))
  }
  return { store: new DynamoDBStore(spy, { table }), other, between, count, items }
}

test('a write that comes again behind others is one write', { skip }, async (context) => {
  const { store, other, between } = await opened(context)
  const key = newKey()
  const twice = async (real) => {
    await real()
    for (let others = 0; others < 7; others++) {
      const [{ version, text }] = await other.load([key])
      await other.save(key, version, { text: `${text}+` })
    }
    return real()
  }
  Object.assign(between, { putItem: twice, updateItem: twice })
  assert.equal(await store.create(key, { text: '1' }), 'done')
  assert.equal(await store.save(key, 8, { text: '2' }), 'done')
  assert.deepEqual(await other.load([key]), [{ version: 16, text: '2+++++++' }])
  assert.equal(await store.create(key, { text: '3' }), 'exists')
})

test('what ended is gone before DynamoDB removes it', { skip }, async (context) => {
  const { store, items } = await opened(context)
  const [key, user, now] = [newKey(), newUser(), Date.now()]
  const later = clock(context, now)
  await store.create(key, { text: '1', user, expires: now + 1_000 })
  later(now + 999)
  assert.deepEqual(await store.load([key]), [{ version: 1, text: '1' }])
  later(now + 1_000)
  assert.deepEqual(await store.load([key, 'other']), [undefined, undefined])
  assert.deepEqual(await store.list(user), [])
  assert.equal(await store.save(key, 1, { text: '2', user }), 'gone')
  const [{ ttl, expires }] = await items('session')
  assert.deepEqual([expires.N, ttl.N], [String(now + 1_000), String(Math.ceil((now + 1_000) / 1_000) + 1)])
  assert.equal(await store.create(key, { text: '2' }), 'done')
  assert.deepEqual(await store.load([key]), [{ version: 1, text: '2' }])
})

test('a session has round trips more only when the index names it', { skip }, async (context) => {
  const { store, count } = await opened(context)
  const now = Date.now()
  clock(context, now)
  const entry = (ends, user = 'ada') => ({ text: 'x', user, expires: now + ends })
  assert.equal(await count(() => store.create('key', entry(HOUR))), 2)
  assert.equal(await count(() => store.save('key', 1, entry(HOUR + DAY))), 1)
  assert.equal(await count(() => store.save('key', 2, entry(2 * HOUR + DAY))), 4)
  assert.equal(await count(() => store.save('key', 3, entry(HOUR, 'bob'))), 4)
  assert.equal(await count(() => store.save('key', 4, { text: 'x' })), 1)
  assert.equal(await count(() => store.create('other', { text: 'x' })), 1)
  assert.equal(await count(() => store.put('other', { text: 'x' })), 3)
  assert.equal(await count(() => store.load(['key', 'other'])), 1)
  for (const key of ['a', 'b', 'c']) await store.create(key, entry(HOUR, 'eve'))
  assert.equal(await count(() => store.list('eve')), 2)
  assert.equal(await count(() => store.revoke('eve', 'a')), 3)
})

test('a session is named before it is there, and who looks meanwhile does not hide it', {
  skip,
}, async (context) => {
  const { store, other, between } = await opened(context)
  const user = newUser()
  between.putItem = async (real) => {
    assert.deepEqual(await other.list(user), [])
    assert.equal(await other.revoke(user), 0)
    return real()
  }
  await store.create('key', { text: 'x', user })
  assert.deepEqual(await other.list(user), [{ key: 'key', text: 'x' }])
  assert.equal(await other.revoke(user), 1)
})

test('what names nothing is removed when no write can be on its way', { skip }, async (context) => {
  const { store, items } = await opened(context)
  const now = Date.now()
  const later = clock(context, now)
  await store.create('key', { text: 'x', user: 'ada' })
  await store.delete('key')
  later(now + HOUR)
  await store.list('ada')
  assert.equal((await items('user')).length, 1)
  later(now + HOUR + 1)
  await store.list('ada')
  assert.equal((await items('user')).length, 0)
})

test('more keys than DynamoDB reads at once come in their order', { skip }, async (context) => {
  const { store, between } = await opened(context)
  const keys = Array.from({ length: 110 }, (_, at) => `key${at}`)
  for (const at of [3, 60, 105]) await store.create(keys[at], { text: String(at) })
  let isLeft = false
  between.batchGetItem = async (real, { RequestItems }) => {
    if (isLeft) return real()
    isLeft = true
    return { Responses: {}, UnprocessedKeys: RequestItems }
  }
  const rows = await store.load(keys)
  assert.deepEqual(
    rows.flatMap((row, at) => (row ? [[at, row.text]] : [])),
    [3, 60, 105].map((at) => [at, String(at)]),
  )
})

test('a session that DynamoDB can not hold is refused and stays', { skip }, async (context) => {
  const { store } = await opened(context)
  await store.create('key', { text: 'x' })
  const refused = { code: 'too_large', message: /at most 408576 bytes of a session/ }
  for (const entry of [
    { text: 'é'.repeat(210_000) },
    // What the server itself measures.
    { text: 'x'.repeat(408_000), user: 'u'.repeat(2_000) },
  ])
    await assert.rejects(store.put('key', entry), refused)
  assert.deepEqual(await store.load(['key']), [{ version: 1, text: 'x' }])
})

test('an error of DynamoDB shows no key and no record', { skip }, async (context) => {
  const client = new DynamoDB(dynamodbOptions())
  context.after(() => client.destroy())
  const store = new DynamoDBStore(client, { table: 'not-there' })
  const entry = { text: 'the-record', user: 'the-user' }
  for (const ask of [
    () => store.load(['the-key']),
    () => store.create('the-key', entry),
    () => store.save('the-key', 1, entry),
    () => store.list('the-user'),
  ])
    await assert.rejects(ask, (error) => {
      assert.match(error.message, /^DynamoDB: \w+ failed with ResourceNotFoundException$/)
      assert.doesNotMatch(inspect(error, { depth: 9 }), /the-(key|user|record)/)
      return true
    })
})

test('a server of DynamoDB that is down or silent is an error in a bounded time', async (context) => {
  const silent = net.createServer(() => {}).listen(0, '127.0.0.1')
  await once(silent, 'listening')
  const at = (port) => new DynamoDB({ ...dynamodbOptions(`http://127.0.0.1:${port}`), maxAttempts: 1 })
  const waiting = at(silent.address().port)
  const refused = at(1)
  context.after(() => {
    waiting.destroy()
    refused.destroy()
    silent.close()
  })
  await assert.rejects(new DynamoDBStore(refused).load(['k']), /getItem failed with ECONNREFUSED/)
  await assert.rejects(new DynamoDBStore(waiting).load(['k']), /getItem failed with no answer in 5 seconds/)
})

test('the table is made once, and DynamoDB is to remove what ended', { skip }, async (context) => {
  const { store, between } = await opened(context)
  const asked = []
  // The server for tests has no such operation.
  between.updateTimeToLive = async (_, request) => asked.push(request)
  await store.createTable()
  assert.deepEqual(asked[0].TimeToLiveSpecification, { Enabled: true, AttributeName: 'ttl' })
  between.describeTimeToLive = async () => ({ TimeToLiveDescription: { TimeToLiveStatus: 'ENABLED' } })
  await store.createTable()
  assert.equal(asked.length, 1)
  const KeySchema = [{ AttributeName: 'id', KeyType: 'HASH' }]
  between.describeTable = async () => ({ Table: { TableStatus: 'ACTIVE', KeySchema } })
  await assert.rejects(store.createTable(), { name: 'ConfigError', message: /a partition key pk/ })
})

test('what is no client with methods, and no table, is refused at once', () => {
  for (const wrong of [undefined, null, 'http://localhost', new DynamoDBClient(dynamodbOptions('http://x'))])
    assert.throws(() => new DynamoDBStore(wrong), { name: 'ConfigError', message: /new DynamoDB\(\{\}\)/ })
  const client = new DynamoDB(dynamodbOptions('http://x'))
  for (const table of ['', 'a table', 7])
    assert.throws(() => new DynamoDBStore(client, { table }), { message: /name of a table/ })
})
