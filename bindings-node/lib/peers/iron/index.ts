/**
 * `shortcrust/iron`: @hapi/iron 7.0.1, whose seals are those of iron-webcrypto too.
 *
 * Takes what the peer takes and answers as it does, errors included; these are Booms without the class, so
 * `Boom.isBoom(error)` and `error instanceof Boom` hold. Derivations over 64 iterations run off the event loop, and of
 * seals that are being opened one at a time.
 */
import { ambient } from '../../ambient.js'
import { sameText } from '../../native.js'
import { type Boom, boom, boomify } from './boom.js'
import { hasProto } from './json.js'
import * as primitives from './primitives.js'
import { type Draft, isSlowSide, oneAtATime, quickSeal, quickUnseal, type Side } from './quick.js'
import type * as types from './types.js'

const { decrypt, encrypt, hmacWithPassword } = primitives
const macFormatVersion = '2'
const macPrefix = `Fe26.${macFormatVersion}`

const defaults: types.SealOptions = {
  encryption: { saltBits: 256, algorithm: 'aes-256-cbc', iterations: 1, minPasswordlength: 32 },
  integrity: { saltBits: 256, algorithm: 'sha256', iterations: 1, minPasswordlength: 32 },
  ttl: 0,
  timestampSkewSec: 60,
  localtimeOffsetMsec: 0,
}

/** The object as a token: `Fe26.2*id*salt*iv*ciphertext*expiration*salt*mac`. */
async function seal(
  // biome-ignore lint/suspicious/noExplicitAny: what JSON.stringify takes
  object: any,
  password: types.Password | types.Secret | types.Specific,
  options: types.SealOptions,
): Promise<string> {
  const { encryption, integrity, localtimeOffsetMsec, ttl } = { ...options }
  const now = ambient.now() + (localtimeOffsetMsec ?? 0)
  const payload = stringify(object)
  const secrets = normalize(password)
  if (secrets.id && !/^\w+$/.test(secrets.id)) throw boom('Invalid password id')
  const draft = {
    payload,
    passwordId: secrets.id ? String(secrets.id) : '',
    expiration: ttl ? String(now + ttl) : '',
    encryption: { password: secrets.encryption, options: encryption },
    integrity: { password: secrets.integrity, options: integrity },
  }
  return (await quickSeal(draft)) ?? slowSeal(draft)
}

/** The object again; an error where the seal was changed, has expired, or is another password's. */
async function unseal(
  sealed: string,
  password: types.Password | types.Hash,
  options?: types.SealOptions,
  // biome-ignore lint/suspicious/noExplicitAny: the caller knows what was sealed
): Promise<any> {
  const given = { ...options } as types.SealOptions
  const now = ambient.now() + (given.localtimeOffsetMsec ?? 0)
  const parts = sealed.split('*')
  if (parts.length !== 8) throw boom('Incorrect number of sealed components')
  const [prefix, passwordId = '', , , , expiration = ''] = parts
  if (prefix !== macPrefix) throw boom('Wrong mac prefix')
  if (expiration) checkExpiration(expiration, now - given.timestampSkewSec * 1000)
  const secrets = normalize(chosen(password, passwordId))
  const sides = {
    encryption: { password: secrets.encryption, options: given.encryption },
    integrity: { password: secrets.integrity, options: given.integrity },
  }
  return parse(await open(sealed, parts, sides))
}

type Sides = Record<'encryption' | 'integrity', Side>

async function open(sealed: string, parts: string[], sides: Sides): Promise<string> {
  const { payload, reason } = (await quickUnseal(sealed, sides)) ?? {}
  if (payload !== undefined) return payload
  if (reason === 'bad_signature') throw boom('Bad hmac value')
  const slowly = () => slowUnseal(parts, sides)
  return Object.values(sides).some(isSlowSide) ? oneAtATime(slowly) : slowly()
}

/** For options that are beyond the native module, and for the peer's very error. */
async function slowSeal({ payload, passwordId, expiration, ...sides }: Draft): Promise<string> {
  const { encrypted, key } = await encrypt(sides.encryption.password, sides.encryption.options, payload)
  const values = [key.salt, base64url(key.iv), base64url(encrypted)]
  const base = [macPrefix, passwordId, ...values, expiration].join('*')
  const mac = await hmacWithPassword(sides.integrity.password, sides.integrity.options, base)
  return `${base}*${mac.salt}*${mac.digest}`
}

