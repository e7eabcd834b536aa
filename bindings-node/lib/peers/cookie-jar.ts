// What the drop-ins add to the package `cookies`, which cookie-session and koa use.
import type Cookies from 'cookies'
import { isHeadWritten } from '../head.js'
import { warnOnce } from '../warnings.js'
import type { CookieOptions } from './cookie-options.js'

/** As many of one name are looked at. */
const MOST = 4
const LEAST_KEY = 16
const BROWSERS_LIMIT = 4096

/** `jar.get`; where a name came more than once, the first cookie that a signature fits. */
export function read(jar: Cookies, name: string, options: CookieOptions): string | undefined {
  const opening = openingCookies(jar, name, options)
  return reader(jar, opening).get(name, options as Cookies.GetOption)
}

/** `jar.set`. */
export function write(jar: Cookies, name: string, value: string, options: CookieOptions): void {
  if (name.length + value.length > BROWSERS_LIMIT) {
    warnOnce('SHORTCRUST_COOKIE', `the session cookie is over ${BROWSERS_LIMIT} bytes: browsers drop it`)
  }
  jar.set(name, value, options)
}

/** Warns of keys that can be guessed. */
export function checkKeys(keys: readonly unknown[]): void {
  if (keys.every((key) => typeof key !== 'string' || Buffer.byteLength(key) >= LEAST_KEY)) return
  warnOnce(
    'SHORTCRUST_KEY',
    `a key has under ${LEAST_KEY} bytes and can be guessed: make one with ` +
      `\`node -p "crypto.randomBytes(32).toString('base64')"\``,
  )
}

/** Warns of attributes with which browsers drop the cookie. */
export function checkAttributes({ partitioned, sameSite, secure }: CookieOptions): void {
  if (secure === true) return
  const isNone = typeof sameSite === 'string' && sameSite.toLowerCase() === 'none'
  for (const [option, isSet] of Object.entries({ 'sameSite: none': isNone, partitioned })) {
    if (isSet) warnOnce('SHORTCRUST_COOKIE', `${option} without secure: browsers drop the cookie; set secure`)
  }
}

/** The jar, with the cookies put in as if they came alone; it can read where the head is already sent. */
function reader(jar: Cookies, cookie: string | undefined): Cookies {
  const changes: PropertyDescriptorMap = {}
  if (cookie !== undefined) {
    const headers = { value: { ...jar.request.headers, cookie } }
    changes.request = { value: Object.create(jar.request, { headers }) }
  }
  // Where a signature is stale or wrong, `get` sets a cookie.
  if (jar.response && isHeadWritten(jar.response)) changes.set = { value: () => jar }
  return Object.keys(changes).length === 0 ? jar : Object.create(jar, changes)
}

/** None where there is nothing to choose from. */
function openingCookies(jar: Cookies, name: string, options: CookieOptions): string | undefined {
  const { keys } = jar as { keys?: { index(data: string, digest: string): number } }
  const { signed = true } = options
  const header = jar.request?.headers?.cookie
  if (header === undefined || keys === undefined || !signed) return undefined
  const signatureName = `${name}.sig`
  if (!isRepeated(header, `${name}=`) && !isRepeated(header, `${signatureName}=`)) return undefined

  const signatures = valuesOf(header, signatureName)
  for (const value of valuesOf(header, name)) {
    const fitting = signatures.find((each) => keys.index(`${name}=${unquoted(value)}`, unquoted(each)) >= 0)
    if (fitting !== undefined) return `${name}=${value}; ${signatureName}=${fitting}`
  }
  return undefined
}

function isRepeated(header: string, part: string): boolean {
  return header.indexOf(part) !== header.lastIndexOf(part)
}

function valuesOf(header: string, name: string): string[] {
  const values = header
    .split(';')
    .map((pair) => pair.replace(/^ +/, ''))
    .filter((pair) => pair.startsWith(`${name}=`))
  return values.slice(0, MOST).map((pair) => pair.slice(name.length + 1))
}

function unquoted(value: string): string {
  return value[0] === '"' ? value.slice(1, -1) : value
}
