import type { Cookie } from './cookie.js'
import type { Callback, Request, SessionRecord } from './types.js'

/** One request's view of a session: the data as own properties, the methods on the prototype. */
export class Session {
  declare readonly id: string
  declare readonly req: Request
  declare cookie: Cookie

  /** Data that would hide a method are left out. */
  constructor(request: Request, data?: object | null) {
    Object.defineProperty(this, 'req', { value: request })
    Object.defineProperty(this, 'id', { value: request.sessionID })
    if (typeof data === 'object') take(this, data)
  }

  /** Starts the cookie's life anew. */
  touch(): this {
    return this.resetMaxAge()
  }

  /** Sets the cookie's `maxAge` to what it was first. */
  resetMaxAge(): this {
    this.cookie.maxAge = this.cookie.originalMaxAge
    return this
  }

  /** Writes the session to the store now. */
  save(): Promise<void>
  save(callback: Callback): this
  save(callback?: Callback): this | Promise<void> {
    return settle(this, callback, (done) => this.req.sessionStore.set(this.id, this, done))
  }

  /** Puts what the store has into a new `req.session`; fails where it has nothing. */
  reload(): Promise<void>
  reload(callback: Callback): this
  reload(callback?: Callback): this | Promise<void> {
    return settle(this, callback, (done) => reload(this, done))
  }

  /** Ends the session; the request has none from now on. */
  destroy(): Promise<void>
  destroy(callback: Callback): this
  destroy(callback?: Callback): this | Promise<void> {
    return settle(this, callback, (done) => {
      delete this.req.session
      this.req.sessionStore.destroy(this.id, done)
    })
  }

  /** A new, empty `req.session` under a new id; the old one is gone from the store. */
  regenerate(): Promise<void>
  regenerate(callback: Callback): this
  regenerate(callback?: Callback): this | Promise<void> {
    return settle(this, callback, (done) => this.req.sessionStore.regenerate(this.req, done))
  }
}

/** Runs what takes a callback: for the user's, or without one for a promise. */
export function settle<T>(
  self: T,
  callback: Callback | null | undefined,
  run: (done: Callback) => void,
): T | Promise<void> {
  if (callback) {
    run(callback)
    return self
  }
  const settled = new Promise<void>((resolve, reject) => {
    run((error) => (error ? reject(error) : resolve()))
  })
  // Nobody has to wait for it: without this a forgotten `await` could end the process.
  settled.catch(() => {})
  return settled
}

/** The data as JSON, without the cookie: what tells whether a session was changed. */
export function dataText({ cookie: _, ...data }: Session | SessionRecord): string {
  return JSON.stringify(data)
}

function take(session: object, data: object | null): void {
  for (const key in data) {
    if (!(key in session)) (session as Record<string, unknown>)[key] = data[key as keyof typeof data]
  }
}

function reload({ id, req }: Session, done: Callback): void {
  const store = req.sessionStore
  store.get(id, (error, found) => {
    if (error) return done(error)
    if (!found) return done(new Error('failed to load session'))
    try {
      store.createSession(req, found)
    } catch (strange) {
      return done(strange)
    }
    done()
  })
}
