// What a store is: the contract that one suite of tests is run against.
export { Unsupported } from '../errors.js'

/** What a store has under a key. */
export interface Row {
  /** Raised by each write, from 1 on. */
  version: number
  /** The record, as docs/record-v1.md describes it. */
  text: string
}

/** What a store is to keep under a key. */
export interface Entry {
  text: string
  /** For the index by user. */
  user?: string | undefined
  /** Milliseconds since 1970; left out, never. */
  expires?: number | undefined
}

export interface Listed {
  key: string
  text: string
}

/** What a store can do. */
export interface Capabilities {
  /** `save` writes only over the version that it names; else the later of two writes wins. */
  compareAndSwap: boolean
  /** `list` and `revoke` find a user's records; else they throw `Unsupported`. */
  index: boolean
  /** The server itself removes what ended, and nobody has to sweep. */
  expiry: boolean
}

/**
 * Keeps records under keys and makes neither. A store that fails throws its client's error. Times are milliseconds
 * since 1970.
 */
export interface Store {
  readonly capabilities: Capabilities
  /** What is under the keys, in their order, in one round trip. */
  load(keys: readonly string[]): Promise<(Row | undefined)[]>
  /** Writes where nothing is. The index by user is written not later than the record. */
  create(key: string, entry: Entry): Promise<'done' | 'exists'>
  /** Writes, whatever is there, and raises the version. */
  put(key: string, entry: Entry): Promise<'done'>
  /** Writes only over `version` and raises it by one; gives what is there instead. */
  save(key: string, version: number, entry: Entry): Promise<'done' | 'gone' | Row>
  /** Removes the record, if there is one. */
  delete(key: string): Promise<'done'>
  /** The user's records that have not ended. */
  list(user: string): Promise<Listed[]>
  /** Removes the user's records but for the key `keep`, and says how many. */
  revoke(user: string, keep?: string): Promise<number>
  /** Removes at most `limit` (default 1,000) records that ended before `now`, and says how many. */
  sweep(now: number, limit?: number): Promise<number>
}
