import http = require('node:http')

import ironSession = require('shortcrust/iron-session')

const { getIronSession, sealData, unsealData } = ironSession
const password = 'complex_password_at_least_32_characters_long'
const options: ironSession.SessionOptions = { cookieName: 'session', password }

const server = http.createServer(async (request, response) => {
  const session = await getIronSession<{ user?: string }>(request, response, options)
  session.user = await unsealData<string>(await sealData('ada', { password }), { password })
  await session.save()
  response.end()
})

export = server
