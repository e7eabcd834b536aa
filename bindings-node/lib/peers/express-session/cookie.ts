import depd = require('depd')

import { ambient } from '../../ambient.js'
import type { CookieInit } from './types.js'

const deprecate = depd('express-session')

interface Cookie07 {
  parse(header: string): Record<string, string | undefined>
  serialize(name: string, value: string, attributes: object): string
}

export const { parse, serialize }: Cookie07 = require('cookie')

type Expires = CookieInit['expires']
/** Milliseconds; what is no Date passes through. */
type MaxAge = number | Expires

/** A session's cookie: its attributes, and how long it lives. */
export class Cookie {
  declare path: string | undefined
  declare _expires: Expires
  declare originalMaxAge: MaxAge
  declare httpOnly: boolean | undefined
  declare domain: string | undefined
  declare partitioned: boolean | undefined
  declare priority: string | undefined
  declare sameSite: boolean | string | undefined
  declare secure: boolean | 'auto' | undefined

  /** `options` in their order: of `expires` and `maxAge` the last holds. */
  constructor(options?: CookieInit) {
    this.path = '/'
    this.maxAge = null
    this.httpOnly = true
    if (options) this.#assign(options)
    this.originalMaxAge ??= this.maxAge
  }

  /** When the cookie ends; null at the browser's end. Setting it begins a new `originalMaxAge`. */
  get expires(): Expires {
    return this._expires
  }

  set expires(date: Expires) {
    this._expires = date
    this.originalMaxAge = this.maxAge
  }

  /** What is left of the cookie's life. */
  get maxAge(): MaxAge {
    const { expires } = this
    return expires instanceof Date ? expires.valueOf() - ambient.now() : expires
  }

  set maxAge(span: MaxAge) {
    if (span && typeof span !== 'number' && !(span instanceof Date)) {
      throw new TypeError('maxAge must be a number or Date')
    }
    if (span instanceof Date) deprecate('maxAge as Date; pass number of milliseconds instead')
    this.expires = typeof span === 'number' ? new Date(ambient.now() + span) : span
  }

  /** What is written to the response, and what lies in the store. */
  get data(): CookieInit {
    return {
      originalMaxAge: this.originalMaxAge,
      partitioned: this.partitioned,
      priority: this.priority,
      expires: this._expires,
      secure: this.secure,
      httpOnly: this.httpOnly,
      domain: this.domain,
      path: this.path,
      sameSite: this.sameSite,
    }
  }

  /** A Set-Cookie header's value. */
  serialize(name: string, value: string): string {
    return serialize(name, value, this.data)
  }

  toJSON(): CookieInit {
    return this.data
  }

  #assign(options: CookieInit): void {
    if (typeof options !== 'object') throw new TypeError('argument options must be a object')
    const own = this as Record<string, unknown>
    for (const key in options) {
      // Not what is derived, nor what would become a prototype.
      if (key !== 'data' && key !== '__proto__') own[key] = options[key as keyof CookieInit]
    }
  }
}

/** Of what a row kept. */
export function cookieOf(attributes: CookieInit): Cookie {
  // Not destructured: what V8 says of a record without a cookie is what the peer's users match.
  const expires = attributes.expires
  const originalMaxAge = attributes.originalMaxAge
  const cookie = new Cookie(attributes)
  if (typeof expires === 'string') cookie.expires = new Date(expires)
  cookie.originalMaxAge = originalMaxAge
  return cookie
}

for (const name of ['expires', 'maxAge', 'data', 'serialize', 'toJSON']) {
  // A cookie that is made from a cookie takes these too.
  Object.defineProperty(Cookie.prototype, name, { enumerable: true })
}
