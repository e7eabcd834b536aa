// What a user may write, checked key by key, to what the native module takes.
import { ambient } from './ambient.js'
import { ConfigError } from './errors.js'
import type { Telling } from './events.js'
import type {
  Cookie,
  ExpressSession,
  Flask,
  Format,
  FormatName,
  Options,
  Policy,
  Reader,
  Sealed,
} from './front-options.js'
import { mergeOption } from './merge-rules.js'
import type { EngineOptions, FormatOptions, PlaceOptions, ReaderOptions } from './native.js'
import type { Secret } from './secrets.js'
import { type Mode, StoreRunner } from './store-runner.js'
import type { Store } from './stores/index.js'
import type { PeerStore } from './stores/peer-store.js'

const DAY = 86_400
const FORMATS: Record<FormatName, readonly string[]> = {
  express: [],
  flask: ['salt', 'digest', 'keyDerivation'],
  id: [],
  sealed: ['audience'],
}
/** Whose rows are taken over. */
const OLD = 'express-session'
/** Formats for sessions in a store. */
const IDS = ['express', 'id']
const WITH_STORE = [
  'store',
  'revocations',
  'outage',
  'userKey',
  'namespace',
  'encryptAtRest',
  'merge',
  'label',
]
const FRONT = [
  'secrets',
  'name',
  'format',
  'readers',
  'policy',
  'cookie',
  'audience',
  'meta',
  'onEvent',
  ...WITH_STORE,
]
const STORE = ['load', 'create', 'put', 'save', 'delete', 'list', 'revoke', 'sweep']
const POLICY = ['idle', 'absolute', 'renewAfter', 'persistent', 'skew']
const COOKIE = ['path', 'domain', 'secure', 'httpOnly', 'sameSite', 'partitioned', 'priority']
/** What the options of other session middleware are here. */
const ELSEWHERE: Record<string, string> = {
  expires: 'set policy.idle and policy.absolute, in seconds',
  keys: 'use secrets, a list',
  maxAge: 'set policy.idle and policy.absolute, in seconds',
  resave: 'a request that only read never writes',
  rolling: 'set policy.renewAfter, in seconds',
  saveUninitialized: 'an empty session is never written',
  secret: 'use secrets, a list',
}

/** With the secrets of now, where `options.secrets` is a function. */
export function engineOptions(options: Options, secrets: unknown = options?.secrets): EngineOptions {
  known('', options, FRONT)
  const { format = options.store === undefined ? 'sealed' : 'id', readers = [], meta } = options
  if (!Array.isArray(readers)) throw new ConfigError('reader', 'readers must be a list')
  if (meta !== undefined && meta !== 'payload') throw new ConfigError('option', "meta must be 'payload'")
  const audience = typed('option', 'audience', 'string', options.audience)
  const written = formatOptions('format', typeof format === 'string' ? { format } : format, audience)
  if (options.store === undefined && IDS.includes(written.format)) {
    throw new ConfigError('option', `format '${written.format}' is an id: it needs a store`)
  }
  return {
    secrets: secretList('secrets', secrets),
    name: typed('cookie', 'name', 'string', options.name) ?? 'session',
    format: written,
    readers: readers.map((reader, at) => readerOptions(`readers[${at}]`, reader, audience)),
    meta,
    policy: policyOptions(options.policy ?? {}),
    cookie: { ...cookieOptions(options.cookie ?? {}), elsewhere: places(readers) },
    store: modeOf(options),
    userKey: typed('option', 'userKey', 'string', options.userKey),
    audience,
    namespace: typed('option', 'namespace', 'string', options.namespace),
    encryptAtRest: encryptsAtRest(options),
    toleratesOutage: options.outage === 'empty',
    merge: mergeOption(options.merge),
  }
}

function encryptsAtRest({ encryptAtRest, store }: Options): boolean {
  const isWanted = typed('option', 'encryptAtRest', 'boolean', encryptAtRest) ?? false
  if (isWanted && store === undefined)
    throw new ConfigError('option', 'encryptAtRest is for sessions in a store: set store')
  return isWanted
}

/** The cookies that are read. */
export function cookieNames({ name, readers = [] }: EngineOptions): string[] {
  const old = readers.map(({ rowCookie }) => rowCookie).filter((name) => name !== undefined)
  return [name, ...old]
}

