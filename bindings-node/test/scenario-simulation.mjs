// Browsers, requests, a store and a clock, in which the steps of a scenario are carried out, through the middleware.
import { createRequire } from 'node:module'

const require = createRequire(import.meta.url)
let slept = () => {}
// Taken before the package takes its own.
require('node:timers/promises').setTimeout = async (millis) => slept(millis)
const inject = require('light-my-request')
const { login, logout, reason, session, sessions, user } = require('shortcrust/express')
const { ambient, storeKey } = await import('./support.mjs')
const { Records, said } = await import('./scenario-store.mjs')

const SECRET = 'the first secret of the tests, over 32 bytes'
const START = 2_000_000_000_000
const ROLLS = ['logs in', 'logs out', 'regenerates', 'revokes all but its own of']
const COMMANDS = {
  sets: 'set',
  'logs in': 'login',
  'logs out': 'logout',
  regenerates: 'regenerate',
  destroys: 'destroy',
  touches: 'touch',
  reloads: 'reload',
  saves: 'save',
  revokes: 'revoke',
  'revokes all of': 'revokeAll',
  'revokes all but its own of': 'revokeOthers',
  closes: 'close',
  'closes late': 'closeLate',
  arrives: 'arrive',
}

class StoreFailed extends Error {}

export class Simulation {
  now = START
  byte = 0
  browsers = {}
  requests = {}
  /** Inside of a request's store actions others may be at work. */
  running = []
  rolls = 0
  hooks = []
  faults = []
  isDown = false
  log = []
  keys = []

  constructor(config) {
    this.records = new Records(this.act.bind(this), this.named.bind(this))
    this.configure(config)
    ambient.now = () => this.now
    Object.defineProperty(ambient, 'entropy', {
      configurable: true,
      get: () => new Uint8Array(1_024).fill(this.byte),
    })
    slept = (millis) => this.note(`sleeps ${millis} ms`)
  }

  configure({ keeps = 'sessions', reader, policy = {}, user_key: userKey, ...rest }) {
    const { renew_after: renewAfter, ...spans } = policy
    const options = { secrets: [SECRET], ...rest, policy: { ...spans } }
    if (renewAfter !== undefined) options.policy.renewAfter = renewAfter
    if (userKey !== undefined) options.userKey = userKey
    if (reader !== undefined) options.readers = [{ format: reader, until: 'never' }]
    if (keeps === 'sessions') options.store = this.records.store
    if (keeps === 'revocations') options.revocations = this.records.store
    this.config = { name: 'session', audience: '', namespace: '', ...rest }
    this.middleware = session(options)
  }

  note(what) {
    this.log.push(`${this.running.at(-1).name} ${what}`)
  }

  named(key) {
    if (!this.keys.includes(key)) this.keys.push(key)
    return `key ${this.keys.indexOf(key) + 1}`
  }

  /** A store action of the request that is at work. */
  async act(kind, told, run) {
    const request = this.running.at(-1)
    const isMeant = (hook) => hook.name === request.name && hook.kind === kind
    const meant = this.hooks.filter(isMeant)
    // What is hooked by these is for later actions.
    this.hooks = this.hooks.filter((hook) => !isMeant(hook))
    for (const { steps } of meant) await this.takeSteps(steps)
    this.byte = request.byte
    const what = `${kind} ${told()}`
    const at = this.faults.findIndex((fault) => fault.kind === kind)
    const [fault] = at === -1 ? [] : this.faults.splice(at, 1)
    if (fault === undefined && (!this.isDown || kind === 'sweep')) {
      const answer = run()
      this.note(`${what} -> ${said(answer)}`)
      return answer
    }
    const isDone = fault?.verb === 'fails after'
    if (isDone) run()
    this.note(`${what} -> ${isDone ? 'does it and fails' : 'fails'}`)
    throw new StoreFailed()
  }

  async takeSteps(steps) {
    for (const step of steps) await this.take(...step)
  }

  async take(subject, verb, ...rest) {
    if (subject === 'clock') this.now += verb * 1_000
    else if (subject === 'config') this.configure(verb)
    else if (subject === 'store' && verb.startsWith('is ')) this.isDown = verb === 'is down'
    else if (subject === 'store') this.faults.push({ kind: rest[0], verb })
    else if (subject === 'before') this.hooks.push({ name: verb, kind: rest[0], steps: rest[1] })
    else if (subject === 'browser') {
      this.browsers[verb] = rest[0] === 'copies' ? this.browsers[rest[1]] : rest[1]
    } else if (verb === 'opens') {
      this.requests[subject] = new Request(this, subject, rest)
      await this.within(this.requests[subject], (request) => request.open())
    } else {
      await this.within(this.requests[subject], async (request) => {
        if (ROLLS.includes(verb)) request.roll()
        await request[COMMANDS[verb]](...rest)
      })
    }
  }

