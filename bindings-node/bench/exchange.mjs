// A middleware and a handler, called as `node:http` would; no network and no parsing of HTTP.
import assert from 'node:assert/strict'
import { IncomingMessage, ServerResponse } from 'node:http'
import { Socket } from 'node:net'

const socket = new Socket()

function exchange(cookie) {
  const request = new IncomingMessage(socket)
  Object.assign(request, { method: 'GET', url: '/', httpVersionMajor: 1, httpVersionMinor: 1 })
  request.headers = cookie === undefined ? { host: 'a' } : { host: 'a', cookie }
  const response = new ServerResponse(request)
  // The end is there to be seen, and what is written goes nowhere.
  const answered = { done: undefined, isDone: false }
  response.end = () => {
    if (!response.headersSent) response.writeHead(response.statusCode)
    answered.isDone = true
    answered.done?.()
    return response
  }
  return { request, response, answered }
}

/** One request; a promise where the answer comes later. */
function visit(serve, { request, response, answered }) {
  serve(request, response)
  return answered.isDone
    ? undefined
    : new Promise((done) => {
        answered.done = done
      })
}

/** @param handler gives what is compared between the sides */
export function server(middleware, handler) {
  return (request, response) =>
    middleware(request, response, (error) => {
      if (error) throw error
      response.seen = handler(request)
      response.end()
    })
}

export async function answerOf(serve, cookie) {
  const one = exchange(cookie)
  await visit(serve, one)
  // What is given to `writeHead` is nowhere else.
  const set = [...one.response._header.matchAll(/^set-cookie: ([^;]*)/gim)].map(([, pair]) => pair)
  return { seen: one.response.seen, cookies: set.join('; ') }
}

/** What `measure` takes. */
export function side(serve, cookie) {
  return {
    prepare: (count) => Array.from({ length: count }, () => exchange(cookie)),
    run: (one) => visit(serve, one),
  }
}

const plain = (data) => JSON.parse(JSON.stringify(data))

/** What a handler does to a session, and whether the side does it as the other. */
export const HANDLERS = {
  untouched: () => undefined,
  read: ({ session }) => session.user_id,
  modify: ({ session }) => {
    session.visits = (session.visits ?? 0) + 1
    return session.user_id
  },
}

/** A session of this payload on each side: `[ours, peer]` for each handler, compared first. */
export async function sides(middlewares, payload) {
  const fill = ({ session }) => {
    Object.assign(session, payload)
  }
  const show = ({ session }) => {
    const { cookie: _, ...data } = plain(session)
    return data
  }
  const cookies = []
  for (const middleware of middlewares) {
    const { cookies: cookie } = await answerOf(server(middleware, fill))
    assert.notEqual(cookie, '')
    const { seen } = await answerOf(server(middleware, show), cookie)
    assert.deepEqual(seen, payload)
    cookies.push(cookie)
  }
  const all = {}
  for (const [name, handler] of Object.entries(HANDLERS)) {
    all[name] = middlewares.map((middleware, at) => side(server(middleware, handler), cookies[at]))
    const [ours, peer] = await Promise.all(
      middlewares.map((middleware, at) => answerOf(server(middleware, handler), cookies[at])),
    )
    assert.equal(ours.seen, peer.seen)
  }
  all.new = middlewares.map((middleware) => side(server(middleware, fill)))
  return all
}
