import type { CipherKey } from 'node:crypto'
import type { ServerResponse } from 'node:http'

import { delayLastByte } from '../../delay-response-end.js'
import { beforeHead, isHeadWritten } from '../../head.js'
import { immediate as defer } from '../../timers.js'
import { sign } from '../cookie-signature.js'
import { leaveBehind } from '../merge/carried.js'
import { joinedCookie } from '../merge/cookie.js'
import type { Known } from '../merge/index.js'
import { type Answered, type Found, promised } from '../merge/rows.js'
import { refuse } from '../own/index.js'
import { cookieOf, serialize } from './cookie.js'
import { isSecure, sentId } from './incoming.js'
import { log } from './log.js'
import type { Settings } from './options.js'
import { dataText, Session, settle } from './session.js'
import type { Callback, Request, SessionRecord } from './types.js'

type Methods = Record<'destroy' | 'regenerate' | 'reload' | 'save', (done: Callback) => unknown>

interface Row extends Known {
  id: string
  /** As JSON: a touch does not write it. */
  cookie: string
}

/** One request's session, from the cookie that came to what the response and the store are told. */
export class RequestSession {
  readonly #settings: Settings
  readonly #secrets: CipherKey[]
  readonly #request: Request
  readonly #response: ServerResponse
  readonly #next: Callback
  /** The id that came with the request. */
  readonly #sentId: string | undefined
  /** What the session was when the request began. */
  #id: string | undefined
  #text: string | undefined
  /** What is in the store for all we know. */
  #saved: string | undefined
  /** The row that the session was read from, or was written to. */
  #row: Row | undefined
  /** The data, as JSON, of the session that this one followed, where another request had ended that. */
  #ended: string | undefined
  #isTouched = false
  #isBroken = false
  /** The store could not tell the session that the cookie names: nothing is written, and the cookie stays. */
  #isOut = false

  constructor(
    settings: Settings,
    secrets: CipherKey[],
    request: Request,
    response: ServerResponse,
    next: Callback,
  ) {
    this.#settings = settings
    this.#secrets = secrets
    this.#request = request
    this.#response = response
    this.#next = next
    this.#sentId = sentId(request, settings, secrets)
  }

