// Packs what is released: a package a platform with its binary, and the main one, which names them all.
// node scripts/pack.mjs BINARIES OUT [--built-only]
// BINARIES is a folder of .node files; --built-only leaves out the platforms that have none there.
import { execFileSync } from 'node:child_process'
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'

import { NapiCli, parseTriple } from '@napi-rs/cli'

import { bring, LICENCES } from './prepack.mjs'

const home = fileURLToPath(new URL('..', import.meta.url))
const { positionals, values } = parseArgs({
  allowPositionals: true,
  options: { 'built-only': { type: 'boolean' } },
})
const [binaries, out] = positionals.map((path) => resolve(path))
const stage = mkdtempSync(join(tmpdir(), 'shortcrust-pack-'))
try {
  await main()
} finally {
  rmSync(stage, { recursive: true })
}

async function main() {
  lay()
  const napi = new NapiCli()
  await napi.createNpmDirs({ cwd: stage })
  await napi.artifacts({ cwd: stage, outputDir: binaries })
  await napi.prePublish({ cwd: stage, ghRelease: false, skipOptionalPublish: true, tagStyle: 'npm' })
  mkdirSync(out, { recursive: true })
  for (const name of readdirSync(join(stage, 'npm'))) packBinary(join(stage, 'npm', name))
  pack(stage)
}

/** The main package as it is published: nothing of it can run at an install, and the binaries are elsewhere. */
function lay() {
  const { devDependencies, scripts, ...manifest } = JSON.parse(
    readFileSync(join(home, 'package.json'), 'utf8'),
  )
  manifest.files = manifest.files.filter((name) => name !== '*.node')
  if (values['built-only']) manifest.napi.targets = manifest.napi.targets.filter(isBuilt)
  const { GITHUB_REPOSITORY, GITHUB_SERVER_URL } = process.env
  // Provenance is refused where the package does not name the repository that it was built from.
  if (GITHUB_REPOSITORY) {
    manifest.repository = { type: 'git', url: `git+${GITHUB_SERVER_URL}/${GITHUB_REPOSITORY}.git` }
  }
  writeFileSync(join(stage, 'package.json'), JSON.stringify(manifest, null, 2))
  bring([...LICENCES, 'README.md'], home)
  for (const name of [...manifest.files, 'README.md']) {
    cpSync(join(home, name), join(stage, name), { recursive: true })
  }
}

function isBuilt(target) {
  return existsSync(join(binaries, `shortcrust.${parseTriple(target).platformArchABI}.node`))
}

function packBinary(folder) {
  const path = join(folder, 'package.json')
  const manifest = JSON.parse(readFileSync(path, 'utf8'))
  manifest.files.push(...LICENCES)
  writeFileSync(path, JSON.stringify(manifest, null, 2))
  bring(LICENCES, folder)
  pack(folder)
}

function pack(folder) {
  const options = { cwd: folder, shell: process.platform === 'win32', stdio: 'inherit' }
  execFileSync('npm', ['pack', '--ignore-scripts', '--silent', '--pack-destination', out], options)
}
