// The lessons about who may see a page.
import express from 'express'
import session from 'shortcrust/express-session'

import { secret } from './sessions.mjs'

function needsLogin(req, res, next) {
  if (req.session.user || req.path === '/login') return next()
  req.session.next = req.path
  res.redirect(`${req.baseUrl}/login`)
}

function loginPages(router) {
  router.get('/login', (_, res) => res.render('log_in.html'))

  router.post('/login', async (req, res) => {
    const page = req.session.next ?? '/'
    await req.session.regenerate()
    req.session.user = req.body.name
    res.redirect(req.baseUrl + page)
  })

  router.post('/logout', async (req, res) => {
    await req.session.destroy()
    res.redirect(`${req.baseUrl}/login`)
  })
}

function show(title) {
  return (req, res) => res.render('members.html', { title, user: req.session.user ?? 'stranger' })
}

function membersSite() {
  const site = express.Router()
  site.use(session({ name: 'members', secret, resave: false, saveUninitialized: false }))
  site.use(needsLogin)
  loginPages(site)
  site.get(['/', '/news'], show('News'))
  site.get('/photos', show('Photos'))
  return site
}

function siteWithAnOffice() {
  const office = express.Router()
  office.use(needsLogin)
  office.get('/letters', show('Letters'))

  const site = express.Router()
  site.use(session({ name: 'office', secret, resave: false, saveUninitialized: false }))
  loginPages(site)
  site.get(['/', '/shop'], show('Shop'))
  site.use(office)
  return site
}

export const lessons = [
  {
    slug: 'login-check',
    title: 'Login check as middleware',
    text: `<p>Middleware runs before what comes after it. <code>needsLogin</code> either calls <code>next()</code>, and
      the page is shown, or it answers itself, with a redirect to the login. Leave the login itself out of it, or nobody
      ever gets in.</p>
      <p>The page that was wanted is kept in the session, and after the login the visitor goes there. It does not come
      from the address, where somebody could write another site.</p>
      <p>To keep it short, this login asks for no password. Yours must.</p>`,
    parts: [
      {
        setup: [needsLogin, loginPages, show],
        app: membersSite,
        links: [
          ['Open the news', 'news'],
          ['Open the photos', 'photos'],
        ],
      },
    ],
  },
  {
    slug: 'login-check-on-a-router',
    title: 'Login check on a router',
    text: `<p>A router is a part of an app. Middleware that a router uses runs for its pages alone. Here everybody may
      see the shop, and the office asks for a login.</p>`,
    parts: [
      {
        setup: [needsLogin, loginPages, show],
        app: siteWithAnOffice,
        links: [
          ['Open the shop', 'shop'],
          ['Open the letters', 'letters'],
        ],
      },
    ],
  },
]
