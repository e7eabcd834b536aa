// Both drop-ins in one program, as where an application has both.
import fastify from 'fastify'
import secureSession, { type Session as SecureSession } from 'shortcrust/fastify-secure-session'
import session from 'shortcrust/fastify-session'

declare module 'fastify' {
  interface FastifyRequest {
    cart: SecureSession<{ items: string[] }>
  }
}

const app = fastify()
app.register(session, { secret: 'a secret with minimum length of 32 characters' })
app.register(secureSession, { key: Buffer.alloc(32), sessionName: 'cart' })
app.get('/', async (request) => {
  await request.session.regenerate(['user'])
  request.session.touch()
  return [request.cart.get('items'), request.session.sessionId]
})
