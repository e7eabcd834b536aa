// Brings into a package what lies at the root of the repository.
import { cpSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

export const LICENCES = ['LICENSE-APACHE', 'LICENSE-MIT']

export function bring(names, folder) {
  for (const name of names) cpSync(new URL(`../../${name}`, import.meta.url), `${folder}/${name}`)
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  bring([...LICENCES, 'README.md'], fileURLToPath(new URL('..', import.meta.url)))
}
