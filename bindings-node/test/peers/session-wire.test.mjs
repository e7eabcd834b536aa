// What proxies and clients make of a cookie on its way: the drop-ins read it as their peers do.
import assert from 'node:assert/strict'
import { test } from 'node:test'

import expressSession from 'express-session'

import { HOSTS } from './session-hosts.support.mjs'

for (const [front, { session, host }] of Object.entries(HOSTS)) {
  // @fastify/cookie, which parses for both, leaves the quotes.
  const expected = host === HOSTS['@fastify/session'].host ? 'null' : '"ada"'
  test(`${front}: a cookie's value in quotes is what the peer takes it for`, () =>
    host(session, new expressSession.MemoryStore(), { run() {} }, async (browser) => {
      await browser.get('/in')
      assert.equal((await browser.get('/read')).text, '"ada"')
      const [[name, value]] = Object.entries(browser.cookies)
      for (const cookie of [`${name}="${value}"`, `other="x"; ${name}="${value}"`]) {
        assert.equal((await browser.get('/read', { cookie })).text, expected)
      }
    }))
}