async function slowUnseal(parts: string[], { encryption, integrity }: Sides): Promise<string> {
  const [, , salt = '', iv = '', encrypted = '', , macSalt = '', mac = ''] = parts
  const macOptions = withOwn(integrity.options, 'salt', macSalt)
  const base = parts.slice(0, 6).join('*')
  const { digest } = await hmacWithPassword(integrity.password, macOptions, base)
  if (!sameText(digest, mac)) throw boom('Bad hmac value')
  const bytes = fromBase64url(encrypted)
  const options = withOwn(withOwn(encryption.options, 'salt', salt), 'iv', fromBase64url(iv))
  return decrypt(encryption.password, options, bytes)
}

function checkExpiration(expiration: string, now: number): void {
  if (!/^\d+$/.test(expiration)) throw boom('Invalid expiration')
  if (Number.parseInt(expiration, 10) <= now) throw boom('Expired seal')
}

function chosen(
  password: types.Password | types.Hash,
  id: string,
): types.Password | types.Secret | types.Specific {
  if (!password) throw boom('Empty password')
  if (typeof password !== 'object' || Buffer.isBuffer(password)) return password
  const found = password[id || 'default']
  if (!found) throw boom(`Cannot find password: ${id}`)
  return found
}

function normalize(password: types.Password | types.Secret | types.Specific) {
  if (!password || typeof password !== 'object' || Buffer.isBuffer(password)) {
    return { id: undefined, encryption: password, integrity: password }
  }
  const { id, secret, encryption, integrity } = password as types.Secret & types.Specific
  return { id, encryption: secret ?? encryption, integrity: secret ?? integrity }
}

/** A copy with the property. Throws for what can't have one, as the peer does. */
function withOwn<T>(value: T, key: string, own: unknown): T {
  const copy = typeof value === 'object' && value !== null ? { ...value } : value
  ;(copy as Record<string, unknown>)[key] = own
  return copy
}

function stringify(object: unknown): string {
  try {
    return JSON.stringify(object)
  } catch (error) {
    throw boom(`Failed to stringify object: ${(error as Error).message}`)
  }
}

function parse(text: string): unknown {
  try {
    const value: unknown = JSON.parse(text)
    if (hasProto(value)) throw new SyntaxError('Object contains forbidden prototype property')
    return value
  } catch (error) {
    throw boom(`Failed parsing sealed object JSON: ${(error as Error).message}`)
  }
}

function base64url(bytes: Buffer | string): string {
  if (Buffer.isBuffer(bytes)) return bytes.toString('base64url')
  if (typeof bytes === 'string') return Buffer.from(bytes, 'binary').toString('base64url')
  const error = new Error('value must be string or buffer')
  error.name = 'AssertError'
  throw error
}

/** Lenient about stray bits, as the peer is; by now the MAC has been checked. */
function fromBase64url(text: string): Buffer {
  if (!/^[\w-]*$/.test(text)) throw boomify(new Error('Invalid character'))
  return Buffer.from(text, 'base64url')
}

const iron = { ...primitives, defaults, macFormatVersion, macPrefix, seal, unseal }

namespace iron {
  export type Algorithms = types.Algorithms
  export type GenerateKeyOptions = types.GenerateKeyOptions
  export type HMacResult = types.HMacResult
  export type Key = types.Key
  export type Password = types.Password
  export type SealOptions = types.SealOptions
  export type SealOptionsSub = types.SealOptionsSub
  /** What `seal` and `unseal` throw. */
  export type Error = Boom
  export namespace password {
    export type Hash = types.Hash
    export type Secret = types.Secret
    export type Specific = types.Specific
  }
}

// What Node's lexer of CommonJS looks for, so that ESM can import these by name.
exports.algorithms = exports.decrypt = exports.defaults = exports.encrypt = exports.generateKey = undefined
exports.hmacWithPassword = exports.macFormatVersion = exports.macPrefix = exports.seal = undefined
exports.unseal = undefined

export = iron
