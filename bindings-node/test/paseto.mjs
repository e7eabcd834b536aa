// docs/sealed-v1.md again, on node:crypto and another PASETO library.
import { hkdfSync } from 'node:crypto'

import { decrypt, encrypt } from 'paseto-ts/v4'

const derive = (secret, info, length) =>
  Buffer.from(hkdfSync('sha256', secret, 'shortcrust/v1', info, length))

const key = (secret) => `k4.local.${derive(secret, 'sealed v4.local key', 32).toString('base64url')}`

/** PASETO's pre-authentication encoding. */
function pae(...pieces) {
  const length = (count) => {
    const bytes = Buffer.alloc(8)
    bytes.writeBigUInt64LE(BigInt(count))
    return bytes
  }
  const parts = pieces.flatMap((piece) => [length(Buffer.byteLength(piece)), Buffer.from(piece)])
  return new Uint8Array(Buffer.concat([length(pieces.length), ...parts]))
}

const assertion = (name, audience) => pae('shortcrust/v1', 'session', audience, name)

export function claims(token, secret, { name = 'session', audience = '' } = {}) {
  const options = { assertion: assertion(name, audience), validatePayload: false }
  return decrypt(key(secret), token, options).payload
}

export function seal(payload, secret, { name = 'session', audience = '' } = {}) {
  return encrypt(key(secret), payload, {
    addExp: false,
    addIat: false,
    assertion: assertion(name, audience),
    footer: new Uint8Array(derive(secret, 'sealed v4.local kid', 8)),
    validatePayload: false,
  })
}
