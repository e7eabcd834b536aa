// A file that holds a record, as docs/record-v1.md describes it.
import type { Entry, Row } from './index.js'

const FORMAT = 1
const NAME = /^[A-Za-z0-9_-]{2,200}$/
/** What no file system refuses; the end itself is in the file. */
const LAST_SECOND = 2 ** 32 - 1
const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

/** What a file holds. */
export interface Found extends Entry {
  version: number
}

/** What is no file of ours, or not all of one. */
export const DAMAGED: Found = { version: 0, text: '' }

/** Whether a key may be a file's name. */
export function isName(key: string): boolean {
  return NAME.test(key)
}

export function rowOf({ version, text }: Found): Row {
  return { version, text }
}

/** Whether it ended before `now`. */
export function hasEnded({ expires }: Found, now: number): boolean {
  return expires !== undefined && expires < now
}

/** The file's content. */
export function written(version: number, { text, user, expires }: Entry): string {
  const head = { shortcrust: FORMAT, version, bytes: Buffer.byteLength(text), user, expires }
  return `${JSON.stringify(head)}\n${text}`
}

/** What is in a file; `DAMAGED` for what another wrote, or a half of one. */
export function read(content: Buffer): Found {
  const line = content.indexOf('\n')
  const record = content.subarray(line + 1)
  try {
    const head = JSON.parse(utf8.decode(content.subarray(0, line))) ?? {}
    const { shortcrust, version, bytes, user, expires } = head
    const isOurs = shortcrust === FORMAT && isCount(version) && bytes === record.length
    if (!isOurs || (user !== undefined && typeof user !== 'string')) return DAMAGED
    if (expires !== undefined && !isCount(expires)) return DAMAGED
    return { version, text: utf8.decode(record), user, expires }
  } catch {
    return DAMAGED
  }
}

/** The file's time (seconds) is the record's end, so that a sweep reads no file that has not ended. */
export function timeOf(expires: number | undefined): number {
  return expires === undefined ? LAST_SECOND : Math.min(expires / 1_000, LAST_SECOND)
}

function isCount(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0
}
