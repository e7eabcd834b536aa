// The cookie of one session, of which stores keep the JSON.

/** What a cookie is made from: the application's options, or what a store kept. */
export interface CookieSource {
  domain?: string | null | undefined
  expires?: Date | string | number | null | undefined
  httpOnly?: boolean | undefined
  /** Milliseconds. */
  maxAge?: number | null | undefined
  originalExpires?: Date | string | undefined
  /** Milliseconds. */
  originalMaxAge?: number | null | undefined
  partitioned?: boolean | undefined
  path?: string | undefined
  sameSite?: 'lax' | 'none' | 'strict' | boolean | null | undefined
  secure?: boolean | 'auto' | null | undefined
}

/** What stores keep and what goes to `setCookie`. */
export interface CookieJson {
  expires: Date | null
  originalMaxAge: number | null
  originalExpires: Date | undefined
  sameSite: 'lax' | 'none' | 'strict' | boolean | null
  secure: boolean | null
  path: string
  httpOnly: boolean
  domain: string | null
  partitioned: boolean | undefined
}

/** `request.session.cookie`, its own properties as in `@fastify/session` 11, for stores that clone it. */
export class Cookie {
  path: string
  secure: boolean | null
  sameSite: CookieJson['sameSite']
  domain: string | null
  httpOnly: boolean
  partitioned: boolean | undefined
  _expires: Date | null = null
  declare originalExpires?: Date
  declare originalMaxAge: number | null

  constructor(source: CookieSource, request: { protocol?: string }) {
    const isPlain = source.secure === 'auto' && request.protocol !== 'https'
    this.path = source.path || '/'
    this.secure = source.secure === 'auto' ? !isPlain : (source.secure ?? null)
    this.sameSite = isPlain ? 'lax' : source.sameSite || null
    this.domain = source.domain || null
    this.httpOnly = source.httpOnly === undefined ? true : source.httpOnly
    this.partitioned = source.partitioned
    if (source.expires) this.originalExpires = new Date(source.expires)
    this.originalMaxAge = source.originalMaxAge || source.maxAge || null
    if (this.originalMaxAge !== null) this.maxAge = this.originalMaxAge
    else if (source.expires) this._expires = new Date(source.expires)
  }

  get expires(): Date | null {
    return this._expires
  }

  set expires(date: Date | null) {
    this._expires = date
  }

  /** Milliseconds from now. */
  get maxAge(): number | null {
    return this._expires instanceof Date ? this._expires.valueOf() - Date.now() : null
  }

  /** Is the original one from then on. */
  set maxAge(milliseconds: number) {
    this._expires = new Date(Date.now() + milliseconds)
    this.originalMaxAge = milliseconds
  }

  /** In this order, which the text in a store has. */
  toJSON(): CookieJson {
    const { originalMaxAge, originalExpires, sameSite, secure, path, httpOnly, domain, partitioned } = this
    return {
      expires: this._expires,
      originalMaxAge,
      originalExpires,
      sameSite,
      secure,
      path,
      httpOnly,
      domain,
      partitioned,
    }
  }
}

/** The options that a session made out of this one starts from. */
export function inherited(source: CookieSource): CookieSource {
  const { originalExpires: _, originalMaxAge, ...options } = source
  if (originalMaxAge != null) return { ...options, maxAge: originalMaxAge }
  if (options.expires && !(new Date(options.expires).getTime() > Date.now())) delete options.expires
  return options
}
