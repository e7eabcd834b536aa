// The contract of a store, as tests: what shortcrust relies on, for a store of your own.
import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { test as nodeTest } from 'node:test'

import type { Entry, Row, Store } from '../stores/index.js'

/** A store that only one test writes to, empty, as `sweep` takes what is there. */
export interface Opened {
  store: Store
  /** Called when the test has ended, whether it passed or not. */
  close?: (() => unknown) | undefined
}

export interface ContractOptions {
  /** What registers a test: `test` of node:test by default; vitest's takes the same. */
  test?: ((title: string, run: () => Promise<void>) => unknown) | undefined
  /** Characters of the longest text that is tried (default 500,000); fewer for a store that takes less. */
  longest?: number | undefined
}

type Run = (store: Store) => Promise<void>

const AT_ONCE = 16
/** The end of the year 9999, in milliseconds: shortcrust asks for nothing later. */
const LAST = 253_402_300_799_999
/** Milliseconds that a server may take to remove what ended. */
const PATIENCE = 20_000

/**
 * Registers the tests that a store has to pass, each on a store from `open`. The manual's page about stores says why
 * each of these things must hold. What the store's `capabilities` say it can't do is not tried, or must throw
 * `Unsupported`.
 *
 * ```js
 * import { storeContract } from 'shortcrust/testing/stores'
 *
 * storeContract('my store', () => ({ store: new MyStore() }))
 * ```
 */
export function storeContract(
  name: string,
  open: () => Opened | Promise<Opened>,
  { test = nodeTest, longest = 500_000 }: ContractOptions = {},
): void {
  const on = (title: string, run: Run) =>
    test(`${name}: ${title}`, async () => {
      const { store, close } = await open()
      try {
        await run(store)
      } finally {
        await close?.()
      }
    })
  for (const [title, run] of Object.entries({ ...RECORDS, ...ENDS, ...USERS, ...AT_THE_SAME_TIME }))
    on(title, run)
  on('a long text is kept as it is', (store) => keepsLong(store, longest))
}

const newKey = () => `key-${randomUUID()}`
// Not every client and column takes every letter.
const newUser = () => `ada 日🍪'"%:${randomUUID()}`
const soon = () => Date.now() + 600_000
const pause = (span: number) => new Promise((resolve) => setTimeout(resolve, span))

async function only(store: Store, key: string, row: Row | undefined): Promise<void> {
  assert.deepEqual(await store.load([key]), [row])
}

async function keepsLong(store: Store, longest: number): Promise<void> {
  const key = newKey()
  const text = '"é\\u0000日 x"'.repeat(longest / 13)
  assert.equal(await store.create(key, { text }), 'done')
  assert.equal(await store.save(key, 1, { text: text.toUpperCase() }), 'done')
  const [row] = await store.load([key])
  // Not by `equal`, which would show them.
  assert.ok(row?.text === text.toUpperCase(), `${text.length} characters came back as others`)
}

