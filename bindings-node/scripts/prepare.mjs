// npm runs this for `npm ci` in here, and for `npm install ./bindings-node` from elsewhere; that only links the folder
// and installs nothing in it, so the tools may be missing. Packages from a registry come built.
import { execFileSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

const cwd = fileURLToPath(new URL('..', import.meta.url))
const npm = (...args) =>
  execFileSync('npm', args, { cwd, shell: process.platform === 'win32', stdio: 'inherit' })

if (!existsSync(`${cwd}/node_modules/.bin/tsc`)) npm('ci', '--ignore-scripts', '--no-audit', '--no-fund')
npm('run', 'build')
