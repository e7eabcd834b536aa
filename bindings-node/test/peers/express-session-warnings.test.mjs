// What shortcrust/express-session tells of, beside what express-session does: in processes of their own.
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'

import ours from 'shortcrust/express-session'

import { SECRET, serve, warnings } from '../support.mjs'
import { FRONTS } from './express-session.mjs'

const home = fileURLToPath(new URL('../..', import.meta.url))

/** What a script that has `session` prints to stderr, without colours and the front's name. */
function stderr(front, script, env = {}) {
  const code = `const session = require('${front}'); const secret = '${SECRET}';\n${script}`
  const { stderr } = spawnSync(process.execPath, ['-e', code], {
    cwd: home,
    encoding: 'utf8',
    env: { ...process.env, NO_DEPRECATION: '', ...env },
  })
  return stderr.replace(/^\w{3}, [\d\w :]+ GMT /gm, '')
}

const SCRIPTS = {
  'no options': 'session()',
  'the same place twice': 'for (const _ of [1, 2]) session({ secret })',
  'resave alone': 'session({ secret, saveUninitialized: false })',
  'saveUninitialized alone': 'session({ secret, resave: false })',
  'no secret': 'session({ resave: false, saveUninitialized: false })',
  'nothing that is deprecated': 'session({ secret, resave: false, saveUninitialized: false })',
  'maxAge as a Date': 'new session.Cookie().maxAge = new Date(0)',
}

for (const [what, script] of Object.entries(SCRIPTS)) {
  test(`deprecations with ${what} are the peer's, and name the caller's line`, () => {
    const [theirs, our] = Object.keys(FRONTS).map((front) => stderr(front, script))
    assert.equal(our, theirs)
    assert.equal(our.includes('[eval]:2'), !what.startsWith('nothing'), our)
  })
}

test('deprecations are silenced by the peer’s name, and are events of the process', () => {
  const events =
    'process.on("deprecation", (e) => console.error(e.namespace, e.message)); session({ secret })'
  for (const front of Object.keys(FRONTS)) {
    assert.equal(stderr(front, 'session()', { NO_DEPRECATION: 'express-session' }), '')
    assert.match(stderr(front, events), /^express-session undefined resave option; provide resave option$/m)
  }
})

test('in production a MemoryStore is told of, and another store is not', () => {
  const options = '{ secret, resave: false, saveUninitialized: false'
  const own = `class Own extends session.Store {}; session(${options}, store: new Own() })`
  const production = { NODE_ENV: 'production' }
  const [theirs, our] = Object.keys(FRONTS).map((front) => stderr(front, `session(${options} })`, production))
  assert.match(our, /^Warning: connect\.session\(\) MemoryStore is not$/m)
  assert.equal(our, theirs)
  for (const front of Object.keys(FRONTS)) assert.equal(stderr(front, own, production), '')
})

test('debug logs under the peer’s name, and never an id or a cookie', () => {
  const script = `
    const store = new session.MemoryStore()
    const run = session({ secret, resave: false, saveUninitialized: true, store, genid: () => 'the-id' })
    require('http').createServer((request, response) => run(request, response, () => {
      request.session.card = 'the-data'
      response.end()
    })).listen(0, function () {
      const { port } = this.address()
      require('http').get({ port, agent: false }, (response) => {
        const cookie = response.headers['set-cookie'][0].split(';')[0]
        const again = { port, agent: false, headers: { cookie } }
        require('http').get(again, () => process.exit())
      })
    })`
  const log = stderr('shortcrust/express-session', script, { DEBUG: 'express-session' })
  assert.match(log, /express-session no id came/)
  assert.doesNotMatch(log, /the-id|the-data|s%3A/)
})

test('weak settings are told of once, and the secret is not', async () => {
  const weak = { resave: false, saveUninitialized: true, secret: 'a weak secret' }
  const lazy = ours({ ...weak, cookie: () => ({ sameSite: 'None' }) })
  const seen = await warnings(async () => {
    for (const _ of 'twice') ours({ ...weak, cookie: { partitioned: true } })
    ours({ ...weak, cookie: { sameSite: 'none', secure: 'auto' } })
    ours({ resave: false, saveUninitialized: true, secret: SECRET, cookie: { sameSite: 'auto' } })
    for (const _ of 'twice') {
      await serve(
        (request, response) => lazy(request, response, () => response.end()),
        (browser) => browser.get('/'),
      )
    }
  })
  assert.deepEqual(
    seen.map(({ name, code, message }) => [name, code, message.split(' ')[0]]),
    [
      ['ShortcrustWarning', 'SHORTCRUST_KEY', 'a'],
      ['ShortcrustWarning', 'SHORTCRUST_COOKIE', 'partitioned'],
      ['ShortcrustWarning', 'SHORTCRUST_COOKIE', 'sameSite:'],
    ],
  )
  assert.doesNotMatch(seen.map(String).join(), /weak/)
})
