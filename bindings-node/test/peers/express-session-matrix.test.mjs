// Every combination of express-session's options, on the peer and on the drop-in.
import assert from 'node:assert/strict'
import { test } from 'node:test'

import { NOW } from '../support.mjs'
import { clock, FRONTS, listing, open, setting, show } from './express-session.mjs'

const MATRIX = {
  resave: [true, false],
  rolling: [true, false],
  saveUninitialized: [true, false],
  cookie: [{}, { maxAge: 60_000 }, { secure: true }],
  unset: ['keep', 'destroy'],
  hasTouch: [true, false],
}

function combinations([[option, values], ...rest]) {
  const others = rest.length === 0 ? [{}] : combinations(rest)
  return values.flatMap((value) => others.map((other) => ({ [option]: value, ...other })))
}

const STEPS = {
  '/read': show,
  '/write': setting('user', 'ada'),
  '/rewrite': setting('user', 'ada'),
  '/same': (request, response) => {
    request.session.user = { ...request.session }.user
    show(request, response)
  },
  '/cookie': (request, response) => {
    request.session.cookie.maxAge = 5_000
    show(request, response)
  },
  '/nested': setting('nested', { cookie: 1 }),
  '/save': (request, response) => {
    request.session.user = 'eve'
    request.session.save(() => show(request, response))
  },
  '/saveAndWrite': (request, response) =>
    request.session.save(() => setting('user', 'bob')(request, response)),
  '/reload': (request, response) => {
    request.session.lost = true
    request.session.reload((error) => (error ? response.end(error.message) : show(request, response)))
  },
  '/reloadAndSave': (request, response) => {
    request.session.reload(() => request.session.save(() => show(request, response)))
  },
  '/touch': (request, response) => {
    request.session.touch()
    show(request, response)
  },
  '/regenerate': (request, response) =>
    request.session.regenerate(() => setting('user', 'new')(request, response)),
  '/regenerateAndSave': (request, response) => {
    request.session.regenerate(() => request.session.save(() => show(request, response)))
  },
  '/unset': (request, response) => {
    request.session = null
    response.end()
  },
  '/destroy': (request, response) => request.session.destroy(() => show(request, response)),
}

/** The drop-in's MemoryStore lets expired records go. */
function live({ sessions }) {
  const isLive = ([, text]) => !(new Date(JSON.parse(text).cookie.expires ?? 8e15) <= Date.now())
  return Object.fromEntries(Object.entries(sessions).filter(isLive))
}

test('under every combination of options, either front asks the store and the browser for the same', async (context) => {
  const setTime = clock(context, NOW)
  let count = 0
  for (const { hasTouch, ...options } of combinations(Object.entries(MATRIX))) {
    const [theirs, our] = [[], []]
    for (const [index, session] of Object.values(FRONTS).entries()) {
      let ids = 0
      const transcript = [theirs, our][index]
      const store = listing(session)
      if (!hasTouch) store.touch = undefined
      const settings = { ...options, store, genid: () => `id-${++ids}` }
      await open(session, 'node:http', settings, STEPS, async (browser, { errors }) => {
        for (const [step, path] of ['/read', '/destroy', ...Object.keys(STEPS)].entries()) {
          setTime(NOW + step * 1_000)
          const { status, setCookie, text } = await browser.get(path)
          transcript.push({
            path,
            status,
            setCookie,
            text,
            calls: store.calls.splice(0),
            sessions: live(store),
          })
        }
        transcript.push(errors)
      })
    }
    assert.deepEqual(our, theirs, JSON.stringify({ ...options, hasTouch }))
    count += theirs.filter(({ setCookie }) => setCookie?.length).length
  }
  assert.ok(count > 500)
})
