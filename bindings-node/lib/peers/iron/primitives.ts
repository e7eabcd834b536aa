// What a seal is made of, on node:crypto: for who calls it by name, and for options that the native module does not take.
import crypto = require('node:crypto')

import { boom, boomify } from './boom.js'
import { randomBits } from './random.js'
import type { Algorithms, GenerateKeyOptions, HMacResult, Key, Password } from './types.js'

/** The caller may add to it. */
export const algorithms: Algorithms = {
  'aes-128-ctr': { keyBits: 128, ivBits: 128 },
  'aes-256-cbc': { keyBits: 256, ivBits: 128 },
  sha256: { keyBits: 256 },
}

export interface Algorithm {
  keyBits: number
  ivBits?: number
}

/** A key from a password by PBKDF2, or the buffer itself; with a fresh salt and vector where none are given. */
export async function generateKey(password: Password, options: GenerateKeyOptions): Promise<Key> {
  if (!password) throw boom('Empty password')
  if (!options || typeof options !== 'object') throw boom('Bad options')
  const algorithm: Algorithm = algorithms[options.algorithm]
  if (!algorithm) throw boom(`Unknown algorithm: ${options.algorithm}`)
  const key = Buffer.isBuffer(password)
    ? keyOf(password, algorithm)
    : await derive(password, options, algorithm)
  const iv = options.iv || (algorithm.ivBits && randomBits(algorithm.ivBits))
  return (iv ? { ...key, iv } : key) as Key
}

export async function encrypt(
  password: Password,
  options: GenerateKeyOptions,
  data: string,
): Promise<{ encrypted: Buffer; key: Key }> {
  const key = await generateKey(password, options)
  const cipher = crypto.createCipheriv(options.algorithm, key.key, key.iv)
  return { encrypted: Buffer.concat([cipher.update(data, 'utf8'), cipher.final()]), key }
}

export async function decrypt(
  password: Password,
  options: GenerateKeyOptions,
  data: string | Buffer,
): Promise<string> {
  const { key, iv } = await generateKey(password, options)
  const decipher = crypto.createDecipheriv(options.algorithm, key, iv)
  return decipher.update(data as Buffer, undefined, 'utf8') + decipher.final('utf8')
}

/** The digest in base64url. */
export async function hmacWithPassword(
  password: Password,
  options: GenerateKeyOptions,
  data: string,
): Promise<HMacResult> {
  const { key, salt } = await generateKey(password, options)
  return { digest: crypto.createHmac(options.algorithm, key).update(data).digest('base64url'), salt }
}

function keyOf(key: Buffer, { keyBits }: Algorithm): Omit<Key, 'iv'> {
  if (key.length < keyBits / 8) throw boom('Key buffer (password) too small')
  return { key, salt: '' }
}

async function derive(password: string, options: GenerateKeyOptions, { keyBits }: Algorithm) {
  const { iterations, minPasswordlength, saltBits } = options
  if (password.length < minPasswordlength) {
    throw boom(`Password string too short (min ${minPasswordlength} characters required)`)
  }
  if (!options.salt && !saltBits) throw boom('Missing salt and saltBits options')
  const salt = options.salt || randomBits(saltBits as number).toString('hex')
  return { key: await pbkdf2(password, salt, iterations, keyBits / 8), salt }
}

function pbkdf2(password: string, salt: string, iterations: number, length: number): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    crypto.pbkdf2(password, salt, iterations, length, 'sha1', (error, key) => {
      if (error) reject(boomify(error))
      else resolve(key)
    })
  })
}
