// `shortcrust/keygrip`: keygrip 1.1, with SHA-1 and SHA-2 made by the native module.
import { type BinaryToTextEncoding, createHmac, type KeyObject } from 'node:crypto'

import { keygripSignature, sameText } from '../native.js'

/** Signs with the first key and verifies with all; `new` may be left out. */
const Keygrip = function Keygrip(
  this: unknown,
  keys: Keygrip.Keys,
  algorithm?: string,
  encoding?: string,
): Keygrip | undefined {
  if (!(this instanceof Keygrip)) return new (Keygrip as Keygrip.Factory)(keys, algorithm, encoding)
  checkKeys(keys)
  const sign = signer(algorithm || 'sha1', encoding || 'base64')
  const keygrip = this as unknown as Keygrip
  // Own properties that need no `this`, as keygrip's.
  keygrip.sign = (data) => sign(keys[0], data)
  keygrip.index = (data, digest) => indexOf(keys, (key) => isSame(digest, sign(key, data)))
  keygrip.verify = (data, digest) => keygrip.index(data, digest) > -1
  return undefined
} as Keygrip.Factory

Object.assign(Keygrip, { sign: misused, verify: misused, index: misused })

// biome-ignore lint/suspicious/noExplicitAny: as in keygrip's types
type Any = any

interface Keygrip {
  /** The signature under the first key, with `-` and `_` for `+` and `/` and without padding. */
  sign(data: Any): string
  /** Whether any key made the signature. */
  verify(data: Any, digest: string): boolean
  /** The place of the key that made the signature, or -1. */
  index(data: Any, digest: string): number
}

namespace Keygrip {
  export type Key = string | NodeJS.ArrayBufferView | ArrayBuffer | KeyObject
  /** Newest first; read at each call, so that keys may be put in and taken out. */
  export type Keys = readonly Key[]

  export interface Factory {
    /**
     * @param algorithm what `crypto.createHmac` takes, by default `sha1`
     * @param encoding what its `digest` takes, by default `base64`
     */
    new (keys: Keys, algorithm?: string, encoding?: string): Keygrip
    (keys: Keys, algorithm?: string, encoding?: string): Keygrip
  }
}

type Sign = (key: unknown, data: unknown) => string

function checkKeys(keys: unknown): void {
  // keygrip's own error quotes the string.
  if (typeof keys === 'string' && keys !== '') throw new TypeError('Keys must be an array, not a string.')
  if (!keys || !(0 in (keys as object))) throw new Error('Keys must be provided.')
}

function signer(algorithm: string, encoding: string): Sign {
  const slow: Sign = (key, data) => hostSignature(algorithm, encoding, key, data)
  if (encoding !== 'base64' || typeof algorithm !== 'string') return slow
  const name = algorithm.toLowerCase()
  return (key, data) =>
    (isBytes(key) && isBytes(data) ? keygripSignature(name, key, data) : null) ?? slow(key, data)
}

function hostSignature(algorithm: string, encoding: string, key: unknown, data: unknown): string {
  return createHmac(algorithm, key as string)
    .update(data as string)
    .digest(encoding as BinaryToTextEncoding)
    .replace(/[/+=]/g, (char) => (char === '/' ? '_' : char === '+' ? '-' : ''))
}

function isBytes(value: unknown): value is string | Uint8Array {
  return typeof value === 'string' || value instanceof Uint8Array
}

/** The native comparison takes text that is no Unicode for other such text; the last one doesn't. */
function isSame(digest: unknown, signature: string): boolean {
  return typeof digest === 'string' && sameText(digest, signature) && digest === signature
}

function indexOf(keys: ArrayLike<unknown>, test: (key: unknown) => boolean): number {
  for (let i = 0; i < keys.length; i++) if (test(keys[i])) return i
  return -1
}

function misused(): never {
  throw new Error("Usage: require('keygrip')(<array-of-keys>)")
}

export = Keygrip
