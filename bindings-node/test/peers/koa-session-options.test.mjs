// Each option of koa-session, and what strangers send, on it and on shortcrust/koa-session.
import { NOW } from '../support.mjs'
import {
  assign,
  compare,
  count,
  encoded,
  inStore,
  KEYS,
  peerKeygrip,
  signed,
} from './koa-session.support.mjs'

const SCRIPTS = {}

/** Options, each tried with a write, a read and an end. */
const OPTIONS = {
  key: ['k', 's.e$s*(ion)', 'bad name;', ''].map((key) => ({ key })),
  maxAge: [60_000, 0, -5_000, 1.5, 'session', undefined, Number.POSITIVE_INFINITY].map((maxAge) => ({
    maxAge,
  })),
  maxage: [{ maxage: 60_000 }, { maxage: 60_000, maxAge: 5_000 }],
  expires: [{ expires: new Date(NOW + 9_000_000) }, { expires: new Date(NOW), maxAge: 5_000 }],
  overwrite: [{ overwrite: false }, { overwrite: undefined }],
  httpOnly: [{ httpOnly: false }, { httpOnly: undefined }],
  signed: [{ signed: false }, { signed: undefined }],
  autoCommit: [{ autoCommit: undefined }],
  secure: [{ secure: true }, { secure: false }],
  secureProxy: [{ secureProxy: true }, { secureProxy: true, secure: false }],
  sameSite: ['lax', 'Strict', 'none', '', 'other', undefined].map((sameSite) => ({ sameSite })),
  path: [{ path: '/app' }, { path: '/a;b' }],
  domain: [{ domain: 'example.org' }, { domain: 'exa mple' }],
  partitioned: [{ partitioned: true }],
  priority: [{ priority: 'high' }, { priority: 'urgent' }],
  unknown: [{ unknown: 1, name: undefined }],
}

for (const [option, variants] of Object.entries(OPTIONS)) {
  for (const [index, variant] of variants.entries()) {
    for (const [kind, options] of [
      ['the cookie', () => ({ ...variant })],
      ['a store', inStore(variant)],
    ]) {
      SCRIPTS[`the option ${option}, ${index + 1}, with ${kind}`] = {
        options,
        setUp: (app) => {
          app.proxy = true
        },
        before: (ctx, next) => {
          ctx.append('Set-Cookie', 'koa.sess=old; path=/')
          return next()
        },
        routes: { '/count': count, '/end': assign(null) },
        steps: ['/count', '/', '/end', { path: '/count', headers: { 'x-forwarded-proto': 'https' } }],
      }
    }
  }
}

const VALID = encoded({ n: 1, _expire: NOW + 9_000_000, _maxAge: 9_000_000 })
const SIGNATURE = peerKeygrip(KEYS).sign(`koa.sess=${VALID}`)
/** What strangers send. */
const STRANGE = [
  '',
  '=',
  ';;;',
  'koa.sess',
  'koa.sess=',
  'koa.sess=; koa.sess.sig=',
  `koa.sess=${VALID}`,
  `koa.sess.sig=${SIGNATURE}`,
  `koa.sess=${VALID}; koa.sess.sig=`,
  `koa.sess=${VALID}; koa.sess.sig=${SIGNATURE}x`,
  `koa.sess=${VALID}; koa.sess.sig=${SIGNATURE.slice(1)}`,
  `koa.sess=${VALID}; koa.sess.sig=${SIGNATURE.toLowerCase()}`,
  `koa.sess=${VALID.slice(1)}; koa.sess.sig=${SIGNATURE}`,
  `koa.sess="${VALID}"; koa.sess.sig="${SIGNATURE}"`,
  `koaxsess=${VALID}; koaxsess.sig=${SIGNATURE}`,
  `koa.sess=\xff\xfe; koa.sess.sig=${SIGNATURE}`,
  `koa.sess=__proto__; koa.sess.sig=constructor`,
  ...['not base64 %%', 'e30', 'e30=', 'eyJhIjo=', '====', ...[null, 0, 5, true, false, ''].map(encoded)].map(
    (text) => signed(text),
  ),
  ...[
    { n: 1, _expire: NOW - 1 },
    { n: 1, _expire: NOW },
    { n: 1, _expire: '0' },
    { n: 1, _expire: null, _maxAge: null },
    { n: 1, _expire: NOW + 60_000, _maxAge: 0 },
    { n: 1, _expire: NOW + 60_000, _maxAge: -5 },
    { n: 1, _maxAge: 'session' },
    { n: 1, _session: false },
    { n: 1, maxAge: 5_000 },
    { n: 1, isNew: true, _requireSave: true, length: 9, populated: 9, externalKey: 9 },
    { n: 1, save: 1, regenerate: 1, commit: 1, constructor: 1, toString: 1 },
  ].map((data) => signed(encoded(data))),
  signed(VALID, 'koa.sess', ['a foreign key']),
  signed(VALID, 'other').replaceAll('other', 'koa.sess'),
]

const withStrangers = {
  routes: { '/count': count, '/end': assign(null) },
  steps: STRANGE.flatMap((cookie) => ['/', '/count', '/end'].map((path) => ({ path, cookie }))),
}
SCRIPTS['cookies of strangers'] = withStrangers
SCRIPTS['cookies of strangers, not signed'] = { ...withStrangers, options: { signed: false } }
SCRIPTS['cookies of strangers, with a store'] = { ...withStrangers, options: inStore() }
SCRIPTS['cookies of strangers, with a store, not signed'] = {
  ...withStrangers,
  options: inStore({ signed: false }),
}

compare(SCRIPTS)
