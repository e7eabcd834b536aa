// Every scenario of tests/scenarios through the middleware: what happens must be what happens in the core and in
// Python, each store action, each header, each pause. tests/scenarios/README.md says what the steps mean.
import assert from 'node:assert/strict'
import { readdirSync, readFileSync } from 'node:fs'
import { test } from 'node:test'

const { Simulation } = await import('./scenario-simulation.mjs')
const FOLDER = new URL('../../tests/scenarios/', import.meta.url)

/** What does not hold. */
async function faultOf(scenario) {
  const simulation = new Simulation(scenario.config)
  await simulation.takeSteps(scenario.given)
  simulation.log.length = 0
  simulation.keys.length = 0
  await simulation.takeSteps(scenario.steps)
  const happened = { log: [...simulation.log], keys: [...simulation.keys] }
  for (const [name, want] of Object.entries(scenario.outcome)) {
    let found = await simulation.outcome(name)
    if (typeof want === 'object' && !Array.isArray(want))
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
