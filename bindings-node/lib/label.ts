// The option `label`: what users know their sessions by.
import type { IncomingMessage } from 'node:http'

import { ConfigError } from './errors.js'

/** Of any framework's request: a method's type, which may ask for more than an `IncomingMessage`. */
export type LabelOption = { of(request: IncomingMessage): string | null | undefined }['of']

export function labelOf(options: { label?: unknown; store?: unknown }): LabelOption | undefined {
  const { label, store } = options
  if (label === undefined) return undefined
  if (typeof label !== 'function') {
    throw new ConfigError('option', `label must be a function of the request, not ${typeof label}`)
  }
  if (store !== undefined) return label as LabelOption
  const why = "is for sessions in a store, since others can't be listed"
  throw new ConfigError('option', `label ${why}: set store, or remove label`)
}