const RECORDS: Record<string, Run> = {
  async 'what was created is loaded'(store) {
    const [key, text] = [newKey(), `{"d":{"é":"日🍪 \\u0000 '%(x)s :key $1 ?"}}`]
    assert.equal(await store.create(key, { text, user: newUser(), expires: soon() }), 'done')
    await only(store, key, { version: 1, text })
  },

  async 'rows come in the order of the keys'(store) {
    const keys = [newKey(), newKey(), newKey(), newKey()] as const
    for (const n of [2, 0, 3] as const) await store.create(keys[n], { text: `${n}` })
    const rows = [0, undefined, 2, 3].map((n) => (n === undefined ? n : { version: 1, text: `${n}` }))
    assert.deepEqual(await store.load(keys), rows)
  },

  async 'no keys have no rows, and a key that is asked for twice has two'(store) {
    const [key, row] = [newKey(), { version: 1, text: 'text' }]
    await store.create(key, { text: 'text' })
    assert.deepEqual(await store.load([]), [])
    assert.deepEqual(await store.load([key, newKey(), key]), [row, undefined, row])
  },

  async 'a key is its letters and their case'(store) {
    // The longest that an id of another library gives.
    const key = newKey().padEnd(128, 'k')
    const keys = [key, key.toUpperCase(), key.slice(0, -1)]
    for (const [n, one] of keys.entries()) assert.equal(await store.create(one, { text: `${n}` }), 'done')
    assert.deepEqual(
      await store.load(keys),
      keys.map((_, n) => ({ version: 1, text: `${n}` })),
    )
  },

  async 'a create over what is there changes nothing'(store) {
    const [key, user] = [newKey(), newUser()]
    await store.create(key, { text: 'old' })
    assert.equal(await store.create(key, { text: 'new', user }), 'exists')
    await only(store, key, { version: 1, text: 'old' })
    if (store.capabilities.index) assert.deepEqual(await store.list(user), [])
  },

  async 'a put writes whatever is there, and raises the version'(store) {
    const key = newKey()
    for (const [at, text] of ['one', 'two', 'two'].entries()) {
      assert.equal(await store.put(key, { text }), 'done')
      await only(store, key, { version: at + 1, text })
    }
  },

  async 'a save over its version raises it by one, though the text be the same'(store) {
    const key = newKey()
    const expires = soon()
    await store.create(key, { text: 'one', expires })
    assert.equal(await store.save(key, 1, { text: 'two', expires }), 'done')
    assert.equal(await store.save(key, 2, { text: 'two', expires }), 'done')
    await only(store, key, { version: 3, text: 'two' })
  },

  async 'a save over another version gives what is there'(store) {
    if (!store.capabilities.compareAndSwap) return
    const [key, row] = [newKey(), { version: 2, text: 'two' }]
    await store.create(key, { text: 'one' })
    await store.save(key, 1, { text: 'two' })
    for (const version of [1, 3, 12]) assert.deepEqual(await store.save(key, version, { text: 'mine' }), row)
    await only(store, key, row)
  },

  async 'a save makes nothing'(store) {
    const [key, user] = [newKey(), newUser()]
    assert.equal(await store.save(key, 1, { text: 'text', user }), 'gone')
    await store.create(key, { text: 'text', user })
    await store.delete(key)
    assert.equal(await store.save(key, 1, { text: 'text', user }), 'gone')
    await only(store, key, undefined)
    if (store.capabilities.index) assert.deepEqual(await store.list(user), [])
  },

  async 'a delete removes, and is done where nothing is'(store) {
    const [key, user] = [newKey(), newUser()]
    await store.create(key, { text: 'text', user })
    assert.equal(await store.delete(key), 'done')
    assert.equal(await store.delete(key), 'done')
    await only(store, key, undefined)
    if (store.capabilities.index) assert.deepEqual(await store.list(user), [])
  },

  async 'what was deleted can be created anew'(store) {
    const key = newKey()
    await store.create(key, { text: 'one' })
    await store.delete(key)
    assert.equal(await store.create(key, { text: 'two' }), 'done')
    assert.equal((await store.load([key]))[0]?.text, 'two')
  },
}

