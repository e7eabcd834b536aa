// Renewal, expiry, rotation and conversion under a clock that the test sets.
import assert from 'node:assert/strict'
import { test } from 'node:test'

import { logout, reason } from 'shortcrust/express'

import { claims } from './paseto.mjs'
import {
  clock,
  DAY,
  flaskPayload,
  flaskToken,
  HOSTS,
  NOW,
  OLD_SECRET,
  SECRET,
  sealedToken,
  serve,
} from './support.mjs'

const ended = { '/out': (request) => logout(request) }
const app = (options, routes) =>
  HOSTS['Express 5'](
    { secrets: [SECRET], ...options },
    {
      '/in': (request) => {
        request.session.user = 'ada'
      },
      '/why': (request, response) => response.end(`${request.session.user} ${reason(request)}`),
      ...routes,
    },
  )

const later = (days, seconds = 0) => NOW + (days * DAY + seconds) * 1000
const value = (line) => /^[^=]*=([^;]*)/.exec(line)[1]

test('a request that only read renews after a quarter of idle', async (context) => {
  const at = clock(context)
  await serve(app(), async (browser) => {
    await browser.get('/in')
    at(later(3.5, -1))
    assert.deepEqual((await browser.get()).setCookie, [])
    at(later(3.5))
    assert.equal((await browser.get()).setCookie.length, 1)
    assert.equal(claims(browser.cookies.session, SECRET).c, NOW / 1000)
  })
})

test('with idle alone, renewal is a quarter of that idle', async (context) => {
  const at = clock(context)
  await serve(app({ policy: { idle: 400 } }), async (browser) => {
    await browser.get('/in')
    at(later(0, 99))
    assert.deepEqual((await browser.get()).setCookie, [])
    at(later(0, 100))
    assert.match((await browser.get()).setCookie[0], /; Max-Age=400;/)
  })
})

test('a session that was left alone for longer than idle is expired', async (context) => {
  const at = clock(context)
  await serve(app(), async (browser) => {
    await browser.get('/in')
    at(later(14))
    assert.equal((await browser.get('/why', { cookie: browser.cookie })).text, 'ada undefined')
  })
  at(NOW)
  await serve(app(), async (browser) => {
    await browser.get('/in')
    at(later(14, 1))
    assert.equal((await browser.get('/why')).text, 'undefined expired')
  })
})

test('a session that is renewed all the time ends at absolute', async (context) => {
  const at = clock(context)
  await serve(app(), async (browser) => {
    await browser.get('/in')
    for (let day = 10; day <= 80; day += 10) {
      at(later(day))
      assert.equal((await browser.get('/why')).text, 'ada undefined', `${day}`)
    }
    at(later(90, 1))
    assert.equal((await browser.get('/why')).text, 'undefined expired')
  })
})

test('without idle and absolute a session does not end', async (context) => {
  const at = clock(context)
  await serve(app({ policy: { idle: null, absolute: null } }), async (browser) => {
    const { setCookie } = await browser.get('/in')
    assert.match(setCookie[0], /; Max-Age=34560000;/)
    at(later(10_000))
    assert.equal((await browser.get('/why')).text, 'ada undefined')
  })
})

test('a session that is not persistent has no Max-Age, and expires all the same', async (context) => {
  const at = clock(context)
  await serve(app({ policy: { persistent: false } }), async (browser) => {
    assert.doesNotMatch((await browser.get('/in')).setCookie[0], /Max-Age/)
    at(later(14, 1))
    assert.equal((await browser.get('/why')).text, 'undefined expired')
  })
})

test("another server's clock may be ahead by the skew", async (context) => {
  clock(context)
  await serve(app(), async (browser) => {
    const why = async (ahead) => {
      const token = sealedToken('{"user":"ada"}', { now: later(0, ahead) })
      return (await browser.get('/why', { cookie: `session=${token}` })).text
    }
    assert.equal(await why(60), 'ada undefined')
    assert.equal(await why(61), 'undefined not_yet_valid')
  })
})

test('a token of an old secret opens and is sealed again with the new one', async (context) => {
  clock(context)
  await serve(app({ secrets: [SECRET, OLD_SECRET] }), async (browser) => {
    browser.cookies.session = sealedToken('{"user":"ada"}', { secret: OLD_SECRET })
    const { setCookie, text } = await browser.get()
    assert.equal(text, '{"user":"ada"}')
    assert.deepEqual(claims(value(setCookie[0]), SECRET).d, { user: 'ada' })
    assert.deepEqual((await browser.get()).setCookie, [])
  })
})

