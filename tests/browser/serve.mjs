// Serves an example of Node's over HTTPS: `node --import ./serve.mjs app.mjs`.
import { readFileSync } from 'node:fs'
import http from 'node:http'
import https from 'node:https'
import { syncBuiltinESMExports } from 'node:module'

const { CERTIFICATE, KEY } = process.env
const options = { cert: readFileSync(CERTIFICATE), key: readFileSync(KEY) }
http.createServer = (...given) => https.createServer(options, given.at(-1))
syncBuiltinESMExports()
