// The command line, read by Node's own parser as the core's table of verbs says.
import { parseArgs } from 'node:util'

import { tool } from '../native.js'

/** The command line is none; the core says why. */
export class Misuse extends Error {}

export interface Command {
  verb: string
  /** The argument has the empty name, and a flag an empty value. */
  options: Map<string, string>
  /** The options that the verb has. */
  known: Set<string>
  help?: string
}

interface Verb {
  verb: string
  argument: string | null
  options: { name: string; value: string | null }[]
}

/** Throws {@link Misuse} for what is no command. */
export function parse(given: string[]): Command {
  const verbs: Verb[] = JSON.parse(tool.toolTable()).verbs
  const named = (name: string | undefined) => verbs.find(({ verb }) => verb === name)
  const two = named(given.slice(0, 2).join(' '))
  const verb = two ?? named(given[0])
  const rest = verb === undefined ? given : given.slice(two === undefined ? 1 : 2)
  const end = rest.indexOf('--')
  const before = end < 0 ? rest : rest.slice(0, end)
  if (before.includes('--help') || before.includes('-h') || given.length === 0) {
    const name = verb?.verb ?? ''
    return { verb: name, options: new Map(), known: new Set(), help: name }
  }
  if (verb === undefined) throw new Misuse()
  return parsed(verb, rest)
}

function parsed(verb: Verb, args: string[]): Command {
  const kinds = verb.options.map(({ name, value }) => {
    return [name, { type: value === null ? ('boolean' as const) : ('string' as const) }] as const
  })
  const { values, positionals } = strictly(args, Object.fromEntries(kinds))
  if (positionals.length > (verb.argument === null ? 0 : 1)) throw new Misuse()
  const options = new Map<string, string>()
  for (const { name } of verb.options) {
    const value = values[name]
    if (value !== undefined) options.set(name, value === true ? '' : String(value))
  }
  if (positionals[0] !== undefined) options.set('', positionals[0])
  return { verb: verb.verb, options, known: new Set(verb.options.map(({ name }) => name)) }
}

function strictly(args: string[], options: Record<string, { type: 'boolean' | 'string' }>) {
  try {
    return parseArgs({ args, options, allowPositionals: true, strict: true })
  } catch {
    throw new Misuse()
  }
}
