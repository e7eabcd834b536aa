// The tool on sessions in a store that a URL names; Python's test has the rest.
import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'

import express from 'express'
import session, { login } from 'shortcrust/express'
import { FileStore } from 'shortcrust/stores/file'
import { RedisStore } from 'shortcrust/stores/redis'
import { SQLiteStore } from 'shortcrust/stores/sqlite'

import { REDIS } from './services.mjs'

const main = fileURLToPath(new URL('../dist/tool/main.js', import.meta.url))
const { createClient } = createRequire(import.meta.url)('redis')

function tool(...args) {
  return new Promise((resolve) => {
    execFile(process.execPath, [main, ...args], (error, out, err) => {
      resolve({ out, err, code: error?.code ?? 0 })
    })
  })
}

async function logIn(store, user) {
  const app = express()
  app.use(
    session({ secrets: ['a secret for the tests only, of thirty-two bytes'], store, namespace: 'tool' }),
  )
  app.get('/', async (req, res) => {
    await login(req, user)
    res.send('a page')
  })
  const server = app.listen(0)
  await new Promise((resolve) => server.once('listening', resolve))
  const response = await fetch(`http://127.0.0.1:${server.address().port}/`)
  assert.equal(response.status, 200)
  await response.text()
  server.closeAllConnections()
  await new Promise((resolve) => server.close(resolve))
}

async function listedAndRevoked(url, store) {
  await logIn(store, 'ada')
  await logIn(store, 'ada')
  const ada = ['--user', 'ada', '--namespace', 'tool']
  const listed = await tool('sessions', 'list', url, '--json', ...ada)
  const { sessions } = JSON.parse(listed.out)
  assert.equal(sessions.length, 2)
  const revoked = await tool('sessions', 'revoke', url, '--keep', sessions[0].handle, ...ada)
  assert.deepEqual(revoked, { out: '1 session removed\n', err: '', code: 0 })
  assert.deepEqual(await tool('sessions', 'revoke', url, ...ada), revoked)
  assert.equal((await tool('sessions', 'list', url, ...ada)).out, '0 sessions\n')
  assert.deepEqual(await tool('sweep', url), { out: '0 sessions removed\n', err: '', code: 0 })
}

test('a user is listed and revoked in SQLite and in files', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'shortcrust-tool-'))
  const store = new SQLiteStore(join(folder, 'sessions.db'))
  await listedAndRevoked(`sqlite:///${folder}/sessions.db`, store)
  store.close()
  mkdirSync(join(folder, 'files'))
  await listedAndRevoked(`file://${folder}/files`, new FileStore(join(folder, 'files')))
  rmSync(folder, { recursive: true })
})

test('a user is listed and revoked in Redis', { skip: REDIS.skip }, async () => {
  const client = await createClient({ url: REDIS.url }).connect()
  await listedAndRevoked(REDIS.url, new RedisStore(client))
  await client.close()
})

test('a store that fails is said without its URL', async () => {
  const done = await tool('sessions', 'list', 'redis://:password@127.0.0.1:1/0', '--user', 'ada')
  assert.match(done.err, /^shortcrust: the store failed: \w+Error\n$|^shortcrust: the store failed: Error\n$/)
  assert.equal(done.code, 1)
})
