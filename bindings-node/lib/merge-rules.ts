// The option `merge`: which numbers are added up.
import { ConfigError } from './errors.js'
import { rules } from './native.js'

/** Paths of numbers, dots between levels, such as `{ visits: 'add', 'cart.count': 'add' }`. */
export type MergeOption = Readonly<Record<string, 'add'>>

/** What was given, with the types that the native module takes. */
export function mergeOption(given: unknown = {}): Record<string, string> {
  if (typeof given !== 'object' || given === null || Array.isArray(given)) {
    throw new ConfigError('merge', "merge must be an object, such as { visits: 'add' }")
  }
  for (const [path, rule] of Object.entries(given)) {
    if (typeof rule !== 'string') {
      throw new ConfigError('merge', `merge: ${path} must be 'add', not ${typeof rule}`)
    }
  }
  return { ...given } as Record<string, string>
}

/** How a drop-in joins what two requests changed. */
export function mergeRules(given: unknown) {
  return rules(mergeOption(given))
}
