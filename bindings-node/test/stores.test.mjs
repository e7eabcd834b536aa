// The contract of a store, on every store.
import assert from 'node:assert/strict'
import { fork } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { inspect } from 'node:util'

import BetterSqlite from 'better-sqlite3'
import { Redis as IORedis } from 'ioredis'
import mysql from 'mysql2/promise'
import { FileStore } from 'shortcrust/stores/file'
import { MemoryStore } from 'shortcrust/stores/memory'
import { MySQLStore } from 'shortcrust/stores/mysql'
import { PostgresStore } from 'shortcrust/stores/postgres'
import { RedisStore } from 'shortcrust/stores/redis'
import { SQLiteStore } from 'shortcrust/stores/sqlite'
import { storeContract } from 'shortcrust/testing/stores'

import { MARIADB, POSTGRES, REDIS } from './services.mjs'
import { lacksNodeSqlite, newKey, newUser, SERVERS, STORES, Wire } from './stores.mjs'
import { clock } from './support.mjs'

const SOON = () => Date.now() + 60_000

for (const [name, { skip, longest, open }] of Object.entries(STORES))
  storeContract(name, open, { longest, test: (title, run) => test(title, { skip }, run) })

for (const name of ["express-session's MemoryStore", 'connect-redis']) {
  const { skip, open } = STORES[name]
  test(`${name}: what it can't do is told, and it still swaps where nobody else writes`, {
    skip,
  }, async () => {
    const { store, close } = await open()
    const key = newKey()
    assert.deepEqual(store.capabilities, { compareAndSwap: false, index: false, expiry: true })
    await store.create(key, { text: 'one', expires: SOON() })
    await store.put(key, { text: 'two', expires: SOON() })
    for (const version of [1, 3])
      assert.deepEqual(await store.save(key, version, { text: 'x' }), { version: 2, text: 'two' })
    await close()
  })
}

for (const name of ['better-sqlite3', 'node:sqlite']) {
  const { skip, open } = STORES[name]
  test(`${name}: while a sweep goes on, others write, and this process serves`, { skip }, async () => {
    const { store, path, close } = await open()
    const other = new BetterSqlite(path, { timeout: 0 })
    const rows =
      "WITH RECURSIVE n(n) AS (VALUES (1) UNION ALL SELECT n + 1 FROM n WHERE n < 250) SELECT 'ended-' || n"
    other.exec(`INSERT INTO shortcrust_session ${rows}, 1, NULL, 1, '' FROM n`)
    const left = other.prepare('SELECT count(*) AS left FROM shortcrust_session')
    const sweeping = store.sweep(2)
    other.exec("INSERT INTO shortcrust_session VALUES ('live', 1, NULL, NULL, '')")
    assert.deepEqual([left.get().left, await sweeping, left.get().left], [151, 250, 1])
    other.close()
    await close()
  })
}

for (const [name, { skip, open }] of Object.entries(SERVERS)) {
  test(`${name}: every method is one round trip, and revoking 500 records no more than three`, {
    skip,
  }, async () => {
    const wire = await Wire.to(({ postgres: POSTGRES, mariadb: MARIADB }[name] ?? REDIS).url)
    const { store, close } = await open(wire.address)
    const [user, key] = [newUser(), newKey()]
    const entry = { text: 'x', user, expires: SOON() }
    // The first call connects, and tells Redis the scripts.
    await store.create(newKey(), entry)
    for (const method of ['load', 'list', 'revoke']) await store[method](method === 'load' ? [key] : user)
    await store.delete(newKey())
    try {
      assert.equal(await wire.count(() => store.create(key, entry)), 1)
      assert.equal(await wire.count(() => store.load([key, newKey(), newKey(), newKey()])), 1)
      assert.equal(await wire.count(() => store.save(key, 1, entry)), 1)
      assert.equal(await wire.count(() => store.put(key, entry)), 1)
      assert.equal(await wire.count(() => store.list(user)), 1)
      assert.ok((await wire.count(() => store.save(key, 1, entry))) <= 2)
      assert.equal(await wire.count(() => store.delete(key)), 1)
      await Promise.all(Array.from({ length: 500 }, () => store.create(newKey(), entry)))
      const trips = await wire.count(async () => assert.equal(await store.revoke(user), 500))
      assert.ok(trips <= 3, `${trips} round trips`)
    } finally {
      await close()
      wire.close()
    }
  })
}

