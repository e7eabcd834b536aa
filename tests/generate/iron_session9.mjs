// Writes ../vectors/peers/iron-session9.json: what iron-session 9 does when it is called, on the Node it asks for.
//
//     node iron_session9.mjs
//
// The peer is the one that bindings-node pins for its tests.

import { createHash } from 'node:crypto'
import { readFileSync, writeFileSync } from 'node:fs'

const home = new URL('../../bindings-node/node_modules/iron-session9/', import.meta.url)
const { version, engines } = JSON.parse(readFileSync(new URL('package.json', home), 'utf8'))
const [major, minor] = process.versions.node.split('.').map(Number)
if (major < 22 || (major === 22 && minor < 13)) throw new Error(`iron-session asks for Node ${engines.node}`)
const peer = await import(new URL('dist/index.js', home))

const NOW = 1_877_280_901_000
const NAME = 'sid'
const ONE = 'one password of the vectors, in letters'
const TWO = 'another password: größer, 日本語 and 🍪'
const BOTH = { 1: ONE, 2: TWO }
const DAYS_14 = 14 * 86_400

const calls = {
  sealData: ({ data, password, ttl }) => peer.sealData(data, { password, ttl }),
  unsealData: ({ seal, password }) => peer.unsealData(seal, { password }),
  // Why a seal was not read, from onUnsealError.
  async reason({ seal, password }) {
    let answer = null
    const onUnsealError = (reason, { message }) => {
      answer = { reason, message }
    }
    await peer.unsealData(seal, { password, onUnsealError })
    return answer
  },
  // The data that a request gets.
  async getIronSession({ cookie, ...options }) {
    return { ...(await peer.getIronSession(peer.nodeCookies(...message(cookie)), options)) }
  },
  // The Set-Cookie lines after the data were put into the request's session and it was saved.
  async save({ cookie, data, ...options }) {
    const [request, response] = message(cookie)
    const session = await peer.getIronSession(peer.nodeCookies(request, response), options)
    Object.assign(session, data)
    await session.save()
    return response.lines
  },
  // The Set-Cookie lines of a logout.
  async destroy({ cookie, ...options }) {
    const [request, response] = message(cookie)
    const session = await peer.getIronSession(peer.nodeCookies(request, response), options)
    session.destroy()
    return response.lines
  },
}

const cases = []
Date.now = () => clock
let clock = NOW

const seal = await sealing({ user: { id: 7 } }, ONE)
const forever = await sealing({ forever: true }, ONE, 0)
const second = await sealing({ user: 'ß' }, BOTH)
const short = await sealing({ a: 1 }, ONE, 60)
await sealing({}, ONE)
await sealing({ nested: { list: [1, 2.5, null, true, 'é 🍪'] }, __: 'x' }, { 7: TWO })
await sealing('text', ONE)
await sealing(null, ONE)
await sealing({ a: 1 }, 'too short')
const big = { big: 'x'.repeat(3200) }
const [, ...chunks] = await saving(big, { password: ONE, chunk: true })
const chunked = chunks.join('; ')

await opening(seal, ONE)
await opening(seal, BOTH)
await opening(second, BOTH)
await opening(forever, ONE)
await opening(short, ONE, NOW + 119_999)
await opening(seal.slice(0, -2), ONE)
await opening(seal.replace('~2', '~1'), ONE)
await opening(seal.replace('~2', '~99~x'), ONE)

await refusing(short, ONE, NOW + 120_000)
await refusing(seal, ONE, NOW + DAYS_14 * 1000 + 60_000)
await refusing(seal, TWO)
await refusing(second, ONE)
await refusing(seal, { 2: TWO })
await refusing(seal, { 2: TWO, 1: TWO })
await refusing('', ONE)
await refusing('rubbish', ONE)
await refusing('*******', ONE)
await refusing(seal.slice(0, 60), ONE)
await refusing(seal.slice(0, -6), ONE)
await refusing(seal.replace('Fe26.2', 'Fe26.1'), ONE)
await refusing(seal.replace('*18', '*19'), ONE)
await refusing(seal.replace('*18', '*x18'), ONE)
for (const at of [9, 80, 100, 130, 180, 240]) await refusing(flipped(seal, at), ONE)

for (const cookie of [
  '',
  `${NAME}=`,
  `a=1; ${NAME}=${seal}; b=2`,
  `${NAME}=${flipped(seal, 100)}`,
  chunked,
]) {
  await add('getIronSession', { cookie, cookieName: NAME, password: ONE })
}
await add('getIronSession', { cookie: reversed(chunks), cookieName: NAME, password: ONE })
await add('getIronSession', { cookie: chunks[0], cookieName: NAME, password: ONE })
await add('getIronSession', { cookie: `${NAME}=${seal}; ${chunked}`, cookieName: NAME, password: ONE })
await add('getIronSession', { cookie: '', cookieName: '', password: ONE })
await add('getIronSession', { cookie: '', cookieName: NAME, password: '' })
await add('getIronSession', { cookie: '', cookieName: NAME, password: { 1: ONE, 2: 'short' } })

