// Lessons about cookies and sessions in Express: `node app.mjs`.
import { fileURLToPath } from 'node:url'

import cookieParser from 'cookie-parser'
import express from 'express'
import nunjucks from 'nunjucks'

import * as cookies from './cookies.mjs'
import { inThePage, showCookies, shown } from './lesson.mjs'
import * as logins from './logins.mjs'
import * as sessions from './sessions.mjs'
import * as stores from './stores.mjs'

const { PORT = '3000' } = process.env
const pages = fileURLToPath(new URL('../pages', import.meta.url))

const chapters = [
  { title: 'Cookies that the server sets', lessons: cookies.lessons, file: 'node/cookies.mjs' },
  { title: 'Cookies in the page', lessons: inThePage(), file: 'pages/static/in_page.js' },
  { title: 'Sessions', lessons: sessions.lessons, file: 'node/sessions.mjs' },
  { title: 'Where a session lies', lessons: stores.lessons, file: 'node/stores.mjs' },
  { title: 'Who may see a page', lessons: logins.lessons, file: 'node/logins.mjs' },
]
const lessons = chapters.flatMap(({ lessons, file }) =>
  lessons.map((lesson) => ({ ...lesson, file: `examples/lessons/${file}` })),
)

const app = express()
nunjucks.configure(pages, { autoescape: true, express: app })
app.locals.framework = 'Express'
app.use(showCookies)
app.use('/static', express.static(`${pages}/static`), express.static(`${pages}/../../pages/static`))
app.use(express.urlencoded({ extended: false }), cookieParser())

app.get('/', (_, res) => res.render('index.html', { chapters }))

for (const lesson of lessons) {
  for (const [number, part] of (lesson.parts ?? []).entries()) {
    let router
    app.use(`/run/${lesson.slug}/${number}`, async (req, res, next) => {
      // Made when it is first asked for, as a server that it needs may not run.
      router ??= routerOf(part)
      ;(await router)(req, res, next)
    })
  }
}

/** Each part of a lesson has a router of its own, with the sessions that it is about. */
async function routerOf(part) {
  const router = (await part.app?.()) ?? express.Router()
  for (const step of part.steps ?? []) {
    router.post(`/${step.name}`, (req, res) => {
      // What a visitor's cookie says is never read as HTML.
      res.type('txt')
      return step(req, res)
    })
  }
  return router
}

app.get('/:slug', async (req, res, next) => {
  const number = lessons.findIndex(({ slug }) => slug === req.params.slug)
  if (number < 0) return next()
  res.render('lesson.html', { lesson: { ...(await shown(lessons[number])), next: lessons[number + 1] } })
})

// Whatever went wrong, the lesson shows it.
app.use((error, _req, res, _next) => res.status(500).type('txt').send(String(error)))

app.listen(Number(PORT), () => console.log(`http://localhost:${PORT}`))
