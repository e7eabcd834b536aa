import { checkAttributes } from '../cookie-jar.js'
import { NO_NAME, NO_PASSWORD, SHORT_PASSWORD } from './messages.js'
import { FOURTEEN_DAYS, passwordsMap } from './seals.js'
import type { CookieOptions, PasswordsMap, SessionOptions } from './types.js'

export interface Config {
  cookieName: string
  passwords: PasswordsMap
  ttl: number
  chunk: boolean
  cookieOptions: CookieOptions
  onUnsealError: SessionOptions['onUnsealError']
}

const COOKIE: CookieOptions = { httpOnly: true, secure: true, sameSite: 'lax', path: '/' }
/** Seconds that the cookie ends before the seal does. */
const MARGIN = 60
const MIN_PASSWORD = 32
/** The largest Max-Age that every browser takes. */
const FOREVER = 2_147_483_647

/** The options with what they leave out. Throws where they are wrong. */
export function configure(options: SessionOptions): Config {
  if (!options.cookieName) throw new Error(NO_NAME)
  return { ...unchecked(options), passwords: checkedPasswords(options) }
}

/** For `updateConfig`: as iron-session 8 needs neither a password nor a check, without one the old stays. */
export function reconfigure(options: SessionOptions, before: Config): Config {
  const passwords = options.password ? checkedPasswords(options) : before.passwords
  return { ...unchecked(options), passwords }
}

function checkedPasswords({ password }: SessionOptions): PasswordsMap {
  if (!password) throw new Error(NO_PASSWORD)
  const passwords = passwordsMap(password)
  if (Object.values(passwords).every(isLong)) return passwords
  throw new Error(SHORT_PASSWORD)
}

function isLong(password: unknown): boolean {
  const isKey = typeof password === 'string' || password instanceof Uint8Array
  return isKey && password.length >= MIN_PASSWORD
}

function unchecked(options: SessionOptions): Omit<Config, 'passwords'> {
  const { cookieName, chunk = false, onUnsealError, ttl = FOURTEEN_DAYS } = options
  const cookieOptions = { ...COOKIE, ...options.cookieOptions }
  const isGiven = 'maxAge' in (options.cookieOptions || {})
  if (!isGiven) cookieOptions.maxAge = maxAgeOf(ttl)
  checkAttributes(cookieOptions)
  // A cookie that ends with the browser has a seal without an end.
  return {
    cookieName,
    chunk,
    onUnsealError,
    cookieOptions,
    ttl: cookieOptions.maxAge === undefined ? 0 : ttl,
  }
}

function maxAgeOf(ttl: number): number {
  if (ttl === 0) return FOREVER
  return ttl > MARGIN ? ttl - MARGIN : ttl
}
