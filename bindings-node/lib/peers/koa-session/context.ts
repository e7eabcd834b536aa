import type Cookies from 'cookies'
import type Koa from 'koa'

import { ambient } from '../../ambient.js'
import { isHeadWritten } from '../../head.js'
import { immediate } from '../../timers.js'
import { checkKeys, read, write } from '../cookie-jar.js'

import Keygrip = require('../keygrip.js')

import { leaveBehind } from '../merge/carried.js'
import { type Known, Merger } from '../merge/index.js'
import { type Answered, type Found, promised } from '../merge/rows.js'
import { refused } from '../own/index.js'
import type { Merging } from './merging.js'
import type { OwnStore } from './own-store.js'
import { KoaRows } from './rows.js'
import { dataOf, Session } from './session.js'
import { DAY, STORE_GRACE } from './times.js'
import type { opts, stores } from './types.js'

type Data = Record<string, unknown>

interface Row extends Known {
  key: string
}

/** One request's session: undefined while nobody asked for it, false once it has ended. */
export class ContextSession {
  readonly opts: opts
  readonly store: stores | undefined
  /** None where the peer's way was asked for. */
  readonly merging: Merging | undefined
  readonly #ctx: Koa.Context
  #session: Session | false | undefined
  #externalKey: string | undefined
  /** What came in, as JSON. */
  #before: string | undefined
  /** The store's row that the session was read from, or was written to. */
  #row: Row | undefined
  /** The `maxAge` that the store was asked with. */
  #askedWith: opts['maxAge']
  #isOurs = false
  /** The store could not tell the session that the cookie names. */
  #isOut = false

