// Random bytes, and what @hapi/iron says where there are none.
import crypto = require('node:crypto')

import { ambient } from '../../ambient.js'
import { newId } from '../../native.js'
import { boom } from './boom.js'

export type Rng = (length: number) => Buffer

/** The bytes of one seal in turn: the operating system's, or a test's. */
export function newRng(): Rng {
  const { entropy } = ambient
  let used = 0
  return (length) => {
    if (!entropy) return Buffer.from(newId(length), 'base64url')
    used += length
    return Buffer.from(entropy.subarray(used - length, used))
  }
}

export function randomBits(bits: number): Buffer {
  if (!bits || bits < 0) throw boom('Invalid random bits count')
  try {
    // It throws where the number is absurd.
    return crypto.randomBytes(Math.ceil(bits / 8))
  } catch (error) {
    throw boom(`Failed generating random bits: ${(error as Error).message}`)
  }
}
