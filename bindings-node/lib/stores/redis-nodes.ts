// Whether a client talks to a cluster, and writes that replicas must have.
import { setTimeout as sleep } from 'node:timers/promises'

import { withoutCommand } from '../redis-errors.js'
import type { IORedis, NodeRedis } from './redis.js'

/** How often a node that is not the right one any more is left for another. */
const ATTEMPTS = 20
const PAUSE_MS = 50

type Outcome = [error: Error | null, answer: unknown]

interface Command {
  text: string
  keys: string[]
  values: string[]
}

interface Waiting {
  replicas: number
  ms: number
  /** Asks for the same key, by which the client finds the node that has it. */
  refresh(): Promise<unknown>
}

interface NodeRedisMulti {
  eval(script: string, options: { keys: string[]; arguments: string[] }): NodeRedisMulti
  wait(replicas: number, ms: number): NodeRedisMulti
  execAsPipeline(): Promise<unknown[]>
}

/** By what only the two kinds of clients of clusters have. */
export function isCluster(client: object): boolean {
  return ('isCluster' in client && client.isCluster === true) || 'nodeClient' in client
}

/**
 * The script's answer, when enough replicas have what it wrote. `WAIT` waits for what its own connection wrote, so both
 * go through one. The script may come twice.
 */
export async function written(
  client: NodeRedis | IORedis,
  command: Command,
  { replicas, ms, refresh }: Waiting,
): Promise<unknown> {
  for (let attempt = 1; ; attempt++) {
    try {
      const [answer, count] = await together(client, command, replicas, ms)
      if (Number(count) >= replicas) return answer
    } catch (error) {
      if (attempt === ATTEMPTS || !/^(MOVED|ASK|TRYAGAIN|CLUSTERDOWN)/.test((error as Error).message))
        throw error
      await sleep(PAUSE_MS)
      await refresh()
      continue
    }
    throw new Error(`fewer than ${replicas} replicas have the write within ${ms} ms`)
  }
}

async function together(
  client: NodeRedis | IORedis,
  { text, keys, values }: Command,
  replicas: number,
  ms: number,
): Promise<unknown[]> {
  if ('evalSha' in client) {
    const multi = (client as NodeRedis & { multi(): NodeRedisMulti }).multi()
    return multi
      .eval(text, { keys, arguments: values })
      .wait(replicas, ms)
      .execAsPipeline()
      .catch((error) => {
        throw error.errors?.().next?.().value ?? error
      })
  }
  const { pipeline } = client as IORedis & { pipeline(commands: unknown[][]): { exec(): Promise<Outcome[]> } }
  const commands = [
    ['eval', text, keys.length, ...keys, ...values],
    ['wait', replicas, ms],
  ]
  const outcomes = await pipeline.call(client, commands).exec()
  const failed = outcomes.find(([error]) => error)
  if (failed) throw withoutCommand(failed[0])
  return outcomes.map(([, answer]) => answer)
}
