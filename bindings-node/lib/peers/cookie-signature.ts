// cookie-signature 1.2: a value and its HMAC. Keys that only node:crypto takes are signed there.
import { type CipherKey, createHmac } from 'node:crypto'
import { isUint8Array } from 'node:util/types'

import { cookieSign, cookieVerify, sameText } from '../native.js'

namespace signature {
  /** The value, a dot, and the value's HMAC-SHA256 in base64 without padding. */
  export function sign(value: string, secret: CipherKey): string {
    expectText(value, 'Cookie value must be provided as a string.')
    expectSecret(secret)
    return `${value}.${mac(value, secret)}`
  }

  /** The value inside of what `sign` made; false where the signature is not the secret's. */
  export function unsign(input: string, secret: CipherKey): string | false {
    expectText(input, 'Signed cookie string must be provided.')
    expectSecret(secret)
    const value = input.slice(0, input.lastIndexOf('.'))
    return isSigned(input, value, secret) && value
  }
}

function mac(value: string, secret: CipherKey): string {
  if (!isNative(secret)) {
    return createHmac('sha256', secret).update(value).digest('base64').replace(/=+$/, '')
  }
  const signed = cookieSign(value, secret)
  return signed.slice(signed.lastIndexOf('.') + 1)
}

function isSigned(input: string, value: string, secret: CipherKey): boolean {
  return isNative(secret) ? cookieVerify(input, secret) : sameText(input, `${value}.${mac(value, secret)}`)
}

function isNative(secret: CipherKey): secret is string | Uint8Array {
  return typeof secret === 'string' || isUint8Array(secret)
}

function expectText(text: unknown, message: string): void {
  if (typeof text !== 'string') throw new TypeError(message)
}

function expectSecret(secret: unknown): void {
  if (secret === null || secret === undefined) throw new TypeError('Secret key must be provided.')
}

// What Node's lexer of CommonJS looks for, so that ESM can import these by name.
exports.sign = exports.unsign = undefined

export = signature
