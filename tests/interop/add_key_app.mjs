// Adds one key to whatever session comes.
import express from 'express'
import { reason, session } from 'shortcrust/express'

const app = express()
const policy = { idle: null, absolute: null }
app.use(session({ secrets: [process.env.SECRET], format: 'flask', policy }))

app.get('/', (req, res) => {
  req.session.added = 'by Express'
  res.json(reason(req) ?? null)
})

const server = app.listen(0, '127.0.0.1', () => console.log(server.address().port))
