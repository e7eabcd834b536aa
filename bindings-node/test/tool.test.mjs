// The command-line tool: the table of cases that Python runs too, and the vectors.
import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import { fileURLToPath } from 'node:url'

const here = (path) => fileURLToPath(new URL(path, import.meta.url))
const { cases } = JSON.parse(readFileSync(here('../../tests/tool/cases.json'), 'utf8'))
const main = here('../dist/tool/main.js')

function run(args, { env = {}, stdin = '', cwd = tmpdir() } = {}) {
  const kept = Object.entries(process.env).filter(([name]) => !name.startsWith('SHORTCRUST_'))
  const child = spawn(process.execPath, [main, ...args], {
    cwd,
    env: { ...Object.fromEntries(kept), ...env },
  })
  const printed = { out: '', err: '' }
  child.stdout.setEncoding('utf8').on('data', (text) => {
    printed.out += text
  })
  child.stderr.setEncoding('utf8').on('data', (text) => {
    printed.err += text
  })
  child.stdin.on('error', () => undefined).end(stdin)
  return new Promise((resolve) => child.on('close', (code) => resolve({ ...printed, code })))
}

describe('the command line prints what the table says', { concurrency: 2 }, () => {
  for (const { does, args, env, stdin, files = {}, code, out = '', err = '' } of cases) {
    test(does, async () => {
      const cwd = mkdtempSync(join(tmpdir(), 'shortcrust-tool-'))
      for (const [name, text] of Object.entries(files)) writeFileSync(join(cwd, name), text)
      const printed = await run(args, { env, stdin, cwd })
      rmSync(cwd, { recursive: true })
      assert.deepEqual(printed, { out, err, code })
    })
  }
})

const secrets = { SHORTCRUST_SECRETS: 'a secret of the tests, long enough for all' }
const others = { SHORTCRUST_SECRETS: 'another secret of the tests, long as well' }
const formats = ['sealed', 'flask', 'starlette', 'django', 'express', 'fastify-session', 'flask-session']
formats.push('cookie-session', 'koa-session', 'iron', 'iron-session', 'secure-session')

describe('what is minted is accepted, and not with another secret', () => {
  for (const format of formats) {
    test(format, async () => {
      const minted = await run(['mint', '--format', format], { env: secrets })
      const verify = ['verify', '-', '--name', 'session']
      const accepted = await run(verify, { env: secrets, stdin: minted.out })
      const out = `session: accepted (${format}, key 1 of 1)\n`
      assert.deepEqual(accepted, { out, err: '', code: 0 })
      const refused = await run(verify, { env: others, stdin: minted.out })
      assert.equal(refused.code, 1)
    })
  }
})

test('each secret that is made is another one', async () => {
  const made = await Promise.all([run(['keygen']), run(['keygen'])])
  assert.notEqual(made[0].out, made[1].out)
  for (const { out } of made) assert.match(out, /^[0-9a-f]{64}\n$/)
})