  constructor(ctx: Koa.Context, options: opts, merging?: Merging) {
    this.merging = merging
    this.#ctx = ctx
    this.opts = { ...options }
    const { ContextStore, store } = this.opts
    this.store = ContextStore ? new ContextStore(ctx) : (this.#own ?? (store as stores | undefined))
    this.#own?.sessions.know(ctx.req, {
      session: () => this.#session || null,
      renew: () => this.commit({ regenerate: true }),
      isLate: () => isHeadWritten(ctx.res),
    })
  }

  /** None but with a store of `shortcrust/stores`. */
  get #own(): OwnStore | undefined {
    return this.merging?.own
  }

  get(): Session | null {
    if (this.#session === undefined) {
      if (this.store) this.#create()
      else this.#openCookie()
    }
    return this.#session || null
  }

  set(value: unknown): void {
    if (value === null) this.#session = false
    // The id stays, for the store is not to keep what nobody asks for.
    else if (typeof value === 'object') this.#create(value, this.#externalKey)
    else throw new Error('this.session can only be set as null or an object.')
  }

  /** Asks the store. */
  async load(): Promise<void> {
    const key = this.#incomingKey()
    if (!key) return this.#create()
    if (this.#own) return this.#loadOwn(key, this.#own)
    const { maxAge, rolling } = this.opts
    this.#askedWith = maxAge
    const data = await this.store?.get(key, maxAge, { ctx: this.#ctx, rolling })
    this.#open(data, key)
  }

  async #loadOwn(key: string, own: OwnStore): Promise<void> {
    const { data, isOut } = (await own.ask(key)) ?? {}
    this.#isOut = isOut === true
    if (isOut) return this.#create()
    this.#open(data, key)
    if (!data || !this.#row) return
    own.sessions.follow(data, this.#session as Session)
    this.#row.token = own.sessions.tokenOf(data)
  }

  async commit({ save = false, regenerate = false } = {}): Promise<void> {
    if (this.#session === undefined) return
    if (this.#isOut) {
      if (this.#session === false || save || regenerate) refused()
      return
    }
    if (this.#session === false) return this.#removeInTurn()
    if (regenerate && !(await this.#regenerate(this.#session))) return
    const isForced = save || regenerate || this.#session._requireSave
    const reason = isForced ? 'forced' : this.#reasonToSave(this.#session)
    if (reason === undefined) return
    this.opts.beforeSave?.(this.#ctx, this.#session as never)
    await this.#save(reason === 'changed')
  }

  #incomingKey(): string | undefined {
    const { externalKey, key } = this.opts
    return externalKey ? externalKey.get(this.#ctx) : read(this.#jar, key, this.opts)
  }

  #openCookie(): void {
    const value = read(this.#jar, this.opts.key, this.opts)
    const decoded = value ? this.#decode(value) : undefined
    if (decoded) this.#open(decoded.data)
    else this.#create()
  }

  #decode(value: string): { data: unknown } | undefined {
    try {
      return { data: this.opts.decode(value) }
    } catch (error) {
      if (error instanceof Error && !(error instanceof SyntaxError)) this.#fail(error)
      return undefined
    }
  }

  /** An error of the application's `decode`: the cookie goes, or the next request would fail too. */
  #fail(error: Error): never {
    this.#jar.set(this.opts.key, '', this.opts as Cookies.SetOption)
    // Koa's error response has no other headers.
    throw Object.assign(error, { headers: { 'set-cookie': this.#ctx.response.get('set-cookie') } })
  }

  #open(value: unknown, key?: string): void {
    const data = value && sane(value)
    if (this.#isValid(data, key)) {
      this.#create(data, key)
      this.#before = JSON.stringify(dataOf(this.#session as Session))
      if (key !== undefined) this.#row = { key, base: this.#before, token: undefined }
    } else this.#create()
  }

  #isValid(value: unknown, key: string | undefined): value is Data {
    const flaw = this.#flawOf(value as Data | undefined)
    if (flaw === undefined) return true
    const { app } = this.#ctx
    immediate(() => app.emit(`session:${flaw}`, { key, value, ctx: this.#ctx }))
    return false
  }

  #flawOf(data: Data | undefined): string | undefined {
    if (!data) return 'missed'
    if (typeof data._expire === 'number' && data._expire < ambient.now()) return 'expired'
    const { valid } = this.opts
    return valid && !valid(this.#ctx, data) ? 'invalid' : undefined
  }

  #create(data?: object, key?: string): void {
    if (this.store) this.#externalKey = key ?? this.#newKey()
    this.#session = new Session(this, data, this.#externalKey)
  }

  #newKey(): string {
    return this.#own ? this.#own.sessions.newId(this.#ctx.req) : this.opts.genid(this.#ctx)
  }

  #reasonToSave(session: Session): 'changed' | 'rolling' | 'renew' | undefined {
    const data = dataOf(session)
    if (this.#before === undefined && Object.keys(data).length === 0) return undefined
    if (this.#before !== JSON.stringify(data)) return 'changed'
    if (this.opts.rolling) return 'rolling'
    return this.opts.renew && isHalfOver(session) ? 'renew' : undefined
  }

  /** Whether there is something to go on with: not where another request has ended the session meanwhile. */
  async #regenerate(session: Session): Promise<boolean> {
    const row = this.#row
    const merger = row?.key === this.#externalKey ? this.#merger(false) : undefined
    let isThere = true
    if (merger !== undefined && row !== undefined) isThere = await this.#end(session, row, merger)
    else await this.#remove()
    if (this.store) this.#externalKey = this.#newKey()
    return isThere
  }

  /** Removes the row; what other requests wrote meanwhile comes along, and nothing of what they have ended. */
  async #end(session: Session, { base, key }: Row, merger: Merger<Data>): Promise<boolean> {
    const text = JSON.stringify(dataOf(session))
    const found = await promised<Found>((done) =>
      merger.end(key, (removed) => settled(this.#remove(), removed), done),
    )
    if (found !== undefined) {
      replace(session, text, merger.joined(base, text, JSON.stringify(found.data)))
      return true
    }
    leaveBehind(base, session)
    this.#before = undefined
    return Object.keys(dataOf(session)).length > 0
  }

  async #remove(): Promise<void> {
    if (this.#externalKey) await this.store?.destroy(this.#externalKey, { ctx: this.#ctx })
    const attributes = { ...this.opts, expires: new Date(0), maxAge: false }
    this.#jar.set(this.opts.key, '', attributes as unknown as Cookies.SetOption)
  }

  async #save(changed: boolean): Promise<void> {
    const maxAge = this.opts.maxAge || DAY
    const data = dataOf(this.#session as Session)
    if (maxAge === 'session') Object.assign(data, { _session: true })
    else Object.assign(data, { _expire: maxAge + ambient.now(), _maxAge: maxAge })
    // The cookie is to have no date then.
    if (maxAge === 'session') this.opts.maxAge = undefined
    if (this.#externalKey) await this.#saveInStore(this.#externalKey, data, maxAge, changed)
    else write(this.#jar, this.opts.key, this.opts.encode(data), this.opts)
  }

  async #saveInStore(key: string, data: Data, maxAge: number | 'session', changed: boolean): Promise<void> {
    const { externalKey } = this.opts
    if (!(await this.#isWritten(key, data, maxAge, changed))) return
    if (externalKey) externalKey.set(this.#ctx, key)
    else write(this.#jar, this.opts.key, key, this.opts)
  }

  /** Not where another request has ended the session. */
  async #isWritten(key: string, data: Data, maxAge: number | 'session', changed: boolean): Promise<boolean> {
    const lifetime = typeof maxAge === 'number' ? maxAge + STORE_GRACE : maxAge
    const row = this.#row
    const session = this.#session as Session
    const now = () => JSON.stringify(dataOf(session))
    const text = now()
    const merger = this.#merger(changed, lifetime)
    const own = this.#own?.sessions
    if (merger !== undefined && row?.key === key) {
      own?.follow(session, data)
      const times = Object.fromEntries(Object.entries(data).filter(([name]) => name.startsWith('_')))
      const written = { session: data, text, now, with: (all: object) => ({ ...all, ...times }) }
      return (await promised<boolean>((done) => merger.write(key, row, written, done))) === true
    }
    const { rolling } = this.opts
    await this.store?.set(key, data, lifetime, { changed, ctx: this.#ctx, rolling })
    own?.follow(data, session)
    this.#row = { key, base: text, token: own?.tokenOf(data) }
    return true
  }

  /** Between no other request's reading and writing. */
  async #removeInTurn(): Promise<void> {
    const key = this.#externalKey
    const merger = this.#merger(false)
    if (merger === undefined || !key) return this.#remove()
    const remove = (done: Answered) => settled(this.#remove(), done)
    await promised<void>((done) => merger.inTurn(key, remove, done))
  }

  /** For one call of the store. */
  #merger(changed: boolean, lifetime?: opts['maxAge']): Merger<Data> | undefined {
    const { merging, store } = this
    if (merging === undefined || store === undefined) return undefined
    if (this.#own) return new Merger(this.#own.sessions, merging.rules, merging.turns)
    const common = { ctx: this.#ctx, rolling: this.opts.rolling }
    const read = { ...common, maxAge: this.#askedWith }
    const rows = new KoaRows(store, { read, write: { ...common, changed, maxAge: lifetime } })
    return new Merger(rows, merging.rules, merging.turns)
  }

  /** Koa's own; if it is made just now, it signs with ours. */
  get #jar(): Cookies {
    if (this.#isOurs) return this.#ctx.cookies
    this.#isOurs = true
    const isLate = hasJar(this.#ctx)
    const jar: Cookies & { keys?: Keygrip } = this.#ctx.cookies
    const keys: unknown = this.#ctx.app.keys
    if (typeof keys === 'string' && this.opts.signed)
      throw new TypeError('app.keys must be an array, not a string')
    if (!isLate && Array.isArray(keys) && hasJar(this.#ctx)) jar.keys = keygrip(keys)
    return jar
  }
}

/** Whether Koa has made its jar: where the application has another, or made it itself, its keys are not ours to set. */
function hasJar(ctx: object): boolean {
  return Object.getOwnPropertySymbols(ctx).some(({ description }) => description === 'context#cookies')
}

const keygrips = new WeakMap<readonly string[], Keygrip>()

function keygrip(keys: string[]): Keygrip {
  const known = keygrips.get(keys)
  if (known) return known
  checkKeys(keys)
  const made = new Keygrip(keys)
  keygrips.set(keys, made)
  return made
}

/** A payload may hold anything: what no session is made of, or would not go into a cookie, is left out. */
function sane(value: unknown): Data {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return {}
  const data = value as Data
  const strange = ['_maxAge', 'maxAge'].filter((name) => Object.hasOwn(data, name) && !isMaxAge(data[name]))
  return strange.length === 0
    ? data
    : Object.fromEntries(Object.entries(data).filter(([name]) => !strange.includes(name)))
}

function isMaxAge(value: unknown): boolean {
  return typeof value === 'number' ? Number.isFinite(value) : !value || value === 'session'
}

function isHalfOver({ _expire, maxAge }: Session): boolean {
  return !!_expire && typeof maxAge === 'number' && _expire - ambient.now() < maxAge / 2
}

/** Puts data in the place of a session's, where they are not the same. */
function replace(session: Session, text: string, all: string): void {
  const [mine, theirs]: Data[] = [JSON.parse(text), JSON.parse(all)]
  for (const key of Object.keys({ ...mine, ...theirs })) {
    if (!(key in (theirs as Data))) delete session[key as keyof Session]
    else if (JSON.stringify(mine?.[key]) !== JSON.stringify(theirs?.[key])) {
      Object.assign(session, { [key]: theirs?.[key] })
    }
  }
}

function settled(promise: Promise<void>, done: (error?: unknown) => void): void {
  promise.then(() => done(), done)
}
