// How the package is imported, from either kind of module and with types.
import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
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
  '@aws-sdk',
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

/** What a compiler has to say of a project with these files, under the strictest options. */
function check(context, files, compiler, options) {
  const folder = project(context)
  for (const [name, text] of Object.entries(files)) writeFileSync(join(folder, name), text)
  const compilerOptions = {
    exactOptionalPropertyTypes: true,
    noEmit: true,
    // @types/koa wants these types, and Express brings a version of the package with others.
    paths: { 'content-disposition': [join(home, 'node_modules/@types/content-disposition')] },
    strict: true,
    target: 'es2022',
    types: ['node'],
    ...options,
  }
  const config = { compilerOptions, files: Object.keys(files) }
  writeFileSync(join(folder, 'tsconfig.json'), JSON.stringify(config))
  const tsc = join(home, 'node_modules', compiler, 'bin/tsc')
  try {
    execFileSync(process.execPath, [tsc, '-p', folder], { encoding: 'utf8' })
  } catch (error) {
    assert.fail(error.stdout)
  }
}

const typed = (file) => readFileSync(join(home, 'test/types', file), 'utf8')

for (const file of readdirSync(join(home, 'test/types'))) {
  test(`a project with ${file} type-checks, strictly and with all declarations`, (context) =>
    check(context, { [file]: typed(file) }, 'typescript', { module: 'node16', skipLibCheck: false }))
}

// TypeScript 7 has no such resolution any more, in which `exports` counts for nothing.
test('under TypeScript 5 with "module": "commonjs" every entry point has its types', (context) => {
  const { exports } = require('shortcrust/package.json')
  const entries = Object.keys(exports).filter((entry) => exports[entry].types)
  const lines = entries.map((entry, at) => `import entry${at} = require('shortcrust${entry.slice(1)}')`)
  const files = {
    'entries.ts': `${lines.join('\n')}\nexport = [${entries.map((_, at) => `entry${at}`)}]\n`,
    'app.ts': typed('express-session.cts'),
  }
  check(context, files, 'typescript5', { module: 'commonjs', skipLibCheck: true })
})

test('typesVersions has every entry point of exports', () => {
  const { exports, typesVersions } = require('shortcrust/package.json')
  const entries = Object.entries(exports).filter(([entry, { types }]) => types && entry !== '.')
  const expected = entries.map(([entry, { types }]) => [entry.slice(2), [types]])
  assert.deepEqual(Object.entries(typesVersions['*']), expected)
})
