import fastifyCookie = require('@fastify/cookie')
import fastify = require('fastify')
import fastifySession = require('shortcrust/fastify-session')

const app = fastify()
app.register(fastifyCookie)
app.register(fastifySession, {
  secret: 'a secret with minimum length of 32 characters',
  cookie: { secure: false },
})
app.register(fastifySession.fastifySession, { secret: [], store: new fastifySession.MemoryStore() })

app.post('/logout', async (request) => {
  await request.session.destroy()
  const kept: fastifySession.SessionStore = request.sessionStore
  return kept instanceof fastifySession.Store
})

class Mine extends fastifySession.MemoryStore {}

export = { app, Mine }
