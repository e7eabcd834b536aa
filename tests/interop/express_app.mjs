// The Express half of the shop: the basket is here.
import express from 'express'
import { reason, session } from 'shortcrust/express'

const { FORMAT: format, NAME: name, PORT, SECRET } = process.env
const policy = format === 'flask' ? { idle: 31 * 86_400, absolute: null } : {}

const app = express()
app.use(session({ secrets: [SECRET], name, format, policy }))

const show = (req, res) => {
  const { user, basket = [] } = req.session
  const types = Object.fromEntries(
    Object.entries(req.session).map(([key, value]) => [key, value.constructor.name]),
  )
  const greeting = user ? `Hello ${user}` : 'Hello stranger'
  res.json({ greeting, basket, types, reason: reason(req) ?? null })
}

app.get('/', show)

app.post('/basket', express.urlencoded({ extended: false }), (req, res) => {
  req.session.basket = [...(req.session.basket ?? []), req.body.item]
  show(req, res)
})

app.listen(Number(PORT), '127.0.0.1')
