// A shop in Fastify: people register, log in, fill a basket, and see and end their sessions.
import { createHash, randomBytes, scryptSync, timingSafeEqual } from 'node:crypto'
import { fileURLToPath } from 'node:url'

import cookies from '@fastify/cookie'
import forms from '@fastify/formbody'
import files from '@fastify/static'
import views from '@fastify/view'
import Fastify from 'fastify'
import nunjucks from 'nunjucks'
import { sessions } from 'shortcrust/express'
import secureSession from 'shortcrust/fastify-secure-session'
import storedSession from 'shortcrust/fastify-session'

import { storeAt } from '../stores.mjs'

const { PORT = '3000', SECRET_KEY, SESSION_STORE: url } = process.env
const pages = fileURLToPath(new URL('../pages', import.meta.url))
const goods = ['Sourdough', 'Quiche', 'Apple pie', 'Cheese straws']
const FORTNIGHT = 14 * 86_400

/** By what people know their sessions. */
function browser(req) {
  const agent = req.headers['user-agent'] ?? ''
  const names = { 'Edg/': 'Edge', 'Firefox/': 'Firefox', 'Chrome/': 'Chrome', 'Safari/': 'Safari' }
  return Object.entries(names).find(([part]) => agent.includes(part))?.[1] ?? 'A browser'
}

const app = Fastify()
// With a key that is drawn at each start, everybody is logged out by a restart.
const secret = SECRET_KEY ?? randomBytes(32).toString('hex')
// `auto`: over HTTPS the cookie is for HTTPS alone.
const cookie = { path: '/', httpOnly: true, sameSite: 'lax', secure: 'auto' }
app.addHook('onRequest', async ({ headers, method }, reply) => {
  // A form on another site comes without the session, and must not put a new one over it.
  if (method === 'POST' && headers['sec-fetch-site'] === 'cross-site') return reply.code(403).send('Forbidden')
})
await app.register(cookies)
if (url) {
  const kept = { store: await storeAt(url), userKey: 'user', label: browser }
  await app.register(storedSession, { secret, cookie, saveUninitialized: false, rolling: false, ...kept })
} else {
  const key = createHash('sha256').update(secret).digest()
  await app.register(secureSession, { key, cookie, expiry: FORTNIGHT })
}
await app.register(forms)
await app.register(files, { root: `${pages}/static`, prefix: '/static/' })
await app.register(views, { engine: { nunjucks }, templates: pages })

// The users' passwords. They live as long as this process: what this example shows is the session.
const users = new Map()

app.addHook('onRequest', async ({ session }, reply) => {
  // @fastify/secure-session forgets from one response to the next how long its cookie lives.
  if (!url && session.get('remember')) session.options({ ...cookie, maxAge: FORTNIGHT })
  reply.header('Cache-Control', 'private, no-store')
})

function show({ session }, reply, page, more = {}) {
  const place = url ? `in ${url.split(':')[0]}` : 'in its cookie'
  const [user, basket = []] = ['user', 'basket'].map((key) => session.get(key))
  return reply.view(page, { user, basket, framework: 'Fastify', place, ...more })
}

async function needsLogin({ session, url: path }, reply) {
  if (session.get('user')) return
  session.set('next', path)
  return reply.redirect('/login')
}

app.get('/', (request, reply) => show(request, reply, 'home.html', { goods }))

for (const page of ['register', 'login']) {
  app.get(`/${page}`, (request, reply) => {
    const message = request.session.get('next') && 'Log in to see this page.'
    return show(request, reply, `${page}.html`, { message })
  })
}

app.post('/register', async (request, reply) => {
  const { name, password = '' } = request.body
  if (!name || users.has(name) || password.length < 8) {
    const message = 'That name is taken, or the password is too short.'
    return show(request, reply.code(400), 'register.html', { message })
  }
  users.set(name, hashed(password))
  return welcome(request, reply, name)
})

app.post('/login', async (request, reply) => {
  const { name, password = '' } = request.body
  if (matches(password, users.get(name) ?? nobody)) return welcome(request, reply, name)
  return show(request, reply.code(401), 'login.html', { message: 'Name or password is wrong.' })
})

function hashed(password, salt = randomBytes(16)) {
  return { salt, hash: scryptSync(password, salt, 32) }
}

function matches(password, { salt, hash }) {
  return timingSafeEqual(hashed(password, salt).hash, hash)
}

// So that an unknown name takes as long as a wrong password.
const nobody = hashed(randomBytes(16).toString('hex'))

async function welcome(request, reply, name) {
  // The page comes from our own session, not from the URL: nobody can send people elsewhere.
  const page = request.session.get('next') ?? '/'
  request.session.set('user', name)
  // A new id, which nobody knows from before the login. Only these two come along.
  await request.session.regenerate(['basket', 'user'])
  const { session } = request
  // Whether the cookie outlives the browser.
  if (request.body.remember) {
    session.set('remember', true)
    session.options({ ...cookie, maxAge: url ? FORTNIGHT * 1000 : FORTNIGHT })
  }
  return reply.redirect(page)
}

app.post('/logout', async ({ session }, reply) => {
  if (url) await session.destroy()
  else session.delete()
  return reply.redirect('/')
})

app.get('/basket', (request, reply) => show(request, reply, 'basket.html'))

app.post('/basket', async ({ body, session }, reply) => {
  if (goods.includes(body.item)) session.set('basket', [...(session.get('basket') ?? []), body.item])
  return reply.redirect('/')
})

app.post('/basket/empty', async ({ session }, reply) => {
  session.set('basket', undefined)
  return reply.redirect('/basket')
})

const when = new Intl.DateTimeFormat('en', { dateStyle: 'long', timeStyle: 'short' })
const guarded = { preHandler: needsLogin }

app.get('/sessions', guarded, async (request, reply) => {
  const found = url ? await sessions.list(request.raw, request.session.get('user')) : []
  const shown = found.map((one) => ({ ...one, is_current: one.isCurrent, seen: when.format(one.renewed) }))
  return show(request, reply, 'sessions.html', { sessions: shown })
})

app.post('/sessions/revoke', guarded, async ({ body, raw, session }, reply) => {
  // With the user, so that nobody ends another's session.
  if (url) await sessions.revoke(raw, body.handle, session.get('user'))
  return reply.redirect('/sessions')
})

app.post('/sessions/revoke-all', guarded, async ({ raw, session }, reply) => {
  if (url) await sessions.revokeAll(raw, session.get('user'), { exceptCurrent: true })
  return reply.redirect('/sessions')
})

await app.listen({ port: Number(PORT) })
console.log(`http://localhost:${PORT}`)
