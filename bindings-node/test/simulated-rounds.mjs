// Requests that overlap, one store call at a time: `node simulated-rounds.mjs STORE ROUNDS`. A process of its own, since
// node:test watches every promise of its process, and that costs more than the requests do.
import assert from 'node:assert/strict'
import { AsyncLocalStorage } from 'node:async_hooks'
import { randomBytes } from 'node:crypto'
import { createRequire } from 'node:module'
import { argv } from 'node:process'

const require = createRequire(import.meta.url)
// Pauses are courtesies; taken before the package takes its own.
require('node:timers/promises').setTimeout = () => Promise.resolve()
const inject = require('light-my-request')
const { session } = require('shortcrust/express')
const { ambient, SECRET, storeKey, warnings } = await import('./support.mjs')
const { Ledger, Records } = await import('./simulated-ledger.mjs')
const { Request } = await import('./simulated-request.mjs')
const { TABLE, Tape } = await import('./simulated-tape.mjs')
const { WHOLE_STORES } = await import('./stores.mjs')

const START = 4_000_000_000_000

const current = new AsyncLocalStorage()

class Simulation {
  browsers = Array(TABLE.browsers).fill(undefined)
  turns = []
  now = START

  constructor(seed, store) {
    const when = TABLE.when_the_store_fails[seed % TABLE.when_the_store_fails.length]
    const { idle, absolute, renew_after: renewAfter } = TABLE.policy
    this.hasOutages = when !== 'never'
    this.tape = new Tape(seed)
    this.records = new Records(store)
    this.ledger = new Ledger(this.records)
    this.namespace = randomBytes(8).toString('hex')
    this.middleware = session({
      secrets: [SECRET],
      store: this.gated(store),
      namespace: this.namespace,
      outage: when === 'empty' ? 'empty' : 'error',
      policy: { idle, absolute, renewAfter },
    })
    ambient.now = () => this.now
  }

  /** Each call waits until its request is let go on. */
  gated(store) {
    const call =
      (name) =>
      async (...args) => {
        const turn = current.getStore()
        await new Promise((go) => {
          turn.go = go
        })
        turn.calls = this.call(name, args, turn)
        return turn.calls
      }
    const calls = ['load', 'create', 'put', 'save', 'delete', 'list', 'revoke'].map((name) => [
      name,
      call(name),
    ])
    // The simulation sweeps by itself.
    return { ...Object.fromEntries(calls), sweep: async () => 0, capabilities: store.capabilities }
  }

  async call(name, args, turn) {
    const isOut = this.hasOutages && this.tape.next(TABLE.one_outage_in) === 0
    if (isOut && this.tape.oneOf(TABLE.outages) === 'before it took effect') throw new Error('outage')
    const answer = await this.records.run(name, args, this.now, turn.req)
    if (isOut) throw new Error('outage')
    return answer
  }

  async run() {
    for (let step = 0; step < TABLE.steps; step++) {
      const what = this.tape.pick('events')
      const mayBegin = this.turns.length < TABLE.requests
      if (what === 'the clock goes on') {
        this.now += 1000 * this.tape.next(TABLE.longest_pause)
      } else if (what === 'sweep') await this.records.sweep(this.now)
      else if (what === 'begin' && mayBegin) await this.begin(false)
      else if (what === 'begin with an id that was made up' && mayBegin) await this.begin(true)
      else if (this.turns.length > 0) await this.advance(this.tape.next(this.turns.length))
    }
    for (let at = 0; this.turns.length > 0; at++) await this.advance(at % this.turns.length)
    await this.ledger.check()
  }

  async begin(isMadeUp) {
    const browser = this.tape.next(this.browsers.length)
    if (isMadeUp) {
      const id = String(this.tape.next(1_000)).padStart(43, '0')
      this.ledger.madeUp.add(storeKey('record', id, 'session', this.namespace))
      this.browsers[browser] = id
    }
    const turn = { isDone: false }
    this.turns.push(turn)
    const done = (error) => Object.assign(turn, { error, isDone: true })
    current.run(turn, () => this.request(browser, turn)).then(() => done(), done)
    await this.settled(turn)
  }

  async advance(at) {
    const turn = this.turns[at]
    const { go } = turn
    turn.go = undefined
    go?.()
    await this.settled(turn)
    const done = this.turns.findIndex(({ isDone }) => isDone)
    if (done === -1) return
    const [{ error }] = this.turns.splice(done, 1)
    if (error !== undefined) throw error
  }

  /** Until it waits for the store again, or has ended; who waits for another's turn does neither. */
  async settled(turn) {
    for (let ticks = 0; ticks < 8 && turn.go === undefined && !turn.isDone; ticks++) {
      await new Promise((next) => setImmediate(next))
      await Promise.allSettled([turn.calls, this.records.reading])
    }
  }

  async request(browser, turn) {
    const cookie = this.browsers[browser]
    let request
    let hasFailed = false
    let fault
    const response = await inject(
      (req, res) => {
        turn.req = req
        const fail = () => {
          hasFailed = true
          request?.leave()
          res.statusCode = 500
          res.end()
        }
        this.middleware(req, res, async (error) => {
          if (error) return fail()
          try {
            request = this.opened(req)
            for (let left = 1 + this.tape.next(TABLE.most_commands); left > 0; left--) {
              await request.command(this.tape.pick('commands'))
            }
            request.leave()
          } catch (error) {
            if (error instanceof assert.AssertionError) fault = error
            return fail()
          }
          res.end()
        })
      },
      { url: '/', headers: cookie === undefined ? {} : { cookie: `session=${cookie}` } },
    )
    if (fault) throw fault
    for (const line of [response.headers['set-cookie'] ?? []].flat()) {
      this.browsers[browser] = line.split(';')[0].slice('session='.length) || undefined
    }
    // The page about an error writes the session too, but where it is that which can't be written.
    if (hasFailed) request?.failed()
    await request?.saved()
  }

  opened(req) {
    const request = new Request(req, this.tape, this.ledger)
    if (request.from !== undefined) this.ledger.checkOpened(request.from, this.now)
    this.ledger.checkOwner(req.session, request.driver.user)
    return request
  }
}

const [name, rounds] = argv.slice(2)
const { store, close } = await WHOLE_STORES[name].open()
try {
  // Of each outage the front warns.
  await warnings(async () => {
    for (let seed = 0; seed < Number(rounds); seed++) {
      await new Simulation(seed, store).run().catch((fault) => {
        throw new Error(`seed ${seed}: ${fault.message}`, { cause: fault })
      })
    }
  })
} finally {
  await close()
}
