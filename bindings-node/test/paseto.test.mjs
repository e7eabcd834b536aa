// docs/sealed-v1.md, held by another PASETO library on either side.
import assert from 'node:assert/strict'
import { test } from 'node:test'

import { reason } from 'shortcrust/express'

import { claims, seal } from './paseto.mjs'
import { clock, HOSTS, NOW, SECRET, serve } from './support.mjs'

const ROUTES = {
  '/in': (request) => {
    request.session.user = 'ädä'
  },
  '/why': (request, response) => response.end(reason(request) ?? JSON.stringify(request.session)),
}

const NAMES = [
  ['session', 'session', ''],
  ['__Host-shop', 'shop', 'the shop'],
]

for (const [name, bound, audience] of NAMES) {
  const app = () => HOSTS['Express 5']({ secrets: [SECRET], name, audience }, ROUTES)

  test(`paseto-ts opens the cookie ${name} that we seal`, async (context) => {
    clock(context)
    await serve(app(), async (browser) => {
      await browser.get('/in')
      const { jti, ...rest } = claims(browser.cookies[name], SECRET, { name: bound, audience })
      assert.match(jti, /^[\w-]{22}$/)
      assert.deepEqual(rest, {
        iat: '2027-01-15T08:00:00Z',
        exp: '2027-01-29T08:00:00Z',
        c: NOW / 1000,
        sub: 'ädä',
        d: { user: 'ädä' },
      })
    })
  })

  test(`we open the cookie ${name} that paseto-ts seals`, async (context) => {
    clock(context)
    const token = seal({ iat: '2027-01-15T08:00:00+00:00', d: { user: 'ädä' } }, SECRET, {
      name: bound,
      audience,
    })
    await serve(app(), async (browser) => {
      const { text } = await browser.get('/why', { cookie: `${name}=${token}` })
      assert.equal(text, '{"user":"ädä"}')
    })
  })

  test(`a token for another audience does not open as ${name}`, async (context) => {
    clock(context)
    const token = seal({ iat: '2027-01-15T08:00:00Z', d: {} }, SECRET, { name: bound, audience: 'other' })
    await serve(app(), async (browser) => {
      const { text } = await browser.get('/why', { cookie: `${name}=${token}` })
      assert.equal(text, 'bad_signature')
    })
  })
}
