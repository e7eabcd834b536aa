// Keys from a registration's options, as `@fastify/secure-session` 8.4 takes them.

import { genericHash, passwordKey } from '../../native.js'
import { warnOnce } from '../../warnings.js'

export interface KeyOptions {
  key?: string | Buffer | (string | Buffer)[]
  secret?: string | Buffer
  salt?: string | Buffer
}

export interface Keys {
  /** The first seals, all open. */
  keys: Uint8Array[]
  /** What `@fastify/cookie` signs with where it isn't registered yet. */
  cookieSecret: string | Buffer
}

const KEY_BYTES = 32
const SALT_BYTES = 16
/** The peer's, where the application has none. */
const SALT = Buffer.from('mq9hDxBVDbspDR6nLfFT1g==', 'base64')

/** Where a secret is given, the key is derived off the event loop. */
export async function keysOf({ key, secret, salt }: KeyOptions): Promise<Keys> {
  if (key) return givenKeys(key)
  if (!secret) throw new Error('key or secret must specified')
  if (Buffer.byteLength(secret) < KEY_BYTES) throw new Error('secret must be at least 32 bytes')
  const saltBytes = typeof salt === 'string' && salt !== '' ? Buffer.from(salt, 'ascii') : salt || SALT
  if (saltBytes.length !== SALT_BYTES) throw new Error('salt must be length 16')
  const derived = await passwordKey(Buffer.from(secret as string), saltBytes)
  return { keys: [derived], cookieSecret: secret }
}

function givenKeys(key: string | Buffer | (string | Buffer)[]): Keys {
  const keys = Array.isArray(key) ? listed(key) : [single(key)]
  const cookieSecret = Buffer.from(genericHash(keys[0] as Buffer)).toString('hex')
  return { keys, cookieSecret }
}

function single(key: string | Buffer): Buffer {
  const bytes = typeof key === 'string' ? Buffer.from(key, 'base64') : key
  if (!Buffer.isBuffer(bytes)) throw new Error('key must be a string or a Buffer')
  if (bytes.length !== KEY_BYTES) throw new Error('key must be 32 bytes')
  return bytes
}

function listed(list: (string | Buffer)[]): Buffer[] {
  const all = list.map(bytesOf)
  const keys = all.filter(({ length }) => length === KEY_BYTES)
  // With a wrong first key the peer starts, and fails at each session that it writes.
  if (keys.length === 0 || keys[0] !== all[0]) throw new Error('key lengths must be 32 bytes')
  if (keys.length < all.length) {
    warnOnce('SHORTCRUST_SECRET', 'a key of fastify-secure-session is not 32 bytes long and opens nothing')
  }
  return keys
}

function bytesOf(key: string | Buffer): Buffer {
  if (Buffer.isBuffer(key)) return key
  if (typeof key !== 'string') throw new TypeError('Key must be string or buffer')
  return Buffer.from(key, 'base64')
}
