// What is read of a request's head and written into a response's, and when that goes out.
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { TLSSocket } from 'node:tls'

import onHeaders = require('on-headers')

import type { Closed } from './native.js'

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

/** What the core says of a response that sets cookies. */
export function setHeaders(response: ServerResponse, closed: Closed | null): void {
  if (closed === null) return
  addCookies(response, closed.cookies)
  const theirs = String(response.getHeader('Cache-Control') ?? '')
  if (closed.cacheControl !== undefined && !/\b(private|no-store)\b/i.test(theirs)) {
    response.setHeader('Cache-Control', closed.cacheControl)
  }
}

/** Why a request had no session, where somebody develops. */
export function tellDeveloper(response: ServerResponse, why: string | undefined): void {
  if (why !== undefined && process.env.NODE_ENV === 'development')
    response.setHeader('Shortcrust-Reason', why)
}

/** Node reads headers as Latin-1; a MAC is over the bytes on the wire, which the core takes as UTF-8. */
export function decoded(header: string): string {
  return /[\x80-\xff]/.test(header) ? Buffer.from(header, 'latin1').toString() : header
}

export function isSecure(request: IncomingMessage & { secure?: boolean }): boolean {
  return request.secure ?? (request.socket as TLSSocket | null)?.encrypted === true
}
