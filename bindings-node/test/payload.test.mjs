// What JavaScript can't express survives, and what it can comes back.
import assert from 'node:assert/strict'
import { createRequire } from 'node:module'
import { test } from 'node:test'

import fc from 'fast-check'

import { clock, flaskPayload, flaskToken, HOSTS, SECRET, sealedToken, serve, warnings } from './support.mjs'

const require = createRequire(import.meta.url)
const { decode, encode } = require('../dist/projection.js')

const FLASK = { secrets: [SECRET], format: 'flask', policy: { absolute: null, renewAfter: null } }

/** Sends `payload`, lets `handler` have the session, and gives the payload that was set, if one was. */
async function after(context, payload, handler, options = FLASK) {
  clock(context)
  const routes = { '/': (request, response) => response.end(String(handler(request.session) ?? '')) }
  return serve(HOSTS['Express 5'](options, routes), async (browser) => {
    browser.cookies.session = flaskToken(payload)
    const { status, setCookie } = await browser.get('/')
    assert.equal(status, 200)
    return setCookie.length === 0 ? undefined : flaskPayload(browser.cookies.session)
  })
}

const TYPES =
  '{"pair":{" t":[1,{" t":[]}]},"id":{" u":"12345678123456781234567812345678"},"one":1.0,"zero":-0.0,' +
  '"big":123456789012345678901234567890,"nan":NaN,"html":{" m":"<b>"},"text":"\\u00fc\\u2028","when":' +
  '{" d":"Thu, 01 Jan 1970 00:00:01 GMT"},"raw":{" b":"AQID"},"odd":{" di":{" t__":1}},"2":2,"1":1}'

test('reading changes nothing', async (context) => {
  const read = (session) => {
    JSON.stringify(session)
  }
  assert.equal(await after(context, TYPES, read), undefined)
})

test('what is left alone is kept byte for byte beside what was added', async (context) => {
  const add = (session) => {
    session.added = true
  }
  assert.equal(await after(context, TYPES, add), `${TYPES.slice(0, -1)},"added":true}`)
})

test('types that JavaScript lacks are shown as their nearest', async (context) => {
  await after(context, TYPES, (session) => {
    assert.deepEqual(
      { ...session },
      {
        1: 1,
        2: 2,
        pair: [1, []],
        id: '12345678-1234-5678-1234-567812345678',
        one: 1,
        zero: -0,
        big: 123456789012345680000000000000,
        nan: null,
        html: '<b>',
        text: 'ü\u2028',
        when: new Date(1000),
        raw: new Uint8Array([1, 2, 3]),
        odd: { ' t': 1 },
      },
    )
  })
})

test('a tuple that got an element more stays a tuple', async (context) => {
  const push = (session) => {
    session.pair.push(2)
  }
  assert.equal(await after(context, '{"pair":{" t":[1.0]}}', push), '{"pair":{" t":[1.0,2]}}')
})

test('Date, Uint8Array and Buffer are written as their own types, at any depth', async (context) => {
  const written = await after(context, '{"a":1}', (session) => {
    session.when = new Date('2027-01-15T08:00:00Z')
    session['a/b~c'] = [{ raw: new Uint8Array([1, 2]) }, Buffer.from('hi')]
  })
  assert.equal(
    written,
    '{"a":1,"when":{" d":"Fri, 15 Jan 2027 08:00:00 GMT"},"a/b~c":[{"raw":{" b":"AQI="}},{" b":"aGk="}]}',
  )
})

test('a Date that is changed in place is saved', async (context) => {
  const set = (session) => {
    session.when.setFullYear(2000)
  }
  const payload = '{"when":{" d":"Thu, 01 Jan 1970 00:00:01 GMT"}}'
  assert.equal(await after(context, payload, set), '{"when":{" d":"Sat, 01 Jan 2000 00:00:01 GMT"}}')
})

test('an invalid Date is null, and undefined is left out, as JSON has it', async (context) => {
  const set = (session) => {
    session.date = new Date(Number.NaN)
    session.none = undefined
    session.call = () => {}
  }
  assert.equal(await after(context, '{"a":1}', set), '{"a":1,"date":null}')
})

const POLLUTION =
  '{"__proto__":{"admin":true},"a":{"__proto__":{"admin":true},"constructor":{"prototype":1}}}'

test('a key __proto__ is not shown, pollutes nothing and stays in the payload', async (context) => {
  const add = (session) => {
    assert.equal(session.admin, undefined)
    assert.equal(session.a.admin, undefined)
    assert.equal({}.admin, undefined)
    assert.deepEqual(Object.keys(session), ['a'])
    assert.deepEqual(Object.keys(session.a), ['constructor'])
    session.b = 1
  }
  assert.equal(await after(context, POLLUTION, add), `${POLLUTION.slice(0, -1)},"b":1}`)
})

