import connectPgSimple from 'connect-pg-simple'
import express from 'express'
import createMemoryStore from 'memorystore'
import session, { Cookie, MemoryStore, Session, type SessionData, Store } from 'shortcrust/express-session'
import { MemoryStore as OurMemoryStore } from 'shortcrust/stores/memory'

// Under the peer's name, as applications have it, or under ours.
declare module 'express-session' {
  interface SessionData {
    user: { name: string }
  }
}

declare module 'shortcrust/express-session' {
  interface SessionData {
    views: number
  }
}

const app = express()
const store = new MemoryStore()
store.max = 10_000

const options: session.SessionOptions = {
  secret: ['newest', Buffer.from('older')],
  name: 'sid',
  genid: (request) => request.path,
  cookie: { maxAge: 60_000, secure: 'auto', sameSite: 'lax', partitioned: true, priority: 'high' },
  proxy: true,
  resave: false,
  rolling: true,
  saveUninitialized: false,
  store,
  unset: 'destroy',
}
app.use(session(options))
app.use(session({ secret: 'one', cookie: (request) => ({ secure: request.secure }) }))
app.use(session({ secret: 'one', store: new (createMemoryStore(session))({ checkPeriod: 1_000 }) }))
app.use(session({ secret: 'one', store: new (connectPgSimple(session))({ conString: 'postgres:' }) }))

app.get('/', async (request, response, next) => {
  const name: string | undefined = request.session.user?.name
  request.session.views = (request.session.views ?? 0) + 1
  // @ts-expect-error not a number
  request.session.views = 'many'
  // @ts-expect-error not declared above
  request.session.other = 1
  const id: string = request.session.id === request.sessionID ? request.sessionID : ''
  const isOurs: boolean = request.session instanceof Session
  const saved: Promise<void> = request.session.save()
  await saved
  await request.session.reload()
  await request.session.regenerate()
  await request.session.destroy()
  request.session.touch().resetMaxAge().cookie.maxAge = 5_000
  request.session.cookie.expires = new Date()
  const chained: Session = request.session.save((error) => next(error))
  request.session.regenerate((error) => next(error))
  request.sessionStore.get(id, (error, found) =>
    response.json({ error, name: found?.user, chained, isOurs, name2: name }),
  )
  request.sessionStore.on('disconnect', () => {})
})

class Own extends Store {
  get(_id: string, callback: (error: unknown, found?: SessionData | null) => void): void {
    callback(null, { cookie: new Cookie(), user: { name: 'ada' }, views: 1 })
  }
  set(_id: string, _session: SessionData, callback?: (error?: unknown) => void): void {
    callback?.()
  }
  destroy(_id: string, callback?: (error?: unknown) => void): void {
    callback?.()
  }
}
app.use(session({ secret: 'one', store: new Own() }))
app.use(session({ secret: 'one', userKey: 'user', outage: 'empty', store: new OurMemoryStore() }))
// @ts-expect-error no store
app.use(session({ secret: 'one', store: new Map() }))
// What takes the peer's type takes this, where the store is the peer's.
const make: typeof session = session
app.use(make())

// @ts-expect-error no such option
session({ secret: 'one', maxAge: 1 })
// @ts-expect-error neither keep nor destroy
session({ secret: 'one', unset: 'forget' })
