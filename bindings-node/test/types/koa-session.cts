import Koa = require('koa')
import session = require('shortcrust/koa-session')

const app = new Koa<{ user: string }>()
const config: Partial<session.opts> = { key: 'koa.sess', renew: true }
app.use(session(config, app))
app.use(session.default(app)).use(session.createSession(config, app))
app.use((ctx) => {
  const own: session.Session | null = ctx.session
  ctx.body = own?.user ?? ctx.state.user
})
