// When a response's head is written, and whether it is.
import type { ServerResponse } from 'node:http'

import onHeaders = require('on-headers')

const written = new WeakSet<object>()

/** Runs `listener` before the head is written. */
export function beforeHead(response: ServerResponse, listener: () => void): void {
  onHeaders(response, () => {
    try {
      listener()
    } finally {
      written.add(response)
    }
  })
}

/**
 * Whether the head is written. A framework may put a `headersSent` of its own on the response that tells of something
 * else (@fastify/express does), so the class's counts; where that has none, such as engine.io's for WebSockets, whether
 * `writeHead` was called.
 */
export function isHeadWritten(response: ServerResponse): boolean {
  const sent: unknown = Reflect.get(Object.getPrototypeOf(response), 'headersSent', response)
  return typeof sent === 'boolean' ? sent : written.has(response) || response.headersSent === true
}

/** Whether a cookie can be set on what a middleware was given: the example of `ws` has `{}` for an upgrade. */
export function takesHeaders(response: ServerResponse): boolean {
  return typeof response.setHeader === 'function' && typeof response.getHeader === 'function'
}

/** By what every response has: that of HTTP/2 knows no `appendHeader` before Node 20.12, engine.io's never. */
export function addCookies(response: ServerResponse, cookies: readonly string[]): void {
  const set = response.getHeader('Set-Cookie') ?? []
  const all = [...(Array.isArray(set) ? set : [String(set)]), ...cookies]
  const [line, ...more] = all
  if (line !== undefined) response.setHeader('Set-Cookie', more.length === 0 ? line : all)
}
