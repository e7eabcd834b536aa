// What becomes of a session in stores from npm, under express-session and under the drop-in.
import assert from 'node:assert/strict'

import { serve } from '../support.mjs'
import { each, isAbout, MINUTE, record, shop, signed, WITH_EXPIRY } from './express-shop.mjs'
import { atTime } from './support.mjs'

/** What was done 45 s ago. */
const earlier = (run) => atTime(Date.now() - 45_000, run)

each('what is only looked at leaves no record and no cookie', async ({ session, records }) => {
  await serve(shop(session, records.store(session)), async (browser) => {
    assert.deepEqual((await browser.get('/')).setCookie, [])
    assert.deepEqual(await records.ids(), [])
  })
})

each('saveUninitialized leaves one all the same', async ({ session, records }) => {
  await serve(shop(session, records.store(session), { saveUninitialized: true }), async (browser) => {
    const { id } = (await browser.get('/')).json()
    assert.deepEqual(await records.ids(), [id])
    assert.equal(browser.cookie, signed(id))
  })
})

each('the first write makes a record, which is read again', async ({ session, records }) => {
  await serve(shop(session, records.store(session), WITH_EXPIRY), async (browser) => {
    const { id } = (await browser.get('/add?item=pie')).json()
    assert.equal(browser.cookie, signed(id))
    const { cookie, ...data } = await record(records, id)
    assert.deepEqual(data, { basket: ['pie'] })
    const { expires, ...attributes } = cookie
    assert.deepEqual(attributes, { originalMaxAge: MINUTE, httpOnly: true, path: '/' })
    isAbout((Date.parse(expires) - Date.now()) / 1_000, 60)
    const seen = (await browser.get('/')).json()
    assert.deepEqual([seen.id, seen.session.basket], [id, ['pie']])
    await browser.get('/add?item=tart')
    assert.deepEqual((await record(records, id)).basket, ['pie', 'tart'])
    assert.deepEqual(await records.ids(), [id])
  })
})

each(
  'an unchanged session is touched: it lives on, and its record is as before',
  async ({ session, records }) => {
    await serve(shop(session, records.store(session), WITH_EXPIRY), async (browser) => {
      const { id } = (await earlier(() => browser.get('/add?item=pie'))).json()
      const before = await records.text(id)
      await records.setSecondsLeft(id, 10)
      await browser.get('/')
      isAbout(await records.secondsLeft(id), 60)
      assert.equal(await records.text(id), before)
    })
  },
)

each('with disableTouch it is not', async ({ session, records }) => {
  const store = records.store(session, { disableTouch: true })
  await serve(shop(session, store, WITH_EXPIRY), async (browser) => {
    const { id } = (await browser.get('/add?item=pie')).json()
    await records.setSecondsLeft(id, 10)
    await browser.get('/')
    assert.ok((await records.secondsLeft(id)) <= 10)
  })
})

each('with resave the unchanged record is written again', async ({ session, records, setTime }) => {
  await serve(shop(session, records.store(session), { ...WITH_EXPIRY, resave: true }), async (browser) => {
    const { id } = (await browser.get('/add?item=pie')).json()
    const before = await record(records, id)
    setTime(Date.now() + 1_000)
    await browser.get('/')
    const after = await record(records, id)
    assert.ok(after.cookie.expires > before.cookie.expires)
    assert.deepEqual(after.basket, before.basket)
  })
})

each('a login regenerates: another id, and the old record is gone', async ({ session, records }) => {
  await serve(shop(session, records.store(session)), async (browser) => {
    const before = (await browser.get('/add?item=pie')).json().id
    const stale = browser.cookie
    const { id, session: seen } = (await browser.get('/login?user=ada')).json()
    assert.notEqual(id, before)
    assert.deepEqual([seen.user, seen.basket], ['ada', undefined])
    assert.equal(browser.cookie, signed(id))
    assert.deepEqual(await records.ids(), [id])
    const replayed = (await browser.get('/', { cookie: stale })).json()
    assert.notEqual(replayed.id, before)
    assert.equal(replayed.session.basket, undefined)
    assert.deepEqual(await records.ids(), [id])
  })
})

