import type { ServerResponse } from 'node:http'

type Arguments = unknown[]
type Method = (...args: Arguments) => unknown

/**
 * Runs `commit` when the response is to end; where that gives a promise, the end waits for it, and so does the head if
 * it is not written yet. Where the promise is rejected, the answer is taken back and `fail` is to give another. With a
 * Content-Length the client has it all before the end, so the last byte waits too.
 */
export function holdEnd(
  response: ServerResponse,
  commit: () => Promise<void> | undefined,
  fail: (error: unknown) => void,
): void {
  const end = response.end as Method
  const write = response.write as Method
  const counted = new Counted(response, write)
  let state: 'held' | 'open' | 'over' = 'open'

  function finish(args: Arguments): void {
    state = 'over'
    end.apply(response, counted.last(args))
  }

  response.write = ((...args) => {
    if (state === 'held') return false
    return state === 'open' ? counted.write(args) : write.apply(response, args)
  }) as Method as ServerResponse['write']

  response.end = ((...args) => {
    if (state === 'over') return end.apply(response, args)
    if (state === 'held') return alsoEnded(response, args)
    state = 'held'
    const waiting = commit()
    if (waiting === undefined) {
      finish(args)
      return response
    }
    const release = freezeHead(response)
    const finished = waiting.finally(release).then(() => finish(args))
    finished.catch((error) => {
      state = 'open'
      takeBack(response)
      fail(error)
    })
    return response
  }) as Method as ServerResponse['end']
}

/** Of a body whose length is told in the head, the last byte is kept for the end. */
class Counted {
  readonly #response: ServerResponse
  readonly #write: Method
  #written = 0
  #kept: Uint8Array | undefined

  constructor(response: ServerResponse, write: Method) {
    this.#response = response
    this.#write = write
  }

  write(args: Arguments): unknown {
    const length = Number(this.#response.getHeader('Content-Length') ?? Number.NaN)
    if (Number.isNaN(length)) return this.#write.apply(this.#response, args)
    const { bytes, callback } = named(args)
    this.#written += bytes.length
    if (this.#written < length || bytes.length === 0) return this.#write.apply(this.#response, args)
    const before = this.#kept === undefined ? bytes : Buffer.concat([this.#kept, bytes])
    this.#kept = before.subarray(-1)
    return this.#write.call(this.#response, before.subarray(0, -1), ...callback)
  }

  /** What `end` is to be called with. */
  last(args: Arguments): Arguments {
    if (this.#kept === undefined) return args
    const { bytes, callback } = named(args)
    return [Buffer.concat([this.#kept, bytes]), ...callback]
  }
}

/** `(callback)`, `(chunk, callback)` and `(chunk, encoding, callback)`. */
function named(args: Arguments): { bytes: Uint8Array; callback: Arguments } {
  const callback = args.filter((arg) => typeof arg === 'function')
  const [chunk, encoding] = args.filter((arg) => typeof arg !== 'function')
  if (chunk instanceof Uint8Array) return { bytes: chunk, callback }
  return { bytes: Buffer.from((chunk ?? '') as string, encoding as BufferEncoding), callback }
}

function alsoEnded(response: ServerResponse, args: Arguments): ServerResponse {
  for (const arg of args) if (typeof arg === 'function') response.once('finish', arg as () => void)
  return response
}

/** For whoever comes after the end, such as Express' own 404, the head is as if it were written. */
function freezeHead(response: ServerResponse): () => void {
  if (response.headersSent) return () => {}
  const { statusCode, statusMessage, writeHead } = response
  const headers = namesOf(response).map((name) => [name, response.getHeader(name)] as const)
  response.writeHead = () => response
  return () => {
    response.writeHead = writeHead
    Object.assign(response, { statusCode, statusMessage })
    for (const name of response.getHeaderNames()) response.removeHeader(name)
    for (const [name, value] of headers) response.setHeader(name, value as string)
  }
}

/** What told of the body that is not sent; a page about the error may tell nothing of its own. */
const ABOUT_BODY = [
  'Cache-Control',
  'Content-Disposition',
  'Content-Encoding',
  'Content-Language',
  'Content-Length',
  'Content-Range',
  'Content-Type',
  'ETag',
  'Expires',
  'Last-Modified',
  'Location',
]

function takeBack(response: ServerResponse): void {
  if (response.headersSent) return
  Object.assign(response, { statusCode: 200, statusMessage: undefined })
  for (const name of ABOUT_BODY) response.removeHeader(name)
}

/** As they were spelled; @types/node knows the method of requests only. */
function namesOf(response: ServerResponse): string[] {
  return (response as ServerResponse & { getRawHeaderNames(): string[] }).getRawHeaderNames()
}
