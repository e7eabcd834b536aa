// One of several processes that raise one counter.
import { createRequire } from 'node:module'

import { SQLiteStore } from 'shortcrust/stores/sqlite'

const require = createRequire(import.meta.url)
const [client, path] = process.argv.slice(2)
const Database = client === 'node:sqlite' ? require(client).DatabaseSync : require(client)
const store = new SQLiteStore(new Database(path))
await store.create('counter', { text: '1' })
for (let done = client === '' ? 1 : 0; done < 50; ) {
  const [{ version }] = await store.load(['counter'])
  if (version >= 200) break
  if ((await store.save('counter', version, { text: String(version + 1) })) === 'done') done += 1
}
store.close()
