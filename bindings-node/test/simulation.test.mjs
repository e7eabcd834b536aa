// Requests that overlap, one store call at a time: the tapes are those of the core's own simulation
// (core/tests/simulation.rs). Whatever the order, no committed write is lost, no logout or revocation undone, and no
// user's data under another user.
import assert from 'node:assert/strict'
import { AsyncLocalStorage } from 'node:async_hooks'
import { createRequire } from 'node:module'
import { test } from 'node:test'

const require = createRequire(import.meta.url)
// Pauses are courtesies; taken before the package takes its own.
require('node:timers/promises').setTimeout = () => Promise.resolve()
const inject = require('light-my-request')
const { login, logout, reason, session, sessions, user } = require('shortcrust/express')
const { MemoryStore } = require('shortcrust/stores/memory')
const { native, SECRET, storeKey } = await import('./support.mjs')

const ROUNDS = process.env.LONG ? 10_000 : 400
const USERS = ['ada', 'bob']

/** Numbers that are the same in every language: xorshift32. */
class Tape {
  constructor(seed) {
    this.state = (Math.imul(seed, 2_654_435_761) | 1) >>> 0
  }

  next(below) {
    this.state = (this.state ^ (this.state << 13)) >>> 0
    this.state = (this.state ^ (this.state >>> 17)) >>> 0
    this.state = (this.state ^ (this.state << 5)) >>> 0
    return (this.state >>> 8) % below
  }
}

const current = new AsyncLocalStorage()

/** Each call waits until its request is let go on. */
function gated(store, ended) {
  return new Proxy(store, {
    get(target, name) {
      const value = target[name]
      if (typeof value !== 'function') return value
      return async (...args) => {
        const turn = current.getStore()
        await new Promise((go) => {
          turn.go = go
        })
        if (name === 'revoke') {
          for (const { key } of await target.list(args[0])) if (key !== args[1]) ended.add(key)
        }
        return value.apply(target, args)
      }
    },
  })
}

class World {
  constructor(seed) {
    this.tape = new Tape(seed)
    this.ended = new Set()
    this.store = new MemoryStore()
    this.middleware = session({ secrets: [SECRET], store: gated(this.store, this.ended) })
    this.browsers = [undefined, undefined, undefined]
    this.requests = []
    this.keys = new Set()
    /** What became of the sessions under these was not looked at. */
    this.unknown = new Set()
    this.writes = new Map()
    this.moves = []
    this.written = 0
  }

  async run() {
    for (let step = 0; step < 120; step++) {
      const what = this.tape.next(16)
      if (what < 5 && this.requests.length < 4) await this.begin(this.tape.next(3))
      else if (this.requests.length > 0) await this.advance(this.tape.next(this.requests.length))
    }
    for (let at = 0; this.requests.length > 0; at++) await this.advance(at % this.requests.length)
  }

  async begin(browser) {
    const turn = { isDone: false, go: undefined }
    const cookie = this.browsers[browser]
    const handled = current.run(turn, () => this.request(browser, cookie))
    handled.then(
      () => {
        turn.isDone = true
      },
      (error) => {
        turn.error = error
        turn.isDone = true
      },
    )
    this.requests.push(turn)
    await this.settled(turn)
  }

  async advance(at) {
    const turn = this.requests[at]
    const { go } = turn
    turn.go = undefined
    go?.()
    await this.settled(turn)
    const done = this.requests.findIndex(({ isDone }) => isDone)
    if (done === -1) return
    const [{ error }] = this.requests.splice(done, 1)
    if (error !== undefined) throw error
  }

  /** Until it waits for the store again, or has ended; who waits for another's turn does neither. */
  async settled(turn) {
    for (let ticks = 0; ticks < 8 && turn.go === undefined && !turn.isDone; ticks++) {
      await new Promise((next) => setImmediate(next))
    }
  }

