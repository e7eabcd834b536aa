// The cookie's value: libsodium's secretbox of the data's JSON, a semicolon, the nonce, both in base64.
import { secretboxOpen, secretboxOpenText, secretboxSealText } from '../../native.js'
import type { Data } from './session.js'

const NONCE_BYTES = 24
const TAG_BYTES = 16

/** The data, or why there are none. */
export type Opened = { data: Data; isRotated: boolean } | string

/** @param expiry Seconds since the last change. */
export function open(value: string, keys: readonly Uint8Array[], expiry: number): Opened {
  for (const [index, key] of keys.entries()) {
    const text = secretboxOpenText(key, value)
    if (text !== null) return read(text, expiry, index > 0)
  }
  return openAsNode(value, keys, expiry)
}

/** Node's base64 has many spellings of the same; and what opens in none of them is told why. */
function openAsNode(value: string, keys: readonly Uint8Array[], expiry: number): Opened {
  const [boxedText = '', nonceText] = value.split(';')
  if (nonceText === undefined) return 'the cookie is malformed, creating an empty session'
  const boxed = Buffer.from(boxedText, 'base64')
  const nonce = Buffer.from(nonceText, 'base64')
  if (boxed.length < TAG_BYTES) return 'the cipher is not long enough, creating an empty session'
  if (nonce.length !== NONCE_BYTES) {
    return 'the nonce does not have the required length, creating an empty session'
  }
  for (const [index, key] of keys.entries()) {
    const message = secretboxOpen(key, nonce, boxed)
    if (message !== null) return read(Buffer.from(message).toString(), expiry, index > 0)
  }
  return 'unable to decrypt, creating an empty session'
}

/** With a random nonce. */
export function seal(data: Data, key: Uint8Array): string {
  return secretboxSealText(key, JSON.stringify(data))
}

function read(text: string, expiry: number, isRotated: boolean): Opened {
  const data = parse(text)
  if (data === undefined) return 'the cookie holds no object, creating an empty session'
  const end = ((data.__ts as number) + expiry) * 1000
  return end - Date.now() <= 0 ? 'expiry reached' : { data, isRotated }
}

function parse(text: string): Data | undefined {
  try {
    // The reviver is slow, and what has no such key needs none.
    const data = /__proto__|\\u/.test(text) ? JSON.parse(text, withoutProto) : JSON.parse(text)
    return typeof data === 'object' && data !== null && !Array.isArray(data) ? data : undefined
  } catch {
    return undefined
  }
}

function withoutProto(key: string, value: unknown): unknown {
  return key === '__proto__' ? undefined : value
}
