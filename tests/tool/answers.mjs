// What Node's tool prints for calls of the core, one in each line of what is piped in.
import { readFileSync } from 'node:fs'

import native from '../../bindings-node/native.js'

for (const line of readFileSync(0, 'utf8').split('\n')) {
  const { verb, options, secrets, now_ms: nowMs, terminal } = JSON.parse(line)
  const { out, err, code } = native.toolRun({ verb, options: options.flat(), secrets, nowMs, terminal })
  console.log(JSON.stringify([out, err, code]))
}
