// Nonces of a test's own in both modules. To be imported first: ours takes `newId` from the native module as it loads.
import { createRequire } from 'node:module'

const require = createRequire(import.meta.url)
const native = require('../../native.js')
const sodium = require('sodium-native')

const real = { newId: native.newId, fill: sodium.randombytes_buf }
let next

native.newId = (length) => next?.().toString('base64url') ?? real.newId(length)
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
