// Which seals the native module makes and opens, and on which thread.
import {
  type Decoded,
  type IronContent,
  type IronSecret,
  ironSealText,
  ironSealTextAsync,
  ironUnseal,
  ironUnsealAsync,
} from '../../native.js'
import { algorithms } from './primitives.js'
import { newRng, type Rng } from './random.js'
import type { GenerateKeyOptions, Password } from './types.js'

/** A password and its options, as they were given: of any type. */
export interface Side {
  password: Password
  options: GenerateKeyOptions
}

/** A seal before its keys are made. */
export interface Draft {
  payload: string
  passwordId: string
  expiration: string
  encryption: Side
  integrity: Side
}

/** Derivations of more iterations leave the event loop. */
const SLOW = 64
const MOST_ITERATIONS = 2 ** 31 - 1
const MOST_SALT_BITS = 8192

/** The token; none where the native module does not take this. */
export async function quickSeal(draft: Draft): Promise<string | undefined> {
  const keys = nativeKeys(draft)
  const content = keys && contentOf(draft, keys, newRng())
  if (!content) return undefined
  const seal = isSlow(keys) ? ironSealTextAsync : ironSealText
  return (await seal(content, ...keys)).payload
}

/** The payload, or the reason; none where the native module does not take this. */
export async function quickUnseal(
  token: string,
  sides: Pick<Draft, 'encryption' | 'integrity'>,
): Promise<Decoded | undefined> {
  const keys = nativeKeys(sides)
  if (!keys) return undefined
  return isSlow(keys) ? oneAtATime(() => ironUnsealAsync(token, ...keys)) : ironUnseal(token, ...keys)
}

let last: Promise<unknown> = Promise.resolve()

/** Anyone can send a seal that costs a long derivation, so these never take more than one thread. */
export function oneAtATime<T>(run: () => Promise<T>): Promise<T> {
  const result = last.then(run)
  last = result.catch(() => {})
  return result
}

export function isSlowSide({ options }: Side): boolean {
  return options?.iterations > SLOW
}

type Keys = [algorithm: string, encryption: IronSecret, integrity: IronSecret]

function isSlow([, encryption, integrity]: Keys): boolean {
  return [encryption, integrity].some(({ iterations = 0 }) => iterations > SLOW)
}

function nativeKeys({ encryption, integrity }: Pick<Draft, 'encryption' | 'integrity'>): Keys | undefined {
  const algorithm = encryption.options?.algorithm
  const keyBits = { 'aes-128-ctr': 128, 'aes-256-cbc': 256 }[algorithm as string]
  const { keyBits: given } = algorithms[algorithm as 'aes-256-cbc'] ?? {}
  if (!keyBits || given !== keyBits) return undefined
  if (integrity.options?.algorithm !== 'sha256' || algorithms.sha256?.keyBits !== 256) return undefined
  const one = nativeSecret(encryption, keyBits)
  const other = nativeSecret(integrity, 256)
  return one && other && [algorithm, one, other]
}

function nativeSecret({ password, options }: Side, keyBits: number): IronSecret | undefined {
  if (Buffer.isBuffer(password)) {
    return password.length * 8 < keyBits ? undefined : { secret: Buffer.from(password) }
  }
  const { iterations, minPasswordlength } = options
  const isPassword = typeof password === 'string' && password.length > 0
  const isCount = Number.isInteger(iterations) && iterations > 0 && iterations <= MOST_ITERATIONS
  if (!isPassword || !isCount || password.length < minPasswordlength) return undefined
  return { secret: password, iterations }
}

function contentOf(draft: Draft, [, one, other]: Keys, rng: Rng): IronContent | undefined {
  const { payload, passwordId, expiration, encryption, integrity } = draft
  // In the peer's order, for tests that set the random bytes.
  const salt = saltOf(one, encryption.options, rng)
  const iv = encryption.options.iv || rng(16)
  const macSalt = saltOf(other, integrity.options, rng)
  const fits = typeof payload === 'string' && Buffer.isBuffer(iv)
  if (!fits || salt === undefined || macSalt === undefined) return undefined
  return { payload, passwordId, salt, iv, expiration, macSalt }
}

function saltOf(secret: IronSecret, { salt, saltBits }: GenerateKeyOptions, rng: Rng): string | undefined {
  if (secret.iterations === undefined) return ''
  if (salt) return typeof salt === 'string' && /^[ -~]+$/.test(salt) ? salt : undefined
  const isLength =
    Number.isInteger(saltBits) && (saltBits as number) > 0 && (saltBits as number) <= MOST_SALT_BITS
  return isLength ? rng(Math.ceil((saltBits as number) / 8)).toString('hex') : undefined
}
