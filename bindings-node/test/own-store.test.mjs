// The manual's store of one's own, as it stands there, held to the contract.
import assert from 'node:assert/strict'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { fileURLToPath, pathToFileURL } from 'node:url'

import { login, sessions } from 'shortcrust/express'
import { storeContract } from 'shortcrust/testing/stores'

import { HOSTS, SECRET, serve } from './support.mjs'

const page = readFileSync(new URL('../../core/src/manual/own_store.md', import.meta.url), 'utf8')
const [block] = [...page.matchAll(/```js\n(.*?)```/gs)].map(([, text]) => text)
// In here, where its import is found.
const folder = mkdtempSync(join(fileURLToPath(new URL('../node_modules', import.meta.url)), '.own-store-'))
writeFileSync(join(folder, 'store.mjs'), block)
const { MyStore } = await import(pathToFileURL(join(folder, 'store.mjs')))
rmSync(folder, { recursive: true })

const open = () => {
  const store = new MyStore(':memory:')
  return { store, close: () => store.database.close() }
}

storeContract("the manual's", open)

test("an application runs on the manual's store", async () => {
  const { store, close } = open()
  const routes = {
    '/login': async (request) => {
      await login(request, 'ada')
      request.session.n = 1
    },
    '/list': async (request, response) => response.end(`${(await sessions.list(request, 'ada')).length}`),
  }
  await serve(HOSTS['Express 5']({ secrets: [SECRET], store }, routes), async (browser) => {
    await browser.get('/login')
    assert.deepEqual((await browser.get()).json(), { n: 1 })
    assert.equal((await browser.get('/list')).text, '1')
  })
  close()
})
