// Requests that overlap, one store call at a time, over every store: the tapes are those of the core's own simulation
// (core/tests/simulation). Whatever the order, no committed write is lost, no logout or revocation undone, no id
// adopted, nothing opened that has expired and no user's data under another user.
import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'

import { TABLE, Tape } from './simulated-tape.mjs'
import { WHOLE_STORES } from './stores.mjs'

const run = promisify(execFile)
const SIMULATION = fileURLToPath(new URL('simulated-rounds.mjs', import.meta.url))
/** Of a store that is not named: 10. With LONG=1 25 times as many. */
const ROUNDS = {
  memory: 1_800,
  'better-sqlite3': 40,
  'node:sqlite': 40,
  postgres: 40,
  'redis, by node-redis': 40,
  'redis, by ioredis': 40,
  dynamodb: 10,
}

test('the numbers are the same in every language', () => {
  const { seed, below, first } = TABLE.numbers
  const tape = new Tape(seed)
  assert.deepEqual(
    first.map(() => tape.next(below)),
    first,
  )
})

for (const [name, { skip }] of Object.entries(WHOLE_STORES)) {
  test(`${name}: whatever the order, nothing committed is lost and nothing that ended lives`, {
    skip,
  }, async () => {
    const rounds = (ROUNDS[name] ?? 10) * (process.env.LONG ? 25 : 1)
    await run(process.execPath, [SIMULATION, name, String(rounds)])
  })
}
