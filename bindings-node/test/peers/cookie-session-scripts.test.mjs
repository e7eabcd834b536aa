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
} from './cookie-session.support.mjs'

/** Each must look the same from outside. */
const SCRIPTS = {
  'a counter': { routes: { '/count': count }, steps: ['/', '/count', '/count', '/', '/count'] },
  'nothing is set where nobody asks': { routes: { '/': () => 'nothing' }, steps: ['/'] },
  'what is only read is not set': { steps: ['/', '/'] },
  'a nested change is saved': {
    routes: {
      '/make': assign({ a: { b: [1] } }),
      '/change': ({ session }) => {
        session.a.b.push(2)
      },
    },
    steps: ['/make', '/change', '/'],
  },
  'a change taken back is none': {
    routes: {
      '/count': count,
      '/back': (request) => {
        const before = look(request)
        count(request)
        const between = look(request)
        request.session.n -= 1
        return [before, between, look(request)]
      },
    },
    steps: ['/count', '/back'],
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
  'null and undefined end it': {
    routes: {
      '/count': count,
      '/null': (request) => {
        request.session = null
        return look(request)
      },
      '/undefined': (request) => {
        request.session = undefined
        return look(request)
      },
    },
    steps: ['/null', '/count', '/null', '/', '/count', '/undefined', '/'],
  },
  'an object takes its place': {
    routes: {
      '/count': count,
      '/set': assign({ user: 'ada' }),
      '/empty': assign({}),
      '/items': assign(['a', 'b']),
      '/derived': assign(Object.create({ inherited: 1 }, { own: { enumerable: true, value: 2 } })),
      '/later': (request) => {
        request.session = null
        request.session = { later: true }
      },
      '/itself': (request) => {
        const before = request.session
        request.session = before
        return [request.session === before, look(request)]
      },
    },
    steps: ['/set', '/', '/items', '/derived', '/later', '/itself', '/empty', '/', '/count', '/empty'],
  },
  'anything else is an error': {
    routes: Object.fromEntries(
      ['text', 5, true, 5n, () => {}, Symbol('x')].map((value, index) => [`/${index}`, assign(value)]),
    ),
    steps: ['/0', '/1', '/2', '/3', '/4', '/5'],
  },
  'names that sessions have': {
    routes: {
      '/make': assign({
        ...{ isNew: 1, isChanged: 2, isPopulated: 3, _ctx: 4, save: 5, regenerate: 6, toString: 7 },
        ...{ constructor: 8, hasOwnProperty: 9, valueOf: 10, toJSON: 11, length: 12, '': 13, 0: 14 },
      }),
      '/assign': ({ session }) => {
        session.toString = 'own'
        session.constructor = 'own'
        return [Reflect.set(session, 'isNew', 5), Reflect.set(session, 'isPopulated', 5)]
      },
      '/look': ({ session }) => [
        Object.keys(session),
        Object.getOwnPropertyNames(session),
        inspect(session),
        'regenerate' in session,
        'save' in session,
        session.save,
      ],
    },
    steps: ['/make', '/look', '/assign', '/look'],
  },
  'it is the same at each look, and can be defined anew': {
    routes: {
      '/': (request) => {
        const { configurable, enumerable } = Object.getOwnPropertyDescriptor(request, 'session')
        return [Object.is(request.session, request.session), configurable, enumerable]
      },
    },
    steps: ['/'],
  },
  'what JSON has no form for is not saved': {
    routes: {
      '/count': count,
      '/cycle': ({ session }) => {
        session.cycle = session
        return 'cycle'
      },
      '/new': (request) => {
        request.session = { big: 1n }
        return [request.session.isChanged, request.session.isPopulated]
      },
      '/big': ({ session }) => {
        session.big = 1n
        return 'big'
      },
      '/date': assign({ date: new Date(0), nothing: undefined, call: () => {}, nan: Number.NaN }),
    },
    steps: ['/new', '/count', '/cycle', '/big', '/', '/date', '/'],
  },
  'text of every kind': {
    routes: { '/make': assign({ ключ: '東京 é \u0000 \ud800 🍪 ; " \\' }) },
    steps: ['/make', '/'],
  },
  'the head may be written by hand, early or late': {
    routes: {
      '/head': (request, response) => {
        count(request)
        response.writeHead(201, { 'x-own': 'yes', 'set-cookie': 'own=1' })
        response.end('by hand')
      },
      '/flush': (request, response) => {
        count(request)
        response.write('begun ')
        request.session.n = 100
        response.end('late')
      },
      '/unread': (request, response) => {
        response.write('begun ')
        count(request)
        response.end('late')
      },
      '/redirect': (request, response) => {
        count(request)
        response.statusCode = 302
        response.setHeader('location', '/')
        response.end()
      },
    },
    steps: ['/head', '/flush', '/', '/unread', '/', '/redirect', '/'],
  },
  'a handler that fails has its session saved': {
    routes: {
      '/fail': (request) => {
        count(request)
        throw new Error('of the handler')
      },
    },
    steps: ['/fail', '/'],
  },
  'the options of one request': {
    options: { keys: KEYS, maxAge: 5_000 },
    routes: {
      '/count': count,
      '/longer': (request) => {
        count(request)
        const { maxAge, httpOnly, overwrite, signed } = request.sessionOptions
        request.sessionOptions.maxAge = 60_000
        return [maxAge, httpOnly, overwrite, signed, Object.keys(request.sessionOptions)]
      },
      '/unsigned': (request) => {
        request.sessionOptions.signed = false
        count(request)
      },
      '/others': (request) => {
        request.sessionOptions = { path: '/others', signed: true }
        count(request)
      },
      '/end': (request) => {
        request.sessionOptions.path = '/elsewhere'
        request.session = null
      },
    },
    steps: ['/count', '/longer', '/count', '/unsigned', '/count', '/others', '/end'],
  },
  'keys are turned': {
    options: { keys: ['a newer key of the tests', ...KEYS] },
    steps: KEYS.map((key) => ({ path: '/', cookie: signed(encoded({ n: 1 }), 'session', [key]) })),
  },
  'a key that is gone': {
    options: { keys: [KEYS[0]] },
    steps: [{ path: '/', cookie: signed(encoded({ n: 1 }), 'session', [KEYS[1]]) }, '/'],
  },
  'no keys, yet a list': { options: { keys: [] }, steps: ['/'] },
  'keys that are no list and no keygrip': {
    options: { keys: { no: 'keygrip' } },
    routes: { '/count': count },
    steps: ['/', '/count', { path: '/', cookie: signed(encoded({ n: 1 })) }],
  },
  'signed, but only for one request': {
    options: { signed: false },
    routes: {
      '/signed': (request) => {
        request.sessionOptions.signed = true
        count(request)
      },
    },
    steps: ['/signed', { path: '/signed', cookie: signed(encoded({ n: 1 })) }],
  },
  'two sessions by two names': {
    options: { keys: KEYS, name: 'second' },
    before: null,
    routes: { '/count': count },
    steps: ['/count', '/count', '/'],
  },
  'a cookie that the response has already': {
    before: (_request, response, next) => {
      response.setHeader('Set-Cookie', ['session=old', 'session.sig=old', 'sessions=kept', 'other=kept'])
      next()
    },
    routes: { '/count': count },
    steps: ['/count', '/'],
  },
}

for (const [kind, Keygrip] of Object.entries({ keygrip: peerKeygrip, 'shortcrust/keygrip': ourKeygrip })) {
  SCRIPTS[`an instance of ${kind}`] = {
    options: () => ({ keys: new Keygrip(['key one of the tests', 'key two'], 'SHA384', 'base64') }),
    routes: { '/count': count },
    steps: ['/count', '/count', '/'],
  }
}

SCRIPTS['over TLS the cookie is secure'] = {
  before: (request, _response, next) => {
    request.socket.encrypted = true
    next()
  },
  routes: { '/count': count },
  steps: ['/count', '/'],
}

compare(SCRIPTS)
