import Koa from 'koa'
import session, {
  type CreateSessionOptions,
  createSession,
  type ExternalKeys,
  type Session,
  SessionOptions,
  type stores,
} from 'shortcrust/koa-session'
import { MemoryStore } from 'shortcrust/stores/memory'

const app = new Koa()
app.keys = ['some secret hurr']

const store: stores = {
  async get(key, maxAge, { rolling, ctx }) {
    return { key, maxAge, rolling, path: ctx.path }
  },
  async set(_key, _session, _maxAge, { changed, rolling }) {
    console.log(changed, rolling)
  },
  async destroy(_key) {},
}
const externalKey: ExternalKeys = {
  get: (ctx) => ctx.get('x-session'),
  set: (ctx, key) => ctx.set('x-session', key),
}

const CONFIG: CreateSessionOptions = {
  key: 'koa.sess',
  maxAge: 86400000,
  autoCommit: true,
  overwrite: true,
  httpOnly: true,
  signed: true,
  rolling: false,
  renew: false,
  secure: true,
  sameSite: 'lax',
  store,
  externalKey,
  prefix: 'p:',
  genid: (ctx) => `${ctx.path}-1`,
  valid: (ctx, data) => ctx.ip === data.ip,
  beforeSave(_ctx, data) {
    data.saved = true
  },
  encode: (data) => JSON.stringify(data),
  decode: (text) => JSON.parse(text),
  ContextStore: class implements stores {
    constructor(readonly ctx: Koa.Context) {}
    get = store.get
    set = store.set
    destroy = store.destroy
  },
}

const middleware: Koa.Middleware = session(CONFIG, app)
app.use(middleware)
app.use(session(app))
app.use(createSession({ maxAge: 'session' }, app))
app.use(session(app, { maxAge: 5 }))

app.use(async (ctx) => {
  if (ctx.session === null) return
  const one: Session = ctx.session
  const n: number = one.views || 0
  one.views = n + 1
  const isNew: boolean | undefined = one.isNew
  const id: string | undefined = one.externalKey
  one.maxAge = 'session'
  one.save()
  await one.save()
  one.save((error?: Error) => console.log(error))
  await one.regenerate()
  await one.manuallyCommit()
  const key: string | undefined = ctx.sessionOptions?.key
  ctx.body = { n, isNew, id, key, length: one.length, populated: one.populated, json: one.toJSON() }
  ctx.session = { user: 'ada' }
  ctx.session = null
})

const parsed: SessionOptions = SessionOptions.parse({})
export const key: string = parsed.key

// @ts-expect-error the application is due
session({ key: 'k' })
// @ts-expect-error a number, or session
session({ maxAge: 'soon' }, app)

app.use(
  session(
    {
      store: new MemoryStore(),
      userKey: 'user',
      label: (request) => request.headers['user-agent'],
      outage: 'empty',
    },
    app,
  ),
)
// @ts-expect-error no store
session({ store: { get() {} } }, app)
