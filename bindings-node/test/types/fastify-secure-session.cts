import fastify = require('fastify')
import secureSession = require('shortcrust/fastify-secure-session')

const app = fastify({ logger: false })
app.register(secureSession, { key: Buffer.alloc(32), cookie: { path: '/', httpOnly: true } })
app.register(secureSession.fastifySecureSession, { key: 'b64' })

app.get('/', (request, reply) => {
  const data: unknown = request.session.get('data')
  if (!data) {
    reply.code(404).send()
    return
  }
  reply.send(data)
})

export = { app, opened: app.decodeSecureSession('x;y', app.log)?.data() }
