// One Fastify application on either module, whose routes are named after what they do to the session.
import { createRequire } from 'node:module'

import fastifyCookie from '@fastify/cookie'
import Fastify from 'fastify'

import { Browser } from '../support.mjs'

const require = createRequire(import.meta.url)

export const internals = (path) => require(`../../dist/peers/${path}`)

/** An application; `routes` by path, each of which answers with what it returns. */
export async function site(module, options, routes, { cookie = {}, fastify = {}, hooks } = {}) {
  const app = Fastify({ trustProxy: true, ...fastify })
  if (cookie !== null) await app.register(fastifyCookie, cookie)
  await app.register(module, options)
  hooks?.(app)
  for (const [path, route] of Object.entries(routes)) app.post(path, async (request) => route(request, app))
  await app.ready()
  return app
}

/** What a request through `inject` shows. */
export async function visit(app, url, { cookie, https = false, body = {}, headers = {} } = {}) {
  const sent = { ...headers, ...(cookie && { cookie }), ...(https && { 'x-forwarded-proto': 'https' }) }
  const {
    statusCode,
    body: text,
    headers: got,
  } = await app.inject({ method: 'POST', url, headers: sent, body })
  return { status: statusCode, text, setCookie: [got['set-cookie'] ?? []].flat() }
}

/** Runs `use` with a browser on a listening application. */
export async function listening(app, use, port = 0) {
  await app.listen({ port, host: '127.0.0.1' })
  try {
    return await use(new Browser(app.server.address().port))
  } finally {
    await app.close()
  }
}

/** As a form on a page would: JSON, behind a proxy that speaks HTTPS. */
export function post(browser, path, body = {}, { https = false, ...options } = {}) {
  const headers = { 'content-type': 'application/json', ...(https && { 'x-forwarded-proto': 'https' }) }
  return browser.get(path, { method: 'POST', body: JSON.stringify(body), headers, ...options })
}

/** The pair that a browser sends back. */
export function pair([line = '']) {
  return line.split(';', 1)[0]
}

/** What a registration fails with. */
export async function refusal(module, options, { cookie } = {}) {
  try {
    const app = await site(module, options, {}, { cookie })
    await app.close()
    return undefined
  } catch ({ name, message }) {
    return { name, message }
  }
}
