// Wrong configuration fails when `session()` is called, and says what to change.
import assert from 'node:assert/strict'
import { test } from 'node:test'

import { ConfigError, ShortcrustError } from 'shortcrust'
import { session } from 'shortcrust/express'

import { OLD_SECRET, SECRET, warnings } from './support.mjs'

const secrets = [SECRET]

const WRONG = {
  'no options': [undefined, 'option', /give session\(\) an object/],
  'no secrets': [{}, 'secret', /secrets must be a list/],
  'an empty list of secrets': [{ secrets: [] }, 'secret', /set at least one/],
  'a string for secrets': [{ secrets: SECRET }, 'secret', /must be a list.*each letter/],
  'a secret that is not set': [{ secrets: [process.env.NOT_SET] }, 'secret', /secrets\[0\].*environment/],
  'a short secret': [{ secrets: ['short'] }, 'secret', /at least 32/],
  'a short secret for flask': [
    { secrets: ['short'], format: 'flask', policy: { absolute: null } },
    'secret',
    /at least 16/,
  ],
  'the same secret twice': [{ secrets: [SECRET, SECRET] }, 'secret', /twice/],
  'nine secrets': [{ secrets: Array.from({ length: 9 }, (_, at) => SECRET + at) }, 'secret', /8 secrets/],
  'an unknown option': [{ secrets, ttl: 1 }, 'option', /ttl is not known: known are secrets, name/],
  "express-session's secret": [{ secret: SECRET }, 'option', /use secrets, a list/],
  "cookie-session's keys": [{ keys: secrets }, 'option', /use secrets, a list/],
  'cookie.maxAge': [{ secrets, cookie: { maxAge: 1 } }, 'option', /policy\.idle/],
  'an unknown policy': [{ secrets, policy: { max: 1 } }, 'option', /policy\.max is not known/],
  'idle as text': [{ secrets, policy: { idle: '14d' } }, 'policy', /policy\.idle must be a whole number/],
  'a negative idle': [{ secrets, policy: { idle: -1 } }, 'policy', /policy\.idle/],
  'an idle of 0': [{ secrets, policy: { idle: 0 } }, 'policy', /`idle` is 0, so that every session ends/],
  'an absolute of 0': [{ secrets, policy: { absolute: 0 } }, 'policy', /`absolute` is 0/],
  'a fraction of a second': [{ secrets, policy: { skew: 0.5 } }, 'policy', /policy\.skew/],
  'persistent as a number': [{ secrets, policy: { persistent: 1 } }, 'policy', /a boolean/],
  'an unknown format': [{ secrets, format: 'jwt' }, 'option', /'sealed' or 'flask'/],
  'a salt for sealed': [{ secrets, format: { format: 'sealed', salt: 'x' } }, 'option', /format\.salt/],
  'an unknown digest': [
    { secrets, format: { format: 'flask', digest: 'md5' }, policy: { absolute: null } },
    'option',
    /sha1, sha256/,
  ],
  'flask with absolute': [
    { secrets, format: 'flask' },
    'policy',
    /`absolute`.*format sealed.*meta = "payload".*`absolute` to none/,
  ],
  'an unknown meta': [{ secrets, meta: 'cookie' }, 'option', /'payload'/],
  'readers that are no list': [{ secrets, readers: { format: 'flask' } }, 'reader', /a list/],
  'a reader without until': [
    { secrets, readers: [{ format: 'flask' }] },
    'reader',
    /until must say.*'never'/,
  ],
  'until in some other spelling': [
    { secrets, readers: [{ format: 'flask', until: 'March' }] },
    'reader',
    /ISO 8601/,
  ],
  'until on a day that is not': [
    { secrets, readers: [{ format: 'flask', until: '2027-13-01' }] },
    'reader',
    /ISO 8601/,
  ],
  'a reader with secrets as a string': [
    { secrets, readers: [{ format: 'flask', until: 'never', secrets: SECRET }] },
    'secret',
    /readers\[0\]\.secrets must be a list/,
  ],
  'four readers': [
    { secrets, readers: Array.from({ length: 4 }, () => ({ format: 'flask', until: 'never' })) },
    'reader',
    /more than 4 formats/,
  ],
  'SameSite=None without Secure': [
    { secrets, cookie: { sameSite: 'none', secure: false } },
    'cookie',
    /SameSite=None needs Secure/,
  ],
  'Partitioned without Secure': [
    { secrets, cookie: { partitioned: true, secure: false } },
    'cookie',
    /Partitioned needs Secure/,
  ],
  '__Host- with Domain': [
    { secrets, name: '__Host-session', cookie: { domain: 'example.com' } },
    'cookie',
    /no Domain/,
  ],
  'a name with a blank': [{ secrets, name: 'my session' }, 'cookie', /cookie name/],
  'a path that does not begin with /': [{ secrets, cookie: { path: 'app' } }, 'cookie', /begin with/],
  'an unknown SameSite': [{ secrets, cookie: { sameSite: 'loose' } }, 'option', /Lax, Strict, None or false/],
  'an unknown priority': [{ secrets, cookie: { priority: 'urgent' } }, 'option', /Low, Medium or High/],
}

