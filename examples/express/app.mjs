// A shop in Express: people register, log in, fill a basket, and see and end their sessions.
import { randomBytes, scryptSync, timingSafeEqual } from 'node:crypto'
import { fileURLToPath } from 'node:url'

import express from 'express'
import nunjucks from 'nunjucks'
import { login, logout, session, sessions, user } from 'shortcrust/express'

import { storeAt } from '../stores.mjs'

const { PORT = '3000', SECRET_KEY, SESSION_STORE: url } = process.env
const pages = fileURLToPath(new URL('../pages', import.meta.url))
const goods = ['Sourdough', 'Quiche', 'Apple pie', 'Cheese straws']

/** By what people know their sessions. */
function browser(req) {
  const agent = req.headers['user-agent'] ?? ''
  const names = { 'Edg/': 'Edge', 'Firefox/': 'Firefox', 'Chrome/': 'Chrome', 'Safari/': 'Safari' }
  return Object.entries(names).find(([part]) => agent.includes(part))?.[1] ?? 'A browser'
}

const app = express()
// Behind a proxy that ends HTTPS, believe what it says of the connection.
app.set('trust proxy', process.env.BEHIND_PROXY ? 1 : false)
nunjucks.configure(pages, { autoescape: true, express: app })
app.use('/static', express.static(`${pages}/static`))
app.use(express.urlencoded({ extended: false }))
app.use((req, res, next) => {
  // A form on another site comes without the session, and must not put a new one over it.
  if (req.method === 'POST' && req.get('Sec-Fetch-Site') === 'cross-site') return res.sendStatus(403)
  next()
})
app.use(
  session({
    // With a key that is drawn at each start, everybody is logged out by a restart.
    secrets: [SECRET_KEY ?? randomBytes(32).toString('hex')],
    ...(url && { store: await storeAt(url), label: browser }),
  }),
)

// The users' passwords. They live as long as this process: what this example shows is the session.
const users = new Map()

app.use((req, res, next) => {
  const place = url ? `in ${url.split(':')[0]}` : 'in its cookie'
  const basket = req.session.basket ?? []
  res.locals = { user: user(req), basket, framework: 'Express', place }
  res.set('Cache-Control', 'private, no-store')
  next()
})

function needsLogin(req, res, next) {
  if (user(req)) return next()
  req.session.next = req.path
  res.redirect('/login')
}

app.get('/', (_, res) => res.render('home.html', { goods }))

app.get(['/register', '/login'], (req, res) => {
  const message = req.session.next && 'Log in to see this page.'
  res.render(`${req.path.slice(1)}.html`, { message })
})

app.post('/register', async (req, res) => {
  const { name, password = '' } = req.body
  if (!name || users.has(name) || password.length < 8) {
    const message = 'That name is taken, or the password is too short.'
    return res.status(400).render('register.html', { message })
  }
  users.set(name, hashed(password))
  await welcome(req, res, name)
})

app.post('/login', async (req, res) => {
  const { name, password = '' } = req.body
  if (!matches(password, users.get(name) ?? nobody)) {
    return res.status(401).render('login.html', { message: 'Name or password is wrong.' })
  }
  await welcome(req, res, name)
})

function hashed(password, salt = randomBytes(16)) {
  return { salt, hash: scryptSync(password, salt, 32) }
}

function matches(password, { salt, hash }) {
  return timingSafeEqual(hashed(password, salt).hash, hash)
}

// So that an unknown name takes as long as a wrong password.
const nobody = hashed(randomBytes(16).toString('hex'))

async function welcome(req, res, name) {
  // The page comes from our own session, not from the URL: nobody can send people elsewhere.
  const page = req.session.next ?? '/'
  delete req.session.next
  await login(req, name)
  // Whether the cookie outlives the browser.
  req.session._permanent = req.body.remember !== undefined
  res.redirect(page)
}

app.post('/logout', async (req, res) => {
  await logout(req)
  res.redirect('/')
})

app.get('/basket', (_, res) => res.render('basket.html'))

app.post('/basket', (req, res) => {
  if (goods.includes(req.body.item)) {
    req.session.basket = [...(req.session.basket ?? []), req.body.item]
  }
  res.redirect('/')
})

app.post('/basket/empty', (req, res) => {
  delete req.session.basket
  res.redirect('/basket')
})

const when = new Intl.DateTimeFormat('en', { dateStyle: 'long', timeStyle: 'short' })

app.get('/sessions', needsLogin, async (req, res) => {
  const found = url ? await sessions.list(req, user(req)) : []
  const shown = found.map((one) => ({ ...one, is_current: one.isCurrent, seen: when.format(one.renewed) }))
  res.render('sessions.html', { sessions: shown })
})

app.post('/sessions/revoke', needsLogin, async (req, res) => {
  // With the user, so that nobody ends another's session.
  if (url) await sessions.revoke(req, req.body.handle, user(req))
  res.redirect('/sessions')
})

app.post('/sessions/revoke-all', needsLogin, async (req, res) => {
  if (url) await sessions.revokeAll(req, user(req), { exceptCurrent: true })
  res.redirect('/sessions')
})

app.listen(Number(PORT), () => console.log(`http://localhost:${PORT}`))
