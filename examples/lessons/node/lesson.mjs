// What a lesson is, and how it shows the source that runs and the cookies that are sent.
import { readFileSync } from 'node:fs'
import { connect } from 'node:net'

const pages = new URL('../pages/', import.meta.url)
const onEachSite = JSON.parse(readFileSync(new URL('on_the_server.json', pages)))

/** A lesson that each site has, with a note on what is so in Express. */
export function onTheServer(slug, note, steps, options = {}) {
  const { title, text } = onEachSite[slug]
  return { slug, title, text: text + (note && `<p>${note}</p>`), parts: [{ steps }], ...options }
}

/** The lessons that are the same on every server, since they run in the page. */
export function inThePage() {
  return JSON.parse(readFileSync(new URL('in_page.json', pages)))
}

/** What the page shows. */
export async function shown(lesson) {
  const parts = (lesson.parts ?? []).map((part, number) => shownPart(part, `/run/${lesson.slug}/${number}`))
  return { asks: '/browser', ...lesson, parts: await Promise.all(parts) }
}

async function shownPart({ steps = [], setup = [], app, heading, links = [], server }, path) {
  return {
    heading,
    setup: [...setup, ...(app ? [app] : [])].map(String),
    steps: steps.map((step) => ({ label: label(step), source: String(step), url: `${path}/${step.name}` })),
    links: links.map(([text, below]) => [text, `${path}/${below}`]),
    missing: server !== undefined && !(await answers(server.url)),
    server: server && { name: server.name, url: new URL(server.url).host },
  }
}

/** `setACookie` is "Set a cookie". */
function label({ name }) {
  const words = name.replace(/[A-Z]/g, (letter) => ` ${letter.toLowerCase()}`)
  return words[0].toUpperCase() + words.slice(1)
}

function answers(url) {
  const { hostname, port } = new URL(url)
  return new Promise((resolve) => {
    const socket = connect({ host: hostname, port, timeout: 1000 })
    const end = (answer) => () => {
      socket.destroy()
      resolve(answer)
    }
    socket.on('connect', end(true)).on('error', end(false)).on('timeout', end(false))
  })
}

/**
 * Middleware that lets the page see what it may not see. A script reads no `Set-Cookie`, and no cookie that is
 * `HttpOnly`: so the first is copied into another header, and `/browser` tells the page what the browser sent. Only for
 * lessons.
 */
export function showCookies(req, res, next) {
  if (req.path.endsWith('/browser')) {
    return res
      .type('txt')
      .set('Cache-Control', 'no-store')
      .send(req.headers.cookie ?? '')
  }
  if (req.path === '/forget') return res.set('Clear-Site-Data', '"cookies"').type('txt').send('')
  const { writeHead } = res
  // This is put in first, so it is called last, when all cookies are set.
  res.writeHead = (...given) => {
    res.setHeader('X-Set-Cookie', JSON.stringify([res.getHeader('Set-Cookie') ?? []].flat()))
    return writeHead.apply(res, given)
  }
  next()
}
