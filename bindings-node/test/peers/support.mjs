// What the tests of the drop-ins share: vectors, a clock, random sessions.
import { pbkdf2 } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { promisify } from 'node:util'

import fc from 'fast-check'

const derive = promisify(pbkdf2)

/** How many random documents a differential test takes. */
export const RUNS = process.env.LONG ? 10_000 : 1_000

/** The cases of a family, made by the peer itself. */
export function peerVectors(family) {
  const file = new URL(`../../../tests/vectors/peers/${family}.json`, import.meta.url)
  const { count, cases } = JSON.parse(readFileSync(file, 'utf8'))
  if (cases.length !== count) throw new Error(`${family}: ${cases.length} cases where ${count} are due`)
  return cases
}

/** A key in a vector: text, or bytes as `{ hex }`. */
export function bytes(value) {
  return typeof value?.hex === 'string' ? Buffer.from(value.hex, 'hex') : value
}

/** Runs with `Date.now()` standing still, as the vectors were made. */
export async function atTime(now, run) {
  if (now == null) return run()
  const real = Date.now
  Date.now = () => now
  try {
    return await run()
  } finally {
    Date.now = real
  }
}

const realNow = Date.now

/** Sets `Date.now()` for the rest of the test; without a time it stands still. */
export function clock(context, now = realNow()) {
  if (Date.now === realNow) {
    context.after(() => {
      Date.now = realNow
    })
  }
  Date.now = () => now
  return (later) => {
    now = later
  }
}

/** Whether `run` needs a thread of libuv's pool: while none is free, it is not done. */
export async function isOffTheEventLoop(run) {
  const order = []
  const busy = Array.from({ length: Number(process.env.UV_THREADPOOL_SIZE ?? 4) }, async () => {
    await derive('x', 'x', 200_000, 32, 'sha256')
    order.push('others')
  })
  await Promise.all([...busy, run().then(() => order.push('run'))])
  return order[0] === 'others'
}

/** What `JSON.parse` may give: a session's data; without `__proto__`, which the drop-ins leave out. */
export const sessionData = () =>
  fc
    .dictionary(fc.string({ unit: 'grapheme', maxLength: 8 }), fc.jsonValue({ maxDepth: 4 }), {
      maxKeys: 6,
      noNullPrototype: true,
    })
    .filter((data) => !JSON.stringify(data).includes('__proto__'))
