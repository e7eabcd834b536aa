// Stores under koa-session and under shortcrust/koa-session, and how they are called.
import { NOW } from '../support.mjs'
import { assign, compare, count, ids, inStore, look, signed } from './koa-session.support.mjs'

const LIVE = { n: 1, _expire: NOW + 9_000_000, _maxAge: 9_000_000 }
const ofStore = (records, options) => ({ options: inStore(options), records })
const atId = (id) => signed(id)

const SCRIPTS = {
  'a counter in a store': {
    options: inStore(),
    routes: { '/count': count },
    steps: ['/', '/count', '/count', '/'],
  },
  'nothing is set where nobody asks, with a store': {
    options: inStore(),
    routes: { '/': () => 'nothing', '/count': count },
    steps: ['/', '/count', '/'],
  },
  'null ends it in a store': {
    options: inStore(),
    routes: {
      '/count': count,
      '/null': assign(null),
      '/after': (ctx) => {
        ctx.session = null
        ctx.session = { after: true }
      },
    },
    steps: ['/null', '/count', '/null', '/', '/count', '/after', '/'],
  },
  'an object takes its place under the same id': {
    options: inStore(),
    routes: { '/set': assign({ user: 'ada' }), '/again': assign({ user: 'bob' }), '/empty': assign({}) },
    steps: ['/set', '/again', '/', '/empty', '/'],
  },
  'a handler that fails has its session saved, and the error is the response': {
    routes: {
      '/fail': (ctx) => {
        count(ctx)
        ctx.throw(418, 'of the handler')
      },
    },
    options: inStore(),
    steps: ['/fail', '/'],
  },
  'setting maxAge saves': {
    options: inStore({ maxAge: 60_000 }),
    routes: {
      '/count': count,
      '/longer': ({ session }) => {
        session.maxAge = 90_000
      },
      '/session': ({ session }) => {
        session.maxAge = 'session'
      },
      '/none': ({ session }) => {
        session.maxAge = undefined
      },
      '/wrong': ({ session }) => {
        session.maxAge = 'soon'
      },
    },
    steps: ['/longer', '/count', '/longer', '/', '/count', '/session', '/', '/count', '/none', '/', '/wrong'],
  },
  'save saves, by promise and by callback': {
    options: inStore(),
    routes: {
      '/save': async ({ session }) => [await session.save(), session.populated],
      '/callback': async ({ session }) => {
        count({ session })
        return new Promise((resolve) => {
          const given = session.save((...args) => resolve([typeof given, args.length]))
        })
      },
    },
    steps: ['/save', '/callback', '/'],
  },
  'regenerate, by promise and by callback': {
    options: inStore(),
    routes: {
      '/count': count,
      '/regenerate': async (ctx) => {
        await ctx.session.regenerate()
        return look(ctx)
      },
      '/callback': ({ session }) =>
        new Promise((resolve) => session.regenerate((...args) => resolve([session.n, args.length]))),
    },
    steps: ['/regenerate', '/count', '/regenerate', '/', '/callback', '/', '/count'],
  },
  'without autoCommit only by hand': {
    options: inStore({ autoCommit: false }),
    routes: {
      '/count': count,
      '/commit': async (ctx) => {
        count(ctx)
        return [await ctx.session.manuallyCommit(), look(ctx)]
      },
      '/commit-options': async (ctx) => {
        await ctx.session.commit({ save: true })
        return new Promise((resolve) => ctx.session.commit({}, () => resolve('done')))
      },
      '/end': async (ctx) => {
        const { session } = ctx
        ctx.session = null
        await session.manuallyCommit()
      },
    },
    steps: ['/count', '/', '/commit', '/', '/commit-options', '/end', '/'],
  },
  'rolling in a store': {
    options: inStore({ rolling: true }),
    routes: { '/count': count },
    steps: ['/count', '/', '/'],
  },
  'renew in a store': {
    options: inStore({ renew: true, maxAge: 4_000 }),
    routes: { '/count': count },
    steps: ['/count', '/', '/', '/', '/', '/'],
  },
  'a session runs out in a store': {
    options: inStore({ maxAge: 2_000 }),
    routes: { '/count': count },
    steps: ['/count', '/', '/', '/', '/count', '/'],
  },
  'an unknown id is not taken': {
    ...ofStore({}),
    routes: { '/count': count },
    steps: [{ path: '/count', cookie: atId('theirs') }, '/'],
  },
  'what a store may hold': {
    ...ofStore({
      live: LIVE,
      expired: { n: 1, _expire: NOW - 1 },
      timeless: { n: 1 },
      browser: { n: 1, _session: true },
      empty: {},
      zero: 0,
      nothing: null,
    }),
    routes: { '/count': count, '/end': assign(null) },
    steps: ['live', 'expired', 'timeless', 'browser', 'empty', 'zero', 'nothing'].flatMap((id) =>
      ['/', '/count', '/end'].map((path) => ({ path, cookie: atId(id) })),
    ),
  },
  'a store that fails': {
    options: () => ({
      store: {
        get: async () => {
          throw new Error('down')
        },
        set: async () => {
          throw new Error('down for writes')
        },
        destroy: async () => {},
      },
      genid: ids(),
    }),
    routes: { '/count': count },
    steps: ['/count', { path: '/', cookie: atId('live') }],
  },
  'a store of a class, and ContextStore': {
    options: ({ store }) => ({
      genid: ids(),
      ContextStore: class {
        constructor(ctx) {
          this.ctx = ctx
        }
        get(...args) {
          return store.get(`${this.ctx.host.slice(0, 3)}:${args[0]}`, ...args.slice(1))
        }
        set(...args) {
          return store.set(`${this.ctx.host.slice(0, 3)}:${args[0]}`, ...args.slice(1))
        }
        destroy(...args) {
          return store.destroy(`${this.ctx.host.slice(0, 3)}:${args[0]}`, ...args.slice(1))
        }
      },
    }),
    routes: { '/count': count, '/end': assign(null) },
    steps: ['/count', '/count', '/', '/end', '/'],
  },
  'an id kept elsewhere': {
    options: inStore({
      externalKey: {
        get: (ctx) => ctx.get('x-session'),
        set: (ctx, id) => ctx.set('x-session', id) ?? ctx.append('Set-Cookie', `seen=${id}`),
      },
    }),
    records: { mine: LIVE },
    routes: { '/count': count, '/end': assign(null) },
    steps: ['/count', ...['/', '/count', '/end'].map((path) => ({ path, headers: { 'x-session': 'mine' } }))],
  },
  'valid decides in a store': {
    ...ofStore(
      { a: { ...LIVE, user: 'ada' } },
      { valid: (ctx, session) => ctx.get('x-user') === session.user },
    ),
    steps: ['ada', 'bob'].map((user) => ({ path: '/', cookie: atId('a'), headers: { 'x-user': user } })),
  },
  'beforeSave may change it': {
    options: inStore({
      beforeSave: (ctx, session) => {
        session.saved = `${ctx.path} ${session.n}`
      },
    }),
    routes: { '/count': count },
    steps: ['/', '/count', '/', '/count'],
  },
  'before the middleware of the session, with a store': {
    options: inStore(),
    before: async (ctx, next) => {
      ctx.session.before = true
      await next()
    },
    routes: { '/count': count },
    steps: ['/count', '/', '/'],
  },
}

compare(SCRIPTS)
