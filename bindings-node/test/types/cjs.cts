import http = require('node:http')

import shortcrust = require('shortcrust')
import session = require('shortcrust/express')

declare module 'shortcrust/express' {
  interface SessionData {
    user: string
  }
}

const { reason } = session
const middleware = session({ secrets: ['a secret'] })
const named: session.Middleware = session.session({ secrets: ['a secret'] })

const server = http.createServer((request, response) => {
  middleware(request, response, () => {
    const { session: current } = request as session.Request
    current.user = 'ada'
    response.end(reason(request) ?? shortcrust.reason(request))
  })
})

export = { named, server }
