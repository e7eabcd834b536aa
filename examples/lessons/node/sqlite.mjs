// better-sqlite3, from where shortcrust has it: in this folder it is installed without being built. Elsewhere write
// `import Database from 'better-sqlite3'`.
import { createRequire } from 'node:module'

const here = createRequire(import.meta.url)
export const Database = createRequire(here.resolve('shortcrust'))('better-sqlite3')
