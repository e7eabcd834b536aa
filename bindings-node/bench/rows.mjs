// Node's rows of the benchmarks, ours against each peer: a line of JSON a row and payload.
//
//   npm run bench                      all
//   node bench/rows.mjs cookie-session those with a word in their names; PAYLOAD=typical, ROUNDS=5 for a quick look
//
// What the sides give is compared before anything is measured. Ratios are what to look at: absolute times belong to
// the machine.
import assert from 'node:assert/strict'
import { createHmac } from 'node:crypto'
import { createRequire } from 'node:module'

import { sides } from './exchange.mjs'
import { fastify, secure } from './fastify.mjs'
import { measure, PAYLOADS } from './measure.mjs'

const require = createRequire(import.meta.url)
const SECRET = 'a secret of the benchmark, over 32 bytes'
const words = process.argv.slice(2)

async function rows(name, goals, payload, make) {
  if (words.length > 0 && !words.some((word) => name.includes(word))) return
  const pairs = await make(PAYLOADS[payload])
  for (const [what, goal] of Object.entries(goals)) {
    const [ours, peer] = pairs[what]
    await measure(`${name}: ${what}`, payload, goal, ours, peer)
  }
}

const each = (functions) => functions.map((run) => ({ run }))

function signatures() {
  const [ours, peer] = ['shortcrust/cookie-signature', 'cookie-signature'].map((name) => require(name))
  const value = 'V7cJ2sQm1tXyZ8bNn0rW3kLpA9dEfGhu'
  const signed = ours.sign(value, SECRET)
  assert.equal(signed, peer.sign(value, SECRET))
  assert.deepEqual([ours.unsign(signed, SECRET), peer.unsign(signed, SECRET)], [value, value])
  return {
    sign: each(
      [ours, peer].map(
        ({ sign }) =>
          () =>
            void sign(value, SECRET),
      ),
    ),
    unsign: each(
      [ours, peer].map(
        ({ unsign }) =>
          () =>
            void unsign(signed, SECRET),
      ),
    ),
  }
}

function keygrips(payload) {
  const both = ['shortcrust/keygrip', 'keygrip'].map((name) => new (require(name))([SECRET]))
  const value = JSON.stringify(payload)
  const mac = both[0].sign(value)
  const alike = createHmac('sha1', SECRET).update(value).digest('base64url')
  assert.deepEqual([mac, both[1].sign(value)], [alike, alike])
  assert.ok(both.every((grip) => grip.verify(value, mac)))
  return {
    sign: each(both.map((grip) => () => void grip.sign(value))),
    verify: each(both.map((grip) => () => void grip.verify(value, mac))),
  }
}

const cookieSession = (name) => require(name)({ keys: [SECRET], maxAge: 864e5 })
const stored = (name) => {
  const session = require(name)
  const quiet = process.env.NODE_ENV
  process.env.NODE_ENV = 'test'
  const store = new session.MemoryStore()
  process.env.NODE_ENV = quiet
  return session({ secret: SECRET, resave: false, saveUninitialized: false, store })
}
const own = (store) => require('shortcrust/express')({ secrets: [SECRET], store })
const memory = () => new (require('shortcrust/stores/memory').MemoryStore)()

async function irons(payload) {
  const options = { password: SECRET, cookieName: 'session' }
  const both = await Promise.all(['shortcrust/iron-session', 'iron-session'].map((name) => import(name)))
  const seals = await Promise.all(both.map(({ sealData }) => sealData(payload, options)))
  for (const { unsealData } of both)
    for (const seal of seals) assert.deepEqual(await unsealData(seal, options), payload)
  const visit =
    ({ getIronSession }, isSaved) =>
    async () => {
      const request = new Request('http://localhost', { headers: { cookie: `session=${seals[0]}` } })
      const session = await getIronSession(request, new Response(), options)
      assert.equal(session.user_id, payload.user_id)
      if (isSaved) await session.save()
    }
  return {
    seal: each(
      both.map(
        ({ sealData }) =>
          () =>
            sealData(payload, options),
      ),
    ),
    unseal: each(
      both.map(
        ({ unsealData }) =>
          () =>
            unsealData(seals[0], options),
      ),
    ),
    getIronSession: each(both.map((one) => visit(one, false))),
    'getIronSession with save': each(both.map((one) => visit(one, true))),
  }
}

async function redis(payload) {
  const clients = await Promise.all(
    [0, 1].map(() => require('redis').createClient({ url: process.env.REDIS_URL }).connect()),
  )
  open.push(...clients)
  const store = new (require('connect-redis').RedisStore)({ client: clients[1] })
  const options = { secret: SECRET, resave: false, saveUninitialized: false, store }
  const ours = own(new (require('shortcrust/stores/redis').RedisStore)(clients[0]))
  return sides([ours, require('express-session')(options)], payload)
}
const open = []

for (const payload of process.env.PAYLOAD?.split(',') ?? Object.keys(PAYLOADS)) {
  if (payload === 'typical')
    await rows('cookie-signature, an id', { sign: [4, 8], unsign: [5, 8] }, payload, signatures)
  await rows('keygrip', { sign: [3.5, 3.5], verify: [12, 18] }, payload, keygrips)
  await rows(
    'cookie-session',
    { untouched: [1, 1.5], read: [3.5, 5], modify: [3.5, 6], new: [2.5, 4] },
    payload,
    (given) => sides(['shortcrust/cookie-session', 'cookie-session'].map(cookieSession), given),
  )
  await rows('express-session, memory', { read: [2.5, 3], modify: [2.5, 4] }, payload, (given) =>
    sides(['shortcrust/express-session', 'express-session'].map(stored), given),
  )
  await rows(
    'own Express front against express-session, memory',
    { read: [2, 4], modify: [2, 4], new: [2, 4] },
    payload,
    (given) => sides([own(memory()), stored('express-session')], given),
  )
  if (process.env.REDIS_URL)
    await rows('own Express front against express-session, Redis', { modify: [1.2, 4] }, payload, redis)
  await rows(
    'own Express front, sealed, against cookie-session',
    { read: [1.5, 3], modify: [1.5, 3], new: [1.2, 3] },
    payload,
    (given) => sides([own(undefined), cookieSession('cookie-session')], given),
  )
  await rows('@fastify/session, request', { read: [1.5, 2.5], modify: [1.5, 2.5] }, payload, fastify)
  await rows(
    '@fastify/secure-session',
    { encode: [1.5, 2.5], decode: [1.5, 2.5], 'request modify': [1.2, 2.5] },
    payload,
    secure,
  )
  await rows(
    'iron-session',
    { seal: [20, 60], unseal: [30, 60], getIronSession: [30, 60], 'getIronSession with save': [20, 60] },
    payload,
    irons,
  )
}
for (const client of open) client.destroy()
