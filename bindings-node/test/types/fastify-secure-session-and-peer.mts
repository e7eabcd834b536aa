// The peer's own declarations may stand beside ours, as while an application moves.
import peer from '@fastify/secure-session'
import fastify from 'fastify'
import session from 'shortcrust/fastify-secure-session'

const app = fastify()
app.register(process.env.MOVED ? session : peer, { key: Buffer.alloc(32) })
app.get('/', async (request) => {
  request.session.set('a' as never, 1 as never)
  return request.session.get('a')
})
