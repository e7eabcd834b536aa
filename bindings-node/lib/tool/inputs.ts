// What does not stand in the command line: secrets.
import { readFileSync } from 'node:fs'
import { createInterface } from 'node:readline'
import { Writable } from 'node:stream'

import type { Command } from './arguments.js'

const VARIABLE = 'SHORTCRUST_SECRETS'

/** Something that was named is not there. */
export class Missing extends Error {}

/** The text of the secrets, from where the command says; else from the usual variable. */
export async function secrets(command: Command, prefix: string): Promise<string | undefined> {
  const path = command.options.get(`${prefix}secret-file`)
  if (path !== undefined) return read(path)
  const name = command.options.get(`${prefix}secret-env`)
  if (name !== undefined) {
    const value = process.env[name]
    if (!value) throw new Missing(`the variable ${name} is not set, or empty`)
    return value
  }
  if (command.options.has(`${prefix}ask-secret`)) return await asked()
  return process.env[VARIABLE] || undefined
}

function read(path: string): string {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    throw new Missing(`the file ${path} can't be read`)
  }
}

/** What is typed is not shown. */
function asked(): Promise<string> {
  const nowhere = new Writable({ write: (_chunk, _encoding, done) => done() })
  const lines = createInterface({
    input: process.stdin,
    output: nowhere,
    terminal: process.stdin.isTTY === true,
  })
  process.stderr.write('secret: ')
  return new Promise((resolve, reject) => {
    lines.once('line', (line) => {
      resolve(line)
      lines.close()
    })
    lines.once('close', () => {
      process.stderr.write('\n')
      reject(new Missing('no secret was given'))
    })
  })
}
