// Passport, connect-flash and csrf-sync on express-session and on the drop-in, under Express 4 and 5.
import assert from 'node:assert/strict'
import { createRequire } from 'node:module'
import { test } from 'node:test'

import flash from 'connect-flash'
import { csrfSync } from 'csrf-sync'
import { Passport } from 'passport'
import { Strategy } from 'passport-local'

import { SECRET, serve } from '../support.mjs'
import { FRONTS, idOf, NAME, signed } from './express-session.mjs'

const require = createRequire(import.meta.url)

// connect-flash of 2013 asks for what newer Nodes warn of.
process.removeAllListeners('warning')

/** A site with a login, for each front on either Express. */
function each(title, run) {
  for (const name of ['express4', 'express']) {
    for (const [front, session] of Object.entries(FRONTS)) {
      test(`${title} (${front}, ${name})`, () => run(require(name), session))
    }
  }
}

function base(express, session, options) {
  const store = new session.MemoryStore()
  const app = express()
  app.use(express.urlencoded({ extended: false }))
  app.use(session({ secret: SECRET, resave: false, saveUninitialized: false, store, ...options }))
  return { app, store }
}

function passportSite(express, session) {
  const { app, store } = base(express, session)
  const passport = new Passport()
  passport.use(
    new Strategy((username, password, done) =>
      password === 'right' ? done(null, { username }) : done(null, false, { message: 'Wrong password.' }),
    ),
  )
  passport.serializeUser((user, done) => done(null, user.username))
  passport.deserializeUser((username, done) => done(null, { username }))
  app.use(flash())
  app.use(passport.initialize())
  app.use(passport.session())
  const failed = {
    successRedirect: '/',
    failureRedirect: '/login',
    failureFlash: true,
    keepSessionInfo: true,
  }
  app.post('/login', passport.authenticate('local', failed))
  app.post('/login/anew', passport.authenticate('local', { successRedirect: '/', failureMessage: true }))
  app.post('/logout', (request, response, next) =>
    request.logout((error) => (error ? next(error) : response.redirect('/'))),
  )
  app.get('/basket', (request, response) => {
    request.session.basket = ['tea']
    response.json(request.session.basket)
  })
  app.use((request, response) =>
    response.json({
      user: request.user?.username ?? null,
      basket: request.session.basket ?? null,
      flash: request.flash('error'),
      isIn: request.isAuthenticated(),
    }),
  )
  return { app, store }
}

const ada = (password = 'right') => ({ username: 'ada', password })

each(
  'Passport logs in and out, each time under a new id, and the old one is worth nothing',
  (express, session) => {
    const { app, store } = passportSite(express, session)
    return serve(app, async (browser) => {
      const before = idOf(await browser.get('/basket'))
      const login = await browser.post('/login', ada())
      assert.equal(login.headers.location, '/')
      assert.notEqual(idOf(login), before)
      assert.deepEqual((await browser.get('/')).json(), {
        user: 'ada',
        basket: ['tea'],
        flash: [],
        isIn: true,
      })
      assert.deepEqual(Object.keys(store.sessions), [idOf(login)], 'no record but this')

      const logout = await browser.post('/logout', {})
      assert.notEqual(idOf(logout), idOf(login))
      assert.equal((await browser.get('/')).json().user, null)
      for (const old of [before, idOf(login)]) {
        assert.equal((await browser.get('/', { cookie: `${NAME}=${signed(old)}` })).json().isIn, false)
      }
    })
  },
)

each('a login that keeps no session information takes nothing along', (express, session) => {
  const { app } = passportSite(express, session)
  return serve(app, async (browser) => {
    await browser.get('/basket')
    await browser.post('/login/anew', ada())
    assert.deepEqual((await browser.get('/')).json(), { user: 'ada', basket: null, flash: [], isIn: true })
  })
})

each('a login that fails flashes why, once', (express, session) => {
  const { app } = passportSite(express, session)
  return serve(app, async (browser) => {
    const login = await browser.post('/login', ada('wrong'))
    assert.equal(login.headers.location, '/login')
    assert.deepEqual((await browser.get('/')).json().flash, ['Wrong password.'])
    assert.deepEqual((await browser.get('/')).json().flash, [])
  })
})

each('Passport says what is missing where there is no session', (express, session) => {
  const { app, store } = passportSite(express, session)
  app.use((error, _request, response, _next) => response.status(500).end(error.message))
  store.emit('disconnect')
  return serve(app, async (browser) => {
    const { status, text } = await browser.get('/')
    assert.deepEqual([status, text.includes('express-session')], [500, true])
  })
})

each('csrf-sync keeps its token in the session', (express, session) => {
  const { app } = base(express, session)
  const { csrfSynchronisedProtection, generateToken, revokeToken } = csrfSync()
  app.get('/token', (request, response) => response.end(generateToken(request)))
  app.get('/revoke', (request, response) => response.end(String(revokeToken(request))))
  app.use(csrfSynchronisedProtection)
  app.post('/pay', (_request, response) => response.end('paid'))
  app.use((error, _request, response, _next) => response.status(error.statusCode).end(error.code))
  return serve(app, async (browser) => {
    const pay = async (token) => {
      const headers = token === undefined ? {} : { 'x-csrf-token': token }
      const { status, text } = await browser.get('/pay', { method: 'POST', headers })
      return `${status} ${text}`
    }
    assert.equal(await pay(), '403 EBADCSRFTOKEN')
    const { text: token } = await browser.get('/token')
    assert.equal((await browser.get('/token')).text, token, 'the same as long as the session')
    assert.equal(await pay(token), '200 paid')
    assert.equal(await pay(`${token}x`), '403 EBADCSRFTOKEN')
    browser.cookies = {}
    assert.equal(await pay(token), '403 EBADCSRFTOKEN', 'of another session')
  })
})

each('connect-flash keeps messages for the next request', (express, session) => {
  const { app } = base(express, session)
  app.use(flash())
  app.get('/say', (request, response) =>
    response.json([request.flash('info', 'one'), request.flash('info', 'two')]),
  )
  app.use((request, response) => response.json(request.flash()))
  return serve(app, async (browser) => {
    assert.deepEqual((await browser.get('/say')).json(), [1, 2])
    assert.deepEqual((await browser.get('/')).json(), { info: ['one', 'two'] })
    assert.deepEqual((await browser.get('/')).json(), {})
  })
})

for (const name of ['express4', 'express']) {
  test(`a user whom Passport knows stays logged in when the front is exchanged and back (${name})`, async () => {
    const express = require(name)
    const kept = {}
    let cookies = {}
    for (const [turn, session] of [...Object.values(FRONTS), ...Object.values(FRONTS)].entries()) {
      const { app, store } = passportSite(express, session)
      store.sessions = kept
      await serve(app, async (browser) => {
        browser.cookies = cookies
        if (turn === 0) await browser.post('/login', ada())
        assert.equal((await browser.get('/')).json().user, 'ada')
        cookies = browser.cookies
      })
    }
  })
}
