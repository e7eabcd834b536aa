import type { ServerResponse } from 'node:http'

type End = (...args: unknown[]) => unknown

/** Starts what the end has to wait for, if anything, and calls `done` when that is done. */
export type Commit = (done: () => void) => boolean

/**
 * Runs `commit` when the response ends; where it waits, its last byte goes out after `done`. Wrappers that came before
 * or come later see an ordinary `write` and `end`. Where `commit` throws, the response has not ended.
 */
export function holdEnd(response: ServerResponse, commit: Commit): void {
  const end = response.end as End
  const write = response.write as End
  let ending: Ending | undefined

  response.end = function (this: ServerResponse, ...args: unknown[]): unknown {
    if (ending !== undefined) return false
    const started = new Ending(response, { end, write }, args)
    ending = started
    try {
      return commit(() => started.finish()) ? started.begin() : started.finish()
    } catch (error) {
      if (!started.isFinished) ending = undefined
      // The answer may still come.
      started.isFinished = true
      throw error
    }
  } as ServerResponse['end']
}

/** A response's last words, once all at once, or in two parts. */
class Ending {
  readonly #response: ServerResponse
  readonly #methods: { end: End; write: End }
  /** What `end` is still to be called with. */
  #left: unknown[]
  #answer: unknown
  isFinished = false

  constructor(response: ServerResponse, methods: { end: End; write: End }, args: unknown[]) {
    this.#response = response
    this.#methods = methods
    this.#left = args
  }

  /** What may go out before the store has answered; that may be long ago if the store is synchronous. */
  begin(): unknown {
    if (this.isFinished) return this.#answer
    const response = this.#response
    if (!response.headersSent) response.writeHead(response.statusCode)
    const { chunk, encoding, callback } = named(this.#left)
    if (chunk === undefined || chunk === null) return true

    const bytes = isCounted(response) ? toBytes(chunk, encoding) : undefined
    // A client that counts is done at the last byte.
    const head = bytes?.length ? [bytes.subarray(0, -1)] : [chunk, encoding]
    this.#left = bytes?.length ? [bytes.subarray(-1), ...callback] : callback
    return this.#methods.write.apply(response, head)
  }

  finish(): unknown {
    if (this.isFinished) return this.#answer
    this.isFinished = true
    this.#answer = this.#methods.end.apply(this.#response, this.#left)
    return this.#answer
  }
}

/** `end(callback)`, `end(chunk, callback)` and `end(chunk, encoding, callback)`. */
function named(args: unknown[]): { chunk?: unknown; encoding?: unknown; callback: unknown[] } {
  const callback = args.filter((arg) => typeof arg === 'function')
  const [chunk, encoding] = args.filter((arg) => typeof arg !== 'function')
  return { chunk, encoding, callback }
}

function isCounted(response: ServerResponse): boolean {
  return Number(response.getHeader('Content-Length')) > 0
}

function toBytes(chunk: unknown, encoding: unknown): Uint8Array {
  return chunk instanceof Uint8Array ? chunk : Buffer.from(chunk as string, encoding as BufferEncoding)
}
