// What shortcrust/iron-session has of iron-session 9.
import assert from 'node:assert/strict'
import { suite, test } from 'node:test'

import { Browser, serve } from '../support.mjs'
import {
  eight,
  fixed,
  NAME,
  NOW,
  nextStore,
  nine,
  ONE,
  OPTIONS,
  ours,
  sessions,
  TWO,
} from './iron-session.mjs'
import { atTime } from './support.mjs'

suite('what 9 adds', () => {
  test('of several cookies the first that opens is taken', async () => {
    const { sealed, ended } = await sessions()
    const bad = `${NAME}=rubbish`
    const seen = []
    const onUnsealError = (reason) => seen.push(reason)
    for (const [header, expected] of [
      [`${bad}; ${NAME}=${sealed}`, 3],
      [`${NAME}=; ${NAME}=${ended}; ${NAME}=${sealed}`, 3],
      [`${bad}; ${bad}; ${bad}; ${bad}; ${NAME}=${sealed}`, undefined],
      [`${NAME}=${ended}; ${bad}`, undefined],
    ]) {
      const request = new Request('http://example.com', { headers: { cookie: header } })
      const open = () => ours.getIronSession(request, new Response(), { ...OPTIONS, onUnsealError })
      assert.equal((await atTime(NOW, open)).visits, expected)
    }
    assert.deepEqual(seen, ['invalid', 'expired'])
  })

  test('a ttl of up to a minute is the Max-Age, as in 9; in 8 the cookie would be gone at once', async () => {
    for (const [ttl, maxAge] of Object.entries({ 1: 1, 59: 59, 60: 60, 61: 1, 120: 60 })) {
      for (const module of [nine, ours]) {
        const headers = new Headers()
        const jar = module.webCookies(new Request('http://example.com'), headers)
        await (await module.getIronSession(jar, { ...OPTIONS, ttl: Number(ttl) })).save()
        assert.match(headers.getSetCookie()[0], new RegExp(`; Max-Age=${maxAge};`))
      }
    }
  })

  test('updateConfig takes a new password, and refuses a short one', async () => {
    const [request, response] = [new Request('http://example.com'), new Response()]
    const session = await ours.getIronSession(request, response, OPTIONS)
    session.user = 'ada'
    session.updateConfig({ ...OPTIONS, password: { 1: ONE, 2: TWO } })
    await session.save()
    const [line] = response.headers.getSetCookie()
    assert.match(line, /^sid=Fe26\.2\*2\*/)
    const seal = line.split(/[=;]/)[1]
    for (const module of [eight, nine, ours]) {
      assert.deepEqual(await module.unsealData(seal, { password: { 2: TWO } }), { user: 'ada' })
    }
    const message = 'iron-session: Bad usage. Password must be at least 32 characters long.'
    assert.throws(() => session.updateConfig({ ...OPTIONS, password: 'short' }), { message })
  })

  /** A browser's worth of cookies, a request at a time, through the adapters. */
  async function visits(module, adapter, steps) {
    const browser = new Browser(0)
    const lines = []
    for (const step of steps) {
      const request = new Request('http://example.com', { headers: { cookie: browser.cookie } })
      const headers = new Headers()
      const jar = adapter(module, request, headers)
      const session = await module.getIronSession(jar, { ...OPTIONS, chunk: true })
      await step(session)
      for (const line of headers.getSetCookie()) {
        const [, name, value] = /^([^=]*)=([^;]*)/.exec(line)
        if (line.includes('Max-Age=0;')) delete browser.cookies[name]
        else browser.cookies[name] = value
      }
      lines.push([headers.getSetCookie(), { ...session }, Object.keys(browser.cookies)])
    }
    return lines
  }

  const filled = (length) => async (session) => {
    session.big = 'x'.repeat(length)
    await session.save()
  }

  test('chunk: a long session is cut into cookies, read again, and cleared, to the byte as in 9', async () => {
    const steps = [
      filled(100),
      () => {},
      filled(5000),
      () => {},
      filled(8000),
      filled(4000),
      filled(10),
      () => {},
    ]
    steps.push(
      filled(9000),
      (session) => session.destroy(),
      () => {},
    )
    const adapter = (module, request, headers) => module.webCookies(request, headers)
    // 9 draws the vector before the salt, so only one byte everywhere is the same for both.
    const random = { salt: 'ab'.repeat(32), iv: 'ab'.repeat(16), mac_salt: 'ab'.repeat(32) }
    const expected = await fixed(() => visits(nine, adapter, steps), { random })
    assert.deepEqual(await fixed(() => visits(ours, adapter, steps), { random }), expected)
    assert.deepEqual(expected[4][2], ['sid.0', 'sid.1', 'sid.2'])
    assert.deepEqual(expected.at(-1)[2], [])
  })

  test('chunk: in a cookie store the same sessions are cut as in 9', async () => {
    const cut = new Set()
    for (let length = 0; length < 30; length++) {
      const options = { ...OPTIONS, cookieName: NAME.padEnd(3 + length, 'x'), chunk: true }
      const written = []
      for (const module of [nine, ours]) {
        const store = nextStore()
        const session = await module.getIronSession(store, options)
        session.big = 'x'.repeat(2830)
        await session.save()
        written.push(store.written.map(([name, { length }]) => [name, length]))
      }
      assert.deepEqual(written[1], written[0])
      cut.add(written[0].length)
    }
    assert.deepEqual([...cut], [1, 2])
  })

  test('chunks are read without chunk too, and by the shorthand', async () => {
    const adapter = (module, request, headers) => module.webCookies(request, headers)
    const [[lines]] = await visits(nine, adapter, [filled(5000)])
    const cookie = lines.map((line) => line.split(';', 1)[0]).join('; ')
    const request = new Request('http://example.com', { headers: { cookie } })
    const response = new Response()
    const session = await ours.getIronSession(request, response, OPTIONS)
    assert.equal(session.big.length, 5000)
    delete session.big
    await session.save()
    const written = response.headers.getSetCookie().map((line) => line.split(/=|; /, 3).slice(0, 3))
    assert.deepEqual(
      written.map(([name]) => name),
      ['sid', 'sid.0', 'sid.1'],
    )
    assert.deepEqual(
      written.slice(1).map(([, value]) => value),
      ['', ''],
    )
  })

  for (const [name, module] of Object.entries({ 'iron-session 9': nine, 'shortcrust/iron-session': ours })) {
    test(`${name}: nodeCookies serves node:http`, async () => {
      const errors = []
      const handler = async (request, response) => {
        const jar = module.nodeCookies(request, response)
        const session = await module.getIronSession(jar, OPTIONS)
        session.visits = (session.visits ?? 0) + 1
        await session.save()
        response.end(JSON.stringify([session.visits, jar.names()]))
        await session.save().catch(({ message }) => errors.push(message))
      }
      await serve(handler, async (browser) => {
        assert.deepEqual((await browser.get('/')).json(), [1, []])
        assert.deepEqual((await browser.get('/')).json(), [2, [NAME]])
      })
      assert.match(errors[0], /session\.save\(\) was called after headers were sent/)
    })

    test(`${name}: webCookies writes to a Response and to Headers, and not to a response that is used up`, async () => {
      const request = new Request('http://example.com', { headers: { cookie: 'one=1; two=2' } })
      for (const target of [new Response('text'), new Headers()]) {
        const jar = module.webCookies(request, target)
        assert.deepEqual([jar.read('one'), jar.read('three'), jar.names()], ['1', undefined, ['one', 'two']])
        await (await module.getIronSession(jar, OPTIONS)).save()
        assert.equal((target.headers ?? target).getSetCookie().length, 1)
      }
      const used = new Response('text')
      await used.text()
      const session = await module.getIronSession(module.webCookies(request, used), OPTIONS)
      await assert.rejects(session.save(), {
        message:
          'iron-session: Cannot set session cookie: the response body has already been consumed, so the Set-Cookie header would be dropped. Call session.save() before returning or streaming the response.',
      })
    })

    test(`${name}: nextProxyCookies writes to the response, and to the request for who reads later`, async () => {
      const [incoming, outgoing] = [nextStore(), nextStore()]
      const jar = module.nextProxyCookies({ cookies: incoming }, { cookies: outgoing })
      const session = await module.getIronSession(jar, OPTIONS)
      session.user = 'ada'
      await session.save()
      assert.deepEqual(outgoing.written[0][2].maxAge, 1_209_540)
      assert.equal(incoming.written[0].length, 2)
      assert.ok(jar.names().includes(NAME))
      const again = await module.getIronSession(jar, OPTIONS)
      assert.equal(again.user, 'ada')
    })

    test(`${name}: after destroy, save writes nothing, and throws where something was put in again`, async () => {
      const written = []
      const jar = { read: () => undefined, write: (...given) => written.push(given) }
      const session = await module.getIronSession(jar, OPTIONS)
      session.user = 'ada'
      session.destroy()
      await session.save()
      assert.deepEqual(
        written.map(([, value]) => value),
        [''],
      )
      session.user = 'ada'
      await assert.rejects(session.save(), {
        message: /^iron-session: Cannot save a destroyed session that has data written back into it\./,
      })
      assert.equal(written.length, 1)
      const fresh = await module.getIronSession(jar, OPTIONS)
      fresh.user = 'bob'
      await fresh.save()
      assert.equal(written.length, 2)
    })

    test(`${name}: a jar is two functions`, async () => {
      const written = []
      const jar = { read: () => undefined, write: (...given) => written.push(given) }
      const session = await module.getIronSession(jar, OPTIONS)
      await session.save()
      session.destroy()
      assert.deepEqual(
        written.map(([name, , { maxAge }]) => [name, maxAge]),
        [
          [NAME, 1_209_540],
          [NAME, 0],
        ],
      )
    })

    test(`${name}: a name that leaves no room for chunks`, async () => {
      const jar = { read() {}, write() {} }
      const options = { ...OPTIONS, cookieName: 'x'.repeat(4090), chunk: true }
      const session = await module.getIronSession(jar, options)
      await assert.rejects(session.save(), {
        message:
          'iron-session: The cookie name and options alone take 4150 bytes, which leaves no room for session data. Use a shorter cookie name.',
      })
    })
  }

  test('a promise of a store is taken, also where it has the methods of one', async () => {
    const { sealed } = await sessions()
    const store = nextStore(`${NAME}=${sealed}`)
    const both = Object.assign(Promise.resolve(store), { get: store.get, set: store.set })
    for (const given of [store, Promise.resolve(store), both]) {
      const session = await atTime(NOW, () => ours.getIronSession(given, OPTIONS))
      assert.equal(session.visits, 3)
    }
  })
})
