import { fastifyCookie } from '@fastify/cookie'
import fastify, { type FastifyRequest } from 'fastify'
import plugin, { fastifySession, MemoryStore, Store } from 'shortcrust/fastify-session'
import { MemoryStore as OurStore } from 'shortcrust/stores/memory'

declare module 'fastify' {
  interface Session {
    user_id: string
    other_key: { deep: number[] }
    id?: number
  }
}

const app = fastify()
app.register(fastifyCookie)
app.register(fastifySession, { secret: 'a secret with minimum length of 32 characters' })
app.register(plugin.default, { secret: ['a secret', 'an old one'] })
app.register(plugin, {
  secret: { sign: (value) => value, unsign: (value) => ({ valid: true, renew: false, value }) },
  algorithm: 'sha512',
  cookie: {
    domain: 'a.example',
    expires: new Date(),
    maxAge: 1_000,
    partitioned: true,
    sameSite: 'lax',
    secure: 'auto',
  },
  cookieName: 'sid',
  cookiePrefix: 's:',
  idGenerator: (request?: FastifyRequest) => `${request?.ip}`,
  rolling: false,
  saveUninitialized: false,
  store: new MemoryStore(new Map()),
})
app.register(plugin, { secret: '', store: new Store() })

// @ts-expect-error a secret is due
app.register(plugin, {})
// @ts-expect-error no such option
app.register(plugin, { secret: '', maxAge: 1 })

app.addHook('preHandler', (request, _reply, next) => {
  request.session.user_id = 'ada'
  request.session.destroy(next)
})

app.get('/', async (request, reply) => {
  const user: string = request.session.user_id
  const id: number | undefined = request.session.get('id')
  request.session.set('other_key', { deep: [1] })
  // biome-ignore lint/suspicious/noExplicitAny: from the peer's documentation
  request.session.set<any>('not-exist', 'happy')
  // biome-ignore lint/suspicious/noExplicitAny: as above
  request.session.get<any>('not-exist')
  // @ts-expect-error not declared above
  request.session.get('other')
  // @ts-expect-error a number
  request.session.set('id', 'x')
  request.session.touch()
  request.session.options({ maxAge: 60 * 60 })
  request.session.cookie.maxAge = 5
  await request.session.regenerate()
  await request.session.regenerate(['user_id'])
  request.session.regenerate((error: Error | null) => reply.send(error))
  request.session.regenerate(['user_id'], (error) => reply.send(error))
  await request.session.reload()
  await request.session.save()
  request.session.save((error) => reply.send(error))
  const states: boolean[] = [request.session.isModified(), request.session.isSaved()]
  const ids: string[] = [request.session.sessionId, request.session.encryptedSessionId]
  request.sessionStore.get(request.session.sessionId, (_error, session) => session?.user_id)
  return { user, id, ids, states }
})

const request: { session?: plugin.FastifySessionObject } = {}
app.decryptSession('id.signature', request, () => request.session?.sessionId)
app.decryptSession('id.signature', request, { maxAge: 86_400 }, () => {})

export const options: plugin.FastifySessionOptions & plugin.CookieOptions = { secret: '' }
export const store: plugin.SessionStore = {
  set(_id, _session, callback) {
    callback()
  },
  get(_id, callback) {
    callback(null, null)
  },
  destroy(_id, callback) {
    callback(new Error('none'))
  },
}

app.register(plugin, { secret: '', store: new OurStore(), userKey: 'user', outage: 'empty' })
