// `request.session`: the data as own properties, the methods on the prototype, what they work with behind a symbol.
import type { FastifyRequest, Session as SessionData } from 'fastify'

import type { SessionRecord } from '../express-session/types.js'
import { leaveBehind } from '../merge/carried.js'
import { joinedCookie } from '../merge/cookie.js'
import type { Known, Merger } from '../merge/index.js'
import { Cookie, type CookieSource, inherited } from './cookie.js'
import { fingerprint, isSame } from './fingerprint.js'
import type { Signer } from './signer.js'
import type { Callback, MemoryStore } from './store.js'

/** What all sessions of a registration share. */
export interface Shared {
  store: Pick<MemoryStore, 'destroy' | 'get' | 'set'>
  /** None where the peer's way was asked for, and where sessions live in the process. */
  merger?: Merger<object> | undefined
  generateId: (request?: FastifyRequest) => string
  signer: Signer
}

interface State extends Shared {
  request: FastifyRequest
  cookieOptions: CookieSource
  id: string
  signedId: string
  fingerprint: string
  isSaved: boolean
  /** The row that it was read from, or was written to. */
  known: Row | undefined
  /** The data, as JSON, of the session that this one followed, where another request had ended that. */
  ended: string | undefined
}

interface Row extends Known {
  cookie: string
}

/** What a store may give: a session of this process, or what JSON kept of one. */
type Previous = Partial<Session> | null | undefined

const STATE = Symbol('state')
const NOT_DATA = new Set(['__proto__', 'cookie', 'encryptedSessionId', 'sessionId'])

export class Session {
  cookie: Cookie
  declare readonly [STATE]: State;
  [key: string]: unknown

  /** A new session, or where there is a previous one, that under its id. */
  constructor(
    shared: Shared,
    request: FastifyRequest,
    options: CookieSource,
    previous?: Previous,
    id = shared.generateId(request),
  ) {
    const source = { ...options, ...savedCookie(previous) }
    const { store, merger, generateId, signer } = shared
    const signedId = knownSignedId(signer, previous, id) ?? signer.sign(id)
    const cookieOptions = inherited(source)
    this.cookie = new Cookie(source, request)
    copyData(this, previous)
    const known = previous ? knownRow(this, shared, previous) : undefined
    const state = {
      store,
      merger,
      generateId,
      signer,
      request,
      cookieOptions,
      id,
      signedId,
      isSaved: false,
      known,
      ended: undefined,
    }
    // Not enumerable, so that no log of a session shows secrets.
    Object.defineProperty(this, STATE, { value: { ...state, fingerprint: fingerprint(this) } })
  }

  get sessionId(): string {
    return this[STATE].id
  }

  get encryptedSessionId(): string {
    return this[STATE].signedId
  }

  /** Sets attributes of this session's cookie; `maxAge` in milliseconds. */
  options(options: CookieSource): void {
    if (Object.keys(options).length === 0) return
    const state = this[STATE]
    state.cookieOptions = { ...state.cookieOptions, ...options }
    this.cookie = new Cookie(state.cookieOptions, state.request)
  }

  /** The cookie lives its whole time again. */
  touch(): void {
    const { originalMaxAge } = this.cookie
    if (originalMaxAge) this.cookie.expires = new Date(Date.now() + originalMaxAge)
  }

  get(key: string): unknown {
    return this[key]
  }

  set(key: string, value: unknown): void {
    this[key] = value
  }

  /** Ends this session and begins another, which keeps the named fields. */
  regenerate(fields?: string[] | Callback, callback?: Callback): Promise<void> | undefined {
    if (typeof fields === 'function') return this.regenerate(undefined, fields)
    const { cookieOptions, request, store } = this[STATE]
    const next = new Session(this[STATE], request, cookieOptions)
    if (Array.isArray(fields)) for (const field of fields) next.set(field, this[field])
    return answer(callback, (done) => {
      end(this, next, Array.isArray(fields) ? fields : [], (destroyError) => {
        store.set(next.sessionId, asData(next), (setError) => {
          attach(request, next)
          done(destroyError || setError)
        })
      })
    })
  }

  /** Removes this session from the store; the request has none from then on. */
  destroy(callback?: Callback): Promise<void> | undefined {
    const { id, merger, request, store } = this[STATE]
    return answer(callback, (done) => {
      const ended: Callback = (error) => {
        attach(request, null)
        done(error)
      }
      if (merger === undefined) store.destroy(id, ended)
      else merger.inTurn(id, (end) => store.destroy(id, end), ended)
    })
  }

  /** The request's session becomes what the store has. */
  reload(callback?: Callback): Promise<void> | undefined {
    const { cookieOptions, id, request, store } = this[STATE]
    return answer(callback, (done) => {
      store.get(id, (error, found) => {
        attach(request, new Session(this[STATE], request, cookieOptions, asPrevious(found), id))
        done(error)
      })
    })
  }

