#!/usr/bin/env node
// The command-line tool. What it knows is in the core; here it is fed and printed.
import { readFileSync } from 'node:fs'

import { ambient } from '../ambient.js'
import { type ToolAnswer, type ToolCall, tool } from '../native.js'
import { type Command, Misuse, parse } from './arguments.js'
import { Missing, secrets } from './inputs.js'

async function answered(given: string[]): Promise<ToolAnswer> {
  if (given[0] === '--version' || given[0] === 'version') return printed(`shortcrust ${version()}\n`)
  try {
    const command = parse(given)
    if (command.help !== undefined) return printed(tool.toolHelp(command.help))
    return await run(command)
  } catch (error) {
    if (error instanceof Misuse) return tool.toolMisuse(given)
    if (error instanceof Missing) return { out: '', err: `shortcrust: ${error.message}\n`, code: 2 }
    throw error
  }
}

function printed(out: string): ToolAnswer {
  return { out, err: '', code: 0 }
}

function version(): string {
  return require('../../package.json').version
}

async function run(command: Command): Promise<ToolAnswer> {
  if (command.options.get('') === '-') command.options.set('', readFileSync(0, 'utf8'))
  const call = await callOf(command)
  if (['sweep', 'sessions list', 'sessions revoke'].includes(command.verb)) {
    // Other verbs need no store's client.
    const { runStored } = await import('./stored.js')
    return await runStored(command, call)
  }
  if (command.verb === 'doctor') {
    const { runDoctor } = await import('./doctor.js')
    return await runDoctor(command, call)
  }
  return tool.toolRun(call)
}

async function callOf(command: Command): Promise<ToolCall> {
  const hasNew = command.options.has('to-secret-file') || command.options.has('to-secret-env')
  const call: ToolCall = {
    verb: command.verb,
    options: [...command.options].flat(),
    nowMs: ambient.now(),
    terminal: wantsColors(),
  }
  const own = command.known.has('secret-env') ? await secrets(command, '') : undefined
  if (own !== undefined) call.secrets = own
  const fresh = hasNew ? await secrets(command, 'to-') : undefined
  if (fresh !== undefined) call.newSecrets = fresh
  return call
}

/** https://no-color.org: a terminal does, unless its user has said no. */
function wantsColors(): boolean {
  return process.stdout.isTTY === true && !process.env.NO_COLOR && process.env.TERM !== 'dumb'
}

/** Resolved when it is written. A reader that has gone is no failure. */
function write(stream: NodeJS.WriteStream, text: string): Promise<void> {
  if (text === '') return Promise.resolve()
  return new Promise((resolve, reject) => {
    stream.on('error', (error: NodeJS.ErrnoException) => (error.code === 'EPIPE' ? resolve() : reject(error)))
    stream.write(text, () => resolve())
  })
}

async function main(): Promise<void> {
  const { out, err, code } = await answered(process.argv.slice(2))
  await write(process.stderr, err)
  await write(process.stdout, out)
  // An application that was looked at may have timers.
  process.exit(code)
}

main()
