// One small application on Express and on Fastify, with the session of a peer or of its drop-in.
import fastifyCookie from '@fastify/cookie'
import express from 'express'
import expressSession from 'express-session'
import Fastify from 'fastify'
import expressDropIn from 'shortcrust/express-session'

import { Browser, SECRET, serve } from '../support.mjs'
import { MODULES } from './fastify-session.support.mjs'

const OPTIONS = { secret: SECRET, saveUninitialized: false }

/** By path; what one returns is the body. */
export const ROUTES = {
  '/in': (session) => {
    session.user = 'ada'
  },
  '/add': (session, { run }) => {
    session.n = (session.n ?? 0) + 1
    return run()
  },
  '/read': (session) => session.user,
}

/** Peers and drop-ins on stores of express-session's. */
export const HOSTS = {
  'express-session': { session: expressSession, host: onExpress },
  'shortcrust/express-session': { session: expressDropIn, host: onExpress },
  '@fastify/session': { session: MODULES['@fastify/session'], host: onFastify },
  'shortcrust/fastify-session': { session: MODULES['shortcrust/fastify-session'], host: onFastify },
}

export function onExpress(session, store, meanwhile, use, maxAge) {
  const cookie = maxAge === undefined ? {} : { maxAge }
  const app = express()
    .use(session({ ...OPTIONS, resave: false, store, cookie }))
    .use(async ({ path, session }, response) => {
      response.json((await ROUTES[path](session, meanwhile)) ?? null)
    })
  return serve(app, use)
}

export async function onFastify(session, store, meanwhile, use, maxAge) {
  const app = Fastify()
  await app.register(fastifyCookie)
  const cookie = { secure: false, maxAge }
  await app.register(session, { ...OPTIONS, rolling: false, store, cookie })
  app.get('/*', async ({ url, session }, reply) =>
    reply.type('application/json').send(JSON.stringify((await ROUTES[url](session, meanwhile)) ?? null)),
  )
  await app.listen({ port: 0, host: '127.0.0.1' })
  await use(new Browser(app.server.address().port))
  await app.close()
}
