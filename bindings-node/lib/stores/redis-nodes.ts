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

interface NodeRedisNodes {
  multi(): NodeRedisMulti
  /** A cluster's alone. */
  nodeByAddress?: Map<string, object>
  nodeClient(node: object): { multi(): NodeRedisMulti } | Promise<{ multi(): NodeRedisMulti }>
}

interface IORedisNode {
  pipeline(commands: unknown[][]): { exec(): Promise<Outcome[]> }
}

interface IORedisNodes {
  options?: { keyPrefix?: string }
  /** A cluster's alone. */
  nodes?(role: 'master'): (IORedisNode & { options: { host?: string; port?: number } })[]
}

interface NodeRedisMulti {
  addCommand(words: string[]): NodeRedisMulti
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
  let asked: string | undefined
  for (let attempt = 1; ; attempt++) {
    try {
      const [answer, count] = await together(client, command, replicas, ms, asked)
      if (Number(count) >= replicas) return answer
    } catch (error) {
      const { message } = error as Error
      if (attempt === ATTEMPTS || !/^(MOVED|ASK|TRYAGAIN|CLUSTERDOWN)/.test(message)) throw error
      const isFirst = asked === undefined
      // The slot is being moved, and the record has been already.
      asked = /^ASK \d+ (\S+)/.exec(message)?.[1]
      if (asked !== undefined && isFirst) continue
      await sleep(PAUSE_MS)
      await refresh()
      continue
    }
    throw new Error(`fewer than ${replicas} replicas have the write within ${ms} ms`)
  }
}

/** With `asked`, by the node at that address, to which the slot is being moved. */
async function together(
  client: NodeRedis | IORedis,
  { text, keys, values }: Command,
  replicas: number,
  ms: number,
  asked: string | undefined,
): Promise<unknown[]> {
  if ('evalSha' in client) {
    const multi = await multiOf(client as NodeRedis & NodeRedisNodes, asked)
    const answers = await multi
      .eval(text, { keys, arguments: values })
      .wait(replicas, ms)
      .execAsPipeline()
      .catch((error) => {
        throw error.errors?.().next?.().value ?? error
      })
    return answers.slice(-2)
  }
  const [node, prefix] = nodeOf(client as unknown as IORedisNode & IORedisNodes, asked)
  const named = keys.map((key) => `${prefix}${key}`)
  const commands = [
    ...(asked === undefined ? [] : [['asking']]),
    ['eval', text, keys.length, ...named, ...values],
    ['wait', replicas, ms],
  ]
  const outcomes = await node.pipeline(commands).exec()
  const failed = outcomes.find(([error]) => error)
  if (failed) throw withoutCommand(failed[0])
  return outcomes.slice(-2).map(([, answer]) => answer)
}

async function multiOf(client: NodeRedis & NodeRedisNodes, asked: string | undefined) {
  const node = asked === undefined ? undefined : client.nodeByAddress?.get(asked)
  if (node === undefined) return client.multi()
  return (await client.nodeClient(node)).multi().addCommand(['ASKING'])
}

/** The client, or the node that was asked for; and what that one does not put before keys by itself. */
function nodeOf(client: IORedisNode & IORedisNodes, asked: string | undefined): [IORedisNode, string] {
  const node = client.nodes?.('master').find(({ options: { host, port } }) => asked === `${host}:${port}`)
  return node === undefined ? [client, ''] : [node, client.options?.keyPrefix ?? '']
}
