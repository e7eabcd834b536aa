// Whether the work of a request grows with its session's size alone: CPU microseconds a Date, at two numbers of Dates
// and two depths. In a store, where a session may be large; each request changes one number beside them.
//
//   node bench/growth.mjs
//
// A row is flat where its last column is near 1. Where each Date was looked for from the top, it was their number.
import assert from 'node:assert/strict'
import { createServer } from 'node:http'

import { session } from 'shortcrust/express'
import { MemoryStore } from 'shortcrust/stores/memory'

const ROUNDS = 5
const COUNTS = [5000, 40_000]
const DEPTHS = [1, 150]

const FILL = {
  dates: (count) => Array.from({ length: count }, (_, at) => new Date(at * 1000)),
  'dates by key': (count) =>
    Object.fromEntries(Array.from({ length: count }, (_, at) => [`key ${at}`, new Date(at * 1000)])),
  numbers: (count) => Array.from({ length: count }, (_, at) => at),
}

const middleware = session({
  secrets: ['a secret of the benchmark, over 32 bytes'],
  store: new MemoryStore(),
})
const handlers = {
  put({ session }, query) {
    let value = FILL[query.get('fill')](Number(query.get('count')))
    for (let level = 0; level < Number(query.get('depth')); level += 1) value = { a: value }
    Object.assign(session, { value, visits: 0 })
  },
  change({ session }) {
    session.visits += 1
  },
  look({ session }) {
    return session.visits
  },
}
const server = createServer((request, response) => {
  const { pathname, searchParams } = new URL(request.url, 'http://localhost')
  middleware(request, response, (error) => {
    assert.ifError(error)
    response.end(String(handlers[pathname.slice(1)](request, searchParams) ?? ''))
  })
})
await new Promise((done) => server.listen(0, '127.0.0.1', done))
const origin = `http://127.0.0.1:${server.address().port}`

async function cost(fill, count, depth) {
  const first = await fetch(`${origin}/put?fill=${encodeURIComponent(fill)}&count=${count}&depth=${depth}`)
  const cookie = first.headers.get('set-cookie').split(';')[0]
  const ask = async (path) => (await fetch(`${origin}/${path}`, { headers: { cookie } })).text()
  const times = []
  for (let round = 0; round < ROUNDS; round += 1) {
    const before = process.cpuUsage()
    await ask('change')
    const { user, system } = process.cpuUsage(before)
    times.push((user + system) / count)
  }
  assert.equal(await ask('look'), String(ROUNDS))
  return times.sort((a, b) => a - b)[Math.floor(ROUNDS / 2)]
}

const places = COUNTS.flatMap((count) => DEPTHS.map((depth) => ({ count, depth })))
const heads = places.map(({ count, depth }) => `${count}, ${depth} deep`.padStart(18)).join('')
console.log(`\n${''.padEnd(14)}${heads}    ratio   (CPU microseconds of a changing request, a value)`)
for (const fill of Object.keys(FILL)) {
  const found = []
  for (const { count, depth } of places) found.push(await cost(fill, count, depth))
  const columns = found.map((it) => it.toFixed(2).padStart(18)).join('')
  const ratio = Math.max(...found) / Math.min(...found)
  console.log(`${fill.padEnd(14)}${columns}   ${ratio.toFixed(1).padStart(5)}x`)
}
server.close()
server.closeAllConnections()
