// Each option of cookie-session, and what strangers send, on it and on shortcrust/cookie-session.
import { NOW } from '../support.mjs'
import { assign, compare, count, encoded, KEYS, peerKeygrip, signed } from './cookie-session.support.mjs'

const SCRIPTS = {}

/** Options, each tried with a write, a read and an end. */
const OPTIONS = {
  name: [{ name: 's.e$s*(ion)' }, { name: '' }, { name: 'bad name;' }, { name: undefined }],
  secret: [
    { keys: undefined, secret: 'one key of the tests' },
    { keys: null, secret: 'one key of the tests' },
  ],
  'keys before secret': [{ secret: 'another' }],
  signed: [{ signed: false }, { signed: null }, { signed: undefined }, { keys: undefined, signed: false }],
  overwrite: [{ overwrite: false }, { overwrite: null }, { overwrite: true }],
  maxAge: [{ maxAge: 3_600_000 }, { maxAge: 0 }, { maxAge: -5_000 }, { maxAge: null }, { maxAge: 'soon' }],
  expires: [{ expires: new Date(NOW + 9_000_000) }, { expires: new Date(NOW), maxAge: 1_000 }],
  path: [{ path: '/app' }, { path: '' }, { path: null }],
  domain: [{ domain: 'example.org' }, { domain: '.example.org' }, { domain: null }],
  partitioned: [{ partitioned: true }, { partitioned: false }],
  priority: [{ priority: 'high' }, { priority: 'Low' }, { priority: 'urgent' }],
  sameSite: [true, false, 'lax', 'Strict', 'none', 'other', null].map((sameSite) => ({ sameSite })),
  secure: [{ secure: true }, { secure: false }, { secure: null }],
  secureProxy: [{ secureProxy: true }],
  httpOnly: [{ httpOnly: false }, { httpOnly: null }, { httpOnly: undefined }],
  unknown: [{ unknown: 1, value: 'x' }],
}

for (const [option, variants] of Object.entries(OPTIONS)) {
  for (const [index, variant] of variants.entries()) {
    SCRIPTS[`the option ${option}, ${index + 1}`] = {
      options: { keys: KEYS, ...variant },
      before: (_request, response, next) => {
        response.setHeader('Set-Cookie', 'session=old; path=/')
        next()
      },
      routes: { '/count': count, '/end': assign(null) },
      steps: ['/count', '/', '/end', { path: '/count', headers: { 'x-forwarded-proto': 'https' } }],
    }
  }
}

const VALID = encoded({ n: 1 })
const SIGNATURE = peerKeygrip(KEYS).sign(`session=${VALID}`)
/** What strangers send. */
const STRANGE = [
  '',
  '=',
  ';;;',
  'session',
  'session=',
  'session=; session.sig=',
  `session=${VALID}`,
  `session.sig=${SIGNATURE}`,
  `session=${VALID}; session.sig=`,
  `session=${VALID}; session.sig=${SIGNATURE}x`,
  `session=${VALID}; session.sig=${SIGNATURE.slice(1)}`,
  `session=${VALID}; session.sig=${SIGNATURE.toLowerCase()}`,
  `session=${VALID}; SESSION.SIG=${SIGNATURE}`,
  `session=${VALID.slice(1)}; session.sig=${SIGNATURE}`,
  `session=${VALID}=; session.sig=${SIGNATURE}`,
  `session="${VALID}"; session.sig="${SIGNATURE}"`,
  `a=1;session=${VALID};b=%;session.sig=${SIGNATURE};session2=x`,
  `other.session=${VALID}; session.sig=${SIGNATURE}`,
  `session=\xff\xfe; session.sig=${SIGNATURE}`,
  `session=${VALID}; session.sig=\xff`,
  `session=__proto__; session.sig=constructor`,
  ...['not base64 %%', 'e30', 'e30=', 'eyJhIjo=', '', '====', encoded(null), encoded(5), encoded(true)].map(
    (text) => signed(text),
  ),
  signed(VALID, 'session', ['a foreign key']),
  signed(VALID, 'other').replaceAll('other', 'session'),
  signed(Buffer.from('{"n":1,"n":2}').toString('base64')),
  signed(Buffer.from(' {"n": 1} ').toString('base64')),
  signed(Buffer.from('{"n":1}').toString('base64url')),
  signed(Buffer.from('{"isNew":true,"_ctx":1,"toString":2,"isPopulated":false}').toString('base64')),
]

SCRIPTS['cookies of strangers'] = {
  routes: { '/count': count, '/end': assign(null) },
  steps: STRANGE.flatMap((cookie) => ['/', '/count', '/end'].map((path) => ({ path, cookie }))),
}
SCRIPTS['cookies of strangers, not signed'] = {
  options: { signed: false },
  routes: { '/count': count },
  steps: STRANGE.flatMap((cookie) => ['/', '/count'].map((path) => ({ path, cookie }))),
}

compare(SCRIPTS)
