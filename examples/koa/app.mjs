// A shop in Koa: people register, log in, fill a basket, and see and end their sessions.
import { randomBytes, scryptSync, timingSafeEqual } from 'node:crypto'
import { fileURLToPath } from 'node:url'

import { bodyParser } from '@koa/bodyparser'
import Router from '@koa/router'
import Koa from 'koa'
import mount from 'koa-mount'
import files from 'koa-static'
import nunjucks from 'nunjucks'
import { sessions } from 'shortcrust/express'
import session from 'shortcrust/koa-session'

import { storeAt } from '../stores.mjs'

const { PORT = '3000', SECRET_KEY, SESSION_STORE: url } = process.env
const pages = fileURLToPath(new URL('../pages', import.meta.url))
const goods = ['Sourdough', 'Quiche', 'Apple pie', 'Cheese straws']
const FORTNIGHT = 14 * 86_400_000

/** By what people know their sessions. */
function browser(req) {
  const agent = req.headers['user-agent'] ?? ''
  const names = { 'Edg/': 'Edge', 'Firefox/': 'Firefox', 'Chrome/': 'Chrome', 'Safari/': 'Safari' }
  return Object.entries(names).find(([part]) => agent.includes(part))?.[1] ?? 'A browser'
}

const app = new Koa()
// With a key that is drawn at each start, everybody is logged out by a restart.
app.keys = [SECRET_KEY ?? randomBytes(32).toString('hex')]
// In its cookie a session that is not remembered ends a day after its last change: koa-session's own default.
const kept = url && { store: await storeAt(url), userKey: 'user', label: browser, maxAge: FORTNIGHT }
app.use(mount('/static', files(`${pages}/static`)))
app.use((ctx, next) => {
  // A form on another site comes without the session, and must not put a new one over it.
  if (ctx.method === 'POST' && ctx.get('Sec-Fetch-Site') === 'cross-site') ctx.throw(403)
  return next()
})
app.use(bodyParser())
app.use(session({ sameSite: 'lax', ...kept }, app))

// The users' passwords. They live as long as this process: what this example shows is the session.
const users = new Map()

const templates = nunjucks.configure(pages, { autoescape: true })

function show(ctx, page, more = {}) {
  const { basket = [], user } = ctx.session
  const place = url ? `in ${url.split(':')[0]}` : 'in its cookie'
  ctx.type = 'html'
  ctx.set('Cache-Control', 'private, no-store')
  ctx.body = templates.render(page, { user, basket, framework: 'Koa', place, ...more })
}

function needsLogin(ctx, next) {
  if (ctx.session.user) return next()
  ctx.session.next = ctx.path
  ctx.redirect('/login')
}

const router = new Router()

router.get('/', (ctx) => show(ctx, 'home.html', { goods }))

router.get(['/register', '/login'], (ctx) => {
  const message = ctx.session.next && 'Log in to see this page.'
  show(ctx, `${ctx.path.slice(1)}.html`, { message })
})

router.post('/register', (ctx) => {
  const { name, password = '' } = ctx.request.body
  if (!name || users.has(name) || password.length < 8) {
    ctx.status = 400
    return show(ctx, 'register.html', { message: 'That name is taken, or the password is too short.' })
  }
  users.set(name, hashed(password))
  return welcome(ctx, name)
})

router.post('/login', (ctx) => {
  const { name, password = '' } = ctx.request.body
  if (matches(password, users.get(name) ?? nobody)) return welcome(ctx, name)
  ctx.status = 401
  show(ctx, 'login.html', { message: 'Name or password is wrong.' })
})

function hashed(password, salt = randomBytes(16)) {
  return { salt, hash: scryptSync(password, salt, 32) }
}

function matches(password, { salt, hash }) {
  return timingSafeEqual(hashed(password, salt).hash, hash)
}

// So that an unknown name takes as long as a wrong password.
const nobody = hashed(randomBytes(16).toString('hex'))

async function welcome(ctx, name) {
  // The page comes from our own session, not from the URL: nobody can send people elsewhere.
  const { next = '/' } = ctx.session
  delete ctx.session.next
  ctx.session.user = name
  // A new id, which nobody knows from before the login. What is in the session comes along.
  await ctx.session.regenerate()
  // Whether the cookie outlives the browser.
  if (ctx.request.body.remember) ctx.session.maxAge = FORTNIGHT
  else if (url) ctx.session.maxAge = 'session'
  ctx.redirect(next)
}

router.post('/logout', (ctx) => {
  ctx.session = null
  ctx.redirect('/')
})

router.get('/basket', (ctx) => show(ctx, 'basket.html'))

router.post('/basket', (ctx) => {
  const { item } = ctx.request.body
  if (goods.includes(item)) ctx.session.basket = [...(ctx.session.basket ?? []), item]
  ctx.redirect('/')
})

router.post('/basket/empty', (ctx) => {
  delete ctx.session.basket
  ctx.redirect('/basket')
})

const when = new Intl.DateTimeFormat('en', { dateStyle: 'long', timeStyle: 'short' })

router.get('/sessions', needsLogin, async (ctx) => {
  const found = url ? await sessions.list(ctx.req, ctx.session.user) : []
  const shown = found.map((one) => ({ ...one, is_current: one.isCurrent, seen: when.format(one.renewed) }))
  show(ctx, 'sessions.html', { sessions: shown })
})

router.post('/sessions/revoke', needsLogin, async (ctx) => {
  // With the user, so that nobody ends another's session.
  if (url) await sessions.revoke(ctx.req, ctx.request.body.handle, ctx.session.user)
  ctx.redirect('/sessions')
})

router.post('/sessions/revoke-all', needsLogin, async (ctx) => {
  if (url) await sessions.revokeAll(ctx.req, ctx.session.user, { exceptCurrent: true })
  ctx.redirect('/sessions')
})

app.use(router.routes())
app.listen(Number(PORT), () => console.log(`http://localhost:${PORT}`))
