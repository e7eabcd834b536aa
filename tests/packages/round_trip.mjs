// Every entry point of the installed package loads by require and by import, and a session goes there and back.
// node round_trip.mjs [express]: in a folder where the package is installed; with `express`, on that too.
import assert from 'node:assert/strict'
import { once } from 'node:events'
import http from 'node:http'
import { createRequire } from 'node:module'
import process from 'node:process'

const require = createRequire(import.meta.url)
const entries = Object.keys(require('shortcrust/package.json').exports)
  .filter((entry) => entry !== './package.json')
  .map((entry) => `shortcrust${entry.slice(1)}`)
for (const entry of entries) {
  const imported = await import(entry)
  assert.equal(imported.default, require(entry), entry)
}

const { session } = require('shortcrust/express')
const hosts = { 'node:http': plain }
if (process.argv[2] === 'express') hosts.express = express
for (const [name, host] of Object.entries(hosts)) {
  for (const format of ['sealed', 'flask']) await visit(host, format)
  console.log(`${name}: there and back`)
}
console.log(`${entries.length} entry points`)

function plain(middleware) {
  return (request, response) => middleware(request, response, () => count(request, response))
}

function express(middleware) {
  return require('express')().use(middleware).get('/', count)
}

function count(request, response) {
  request.session.visits = (request.session.visits ?? 0) + 1
  response.end(JSON.stringify(request.session))
}

async function visit(host, format) {
  const secrets = ['a secret that is only for this test']
  const policy = format === 'flask' ? { absolute: null } : {}
  const server = http.createServer(host(session({ secrets, format, policy })))
  await once(server.listen(0, '127.0.0.1'), 'listening')
  const url = `http://127.0.0.1:${server.address().port}/`
  const get = async (cookie) => {
    const response = await fetch(url, { headers: { connection: 'close', ...(cookie && { cookie }) } })
    return { text: await response.text(), cookie: response.headers.getSetCookie()[0]?.split(';')[0] }
  }
  const first = await get()
  assert.equal((await get(first.cookie)).text, '{"visits":2}')
  const forged = first.cookie.replace(/.(?=.{4}$)/, (letter) => (letter === 'A' ? 'B' : 'A'))
  assert.equal((await get(forged)).text, '{"visits":1}')
  server.close()
}