for (const name of ['redis, by node-redis', 'redis, by ioredis']) {
  const { skip, open } = STORES[name]
  const raw = (client, ...args) =>
    'call' in client ? client.call(...args) : client.sendCommand(args.map(String))

  test(`${name}: a server that has forgotten the scripts is told them again`, { skip }, async () => {
    const { store, client, close } = await open()
    const key = newKey()
    await raw(client, 'SCRIPT', 'FLUSH')
    assert.equal(await store.create(key, { text: 'x', expires: SOON() }), 'done')
    await raw(client, 'SCRIPT', 'FLUSH')
    assert.deepEqual(await store.load([key]), [{ version: 1, text: 'x' }])
    await close()
  })

  test(`${name}: a record and its user's index expire with it`, { skip }, async () => {
    const { store, client, close } = await open()
    const [user, key] = [newUser(), newKey()]
    const { createHash } = await import('node:crypto')
    const index = `shortcrust:user:${createHash('sha256').update(user).digest('hex')}`
    const ttl = async (name) => Number(await raw(client, 'PTTL', name))
    await store.create(key, { text: 'x', user, expires: SOON() })
    for (const name of [`shortcrust:${key}`, index]) {
      assert.ok((await ttl(name)) > 50_000 && (await ttl(name)) <= 60_001)
    }
    assert.deepEqual(await raw(client, 'HMGET', `shortcrust:${key}`, 'version', 'record', 'user'), [
      '1',
      'x',
      user,
    ])
    await store.save(key, 1, { text: 'x', user })
    for (const name of [`shortcrust:${key}`, index]) assert.equal(await ttl(name), -1)
    await store.save(key, 2, { text: 'x', user, expires: SOON() })
    for (const name of [`shortcrust:${key}`, index]) assert.ok((await ttl(name)) > 50_000)
    await store.create(newKey(), { text: 'x', user, expires: SOON() })
    await store.revoke(user)
    for (const name of [`shortcrust:${key}`, index]) assert.equal(await ttl(name), -2)
    await close()
  })

  test(`${name}: an error of the server’s goes through as it is`, { skip }, async () => {
    const { store, client, close } = await open()
    const key = newKey()
    await raw(client, 'SET', `shortcrust:${key}`, 'not a hash', 'PX', 1_000)
    await assert.rejects(store.load([key]), /WRONGTYPE/)
    await close()
  })
}

test('postgres: a sweep neither waits for a row that another request holds nor removes it', {
  skip: POSTGRES.skip,
}, async () => {
  const { store, pool, close } = await STORES.postgres.open()
  const [held, free] = [newKey(), newKey()]
  for (const key of [held, free]) await store.create(key, { text: 'x', expires: 1 })
  const other = await pool.connect()
  await other.query('BEGIN')
  await other.query('UPDATE shortcrust_session SET expires = 10 WHERE key = $1', [held])
  assert.equal(await store.sweep(2), 1)
  await other.query('COMMIT')
  other.release()
  assert.deepEqual((await store.load([held, free])).map(Boolean), [true, false])
  await close()
})

test('mariadb: a sweep neither waits for a row that another request holds nor removes it', {
  skip: MARIADB.skip,
}, async () => {
  const { store, pool, close } = await STORES.mariadb.open()
  const [held, free] = [newKey(), newKey()]
  for (const key of [held, free]) await store.create(key, { text: 'x', expires: 1 })
  const other = await pool.getConnection()
  await other.query('START TRANSACTION')
  await other.query('UPDATE shortcrust_session SET expires = 10 WHERE `key` = ?', [held])
  assert.equal(await store.sweep(2), 1)
  await other.query('COMMIT')
  other.release()
  assert.deepEqual((await store.load([held, free])).map(Boolean), [true, false])
  await close()
})