test('a key __proto__ that the application stores is left out', async (context) => {
  const set = (session) => {
    session.body = JSON.parse('{"__proto__":{"admin":true},"b":1}')
  }
  assert.equal(await after(context, '{"a":1}', set), '{"a":1,"body":{"b":1}}')
})

const TAKEN = '{"save":1,"a":1,"regenerate":{" t":[1.0]},"constructor":2,"toString":3,"hasOwnProperty":4}'

test('a key named like a method is not shown, the method is, and the key stays in the payload', async (context) => {
  const add = (session) => {
    assert.deepEqual(Object.keys(session), ['a', 'constructor', 'toString', 'hasOwnProperty'])
    assert.equal(typeof session.save, 'function')
    session.b = 1
    return 'ok'
  }
  assert.equal(await after(context, TAKEN, add), `${TAKEN.slice(0, -1)},"b":1}`)
})

test('reading a session with a key named like a method changes nothing', async (context) => {
  assert.equal(await after(context, TAKEN, () => 'ok'), undefined)
})

test('a method can not be overwritten by data', async (context) => {
  await after(context, '{"a":1}', (session) => {
    assert.throws(() => {
      session.save = 1
    }, TypeError)
  })
})

test('the data alone are enumerable', async (context) => {
  await after(context, '{"a":1}', (session) => {
    assert.deepEqual(Object.getOwnPropertyNames(session), ['a'])
    const seen = []
    for (const key in session) seen.push(key)
    assert.deepEqual(seen, ['a'])
    assert.equal(JSON.stringify(session), '{"a":1}')
  })
})

test('NaN in a flask session can not go into sealed, and the old cookie stays', async (context) => {
  clock(context)
  const options = { secrets: [SECRET], readers: [{ format: 'flask', until: 'never' }] }
  const [warning] = await warnings(() =>
    serve(HOSTS['Express 5'](options), async (browser) => {
      browser.cookies.session = flaskToken('{"n":NaN}')
      const { status, setCookie, text } = await browser.get()
      assert.deepEqual({ status, setCookie, text }, { status: 200, setCookie: [], text: '{"n":null}' })
    }),
  )
  assert.match(warning.message, /NaN or an infinity/)
})

test('a Date is one under any key', () => {
  const data = JSON.parse('{"__proto__":{"":[0,{"1":{}}]},"\\ud800":{},"a/b~c":{}}')
  for (const parent of [Object.values(data)[0][''][1][1], data['\ud800'], data['a/b~c']])
    parent.when = new Date(1000)
  const encoded = encode(data)
  assert.equal(
    encoded.kinds,
    '{"__proto__":{"":{"1":{"1":{"when":"date"}}}},"\\ud800":{"when":"date"},"a/b~c":{"when":"date"}}',
  )
  assert.deepEqual(decode(encoded), data)
})

const value = fc.letrec((tie) => ({
  any: fc.oneof(
    { maxDepth: 4 },
    fc.jsonValue({ maxDepth: 1 }),
    fc.date({ min: new Date(0), max: new Date('9999-12-31'), noInvalidDate: true }),
    fc.uint8Array({ maxLength: 5 }),
    fc.array(tie('any'), { maxLength: 3 }),
    fc.dictionary(fc.string({ maxLength: 4 }), tie('any'), { maxKeys: 3 }),
  ),
})).any

test('data of any shape come back from their text', () => {
  fc.assert(
    fc.property(fc.dictionary(fc.string(), value, { noNullPrototype: true }), (data) => {
      const { text, kinds } = encode(data)
      const plain = { text, kinds: kinds === '' ? undefined : kinds }
      assert.deepEqual(encode(decode(plain)), { text, kinds })
      assert.deepEqual(normal(decode(plain)), normal(data))
    }),
  )
})

/** Without prototypes, -0 and keys that JSON can't keep. */
function normal(value) {
  if (value instanceof Date || value instanceof Uint8Array) return value
  if (Array.isArray(value)) return value.map(normal)
  if (typeof value !== 'object' || value === null) return value === 0 ? 0 : value
  return new Map(Object.entries(value).map(([key, inner]) => [key, normal(inner)]))
}

test('no session that the other side can write makes Express fail', async (context) => {
  clock(context)
  await serve(HOSTS['Express 5']({ secrets: [SECRET] }), async (browser) => {
    await fc.assert(
      fc.asyncProperty(fc.json({ maxDepth: 3 }), async (inner) => {
        const cookie = `session=${sealedToken(`{"data":${inner}}`)}`
        const { status, setCookie } = await browser.get('/', { cookie })
        assert.deepEqual({ status, setCookie }, { status: 200, setCookie: [] })
      }),
      { numRuns: 50 },
    )
  })
})