/** What to say of readers that read no more, since their time has passed. */
export function pastReaders({ readers }: EngineOptions): string[] {
  const why = 'has passed, so its cookies open no session any more: remove it, or give it more time'
  const now = ambient.now()
  const past = (readers ?? []).filter(({ until }) => until !== undefined && until < now)
  return past.map(({ format, rowCookie }) => {
    const name = rowCookie === undefined ? format.format : OLD
    return `readers: until of the ${name} reader ${why}`
  })
}

/** What is asked of the store, if there is one. */
export function runnerOf(options: Options, telling?: Telling): StoreRunner | undefined {
  const { outage = 'error', revocations, store = revocations } = options
  const mode = modeOf(options)
  if (outage !== 'error' && outage !== 'empty') {
    throw new ConfigError('option', "outage must be 'error' or 'empty'")
  }
  if (mode === undefined || store === undefined) {
    if (options.outage === undefined) return undefined
    throw new ConfigError('option', 'outage goes with a store: set store or revocations')
  }
  const isStore = STORE.every((name) => typeof store?.[name as keyof Store] === 'function')
  if (isStore && typeof store.capabilities === 'object') {
    if (mode === 'revocations') (store as { keepAll?: () => void }).keepAll?.()
    return new StoreRunner(store, mode, options.readers?.map(oldStore), telling)
  }
  throw new ConfigError('option', `${mode === 'sessions' ? 'store' : 'revocations'} ${noStore(store)}`)
}

function modeOf({ revocations, store }: Options): Mode | undefined {
  if (store !== undefined && revocations !== undefined) {
    const why = 'a store of sessions needs no other to revoke them'
    throw new ConfigError('option', `set store or revocations, not both: ${why}`)
  }
  if (store !== undefined) return 'sessions'
  return revocations === undefined ? undefined : 'revocations'
}

function noStore(given: unknown): string {
  if (typeof given === 'string') {
    return 'must be a store, not a string: make a client of it, and a RedisStore or PostgresStore of that'
  }
  const isPeers = typeof (given as { get?: unknown } | null)?.get === 'function'
  const help = isPeers
    ? "a store of express-session's goes into an ExpressSessionStore of shortcrust/stores/express-session"
    : `it has ${STORE.join(', ')} and capabilities`
  return `must be a store, such as those of shortcrust/stores: ${help}`
}

function formatOptions(
  where: string,
  given: Format,
  audience?: string,
  besides: string[] = [],
): FormatOptions {
  const format: unknown = given?.format
  if (typeof format !== 'string' || !Object.hasOwn(FORMATS, format)) {
    const old = besides.length > 0 ? `; or '${OLD}'` : ''
    const names = `'sealed' or 'flask', or with a store 'id' or 'express'${old}`
    throw new ConfigError('option', `${where} must name a format: ${names}`)
  }
  const keys = ['format', ...FORMATS[format as FormatName], ...besides]
  const own = known(where, given, keys) as Omit<Flask, 'format'> & Omit<Sealed, 'format'>
  return {
    format,
    audience:
      format === 'sealed'
        ? (typed('option', `${where}.audience`, 'string', own.audience) ?? audience)
        : undefined,
    salt: own.salt === undefined ? undefined : secret('option', `${where}.salt`, own.salt),
    digest: typed('option', `${where}.digest`, 'string', own.digest),
    keyDerivation: typed('option', `${where}.keyDerivation`, 'string', own.keyDerivation),
  }
}

function readerOptions(where: string, given: Reader, audience?: string): ReaderOptions {
  if (given?.format === OLD) return oldOptions(where, given)
  const format = formatOptions(where, given, audience, ['until', 'secrets', 'path', 'domain'])
  const secrets = given.secrets === undefined ? undefined : secretList(`${where}.secrets`, given.secrets)
  return { format, secrets, until: until(where, given.until) }
}

function oldOptions(where: string, given: Reader & ExpressSession): ReaderOptions {
  known(where, given, ['format', 'store', 'name', 'until', 'secrets'])
  if (typeof given.store?.get !== 'function' || typeof given.store.destroy !== 'function') {
    const which = 'the one that express-session had, with its options'
    throw new ConfigError('reader', `${where}.store must be a store of express-session's: ${which}`)
  }
  const name = typed('reader', `${where}.name`, 'string', given.name) ?? 'connect.sid'
  const secrets = given.secrets === undefined ? undefined : secretList(`${where}.secrets`, given.secrets)
  return { format: { format: 'express' }, secrets, until: until(where, given.until), rowCookie: name }
}