test('postgres: the tables may be made by many at once, and again', { skip: POSTGRES.skip }, async () => {
  const { store, pool, close } = await STORES.postgres.open()
  await pool.query('DROP TABLE shortcrust_session')
  const stores = Array.from({ length: 8 }, () => new PostgresStore(pool))
  await Promise.all(stores.map((one) => one.createTables()))
  assert.equal(await store.create(newKey(), { text: 'x' }), 'done')
  await close()
})

test('sqlite: a path is opened by what is there, and the file is shared', async (context) => {
  const folder = mkdtempSync(join(tmpdir(), 'shortcrust-'))
  const path = join(folder, 'sessions.db')
  const [one, other] = [new SQLiteStore(path), new SQLiteStore(path, { busyTimeout: 1 })]
  context.after(() => {
    for (const store of [one, other]) store.close()
    rmSync(folder, { recursive: true })
  })
  const key = newKey()
  await one.create(key, { text: 'x' })
  assert.deepEqual(await other.load([key]), [{ version: 1, text: 'x' }])
  assert.ok(existsSync(`${path}-wal`))
})

for (const client of ['better-sqlite3', 'node:sqlite']) {
  const skip = client === 'node:sqlite' && lacksNodeSqlite()
  test(`sqlite, by ${client}: processes that write at once lose nothing`, { skip }, async (context) => {
    const folder = mkdtempSync(join(tmpdir(), 'shortcrust-'))
    context.after(() => rmSync(folder, { recursive: true }))
    const path = join(folder, 'sessions.db')
    const writer = new URL('sqlite-writer.mjs', import.meta.url)
    const writers = Array.from({ length: 4 }, () => fork(writer, [client, path]))
    const codes = await Promise.all(writers.map(async (one) => (await once(one, 'exit'))[0]))
    assert.deepEqual(codes, [0, 0, 0, 0])
    const store = new SQLiteStore(path)
    assert.deepEqual(await store.load(['counter']), [{ version: 200, text: '200' }])
    store.close()
  })
}

test('memory: where there is no room, what ended goes first, then what nobody used for longest', async (context) => {
  const now = Date.now()
  const later = clock(context, now)
  const store = new MemoryStore({ maxRecords: 3 })
  const user = newUser()
  const there = async () => (await store.list(user)).map(({ key }) => key).sort()
  await store.create('a', { text: 'x', user })
  await store.create('b', { text: 'x', user, expires: now + 10 })
  await store.create('c', { text: 'x', user })
  later(now + 11)
  await store.create('d', { text: 'x', user })
  assert.deepEqual(await there(), ['a', 'c', 'd'])
  await store.load(['c'])
  await store.put('a', { text: 'y', user })
  await store.create('e', { text: 'x', user })
  assert.deepEqual(await there(), ['a', 'c', 'e'])
  await store.load(['c'])
  await store.create('f', { text: 'x', user })
  assert.deepEqual(await there(), ['c', 'e', 'f'])
})

