import type { IncomingMessage, ServerResponse } from 'node:http'

/** By number; the highest seals. */
export type PasswordsMap = Record<string, string>
export type Password = PasswordsMap | string

/** Attributes as the package `cookie` 0.7 takes them. */
export interface CookieOptions {
  domain?: string | undefined
  expires?: Date | undefined
  /** Default true. */
  httpOnly?: boolean | undefined
  /** Seconds; default: a minute less than `ttl`. Given as undefined: until the browser is closed. */
  maxAge?: number | undefined
  partitioned?: boolean | undefined
  /** Default `/`. */
  path?: string | undefined
  priority?: 'low' | 'medium' | 'high' | undefined
  /** Default `lax`. */
  sameSite?: true | false | 'lax' | 'strict' | 'none' | undefined
  /** Default true. */
  secure?: boolean | undefined
}

/** Why a cookie was not read: past its end; forged, broken or no seal; sealed by a password that is not in the map. */
export type UnsealErrorReason = 'expired' | 'invalid' | 'unknown-password'

export interface SessionOptions {
  cookieName: string
  /** At least 32 characters each. */
  password: Password
  /** Seconds; default 1,209,600, which is 14 days; 0 is forever. */
  ttl?: number
  cookieOptions?: CookieOptions
  /** Called when a cookie came that can't be read, before the session starts empty. */
  onUnsealError?: (reason: UnsealErrorReason, error: unknown) => void
  /** A seal too long for one cookie is cut into up to four, `name.0` and on; default false. Read they are always. */
  chunk?: boolean
}

export type IronSession<T> = T & {
  /** Seals the data and sets the cookie; before the headers are sent. */
  readonly save: () => Promise<void>
  /** Empties the session and expires the cookie. */
  readonly destroy: () => void
  /** For the next `save`. A password in it takes the place of the one before. */
  readonly updateConfig: (newSessionOptions: SessionOptions) => void
}

/** Whatever holds cookies. */
export interface CookieJar {
  read: (name: string) => string | undefined
  write: (name: string, value: string, options: CookieOptions) => unknown
  names?: () => string[]
  /** Throws where it is too late to set a cookie. */
  assertWritable?: () => void
}

export type ResponseCookie = Omit<CookieOptions, 'expires'> & {
  name: string
  value: string
  expires?: Date | number | undefined
}

interface NameAndValue {
  name: string
  value: string
}

/** `cookies()` of next/headers, and what is like it. */
export interface CookieStore {
  get: (name: string) => NameAndValue | undefined
  getAll?: () => NameAndValue[]
  // biome-ignore lint/suspicious/noExplicitAny: stores differ in how they type the attributes
  set: (name: string, value: string, cookie: any) => unknown
}

export type RequestType = IncomingMessage | Request
export type ResponseType = ServerResponse | Response | Headers

export interface NextRequestCookies extends Pick<CookieStore, 'get' | 'getAll'> {
  set: (name: string, value: string) => unknown
}

export type NextResponseCookies = Pick<CookieStore, 'set'>
