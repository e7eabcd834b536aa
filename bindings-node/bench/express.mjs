// Express with a session, ours against cookie-session: CPU time of whole requests and of the session's part in them.
//
//   npm run bench
//
// All run in this process, interleaved, over streams in memory: no network, and outputs are compared first. Ratios
// are medians of rounds; absolute times belong to this machine.
import assert from 'node:assert/strict'
import { createServer } from 'node:http'
import { Duplex } from 'node:stream'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'

import cookieSession from 'cookie-session'
import express from 'express'
import { session } from 'shortcrust/express'

import { PAYLOADS } from './measure.mjs'

const ROUNDS = Number(process.env.ROUNDS ?? 30)
const REQUESTS = Number(process.env.REQUESTS ?? 500)
const WARM_UP = 5

const SECRET = 'a secret of the benchmark, over 32 bytes'

/** Ten keys, about 310 bytes of JSON. */
const TYPICAL = PAYLOADS.typical

const FLASK = { format: 'flask', policy: { absolute: null } }

const VARIANTS = {
  none: (_request, _response, next) => next(),
  'cookie-session': cookieSession({ name: 'session', keys: [SECRET], maxAge: 14 * 86_400_000 }),
  'ours, sealed': session({ secrets: [SECRET] }),
  'ours, flask': session({ secrets: [SECRET], ...FLASK }),
}

const ROUTES = {
  read: (request, response) => response.end(JSON.stringify(request.session)),
  modify: (request, response) => {
    request.session.visits += 1
    response.end(JSON.stringify(request.session))
  },
}

/** A server's end of a connection, and the client's. */
class Wire extends Duplex {
  received = ''

  _read() {}

  _write(chunk, _encoding, done) {
    this.received += chunk.latin1Slice()
    done()
  }

  /** Node's server answers a request without a body within the tick or at its end. */
  async ask(text) {
    this.received = ''
    this.push(text)
    while (!this.received.endsWith('\r\n0\r\n\r\n') && !isComplete(this.received))
      await new Promise(setImmediate)
    return this.received
  }
}

function isComplete(received) {
  const head = received.indexOf('\r\n\r\n')
  const length = /\r\ncontent-length: (\d+)/i.exec(received)
  return head !== -1 && length !== null && received.length === head + 4 + Number(length[1])
}

function connect(middleware) {
  const app = express()
  app.disable('x-powered-by').disable('etag').use(middleware)
  app.get('/set', (request, response) => {
    Object.assign(request.session, TYPICAL)
    response.end()
  })
  app.get('/none', (request, response) => response.end(JSON.stringify(TYPICAL, null, request.session)))
  for (const [path, handler] of Object.entries(ROUTES)) app.get(`/${path}`, handler)
  const wire = new Wire()
  createServer({ keepAliveTimeout: 0 }, app).emit('connection', wire)
  return wire
}

const request = (path, cookie) => `GET /${path} HTTP/1.1\r\nHost: a\r\nCookie: ${cookie}\r\n\r\n`
const body = (answer) => JSON.parse(answer.slice(answer.indexOf('{'), answer.lastIndexOf('}') + 1))
const cookies = (answer) => [...answer.matchAll(/^set-cookie: ([^;]*)/gim)].map(([, pair]) => pair).join('; ')

/** A connection of each variant with a session in its cookie; what it reads and writes is checked. */
async function prepare(name) {
  const wire = connect(VARIANTS[name])
  if (name === 'none') return { ask: () => wire.ask(request('none', 'a=1')) }
  const cookie = cookies(await wire.ask(request('set', 'a=1')))
  assert.deepEqual(body(await wire.ask(request('read', cookie))), TYPICAL, name)
  assert.equal(cookies(await wire.ask(request('read', cookie))), '', name)
  const modified = await wire.ask(request('modify', cookie))
  const next = cookies(modified)
  assert.deepEqual(body(await wire.ask(request('read', next))), { ...TYPICAL, visits: 18 }, name)
  return { ask: (path) => wire.ask(request(path, cookie)) }
}

setFlagsFromString('--expose-gc')
const collectGarbage = runInNewContext('gc')

async function cpu(run) {
  // What the one before left is not this one's. A full collection would throw away compiled code too.
  collectGarbage({ type: 'minor' })
  const before = process.cpuUsage()
  for (let at = 0; at < REQUESTS; at += 1) await run()
  collectGarbage({ type: 'minor' })
  const { user, system } = process.cpuUsage(before)
  return (user + system) / REQUESTS
}

function shuffled(list) {
  const keyed = list.map((item) => ({ item, key: Math.random() }))
  return keyed.sort((a, b) => a.key - b.key).map(({ item }) => item)
}

const median = (numbers) => [...numbers].sort((a, b) => a - b)[Math.floor(numbers.length / 2)]

const names = Object.keys(VARIANTS)
const runners = await Promise.all(names.map(prepare))
const cases = names.flatMap((name, at) =>
  Object.keys(ROUTES).map((path) => ({ name, path, ask: () => runners[at].ask(path), times: [] })),
)
for (let round = 0; round < ROUNDS + WARM_UP; round += 1) {
  for (const one of shuffled(cases)) {
    const time = await cpu(one.ask)
    if (round >= WARM_UP) one.times.push(time)
  }
}

const time = (name, path) => median(cases.find((one) => one.name === name && one.path === path).times)
console.log(
  `session of ${JSON.stringify(TYPICAL).length} bytes; ${ROUNDS} rounds of ${REQUESTS} requests; µs of CPU a request`,
)
for (const path of Object.keys(ROUTES)) {
  const none = time('none', path)
  const peer = time('cookie-session', path)
  console.log(`\n${path}: without a session ${none.toFixed(0)}, cookie-session ${peer.toFixed(0)}`)
  for (const name of names.filter((one) => one.startsWith('ours'))) {
    const ours = time(name, path)
    const part = ((peer - none) / (ours - none)).toFixed(1)
    console.log(
      `${name}: ${ours.toFixed(0)}; whole request ${(peer / ours).toFixed(2)}x, session's part ${part}x`,
    )
  }
}
