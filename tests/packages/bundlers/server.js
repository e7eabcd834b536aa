// A small shop; where it listens stands in PORT.
const express = require('express')
const { session } = require('shortcrust/express')

const app = express()
app.use(session({ secrets: ['a secret that is only for this test'] }))
app.get('/visits', (request, response) => {
  request.session.visits = (request.session.visits ?? 0) + 1
  response.json(request.session)
})
app.listen(process.env.PORT, '127.0.0.1')
