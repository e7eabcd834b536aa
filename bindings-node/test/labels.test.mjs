// What a user knows a session by, where sessions are listed.
import assert from 'node:assert/strict'
import { test } from 'node:test'

import { login, session, sessions } from 'shortcrust/express'
import { MemoryStore } from 'shortcrust/stores/memory'

import { newUser, WHOLE_STORES } from './stores.mjs'
import { Browser, HOSTS, SECRET, serve } from './support.mjs'

const secrets = [SECRET]

/** Runs `use` with a browser and its user: `/in` logs in with `given.label`, `/` lists labels. */
function labelled(options, use, given = {}) {
  const user = newUser()
  const write = ({ session }) => {
    session.n = (session.n ?? 0) + 1
  }
  const routes = {
    '/in': async (request) => {
      write(request)
      await login(request, user, given.label === undefined ? undefined : { label: given.label })
    },
    '/own': ({ session }) => Object.assign(session, { userId: user }),
    '/write': write,
    '/regenerate': async (request) => {
      await sessions.revokeAll(request, user, { exceptCurrent: true })
    },
    '/list': async (request, response) => {
      const listed = await sessions.list(request, user)
      response.end(JSON.stringify(listed.map(({ label }) => label).sort()))
    },
  }
  const host = HOSTS['Express 5']({ secrets, ...options }, routes)
  return serve(host, (browser) => use(browser, async () => (await browser.get('/list')).json()))
}

for (const [name, { skip, open }] of Object.entries(WHOLE_STORES)) {
  test(`${name}: a login says by what its session is listed`, { skip }, async (context) => {
    const { store, close } = await open()
    context.after(close)
    const given = { label: 'Firefox on Linux \u2603' }
    await labelled(
      { store },
      async (browser, list) => {
        await browser.get('/in')
        given.label = undefined
        await new Browser(browser.port).get('/in')
        await browser.get('/write')
        assert.deepEqual(await list(), ['', 'Firefox on Linux \u2603'])
        await browser.get('/regenerate')
        assert.deepEqual(await list(), ['Firefox on Linux \u2603'])
      },
      given,
    )
  })
}

test('no login fails because a label is long: 200 bytes are kept', async () => {
  for (const [label, kept] of [
    ['a'.repeat(201), 'a'.repeat(200)],
    ['\u00e9'.repeat(101), '\u00e9'.repeat(100)],
  ]) {
    await labelled(
      { store: new MemoryStore() },
      async (browser, list) => {
        await browser.get('/in')
        assert.deepEqual(await list(), [kept])
      },
      { label },
    )
  }
})

test('a label that is no text is an error', async () => {
  await assert.rejects(login({}, 'ada', { label: 7 }), { name: 'TypeError', message: /label/ })
})

test('the option makes a label of the request, for users whose session has none', async () => {
  const asked = []
  const label = ({ url }) => {
    asked.push(url)
    return `at ${url}`
  }
  for (const path of ['/in', '/own']) {
    asked.length = 0
    await labelled({ store: new MemoryStore(), label }, async (browser, list) => {
      await browser.get(path)
      await browser.get('/write')
      await browser.get()
      assert.deepEqual(await list(), [`at ${path}`])
      assert.deepEqual(asked, [path])
    })
  }
  const given = { label: 'mine' }
  await labelled(
    { store: new MemoryStore(), label },
    async (browser, list) => {
      await browser.get('/in')
      assert.deepEqual(await list(), ['mine'])
    },
    given,
  )
})

test('a label that can not be is an error that says why', () => {
  const store = new MemoryStore()
  const wrong = (options, message) =>
    assert.throws(() => session({ secrets, ...options }), { name: 'ConfigError', message })
  wrong({ store, label: 'Firefox' }, /label must be a function of the request, not string/)
  wrong({ label: () => 'Firefox' }, /label is for sessions in a store.*set store, or remove label/)
  wrong({ revocations: store, label: () => 'Firefox' }, /set store, or remove label/)
})
