// How the package is imported, from either kind of module and with types.
import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { cpSync, mkdirSync, mkdtempSync, readdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'

import { ConfigError, reason as rootReason, SealError, ShortcrustError } from 'shortcrust'
import session, { session as named, reason } from 'shortcrust/express'

const require = createRequire(import.meta.url)
const home = fileURLToPath(new URL('..', import.meta.url))

test('require gives the function, with the names on it', () => {
  const required = require('shortcrust/express')
  assert.equal(typeof required, 'function')
  assert.equal(required.session, required)
  assert.equal(typeof required.reason, 'function')
})

test('import gives the same by default and by name', () => {
  assert.equal(session, require('shortcrust/express'))
  assert.equal(named, session)
  assert.equal(reason, session.reason)
})

test('the root has reason and the errors', () => {
  assert.equal(rootReason, reason)
  for (const Kind of [ConfigError, SealError]) {
    const { code, message, name, stack } = new Kind('code', 'message')
    assert.deepEqual({ code, message, name }, { code: 'code', message: 'message', name: Kind.name })
    assert.ok(Kind.prototype instanceof ShortcrustError && stack.startsWith(`${Kind.name}: message`))
  }
})

test('reason without session() before it is an error that says so', () => {
  assert.throws(() => reason({ headers: {} }), {
    name: 'ShortcrustError',
    message: /put session\(\) before it/,
  })
})

const PEERS = [
  '@fastify',
  '@redis',
  'better-sqlite3',
  'express',
  'fastify',
  'ioredis',
  'memorystore',
  'pg',
  'redis',
]

/** A folder like a user's, with the package linked into it as npm does. */
function project(context) {
  const folder = mkdtempSync(join(tmpdir(), 'shortcrust-'))
  context.after(() => rmSync(folder, { recursive: true }))
  mkdirSync(join(folder, 'node_modules'))
  symlinkSync(home, join(folder, 'node_modules/shortcrust'))
  for (const name of ['@types', 'undici-types', ...PEERS]) {
    symlinkSync(join(home, 'node_modules', name), join(folder, 'node_modules', name))
  }
  return folder
}

for (const file of readdirSync(join(home, 'test/types'))) {
  test(`a project with ${file} type-checks, strictly and with all declarations`, (context) => {
    const folder = project(context)
    cpSync(join(home, 'test/types', file), join(folder, file))
    const compilerOptions = {
      exactOptionalPropertyTypes: true,
      module: 'node16',
      noEmit: true,
      // @types/koa wants these types, and Express brings a version of the package with others.
      paths: { 'content-disposition': [join(home, 'node_modules/@types/content-disposition')] },
      skipLibCheck: false,
      strict: true,
      target: 'es2022',
      types: ['node'],
    }
    writeFileSync(join(folder, 'tsconfig.json'), JSON.stringify({ compilerOptions, files: [file] }))
    const tsc = join(home, 'node_modules/typescript/bin/tsc')
    try {
      execFileSync(process.execPath, [tsc, '-p', folder], { encoding: 'utf8' })
    } catch (error) {
      assert.fail(error.stdout)
    }
  })
}