  /** Calls `next` when `req.session` is there. */
  begin(): void {
    const { store } = this.#settings
    this.#request.sessionStore = store
    this.#settings.own?.know(this.#request, {
      session: () => this.#request.session,
      renew: () => this.#renew(this.#request.session as Session),
      isLate: () => isHeadWritten(this.#response),
    })
    this.#request.sessionID = this.#sentId
    beforeHead(this.#response, () => this.#once(() => this.#head()))
    delayLastByte(this.#response, (done) => this.#once(() => this.#commit(done)) ?? false)

    if (this.#sentId) {
      store.get(this.#sentId, (error, found, isOut) => this.#fetched(error, found, isOut))
      return
    }
    log('no id came, generating a session')
    this.#generate()
    this.#next()
  }

  #fetched(error: unknown, found: SessionRecord | null | undefined, isOut = false): void {
    this.#isOut = isOut
    if (error && (error as NodeJS.ErrnoException).code !== 'ENOENT') {
      this.#next(error)
      return
    }
    try {
      if (error || !found) this.#generate()
      else this.#inflate(found)
      if (isOut) refuse(this.#request.session as Session, ['destroy', 'regenerate', 'save'])
    } catch (strange) {
      this.#next(strange)
      return
    }
    this.#next()
  }

  #generate(): void {
    this.#settings.store.generate(this.#request)
    const session = this.#request.session as Session
    this.#remember(dataText(session))
    this.#watch(session)
  }

  #inflate(found: SessionRecord): void {
    const { merger, resave, store } = this.#settings
    const token = merger?.tokenOf(found)
    const session = store.createSession(this.#request, found)
    const base = dataText(found)
    this.#remember(base)
    const cookie = JSON.stringify((this.#request.session ?? session).cookie)
    this.#row = { id: this.#sentId as string, base, token, cookie }
    if (!resave) this.#saved = this.#text
    this.#watch(this.#request.session ?? session)
  }

  #remember(text: string): void {
    this.#id = this.#request.sessionID
    this.#text = text
  }

  /** Gives the session methods that tell of a save, whosever class it is; not enumerable, as they are there. */
  #watch(session: Session): void {
    const outer = this
    const { destroy, regenerate, reload, save } = session as Methods
    define(session, 'destroy', function (this: Session, callback?: Callback) {
      if (outer.#request.session === this) delete outer.#request.session
      return settle(this, callback, (done) => outer.#inTurn(this.id, (end) => destroy.call(this, end), done))
    })
    define(session, 'regenerate', function (this: Session, callback?: Callback) {
      return settle(this, callback, (done) =>
        outer.#regenerate(this, (end) => regenerate.call(this, end), done),
      )
    })
    define(session, 'save', function (this: Session, callback?: Callback) {
      outer.#leaveBehind(this)
      outer.#saved = dataText(this)
      return settle(this, callback, (done) => outer.#write(this, save, done))
    })
    define(session, 'reload', function (this: Session, callback?: Callback) {
      return settle(this, callback, (done) => {
        reload.call(this, (error) => {
          const { session: current } = outer.#request
          if (current && current !== this) outer.#reloaded(current)
          done(error)
        })
      })
    })
  }

  /** What the request changes from now on, it changes in what the store has now. */
  #reloaded(session: Session): void {
    this.#watch(session)
    if (this.#row?.id !== session.id) return
    const base = dataText(session)
    const cookie = JSON.stringify(session.cookie)
    this.#row = { id: session.id, base, token: undefined, cookie }
  }

  /** What came from the store is written so that other requests' changes stay. */
  #write(session: Session, save: (done: Callback) => unknown, done: Callback): void {
    const { merger } = this.#settings
    const { id } = session
    const text = dataText(session)
    const cookie = JSON.stringify(session.cookie)
    const row = this.#row
    if (merger !== undefined && row?.id === id) {
      const isTouch = row.base === text && row.cookie === cookie
      const now = () => dataText(session)
      const cookieBeside = (theirs: unknown) => joinedCookie(row.cookie, session.cookie, theirs)
      const rebuild = (data: object, other?: object) => rebuilt(session, data, other)
      const written = { session, text, isTouch, now, cookieBeside, with: rebuild }
      merger.write(id, row, written, (error) => {
        if (!error) row.cookie = cookie
        done(error)
      })
      return
    }
    save.call(session, (error) => {
      if (!error) this.#row = { id, base: text, token: undefined, cookie }
      done(error)
    })
  }

  /** The new session has nothing of an old one that another request has ended. */
  #regenerate(session: Session, regenerate: (done: Callback) => void, done: Answered<Found>): void {
    const { merger } = this.#settings
    const row = this.#row
    const next = (error?: unknown, found?: Found) => {
      const { session: current } = this.#request
      if (merger !== undefined && current && current !== session) this.#watch(current)
      done(error, found)
    }
    if (merger === undefined || row?.id !== session.id) {
      regenerate(next)
      return
    }
    merger.end(row.id, regenerate, (error, found) => {
      if (!error && found === undefined) this.#ended = row.base
      next(error, found)
    })
  }

  /** Goes on under a new id with what the session has now; empty where another request has ended it. */
  async #renew(session: Session): Promise<void> {
    const { merger } = this.#settings
    const base = this.#row?.base
    const regenerate = (done: Callback) => Session.prototype.regenerate.call(session, done)
    const found = await promised<Found>((done) => this.#regenerate(session, regenerate, done))
    const { session: next } = this.#request
    if (found === undefined || base === undefined || !next) return
    const text = dataText(session)
    const all = merger?.joined(base, text, JSON.stringify(found.data))
    const data = all === undefined || all === text ? session : JSON.parse(all)
    Object.assign(next, data, { cookie: session.cookie })
    await next.save()
  }

  #leaveBehind(session: Session): void {
    if (this.#ended !== undefined) leaveBehind(this.#ended, session)
  }

  /** Between no other request's reading and writing. */
  #inTurn(id: string, run: (done: Callback) => void, done: Callback): void {
    const { merger } = this.#settings
    if (merger === undefined) run(done)
    else merger.inTurn(id, run, done)
  }

  /** Before the response's head is written. */
  #head(): void {
    const { proxy } = this.#settings
    const { session } = this.#request
    if (!session || this.#isOut) return
    this.#leaveBehind(session)
    if (!this.#isCookieDue(session)) return
    if (session.cookie.secure && !isSecure(this.#request, proxy)) {
      log('not secured')
      return
    }
    this.#touch(session)
    try {
      this.#setCookie(session)
    } catch (error) {
      defer(this.#next, error)
    }
  }

  /** Before the response's end: tells the store; whether the end has to wait for its answer. */
  #commit(done: () => void): boolean {
    const { store, unset } = this.#settings
    const { session, sessionID } = this.#request
    if (this.#isOut) return false
    const answered = (error: unknown) => {
      if (error) defer(this.#next, error)
      done()
    }
    if (sessionID && unset === 'destroy' && (session === undefined || session === null)) {
      log('destroying')
      this.#inTurn(sessionID, (end) => store.destroy(sessionID, end), answered)
      return true
    }
    if (!session) return false
    this.#leaveBehind(session)
    this.#touch(session)
    // A handler may have put anything there.
    if (typeof sessionID !== 'string') return false
    if (this.#isSaveDue(session)) {
      session.save(answered)
      return true
    }
    if (this.#sentId !== sessionID || typeof store.touch !== 'function') return false
    log('touching')
    this.#inTurn(sessionID, (end) => store.touch?.(sessionID, session, end), answered)
    return true
  }

  #isCookieDue(session: Session): boolean {
    const { rolling, saveUninitialized } = this.#settings
    const { sessionID } = this.#request
    if (typeof sessionID !== 'string') return false
    if (this.#sentId !== sessionID) return saveUninitialized || this.#isModified(session)
    const { expires } = session.cookie
    return rolling || (expires !== null && expires !== undefined && this.#isModified(session))
  }

  #isSaveDue(session: Session): boolean {
    const { saveUninitialized } = this.#settings
    const isNew = !saveUninitialized && !this.#saved && this.#sentId !== this.#request.sessionID
    if (isNew) return this.#isModified(session)
    return this.#id !== session.id || this.#saved !== dataText(session)
  }

  #isModified(session: Session): boolean {
    // Of a session that has ended nothing is left: that is no change which asks to be kept.
    if (this.#ended !== undefined && dataText(session) === '{}') return false
    return this.#id !== session.id || this.#text !== dataText(session)
  }

  #touch(session: Session): void {
    if (this.#isTouched) return
    session.touch()
    this.#isTouched = true
  }

  #setCookie({ cookie }: Session): void {
    const response = this.#response
    const signed = sign(this.#request.sessionID as string, this.#secrets[0] as CipherKey)
    const line = serialize(this.#settings.name, `s:${signed}`, cookie.data)
    const set = response.getHeader('Set-Cookie') || []
    response.setHeader('Set-Cookie', Array.isArray(set) ? [...set, line] : [String(set), line])
  }

  /** What a handler left in the session may throw: once, so that the page which tells of it can end. */
  #once<T>(run: () => T): T | undefined {
    try {
      return run()
    } catch (error) {
      if (this.#isBroken) return undefined
      this.#isBroken = true
      throw error
    }
  }
}

/** The session with other data, or another cookie too; that comes first, as in every row. */
function rebuilt(session: Session, data: object, attributes?: object): Session {
  const cookie = attributes ? cookieOf(attributes) : session.cookie
  return new Session(session.req, { cookie, ...data })
}

function define(session: Session, name: string, value: unknown): void {
  Object.defineProperty(session, name, { configurable: true, value, writable: true })
}
