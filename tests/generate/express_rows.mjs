// Writes what express-session keeps of sessions, and what it shows of such a row. Run by itself:
//
//     node tests/generate/express_rows.mjs > tests/vectors/rows/express-session.json

import http from 'node:http'
import { createRequire } from 'node:module'

const require = createRequire(new URL('../../bindings-node/package.json', import.meta.url))
const session = require('express-session')
const { name, version } = require('express-session/package.json')

Date.now = () => 1_800_000_000_000

const COOKIES = [
  {},
  { maxAge: 60_000 },
  { path: '/shop', domain: 'example.com', secure: false, sameSite: 'lax', httpOnly: false },
]
const DATA = {
  plain: { user: 'ada', visits: 3, ratio: 1.5, none: null, yes: true },
  nested: { basket: { items: ['tea', { name: 'pie', price: 2.5 }], empty: [], nothing: {} } },
  passport: { passport: { user: '64b7f1' }, csrfSecret: 'q8Tz' },
  flashes: { flash: { info: ['one', 'two'] } },
  unicode: { 'größe ': '日本語 🍪 \u2028' },
  numbers: { big: 9007199254740991, small: -1e-7, huge: 1e21, zero: -0 },
  'tag-like': { a: { ' d': 'Fri, 02 Jan 2026 00:00:00 GMT' }, b: { ' t': [1] }, c: { ' di': { x: 1 } } },
  'one-tag': { ' u': 'no UUID' },
  date: { at: new Date(1_800_000_000_000) },
  escapes: { quote: '"\\/\b\f\n\r\t\0', 'cookie ': 1, inner: { cookie: { maxAge: 1 } } },
  'of-objects': { inner: { constructor: 1, toString: 2 }, hasOwnProperty: 3 },
  lost: { undefined: undefined, nan: Number.NaN, list: [undefined, () => {}] },
}

const cases = []
for (const [id, data] of Object.entries(DATA)) {
  for (const [at, cookie] of COOKIES.entries()) cases.push({ id: `${id}-${at}`, ...(await made(data, cookie)) })
}
const suite = { generator: { name, version }, count: cases.length, cases }
process.stdout.write(`${JSON.stringify(suite, null, 2)}\n`)

/** The row of a session, and what the next request sees in it. */
async function made(data, cookie) {
  const store = new session.MemoryStore()
  const layer = session({ secret: 'of the vectors', store, resave: false, saveUninitialized: false, cookie })
  let seen
  const server = http.createServer((request, response) => {
    layer(request, response, () => {
      if (request.url === '/shop/set') Object.assign(request.session, data)
      else {
        const { cookie: _, ...rest } = request.session
        seen = rest
      }
      response.end()
    })
  })
  await new Promise((listening) => server.listen(0, '127.0.0.1', listening))
  const url = `http://127.0.0.1:${server.address().port}/shop`
  const answer = await fetch(`${url}/set`)
  const headers = { cookie: answer.headers.get('set-cookie').split(';')[0] }
  await fetch(url, { headers })
  server.close()
  const [row] = Object.values(store.sessions)
  return { row, data: seen }
}
