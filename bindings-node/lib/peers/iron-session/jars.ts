// Where cookies come from and go to.
import type { ServerResponse } from 'node:http'

import { isHeadWritten } from '../../head.js'
import { BODY_USED, HEADERS_SENT } from './messages.js'
import type {
  CookieJar,
  CookieOptions,
  CookieStore,
  NextRequestCookies,
  NextResponseCookies,
  RequestType,
  ResponseType,
} from './types.js'

const cookie: {
  parse(header: string): Record<string, string>
  serialize(name: string, value: string, options: CookieOptions): string
} = require('cookie')

export const { serialize } = cookie

/** A jar as the session uses it. */
export interface Jar extends CookieJar {
  /** Every value of the name, in order. */
  all?: (name: string) => string[]
  /** The size that is held against the browsers' limit, in the jars that iron-session 8 has. */
  measure?: (name: string, value: string, options: CookieOptions) => number
}

/** node:http: Express, Connect and the API routes of Next.js. */
export function nodeCookies(request: RequestType, response: ResponseType): CookieJar {
  return messageJar(request, response)
}

/** A web `Request`, with a `Response` or only its `Headers`. */
export function webCookies(request: RequestType, response: ResponseType): CookieJar {
  const assertWritable = () => {
    if (response instanceof Response && response.bodyUsed) throw new Error(BODY_USED)
  }
  return { ...messageJar(request, response), assertWritable }
}

/** Next's `proxy.ts`, once `middleware.ts`: what is written is also seen by who reads the request's cookies later. */
export function nextProxyCookies(
  request: { cookies: NextRequestCookies },
  response: { cookies: NextResponseCookies },
): CookieJar {
  return {
    read: (name) => request.cookies.get(name)?.value,
    names: () => namesOf(request.cookies),
    write: (name, value, options) => {
      response.cookies.set(name, value, options)
      request.cookies.set(name, value)
    },
  }
}

export function requestJar(request: RequestType, response: ResponseType): Jar {
  return { ...messageJar(request, response), measure: sizeOf }
}

export function storeJar(store: CookieStore): Jar {
  return {
    read: (name) => store.get(name)?.value,
    names: () => namesOf(store),
    write: (name, value, options) => store.set(name, value, options),
    measure: (name, value, options) => name.length + value.length + JSON.stringify(options).length,
  }
}

export function sizeOf(name: string, value: string, options: CookieOptions): number {
  return serialize(name, value, options).length
}

function messageJar(request: RequestType, response: ResponseType): Jar {
  const all = (name: string) => valuesOf(cookieHeader(request), name)
  return {
    all,
    read: (name) => all(name)[0],
    names: () => Object.keys(cookie.parse(cookieHeader(request))),
    assertWritable: () => {
      if ('headersSent' in response && isHeadWritten(response)) throw new Error(HEADERS_SENT)
    },
    write: (name, value, options) => append(response, serialize(name, value, options)),
  }
}

function cookieHeader({ headers }: RequestType): string {
  return (
    (typeof headers.get === 'function' ? headers.get('cookie') : (headers as { cookie?: string }).cookie) ??
    ''
  )
}

/** As the package `cookie` reads each, but all of them. */
function valuesOf(header: string, name: string): string[] {
  if (!header.includes(name)) return []
  const found = header.split(';').map((pair) => cookie.parse(pair))
  return found.filter((pair) => Object.hasOwn(pair, name)).map((pair) => pair[name] as string)
}

function append(response: ResponseType, line: string): void {
  const headers = headersOf(response)
  if (headers) headers.append('set-cookie', line)
  else appendToServer(response as ServerResponse, line)
}

function appendToServer(response: ServerResponse, line: string): void {
  const before = response.getHeader('set-cookie') ?? []
  response.setHeader('set-cookie', [...(Array.isArray(before) ? before : [String(before)]), line])
}

function headersOf(response: ResponseType): Headers | undefined {
  if (response instanceof Headers) return response
  return 'headers' in response && typeof response.headers.append === 'function' ? response.headers : undefined
}

function namesOf(store: Pick<CookieStore, 'getAll'>): string[] {
  return store.getAll?.().map(({ name }) => name) ?? []
}
