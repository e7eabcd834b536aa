import express = require('express')
import session = require('shortcrust/express-session')

declare module 'shortcrust/express-session' {
  interface SessionData {
    user: string
  }
}

const app = express()
app.use(session({ secret: 'one', resave: false, saveUninitialized: true, cookie: {} }))
app.get('/', (request, response) => {
  const user: string | undefined = request.session.user
  request.session.destroy((error: Error | undefined) => response.json({ error, user }))
})

class Own extends session.MemoryStore {}

export = { app, store: new Own(), kind: session.Session, cookie: session.Cookie, base: session.Store }
