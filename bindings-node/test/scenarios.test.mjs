// Every scenario of tests/scenarios through the middleware: what happens must be what happens in the core and in
// Python, each store action, each header, each pause. tests/scenarios/README.md says what the steps mean.
import assert from 'node:assert/strict'
import { readdirSync, readFileSync } from 'node:fs'
import { test } from 'node:test'

const { World } = await import('./scenario-world.mjs')
const FOLDER = new URL('../../tests/scenarios/', import.meta.url)

/** What does not hold. */
async function faultOf(scenario) {
  const world = new World(scenario.config)
  await world.takeSteps(scenario.given)
  world.log.length = 0
  world.keys.length = 0
  await world.takeSteps(scenario.steps)
  const happened = { log: [...world.log], keys: [...world.keys] }
  for (const [name, want] of Object.entries(scenario.outcome)) {
    let found = await world.outcome(name)
    if (typeof want === 'object')
      found = Object.fromEntries(Object.keys(want).map((key) => [key, found[key]]))
    try {
      assert.deepEqual(found, want)
    } catch {
      return `${name} should be ${JSON.stringify(want)} and is ${JSON.stringify(found)}`
    }
  }
  const { log, keys } = scenario
  if (JSON.stringify(happened) === JSON.stringify({ log, keys })) return undefined
  return `what happens is\n${happened.log.join('\n')}\nand not\n${log.join('\n')}`
}

for (const name of readdirSync(FOLDER).filter((name) => name.endsWith('.json'))) {
  test(`every scenario of ${name} has its outcome, its store actions and its headers`, async () => {
    const { scenarios } = JSON.parse(readFileSync(new URL(name, FOLDER), 'utf8'))
    const faults = []
    for (const scenario of scenarios) {
      const fault = await faultOf(scenario)
      if (fault !== undefined) faults.push(`${scenario.name}: ${fault}`)
    }
    assert.equal(faults.length, 0, faults.join('\n\n'))
  })
}
