/** As in @hapi/iron's declarations. */
export type Password = string | Buffer

export interface Algorithms {
  'aes-128-ctr': { keyBits: number; ivBits: number }
  'aes-256-cbc': { keyBits: number; ivBits: number }
  sha256: { keyBits: number }
}

export interface SealOptionsSub {
  /** The length of the salt; default 256. */
  saltBits: number
  /** Default `aes-256-cbc` for encryption and `sha256` for integrity. */
  algorithm: keyof Algorithms
  /** PBKDF2's; default 1. Over 64 the work is done off the event loop. */
  iterations: number
  /** Default 32. */
  minPasswordlength: number
}

export interface GenerateKeyOptions
  extends Pick<SealOptionsSub, 'algorithm' | 'iterations' | 'minPasswordlength'> {
  /** Not looked at where there is a salt. */
  saltBits?: number
  salt?: string
  iv?: Buffer
}

export interface SealOptions {
  encryption: SealOptionsSub
  integrity: SealOptionsSub
  /** Milliseconds; 0, the default, is forever. */
  ttl: number
  /** Seconds that a seal outlives its expiration; default 60. */
  timestampSkewSec: number
  /** Milliseconds added to the clock; default 0. */
  localtimeOffsetMsec: number
}

export interface Key {
  key: Buffer
  salt: string
  iv: Buffer
}

export interface HMacResult {
  /** base64url. */
  digest: string
  salt: string
}

/** One secret for both, with the id that is written into the seal. */
export interface Secret {
  id?: string
  secret: Password
}

/** A secret for each. */
export interface Specific {
  id?: string
  encryption: Password
  integrity: Password
}

/** From id to secret. */
export interface Hash {
  [id: string]: Password | Secret | Specific
}