const ENDS: Record<string, Run> = {
  async 'an end may be far away'(store) {
    const [month, last] = [newKey(), newKey()]
    await store.create(month, { text: 'month', expires: Date.now() + 40 * 86_400_000 })
    await store.create(last, { text: 'last', expires: LAST })
    await store.save(last, 1, { text: 'still', expires: LAST })
    await store.sweep(Date.now())
    await only(store, month, { version: 1, text: 'month' })
    await only(store, last, { version: 2, text: 'still' })
  },

  async 'what ends can be written anew without an end'(store) {
    const user = newUser()
    let [key, span] = [newKey(), 200]
    await store.create(key, { text: 'one', user, expires: Date.now() + span })
    // Where all is so slow that it ended meanwhile, once more with more time.
    while ((await store.save(key, 1, { text: 'two', user })) === 'gone') {
      ;[key, span] = [newKey(), 4 * span]
      await store.create(key, { text: 'one', user, expires: Date.now() + span })
    }
    await pause(span + 100)
    await store.sweep(Date.now())
    await only(store, key, { version: 2, text: 'two' })
    if (store.capabilities.index) assert.deepEqual(await store.list(user), [{ key, text: 'two' }])
  },

  async 'what ended goes, and nothing else does'(store) {
    const [user, ended, live, forever] = [newUser(), newKey(), newKey(), newKey()]
    const now = Date.now()
    await store.create(live, { text: 'x', user, expires: soon() })
    await store.create(forever, { text: 'x', user })
    await store.create(ended, { text: 'x', user, expires: now + 100 })
    if (!store.capabilities.expiry) assert.equal(await store.sweep(now + 100), 0)
    assert.equal(await store.sweep(now + 101), store.capabilities.expiry ? 0 : 1)
    for (const until = Date.now() + PATIENCE; (await store.load([ended]))[0]; await pause(20))
      assert.ok(Date.now() < until, 'what ended is still there')
    for (const key of [live, forever]) await only(store, key, { version: 1, text: 'x' })
    if (!store.capabilities.index) return
    assert.deepEqual((await store.list(user)).map(({ key }) => key).sort(), [live, forever].sort())
  },

  async 'a sweep removes at most its limit'(store) {
    if (store.capabilities.expiry) return
    for (let made = 0; made < 5; made++) await store.put(newKey(), { text: 'x', expires: 1_000 })
    for (const count of [2, 2, 1, 0]) assert.equal(await store.sweep(Date.now(), 2), count)
  },
}

async function fillFor(store: Store, user: string): Promise<[string, string, string]> {
  const keys: [string, string, string] = [newKey(), newKey(), newKey()]
  const ends = [soon(), undefined, soon()]
  for (const [at, key] of keys.entries()) await store.create(key, { text: `${at}`, user, expires: ends[at] })
  return keys
}

async function becomesAnothers(
  store: Store,
  write: (key: string, entry: Entry) => Promise<'done' | 'gone' | Row>,
): Promise<void> {
  const [key, user, other] = [newKey(), newUser(), newUser()]
  await store.create(key, { text: 'one', user })
  assert.equal(await write(key, { text: 'two', user: other }), 'done')
  assert.deepEqual(await store.list(user), [])
  assert.deepEqual(await store.list(other), [{ key, text: 'two' }])
  assert.equal(await store.revoke(user), 0)
  await only(store, key, { version: 2, text: 'two' })
}

const INDEXED: Record<string, Run> = {
  async "a user's records are listed, and nobody else's"(store) {
    const user = newUser()
    const keys = await fillFor(store, user)
    for (const other of [`${user}2`, user.toUpperCase(), undefined])
      await store.create(newKey(), { text: 'x', user: other, expires: soon() })
    const found = [...(await store.list(user))].sort((one, other) => one.text.localeCompare(other.text))
    assert.deepEqual(
      found,
      keys.map((key, at) => ({ key, text: `${at}` })),
    )
    assert.deepEqual(await store.list(newUser()), [])
  },

  async 'a list shows what was saved last'(store) {
    const [key, user] = [newKey(), newUser()]
    await store.create(key, { text: 'one', user })
    await store.save(key, 1, { text: 'two', user })
    assert.deepEqual(await store.list(user), [{ key, text: 'two' }])
  },

  async 'what ended is not listed'(store) {
    const [user, key] = [newUser(), newKey()]
    await store.create(key, { text: 'live', user, expires: soon() })
    await store.create(newKey(), { text: 'ended', user, expires: Date.now() - 1 })
    assert.deepEqual(await store.list(user), [{ key, text: 'live' }])
  },

  "a record that a save makes another's leaves the list": (store) =>
    becomesAnothers(store, (key, entry) => store.save(key, 1, entry)),

  "a record that a put makes another's leaves the list": (store) =>
    becomesAnothers(store, (key, entry) => store.put(key, entry)),

  async "a record that becomes nobody's leaves the list"(store) {
    const [key, user] = [newKey(), newUser()]
    await store.create(key, { text: 'one', user })
    await store.put(key, { text: 'tombstone', expires: soon() })
    assert.deepEqual(await store.list(user), [])
    assert.equal(await store.revoke(user), 0)
    await only(store, key, { version: 2, text: 'tombstone' })
  },

  async "a revoke removes all of a user's records but one, and nobody else's"(store) {
    const [user, other] = [newUser(), newUser()]
    const keys = await fillFor(store, user)
    const others = await fillFor(store, other)
    assert.equal(await store.revoke(user, keys[1]), 2)
    assert.deepEqual(await store.list(user), [{ key: keys[1], text: '1' }])
    assert.equal(await store.save(keys[0], 1, { text: 'x', user }), 'gone')
    assert.equal(await store.revoke(user), 1)
    assert.equal(await store.revoke(user), 0)
    const left = (await store.load([...keys, ...others])).map(Boolean)
    assert.deepEqual(left, [false, false, false, true, true, true])
  },
}

