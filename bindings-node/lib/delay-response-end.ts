// The end of a response waits for the store, so that whoever has an answer finds what was written before it.
import http, { type ServerResponse } from 'node:http'

import { isHeadWritten } from './head.js'

type Arguments = unknown[]
type Method = (...args: Arguments) => unknown

interface Methods {
  end: Method
  write: Method
}

/** Starts what the end has to wait for, if anything, and calls `done` when that is done. */
export type Commit = (done: () => void) => boolean

/**
 * Runs `commit` when the response is to end; where that gives a promise, the end waits for it, and so does the head if
 * it is not written yet. Where the promise is rejected, the answer is taken back and `fail` is to give another. With a
 * Content-Length the client has it all before the end, so the last byte waits too.
 */
export function delayAnswer(
  response: ServerResponse,
  commit: () => Promise<void> | undefined,
  fail: (error: unknown) => void,
): void {
  const { end, write } = methodsOf(response)
  const counted = new Counted(response, write)
  let state: 'delayed' | 'open' | 'over' = 'open'

  function finish(args: Arguments): void {
    state = 'over'
    end.apply(response, counted.last(args))
  }

  response.write = ((...args) => {
    if (state === 'delayed') return false
    return state === 'open' ? counted.write(args) : write.apply(response, args)
  }) as Method as ServerResponse['write']

  response.end = ((...args) => {
    if (state === 'over') return end.apply(response, args)
    if (state === 'delayed') return alsoEnded(response, args)
    state = 'delayed'
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

/**
 * Runs `commit` when the response ends; where it waits, all but the last byte goes out at once, as from
 * express-session, and the last one after `done`. Wrappers that came before or come later see an ordinary `write` and
 * `end`. Where `commit` throws, the response has not ended.
 */
export function delayLastByte(response: ServerResponse, commit: Commit): void {
  const methods = methodsOf(response)
  let ending: Ending | undefined

  response.end = function (this: ServerResponse, ...args: Arguments): unknown {
    if (ending !== undefined) return false
    const started = new Ending(response, methods, args)
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

function methodsOf({ end, write }: ServerResponse): Methods {
  return { end: end as Method, write: write as Method }
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
    const length = lengthOf(this.#response)
    if (length === undefined) return this.#write.apply(this.#response, args)
    const { chunk, encoding, callback } = named(args)
    const bytes = toBytes(chunk, encoding)
    this.#written += bytes.length
    if (this.#written < length || bytes.length === 0) return this.#write.apply(this.#response, args)
    const before = this.#kept === undefined ? bytes : Buffer.concat([this.#kept, bytes])
    this.#kept = before.subarray(-1)
    return this.#write.call(this.#response, before.subarray(0, -1), ...callback)
  }

  /** What `end` is to be called with. */
  last(args: Arguments): Arguments {
    if (this.#kept === undefined) return args
    const { chunk, encoding, callback } = named(args)
    return [Buffer.concat([this.#kept, toBytes(chunk, encoding)]), ...callback]
  }
}

/** A response's last words, once all at once, or in two parts. */
class Ending {
  readonly #response: ServerResponse
  readonly #methods: Methods
  /** What `end` is still to be called with. */
  #left: Arguments
  #answer: unknown
  isFinished = false

  constructor(response: ServerResponse, methods: Methods, args: Arguments) {
    this.#response = response
    this.#methods = methods
    this.#left = args
  }

  /** What may go out before the store has answered; that may be long ago if the store is synchronous. */
  begin(): unknown {
    if (this.isFinished) return this.#answer
    const response = this.#response
    if (!isHeadWritten(response)) response.writeHead(response.statusCode)
    const { chunk, encoding, callback } = named(this.#left)
    if (chunk === undefined || chunk === null) return true

    const isCounted = (lengthOf(response) ?? 0) > 0
    const bytes = isCounted ? toBytes(chunk, encoding) : undefined
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

/** `(callback)`, `(chunk, callback)` and `(chunk, encoding, callback)`. */
function named(args: Arguments): { chunk?: unknown; encoding?: unknown; callback: Arguments } {
  const callback = args.filter((arg) => typeof arg === 'function')
  const [chunk, encoding] = args.filter((arg) => typeof arg !== 'function')
  return { chunk, encoding, callback }
}

function toBytes(chunk: unknown, encoding: unknown): Uint8Array {
  return chunk instanceof Uint8Array
    ? chunk
    : Buffer.from((chunk ?? '') as string, encoding as BufferEncoding)
}

/** What the head says of the body's length. */
function lengthOf(response: ServerResponse): number | undefined {
  const length = Number(response.getHeader('Content-Length') ?? Number.NaN)
  return Number.isNaN(length) ? undefined : length
}

function alsoEnded(response: ServerResponse, args: Arguments): ServerResponse {
  for (const arg of args) if (typeof arg === 'function') response.once('finish', arg as () => void)
  return response
}

/** For whoever comes after the end, such as Express' own 404, the head is as if it were written. */
function freezeHead(response: ServerResponse): () => void {
  if (isHeadWritten(response)) return () => {}
  const { statusCode, writeHead } = response
  const message = statusMessageOf(response)
  const headers = namesOf(response).map((name) => [name, response.getHeader(name)] as const)
  response.writeHead = () => response
  return () => {
    response.writeHead = writeHead
    setStatus(response, statusCode, message)
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
  if (isHeadWritten(response)) return
  setStatus(response, 200, undefined)
  for (const name of ABOUT_BODY) response.removeHeader(name)
}

/** HTTP/2 has no status message, and warns of who asks for one. */
function statusMessageOf(response: ServerResponse): string | undefined {
  return response instanceof http.ServerResponse ? response.statusMessage : undefined
}

function setStatus(response: ServerResponse, code: number, message: string | undefined): void {
  response.statusCode = code
  if (response instanceof http.ServerResponse) Object.assign(response, { statusMessage: message })
}

/** As they were spelled, where the response knows: HTTP/2's has small letters only. */
function namesOf(response: ServerResponse): string[] {
  const { getRawHeaderNames } = response as ServerResponse & { getRawHeaderNames?: () => string[] }
  return getRawHeaderNames?.call(response) ?? response.getHeaderNames()
}
