// shortcrust/fastify-session beside @fastify/session: stores that fail, and those of Express.
import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'

import { JsonStore, ours, peer, signed, transcript } from './fastify-session.support.mjs'

const require = createRequire(import.meta.url)

const LOGIN = ['/assign', { user: 'ada', cart: { items: [1, 2] } }]
const READ = ['/read']
const FAILURES = [
  { get: Object.assign(new Error('no such file'), { code: 'ENOENT' }) },
  { get: new Error('the store is down') },
  { set: new Error('the store is full') },
  { destroy: new Error('the store is stuck') },
]

for (const fail of FAILURES) {
  test(`a browser sees the same where ${JSON.stringify(Object.keys(fail))} fails: ${Object.values(fail)[0].message}`, async () => {
    const paths = [
      '/read',
      '/save-callback',
      '/destroy-callback',
      '/regenerate-callback',
      '/reload-callback',
      '/regenerate-only',
    ]
    const promised = ['/save', '/destroy', '/regenerate', '/regenerate-keep', '/reload', '/assign']
    for (const path of [...paths, ...promised]) {
      const visits = [[path, { a: 1 }, { cookie: `sessionId=${encodeURIComponent(signed('id-1'))}` }]]
      const of = (module) => transcript(module, { visits, store: new JsonStore({ fail }) })
      assert.deepEqual(await of(ours), await of(peer), path)
    }
  })
}

test('a browser sees the same on the stores of Express', async (context) => {
  const folder = mkdtempSync(join(tmpdir(), 'shortcrust-'))
  context.after(() => rmSync(folder, { recursive: true }))
  const FileStore = require('session-file-store')(require('express-session'))
  const Memory = require('memorystore')(require('express-session'))
  const visits = [
    LOGIN,
    READ,
    ['/nested'],
    ['/reload', { a: 1 }],
    ['/regenerate-keep', { user: 1 }],
    READ,
    ['/destroy'],
    READ,
  ]
  for (const options of [{}, { saveUninitialized: false, rolling: false }, { cookie: { maxAge: 60_000 } }]) {
    const files = (name) =>
      new FileStore({ path: join(folder, name), logFn() {}, retries: 0, reapInterval: -1 })
    const seen = async (module, store) => {
      const [pages] = await transcript(module, { options, visits, store })
      return pages.map((page) => ({ ...page, text: page.text.replace(/("__lastAccess":)\d+/, '$1') }))
    }
    assert.deepEqual(await seen(ours, new Memory()), await seen(peer, new Memory()))
    assert.deepEqual(await seen(ours, files('ours')), await seen(peer, files('peer')))
  }
})
