// What the tests of cookie-session share: both modules on every host, through the same requests.
import assert from 'node:assert/strict'
import { createRequire } from 'node:module'
import { test } from 'node:test'

import { NOW, serve, warnings } from '../support.mjs'
import { atTime } from './support.mjs'

const require = createRequire(import.meta.url)

process.env.NO_DEPRECATION = 'cookies'

export const peer = require('cookie-session')
export const ours = require('shortcrust/cookie-session')
export const peerKeygrip = require('keygrip')
export const ourKeygrip = require('shortcrust/keygrip')
export const MODULES = { 'cookie-session': peer, 'shortcrust/cookie-session': ours }
export const KEYS = ['the first key of the tests', 'the second key of the tests']

/** A server with these middlewares in turn, each `(request, response, next)`; an error is a 500 with its message. */
export const HOSTS = {
  'Express 4': (middlewares) => expressApp(require('express4'), middlewares),
  'Express 5': (middlewares) => expressApp(require('express'), middlewares),
  'node:http': (middlewares) => (request, response) => {
    const run = async ([first, ...rest]) => first?.(request, response, () => run(rest).catch(fail))
    const fail = (error) => failed(error, request, response)
    run(middlewares).catch(fail)
  },
}

function expressApp(express, middlewares) {
  const app = express().set('trust proxy', 1)
  for (const each of middlewares) app.use((request, response, next) => settled(each, request, response, next))
  return app.use(failed)
}

async function settled(middleware, request, response, next) {
  try {
    await middleware(request, response, next)
  } catch (error) {
    next(error)
  }
}

function failed(error, _request, response, _next) {
  if (response.headersSent) return response.end()
  response.statusCode = 500
  response.end(`${error.name}: ${error.message}`)
}

/**
 * A site of one module: `options` are made anew for each, `before` runs before the session's middleware, and `routes`
 * are by path. What a route returns is the body, else what the session looks like is.
 */
export function site(session, { options = { keys: KEYS }, before, routes = {} }) {
  const given = typeof options === 'function' ? options() : { ...options }
  const middlewares = [session(given), (request, response) => answer(routes, request, response)]
  if (before) middlewares.unshift(before)
  return middlewares
}

async function answer(routes, request, response) {
  const route = routes[request.url]
  const body = await (route ?? look)(request, response)
  if (!response.writableEnded) response.end(JSON.stringify(body ?? look(request)))
}

export function look({ session }) {
  if (session === null) return { session }
  const { isNew, isChanged, isPopulated } = session
  return { session, isNew, isChanged, isPopulated }
}

/** A test for each script on each host: both modules give the same. */
export function compare(scripts) {
  for (const [script, { steps, before, ...rest }] of Object.entries(scripts)) {
    for (const host of Object.keys(HOSTS)) {
      test(`${script}: on ${host} as the peer`, async () => {
        const seen = []
        await warnings(async () => {
          for (const session of Object.values(MODULES)) {
            // `null` stands for a session of the same module.
            const first = before === null ? session({ keys: KEYS, name: 'first' }) : before
            seen.push(await visit(host, site(session, { ...rest, before: first }), steps))
          }
        })
        assert.deepEqual(seen[1], seen[0])
      })
    }
  }
}

/** What comes back for each step: a path, or what `Browser.get` takes with a path. The clock goes on by a second a step. */
export function visit(host, middlewares, steps) {
  return serve(HOSTS[host](middlewares), async (browser) => {
    const seen = []
    for (const [index, step] of steps.entries()) {
      const { path, ...rest } = typeof step === 'string' ? { path: step } : step
      const { status, setCookie, text } = await atTime(NOW + index * 1_000, () => browser.get(path, rest))
      seen.push({ status, setCookie, text })
    }
    return seen
  })
}

export const count = (request) => {
  request.session.n = (request.session.n ?? 0) + 1
}
export const assign = (data) => (request) => {
  request.session = data
}
export const encoded = (data) => Buffer.from(JSON.stringify(data)).toString('base64')
/** A `Cookie` header of both cookies. */
export const signed = (text, name = 'session', keys = KEYS) =>
  `${name}=${text}; ${name}.sig=${peerKeygrip(keys).sign(`${name}=${text}`)}`
