// A browser and a server, both small.
import { createHash } from 'node:crypto'
import { once } from 'node:events'
import http from 'node:http'
import { createRequire } from 'node:module'

import { session } from 'shortcrust/express'

const require = createRequire(import.meta.url)

export const { ambient } = require('../dist/ambient.js')
export const native = require('../native.js')

/** By what a store finds a user's sessions, in a front with this name and no audience or namespace. */
export const userIndex = (user, name) => storeKey('user', user, name)

/** docs/record-v1.md, "Id and key": of a `record` the text is its id. */
export function storeKey(purpose, text, name = 'session', namespace = '') {
  const parts = ['shortcrust/v1', purpose, '', name, namespace, text].map((part) => Buffer.from(part))
  const length = (value) => {
    const bytes = Buffer.alloc(8)
    bytes.writeBigUInt64LE(BigInt(value))
    return bytes
  }
  const pieces = parts.flatMap((part) => [length(part.length), part])
  return createHash('sha256')
    .update(Buffer.concat([length(parts.length), ...pieces]))
    .digest('base64url')
}

export const SECRET = 'the first secret of the tests, over 32 bytes'
export const OLD_SECRET = 'the second secret of the tests, over 32 bytes'
export const DAY = 86_400
export const NOW = 1_800_000_000_000

/** Runs `use` against a listening server for `handler`, an Express app or a plain listener. */
export async function serve(handler, use, options = {}) {
  const server = http.createServer({ keepAliveTimeout: 1, ...options }, handler).listen(0, '127.0.0.1')
  await once(server, 'listening')
  try {
    return await use(new Browser(server.address().port))
  } finally {
    server.close()
  }
}

/** The same handlers on every host: `routes` by path, and at any other path what is in the session. */
export const HOSTS = {
  'Express 4': (options, routes) => require('express4')().use(session(options)).use(answer(routes)),
  'Express 5': (options, routes) => require('express')().use(session(options)).use(answer(routes)),
  'node:http': (options, routes) => {
    const middleware = session(options)
    return (request, response) => middleware(request, response, () => answer(routes)(request, response))
  },
}

function answer(routes = {}) {
  return async (request, response) => {
    await routes[request.url]?.(request, response)
    if (!response.writableEnded) response.end(JSON.stringify({ ...request.session }))
  }
}

/** Keeps the cookies that it is sent. */
export class Browser {
  cookies = {}

  constructor(port) {
    this.port = port
  }

  get cookie() {
    return Object.entries(this.cookies)
      .map((pair) => pair.join('='))
      .join('; ')
  }

  async get(path = '/', { method = 'GET', headers = {}, cookie = this.cookie, body } = {}) {
    const sent = cookie === '' ? headers : { cookie, ...headers }
    const request = http.request({
      port: this.port,
      host: '127.0.0.1',
      path,
      method,
      headers: sent,
      agent: false,
    })
    request.end(body)
    const [response] = await once(request, 'response')
    let text = ''
    for await (const chunk of response.setEncoding('utf8')) text += chunk
    const setCookie = response.headers['set-cookie'] ?? []
    for (const line of setCookie) this.#keep(line)
    return {
      status: response.statusCode,
      headers: response.headers,
      setCookie,
      text,
      json: () => JSON.parse(text),
    }
  }

  post(path, body, options) {
    const headers = { 'content-type': 'application/x-www-form-urlencoded' }
    return this.get(path, { method: 'POST', body: new URLSearchParams(body).toString(), headers, ...options })
  }

  #keep(line) {
    const [, name, value] = /^([^=]*)=([^;]*)/.exec(line)
    if (/; Max-Age=0\b/.test(line)) delete this.cookies[name]
    else this.cookies[name] = value
  }
}

/** The payload of a flask token that is not compressed, or is. */
export function flaskPayload(token) {
  const { inflateSync } = require('node:zlib')
  const isCompressed = token.startsWith('.')
  const bytes = Buffer.from(token.split('.')[isCompressed ? 1 : 0], 'base64url')
  return (isCompressed ? inflateSync(bytes) : bytes).toString()
}

export function flaskToken(payload, { secret = SECRET, now = NOW, name = 'session' } = {}) {
  return new native.Codec({ format: 'flask' }, [secret]).seal(payload, name, now)
}

export function sealedToken(
  payload,
  { secret = SECRET, now = NOW, name = 'session', policy, audience } = {},
) {
  return new native.Codec({ format: 'sealed', audience }, [secret]).seal(payload, name, now, policy)
}

/** Sets the clock for the rest of the test. */
export function clock(test, now = NOW) {
  const real = ambient.now
  test.after(() => {
    ambient.now = real
  })
  ambient.now = () => now
  return (later) => {
    now = later
  }
}

/** The warnings that `run` emits, which are not printed. */
export async function warnings(run) {
  const seen = []
  const printers = process.rawListeners('warning')
  process.removeAllListeners('warning').on('warning', (warning) => seen.push(warning))
  await run()
  await new Promise(setImmediate)
  process.removeAllListeners('warning')
  for (const printer of printers) process.on('warning', printer)
  return seen
}
