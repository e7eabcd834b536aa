// Both in one program, as while an application moves from the one to the other.
import peers from 'cookie-session'
import express from 'express'
import session, { user } from 'shortcrust/express'

const app = express()
app.use('/old', peers({ keys: ['a secret'] }))
app.use(session({ secrets: ['a secret'] }))
app.get('/', (request, response) => {
  if (request.session) request.session.views = 1
  response.json(user(request))
})
