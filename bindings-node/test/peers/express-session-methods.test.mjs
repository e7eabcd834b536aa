// What req.session and its cookie can do, on the peer and on the drop-in.
import assert from 'node:assert/strict'

import { NOW } from '../support.mjs'
import {
  clock,
  each,
  eachFront,
  idOf,
  listing,
  NAME,
  open,
  records,
  setting,
  show,
  signed,
} from './express-session.mjs'

const login = { '/login': setting('user', 'ada') }

/** A route that calls a method and then answers with the session. */
const calling =
  (method, before = () => {}) =>
  (request, response) => {
    before(request)
    const returned = request.session[method]((error) => {
      if (error) return response.end(`${error.name}: ${error.message}`)
      show(request, response)
    })
    response.setHeader('X-Returned', String(returned === undefined))
  }

each('a session shows its data and its cookie, and nothing else', ({ open }) => {
  const look = (request, response) => {
    const { session, sessionID } = request
    session.user = 'ada'
    const inherited = []
    for (const key in session) inherited.push(key)
    assert.deepEqual(inherited, ['cookie', 'user'])
    assert.deepEqual(Object.keys(session), ['cookie', 'user'])
    assert.equal(session.id, sessionID)
    assert.equal(session.req, request)
    assert.throws(() => Object.assign(session, { id: 'other' }), TypeError)
    response.end()
  }
  return open({}, { '/': look }, async (browser, { errors }) => {
    await browser.get('/')
    assert.deepEqual(errors, [])
  })
})

each('req.session, its cookie and the store are of the exported classes', ({ open, session }) => {
  const look = (request, response) => {
    const kinds = [
      request.session instanceof session.Session,
      request.session.cookie instanceof session.Cookie,
      request.sessionStore instanceof session.MemoryStore,
      request.sessionStore instanceof session.Store,
    ]
    response.end(kinds.join())
  }
  return open({}, { ...login, '/look': look }, async (browser) => {
    assert.equal((await browser.get('/look')).text, 'true,true,true,true')
    await browser.get('/login')
    assert.equal((await browser.get('/look')).text, 'true,true,true,true', 'from the store too')
  })
})

each('regenerate gives a new id and an empty session, and the old record is gone', ({ open }) => {
  const routes = { ...login, '/regenerate': calling('regenerate', ({ session }) => (session.lost = true)) }
  return open({ cookie: { maxAge: 60_000 } }, routes, async (browser, { store }) => {
    const old = idOf(await browser.get('/login'))
    const answer = await browser.get('/regenerate')
    assert.equal(answer.text, '{}')
    assert.notEqual(idOf(answer), old)
    assert.deepEqual(Object.keys(store.sessions), [idOf(answer)])
    assert.equal((await browser.get('/', { cookie: `${NAME}=${signed(old)}` })).text, '{}')
  })
})

each('destroy ends the session: no record, no cookie, no req.session', ({ open }) => {
  const routes = { ...login, '/logout': calling('destroy', ({ session }) => (session.lost = true)) }
  return open({ rolling: true, resave: true }, routes, async (browser, { store }) => {
    await browser.get('/login')
    const { text, setCookie } = await browser.get('/logout')
    assert.deepEqual({ text, setCookie }, { text: 'null', setCookie: [] })
    assert.deepEqual(store.sessions, Object.create(null))
    assert.equal((await browser.get('/')).text, '{}')
  })
})

each('reload takes back what was changed, and errors when the record is gone', ({ open }) => {
  const change = ({ session }) => Object.assign(session, { user: 'eve', more: 1 })
  const clear = ({ sessionStore, session }) => {
    change({ session })
    sessionStore.clear()
  }
  const routes = { ...login, '/reload': calling('reload', change), '/gone': calling('reload', clear) }
  return open({}, routes, async (browser, { errors }) => {
    await browser.get('/login')
    assert.equal((await browser.get('/reload')).text, '{"user":"ada"}')
    assert.equal((await browser.get('/')).text, '{"user":"ada"}')
    assert.equal((await browser.get('/gone')).text, 'Error: failed to load session')
    assert.deepEqual(errors, [])
  })
})