  async request(browser, cookie) {
    const request = { mine: new Set(), ends: [], from: cookie && storeKey('record', cookie) }
    let served
    const response = await inject(
      (req, res) => {
        served = req
        this.middleware(req, res, async (error) => {
          if (error) throw error
          if (reason(req) !== undefined) request.from = undefined
          for (let left = 1 + this.tape.next(3); left > 0; left--) await this.command(request, req)
          for (const key of request.mine) if (!(key in (req.session ?? {}))) request.mine.delete(key)
          res.end()
        })
      },
      { url: '/', headers: cookie === undefined ? {} : { cookie: `session=${cookie}` } },
    )
    // What was changed by hand is known when it was saved.
    request.user = user(served)
    this.close(request, browser, cookie, response, reason(served))
  }

  close(request, browser, cookie, response, why) {
    const [line] = [response.headers['set-cookie'] ?? []].flat()
    const value = line === undefined ? cookie : line.split(';')[0].slice('session='.length)
    if (line !== undefined) this.browsers[browser] = value || undefined
    if (['ended', 'identity', 'conflict', 'unavailable'].includes(why) && !request.isAnew) return
    for (const key of request.ends) this.ended.add(key)
    if (!value) return
    const key = storeKey('record', value)
    this.keys.add(key)
    if (request.from !== undefined && request.from !== key) this.moves.push([request.from, key])
    for (const written of request.mine) this.writes.set(written, { key, user: request.user })
  }

  async command(request, req) {
    const what = this.tape.next(12)
    const name = USERS[this.tape.next(2)]
    if (what < 5) {
      this.written += 1
      req.session[`k${this.written}`] = ''
      request.mine.add(`k${this.written}`)
    } else if (what === 5) {
      const before = user(req)
      await login(req, name)
      if (before !== undefined && before !== name) this.end(request)
      delete req.session.userId
      request.isTold = true
    } else if (what === 6) {
      await logout(req)
      this.empty(request)
    } else if (what === 7) {
      await req.session.regenerate()
      this.empty(request)
    } else if (what === 8) {
      await req.session.save().catch(() => {})
      // What became of it is not looked at here: the other two simulations do.
      request.mine.clear()
      if (request.from !== undefined) this.unknown.add(request.from)
      request.from = undefined
      request.isTold = true
    } else if (what === 9) {
      const isOwn = user(req) === name
      await sessions.revokeAll(req, name)
      if (!isOwn) return
      this.empty(request)
      if (req.session === undefined) req.session = {}
    } else if (what === 10 && !request.isTold) {
      // Another's data stay behind, but for what this request wrote.
      if (user(req) !== undefined && user(req) !== name) this.end(request)
      req.session.userId = name
      request.isTold = true
    }
  }

  end(request) {
    if (request.from !== undefined) request.ends.push(request.from)
    request.from = undefined
  }

  empty(request) {
    this.end(request)
    request.mine.clear()
    request.isTold = true
  }

  async check(seed) {
    const live = new Map()
    for (const key of [...this.keys, ...this.ended]) {
      const [row] = await this.store.load([key])
      if (row !== undefined && native.recordTimes(row.text) !== null) live.set(key, JSON.parse(row.text))
    }
    for (const key of this.ended) assert.ok(!live.has(key), `seed ${seed}: a logout was undone`)
    for (const [written, { key }] of this.writes) {
      const places = this.reachable(key)
      const isThere = places.some((place) => live.get(place)?.d[written] !== undefined)
      const isExcused = places.some((place) => this.ended.has(place) || this.unknown.has(place))
      assert.ok(isThere || isExcused, `seed ${seed}: the write ${written} was lost`)
    }
    for (const record of live.values()) {
      for (const written of Object.keys(record.d)) {
        const owner = this.writes.get(written)?.user
        assert.ok(owner === undefined || owner === record.u, `seed ${seed}: ${written} is under ${record.u}`)
      }
    }
  }

  reachable(key) {
    const places = [key]
    for (const place of places) {
      for (const [from, to] of this.moves) if (from === place && !places.includes(to)) places.push(to)
    }
    return places
  }
}

test('whatever the order, nothing committed is lost and nothing that ended lives', async () => {
  for (let seed = 0; seed < ROUNDS; seed++) {
    const world = new World(seed)
    await world.run()
    await world.check(seed)
  }
})
