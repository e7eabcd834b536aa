// The peer's types may stay installed.
import peer from 'cookie-session'
import express from 'express'
import cookieSession from 'shortcrust/cookie-session'

express()
  .use(peer({ keys: ['key1'] }))
  .use(cookieSession({ keys: ['key1'], priority: 'low' }))
  .get('/', (request) => {
    request.session = { user: 'ada' }
    request.sessionOptions.maxAge = 1
  })