for (const [name, [options, code, message]] of Object.entries(WRONG)) {
  test(`${name} is an error`, () => {
    assert.throws(
      () => session(options),
      (error) => {
        assert.ok(error instanceof ConfigError && error instanceof ShortcrustError)
        assert.equal(error.code, code)
        assert.match(error.message, message)
        assert.ok(!error.message.includes(SECRET))
        return true
      },
    )
  })
}

test('secrets may be bytes', () => {
  session({ secrets: [Buffer.alloc(32, 1), new Uint8Array(32).fill(2)] })
})

test('everything may be left out but the secrets, and undefined is left out', () => {
  const names = ['name', 'format', 'readers', 'policy', 'cookie', 'audience', 'meta']
  session({ secrets, ...Object.fromEntries(names.map((name) => [name, undefined])) })
})

test('every option is taken', () => {
  session({
    secrets: [SECRET, OLD_SECRET],
    name: '__Host-id',
    format: { format: 'sealed', audience: 'a' },
    readers: [
      {
        format: 'flask',
        salt: Buffer.from('salt'),
        digest: 'sha512',
        keyDerivation: 'django-concat',
        until: 'never',
        secrets: ['sixteen or more bytes'],
      },
    ],
    policy: { idle: 1, absolute: 2, renewAfter: null, persistent: false, skew: null },
    cookie: {
      path: '/',
      domain: undefined,
      secure: true,
      httpOnly: true,
      sameSite: 'STRICT',
      partitioned: true,
      priority: 'High',
    },
    audience: 'b',
    meta: 'payload',
  })
})

test('what works and may surprise is a warning, once', async () => {
  const build = () => session({ secrets, cookie: { httpOnly: false, sameSite: false } })
  const seen = [...(await warnings(build)), ...(await warnings(build))]
  assert.deepEqual(
    seen.map(({ code, message }) => [code, message.split(':')[0]]),
    [
      ['SHORTCRUST_COOKIE', 'the session cookie has no SameSite'],
      ['SHORTCRUST_COOKIE', 'the session cookie is not HttpOnly'],
    ],
  )
})

test('a reader whose time has passed is warned of', async () => {
  const reader = { format: 'flask', until: new Date(0) }
  const seen = await warnings(() => session({ secrets, readers: [reader] }))
  assert.deepEqual(
    seen.map(({ code, message }) => [code, message.split(',')[0]]),
    [['SHORTCRUST_READER', 'readers: until of the flask reader has passed']],
  )
})

test('a renewal after the end and a user key with an empty part are refused', () => {
  const secrets = ['a secret of sixteen bytes or more']
  assert.throws(() => session({ secrets, policy: { idle: 60, renewAfter: 61 } }), {
    code: 'policy',
    message: /longer than idle/,
  })
  for (const userKey of ['', 'account.']) {
    assert.throws(() => session({ secrets, userKey }), { code: 'option', message: /no empty part/ })
  }
})
