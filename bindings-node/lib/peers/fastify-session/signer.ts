// Signatures as `@fastify/cookie` 11 makes them: the value, a dot, an HMAC in unpadded base64.
import { keygripSignature, sameText } from '../../native.js'

export interface UnsignResult {
  valid: boolean
  renew: boolean
  value: string | null
}

export interface Signer {
  sign: (value: string) => string
  unsign: (input: string) => UnsignResult
}

type Secret = string | Uint8Array
type Hmac = (value: string, secret: Secret) => string

const INVALID: UnsignResult = { valid: false, renew: false, value: null }

/** The first secret signs, all verify. A list is read at each call, so that secrets can be rotated in it. */
export function signer(given: string | string[], algorithm: string): Signer {
  const secrets: readonly Secret[] = Array.isArray(given) ? given : [given]
  if (!secrets.every(isSecret)) throw new TypeError('Secret key must be a string or Buffer.')
  const hmac = hmacOf(algorithm)
  // An algorithm that isn't in the core.
  if (hmac === undefined) return new (require('@fastify/cookie').Signer)(given, algorithm)
  const [initial] = secrets as [Secret]
  return {
    sign: (value) => sign(hmac, value, secrets[0] ?? initial),
    unsign: (input) => unsign(hmac, input, secrets),
  }
}

function isSecret(secret: unknown): boolean {
  return typeof secret === 'string' || Buffer.isBuffer(secret)
}

function hmacOf(algorithm: string): Hmac | undefined {
  if (keygripSignature(algorithm, '', '') === null) return undefined
  return (value, secret) => {
    const signature = keygripSignature(algorithm, secret, value) as string
    return signature.replaceAll('-', '+').replaceAll('_', '/')
  }
}

function sign(hmac: Hmac, value: string, secret: Secret): string {
  if (typeof value !== 'string') throw new TypeError('Cookie value must be provided as a string.')
  return `${value}.${hmac(value, secret)}`
}

function unsign(hmac: Hmac, input: string, secrets: readonly Secret[]): UnsignResult {
  if (typeof input !== 'string') throw new TypeError('Signed cookie string must be provided.')
  const dot = input.lastIndexOf('.')
  if (dot === -1) return { ...INVALID }
  const value = input.slice(0, dot)
  const secret = secrets.find((secret) => sameText(hmac(value, secret), input.slice(dot + 1)))
  return secret === undefined ? { ...INVALID } : { valid: true, renew: secret !== secrets[0], value }
}
