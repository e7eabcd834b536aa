import express = require('express')
import cookieSession = require('shortcrust/cookie-session')

express()
  .use(cookieSession({ name: 'session', keys: ['key1', 'key2'] }))
  .get('/', (request, response) => {
    const views: number = (request.session?.views ?? 0) + 1
    request.session = { views }
    response.end(`${views} views`)
  })
