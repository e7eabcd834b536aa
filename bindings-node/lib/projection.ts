// JSON text to data and back, with Date and Uint8Array, which JSON has not.
import { isDate, isUint8Array } from 'node:util/types'

import { SealError } from './errors.js'
import type { Shown } from './native.js'

export type Data = Record<string, unknown>

/** JSON, and where in it a string stands for more: a JSON object from JSON Pointer to kind, or no text. */
export interface Encoded {
  readonly text: string
  readonly kinds: string
}

export function decode({ text, kinds }: Shown): Data {
  const data: Data = JSON.parse(text)
  if (kinds !== undefined) {
    for (const [pointer, kind] of Object.entries<string>(JSON.parse(kinds))) revive(data, pointer, kind)
  }
  return data
}

/** As `JSON.stringify`; where that throws, a `SealError`. */
export function encode(data: object): Encoded {
  try {
    // First, since it throws at a cycle, in which `hasSpecial` would not end.
    const text = JSON.stringify(data)
    return hasSpecial(data) ? encodeSpecial(data) : { text, kinds: '' }
  } catch (error) {
    const message = 'it holds what JSON has no form for, such as a BigInt or a cycle'
    throw new SealError('malformed', message, { cause: error })
  }
}

function revive(root: Data, pointer: string, kind: string): void {
  const steps = pointer.split('/').slice(1).map(fromStep)
  const last = steps.pop() ?? ''
  const parent = steps.reduce<unknown>((node, step) => own(node, step), root)
  const text = own(parent, last)
  if (typeof text === 'string') (parent as Data)[last] = kind === 'date' ? new Date(text) : bytes(text)
}

function own(node: unknown, key: string): unknown {
  return typeof node === 'object' && node !== null && Object.hasOwn(node, key)
    ? (node as Data)[key]
    : undefined
}

function bytes(base64: string): Uint8Array {
  return Uint8Array.from(Buffer.from(base64, 'base64'))
}

/** Looks where `JSON.stringify` looks; objects of other realms count too. */
function hasSpecial(value: unknown): boolean {
  if (typeof value !== 'object' || value === null) return false
  if (isDate(value) || isUint8Array(value)) return true
  return typeof (value as Data).toJSON !== 'function' && Object.values(value).some(hasSpecial)
}

function encodeSpecial(data: object): Encoded {
  const kinds: Record<string, string> = {}
  // A container's children follow it at once, so this is right for one that stands in two places too.
  const pointers = new WeakMap<object, string>()
  function replacer(this: Data, key: string, json: unknown): unknown {
    const pointer = pointers.has(this) ? `${pointers.get(this)}/${toStep(key)}` : ''
    const value = this[key]
    if (isDate(value) && json !== null) kinds[pointer] = 'date'
    if (isUint8Array(value)) {
      kinds[pointer] = 'bytes'
      return Buffer.from(value.buffer, value.byteOffset, value.byteLength).toString('base64')
    }
    if (typeof json === 'object' && json !== null) pointers.set(json, pointer)
    return json
  }
  const text = JSON.stringify(data, replacer)
  return { text, kinds: JSON.stringify(kinds) }
}

function toStep(key: string): string {
  return key.replaceAll('~', '~0').replaceAll('/', '~1')
}

function fromStep(step: string): string {
  return step.replaceAll('~1', '/').replaceAll('~0', '~')
}