  /** Writes this session to the store now. */
  save(callback?: Callback): Promise<void> | undefined {
    const state = this[STATE]
    return answer(callback, (done) => {
      write(this, (error) => {
        if (error) return done(error)
        state.isSaved = true
        state.fingerprint = fingerprint(this)
        done()
      })
    })
  }

  /** Whether anything but the cookie changed since it was loaded or saved. */
  isModified(): boolean {
    const { ended } = this[STATE]
    if (ended !== undefined) leaveBehind(ended, this)
    return !isSame(this[STATE].fingerprint, fingerprint(this))
  }

  /** Whether it was saved in this request. */
  isSaved(): boolean {
    return this[STATE].isSaved
  }
}

/** What a store gave, if a session can be made from it. */
export function asPrevious(found: unknown): Previous {
  return typeof found === 'object' ? (found as Previous) : undefined
}

export function attach(request: FastifyRequest, session: Session | null): void {
  request.session = session as unknown as FastifyRequest['session']
}

function savedCookie(previous: Previous): CookieSource | undefined {
  const cookie = previous?.cookie
  return typeof cookie?.toJSON === 'function' ? (cookie.toJSON() as CookieSource) : cookie
}

/** A session that lived on in the process keeps the signature that its cookie has, until the secret is rotated. */
function knownSignedId(signer: Signer, previous: Previous, id: string): string | undefined {
  const state = previous?.[STATE]
  return state?.id === id && !signer.unsign(state.signedId).renew ? state.signedId : undefined
}

function copyData(session: Session, previous: Previous): void {
  for (const key in previous) if (!NOT_DATA.has(key)) session[key] = previous[key]
}

/** What came from the store is written so that other requests' changes stay. */
function write(session: Session, done: Callback): void {
  const state = session[STATE]
  const { ended, id, known, merger, store } = state
  if (ended !== undefined) leaveBehind(ended, session)
  const text = merger && dataText(session)
  const cookie = JSON.stringify(session.cookie)
  if (merger === undefined || text === undefined) {
    store.set(id, asData(session), done)
    return
  }
  if (known !== undefined) {
    // The cookie comes first, as in every row.
    const withCookie = (data: object, other?: CookieSource) => {
      return { cookie: other ? new Cookie(other, state.request) : session.cookie, ...data }
    }
    const cookieBeside = (theirs: unknown) => joinedCookie(known.cookie, session.cookie, theirs)
    const isTouch = known.base === text && known.cookie === cookie
    const now = () => dataText(session)
    merger.write(id, known, { session, text, isTouch, now, cookieBeside, with: withCookie }, (error) => {
      if (!error) known.cookie = cookie
      done(error)
    })
    return
  }
  store.set(id, asData(session), (error) => {
    if (!error) state.known = { base: text, token: undefined, cookie }
    done(error)
  })
}

/** Removes the session's row before the next one's is there, which has from it what other requests wrote meanwhile. */
function end(session: Session, next: Session, fields: readonly string[], done: Callback): void {
  const { id, known, merger, store } = session[STATE]
  const text = merger && dataText(session)
  if (merger === undefined || known === undefined || text === undefined) {
    store.destroy(id, done)
    return
  }
  const remove = (removed: Callback) => store.destroy(id, removed)
  merger.end(id, remove, (error, found) => {
    if (error) return done(error)
    if (found === undefined) {
      next[STATE].ended = known.base
      leaveBehind(known.base, next)
      return done()
    }
    try {
      carry(next, fields, text, merger.joined(known.base, text, JSON.stringify(found.data)))
    } catch (tooDeep) {
      return done(tooDeep)
    }
    done()
  })
}

/** What is as it was stays the very value that it was. */
function carry(next: Session, fields: readonly string[], text: string, all: string): void {
  if (text === all) return
  const [mine, theirs] = [JSON.parse(text), JSON.parse(all)]
  for (const field of fields) {
    if (JSON.stringify(mine[field]) !== JSON.stringify(theirs[field])) next.set(field, theirs[field])
  }
}

function knownRow(session: Session, { merger }: Shared, previous: object): Row | undefined {
  const base = merger && dataText(session)
  if (merger === undefined || base === undefined) return undefined
  const cookie = JSON.stringify((previous as Session).cookie)
  return { base, token: merger.tokenOf(previous as SessionRecord), cookie }
}

/** None of what JSON has no form for, such as a cycle: what becomes of that is the store's affair. */
function dataText({ cookie: _, ...data }: Session): string | undefined {
  try {
    return JSON.stringify(data)
  } catch {
    return undefined
  }
}

function asData(session: Session): SessionData {
  return session as unknown as SessionData
}

/** By callback where there is one, else by promise. */
function answer(callback: Callback | undefined, run: (done: Callback) => void): Promise<void> | undefined {
  if (callback) {
    run(callback)
    return undefined
  }
  return new Promise((resolve, reject) => run((error) => (error ? reject(error) : resolve())))
}
