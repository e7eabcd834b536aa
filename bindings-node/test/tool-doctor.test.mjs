// The doctor finds what was planted in real applications, and nothing in those done right.
import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, describe, test } from 'node:test'
import { fileURLToPath } from 'node:url'

const main = fileURLToPath(new URL('../dist/tool/main.js', import.meta.url))
const folder = mkdtempSync(join(tmpdir(), 'shortcrust-doctor-'))
const require = createRequire(import.meta.url)
const of = (name) => JSON.stringify(require.resolve(name))
const SECRET = "'a secret for the tests only, of thirty-two bytes'"

after(() => rmSync(folder, { recursive: true }))

/** What the doctor prints of an application's file. */
function doctor(file, code, ...args) {
  writeFileSync(join(folder, file), code)
  return new Promise((resolve) => {
    execFile(process.execPath, [main, 'doctor', ...args], { cwd: folder }, (error, out, err) => {
      resolve({ out, err, code: error?.code ?? 0 })
    })
  })
}

async function rules(file, code, ...args) {
  const done = await doctor(file, code, `${file}:app`, '--json', ...args)
  assert.equal(done.err, '')
  const { findings } = JSON.parse(done.out)
  assert.equal(done.code, findings.length > 0 ? 1 : 0)
  return findings.map(({ rule }) => rule)
}

const front = (options, before = '', more = '') => `
  const express = require(${of('express')})
  const session = require(${of('shortcrust/express')})
  const app = (exports.app = express())
  ${before}
  app.use(session({ secrets: [${SECRET}], ${options} }))
  app.get('/', (req, res) => { req.session.n = 1; ${more}; res.send('a page') })`

const peer = (options, before = '') => `
  const express = require(${of('express')})
  const session = require(${of('express-session')})
  const app = (exports.app = express())
  ${before}
  const MemoryStore = session.MemoryStore
  const cookie = { sameSite: 'lax', ...${options} }
  app.use((req, res, next) => { res.set('Cache-Control', 'private'); next() })
  app.use(session({ secret: ${SECRET}, resave: false, saveUninitialized: true, cookie }))
  app.get('/', (req, res) => res.send('a page'))`

describe('an application that is done right has no finding', () => {
  const trusts = "app.set('trust proxy', 'loopback')"
  test('our front', async () => {
    assert.deepEqual(await rules('front.cjs', front('', trusts), '--proxy'), [])
  })
  test('express-session', async () => {
    assert.deepEqual(await rules('peer.cjs', peer("{ secure: 'auto' }", trusts), '--proxy'), [])
  })
  test('Koa with koa-session', async () => {
    const code = `
      const Koa = require(${of('koa')})
      const session = require(${of('koa-session')})
      const app = (exports.app = new Koa())
      app.keys = [${SECRET}]
      app.use(session.createSession ? session.createSession({ sameSite: 'lax' }, app) : session({ sameSite: 'lax' }, app))
      app.use((ctx) => { ctx.session.n = 1; ctx.set('Cache-Control', 'private'); ctx.body = 'a page' })`
    assert.deepEqual(await rules('koa.cjs', code), [])
  })
  test('Fastify with @fastify/session', async () => {
    const code = `
      import fastify from ${of('fastify')}
      import cookie from ${of('@fastify/cookie')}
      import session from ${of('@fastify/session')}
      export const app = fastify()
      app.register(cookie)
      app.register(session, { secret: ${SECRET}, cookie: { secure: false, sameSite: 'lax' } })
      app.get('/', (request, reply) => {
        request.session.n = 1
        reply.header('Cache-Control', 'private').send('a page')
      })`
    assert.deepEqual(await rules('fastify.mjs', code), [])
  })
})

describe('a mistake is found alone', () => {
  const cases = [
    ['proxy', front(''), '--proxy'],
    ['samesite-missing', peer('{ sameSite: false }')],
    ['samesite-none', peer("{ sameSite: 'none' }")],
    ['httponly-missing', peer('{ httpOnly: false }')],
    ['domain-single', peer("{ domain: 'localhost' }")],
    ['domain-foreign', peer("{ domain: 'example.com' }")],
    ['lifetime', peer('{ maxAge: 2 * 365 * 86_400_000 }')],
    ['cache-public', peer('{}').replace('private', 'public, max-age=60')],
    [
      'two-places',
      front('', '', "res.cookie('a', '1'); res.cookie('a', '1', { domain: 'localhost.example' })"),
    ],
    ['value', front('', '', "res.append('Set-Cookie', 'theme=dark blue; Path=/')")],
    ['secure-prefix', front('', '', "res.append('Set-Cookie', '__Secure-theme=dark; Path=/')")],
    ['partitioned', front('', '', "res.append('Set-Cookie', 'theme=dark; Path=/; Partitioned')")],
    ['joined', front('', '', "res.append('Set-Cookie', 'theme=dark; Path=/; SameSite=Lax, lang=en')")],
    ['no-cookie', "exports.app = (req, res) => res.end('a page')"],
  ]
  for (const [rule, code, ...args] of cases) {
    test(rule, async () => {
      const extra = { 'two-places': ['domain-foreign'], joined: ['samesite-unknown'] }[rule] ?? []
      const found = await rules(`${rule}.cjs`, code, ...args)
      assert.deepEqual(
        found.filter((name) => !extra.includes(name)),
        [rule],
      )
    })
  }
})

test('what is no application is said, and what one prints is no answer', async () => {
  const code = "console.log('noise'); exports.app = 1"
  const number = await doctor('number.cjs', code, 'number.cjs:app')
  const said = 'number.cjs:app is no application of Express, Koa, Fastify or node:http'
  assert.deepEqual(number, { out: '', err: `noise\nshortcrust: ${said}\n`, code: 2 })
  const gone = await doctor('number.cjs', code, 'gone.cjs:app')
  assert.equal(gone.err, "shortcrust: gone.cjs:app can't be imported: Error\n")
})
