// A small shop under express-session and under the drop-in, on every store.
import assert from 'node:assert/strict'
import { test } from 'node:test'

import signature from 'cookie-signature'
import express from 'express'
import stock from 'express-session'
import ours from 'shortcrust/express-session'

import { SECRET } from '../support.mjs'
import { STORES } from './stores.mjs'
import { clock } from './support.mjs'

const FRONTS = { 'express-session': stock, 'shortcrust/express-session': ours }

export const MINUTE = 60_000
export const NAME = 'connect.sid'

/** One test for each front on each store, in which the time stands still but for the store. */
export function each(title, run, stores = Object.keys(STORES)) {
  for (const store of stores) {
    for (const [front, session] of Object.entries(FRONTS)) {
      on(store, `${front} with ${store}: ${title}`, (records, setTime) => run({ session, records, setTime }))
    }
  }
}

export function on(store, title, run) {
  test(title, { skip: STORES[store].skip }, async (context) => {
    const records = await STORES[store].open()
    context.after(() => records.close())
    await run(records, clock(context))
  })
}

/** A small shop that answers with its session. */
export function shop(session, store, options) {
  const done = (request, response, next) => (error) =>
    error ? next(error) : response.json({ id: request.sessionID, session: request.session })
  return express()
    .use(session({ secret: SECRET, resave: false, saveUninitialized: false, store, ...options }))
    .get('/login', (request, response, next) => {
      request.session.regenerate((error) => {
        if (!error) request.session.user = request.query.user
        done(request, response, next)(error)
      })
    })
    .get('/add', (request, response, next) => {
      request.session.basket = [...(request.session.basket ?? []), request.query.item]
      done(request, response, next)()
    })
    .get('/for', (request, response, next) => {
      request.session.cookie.maxAge = Number(request.query.seconds) * 1_000
      request.session.remembered = true
      done(request, response, next)()
    })
    .get('/keep', (request, response, next) => {
      request.session.kept = JSON.parse(request.query.json)
      done(request, response, next)()
    })
    .get('/wait', async (request, response, next) => {
      await request.app.locals.meanwhile()
      done(request, response, next)()
    })
    .get('/reload', (request, response, next) => {
      request.session.user = 'not saved'
      request.session.reload(done(request, response, next))
    })
    .get('/save', (request, response, next) => {
      request.session.user = 'saved'
      request.session.save(done(request, response, next))
    })
    .get('/logout', (request, response, next) => request.session.destroy(done(request, response, next)))
    .get('/unset', (request, response, next) => {
      request.session = null
      done(request, response, next)()
    })
    .use((request, response, next) => done(request, response, next)())
    .use((error, _request, response, _next) => response.status(500).json({ error: error.message }))
}

export const WITH_EXPIRY = { cookie: { maxAge: MINUTE } }

export const record = async (records, id) => JSON.parse(await records.text(id))
export const signed = (id) => `${NAME}=${encodeURIComponent(`s:${signature.sign(id, SECRET)}`)}`

/** The store's own clock goes on, and a busy machine may take a while. */
export function isAbout(seconds, expected) {
  assert.ok(seconds > expected - 30 && seconds <= expected + 1, `${seconds} s, not ${expected} s`)
}
