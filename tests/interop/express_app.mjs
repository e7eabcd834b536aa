// The Express half of the shop: the basket is here.
import express from 'express'
import { reason, session } from 'shortcrust/express'
import { SQLiteStore } from 'shortcrust/stores/sqlite'

const { FORMAT: format, NAME: name, PORT, REVOCATIONS, SECRET } = process.env
const own =
  format === 'flask'
    ? { policy: { idle: 31 * 86_400, absolute: null } }
    : { revocations: new SQLiteStore(REVOCATIONS) }

const app = express()
app.use(session({ secrets: [SECRET], name, format, ...own }))

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
