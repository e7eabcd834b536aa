// shortcrust/fastify-session beside @fastify/session: vectors, and what a browser sees.
import assert from 'node:assert/strict'
import { test } from 'node:test'

import fastifyCookie from '@fastify/cookie'

import { NOW } from '../support.mjs'
import { listening, post, refusal, site, visit } from './fastify.support.mjs'
import {
  app,
  counter,
  JsonStore,
  MODULES,
  OLD_SECRET,
  ours,
  peer,
  SECRET,
  signed,
  transcript,
} from './fastify-session.support.mjs'
import { atTime, peerVectors } from './support.mjs'

for (const [name, module] of Object.entries(MODULES)) {
  for (const { id, input, expect } of peerVectors('fastify-session')) {
    test(`${id} holds for ${name}`, async () => {
      if (expect.error) assert.deepEqual(await refusal(module, input.options), expect.error)
      else assert.deepEqual(await atTime(input.now_ms, () => answerTo(module, input)), expect.ok)
    })
  }
}

/** What a vector's request gives. */
async function answerTo(module, { options, genid, store: kept = {}, cookie, secure, action }) {
  const seen = {}
  const store = new JsonStore()
  for (const [id, record] of Object.entries(kept)) store.records.set(id, JSON.stringify(record))
  const handler = ({ session }) => {
    const { cookie: _, ...data } = JSON.parse(JSON.stringify(session))
    Object.assign(seen, { session_id: session.sessionId, session: data })
    Object.assign(session, action.data)
    return ''
  }
  const front = await site(module, { ...options, store, idGenerator: () => genid }, { '/': handler })
  const { status, setCookie } = await visit(front, '/', { cookie, https: secure })
  await front.close()
  const store_after = Object.fromEntries(
    Object.entries(store.contents).map(([id, text]) => [id, JSON.parse(text)]),
  )
  return { status, ...seen, set_cookie: setCookie, store_after }
}