for (const kind of ['memory', 'files']) {
  test(`${kind}: a full store leaves the marks of logouts until their end`, async (context) => {
    const [tombstone, session] = ['{"v":1,"c":5,"r":5,"e":1}', '{"v":1,"c":5,"r":5,"e":1,"d":{}}']
    const now = Date.now()
    const later = clock(context, now)
    const folder = mkdtempSync(join(tmpdir(), 'shortcrust-'))
    context.after(() => rmSync(folder, { recursive: true }))
    const bound = { maxRecords: 3 }
    const store = kind === 'memory' ? new MemoryStore(bound) : new FileStore(folder, bound)
    const outs = Array.from({ length: 5 }, (_, at) => `out-${at}`)
    for (const key of outs) {
      await store.create(key, { text: session, expires: now + 5_000 })
      assert.equal(await store.save(key, 1, { text: tombstone, expires: now + 60 }), 'done')
    }
    const ins = Array.from({ length: 20 }, (_, at) => `in-${at}`)
    for (const [at, key] of ins.entries())
      await store.create(key, { text: session, expires: now + 5_000 + at })
    assert.deepEqual(await store.load(outs), Array(5).fill({ version: 2, text: tombstone }))
    // They take no session's place.
    const kept = (await store.load(ins)).map(Boolean)
    assert.deepEqual(kept, [...Array(17).fill(false), true, true, true])
    later(now + 1_000)
    await store.create('in-20', { text: session, expires: now + 9_000 })
    assert.deepEqual(await store.load(outs), Array(5).fill(undefined))
  })
}

test('wrong options of a store are errors', () => {
  for (const maxRecords of [0, -1, Number.NaN]) {
    assert.throws(() => new MemoryStore({ maxRecords }), { name: 'ConfigError', code: 'option' })
  }
  assert.throws(() => new SQLiteStore('x.db', { busyTimeout: -1 }), { name: 'ConfigError', code: 'option' })
})

test('memory: a full store makes room for many, and knows each that is left', async (context) => {
  const now = Date.now()
  const later = clock(context, now)
  const store = new MemoryStore({ maxRecords: 100 })
  for (let made = 0; made < 2_000; made++) {
    later(now + made)
    await store.create(`k${made}`, { text: 'x', user: `u${made % 7}`, expires: now + 10_000 + (made % 13) })
    // Written again and again, it ends later each time.
    await store.put('busy', { text: 'x', expires: now + 20_000 + made })
  }
  const kept = await store.load(Array.from({ length: 2_000 }, (_, made) => `k${made}`))
  assert.equal(kept.filter(Boolean).length, 99)
  assert.ok(kept[1_999] && kept[1_950])
  const listed = await Promise.all(Array.from({ length: 7 }, (_, user) => store.list(`u${user}`)))
  assert.equal(listed.flat().length, 99)
  assert.equal(await store.sweep(now + 15_000, 50), 50)
  assert.equal(await store.sweep(now + 15_000), 49)
})

test('a write that a client of Redis sends again is one write', { skip: REDIS.skip }, async (t) => {
  const { client, close } = await STORES['redis, by node-redis'].open()
  t.after(close)
  const twice = (method) => async (script, options) => {
    await client[method](script, options)
    return client[method](script, options)
  }
  const store = new RedisStore({ eval: twice('eval'), evalSha: twice('evalSha') })
  const key = newKey()
  const entry = (text) => ({ text, user: 'ada', expires: SOON() })
  assert.equal(await store.create(key, entry('one')), 'done')
  assert.equal(await store.save(key, 1, entry('two')), 'done')
  assert.deepEqual(await store.load([key]), [{ version: 2, text: 'two' }])
  assert.equal(await store.create(key, entry('three')), 'exists')
})

test('a prefix of the client of Redis keeps no session of a user from being found', {
  skip: REDIS.skip,
}, async (t) => {
  const client = new IORedis(REDIS.url, { keyPrefix: 'myapp:' })
  t.after(() => client.quit())
  const [store, key, user] = [new RedisStore(client), newKey(), newUser()]
  await store.create(key, { text: 'text', user, expires: SOON() })
  assert.deepEqual(await store.list(user), [{ key, text: 'text' }])
  assert.equal(await store.revoke(user), 1)
  assert.deepEqual(await store.load([key]), [undefined])
})

test('a store says at once what it is to be given', () => {
  for (const given of [undefined, 'redis://x', {}])
    assert.throws(() => new RedisStore(given), { name: 'ConfigError', message: /takes a client/ })
  for (const given of [undefined, 'postgres://x', {}])
    for (const kind of [PostgresStore, MySQLStore])
      assert.throws(() => new kind(given), { name: 'ConfigError', message: /takes a pool/ })
})

