// Middleware that people put on cookie-session: connect-flash and csrf-sync on both, Passport with `passport: true`.
import assert from 'node:assert/strict'
import { createRequire } from 'node:module'
import { test } from 'node:test'

import flash from 'connect-flash'
import { csrfSync } from 'csrf-sync'
import express from 'express'
import passport from 'passport'
import { Strategy } from 'passport-local'

import { serve } from '../support.mjs'
import { KEYS, MODULES, ours, peer } from './cookie-session.support.mjs'

const FRAMEWORKS = { 'Express 4': createRequire(import.meta.url)('express4'), 'Express 5': express }
const ADA = { username: 'ada', password: 'right' }

for (const [host, framework] of Object.entries(FRAMEWORKS)) {
  const app = (session, options) =>
    framework()
      .use(framework.urlencoded({ extended: false }))
      .use(session({ keys: KEYS, ...options }))

  for (const [name, session] of Object.entries(MODULES)) {
    test(`${host}: connect-flash on ${name}`, async () => {
      const site = app(session)
        .use(flash())
        .get('/flash', (request, response) => response.json(request.flash('info', 'saved %s', 'twice')))
        .get('/', (request, response) => response.json([request.flash('info'), request.flash()]))
      await serve(site, async (browser) => {
        await browser.get('/flash')
        assert.equal((await browser.get('/flash')).text, '2')
        assert.deepEqual((await browser.get()).json(), [['saved twice', 'saved twice'], {}])
        assert.deepEqual((await browser.get()).json(), [[], {}])
      })
    })

    test(`${host}: csrf-sync on ${name}`, async () => {
      const { csrfSynchronisedProtection, generateToken } = csrfSync()
      const site = app(session)
        .use(csrfSynchronisedProtection)
        .get('/', (request, response) => response.end(generateToken(request)))
        .post('/', (_request, response) => response.end('posted'))
        .use((error, _request, response, _next) => response.status(error.status).end(error.code))
      await serve(site, async (browser) => {
        const { text: token } = await browser.get()
        assert.equal((await browser.post('/', {}, { headers: { 'x-csrf-token': token } })).text, 'posted')
        assert.equal((await browser.post('/', {}, { headers: { 'x-csrf-token': 'x' } })).status, 403)
        assert.equal((await browser.post('/', {}, { cookie: '' })).text, 'EBADCSRFTOKEN')
      })
    })

    test(`${host}: Passport on ${name} with the functions that people add by hand`, async () => {
      const site = app(session).use((request, _response, next) => {
        request.session.regenerate = (done) => done()
        request.session.save = (done) => done()
        next()
      })
      await serve(withPassport(site), async (browser) => {
        assert.equal((await browser.post('/login', ADA)).text, 'in')
        assert.deepEqual((await browser.get()).json(), { user: 'ada', passport: { user: 'ada' } })
        await browser.post('/logout')
        assert.deepEqual((await browser.get()).json(), { passport: {} })
      })
    })
  }

  test(`${host}: without the option Passport fails on both alike`, async () => {
    const seen = []
    for (const session of [peer, ours]) {
      const site = withPassport(app(session)).use((error, _request, response, _next) =>
        response.end(error.message),
      )
      seen.push(await serve(site, async (browser) => (await browser.post('/login', ADA)).text))
    }
    assert.equal(seen[0], 'req.session.regenerate is not a function')
    assert.equal(seen[1], seen[0])
  })

  test(`${host}: with passport: true Passport logs in with an empty session, and out`, async () => {
    await serve(withPassport(app(ours, { passport: true })), async (browser) => {
      await browser.get('/visit')
      assert.equal((await browser.post('/login', { ...ADA, password: 'wrong' })).status, 401)
      assert.equal((await browser.post('/login', ADA)).text, 'in')
      assert.deepEqual((await browser.get()).json(), { user: 'ada', passport: { user: 'ada' } })
      assert.equal((await browser.post('/logout')).text, 'out')
      assert.deepEqual((await browser.get()).json(), {})
    })
  })

  test(`${host}: with keepSessionInfo the data stay`, async () => {
    const site = withPassport(app(ours, { passport: true }), { keepSessionInfo: true })
    await serve(site, async (browser) => {
      await browser.get('/visit')
      await browser.post('/login', ADA)
      assert.deepEqual((await browser.get()).json(), {
        user: 'ada',
        basket: ['pie'],
        passport: { user: 'ada' },
      })
      await browser.post('/logout')
      assert.deepEqual((await browser.get()).json(), { basket: ['pie'], passport: {} })
    })
  })

  test(`${host}: who logs in under the peer is in under ours, and can log out`, async () => {
    const stub = ({ session }, _response, next) =>
      next(Object.assign(session, { regenerate: (f) => f(), save: (f) => f() }) && undefined)
    const cookies = await serve(withPassport(app(peer).use(stub)), async (browser) => {
      await browser.post('/login', ADA)
      return browser.cookies
    })
    await serve(withPassport(app(ours, { passport: true })), async (browser) => {
      browser.cookies = cookies
      assert.equal((await browser.get()).json().user, 'ada')
      await browser.post('/logout')
      assert.deepEqual((await browser.get()).json(), {})
    })
  })
}

test('regenerate writes an empty session where one came in, even after null, and nothing where none did', async () => {
  const renew = (request) => {
    const { session } = request
    if (request.url === '/ended') request.session = null
    assert.equal(session.regenerate(), undefined)
    assert.notEqual(request.session, session)
    assert.deepEqual(Object.keys(request.session), [])
  }
  const site = (request, response) => {
    ours({ keys: KEYS, passport: true })(request, response, () => {
      if (request.url === '/set') request.session.n = 1
      else renew(request)
      response.end()
    })
  }
  await serve(site, async (browser) => {
    assert.deepEqual((await browser.get('/')).setCookie, [])
    for (const path of ['/', '/ended']) {
      await browser.get('/set')
      assert.match((await browser.get(path)).setCookie[0], /^session=e30=;/)
    }
  })
})

test("the methods are in nobody's way", async () => {
  const site = (request, response) => {
    ours({ keys: KEYS, passport: true })(request, response, () => {
      request.session = { save: 1, regenerate: 2, kept: 3 }
      assert.deepEqual({ ...request.session }, { kept: 3 })
      assert.equal(typeof request.session.save, 'function')
      assert.equal(request.session.save(), undefined)
      response.end(JSON.stringify(request.session))
    })
  }
  await serve(site, async (browser) => assert.equal((await browser.get()).text, '{"kept":3}'))
})

function withPassport(app, options) {
  const users = new passport.Passport()
  users.use(new Strategy((name, password, done) => done(null, password === 'right' ? { name } : false)))
  users.serializeUser((user, done) => done(null, user.name))
  users.deserializeUser((name, done) => done(null, { name }))
  app.use(users.authenticate('session'))
  app.get('/visit', (request, response) => {
    request.session.basket = ['pie']
    response.end()
  })
  app.post('/login', users.authenticate('local', options), (_, response) => response.end('in'))
  app.post('/logout', (request, response, next) => {
    request.logout(options, (error) => (error ? next(error) : response.end('out')))
  })
  return app.get('/', (request, response) => {
    response.json({ user: request.user?.name, ...JSON.parse(JSON.stringify(request.session)) })
  })
}
