import fastify from 'fastify'
import plugin, { fastifySecureSession, type Session } from 'shortcrust/fastify-secure-session'

declare module 'shortcrust/fastify-secure-session' {
  interface SessionData {
    user: string
  }
}

interface CartData {
  items: string[]
}

declare module 'fastify' {
  interface FastifyRequest {
    cart: Session<CartData>
  }
}

const app = fastify()
const key = Buffer.alloc(32)
app.register(plugin, { key })
app.register(plugin.default, {
  key: key.toString('base64'),
  cookie: { path: '/', secure: 'auto' },
  expiry: 900,
})
app.register(fastifySecureSession, { key: [key, 'b64'], sessionName: 'cart', cookieName: 'c' })
app.register(plugin, { secret: 'averylogphrasebiggerthanthirtytwochars', salt: 'mq9hDxBVDbspDR6n' })
app.register(plugin, [
  { sessionName: 'session', key },
  { sessionName: 'cart', key, cookie: { maxAge: 100 } },
])

// @ts-expect-error a key or a secret is due
app.register(plugin, { cookieName: 'c' })
// @ts-expect-error a name is due for each of several
app.register(plugin, [{ key }, { key }])

app.post('/', async (request, reply) => {
  const user: string | undefined = request.session.get('user')
  const property: string | undefined = request.session.user
  const items: string[] | undefined = request.cart.get('items')
  request.session.set('user', 'ada')
  request.session.user = 'ada'
  // @ts-expect-error not declared above
  request.session.set('other', 1)
  // @ts-expect-error a string
  request.session.set('user', 1)
  const other: number = request.session.get('other')
  request.session.options({ maxAge: 60 * 60 })
  request.session.touch()
  request.session.regenerate()
  request.session.regenerate(['user'])
  request.session.delete()
  const flags: boolean[] = [request.session.changed, request.session.deleted]
  reply.send({ user, property, items, other, flags, data: request.session.data()?.user })
})

const created: Session = app.createSecureSession({ user: 'ada' })
const text: string = app.encodeSecureSession(created, 'session')
export const opened: Session | null = app.decodeSecureSession(text, undefined, 'session')
export const options: plugin.SecureSessionPluginOptions = { key }