test('an error of PostgreSQL shows no record and no key', { skip: POSTGRES.skip }, async (t) => {
  const { store, pool, close } = await STORES.postgres.open()
  t.after(close)
  await pool.query("ALTER TABLE shortcrust_session ADD CHECK (record <> 'the-record')")
  const key = newKey()
  await assert.rejects(store.put(key, { text: 'the-record', user: 'the-user' }), (error) => {
    assert.match(error.message, /violates check constraint/)
    assert.equal(error.code, '23514')
    assert.doesNotMatch(inspect(error, { showHidden: true }), new RegExp(`the-record|the-user|${key}`))
    return true
  })
})

test('an error of MariaDB shows no record and no key', { skip: MARIADB.skip }, async (t) => {
  const { store, pool, close } = await STORES.mariadb.open()
  t.after(close)
  await pool.query('ALTER TABLE shortcrust_session MODIFY record TEXT CHARACTER SET ascii')
  const key = newKey()
  await assert.rejects(store.put(key, { text: 'é-the-record', user: 'the-user' }), (error) => {
    assert.match(error.message, /Incorrect string value: '...' for column/)
    assert.equal(error.errno, 1366)
    assert.doesNotMatch(inspect(error, { showHidden: true }), new RegExp(`xC3|the-rec|the-user|${key}`))
    return true
  })
})

test('MariaDB: where statements do not commit, the store says so before it writes', {
  skip: MARIADB.skip,
}, async (t) => {
  const { store, pool, close } = await STORES.mariadb.open()
  t.after(close)
  const other = mysql.createPool({ uri: MARIADB.url, database: pool.pool.config.connectionConfig.database })
  other.on('connection', (connection) => connection.query('SET autocommit = 0'))
  t.after(() => other.end())
  for (const call of [
    (store) => store.create(newKey(), { text: 'x' }),
    (store) => store.delete(newKey()),
    (store) => store.revoke(newUser()),
  ])
    await assert.rejects(call(new MySQLStore(other)), { name: 'ConfigError', message: /autocommit is off/ })
  assert.equal(await store.create(newKey(), { text: 'x' }), 'done')
})

for (const [name, type] of [
  ['better-sqlite3', ''],
  ['node:sqlite', ''],
  ['postgres', "ALTER record TYPE bytea USING convert_to(record, 'UTF8')"],
  ['mariadb', 'MODIFY record LONGBLOB, MODIFY `key` VARBINARY(255)'],
]) {
  const { skip, open } = STORES[name]
  test(`${name}: a record in a column of bytes is read as text`, { skip }, async (t) => {
    const { store, pool, path, close } = await open()
    t.after(close)
    const [key, user] = [newKey(), newUser()]
    await store.create(key, { text: '{"é":1}', user })
    if (pool) await pool.query(`ALTER TABLE shortcrust_session ${type}`)
    else new BetterSqlite(path).exec('UPDATE shortcrust_session SET record = CAST(record AS BLOB)').close()
    assert.deepEqual(await store.load([key]), [{ version: 1, text: '{"é":1}' }])
    assert.deepEqual(await store.list(user), [{ key, text: '{"é":1}' }])
    assert.equal(await store.save(key, 1, { text: '{"ü":2}', user }), 'done')
    assert.deepEqual(await store.load([key]), [{ version: 2, text: '{"ü":2}' }])
  })
}

test('an error of ioredis shows no record and no key', { skip: REDIS.skip }, async (t) => {
  const client = new IORedis(REDIS.url)
  t.after(() => client.disconnect())
  const key = newKey()
  await client.set(`shortcrust:${key}`, 'no hash', 'EX', 60)
  await assert.rejects(new RedisStore(client).put(key, { text: 'the-record' }), (error) => {
    assert.match(error.message, /WRONGTYPE/)
    assert.doesNotMatch(inspect(error), new RegExp(`the-record|${key}`))
    return true
  })
})
