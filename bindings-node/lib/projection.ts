// JSON text to data and back, with Date and Uint8Array, which JSON has not.
import { isDate, isUint8Array } from 'node:util/types'

import { SealError } from './errors.js'

export type Data = Record<string, unknown>
export type View = { text: string; kinds?: string | undefined }

/**
 * JSON, and where in it a string stands for more: a JSON object that has of the data's keys and positions only those
 * that lead there, and the kind at the end; or no text.
 */
export interface Encoded {
  readonly text: string
  readonly kinds: string
}

/** What is left of a session that has ended, or never was. */
export const ENDED: Encoded = { text: '{}', kinds: '' }

export function decode({ text, kinds }: View): Data {
  const data: Data = JSON.parse(text)
  if (kinds !== undefined) revive(data, JSON.parse(kinds))
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

interface Kinds {
  [step: string]: Kinds | 'bytes' | 'date'
}

function revive(data: Data, kinds: Kinds): void {
  for (const [step, kind] of Object.entries(kinds)) {
    const value = own(data, step)
    if (typeof kind === 'object') revive(value as Data, kind)
    else if (typeof value === 'string') data[step] = kind === 'date' ? new Date(value) : bytes(value)
  }
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

/** Where a container stands, and the kinds below it as soon as there are any. */
interface Place {
  readonly up?: Place
  readonly step: string
  kinds?: Kinds
}

function encodeSpecial(data: object): Encoded {
  const root: Place = { step: '', kinds: Object.create(null) }
  // A container's children follow it at once, so this is right for one that stands in two places too.
  const places = new WeakMap<object, Place>()
  function replacer(this: Data, key: string, json: unknown): unknown {
    const up = places.get(this)
    const value = this[key]
    if (up !== undefined && isDate(value) && json !== null) kindsOf(up)[key] = 'date'
    if (up !== undefined && isUint8Array(value)) {
      kindsOf(up)[key] = 'bytes'
      return Buffer.from(value.buffer, value.byteOffset, value.byteLength).toString('base64')
    }
    if (typeof json === 'object' && json !== null) {
      places.set(json, up === undefined ? root : { up, step: key })
    }
    return json
  }
  const text = JSON.stringify(data, replacer)
  return { text, kinds: JSON.stringify(root.kinds) }
}

/** Made on the way to the first place that needs them. They may have a key `__proto__`, so they have no prototype. */
function kindsOf(place: Place): Kinds {
  if (place.kinds !== undefined) return place.kinds
  const kinds: Kinds = Object.create(null)
  place.kinds = kinds
  if (place.up !== undefined) kindsOf(place.up)[place.step] = kinds
  return kinds
}
