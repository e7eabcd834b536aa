// What the store in files has and the others have not.
import assert from 'node:assert/strict'
import {
  chmodSync,
  chownSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { inspect } from 'node:util'

import { FileStore } from 'shortcrust/stores/file'

import { locked } from '../dist/stores/file-lock.js'
import native from '../native.js'
import { newKey, newUser } from './stores.mjs'
import { clock } from './support.mjs'

function opened(context, options) {
  const outer = mkdtempSync(join(tmpdir(), 'shortcrust-'))
  context.after(() => rmSync(outer, { recursive: true }))
  const folder = join(outer, 'sessions')
  return { folder, store: new FileStore(folder, options) }
}

const fileOf = (folder, key) => join(folder, 'records', key.slice(0, 2), key)

function filesIn(folder) {
  const all = readdirSync(folder, { recursive: true, withFileTypes: true })
  return all.filter((one) => one.isFile()).map(({ name }) => name)
}

test('a file is of its owner alone, and its time is the end of the record', async (context) => {
  const { folder, store } = opened(context)
  const key = newKey()
  await store.create(key, { text: '"é"', user: 'ada', expires: 1_700_000_000_123 })
  const path = fileOf(folder, key)
  assert.equal(
    readFileSync(path, 'utf8'),
    '{"shortcrust":1,"version":1,"bytes":4,"user":"ada","expires":1700000000123}\n"é"',
  )
  assert.equal(Math.round(statSync(path).mtimeMs), 1_700_000_000_123)
  for (const name of readdirSync(folder, { recursive: true })) {
    const { mode } = statSync(join(folder, name))
    assert.ok([0o040700, 0o100600].includes(mode))
  }
})

test('a key that could be a path is refused', async (context) => {
  const { store } = opened(context)
  for (const key of ['', 'k', '../../etc/passwd', '.lock', 'a/b', 'ab\0', 'éé']) {
    await assert.rejects(store.load([key]), { name: 'TypeError', message: /a key has 2 to 200 letters/ })
    await assert.rejects(store.put(key, { text: 'x' }), { name: 'TypeError' })
  }
})

for (const [damage, content] of Object.entries({
  empty: () => '',
  'half a head': (whole) => whole.slice(0, 20),
  'half a record': (whole) => whole.slice(0, -3),
  'more than a record': (whole) => `${whole} `,
  'no head': () => 'hello\nworld',
  'no object': () => 'null\ntext',
  'a version of text': (whole) => whole.replace('"version":1', '"version":"1"'),
  'no text': (whole) => Buffer.concat([Buffer.from(whole).subarray(0, -4), Buffer.alloc(4, 0xff)]),
})) {
  test(`a damaged file (${damage}) is a row that no session is in`, async (context) => {
    const { folder, store } = opened(context)
    const [key, user] = [newKey(), newUser()]
    await store.create(key, { text: 'text', user })
    writeFileSync(fileOf(folder, key), content(readFileSync(fileOf(folder, key), 'utf8')))
    assert.deepEqual(await store.load([key]), [{ version: 0, text: '' }])
    assert.deepEqual(await store.save(key, 1, { text: 'x' }), { version: 0, text: '' })
    assert.deepEqual([await store.list(user), await store.sweep(1e15)], [[], 0])
    assert.equal(await store.put(key, { text: 'new', user }), 'done')
    assert.deepEqual(await store.list(user), [{ key, text: 'new' }])
  })
}

test('a folder in the place of a record is damage', async (context) => {
  const { folder, store } = opened(context)
  const key = newKey()
  mkdirSync(fileOf(folder, key), { recursive: true })
  assert.deepEqual(await store.load([key]), [{ version: 0, text: '' }])
})

test('what is removed leaves nothing behind', async (context) => {
  const { folder, store } = opened(context)
  const keys = [newKey(), newKey(), newKey()]
  for (const key of keys) await store.create(key, { text: 'x', user: 'ada', expires: 1_000 })
  await store.delete(keys[0])
  await store.revoke('ada', keys[2])
  await store.sweep(2_000)
  assert.deepEqual(new Set(filesIn(folder)), new Set(['.lock']))
})

test('what a dead process left is written over, or mended when it is read', async (context) => {
  const { folder, store } = opened(context)
  const [key, user, other] = [newKey(), newUser(), newUser()]
  await store.create(key, { text: 'x', user })
  writeFileSync(join(folder, 'records', key.slice(0, 2), '.draft'), 'half of something that was long')
  const marked = readdirSync(join(folder, 'users'), { recursive: true }).find((name) => name.endsWith(key))
  rmSync(join(folder, 'users', marked))
  await store.save(key, 1, { text: 'y', user })
  assert.deepEqual(await store.list(user), [{ key, text: 'y' }])
  // A record that became another's, whose old mark was not removed.
  const mark = readFileSync(join(folder, 'users', marked))
  await store.save(key, 2, { text: 'z', user: other })
  mkdirSync(join(folder, 'users', marked, '..'), { recursive: true })
  writeFileSync(join(folder, 'users', marked), mark)
  assert.deepEqual(await store.list(user), [])
  assert.ok(!existsSync(join(folder, 'users', marked)))
  assert.equal((await store.list(other)).length, 1)
})

test('a bounded store makes room by what ends first, and never has more', async (context) => {
  const now = Date.now()
  clock(context, now)
  const { folder, store } = opened(context, { maxRecords: 20 })
  for (let made = 0; made < 60; made++) {
    await store.create(`k${made % 10}-${made}`, { text: 'x', expires: now + made })
    assert.ok(filesIn(join(folder, 'records')).filter((name) => name !== '.lock').length <= 20)
  }
  assert.ok((await store.load(['k9-59']))[0])
  assert.equal((await store.load(['k0-0']))[0], undefined)
  store.keepAll()
  const more = Array.from({ length: 25 }, (_, at) => `more-${at}`)
  for (const key of more) await store.create(key, { text: 'x' })
  assert.ok((await store.load(more)).every(Boolean))
})

test('a lock that another holds is waited for, and then an error', async (context) => {
  const { folder, store } = opened(context, { busyTimeout: 0.05 })
  const key = newKey()
  await store.create(key, { text: 'x' })
  const lock = native.FileLock.attempt(join(folder, 'records', key.slice(0, 2), '.lock'))
  assert.deepEqual(await store.load([key]), [{ version: 1, text: 'x' }])
  await assert.rejects(store.save(key, 1, { text: 'y' }), { code: 'ETIMEDOUT', message: /for 0.05 s/ })
  lock.release()
  assert.equal(await store.save(key, 1, { text: 'y' }), 'done')
})

test('each that waits for a lock waits its own time, from its call on', async (context) => {
  const { folder } = opened(context)
  const lock = native.FileLock.attempt(join(folder, '.lock'))
  let now = 0
  context.mock.method(performance, 'now', () => now)
  const enter = () => locked(folder, 5_000, async () => 'inside')
  const first = Promise.allSettled([enter(), enter(), enter()])
  now = 4_000
  const late = enter()
  now = 5_001
  const codes = (await first).map(({ reason }) => reason?.code)
  assert.deepEqual(codes, ['ETIMEDOUT', 'ETIMEDOUT', 'ETIMEDOUT'])
  lock.release()
  assert.equal(await late, 'inside')
})

const noOwners = process.geteuid === undefined && 'Windows has no such modes'

for (const where of ['', 'records', 'users']) {
  test(`a folder (${where || 'the whole'}) that others may write to is refused`, {
    skip: noOwners,
  }, (context) => {
    const { folder } = opened(context)
    for (const mode of [0o720, 0o702, 0o1777]) {
      chmodSync(join(folder, where), mode)
      const message = /others may write to the folder .* chmod 700 it/
      assert.throws(() => new FileStore(folder), { name: 'ConfigError', code: 'option', message })
    }
    chmodSync(join(folder, where), 0o755)
    assert.ok(new FileStore(folder))
  })
}

test('a folder of another user is refused', {
  skip: noOwners || (process.geteuid() !== 0 && 'only root gives folders away'),
}, (context) => {
  const { folder } = opened(context)
  chownSync(folder, 65_534, 65_534)
  assert.throws(() => new FileStore(folder), { name: 'ConfigError', message: /belongs to another user/ })
})

test('a folder that is gone is an error that names no key, and is not made again', async (context) => {
  const { folder, store } = opened(context)
  const [key, user] = [newKey(), newUser()]
  await store.create(key, { text: 'x', user })
  renameSync(folder, `${folder}-away`)
  for (const call of [
    () => store.load([key]),
    () => store.create(key, { text: 'x', user }),
    () => store.save(key, 1, { text: 'x', user }),
    () => store.list(user),
    () => store.sweep(1),
  ]) {
    const error = await call().then(assert.fail, (error) => error)
    assert.equal(error.code, 'ENOENT')
    assert.ok(!inspect(error, { showHidden: true }).includes(key))
  }
  assert.ok(!existsSync(folder))
  renameSync(`${folder}-away`, folder)
  truncateSync(fileOf(folder, key), 10)
  assert.deepEqual(await store.load([key]), [{ version: 0, text: '' }])
})

test('a wrong configuration is told at once', (context) => {
  const { folder } = opened(context)
  writeFileSync(`${folder}-file`, '')
  for (const [given, message] of [
    [[], /the path of a folder/],
    [[''], /the path of a folder/],
    [[`${folder}-file`], /cannot make its folder: E/],
    [[folder, { maxRecords: 0 }], /maxRecords must be 1 or more/],
    [[folder, { busyTimeout: -1 }], /busyTimeout must be 0 seconds or more/],
  ])
    assert.throws(() => new FileStore(...given), { name: 'ConfigError', code: 'option', message })
})