/** Where the readers' cookies lie, as far as they say so. */
function places(readers: readonly Reader[]): PlaceOptions[] {
  return readers.flatMap((reader, at) => {
    const path = typed('reader', `readers[${at}].path`, 'string', reader.path)
    const domain = typed('reader', `readers[${at}].domain`, 'string', reader.domain)
    return path === undefined && domain === undefined ? [] : [{ path: path ?? '/', domain }]
  })
}

function oldStore(reader: Reader): PeerStore | undefined {
  return reader.format === OLD ? reader.store : undefined
}

function until(where: string, given: unknown): number | undefined {
  if (given === 'never') return undefined
  const isIso = typeof given === 'string' && /^\d{4}-\d\d-\d\d/.test(given)
  const time = isIso || given instanceof Date ? new Date(given).getTime() : Number.NaN
  if (Number.isNaN(time)) {
    const dates = "a Date, an ISO 8601 string such as '2027-03-01', or by decision 'never'"
    throw new ConfigError('reader', `${where}.until must say how long such cookies are read: ${dates}`)
  }
  return time
}

function policyOptions(policy: Policy): EngineOptions['policy'] {
  known('policy', policy, POLICY)
  const idle = seconds('policy.idle', policy.idle, 14 * DAY)
  return {
    idle,
    absolute: seconds('policy.absolute', policy.absolute, 90 * DAY),
    renewAfter: seconds('policy.renewAfter', policy.renewAfter, idle && Math.floor(idle / 4)),
    persistent: typed('policy', 'policy.persistent', 'boolean', policy.persistent) ?? true,
    skew: seconds('policy.skew', policy.skew, 60),
  }
}

function seconds(name: string, given: unknown, otherwise: number | undefined): number | undefined {
  if (given === undefined) return otherwise
  if (given === null) return undefined
  if (Number.isSafeInteger(given) && (given as number) >= 0) return given as number
  throw new ConfigError('policy', `${name} must be a whole number of seconds, or null for none`)
}

function cookieOptions(cookie: Cookie): EngineOptions['cookie'] {
  known('cookie', cookie, COOKIE)
  const { sameSite = 'Lax', secure = 'auto' } = cookie
  return {
    path: typed('cookie', 'cookie.path', 'string', cookie.path) ?? '/',
    domain: typed('cookie', 'cookie.domain', 'string', cookie.domain),
    secure: secure === 'auto' ? undefined : typed('cookie', 'cookie.secure', 'boolean', secure, " or 'auto'"),
    httpOnly: typed('cookie', 'cookie.httpOnly', 'boolean', cookie.httpOnly) ?? true,
    sameSite:
      sameSite === false ? undefined : typed('cookie', 'cookie.sameSite', 'string', sameSite, ' or false'),
    partitioned: typed('cookie', 'cookie.partitioned', 'boolean', cookie.partitioned) ?? false,
    priority: typed('cookie', 'cookie.priority', 'string', cookie.priority),
  }
}

function secretList(name: string, given: unknown): Secret[] {
  if (Array.isArray(given)) return given.map((entry, at) => secret('secret', `${name}[${at}]`, entry))
  const why = typeof given === 'string' ? ', since each letter of a string would become a key' : ''
  throw new ConfigError('secret', `${name} must be a list, newest first: write ${name}: [secret]${why}`)
}

function secret(code: string, name: string, given: unknown): Secret {
  if (typeof given === 'string' || given instanceof Uint8Array) return given
  const hint = given === undefined ? ': is an environment variable missing?' : ''
  throw new ConfigError(code, `${name} must be a string or a Buffer, not ${typeof given}${hint}`)
}

interface Kinds {
  boolean: boolean
  string: string
}

function typed<K extends keyof Kinds>(
  code: string,
  name: string,
  kind: K,
  given: unknown,
  besides = '',
): Kinds[K] | undefined {
  if (given === undefined || typeof given === kind) return given as Kinds[K] | undefined
  throw new ConfigError(code, `${name} must be a ${kind}${besides}, not ${typeof given}`)
}

function known<T extends object>(where: string, given: T, keys: readonly string[]): T {
  if (typeof given !== 'object' || given === null || Array.isArray(given)) {
    throw new ConfigError(
      'option',
      where ? `${where} must be an object` : 'give session() an object of options',
    )
  }
  const unknown = Object.keys(given).find((key) => !keys.includes(key))
  if (unknown === undefined) return given
  const help = Object.hasOwn(ELSEWHERE, unknown) ? ELSEWHERE[unknown] : `known are ${keys.join(', ')}`
  throw new ConfigError('option', `${where && `${where}.`}${unknown} is not known: ${help}`)
}
