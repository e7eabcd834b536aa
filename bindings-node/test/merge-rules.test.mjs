// Numbers that the application names are added up where requests overlap, on every store.
import assert from 'node:assert/strict'
import { test } from 'node:test'

import { session } from 'shortcrust/express'
import { MemoryStore } from 'shortcrust/stores/memory'

import { WHOLE_STORES } from './stores.mjs'
import { Browser, HOSTS, SECRET, serve } from './support.mjs'

const merge = { visits: 'add', 'cart.count': 'add' }
const secrets = [SECRET]

/** Two requests in flight: one adds 1, the other 3 meanwhile. */
async function overlapped(options) {
  let meanwhile
  const add = ({ session }, difference) => {
    session.visits += difference
    session.price += difference
    session.cart.count += difference
  }
  const routes = {
    '/in': ({ session }) => Object.assign(session, { visits: 5, price: 5, cart: { count: 0.5 } }),
    '/quick': (request) => add(request, 3),
    '/slow': async (request) => {
      request.session
      await meanwhile()
      add(request, 1)
    },
  }
  return serve(HOSTS['Express 5']({ secrets, ...options }, routes), async (browser) => {
    await browser.get('/in')
    const other = Object.assign(new Browser(browser.port), { cookies: { ...browser.cookies } })
    meanwhile = () => other.get('/quick')
    await browser.get('/slow')
    return (await browser.get()).json()
  })
}

for (const [name, { skip, open }] of Object.entries(WHOLE_STORES)) {
  test(`${name}: both requests add to the numbers that are named`, { skip }, async (context) => {
    const { store, close } = await open()
    context.after(close)
    assert.deepEqual(await overlapped({ store, merge }), { visits: 9, price: 6, cart: { count: 4.5 } })
  })
}

test('without a rule the later number wins', async () => {
  assert.equal((await overlapped({ store: new MemoryStore() })).visits, 6)
})

test('what is wrong with a rule is said when the front is made', () => {
  const store = new MemoryStore()
  const wrong = (options, message) =>
    assert.throws(() => session({ secrets, store, ...options }), {
      name: 'ConfigError',
      code: 'merge',
      message,
    })
  wrong({ merge: 'visits' }, /must be an object, such as \{ visits: 'add' \}/)
  wrong({ merge: ['visits'] }, /must be an object/)
  wrong({ merge: { visits: 1 } }, /merge: visits must be 'add', not number/)
  wrong({ merge: { visits: 'max' } }, /visits has the rule "max": write "add", the only one there is/)
  wrong({ merge: { 'cart..count': 'add' } }, /is no path: write the keys with a dot between them/)
  wrong({ store: undefined, merge }, /set a store, or remove merge/)
  wrong({ store: undefined, revocations: store, merge }, /set a store, or remove merge/)
})
