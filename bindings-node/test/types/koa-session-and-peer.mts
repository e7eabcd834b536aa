// The peer's types may stay installed.
import Koa from 'koa'
import peer from 'koa-session'
import session from 'shortcrust/koa-session'

const app = new Koa()
app.use(peer(app)).use(session(app))
app.use((ctx) => {
  if (ctx.session?.isNew) ctx.session.user = 'ada'
  ctx.session = null
})