const LOGIN = ['/assign', { user: 'ada', cart: { items: [1, 2] } }]
const READ = ['/read']
const SCRIPTS = {
  'a login and a visit': { visits: [LOGIN, READ, READ] },
  'a visitor without data': { visits: [READ, READ] },
  'no uninitialized sessions': { options: { saveUninitialized: false }, visits: [READ, LOGIN, READ, READ] },
  'no rolling': { options: { rolling: false }, visits: [LOGIN, READ, ['/nested'], ['/same'], READ] },
  neither: {
    options: { rolling: false, saveUninitialized: false },
    visits: [READ, LOGIN, READ, ['/nested'], READ],
  },
  'get and set': { visits: [['/set', { a: 1, b: null }], READ, ['/delete', { a: 1 }], READ] },
  'a name and a prefix': {
    options: { cookieName: 'connect.sid', cookiePrefix: 's:' },
    visits: [LOGIN, READ],
  },
  'a cookie without the prefix': {
    options: { cookiePrefix: 's:' },
    visits: [['/read', {}, { cookie: 'sessionId=id-1.x' }], READ],
  },
  maxAge: { options: { cookie: { maxAge: 10_000 } }, visits: [LOGIN, READ, ['/touch'], READ] },
  'maxAge without rolling': {
    options: { cookie: { maxAge: 10_000 }, rolling: false },
    visits: [LOGIN, READ, ['/touch'], ['/max-age'], READ, ['/expires'], READ],
  },
  'an end at this very moment': {
    options: { cookie: { maxAge: 1_000 }, rolling: false },
    visits: [LOGIN, READ],
  },
  'an end in the past': {
    options: { cookie: { maxAge: 1_500 }, rolling: false },
    visits: [LOGIN, READ, READ, READ],
  },
  expires: {
    options: { cookie: { expires: new Date(NOW + 2_500) } },
    visits: [LOGIN, READ, READ, READ, READ],
  },
  'expires and maxAge': {
    options: { cookie: { expires: new Date(NOW + 2_500), maxAge: 60_000 } },
    visits: [LOGIN, READ, READ, READ, READ],
  },
  'every attribute': {
    options: {
      cookie: {
        domain: 'localhost',
        httpOnly: false,
        partitioned: true,
        path: '/',
        priority: 'high',
        sameSite: 'none',
        secure: true,
      },
    },
    visits: [['/assign', { a: 1 }, { https: true }], READ, ['/read', {}, { https: true }]],
  },
  'sameSite true and no httpOnly': {
    options: { cookie: { sameSite: true, httpOnly: undefined } },
    visits: [LOGIN, READ],
  },
  'secure by default': {
    options: { cookie: { secure: undefined } },
    visits: [LOGIN, ['/save'], ['/assign', { a: 1 }, { https: true }], READ, ['/read', {}, { https: true }]],
  },
  'secure as the connection is': {
    options: { cookie: { secure: 'auto', sameSite: 'strict' } },
    visits: [LOGIN, READ, ['/read', {}, { https: true }], ['/regenerate', {}, { https: true }], READ],
  },
  'a path': {
    options: { cookie: { path: '/read' } },
    visits: [LOGIN, READ, ['/read?a=/b'], ['/ready'], ['/null'], ['/destroy']],
  },
  'a cookie that is removed where it was set': {
    options: { saveUninitialized: false, cookie: { domain: 'localhost', path: '/read' } },
    visits: [
      ['/read', {}, { cookie: 'sessionId=strange' }],
      ['/nested'],
      ['/read/me', {}, { cookie: 'sessionId=x' }],
    ],
  },
  'a path with a slash': {
    options: { cookie: { path: '/read/' } },
    visits: [READ, ['/read/'], ['/read/me']],
  },
  'options in a handler': {
    visits: [
      ['/options', { maxAge: 3_600, sameSite: 'lax' }],
      READ,
      ['/options', {}],
      ['/options', { path: '/x' }],
      ['/max-age-and-no-options'],
    ],
  },
  save: {
    options: { saveUninitialized: false },
    visits: [['/save'], ['/save-callback'], ['/save-then-change'], READ],
  },
  'save without rolling': {
    options: { rolling: false },
    visits: [LOGIN, ['/save'], ['/save-then-change'], READ],
  },
  destroy: { visits: [LOGIN, ['/destroy'], READ, ['/destroy-callback'], READ] },
  regenerate: { visits: [LOGIN, ['/regenerate'], READ, LOGIN, ['/regenerate-callback'], READ] },
  'regenerate and keep': {
    visits: [
      LOGIN,
      ['/regenerate-keep', { user: 1, none: 1 }],
      READ,
      ['/regenerate-keep-callback', { user: 1 }],
      READ,
    ],
  },
  'regenerate without uninitialized sessions': {
    options: { saveUninitialized: false },
    visits: [LOGIN, ['/regenerate'], READ, LOGIN, ['/regenerate-keep', { user: 1 }], READ],
  },
  reload: { visits: [LOGIN, ['/reload', { user: 'eve' }], ['/reload-callback', { user: 'eve' }], READ] },
  'reload of a session that was never saved': { visits: [['/reload', { user: 'eve' }], READ] },
  null: { visits: [LOGIN, ['/null'], READ] },
  'a plain object': { visits: [LOGIN, ['/plain', { a: 1 }], READ] },
  'a secret that was rotated': {
    options: { secret: [SECRET, OLD_SECRET] },
    visits: [['/assign', { a: 1 }, { cookie: 'sessionId=none' }], READ],
  },
  'another algorithm': { options: { algorithm: 'sha512' }, visits: [LOGIN, READ] },
  'an algorithm that is not in the core': { options: { algorithm: 'ripemd160' }, visits: [LOGIN, READ] },
  'a signer': { options: { secret: new fastifyCookie.Signer(SECRET, 'sha384') }, visits: [LOGIN, READ] },
  'a signer that never signs alike, and a store in memory': {
    store: null,
    options: {
      saveUninitialized: false,
      secret: {
        sign: (value) => `${value}.${Date.now()}`,
        unsign: (input) => ({ valid: true, renew: false, value: input.split('.', 1)[0] }),
      },
    },
    visits: [LOGIN, READ, READ],
  },
  'defaults of @fastify/cookie': {
    more: { cookie: { parseOptions: { sameSite: 'strict', path: '/x' } } },
    visits: [LOGIN],
  },
  'a store in memory': {
    store: null,
    visits: [LOGIN, READ, ['/nested'], ['/same'], ['/regenerate'], READ, ['/destroy'], READ],
  },
  'a store in memory without rolling': {
    store: null,
    options: { rolling: false, saveUninitialized: false },
    visits: [READ, LOGIN, READ, ['/nested'], READ, ['/save-then-change'], READ],
  },
  decryptSession: {
    visits: [
      LOGIN,
      ['/decrypt', { id: signed('id-1') }],
      ['/decrypt', { id: signed('id-1'), cookie: { maxAge: 86_400 } }],
      ['/decrypt', { id: signed('id-7') }],
      ['/decrypt', { id: 'id-1.none' }],
    ],
  },
}

for (const [title, script] of Object.entries(SCRIPTS)) {
  test(`a browser sees the same: ${title}`, async () => {
    const theirs = await transcript(peer, {
      ...script,
      ...(script.store === undefined && { store: new JsonStore() }),
    })
    const its = await transcript(ours, {
      ...script,
      ...(script.store === undefined && { store: new JsonStore() }),
    })
    assert.deepEqual(its, theirs)
    const answered = theirs[0].filter(({ status }) => status !== 404)
    assert.ok(answered.length > 0)
  })
}

test('a browser sees the same where the store answers later', async () => {
  for (const script of Object.values(SCRIPTS).filter(({ store }) => store === undefined)) {
    const [theirs, its] = [new JsonStore({ later: true }), new JsonStore({ later: true })]
    assert.deepEqual(
      await transcript(ours, { ...script, store: its }),
      await transcript(peer, { ...script, store: theirs }),
    )
  }
})

test('a user stays logged in when shortcrust takes the peer’s place on a port, and back', async () => {
  const store = new JsonStore()
  const options = {
    secret: SECRET,
    store,
    cookie: { secure: false, maxAge: 60_000 },
    saveUninitialized: false,
  }
  let browser
  for (const [index, module] of [peer, ours, peer].entries()) {
    const front = await app(module, { ...options, idGenerator: counter() })
    const use = async (fresh) => {
      browser ??= fresh
      if (index === 0) await post(browser, '/assign', { user: 'ada' })
      await post(browser, '/assign', { [`visit${index}`]: true })
      const { session } = (await post(browser, '/read')).json()
      assert.equal(session.user, 'ada')
      assert.deepEqual(Object.keys(session).length, index + 3)
    }
    await listening(front, use, browser?.port)
  }
  assert.deepEqual(Object.keys(store.contents), ['id-1'])
})
