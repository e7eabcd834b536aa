// express-session and the drop-in, under the same requests on every host.
import { createRequire } from 'node:module'
import { test } from 'node:test'

import stock from 'express-session'
import ours from 'shortcrust/express-session'

import { SECRET, serve } from '../support.mjs'
import { clock } from './support.mjs'

export { clock }

const require = createRequire(import.meta.url)

// With a listener they are not printed.
process.on('deprecation', () => {})

export const NAME = 'connect.sid'
export const FRONTS = { 'express-session': stock, 'shortcrust/express-session': ours }

export const HOSTS = {
  'Express 4': (steps, fail) => express(require('express4'), steps, fail),
  'Express 5': (steps, fail) => express(require('express'), steps, fail),
  'node:http': (steps, fail) => (request, response) => {
    const enter = (index) => (error) => {
      try {
        if (error) fail(error, request, response)
        else steps[index](request, response, enter(index + 1))
      } catch (thrown) {
        fail(thrown, request, response)
      }
    }
    enter(0)()
  },
}

function express(create, steps, fail) {
  const app = create()
  for (const step of steps) app.use(step)
  return app.use((error, request, response, _next) => fail(error, request, response))
}

/** One test for each front on each host. */
export function each(title, run, hosts = Object.keys(HOSTS)) {
  for (const host of hosts) {
    eachFront(`on ${host}: ${title}`, (context) =>
      run({ ...context, open: (...args) => open(context.session, host, ...args) }),
    )
  }
}

/** One test for each front, in which the time stands still until it is set. */
export function eachFront(title, run) {
  for (const [front, session] of Object.entries(FRONTS)) {
    test(`${front} ${title}`, (context) => {
      clock(context)
      return run({ context, front, isOurs: session === ours, session })
    })
  }
}

/**
 * Serves `routes` by path, and what is in the session elsewhere. `use` gets a browser, the store and the errors that
 * came to the end of the chain. `before` and `after` are middleware around the session's.
 */
export function open(session, host, options, routes, use, { before = [], after = [], server } = {}) {
  const errors = []
  const store = options.store ?? new session.MemoryStore()
  const settings = { secret: SECRET, resave: false, saveUninitialized: false, store, ...options }
  const steps = [...before, session(settings), ...after, (...args) => answer(routes, ...args)]
  const listener = HOSTS[host](steps, (error, _request, response) => {
    errors.push(error)
    if (response.headersSent) return
    response.statusCode = 500
    response.end(`${error.name}: ${error.message}`)
  })
  return serve(listener, (browser) => use(browser, { errors, store }), server)
}

function answer(routes, request, response, next) {
  const route = routes[request.url.split('?')[0]] ?? show
  const returned = route(request, response, next)
  returned?.catch?.(next)
}

/** The session as JSON, but for its cookie. */
export function show({ session }, response) {
  response.setHeader('Content-Type', 'application/json')
  if (session) {
    const { cookie, ...data } = session
    response.end(JSON.stringify(data))
  } else response.end(JSON.stringify(session ?? null))
}

/** A route that puts something into the session. */
export const setting = (key, value) => (request, response) => {
  request.session[key] = value
  show(request, response)
}

/** The value of a cookie for an id. */
export function signed(id, secret = SECRET) {
  return encodeURIComponent(`s:${require('cookie-signature').sign(id, secret)}`)
}

/** The id that a response sets; undefined where it sets none. */
export function idOf({ setCookie }, name = NAME) {
  const line = setCookie.find((each) => each.startsWith(`${name}=`))
  if (line === undefined) return undefined
  const [value] = line.slice(name.length + 1).split(';')
  return decodeURIComponent(value).slice('s:'.length).split('.').slice(0, -1).join('.')
}

export const records = (store) => Object.values(store.sessions).map((text) => JSON.parse(text))

/** A MemoryStore whose calls are listed, and answered `delay` milliseconds later than it would. */
export function listing(session, delay = false) {
  const store = new session.MemoryStore()
  store.calls = []
  for (const method of ['get', 'set', 'destroy', 'touch']) {
    const run = store[method]
    store[method] = (id, ...args) => {
      const callback = args.at(-1)
      store.calls.push(method)
      const later = (...results) => {
        if (delay === false) return callback(...results)
        setTimeout(() => {
          store.calls.push(`${method} done`)
          callback(...results)
        }, delay)
      }
      run.call(store, id, ...args.slice(0, -1), later)
    }
  }
  return store
}
