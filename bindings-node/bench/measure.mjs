// Two sides of a row, interleaved in one process: CPU time of batches, medians of the pairs' ratios.
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'

const ROUNDS = Number(process.env.ROUNDS ?? 21)
/** Of CPU a batch, in microseconds. */
const BATCH = Number(process.env.BATCH ?? 15_000)
const WARM_UP = 4
const LEAST = 20

setFlagsFromString('--expose-gc')
const collectGarbage = runInNewContext('gc')

/** JSON of about 14, 310 and 2,400 bytes. */
export const PAYLOADS = { tiny: { user_id: 42 }, typical: typical(), large: large() }

function typical() {
  return {
    user_id: 183_922,
    username: 'ada.lovelace',
    email: 'ada.lovelace@example.com',
    roles: ['customer', 'reviewer', 'beta'],
    csrf_token: 'b3f1c9d0e7a84f52b6c1d2e3f4a5968778695a4b',
    locale: 'en-GB',
    theme: 'dark',
    cart: {
      items: [
        { sku: 'PIE-0042', n: 2 },
        { sku: 'TART-0007', n: 1 },
      ],
      total: 31.5,
    },
    last_seen: '2027-01-15T08:00:00Z',
    visits: 17,
  }
}

function large() {
  const items = Array.from({ length: 34 }, (_, at) => ({
    sku: `PIE-${1_000 + at}`,
    n: at,
    note: `with cream, number ${at}`,
  }))
  return { ...typical(), history: items }
}

async function cpu(side, count) {
  // What is not of the session, such as the request itself, is made before.
  const runs = side.prepare ? side.prepare(count) : undefined
  collectGarbage({ type: 'minor' })
  const before = process.cpuUsage()
  for (let at = 0; at < count; at += 1) {
    const waiting = runs === undefined ? side.run() : side.run(runs[at])
    if (waiting !== undefined) await waiting
  }
  const { user, system } = process.cpuUsage(before)
  return (user + system) / count
}

const sorted = (numbers) => [...numbers].sort((a, b) => a - b)
const at = (numbers, part) => numbers[Math.round((numbers.length - 1) * part)]

/** @param goal `needed` and `wanted`, as ratios */
export async function measure(row, payload, goal, ours, peer) {
  const first = await cpu(ours, LEAST)
  const count = Math.max(LEAST, Math.round(BATCH / Math.max(first, 0.2)))
  const times = []
  for (let round = 0; round < ROUNDS + WARM_UP; round += 1) {
    const order = round % 2 === 0 ? [ours, peer] : [peer, ours]
    const found = new Map()
    for (const side of order) found.set(side, await cpu(side, count))
    if (round >= WARM_UP) times.push([found.get(ours), found.get(peer)])
  }
  const ratios = sorted(times.map(([one, other]) => other / one))
  const median = (side) => at(sorted(times.map((pair) => pair[side])), 0.5)
  const rounded = (number) => Number(number.toPrecision(3))
  const line = {
    row,
    payload,
    ours_us: rounded(median(0)),
    peer_us: rounded(median(1)),
    ratio: rounded(at(ratios, 0.5)),
    spread: [rounded(at(ratios, 0.25)), rounded(at(ratios, 0.75))],
    needed: goal[0],
    wanted: goal[1],
  }
  console.log(JSON.stringify(line))
}