  /** With the request's random bytes; what it throws its handler takes. */
  async within(request, run) {
    this.running.push(request)
    this.byte = request.byte
    try {
      await run(request)
    } catch (error) {
      request.raises(error)
    } finally {
      this.running.pop()
    }
  }

  /** What has come of a request, or a browser finds, or of how many sessions live. */
  async outcome(name) {
    if (name === 'records') return this.records.live()
    if (name === 'labels') return this.records.labels()
    const { [name]: request } = this.requests
    if (request !== undefined) return request.ended()
    this.isDown = false
    await this.take('the end', 'opens', name)
    const { req } = this.requests['the end']
    const why = reason(req)
    if (why !== undefined) return { reason: why }
    return { user: user(req) ?? null, data: { ...req.session } }
  }
}

class Request {
  byte = 0
  raised = []
  cookies = null
  reason = null

  constructor(simulation, name, browsers) {
    Object.assign(this, { simulation, name, browsers, config: simulation.config })
  }

  roll() {
    this.simulation.rolls += 1
    this.byte = this.simulation.rolls
    this.simulation.byte = this.byte
  }

  raises(error) {
    const word = error instanceof StoreFailed ? "the store's error" : error.code
    if (word === undefined) throw error
    this.simulation.note(`raises ${word}`)
    this.raised.push(word)
  }

  async open() {
    const { simulation } = this
    this.roll()
    const cookies = this.browsers.map((browser) => simulation.browsers[browser]).filter(Boolean)
    const cookie = cookies.map((value) => `${this.config.name}=${value}`).join('; ')
    const headers = cookie === '' ? {} : { cookie }
    await new Promise((opened) => {
      this.response = inject(
        (req, res) => {
          Object.assign(this, { req, res })
          simulation.middleware(req, res, (error) => {
            if (error !== undefined) this.fail(error)
            opened()
          })
        },
        { url: '/', headers },
      )
    })
    if (this.isOver) return
    const why = reason(this.req)
    if (why !== undefined) simulation.note(`opens nothing: ${why}`)
    else simulation.note(`opens ${JSON.stringify(this.req.session)} of ${user(this.req) ?? 'nobody'}`)
  }

  /** The page about an error. */
  fail(error) {
    this.isOver = true
    this.raises(error)
    this.res.statusCode = 500
    this.res.end()
  }

  /** Where the session has ended, nothing is left to be changed. */
  set(change) {
    const { session } = this.req
    if (session === undefined) return
    Object.assign(session, change)
    for (const key of Object.keys(change)) if (change[key] === null) delete session[key]
  }

  login(name, label) {
    return login(this.req, name, { label })
  }

  logout() {
    return logout(this.req)
  }

  async regenerate() {
    const data = { ...this.req.session }
    await this.req.session.regenerate()
    Object.assign(this.req.session, data)
  }

  async destroy() {
    await this.req.session?.destroy()
  }

  async touch() {
    await this.req.session?.touch()
  }

  async reload() {
    await this.req.session?.reload()
  }

  async save() {
    await this.req.session?.save()
  }

  async revoke(browser) {
    const handle = storeKey(
      'record',
      this.simulation.browsers[browser] ?? '',
      this.config.name,
      this.config.namespace,
    )
    const isEnded = await sessions.revoke(this.req, handle)
    this.simulation.note(`has revoked ${Number(isEnded)}`)
  }

  async revokeAll(name, exceptCurrent = false) {
    const count = await sessions.revokeAll(this.req, name, { exceptCurrent })
    this.simulation.note(`has revoked ${count ?? 'an unknown number'}`)
  }

  revokeOthers(name) {
    return this.revokeAll(name, true)
  }

  async closeLate() {
    this.res.end()
    const { headers } = await this.response
    this.cookies = [headers['set-cookie'] ?? []].flat()
    for (const header of this.cookies) this.simulation.note(`sets ${header}`)
    this.reason = reason(this.req) ?? null
    this.simulation.note(`ends with ${this.reason ?? 'nothing'} amiss`)
  }

  async close() {
    await this.closeLate()
    this.arrive()
  }

  /** The browsers have the response. */
  arrive() {
    for (const header of this.cookies) {
      const [, value] = /^[^=]*=([^;]*)/.exec(header)
      for (const browser of this.browsers) this.simulation.browsers[browser] = value
    }
  }

  ended() {
    const { cookies, reason, raised } = this
    const set = cookies?.[0]?.includes('=; ') ? 'deleted' : 'set'
    const cookie = cookies === null ? null : cookies.length === 0 ? 'none' : set
    return { cookie, reason, raises: raised }
  }
}