each(
  'reload in reload in reload does not grow the stack, and a failed one leaves the methods',
  ({ open }) => {
    const deep = (request, response) => {
      let left = 20
      const failures = []
      request.sessionStore.clear()
      const again = (error) => {
        failures.push(error?.message)
        left -= 1
        if (left === 0) response.end(String(new Set(failures.slice(1)).size))
        else request.session.reload(again)
      }
      again()
    }
    return open({}, { ...login, '/deep': deep }, async (browser) => {
      await browser.get('/login')
      assert.equal((await browser.get('/deep')).text, '1')
    })
  },
)

each('save writes now, and the end of the request does not write again', ({ open, session }) => {
  const store = listing(session)
  const routes = {
    ...login,
    '/save': calling('save', ({ session }) => (session.user = 'eve')),
    '/reload': (request, response) => request.session.reload(() => calling('save')(request, response)),
    '/more': (request, response) => request.session.save(() => setting('user', 'bob')(request, response)),
  }
  return open({ store }, routes, async (browser) => {
    await browser.get('/save')
    assert.deepEqual(store.calls.splice(0), ['set'])
    assert.equal((await browser.get('/')).text, '{"user":"eve"}')
    store.calls.length = 0
    await browser.get('/reload')
    assert.deepEqual(store.calls.splice(0), ['get', 'get', 'set', 'touch'])
    await browser.get('/more')
    assert.deepEqual(store.calls.splice(0), ['get', 'set', 'set'])
    assert.equal((await browser.get('/')).text, '{"user":"bob"}')
  })
})

each('touch and resetMaxAge return the session and give the cookie its first maxAge', ({ context, open }) => {
  const setTime = clock(context, NOW)
  const routes = {
    '/touch': (request, response) => {
      const { session } = request
      setTime(NOW + 1_000)
      const before = session.cookie.maxAge
      const chained = session.touch().resetMaxAge() === session
      response.end(JSON.stringify([before, chained, session.cookie.maxAge, session.cookie.originalMaxAge]))
    },
  }
  return open({ cookie: { maxAge: 5_000 } }, routes, async (browser) => {
    assert.deepEqual((await browser.get('/touch')).json(), [4_000, true, 5_000, 5_000])
  })
})

each(
  'what is read from the store is touched once: expires moves on, originalMaxAge does not',
  ({ context, open }) => {
    const setTime = clock(context, NOW)
    return open({ cookie: { maxAge: 5_000 } }, login, async (browser, { store }) => {
      await browser.get('/login')
      setTime(NOW + 2_000)
      await browser.get('/')
      const expires = new Date(NOW + 7_000).toISOString()
      assert.deepEqual(records(store)[0].cookie, {
        originalMaxAge: 5_000,
        expires,
        httpOnly: true,
        path: '/',
      })
      setTime(NOW + 7_000)
      assert.equal((await browser.get('/')).text, '{}', 'expired')
    })
  },
)

each('a visitor’s cookie can be changed for this session alone', ({ context, open }) => {
  clock(context, NOW)
  const remember = (request, response) => {
    request.session.cookie.maxAge = 60_000
    request.session.cookie.httpOnly = false
    setting('remembered', true)(request, response)
  }
  const forget = (request, response) => {
    request.session.cookie.expires = false
    setting('remembered', false)(request, response)
  }
  return open({}, { '/remember': remember, '/forget': forget }, async (browser, { store }) => {
    const [line] = (await browser.get('/remember')).setCookie
    assert.ok(line.endsWith('; Path=/; Expires=Fri, 15 Jan 2027 08:01:00 GMT'), line)
    assert.equal(records(store)[0].cookie.originalMaxAge, 60_000)
    await browser.get('/forget')
    assert.equal(records(store)[0].cookie.expires, false)
  })
})

eachFront('keeps a session that a handler put in the place of another', async ({ session }) => {
  const routes = {
    '/': (request, response) => {
      const copy = new session.Session(request, { kept: 1, cookie: request.session.cookie })
      request.session = copy
      response.end()
    },
  }
  await open(session, 'node:http', {}, routes, async (browser, { store }) => {
    await browser.get('/')
    assert.equal(records(store)[0].kept, 1)
  })
})
