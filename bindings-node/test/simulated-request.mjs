// One request of a simulation: its handler's commands, and what the ledger is to know of them.
import assert from 'node:assert/strict'
import { createRequire } from 'node:module'

import { TABLE } from './simulated-tape.mjs'

const require = createRequire(import.meta.url)
const { login, logout, sessions, user } = require('shortcrust/express')
const { driverOf } = require('../dist/driver.js')

export class Request {
  /** A login or logout has said whose the session is. */
  isTold = false
  /** The session is to go on under another id. */
  hasLeft = false
  /** What it has written and not taken back. */
  mine = new Set()
  /** All that it has written since it ended a session. */
  wrote = new Set()
  ends = []
  /** What it is about to revoke. */
  handle = undefined

  constructor(req, tape, ledger) {
    this.req = req
    this.tape = tape
    this.ledger = ledger
    this.driver = driverOf(req, 'test')
    /** Under what the session lay when it came, or was last saved; none where that was left behind. */
    this.from = this.driver.key
    /** Its data may come along under a new id, if this request itself has ended it. */
    this.origin = this.driver.key
  }

  /** That session() made, or a new one where it has ended. */
  get data() {
    this.req.session ??= {}
    return this.req.session
  }

  async command(what) {
    const { req } = this
    if (what === 'write') {
      const name = this.ledger.newName()
      this.data[name] = ''
      this.mine.add(name)
      this.wrote.add(name)
    } else if (what === 'login') {
      const [before, name] = [user(req), this.#user()]
      await login(req, name)
      if (before !== undefined && before !== name) this.#end()
      delete this.data.user_id
      this.#told()
    } else if (what === 'logout') {
      await logout(req)
      this.#empty()
    } else if (what === 'regenerate') {
      await this.data.regenerate()
      // The session is empty, but for what other requests write until this one has left it.
      const { origin } = this
      this.#empty()
      this.origin = origin
    } else if (what === 'save') {
      this.leave()
      await this.data.save()
      await this.saved()
    } else if (what === 'revoke') {
      await this.#revoke()
    } else if (what === 'revoke_all') {
      const name = this.#user()
      const isOwn = user(req) === name
      await sessions.revokeAll(req, name)
      if (isOwn) this.#empty()
    } else if (what === 'set the user by hand') {
      const name = this.#user()
      // What a login told counts more than what is done by hand beside it.
      if (!this.isTold) this.data.user_id = name
    } else {
      assert.equal(what, 'nothing')
    }
  }

  /** Before what is left is written: a change of user by hand is a login. */
  leave() {
    const byHand = this.isTold ? undefined : this.req.session?.user_id
    if (byHand === undefined) return
    const before = user(this.req)
    this.hasLeft ||= before !== byHand
    // Another's data stay behind, but for what this request wrote.
    if (before !== undefined && before !== byHand) this.#end()
  }

  /** All was written, or nothing. */
  async saved() {
    const { driver, from, hasLeft, ledger } = this
    const failure = driver.native?.failure
    if (failure) {
      // Another request ended it: what this one goes on with is a session of its own.
      if (failure.reason !== 'unavailable') this.from = undefined
      return
    }
    for (const key of this.ends.splice(0)) ledger.ended.add(key)
    this.isTold = this.hasLeft = false
    const { key } = driver
    this.from = key
    if (key === undefined) {
      if (from !== undefined) ledger.ended.add(from)
      return
    }
    if (from !== undefined && from !== key) ledger.moves.push([from, key])
    assert.ok(!hasLeft || from !== key, 'a login or a change of rights kept the id')
    await this.#checkWhatCameAlong(key)
    this.origin = key
    const data = this.req.session ?? {}
    for (const name of this.mine) if (name in data) ledger.writes.set(name, { key, user: user(this.req) })
    this.mine.clear()
  }

  /** The store failed: what the request was about to end or to leave may be over or not. */
  failed() {
    const keys = [this.handle]
    if (this.hasLeft && this.driver.native?.failure) keys.push(this.from, this.driver.key, ...this.ends)
    for (const key of keys) if (key !== undefined) this.ledger.doubtful.add(key)
  }

  async #revoke() {
    const { driver, ledger, req, tape } = this
    const handles = [...ledger.writes.values()].map(({ key }) => key)
    if (handles.length === 0) return
    this.handle = tape.oneOf(handles)
    const isOwn = this.handle === driver.key
    const wasThere = await sessions.revoke(req, this.handle)
    if (wasThere) ledger.ended.add(this.handle)
    this.handle = undefined
    if (wasThere && isOwn) this.#empty()
  }

  /** What this request wrote, and the session that it has itself left for that. */
  async #checkWhatCameAlong(key) {
    const { records } = this.ledger
    if (key === this.origin || records.tombstones.get(this.origin) === this.req) return
    for (const { d } of (await records.live([key])).values()) {
      const others = Object.keys(d).filter((name) => name !== 'user_id' && !this.wrote.has(name))
      assert.deepEqual(others, [], 'of a session that another request ended, something lives on')
    }
  }

  #user() {
    return this.tape.oneOf(TABLE.users)
  }

  #end() {
    if (this.from !== undefined) this.ends.push(this.from)
    this.from = this.origin = undefined
  }

  #empty() {
    this.#end()
    this.mine.clear()
    this.wrote.clear()
    this.#told()
  }

  #told() {
    this.isTold = this.hasLeft = true
  }
}
