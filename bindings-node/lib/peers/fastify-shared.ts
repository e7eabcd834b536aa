// What the two Fastify drop-ins share: the cookies of one name, and configuration that browsers refuse.
import type { CookieSerializeOptions } from '@fastify/cookie'
import type { FastifyRequest } from 'fastify'
import { ConfigError } from '../errors.js'
import { warnOnce } from '../warnings.js'

/** Each of the two adds what it makes of `request.session`; so both fit into one program. */
// biome-ignore lint/suspicious/noEmptyInterface: a type could not be augmented
export interface SessionTypes {}

type All<Union> = (Union extends unknown ? (one: Union) => void : never) extends (all: infer Each) => void
  ? Each
  : never

/** A base of Fastify's request, so that a peer's own declaration may stand beside it. */
export interface RequestMembers {
  session: All<SessionTypes[keyof SessionTypes]>
}

const MOST_COOKIES = 4

/** The cookies of a name behind the first, decoded as `@fastify/cookie` decodes that. */
export function furtherCookies(request: FastifyRequest, name: string): string[] {
  const pairs = (request.raw.headers.cookie ?? '').split(';')
  const named = pairs.filter((pair) => pair.split('=', 1)[0]?.trim() === name)
  return named.slice(1, MOST_COOKIES).map((pair) => request.server.parseCookie(pair)[name] ?? '')
}

/** Throws where browsers would refuse the name's prefix, and warns of what they refuse otherwise. */
export function checkCookie(name: string, attributes: CookieSerializeOptions): void {
  if (breaksPrefix(name, attributes)) {
    throw new ConfigError('cookie', `browsers refuse a cookie named ${name} with these attributes`)
  }
  const { partitioned, sameSite, secure } = attributes
  const isNone = typeof sameSite === 'string' && sameSite.toLowerCase() === 'none'
  if ((isNone || partitioned) && !secure) {
    warnOnce('SHORTCRUST_COOKIE', 'browsers refuse SameSite=None and Partitioned without Secure')
  }
}

/** An attribute that isn't given may come from `@fastify/cookie`. */
function breaksPrefix(
  name: string,
  { domain, httpOnly, path = '/', secure }: CookieSerializeOptions,
): boolean {
  const prefix = /^__(host-http|host|http|secure)-/i.exec(name)?.[1]?.toLowerCase()
  if (prefix === undefined) return false
  const isHost = prefix.startsWith('host')
  const isHttp = prefix.endsWith('http')
  return secure === false || (isHost && (path !== '/' || Boolean(domain))) || (isHttp && httpOnly === false)
}
