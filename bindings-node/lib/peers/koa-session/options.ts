// koa-session's options: their checks, whose errors look like zod's, and their defaults.
import assert from 'node:assert'
import { newId } from '../../native.js'
import { decode, encode } from '../base64-json.js'
import { isOwnStore } from '../own/index.js'
import { refuseBesideOwn } from './own-store.js'
import type { opts } from './types.js'

/** One thing that is wrong. */
export interface Issue {
  readonly code: string
  readonly path: readonly string[]
  readonly message: string
  readonly [detail: string]: unknown
}

/** As zod's, with all that is wrong as JSON in `message`. */
export class ZodError extends Error {
  readonly issues: readonly Issue[]

  constructor(issues: readonly Issue[]) {
    super(JSON.stringify(issues, (_, value) => (typeof value === 'bigint' ? `${value}` : value), 2))
    this.issues = issues
    this.name = 'ZodError'
  }

  get errors(): readonly Issue[] {
    return this.issues
  }
}

type Parsed = { success: true; data: opts } | { success: false; error: ZodError }

/** What koa-session exports under this name, without the rest of zod. */
export const SessionOptions = {
  /** The known options, with defaults; throws a `ZodError`. */
  parse(options: unknown): opts {
    const issues = issuesOf(options)
    if (issues.length > 0) throw new ZodError(issues)
    const given = options as Record<string, unknown>
    const known = Object.keys(CHECKS).map((name) => [name, given[name] ?? DEFAULTS[name]])
    return Object.fromEntries(known.filter(([, value]) => value !== undefined))
  },

  /** As `parse`, with the error as a value. */
  safeParse(options: unknown): Parsed {
    try {
      return { success: true, data: this.parse(options) }
    } catch (error) {
      return { success: false, error: error as ZodError }
    }
  },
}

/** Checks and completes the very object that is given, as koa-session does. */
export function complete(options: object): opts {
  const given = options as Record<string, unknown>
  renameMaxage(given)
  // koa-session's documentation sets it to null, which its checks refuse.
  if (given.sameSite === null || given.sameSite === undefined) delete given.sameSite
  for (const [name, value] of Object.entries(DEFAULTS)) if (given[name] === undefined) given[name] = value
  SessionOptions.parse(given)
  const settings = given as unknown as opts
  if (settings.ContextStore) checkContextStore(settings.ContextStore)
  if (!settings.ContextStore && isOwnStore(settings.store)) refuseBesideOwn(settings)
  else settings.genid ||= () => `${settings.prefix ?? ''}${randomUuid()}`
  return settings
}

function renameMaxage(options: Record<string, unknown>): void {
  if ('maxAge' in options || !('maxage' in options)) return
  options.maxAge = options.maxage
  if (process.env.NODE_ENV === 'production') return
  console.warn('[koa-session] DeprecationWarning: `maxage` option has been renamed to `maxAge`')
}

function checkContextStore(Store: unknown): void {
  assert(isClass(Store), 'ContextStore must be a class')
  for (const name of ['get', 'set', 'destroy']) {
    assert(typeof Store.prototype[name] === 'function', `ContextStore.prototype.${name} must be function`)
  }
}

/** By its text, as koa-session has it; what Babel makes of a class counts too. */
function isClass(value: unknown): value is { prototype: Record<string, unknown> } {
  if (typeof value !== 'function') return false
  const text = Function.prototype.toString.call(value)
  return /^class[\s{]|classCallCheck\(|TypeError\("Cannot call a class as a function"\)/.test(text)
}

/** Of version 4. */
function randomUuid(): string {
  const bytes = Buffer.from(newId(16), 'base64url')
  bytes[6] = ((bytes[6] as number) & 0x0f) | 0x40
  bytes[8] = ((bytes[8] as number) & 0x3f) | 0x80
  return bytes.toString('hex').replace(/^(.{8})(.{4})(.{4})(.{4})/, '$1-$2-$3-$4-')
}

type Check = (value: unknown, path: readonly string[]) => Issue[]

const boolean = type('boolean')
const callable = type('function')
const object = type('object')
const string = type('string')

const CHECKS: Record<string, Check> = {
  key: string,
  maxAge,
  autoCommit: boolean,
  overwrite: boolean,
  httpOnly: boolean,
  signed: boolean,
  rolling: boolean,
  renew: boolean,
  secure: boolean,
  sameSite: string,
  externalKey: methods('get', 'set'),
  store: (value, path) => (isOwnStore(value) ? [] : methods('get', 'set', 'destroy')(value, path)),
  ContextStore: () => [],
  encode: callable,
  decode: callable,
  genid: callable,
  prefix: string,
  valid: callable,
  beforeSave: callable,
  peerExact: boolean,
  merge: object,
  outage: string,
  label: callable,
  userKey: string,
}

const DEFAULTS: Record<string, unknown> = {
  key: 'koa.sess',
  autoCommit: true,
  overwrite: true,
  httpOnly: true,
  signed: true,
  rolling: false,
  renew: false,
  encode,
  decode,
}

function issuesOf(options: unknown): Issue[] {
  const issues = object(options, [])
  if (issues.length > 0) return issues
  const given = options as Record<string, unknown>
  return Object.entries(CHECKS).flatMap(([name, check]) =>
    given[name] === undefined ? [] : check(given[name], [name]),
  )
}

function type(expected: string): Check {
  return (value, path) => {
    const received = kindOf(value)
    if (received === expected) return []
    const message = received === 'undefined' ? 'Required' : `Expected ${expected}, received ${received}`
    return [{ code: 'invalid_type', expected, received, path, message }]
  }
}

function methods(...names: string[]): Check {
  return (value, path) => {
    const issues = object(value, path)
    if (issues.length > 0) return issues
    return names.flatMap((name) => callable((value as Record<string, unknown>)[name], [...path, name]))
  }
}

function maxAge(received: unknown, path: readonly string[]): Issue[] {
  const issues = type('number')(received, path)
  if (issues.length === 0 || received === 'session') return []
  const message = 'Invalid literal value, expected "session"'
  const literal = { received, code: 'invalid_literal', expected: 'session', path, message }
  const unionErrors = [new ZodError(issues), new ZodError([literal])]
  return [{ code: 'invalid_union', unionErrors, path, message: 'Invalid input' }]
}

/** As zod names what it was given. */
function kindOf(value: unknown): string {
  if (value === null) return 'null'
  if (typeof value === 'number') return Number.isNaN(value) ? 'nan' : 'number'
  if (typeof value !== 'object') return typeof value
  if (Array.isArray(value)) return 'array'
  const { then, catch: caught } = value as Record<string, unknown>
  if (typeof then === 'function' && typeof caught === 'function') return 'promise'
  return [Map, Set, Date].find((Kind) => value instanceof Kind)?.name.toLowerCase() ?? 'object'
}
