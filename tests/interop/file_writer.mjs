// Raises a counter in the file store of the folder that is named, and says each number, until it is killed.
import { setTimeout as sleep } from 'node:timers/promises'

import { FileStore } from 'shortcrust/stores/file'

const store = new FileStore(process.argv[2], { busyTimeout: 60 })
for (;;) {
  const [row] = await store.load(['counter'])
  const text = String(Number(row.text) + 1)
  const entry = { text, user: Number(text) % 2 ? 'odd' : 'even' }
  if ((await store.save('counter', row.version, entry)) === 'done') process.stdout.write(`${text}\n`)
  // Else whoever is faster writes alone.
  await sleep(8 * Math.random())
}
