// Middleware that is written for express-session.
import assert from 'node:assert/strict'
import { createRequire } from 'node:module'
import { test } from 'node:test'

import flash from 'connect-flash'
import { csrfSync } from 'csrf-sync'
import express from 'express'
import passport from 'passport'
import { Strategy } from 'passport-local'
import { session } from 'shortcrust/express'

import { claims } from './paseto.mjs'
import { SECRET, serve } from './support.mjs'

const require = createRequire(import.meta.url)

const idOf = ({ cookies }) => claims(cookies.session, SECRET).jti

for (const [host, framework] of [
  ['Express 4', require('express4')],
  ['Express 5', express],
]) {
  const withSession = () => {
    const app = framework()
    app.use(framework.urlencoded({ extended: false }))
    app.use(session({ secrets: [SECRET] }))
    return app
  }

  const withPassport = (options) => {
    const users = new passport.Passport()
    users.use(new Strategy((name, password, done) => done(null, password === 'right' ? { name } : false)))
    users.serializeUser((user, done) => done(null, user.name))
    users.deserializeUser((name, done) => done(null, { name }))
    const app = withSession()
    app.use(users.authenticate('session'))
    app.get('/visit', (request, response) => {
      request.session.basket = ['pie']
      response.end()
    })
    app.post('/login', users.authenticate('local', options), (_, response) => response.end('in'))
    app.post('/logout', (request, response, next) => {
      request.logout(options, (error) => (error ? next(error) : response.end('out')))
    })
    app.get('/', (request, response) => response.json({ user: request.user?.name, ...request.session }))
    return app
  }

  const ADA = { username: 'ada', password: 'right' }

  test(`${host}: passport logs in under a new id, and out`, async () => {
    await serve(withPassport(), async (browser) => {
      await browser.get('/visit')
      const before = idOf(browser)
      assert.equal((await browser.post('/login', ADA)).text, 'in')
      assert.notEqual(idOf(browser), before)
      assert.deepEqual((await browser.get()).json(), { user: 'ada', passport: { user: 'ada' } })
      const during = idOf(browser)
      assert.equal((await browser.post('/logout')).text, 'out')
      assert.deepEqual((await browser.get()).json(), {})
      assert.ok(browser.cookies.session === undefined || idOf(browser) !== during)
    })
  })

  test(`${host}: passport with keepSessionInfo keeps the data under a new id`, async () => {
    await serve(withPassport({ keepSessionInfo: true }), async (browser) => {
      await browser.get('/visit')
      const before = idOf(browser)
      await browser.post('/login', ADA)
      assert.notEqual(idOf(browser), before)
      assert.deepEqual((await browser.get()).json().basket, ['pie'])
      await browser.post('/logout')
      assert.deepEqual((await browser.get()).json(), { basket: ['pie'], passport: {} })
    })
  })

  test(`${host}: passport refuses a wrong password`, async () => {
    await serve(withPassport(), async (browser) => {
      assert.equal((await browser.post('/login', { ...ADA, password: 'wrong' })).status, 401)
      assert.deepEqual((await browser.get()).json(), {})
    })
  })

  test(`${host}: connect-flash shows a message once`, async () => {
    const app = withSession()
    app.use(flash())
    app.get('/set', (request, response) => {
      request.flash('info', 'saved')
      response.redirect('/')
    })
    app.get('/', (request, response) => response.json(request.flash('info')))
    await serve(app, async (browser) => {
      assert.equal((await browser.get('/set')).status, 302)
      assert.deepEqual((await browser.get()).json(), ['saved'])
      assert.deepEqual((await browser.get()).json(), [])
    })
  })

  test(`${host}: csrf-sync keeps its token in the session`, async () => {
    const { csrfSynchronisedProtection, generateToken } = csrfSync()
    const app = withSession()
    app.get('/token', (request, response) => response.end(generateToken(request)))
    app.post('/buy', csrfSynchronisedProtection, (_, response) => response.end('bought'))
    // csrf-sync answers with an error; Express would print it.
    app.use((error, _request, response, _next) => response.status(error.status ?? 500).end())
    await serve(app, async (browser) => {
      const { text } = await browser.get('/token')
      const buy = (headers) => browser.get('/buy', { method: 'POST', headers })
      assert.equal((await buy({ 'x-csrf-token': text })).text, 'bought')
      assert.equal((await buy({ 'x-csrf-token': 'forged' })).status, 403)
      assert.equal((await buy({})).status, 403)
    })
  })
}