const USERS: Record<string, Run> = {
  async 'without an index what needs it is unsupported'(store) {
    if (store.capabilities.index) return
    for (const call of [() => store.list('ada'), () => store.revoke('ada')])
      await assert.rejects(async () => call(), { name: 'Unsupported', code: 'unsupported' })
  },
  ...where('index', INDEXED),
}

const SWAPPED: Record<string, Run> = {
  async 'of many creates of one key one is done'(store) {
    const [key, texts] = [newKey(), numbered()]
    const said = await Promise.all(texts.map((text) => store.create(key, { text })))
    await only(store, key, { version: 1, text: texts[said.indexOf('done')] as string })
    assert.deepEqual(said.sort(), ['done', ...Array(AT_ONCE - 1).fill('exists')])
  },

  async 'of many saves over one version one is done, and the others see it'(store) {
    const key = newKey()
    await store.create(key, { text: 'first' })
    for (let version = 1; version < 6; version++) {
      const texts = numbered(`${version}.`)
      const said = await Promise.all(texts.map((text) => store.save(key, version, { text })))
      const row = { version: version + 1, text: texts[said.indexOf('done')] as string }
      const others = said.filter((answer) => answer !== 'done')
      assert.deepEqual(others, Array(AT_ONCE - 1).fill(row))
      await only(store, key, row)
    }
  },

  async 'puts and saves at once are all counted'(store) {
    const key = newKey()
    await store.create(key, { text: 'first' })
    const writes = numbered().flatMap((text, at) => [
      store.put(key, { text }),
      store.save(key, at + 1, { text: 'saved' }),
    ])
    const done = (await Promise.all<unknown>(writes)).filter((answer) => answer === 'done')
    // A version that came twice would be missing here.
    assert.equal((await store.load([key]))[0]?.version, 1 + done.length)
  },

  async 'a save at once with a delete brings nothing back'(store) {
    for (let round = 0; round < 5; round++) {
      const key = newKey()
      await store.create(key, { text: 'first' })
      const saves = (from: number) => [0, 1, 2, 3].map((at) => store.save(key, from + at, { text: 'saved' }))
      await Promise.all<unknown>([...saves(1), store.delete(key), ...saves(5)])
      await only(store, key, undefined)
    }
  },
}

const AT_THE_SAME_TIME = where('compareAndSwap', SWAPPED)

function numbered(before = ''): string[] {
  return Array.from({ length: AT_ONCE }, (_, at) => `${before}${at}`)
}

/** Nothing is asked of a store that says it can't. */
function where(capability: 'compareAndSwap' | 'index', tests: Record<string, Run>): Record<string, Run> {
  const asked = Object.entries(tests).map(([title, run]): [string, Run] => [
    title,
    async (store) => (store.capabilities[capability] ? run(store) : undefined),
  ])
  return Object.fromEntries(asked)
}