each('destroy removes the record, and the cookie opens nothing', async ({ session, records }) => {
  await serve(shop(session, records.store(session)), async (browser) => {
    const { id } = (await browser.get('/login?user=ada')).json()
    assert.deepEqual((await browser.get('/logout')).setCookie, [])
    assert.deepEqual(await records.ids(), [])
    const after = (await browser.get('/')).json()
    assert.notEqual(after.id, id)
    assert.equal(after.session.user, undefined)
    assert.deepEqual(await records.ids(), [])
  })
})

each('null is the end of a session only where unset says so', async ({ session, records }) => {
  const store = records.store(session)
  for (const [unset, isLeft] of [
    ['keep', true],
    ['destroy', false],
  ]) {
    await serve(shop(session, store, { unset }), async (browser) => {
      const { id } = (await browser.get('/login?user=ada')).json()
      assert.equal((await browser.get('/unset')).status, 200)
      assert.equal((await records.ids()).includes(id), isLeft)
      assert.equal((await browser.get('/')).json().session.user, isLeft ? 'ada' : undefined)
    })
  }
})

each('the record lives as long as the cookie, else as the store has it', async ({ session, records }) => {
  const store = records.store(session, { ttl: 300 })
  for (const [options, path, seconds] of [
    [WITH_EXPIRY, '/add?item=pie', 60],
    [{}, '/add?item=pie', 300],
    [WITH_EXPIRY, '/for?seconds=1200', 1_200],
  ]) {
    await serve(shop(session, store, options), async (browser) => {
      const { id } = (await browser.get(path)).json()
      isAbout(await records.secondsLeft(id), seconds)
    })
  }
  await serve(shop(session, records.store(session)), async (browser) => {
    const { id } = (await browser.get('/add?item=pie')).json()
    isAbout(await records.secondsLeft(id), 86_400)
  })
})

each('an expired session is another session', async ({ session, records }) => {
  await serve(shop(session, records.store(session), { cookie: { maxAge: 1_000 } }), async (browser) => {
    const { id } = (await browser.get('/add?item=pie')).json()
    // The store's whole seconds, rounded up.
    assert.ok((await records.secondsLeft(id)) <= 2)
    await records.setSecondsLeft(id, -60)
    const after = (await browser.get('/', { cookie: signed(id) })).json()
    assert.notEqual(after.id, id)
    assert.equal(after.session.basket, undefined)
  })
})

const expiry = ({ setCookie: [line] }) => Date.parse(/; Expires=([^;]*)/.exec(line)[1])

each('rolling renews the cookie with every answer', async ({ session, records }) => {
  const options = { ...WITH_EXPIRY, rolling: true }
  await serve(shop(session, records.store(session), options), async (browser) => {
    isAbout((expiry(await earlier(() => browser.get('/add?item=pie'))) - Date.now()) / 1_000, 15)
    const { cookie } = browser
    isAbout((expiry(await browser.get('/')) - Date.now()) / 1_000, 60)
    assert.equal(browser.cookie, cookie)
  })
})

each('else only a change renews it, if it expires', async ({ session, records }) => {
  for (const [options, cookies] of [
    [WITH_EXPIRY, 1],
    [{}, 0],
  ]) {
    await serve(shop(session, records.store(session), options), async (browser) => {
      await browser.get('/add?item=pie')
      assert.equal((await browser.get('/')).setCookie.length, 0)
      assert.equal((await browser.get('/add?item=tart')).setCookie.length, cookies)
    })
  }
})

each('reload takes what the store has, and save writes at once and once', async ({ session, records }) => {
  const store = records.store(session)
  await serve(shop(session, store), async (browser) => {
    const { id } = (await browser.get('/login?user=ada')).json()
    assert.equal((await browser.get('/reload')).json().session.user, 'ada')
    assert.equal((await record(records, id)).user, 'ada')
    const sets = []
    const { set } = store
    store.set = (...values) => {
      sets.push(values[1].user)
      return set.apply(store, values)
    }
    await browser.get('/save')
    assert.deepEqual(sets, ['saved'])
    assert.equal((await record(records, id)).user, 'saved')
  })
})
