// What comes after the response's headers is lost, and says so.
import assert from 'node:assert/strict'
import { test } from 'node:test'

import { HOSTS, SECRET, serve, warnings } from './support.mjs'

const app = (routes) => HOSTS['Express 5']({ secrets: [SECRET] }, routes)

const visit = (routes) =>
  warnings(() =>
    serve(app(routes), async (browser) => {
      await browser.get('/in')
      await browser.get('/late')
      assert.deepEqual((await browser.get()).json(), { user: 'ada' })
    }),
  )

const login = (request) => {
  request.session.user = 'ada'
}

// In this order: the warning about a late change comes once in a process.

test('reading after the headers is no change', async () => {
  const seen = await visit({
    '/in': login,
    '/late': (request, response) => {
      response.flushHeaders()
      assert.equal(request.session.user, 'ada')
    },
  })
  assert.deepEqual(seen, [])
})

test('save after the headers is an error where something changed', async () => {
  await visit({
    '/in': login,
    '/late': async (request, response) => {
      const { session } = request
      response.flushHeaders()
      await session.save()
      session.user = 'bob'
      await assert.rejects(session.save(), { name: 'SealError', code: 'late' })
      response.end()
    },
  })
})

test('a change after the headers is lost and warns once', async () => {
  const late = (request, response) => {
    response.flushHeaders()
    request.session.user = 'bob'
  }
  const seen = [
    ...(await visit({ '/in': login, '/late': late })),
    ...(await visit({ '/in': login, '/late': late })),
  ]
  assert.deepEqual(
    seen.map(({ code }) => code),
    ['SHORTCRUST_LATE_CHANGE'],
  )
})
