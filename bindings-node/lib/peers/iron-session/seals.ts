// The seals of iron-session 8 and 9: iron's defaults, a password's number as its id, and `~2` behind the MAC.
import { ambient } from '../../ambient.js'
import { ironSealText, ironUnseal } from '../../native.js'
import { parseClean } from '../iron/json.js'
import { newRng } from '../iron/random.js'
import type { Password, PasswordsMap, UnsealErrorReason } from './types.js'

/** Seconds. */
export const FOURTEEN_DAYS = 14 * 24 * 3600

const ALGORITHM = 'aes-256-cbc'
const SKEW = 60_000
const MIN_PASSWORD = 32

/** The password that is sealed with is the one of the highest number. `ttl`: seconds, 0 is forever, default 14 days. */
export async function sealData(
  data: unknown,
  { password, ttl = FOURTEEN_DAYS }: { password: Password; ttl?: number },
): Promise<string> {
  const passwords = passwordsMap(password)
  const id = String(Math.max(...Object.keys(passwords).map(Number)))
  return `${sealed(stringify(data), id, passwords[id], ttl * 1000)}~2`
}

/**
 * What was sealed; an empty object, and `onUnsealError` called, where the seal can't be read. Only a password that is
 * too short, or none, is an error. `ttl` is there for the peer's sake: the seal knows its end.
 */
export async function unsealData<T>(
  seal: string,
  options: {
    password: Password
    ttl?: number
    onUnsealError?: ((reason: UnsealErrorReason, error: unknown) => void) | undefined
  },
): Promise<T> {
  const tokens = [withoutVersion(seal)]
  return (opened(tokens, passwordsMap(options.password), options.onUnsealError) ?? {}) as T
}

/** What the first of the seals that opens holds; none where none does. */
export function opened(
  seals: string[],
  passwords: PasswordsMap,
  onUnsealError: ((reason: UnsealErrorReason, error: unknown) => void) | undefined,
  accept = (data: unknown) => data,
): unknown {
  const failures: unknown[] = []
  for (const seal of seals) {
    try {
      return accept(unseal(withoutVersion(seal), passwords))
    } catch (error) {
      if (error instanceof UsageError) throw error
      failures.push(error)
    }
  }
  if (failures.length > 0) onUnsealError?.(reasonOf(failures[0]), failures[0])
  return undefined
}

export function passwordsMap(password: Password): PasswordsMap {
  return typeof password === 'string' ? { 1: password } : password
}

/** The caller's fault, where all else is the seal's. */
class UsageError extends Error {}
UsageError.prototype.name = 'Error'

/** The version is outside the MAC, so nothing may depend on it. */
function withoutVersion(seal: string): string {
  return seal.split('~')[0] as string
}

function sealed(payload: string, id: string, password: unknown, ttl: number): string {
  const expiration = ttl ? String(ambient.now() + ttl) : ''
  if (!/^\w+$/.test(id)) throw new Error('Invalid password id')
  const key = secretOf(password)
  const rng = newRng()
  const salt = () => (key.iterations ? rng(32).toString('hex') : '')
  const content = { payload, passwordId: id, salt: salt(), iv: rng(16), expiration, macSalt: salt() }
  const { payload: token } = ironSealText(content, ALGORITHM, key, key)
  if (token === undefined) throw new Error('Invalid key length')
  return token
}

function unseal(token: string, passwords: PasswordsMap): unknown {
  if (!passwords) throw new UsageError('Empty password')
  const parts = token.split('*')
  checkForm(parts)
  const id = parts[1] || 'default'
  if (!Object.hasOwn(passwords, id)) throw new Error(`Cannot find password: ${id}`)
  const key = secretOf(passwords[id])
  const { payload, reason } = ironUnseal(token, ALGORITHM, key, key)
  if (payload !== undefined) return parse(payload)
  throw new Error(reason === 'bad_signature' ? 'Bad hmac value' : 'Malformed seal')
}

function checkForm(parts: string[]): void {
  const [prefix, , , , , expiration] = parts
  if (parts.length !== 8) throw new Error('Incorrect number of sealed components')
  if (prefix !== 'Fe26.2') throw new Error('Wrong mac prefix')
  if (!expiration) return
  if (!/^\d+$/.test(expiration)) throw new Error('Invalid expiration')
  if (Number.parseInt(expiration, 10) <= ambient.now() - SKEW) throw new Error('Expired seal')
}

function secretOf(password: unknown): { secret: string | Uint8Array; iterations?: number } {
  const isBytes = password instanceof Uint8Array
  if ((typeof password !== 'string' && !isBytes) || !password.length) throw new UsageError('Empty password')
  if (password.length >= MIN_PASSWORD)
    return isBytes ? { secret: password } : { secret: password, iterations: 1 }
  const short = `Password string too short (min ${MIN_PASSWORD} characters required)`
  throw new UsageError(isBytes ? 'Key buffer (password) too small' : short)
}

function stringify(data: unknown): string {
  const text = JSON.stringify(data)
  if (text === undefined) throw new TypeError('iron-session: The session data is not JSON serializable.')
  return text
}

function parse(payload: string): unknown {
  try {
    return parseClean(payload) ?? {}
  } catch {
    // Without the parser's words, which quote the payload.
    throw new Error('Failed parsing sealed object JSON')
  }
}

function reasonOf(error: unknown): UnsealErrorReason {
  const { message } = error as Error
  if (message.startsWith('Expired seal')) return 'expired'
  return message.startsWith('Cannot find password') ? 'unknown-password' : 'invalid'
}
