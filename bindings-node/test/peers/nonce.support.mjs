// Nonces of a test's own in both modules. To be imported first: ours takes its seal from the native module as it loads.
import { createRequire } from 'node:module'

const require = createRequire(import.meta.url)
const native = require('../../native.js')
const sodium = require('sodium-native')

const real = { seal: native.secretboxSealText, fill: sodium.randombytes_buf }
let next

native.secretboxSealText = (key, text) => {
  if (next === undefined) return real.seal(key, text)
  const nonce = next()
  const boxed = native.secretboxSeal(key, nonce, Buffer.from(text))
  return [boxed, nonce].map((bytes) => Buffer.from(bytes).toString('base64')).join(';')
}
sodium.randombytes_buf = (buffer) => (next === undefined ? real.fill(buffer) : void next().copy(buffer))

/** Runs with nonces from a function, of 24 bytes each. */
export async function withNonces(nonces, run) {
  next = nonces
  try {
    return await run()
  } finally {
    next = undefined
  }
}
