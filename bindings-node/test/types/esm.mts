import http from 'node:http'

import express from 'express'
import { ConfigError, SealError, type ShortcrustError, reason as same } from 'shortcrust'
import session, { session as named, reason } from 'shortcrust/express'

declare module 'shortcrust/express' {
  interface SessionData {
    user: string
    visits: number
  }
}

const options: session.Options = {
  secrets: ['a secret', Buffer.from('another')],
  format: 'sealed',
  readers: [{ format: 'flask', salt: 'cookie-session', until: new Date() }],
  policy: { idle: 3600, absolute: null },
  cookie: { secure: 'auto', sameSite: 'strict' },
}
const middleware: session.Middleware = session(options)

const app = express()
app.use(middleware)
app.use(named(options))
app.get('/', async (request, response) => {
  const user: string | undefined = request.session.user
  request.session.visits = (request.session.visits ?? 0) + 1
  // @ts-expect-error not a number
  request.session.user = 1
  // @ts-expect-error not declared above
  request.session.other = 1
  await request.session.regenerate()
  request.session.save((error) => response.json({ error, user }))
  const one: session.Session = request.session
  await one.destroy()
  request.session = { user: 'ada' }
  request.session = null
  const why: string | undefined = reason(request) ?? same(request)
  response.end(why)
})

http.createServer((request, response) => {
  middleware(request, response, () => response.end(reason(request)))
})

// @ts-expect-error a list is due
session({ secrets: 'a secret' })
// @ts-expect-error a reader says until when
session({ secrets: [], readers: [{ format: 'flask' }] })
// @ts-expect-error sealed has no salt
session({ secrets: [], format: { format: 'sealed', salt: 'x' } })
// @ts-expect-error no such option
session({ secrets: [], maxAge: 1 })

const errors: ShortcrustError[] = [new ConfigError('option', ''), new SealError('too_large', '')]
export const codes: string[] = errors.map(({ code }) => code)