test('a flask cookie is converted to sealed and buys no new lifetime', async (context) => {
  clock(context)
  const readers = [{ format: 'flask', until: '2027-03-01' }]
  await serve(app({ readers }), async (browser) => {
    browser.cookies.session = flaskToken('{"user":"ada"}', { now: later(-10) })
    const { setCookie } = await browser.get()
    const { c, d } = claims(value(setCookie[0]), SECRET)
    assert.deepEqual({ c, d }, { c: later(-10) / 1000, d: { user: 'ada' } })
  })
})

test('a reader may have secrets of its own', async (context) => {
  clock(context)
  const readers = [{ format: 'flask', until: 'never', secrets: [OLD_SECRET] }]
  await serve(app({ readers }), async (browser) => {
    browser.cookies.session = flaskToken('{"user":"ada"}', { secret: OLD_SECRET })
    assert.equal((await browser.get('/why')).text, 'ada undefined')
  })
})

test('a logout reaches a cookie of a reader that lies elsewhere', async (context) => {
  clock(context)
  const token = flaskToken('{"user":"ada"}')
  const gone = 'Max-Age=0; Expires=Thu, 01 Jan 1970 00:00:00 GMT; HttpOnly; SameSite=Lax'
  const places = [
    [{ path: '/app' }, 'Path=/app'],
    [{ domain: 'shop.test' }, 'Path=/; Domain=shop.test'],
    [{ path: '/app', domain: 'shop.test' }, 'Path=/app; Domain=shop.test'],
  ]
  for (const [place, attributes] of places) {
    const readers = [{ format: 'flask', until: 'never', ...place }]
    await serve(app({ readers }, ended), async (browser) => {
      const { setCookie } = await browser.get('/out', { cookie: `session=${token}` })
      assert.ok(setCookie.includes(`session=; ${attributes}; ${gone}`), setCookie)
    })
  }
})

for (const until of ['2027-01-20', '2027-01-20T00:00:00Z', new Date('2027-01-20')]) {
  test(`a reader with until ${until} does not read any more after it`, async (context) => {
    const at = clock(context)
    await serve(app({ readers: [{ format: 'flask', until }] }), async (browser) => {
      const cookie = `session=${flaskToken('{"user":"ada"}')}`
      at(Date.parse('2027-01-20'))
      assert.equal((await browser.get('/why', { cookie })).text, 'ada undefined')
      at(Date.parse('2027-01-20') + 1)
      assert.equal((await browser.get('/why', { cookie })).text, 'undefined malformed')
    })
  })
}

test('the way back: read both, write flask', async (context) => {
  clock(context)
  const options = {
    format: 'flask',
    policy: { absolute: null },
    readers: [{ format: 'sealed', until: 'never' }],
  }
  await serve(app(options), async (browser) => {
    browser.cookies.session = sealedToken('{"user":"ada"}')
    const { setCookie } = await browser.get()
    assert.equal(flaskPayload(value(setCookie[0])), '{"user":"ada"}')
  })
})

test("with meta: 'payload' flask keeps absolute too, under a key that is not shown", async (context) => {
  const at = clock(context)
  await serve(app({ format: 'flask', meta: 'payload' }), async (browser) => {
    const { setCookie } = await browser.get('/in')
    assert.match(
      flaskPayload(value(setCookie[0])),
      /^\{"user":"ada","_sc":\{"c":1800000000,"jti":"[\w-]{22}","sub":"ada"\}\}$/,
    )
    assert.deepEqual((await browser.get()).json(), { user: 'ada' })
    for (let day = 10; day <= 80; day += 10) {
      at(later(day))
      assert.equal((await browser.get('/why')).text, 'ada undefined', `${day}`)
    }
    at(later(90, 1))
    assert.equal((await browser.get('/why')).text, 'undefined expired')
  })
})

test('a token opens only for its audience and its name', async (context) => {
  clock(context)
  const cookie = `session=${sealedToken('{"user":"ada"}', { audience: 'shop' })}`
  for (const [options, want] of [
    [{ audience: 'shop' }, 'ada undefined'],
    [{ format: { format: 'sealed', audience: 'shop' } }, 'ada undefined'],
    [{ readers: [{ format: 'sealed', audience: 'shop', until: 'never' }] }, 'ada undefined'],
    [{}, 'undefined bad_signature'],
    [{ audience: 'other' }, 'undefined bad_signature'],
  ]) {
    await serve(app(options), async (browser) => {
      assert.equal((await browser.get('/why', { cookie })).text, want, JSON.stringify(options))
    })
  }
  await serve(app({ name: 'other', audience: 'shop' }), async (browser) => {
    const other = cookie.replace('session', 'other')
    assert.equal((await browser.get('/why', { cookie: other })).text, 'undefined bad_signature')
  })
})
