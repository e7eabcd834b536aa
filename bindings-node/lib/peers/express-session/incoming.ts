// What a request says of its session: the id, the path, and whether the connection is secure.
import type { CipherKey } from 'node:crypto'
import type { TLSSocket } from 'node:tls'

import parseurl = require('parseurl')

import { unsign } from '../cookie-signature.js'
import { parse } from './cookie.js'
import { log } from './log.js'
import type { Deprecate, Request } from './types.js'

/** As many cookies of one name are looked at. */
const MOST = 4

/** The id that the request's cookie was signed for; elsewhere than in the header where cookie-parser took it. */
export function sentId(
  request: Request,
  { name, deprecate }: { name: string; deprecate: Deprecate },
  secrets: CipherKey[],
): string | undefined {
  const id = fromHeader(request.headers.cookie, name, secrets)
  if (id) return id
  const verified = text(request.signedCookies?.[name])
  if (verified) {
    deprecate('cookie should be available in req.headers.cookie')
    return verified
  }
  const parsed = opened(text(request.cookies?.[name]), secrets)
  if (parsed) deprecate('cookie should be available in req.headers.cookie')
  return parsed
}

/** Whether the session's cookie is for the path that was asked for, wherever the middleware is mounted. */
export function isUnder(request: Request, path: string | undefined): boolean {
  const asked = parseurl.original(request)?.pathname || '/'
  return asked.startsWith(path || '/')
}

/** `proxy`: whether to believe X-Forwarded-Proto; left out, as Express does. */
export function isSecure(request: Request, proxy: boolean | undefined): boolean {
  if ((request.connection as TLSSocket | undefined)?.encrypted) return true
  if (proxy === false) return false
  if (proxy !== true) return request.secure === true
  const [nearest = ''] = String(request.headers['x-forwarded-proto'] ?? '').split(',')
  return nearest.toLowerCase().trim() === 'https'
}

/** Of several cookies the first, or else the next whose signature holds. */
function fromHeader(header: string | undefined, name: string, secrets: CipherKey[]): string | undefined {
  if (!header) return undefined
  const first = parse(header)[name]
  return opened(first, secrets) || (first && fromDuplicates(header, name, secrets))
}

function fromDuplicates(header: string, name: string, secrets: CipherKey[]): string | undefined {
  const values = header.split(';').flatMap((pair) => parse(pair)[name] ?? [])
  for (const value of values.slice(1, MOST)) {
    const id = opened(value, secrets)
    if (id) return id
  }
  return undefined
}

function opened(value: string | undefined, secrets: CipherKey[]): string | undefined {
  if (!value) return undefined
  if (!value.startsWith('s:')) {
    log('cookie unsigned')
    return undefined
  }
  for (const secret of secrets) {
    const id = unsign(value.slice(2), secret)
    if (id !== false) return id
  }
  log('cookie signature invalid')
  return undefined
}

function text(value: unknown): string | undefined {
  return typeof value === 'string' ? value : undefined
}
