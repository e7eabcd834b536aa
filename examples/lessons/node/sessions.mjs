// The lessons about sessions in Express: what they can do, and where they lie.
import { randomBytes } from 'node:crypto'
import { mkdtempSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import express from 'express'
import cookieSession from 'shortcrust/cookie-session'
import { session as ours } from 'shortcrust/express'
import session from 'shortcrust/express-session'
import { SQLiteStore } from 'shortcrust/stores/sqlite'

import { Database } from './sqlite.mjs'

export const secret = process.env.SECRET_KEY ?? randomBytes(32).toString('hex')
export const folder = process.env.LESSONS_FOLDER ?? mkdtempSync(join(tmpdir(), 'lessons-'))

function withASession() {
  const router = express.Router()
  router.use(
    session({
      name: 'shop',
      secret,
      resave: false,
      saveUninitialized: false,
      cookie: { maxAge: 60 * 1000 },
    }),
  )
  return router
}

function putSomethingIn(req, res) {
  req.session.fruit = 'apple'
  req.session.basket = ['bread', 'jam']
  res.send('Two keys are in the session.')
}

function showTheSession(req, res) {
  res.json(req.session)
}

function changeInside(req, res) {
  req.session.basket.push('tea')
  res.json(req.session.basket)
}

function takeOut(req, res) {
  delete req.session.fruit
  res.send('The fruit is gone.')
}

async function regenerate(req, res) {
  const before = req.sessionID
  await req.session.regenerate()
  res.send(`A new session, which is empty. A new id: ${req.sessionID !== before}`)
}

async function destroy(req, res) {
  await req.session.destroy()
  res.send('The session is gone from the store. Its cookie stays, and opens nothing.')
}

async function destroyAndDeleteTheCookie(req, res) {
  await req.session.destroy()
  res.clearCookie('shop')
  res.send('The session is gone, and its cookie too.')
}

function howLongIsLeft(req, res) {
  res.send(`${Math.round(req.session.cookie.maxAge / 1000)} seconds`)
}

function touch(req, res) {
  const before = Math.round(req.session.cookie.maxAge / 1000)
  req.session.touch()
  const after = Math.round(req.session.cookie.maxAge / 1000)
  res.send(`${before} seconds before, ${after} after`)
}

function thatRolls() {
  const router = express.Router()
  router.use(
    session({
      name: 'rolling',
      secret,
      resave: false,
      saveUninitialized: false,
      rolling: true,
      cookie: { maxAge: 60 * 1000 },
    }),
  )
  return router
}

function lookAtIt(req, res) {
  res.send(`fruit: ${req.session.fruit}`)
}

function named(cookie) {
  const router = express.Router()
  router.use((_, res, next) => {
    res.locals.cookie = cookie
    next()
  })
  return router
}

function signed() {
  const router = named('signed')
  router.use(cookieSession({ name: 'signed', keys: [secret] }))
  return router
}

function sealed() {
  const router = named('sealed')
  router.use(ours({ name: 'sealed', secrets: [secret] }))
  return router
}

function stored() {
  const router = express.Router()
  const store = new SQLiteStore(join(folder, 'sessions.db'))
  router.use(ours({ name: 'stored', secrets: [secret], store }))
  return router
}

function logInAsGuest(req, res) {
  req.session.user = 'guest'
  req.session.note = 'I like pears'
  res.send('The session is written.')
}

function showWhatIsThere(req, res) {
  if (req.session.user) return res.json(req.session)
  res.send('The session is empty.')
}

function readTheCookieWithoutTheKey(req, res) {
  const cookie = req.cookies[res.locals.cookie]
  res.send(Buffer.from(cookie.split('.').at(-1), 'base64url').toString())
}

function changeTheCookie(req, res) {
  const cookie = req.cookies[res.locals.cookie]
  const changed = `${cookie.slice(0, 20)}${cookie[20] === 'A' ? 'B' : 'A'}${cookie.slice(21)}`
  res.cookie(res.locals.cookie, changed)
  res.send('One character of the cookie is another one now.')
}

function showWhatTheStoreHas(_, res) {
  const database = new Database(join(folder, 'sessions.db'), { readonly: true })
  res.json(database.prepare('SELECT key, version, record FROM shortcrust_session').all())
  database.close()
}

function forgeAnId(_, res) {
  res.cookie('stored', randomBytes(32).toString('base64url'), { httpOnly: true })
  res.send('The cookie has an id that somebody made up.')
}

function putInALittle(req, res) {
  req.session.text = 'x'.repeat(1000)
  res.send('This fits.')
}

function putInTooMuch(req, res) {
  req.session.text = 'x'.repeat(5000)
  res.send('The answer comes. But what is in the log of the server?')
}

const said = []
process.on('warning', (warning) => said.push(warning.message))

function whatTheServerSaid(_, res) {
  res.json(said)
}

export const lessons = [
  {
    slug: 'req-session',
    title: 'req.session',
    text: `<p><code>req.session</code> is an object that comes back with the next request of the same visitor. Read it,
      write it, <code>delete</code> a key: what changed is saved at the end of the request.</p>
      <p>Here it lies in the server's memory, and the cookie has its id. That is for trying things out: it is gone when
      the server stops.</p>`,
    parts: [{ app: withASession, steps: [putSomethingIn, showTheSession, changeInside, takeOut] }],
  },
  {
    slug: 'regenerate',
    title: 'regenerate: a new id at the login',
    text: `<p><code>regenerate</code> throws the session away and begins another one, under a new id. Do it when
      somebody logs in. Else a stranger who knew the id before the login is logged in with it.</p>
      <p>Without a callback it gives a promise. express-session itself wants a callback.</p>`,
    parts: [{ app: withASession, steps: [putSomethingIn, showTheSession, regenerate] }],
  },
  {
    slug: 'destroy',
    title: 'destroy: the end of a session',
    text: `<p><code>destroy</code> removes the session from the store. Do it when somebody logs out. The browser still
      has the cookie, and it opens nothing. To delete it too, call <code>res.clearCookie</code>.</p>`,
    parts: [
      { app: withASession, steps: [putSomethingIn, showTheSession, destroy, destroyAndDeleteTheCookie] },
    ],
  },
  {
    slug: 'touch',
    title: 'touch: from now on',
    text: `<p>This session lives for a minute after it was last used (<code>maxAge</code>). <code>touch</code> sets the
      time back to the whole minute. You seldom need it, because it is called at the end of each request. Wait a few
      seconds, then look how long is left.</p>
      <p>The cookie in the browser is not sent again. That is what <code>rolling</code> is for.</p>`,
    parts: [{ app: withASession, steps: [putSomethingIn, howLongIsLeft, touch] }],
  },
  {
    slug: 'rolling',
    title: 'rolling: the cookie with each answer',
    text: `<p>Without <code>rolling</code> the cookie is sent when the session changes, and it ends a minute after that,
      even for a visitor who is still reading. With <code>rolling: true</code> each answer sends it again.</p>`,
    parts: [
      { heading: 'Without rolling', app: withASession, steps: [putSomethingIn, lookAtIt] },
      { heading: 'With rolling', app: thatRolls, steps: [putSomethingIn, lookAtIt] },
    ],
  },
  {
    slug: 'client-side-and-server-side',
    title: 'In the browser or on the server',
    text: `<p>A session can lie in the cookie itself (client-side), or on the server, and then the cookie has a text
      that nobody can guess, the session's id (server-side). Here is the same session three times. Press the same
      buttons in each part, and look at the cookies.</p>
      <p><strong>Signed</strong>: everybody can read the cookie, and nobody can change it. <strong>Encrypted</strong>:
      nobody can read it, and nobody can change it. <strong>On the server</strong>: the cookie says nothing, and an id
      that somebody made up opens nothing. The server can end such a session.</p>`,
    parts: [
      {
        heading: 'Signed, in the cookie',
        app: signed,
        steps: [logInAsGuest, showWhatIsThere, readTheCookieWithoutTheKey, changeTheCookie],
      },
      {
        heading: 'Encrypted, in the cookie',
        app: sealed,
        steps: [logInAsGuest, showWhatIsThere, readTheCookieWithoutTheKey, changeTheCookie],
      },
      {
        heading: 'On the server',
        app: stored,
        steps: [logInAsGuest, showWhatIsThere, showWhatTheStoreHas, forgeAnId],
      },
    ],
  },
  {
    slug: 'four-kilobytes',
    title: 'A session over 4 KB',
    text: `<p>A browser keeps no cookie of more than 4,096 bytes, and says nothing. So a session in the cookie that grows
      too much would be lost, and nobody would know why.</p>
      <p>Here the server says so in its log, with a warning of Node's. The session from before stays as it was. To keep
      more, put sessions into a store.</p>`,
    parts: [{ app: sealed, steps: [putInALittle, putInTooMuch, whatTheServerSaid, showTheSession] }],
  },
]