await saving({ a: 1 }, { password: ONE })
await saving({ a: 1 }, { password: BOTH, ttl: 3600 })
for (const ttl of [0, 1, 60, 61]) await saving({ a: 1 }, { password: ONE, ttl })
await saving({ a: 1 }, { password: ONE, cookieOptions: { maxAge: 120 } })
const attributes = { domain: 'example.com', path: '/in', secure: false, httpOnly: false, sameSite: 'strict' }
await saving({ a: 1 }, { password: ONE, cookieOptions: attributes })
await saving(
  { a: 1 },
  { password: ONE, cookieOptions: { sameSite: 'none', partitioned: true, priority: 'high' } },
)
await saving(big, { password: ONE })
await saving({ big: 'x'.repeat(12_000) }, { password: ONE, chunk: true })
await saving({ a: 1 }, { cookie: `${NAME}=${seal}`, password: ONE, chunk: true })
await saving({ big: '' }, { cookie: chunked, password: ONE, chunk: true })
await saving(
  { big: 'y'.repeat(3200) },
  { cookie: `${NAME}=${seal}; ${NAME}.3=z`, password: ONE, chunk: true },
)
await saving({ more: 1 }, { cookie: chunked, password: ONE })
await add('destroy', { cookie: `${NAME}=${seal}`, cookieName: NAME, password: ONE })
await add('destroy', { cookie: chunked, cookieName: NAME, password: ONE, cookieOptions: { path: '/in' } })

const file = { family: 'iron-session9', peer: `iron-session@${version}`, count: cases.length, cases }
const target = new URL('../vectors/peers/iron-session9.json', import.meta.url)
writeFileSync(target, `${JSON.stringify(file, null, 1)}\n`)

/** Makes the call and keeps what came of it; for the next calls also gives it back. */
async function add(op, given) {
  const number = String(cases.length + 1).padStart(3, '0')
  const input = { ...given, now_ms: given.now_ms ?? NOW }
  clock = input.now_ms
  if (op === 'sealData' || op === 'save') input.random = random(number)
  const expect = await outcome(() => dealt(input.random, () => calls[op](withoutOurs(input))))
  cases.push({ id: `iron-session9/${number}`, op, input, expect })
  return expect.ok
}

function withoutOurs({ now_ms, random, ...input }) {
  return structuredClone(input)
}

async function outcome(run) {
  try {
    return { ok: JSON.parse(JSON.stringify(await run())) }
  } catch ({ name, message }) {
    return { error: { name, message } }
  }
}

function random(number) {
  const bytes = (what) => createHash('sha256').update(`iron-session 9, case ${number}, ${what}`).digest('hex')
  return { salt: bytes('salt'), iv: bytes('iv').slice(0, 32), mac_salt: bytes('MAC') }
}

/** Hands the peer its random bytes: the vector is the one of 16, and of the salts the MAC's is the second. */
async function dealt({ salt, iv, mac_salt } = {}, run) {
  const salts = [salt, mac_salt]
  crypto.getRandomValues = (array) => {
    array.set(Buffer.from(array.length === 16 ? iv : salts.shift(), 'hex'))
    return array
  }
  try {
    return await run()
  } finally {
    delete crypto.getRandomValues
  }
}

function sealing(data, password, ttl) {
  return add('sealData', { data, password, ...(ttl === undefined ? {} : { ttl }) })
}

/** The answer, and the Cookie header's pairs that come of it. */
async function saving(data, options) {
  const lines = await add('save', { data, cookieName: NAME, ...options })
  return [lines, ...(lines ?? []).map((line) => line.split(';')[0])]
}

function opening(seal, password, now_ms) {
  return add('unsealData', { seal, password, ...(now_ms ? { now_ms } : {}) })
}

async function refusing(seal, password, now_ms) {
  await opening(seal, password, now_ms)
  await add('reason', { seal, password, ...(now_ms ? { now_ms } : {}) })
}

function flipped(seal, at) {
  return seal.slice(0, at) + (seal[at] === 'a' ? 'b' : 'a') + seal.slice(at + 1)
}

function reversed([one, two]) {
  return `${NAME}.0=${two.split('=')[1]}; ${NAME}.1=${one.split('=')[1]}`
}

function message(cookie) {
  const response = {
    lines: [],
    getHeader: () => response.lines,
    setHeader(_, lines) {
      response.lines = lines
    },
  }
  return [{ headers: { cookie } }, response]
}
