import http from 'node:http'
import express, { type RequestHandler } from 'express'
import PeersKeygrip from 'keygrip'
import cookieSession from 'shortcrust/cookie-session'
import Keygrip from 'shortcrust/keygrip'

const app = express()
app.set('trust proxy', 1)

const options: CookieSessionInterfaces.CookieSessionOptions = {
  name: 'session',
  keys: ['key1', 'key2'],
  maxAge: 24 * 60 * 60 * 1000,
  expires: new Date(),
  path: '/',
  domain: 'example.org',
  sameSite: 'lax',
  secure: true,
  httpOnly: true,
  signed: true,
  overwrite: true,
  partitioned: false,
  priority: 'high',
  passport: true,
}
const handler: RequestHandler = cookieSession(options)
app.use(handler)
app.use(cookieSession({ keys: new Keygrip(['key1'], 'SHA384', 'base64') }))
app.use(cookieSession({ keys: new PeersKeygrip(['key1']) }))
app.use(cookieSession({ secret: 'key1', maxAge: undefined }))

app.use((request, _response, next) => {
  request.sessionOptions.maxAge = request.session?.maxAge || request.sessionOptions.maxAge
  next()
})
app.get('/', (request, response) => {
  const session: cookieSession.CookieSessionObject | null | undefined = request.session
  if (session?.isNew) session.views = (session.views || 0) + 1
  const populated: boolean | undefined = session?.isPopulated
  request.session = { user: 'ada' }
  request.session = null
  response.json({ populated, changed: session?.isChanged })
})

const middleware: cookieSession.Middleware = cookieSession(options)
http.createServer((request: http.IncomingMessage & { session?: object | null }, response) => {
  middleware(request, response, () => response.end(JSON.stringify(request.session)))
})

// @ts-expect-error a list is due
cookieSession({ keys: 'key1' })
// @ts-expect-error no such option
cookieSession({ keys: ['key1'], maxage: 1 })
