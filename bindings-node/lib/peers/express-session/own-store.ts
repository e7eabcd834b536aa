import type { Answered } from '../merge/rows.js'
import type { OwnSessions } from '../own/index.js'
import { Cookie } from './cookie.js'
import type { Session } from './session.js'
import { type Loaded, Store } from './store.js'
import type { Callback, CookieInit, Request, SessionRecord } from './types.js'

/** A store of `shortcrust/stores`, as the middleware calls its stores. */
export class OwnStore extends Store {
  readonly sessions: OwnSessions

  readonly #cookie: CookieInit

  constructor(sessions: OwnSessions, cookie: CookieInit) {
    super()
    this.sessions = sessions
    this.#cookie = cookie
  }

  override get(id: string, callback: Loaded<SessionRecord>): void {
    this.sessions.ask(id, (error, found, isOut) => {
      // A change of the user under one id leaves all behind.
      if (found) found.cookie ??= new Cookie(this.#cookie).toJSON()
      callback(error, found, isOut)
    })
  }

  override set(id: string, session: Session, callback?: Callback): void {
    this.sessions.set(id, session, callback)
  }

  override destroy(id: string, callback?: Callback): void {
    this.sessions.destroy(id, callback)
  }

  override touch(id: string, session: Session, callback: Answered = () => {}): void {
    if (!this.sessions.touch(id, session, callback)) callback()
  }

  override createSession(request: Request, found: SessionRecord): Session {
    const session = Store.prototype.createSession.call(this, request, found)
    this.sessions.follow(found, session)
    return session
  }
}
