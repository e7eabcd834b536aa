// The peer's own declarations may stand beside ours, as while an application moves.
import peer from '@fastify/session'
import fastify from 'fastify'
import session from 'shortcrust/fastify-session'

const app = fastify()
const secret = 'a secret with minimum length of 32 characters'
app.register(process.env.MOVED ? session : peer, { secret, store: new session.MemoryStore() })
app.register(peer, { secret, store: new session.MemoryStore() })
app.get('/', async (request) => {
  await request.session.regenerate()
  return request.session.sessionId
})
