// Both in one program, as while an application moves from the one to the other.
import express from 'express'
import peers from 'express-session'
import session, { user } from 'shortcrust/express'
import dropIn from 'shortcrust/express-session'

declare module 'express-session' {
  interface SessionData {
    views: number
  }
}

const secret = 'a secret'
const app = express()
app.use('/old', peers({ secret }), dropIn({ secret }))
app.use(session({ secrets: [secret] }))
app.get('/', (request, response) => {
  request.session.views = (request.session.views ?? 0) + 1
  // @ts-expect-error not a number
  request.session.views = 'many'
  response.json([request.sessionID, user(request)])
})
