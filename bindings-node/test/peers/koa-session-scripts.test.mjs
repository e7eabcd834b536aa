// The same requests to koa-session and to shortcrust/koa-session on Koa, which must look the same from outside.
import { inspect } from 'node:util'

import {
  assign,
  compare,
  count,
  encoded,
  KEYS,
  look,
  ourKeygrip,
  peerKeygrip,
  signed,
} from './koa-session.support.mjs'

const SCRIPTS = {
  'a counter': { routes: { '/count': count }, steps: ['/', '/count', '/count', '/', '/count'] },
  'nothing is set where nobody asks': { routes: { '/': () => 'nothing' }, steps: ['/'] },
  'a nested change is saved': {
    routes: {
      '/make': assign({ a: { b: [1] } }),
      '/change': ({ session }) => void session.a.b.push(2),
    },
    steps: ['/make', '/change', '/'],
  },
  'an emptied session is saved': {
    routes: {
      '/count': count,
      '/empty': ({ session }) => {
        delete session.n
      },
    },
    steps: ['/count', '/empty', '/'],
  },
  'null ends it': {
    routes: {
      '/count': count,
      '/null': (ctx) => {
        ctx.session = null
        return look(ctx)
      },
      '/after': (ctx) => {
        ctx.session = null
        ctx.session = { after: true }
      },
    },
    steps: ['/null', '/count', '/null', '/', '/count', '/after', '/'],
  },
  'an object takes its place': {
    routes: {
      '/set': assign({ user: 'ada' }),
      '/empty': assign({}),
      '/items': assign(['a', 'b']),
      '/derived': assign(Object.create({ inherited: 1 }, { own: { enumerable: true, value: 2 } })),
      '/maxAge': assign({ maxAge: 5_000, user: 'ada' }),
      '/_maxAge': assign({ _maxAge: 6_000, _private: 1 }),
      '/_session': assign({ _session: true, user: 'ada' }),
      '/itself': (ctx) => {
        const before = ctx.session
        ctx.session = before
        return [ctx.session === before, look(ctx)]
      },
    },
    steps: [
      '/set',
      '/',
      '/items',
      '/derived',
      '/itself',
      '/maxAge',
      '/',
      '/_maxAge',
      '/_session',
      '/',
      '/empty',
      '/',
    ],
  },
  'anything else is an error': {
    routes: Object.fromEntries(
      ['text', 5, true, undefined, () => {}, Symbol('x')].map((value, index) => [`/${index}`, assign(value)]),
    ),
    steps: ['/0', '/1', '/2', '/3', '/4', '/5'],
  },
  'names that sessions have': {
    routes: {
      '/make': assign({
        ...{ isNew: 1, length: 2, populated: 3, externalKey: 4, toString: 5, _private: 6, _requireSave: 7 },
        ...{
          constructor: 8,
          save: 9,
          regenerate: 10,
          commit: 11,
          manuallyCommit: 12,
          '': 13,
          0: 14,
          kept: 15,
        },
      }),
      '/look': ({ session }) => [
        Object.keys(session),
        Object.getOwnPropertyNames(session),
        inspect(session),
        JSON.stringify(session),
        [Object.prototype.toString.call(session), session.constructor.name],
      ],
      '/assign': ({ session }) => {
        session.call = () => {}
        session._hidden = 1
        session.user = 'ada'
        return [Reflect.set(session, 'length', 5), Reflect.set(session, 'populated', 5), session.isNew]
      },
      '/toJSON': ({ session }) => {
        session.toJSON = () => ({ its: 'own' })
        return 'own'
      },
    },
    steps: ['/make', '/look', '/assign', '/look', '/toJSON', '/'],
  },
  'text of every kind': {
    routes: { '/make': assign({ ключ: '東京 é \u0000 \ud800 🍪 ; " \\' }) },
    steps: ['/make', '/'],
  },
  'what JSON has no form for is an error': {
    routes: {
      '/count': count,
      '/big': ({ session }) => {
        session.big = 1n
        return 'big'
      },
      '/date': assign({ date: new Date(0), nothing: undefined, call: () => {}, nan: Number.NaN }),
    },
    steps: ['/count', '/big', '/', '/date', '/'],
  },
  'setting maxAge saves in the cookie': {
    routes: {
      '/count': count,
      '/longer': ({ session }) => {
        session.maxAge = 90_000
      },
      '/session': ({ session }) => {
        session.maxAge = 'session'
      },
    },
    steps: ['/longer', '/count', '/longer', '/', '/count', '/session', '/', '/count'],
  },
  'save in the cookie, and what comes after': {
    routes: {
      '/save': async ({ session }) => {
        await session.save()
        session.late = 1
      },
    },
    steps: ['/save', '/'],
  },
  'regenerate in the cookie': {
    routes: {
      '/count': count,
      '/regenerate': async ({ session }) => {
        await session.regenerate()
        session.later = 1
      },
    },
    steps: ['/regenerate', '/count', '/regenerate', '/'],
  },
  rolling: { options: { rolling: true }, routes: { '/count': count }, steps: ['/', '/count', '/', '/'] },
  'renew, past half of the time': {
    options: { renew: true, maxAge: 4_000 },
    routes: { '/count': count },
    steps: ['/count', '/', '/', '/', '/', '/'],
  },
  'renew with a session of the browser': {
    options: { renew: true, maxAge: 'session' },
    routes: { '/count': count },
    steps: ['/count', '/', '/'],
  },
  'a session runs out': {
    options: { maxAge: 2_000 },
    routes: { '/count': count },
    steps: ['/count', '/', '/', '/', '/count', '/'],
  },
  'valid decides': {
    options: { valid: (ctx, session) => ctx.get('x-user') === session.user },
    routes: { '/make': assign({ user: 'ada' }) },
    steps: [
      '/make',
      { path: '/', headers: { 'x-user': 'ada' } },
      { path: '/', headers: { 'x-user': 'bob' } },
    ],
  },
  'a form of its own': {
    options: {
      encode: (data) => encodeURIComponent(JSON.stringify(data)),
      decode: (text) => JSON.parse(decodeURIComponent(text)),
    },
    routes: { '/count': count },
    steps: ['/count', '/count', { path: '/', cookie: signed('%7b') }],
  },
  'a form of its own that fails': {
    options: {
      decode: (text) => {
        if (text === 'odd') throw 'no error'
        throw new RangeError('of decode')
      },
    },
    steps: [
      { path: '/', cookie: signed('x') },
      { path: '/', cookie: signed('odd') },
    ],
  },
  'the options of one request': {
    options: { maxAge: 5_000 },
    routes: {
      '/count': count,
      '/longer': (ctx) => {
        count(ctx)
        const { key, maxAge, httpOnly, overwrite, signed, autoCommit, rolling, renew } = ctx.sessionOptions
        ctx.sessionOptions.maxAge = 60_000
        ctx.sessionOptions.path = '/longer'
        return { key, maxAge, httpOnly, overwrite, signed, autoCommit, rolling, renew }
      },
      '/kept': (ctx) => Reflect.set(ctx, 'sessionOptions', {}),
    },
    steps: ['/count', '/longer', '/count', '/kept'],
  },
  'before the middleware of the session': {
    before: async (ctx, next) => {
      const seen = ctx.session.n
      ctx.session.before = true
      await next()
      ctx.set('x-seen', `${seen}`)
    },
    routes: { '/count': count },
    steps: ['/count', '/', '/'],
  },
  'after a session by another name': {
    setUp: null,
    options: { key: 'second', autoCommit: false },
    routes: { '/count': count },
    steps: ['/count', '/count'],
  },
  'keys are turned': {
    keys: ['a newer key of the tests', ...KEYS],
    routes: { '/': ({ session }) => session.n },
    steps: KEYS.map((key) => ({ path: '/', cookie: signed(encoded({ n: 1 }), 'koa.sess', [key]) })),
  },
  'a key that is gone': {
    keys: [KEYS[0]],
    steps: [{ path: '/', cookie: signed(encoded({ n: 1 }), 'koa.sess', [KEYS[1]]) }, '/'],
  },
  'no keys': {
    keys: undefined,
    routes: { '/count': count },
    steps: ['/', '/count', { path: '/', cookie: signed(encoded({ n: 1 })) }],
  },
  'no keys, yet a list': {
    keys: [],
    routes: { '/count': count, '/no': () => 'no' },
    steps: ['/no', '/', '/count'],
  },
  'no keys, nor signatures': {
    keys: undefined,
    options: { signed: false },
    routes: { '/count': count },
    steps: ['/count', '/'],
  },
  'a jar of the application': {
    before: (ctx, next) => {
      const { cookies } = ctx
      ctx.cookies = new cookies.constructor(ctx.req, ctx.res, {
        keys: ['keys of its own'],
        secure: ctx.secure,
      })
      return next()
    },
    routes: { '/count': count },
    steps: ['/count', '/count'],
  },
  'a jar that was used before': {
    before: (ctx, next) => {
      ctx.cookies.set('earlier', 'yes', { signed: true })
      return next()
    },
    routes: { '/count': count },
    steps: ['/count', '/count'],
  },
  'cookies of the application besides': {
    routes: {
      '/count': (ctx) => {
        count(ctx)
        ctx.cookies.set('koa.sess', 'own', { path: '/own' })
        ctx.cookies.set('other', 'signed')
        return ctx.cookies.get('other')
      },
    },
    steps: ['/count', '/count', '/'],
  },
}

for (const [kind, Keygrip] of Object.entries({ keygrip: peerKeygrip, 'shortcrust/keygrip': ourKeygrip })) {
  SCRIPTS[`app.keys of ${kind}`] = {
    keys: new Keygrip(['key one of the tests', 'key two'], 'SHA384'),
    routes: { '/count': count },
    steps: ['/count', '/count', '/'],
  }
}

compare(SCRIPTS)
