// How DynamoDB is asked: bounded in time and in number, and with errors that show nothing.
import { tooLarge } from './dynamodb-items.js'

/** What is used of a `DynamoDB` of the package `@aws-sdk/client-dynamodb`. */
export interface DynamoDBClient {
  batchGetItem(request: object, options: object): Promise<unknown>
  createTable(request: object, options: object): Promise<unknown>
  deleteItem(request: object, options: object): Promise<unknown>
  describeTable(request: object, options: object): Promise<unknown>
  describeTimeToLive(request: object, options: object): Promise<unknown>
  getItem(request: object, options: object): Promise<unknown>
  putItem(request: object, options: object): Promise<unknown>
  query(request: object, options: object): Promise<unknown>
  updateItem(request: object, options: object): Promise<unknown>
  updateTimeToLive(request: object, options: object): Promise<unknown>
}

/** Milliseconds, with all that the client tries again. */
const PATIENCE = 5_000
/** Fewer than the sockets of a client, which warns where many wait. */
const AT_ONCE = 25
// Taken when the module is loaded: fake timers that a test puts in later stop no request.
const { setTimeout: setTimer, clearTimeout: clearTimer } = globalThis

/** What DynamoDB or its client said in place of an answer. */
export class DynamoDBError extends Error {
  readonly code: string

  constructor(operation: string, code: string) {
    // Nothing else of it: there may be a key or a record in it.
    super(`DynamoDB: ${operation} failed with ${code}`)
    this.name = 'DynamoDBError'
    this.code = code
  }
}

/** The answer; `undefined` where the condition did not hold. */
export async function ask<Answer>(
  client: DynamoDBClient,
  operation: keyof DynamoDBClient,
  request: object,
): Promise<Answer | undefined> {
  const controller = new AbortController()
  let timer: ReturnType<typeof setTimer> | undefined
  const late = new Promise<never>((_, reject) => {
    timer = setTimer(() => {
      reject(new DynamoDBError(operation, 'no answer in 5 seconds'))
      controller.abort()
    }, PATIENCE)
  })
  try {
    const answer = client[operation](request, { abortSignal: controller.signal })
    return (await Promise.race([answer, late])) as Answer
  } catch (error) {
    return failed(operation, error)
  } finally {
    clearTimer(timer)
  }
}

/** The answers, in their order; a few are asked at the same time. */
export async function atOnce<Thing, Answer>(
  things: readonly Thing[],
  one: (thing: Thing) => Promise<Answer>,
): Promise<Answer[]> {
  const answers: Answer[] = []
  const waiting = things.entries()
  const workers = Array.from({ length: Math.min(AT_ONCE, things.length) }, async () => {
    for (const [at, thing] of waiting) answers[at] = await one(thing)
  })
  await Promise.all(workers)
  return answers
}

/** A little longer each time. */
export function pause(attempt: number): Promise<void> {
  return new Promise((resolve) => setTimer(resolve, Math.min(20 * 2 ** attempt, 1_000)))
}

function failed(operation: string, error: unknown): undefined {
  if (error instanceof DynamoDBError) throw error
  const { name, code, message } = error as { name?: string; code?: unknown; message?: string }
  if (name === 'ConditionalCheckFailedException') return undefined
  if (name === 'ValidationException' && message?.includes('Item size')) throw tooLarge()
  const isPlain = name === undefined || name === 'Error' || name === 'AggregateError'
  throw new DynamoDBError(operation, String(isPlain ? (code ?? name) : name))
}
