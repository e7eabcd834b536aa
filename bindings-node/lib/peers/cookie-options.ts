/** Attributes, as `cookies` takes them. */
export interface CookieOptions {
  /** Of this host alone where it is left out. */
  domain?: string | undefined
  expires?: Date | undefined
  /** By default true. */
  httpOnly?: boolean | undefined
  /** Whether a cookie of the name that the response has already is replaced; by default true. */
  overwrite?: boolean | undefined
  /** By default false. */
  partitioned?: boolean | undefined
  /** By default `/`. */
  path?: string | undefined
  priority?: 'low' | 'medium' | 'high' | undefined
  /** By default false, which leaves it out; `true` is `strict`. */
  sameSite?: 'strict' | 'lax' | 'none' | boolean | undefined
  /** By default as the connection is. */
  secure?: boolean | undefined
  /** @deprecated `cookies` wants `secure`. */
  secureProxy?: boolean | undefined
  /** By default true. */
  signed?: boolean | undefined
}
