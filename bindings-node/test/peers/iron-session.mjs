// iron-session 8 and 9 and ours, with their clock and their random bytes.
import { createRequire } from 'node:module'

import * as eight from 'iron-session'
import * as nine from 'iron-session9'
import ours from 'shortcrust/iron-session'

import { ambient } from '../support.mjs'
import { atTime } from './support.mjs'

export { eight, nine, ours }
export const require = createRequire(import.meta.url)
export const NOW = 1_877_280_901_000
export const ONE = 'one password of the tests, in letters'
export const TWO = 'another password: größer, 日本語 and 🍪'
export const NAME = 'sid'
export const OPTIONS = { cookieName: NAME, password: ONE }

const RANDOM = { salt: '5a'.repeat(32), iv: '1f'.repeat(16), mac_salt: 'c3'.repeat(32) }

/** Runs at a time with the same random bytes in every seal, for whichever of the three. */
export async function fixed(run, { now = NOW, random = RANDOM } = {}) {
  const { salt, iv, mac_salt } = random
  const salts = [salt, mac_salt]
  crypto.getRandomValues = (array) => {
    array.set(Buffer.from(array.length === 16 ? iv : salts[0], 'hex'))
    if (array.length !== 16) salts.reverse()
    return array
  }
  ambient.entropy = Buffer.from(salt + iv + mac_salt, 'hex')
  try {
    return await atTime(now, run)
  } finally {
    ambient.entropy = undefined
    delete crypto.getRandomValues
  }
}

/** What came of it: `{ ok }` or `{ error }` with name and message. */
export async function outcome(run) {
  try {
    return { ok: await run() }
  } catch ({ name, message }) {
    return { error: { name, message } }
  }
}

/** A request and a response, as far as sessions look at them. */
export function message(cookie) {
  const response = {
    headersSent: false,
    lines: undefined,
    getHeader: () => response.lines,
    setHeader(_, lines) {
      response.lines = lines
    },
  }
  return [{ headers: cookie === undefined ? {} : { cookie } }, response]
}

/** Seals of iron-session 8: by the first password, by the second, and one that has ended. */
export async function sessions() {
  const data = { user: { name: 'Bob', roles: [] }, visits: 3 }
  const sealed = await fixed(() => eight.sealData(data, { password: ONE }))
  const second = await fixed(() => eight.sealData(data, { password: { 1: ONE, 7: TWO } }))
  const ended = await atTime(NOW - 200_000, () => eight.sealData(data, { password: ONE, ttl: 60 }))
  return { sealed, second, ended }
}

export function nextStore(header = '') {
  const pairs = header.split('; ').map((pair) => /^([^=]*)=?"?(.*?)"?$/.exec(pair).slice(1))
  const cookies = new Map(pairs)
  const written = []
  return {
    written,
    get: (name) => (cookies.has(name) ? { name, value: cookies.get(name) } : undefined),
    getAll: () => [...cookies].map(([name, value]) => ({ name, value })),
    set: (...given) => {
      written.push(given)
      cookies.set(given[0], given[1])
    },
  }
}
