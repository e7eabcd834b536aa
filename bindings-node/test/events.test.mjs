// What a front tells of its sessions.
import assert from 'node:assert/strict'
import { channel } from 'node:diagnostics_channel'
import { mock, test } from 'node:test'

import { ConfigError } from 'shortcrust'
import { login, logout, session, sessions } from 'shortcrust/express'
import { sessionMetrics } from 'shortcrust/opentelemetry'
import { MemoryStore } from 'shortcrust/stores/memory'

import { Browser, HOSTS, OLD_SECRET, SECRET, sealedToken, serve } from './support.mjs'

const app = (options) =>
  HOSTS['Express 5'](
    { secrets: [SECRET], ...options },
    {
      '/set': (request) => {
        request.session.treasure = 'gold'
      },
      '/in': (request) => login(request, 'ada'),
      '/out': (request) => logout(request),
      '/everywhere': (request) => sessions.revokeAll(request, 'ada'),
    },
  )

/** What is told by `names`, and forgotten. */
function listener() {
  const told = []
  return {
    told,
    onEvent: (event) => told.push(event),
    names: () => told.splice(0).map(({ name }) => name),
  }
}

test('a session in its cookie is told of', async () => {
  const { told, onEvent, names } = listener()
  await serve(app({ onEvent }), async (browser) => {
    await browser.get('/')
    assert.deepEqual(names(), [])
    await browser.get('/set')
    assert.deepEqual(names(), ['created'])
    await browser.get('/')
    const { name, format, key, store, duration } = told[0]
    assert.deepEqual(
      { name, format, key, store },
      { name: 'accepted', format: 'sealed', key: 0, store: undefined },
    )
    assert.ok(duration > 0 && duration < 60)
    assert.deepEqual(names(), ['accepted'])
    await browser.get('/out')
    assert.deepEqual(names(), ['accepted', 'ended'])
    browser.cookies.session = 'strange'
    await browser.get('/')
    assert.deepEqual([told[0].name, told[0].reason, told.length], ['refused', 'malformed', 1])
  })
})

test('a cookie of an old secret is accepted by its position and converted', async () => {
  const { told, onEvent } = listener()
  await serve(app({ secrets: [SECRET, OLD_SECRET], onEvent }), async (browser) => {
    browser.cookies.session = sealedToken('{"a":1}', { secret: OLD_SECRET, now: Date.now() })
    await browser.get('/')
    assert.deepEqual(
      told.map(({ name, key }) => [name, key]),
      [
        ['accepted', 1],
        ['converted', undefined],
      ],
    )
  })
})

test('a session in a store is told of with its store', async () => {
  const { told, onEvent, names } = listener()
  await serve(app({ store: new MemoryStore(), onEvent }), async (browser) => {
    const other = new Browser(browser.port)
    await browser.get('/in')
    await other.get('/in')
    assert.deepEqual(names(), ['created', 'created'])
    await browser.get('/everywhere')
    const revoked = told.find(({ name }) => name === 'revoked')
    assert.deepEqual([revoked.count, revoked.store], [2, 'MemoryStore'])
    names()
    await other.get('/')
    assert.deepEqual([told[0].name, told[0].reason, told.length], ['refused', 'not_found', 1])
  })
})

test('a revocation without a request is told of', async () => {
  const { told, onEvent } = listener()
  const middleware = session({ secrets: [SECRET], store: new MemoryStore(), onEvent })
  await sessions.revokeAll(middleware, 'ada')
  assert.deepEqual([told[0].name, told[0].count, told.length], ['revoked', 0, 1])
})

test('a store that fails is told of', async () => {
  const { told, onEvent, names } = listener()
  const store = new MemoryStore()
  await serve(app({ store, outage: 'empty', onEvent }), async (browser) => {
    await browser.get('/set')
    names()
    store.load = () => Promise.reject(new Error('down'))
    await browser.get('/')
    assert.deepEqual([told[0].name, told[0].reason, told.length], ['failed', 'unavailable', 1])
  })
})

test('a diagnostics channel has events, and neither tokens nor data', async (context) => {
  const told = []
  const events = channel('shortcrust:session')
  const hear = (event) => told.push(event)
  events.subscribe(hear)
  context.after(() => events.unsubscribe(hear))
  await serve(app({ store: new MemoryStore() }), async (browser) => {
    await browser.get('/set')
    await browser.get('/')
    assert.deepEqual(
      told.map(({ name }) => name),
      ['created', 'accepted'],
    )
    const text = JSON.stringify(told)
    assert.ok(!text.includes(browser.cookies.session) && !text.includes('gold'))
  })
})

test('a listener that throws fails no request', async (context) => {
  const emitted = mock.method(process, 'emitWarning', () => {})
  context.after(() => emitted.mock.restore())
  const onEvent = () => assert.fail('no metrics today')
  await serve(app({ onEvent }), async (browser) => {
    assert.equal((await browser.get('/set')).status, 200)
    assert.match(emitted.mock.calls[0].arguments[0], /onEvent throws/)
  })
})

test('a listener that can not be called is refused', () => {
  assert.throws(() => session({ secrets: [SECRET], onEvent: 'log' }), ConfigError)
})

for (const [environment, expected] of [
  ['development', 'malformed'],
  ['production', undefined],
]) {
  test(`in ${environment} ${expected ? 'a' : 'no'} header says why there is no session`, async (context) => {
    const real = process.env.NODE_ENV
    context.after(() => {
      if (real === undefined) delete process.env.NODE_ENV
      else process.env.NODE_ENV = real
    })
    process.env.NODE_ENV = environment
    await serve(app(), async (browser) => {
      const { headers } = await browser.get('/', { cookie: 'session=strange' })
      assert.equal(headers['shortcrust-reason'], expected)
    })
  })
}

test('OpenTelemetry has the numbers', async () => {
  const { AggregationTemporality, InMemoryMetricExporter, MeterProvider, PeriodicExportingMetricReader } =
    await import('@opentelemetry/sdk-metrics')
  const exporter = new InMemoryMetricExporter(AggregationTemporality.CUMULATIVE)
  const reader = new PeriodicExportingMetricReader({ exporter, exportIntervalMillis: 2 ** 30 })
  const provider = new MeterProvider({ readers: [reader] })
  await serve(app({ store: new MemoryStore(), onEvent: sessionMetrics(provider) }), async (browser) => {
    await browser.get('/in')
    await browser.get('/')
    await browser.get('/everywhere')
  })
  await provider.forceFlush()
  const [{ scopeMetrics }] = exporter.getMetrics()
  const of = (name) => scopeMetrics[0].metrics.find(({ descriptor }) => descriptor.name === name).dataPoints
  const counted = of('shortcrust.session.events').map(({ attributes, value }) => [
    attributes['shortcrust.event'],
    attributes['shortcrust.store'],
    attributes['shortcrust.key'],
    value,
  ])
  assert.deepEqual(counted.slice(0, 3), [
    ['created', 'MemoryStore', undefined, 1],
    ['accepted', 'MemoryStore', 0, 2],
    ['revoked', 'MemoryStore', undefined, 1],
  ])
  assert.equal(of('shortcrust.session.duration')[1].value.count, 2)
  await provider.shutdown()
})
