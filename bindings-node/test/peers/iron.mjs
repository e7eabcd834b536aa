// @hapi/iron and ours, on the same calls.
import assert from 'node:assert/strict'
import crypto from 'node:crypto'
import { createRequire } from 'node:module'

import ours from 'shortcrust/iron'

import { ambient } from '../support.mjs'
import { bytes } from './support.mjs'

export const require = createRequire(import.meta.url)
export const peer = require('@hapi/iron')
export const Boom = require('@hapi/boom')

export const MODULES = { '@hapi/iron': peer, 'shortcrust/iron': ours }
export const NOW = 1_877_280_901_000
export const PASSWORD = 'a password of more than 32 characters: ß'
export const OTHER = 'another password of more than 32 characters'
export const KEY = Buffer.alloc(32, 7)
export const { defaults } = peer

export function call(iron, op, { object, sealed, password, options }) {
  const side = (given, algorithm) => ({
    ...{ saltBits: 256, iterations: 1, minPasswordlength: 32, algorithm },
    ...given,
    ...(given?.iv ? { iv: bytes(given.iv) } : {}),
  })
  const full = {
    ...{ ttl: 0, timestampSkewSec: 60, localtimeOffsetMsec: 0 },
    ...options,
    encryption: side(options?.encryption, 'aes-256-cbc'),
    integrity: side(options?.integrity, 'sha256'),
  }
  return iron[op](op === 'seal' ? object : sealed, secret(password), full)
}

/** With `{ hex }` at any depth as bytes. */
export function secret(password) {
  if (typeof password !== 'object' || password === null || password.hex) return bytes(password)
  return Object.fromEntries(Object.entries(password).map(([key, value]) => [key, secret(value)]))
}

export function withSides(encryption = {}, integrity = {}) {
  return {
    ...defaults,
    encryption: { ...defaults.encryption, ...encryption },
    integrity: { ...defaults.integrity, ...integrity },
  }
}

export async function outcome(run) {
  try {
    return { ok: await run() }
  } catch (error) {
    return { error }
  }
}

/** Runs on both, and asks for the same value or the same error. */
export async function assertAlike(run) {
  const [expected, actual] = [await outcome(() => run(peer)), await outcome(() => run(ours))]
  assert.deepEqual(described(actual.error), described(expected.error))
  assert.deepEqual(actual.ok, expected.ok)
}

export function described(error) {
  if (error === undefined) return undefined
  const { name, message, code, isBoom, isServer, data, output } = error
  const isOwn = Object.hasOwn(error, 'reformat')
  return {
    name,
    message,
    code,
    isBoom,
    isServer,
    data,
    output,
    isOwn,
    kind: Object.getPrototypeOf(error).name,
  }
}

/** Runs with the same random bytes for both, until an absurd number of bytes is asked for. */
export async function loaded(run) {
  ambient.entropy = Buffer.alloc(200, 0xab)
  try {
    return await withRandomBytes(ambient.entropy, run)
  } finally {
    ambient.entropy = undefined
  }
}

export async function withRandomBytes(entropy, run) {
  const real = crypto.randomBytes
  let used = 0
  crypto.randomBytes = (length) => {
    if (length > entropy.length) return real(length)
    used += length
    return Buffer.from(entropy.subarray(used - length, used))
  }
  try {
    return await run()
  } finally {
    crypto.randomBytes = real
  }
}

export function spliced(text, at, cut, put) {
  return text.slice(0, at) + put + text.slice(at + cut)
}

/** The parts with a MAC that fits them. */
export async function resigned(parts, password) {
  const base = parts.slice(0, 6).join('*')
  const mac = await peer.hmacWithPassword(password, { ...defaults.integrity, salt: 'resigned' }, base)
  return `${base}*${mac.salt}*${mac.digest}`
}

export function cycle() {
  const object = {}
  object.self = object
  return object
}
