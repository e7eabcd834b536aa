// Sessions in DynamoDB, by the client of the AWS SDK 3. The layout is in docs/record-v1.md.
import { randomBytes } from 'node:crypto'

import { ambient } from '../ambient.js'
import { ConfigError } from '../errors.js'
import { ask, atOnce, type DynamoDBClient, DynamoDBError, pause } from './dynamodb-calls.js'
import {
  BATCH,
  checkedName,
  checkKeys,
  type Found,
  foundIn,
  hasWrite,
  type Item,
  keyIn,
  type Named,
  namedIn,
  Requests,
  SETTLED,
} from './dynamodb-items.js'
import type { Capabilities, Entry, Listed, Row, Store } from './index.js'

export type { DynamoDBClient }

const TRIES = 64

/** What may be said to a store in DynamoDB. */
export interface DynamoDBOptions {
  /** The table's name; `shortcrust_session` by default. */
  table?: string
}

interface Described {
  Table: { TableStatus: string; KeySchema: { AttributeName?: string; KeyType?: string }[] }
}
interface Queried {
  Items: Item[]
  LastEvaluatedKey?: unknown
}
interface Read {
  Responses?: Record<string, Item[]>
  UnprocessedKeys?: Record<string, unknown>
}

/**
 * Sessions in a table of DynamoDB's, by a `DynamoDB` of the package `@aws-sdk/client-dynamodb`. `createTable` makes the
 * table, or the definition that the manual's page about stores has. All reads are consistent. `load` and `delete` are
 * one round trip; a write is one, and one or more besides where the user's index has to name the session. `list` and
 * `revoke` are two or three. DynamoDB removes what ended; until it does, what ended is left out here.
 */
export class DynamoDBStore implements Store {
  readonly capabilities: Capabilities = { compareAndSwap: true, index: true, expiry: true }
  readonly #client: DynamoDBClient
  readonly #requests: Requests

  /** A {@link ConfigError} is thrown for what is no such client, and for what is no name. */
  constructor(client: DynamoDBClient, { table = 'shortcrust_session' }: DynamoDBOptions = {}) {
    if (typeof (client as Partial<DynamoDBClient> | null | undefined)?.updateItem !== 'function') {
      const example =
        "import { DynamoDB } from '@aws-sdk/client-dynamodb'; new DynamoDBStore(new DynamoDB({}))"
      throw new ConfigError(
        'option',
        `DynamoDBStore takes a client with a method for each operation: ${example}`,
      )
    }
    this.#client = client
    this.#requests = new Requests(checkedName(table))
  }

  /**
   * Makes the table if it is not there, and has DynamoDB remove what ended. A {@link ConfigError} is thrown where there
   * is a table of other keys.
   */
  async createTable(): Promise<void> {
    const request = { TableName: this.#requests.table }
    await this.#unless('ResourceInUseException', 'createTable', this.#requests.make())
    checkKeys((await this.#described(request)).Table.KeySchema)
    const now = await this.#ask<{ TimeToLiveDescription?: { TimeToLiveStatus?: string } }>(
      'describeTimeToLive',
      request,
    )
    if (now?.TimeToLiveDescription?.TimeToLiveStatus?.startsWith('ENABL')) return
    // Servers for tests may remove nothing.
    await this.#unless('UnknownOperationException', 'updateTimeToLive', this.#requests.expire())
  }

  async load(keys: readonly string[]): Promise<(Row | undefined)[]> {
    const there = await this.#there([...new Set(keys)])
    return keys.map((key) => there.get(key)?.row)
  }

  async create(key: string, entry: Entry): Promise<'done' | 'exists'> {
    // Before the record, which nobody would find if we ended between the two.
    await this.#name(key, entry)
    return (await this.#created(key, entry)) === 'done' ? 'done' : 'exists'
  }

  async put(key: string, entry: Entry): Promise<'done'> {
    await this.#name(key, entry)
    let there: Found | undefined
    for (let tries = 0; tries < TRIES; tries++) {
      const answer = there
        ? await this.#saved(key, there.row.version, entry, true)
        : await this.#created(key, entry)
      if (answer === 'done') return 'done'
      there = answer
    }
    throw new Error(`others wrote the record first, ${TRIES} times`)
  }

  async save(key: string, version: number, entry: Entry): Promise<'done' | 'gone' | Row> {
    let there = await this.#saved(key, version, entry, false)
    if (there !== 'done' && there?.row.version === version) {
      // The index names it for too short, or as another's.
      await this.#name(key, entry)
      there = await this.#saved(key, version, entry, true)
    }
    if (there === 'done') return 'done'
    return there?.row ?? 'gone'
  }

  async delete(key: string): Promise<'done'> {
    await this.#ask('deleteItem', this.#requests.delete(key))
    return 'done'
  }

  async list(user: string): Promise<Listed[]> {
    const now = ambient.now()
    const named = await this.#named(user)
    const there = await this.#there(named.filter(({ ends }) => ends > now).map(({ key }) => key))
    const theirs = [...there].filter(([, found]) => found.user === user)
    const keys = new Set(theirs.map(([key]) => key))
    await this.#forget(
      user,
      named.filter(({ key }) => !keys.has(key)),
      now,
    )
    return theirs.map(([key, { row }]) => ({ key, text: row.text }))
  }

  async revoke(user: string, keep?: string): Promise<number> {
    const now = ambient.now()
    const named = (await this.#named(user)).filter(({ key }) => key !== keep)
    const answers = await atOnce(named, ({ key }) =>
      this.#ask<{ Attributes?: Item }>('deleteItem', this.#requests.revoke(key, user)),
    )
    await this.#forget(user, named, now)
    return answers.filter((answer) => foundIn(answer?.Attributes, now)).length
  }

  /** Nothing: DynamoDB itself removes what ended. */
  async sweep(): Promise<number> {
    return 0
  }

  /** What is there instead; `undefined` for nothing any more. */
  async #created(key: string, entry: Entry): Promise<'done' | Found | undefined> {
    const mark = newMark()
    const request = this.#requests.create(key, entry, mark, ambient.now())
    if (await this.#ask('putItem', request)) return 'done'
    return this.#unlessWritten(key, 1, mark)
  }

  /** What is there instead; `undefined` for nothing. */
  async #saved(
    key: string,
    version: number,
    entry: Entry,
    isNamed: boolean,
  ): Promise<'done' | Found | undefined> {
    const mark = newMark()
    const request = this.#requests.save(key, version, entry, mark, ambient.now(), isNamed)
    if (await this.#ask('updateItem', request)) return 'done'
    return this.#unlessWritten(key, version + 1, mark)
  }

  /** A client sends a write once more when its answer was lost. */
  async #unlessWritten(key: string, version: number, mark: string): Promise<'done' | Found | undefined> {
    const there = await this.#one(key)
    return there && hasWrite(there, version, mark) ? 'done' : there
  }

  async #name(key: string, entry: Entry): Promise<void> {
    if (entry.user === undefined) return
    const now = ambient.now()
    for (let tries = 0; tries < TRIES; tries++) {
      if (await this.#ask('updateItem', this.#requests.name(key, entry.user, entry, now))) return
      if (await this.#ask('updateItem', this.#requests.nameAgain(key, entry.user, now))) return
    }
    throw new Error(`others wrote the index first, ${TRIES} times`)
  }

  async #named(user: string): Promise<Named[]> {
    const found: Named[] = []
    let start: unknown
    do {
      const answer = await this.#ask<Queried>('query', this.#requests.named(user, start))
      found.push(...(answer?.Items ?? []).map(namedIn))
      start = answer?.LastEvaluatedKey
    } while (start)
    return found
  }

  /** What names no record of the user's and waits for none; the rest DynamoDB removes. */
  async #forget(user: string, named: Named[], now: number): Promise<void> {
    const old = named.filter(({ written }) => written < now - SETTLED)
    await atOnce(old, (each) => this.#ask('deleteItem', this.#requests.forget(user, each)))
  }

  async #one(key: string): Promise<Found | undefined> {
    const answer = await this.#ask<{ Item?: Item }>('getItem', this.#requests.one(key))
    return foundIn(answer?.Item, ambient.now())
  }

  async #there(keys: string[]): Promise<Map<string, Found>> {
    const [first] = keys
    if (first !== undefined && keys.length === 1) {
      const one = await this.#one(first)
      return new Map(one ? [[first, one]] : [])
    }
    const parts = Array.from({ length: Math.ceil(keys.length / BATCH) }, (_, at) =>
      keys.slice(at * BATCH, (at + 1) * BATCH),
    )
    const items = (await atOnce(parts, (part) => this.#batch(part))).flat()
    const now = ambient.now()
    const there = new Map<string, Found>()
    for (const item of items) {
      const found = foundIn(item, now)
      if (found) there.set(keyIn(item), found)
    }
    return there
  }

  async #batch(keys: string[]): Promise<Item[]> {
    const items: Item[] = []
    let request = this.#requests.many(keys)
    for (let tries = 0; tries < TRIES; tries++) {
      const answer = await this.#ask<Read>('batchGetItem', request)
      items.push(...(answer?.Responses?.[this.#requests.table] ?? []))
      // What was too much for one answer, or for the table in this moment.
      const rest = answer?.UnprocessedKeys ?? {}
      if (Object.keys(rest).length === 0) return items
      request = { RequestItems: rest }
      await pause(tries)
    }
    throw new Error(`DynamoDB left keys unread, ${TRIES} times`)
  }

  /** What DynamoDB says of the table when it is there. */
  async #described(request: object): Promise<Described> {
    for (let tries = 0; tries < TRIES; tries++) {
      // The one that is asked may not have heard of it yet.
      const described = await this.#unless<Described>('ResourceNotFoundException', 'describeTable', request)
      if (described && ['ACTIVE', 'UPDATING'].includes(described.Table.TableStatus)) return described
      await pause(tries)
    }
    throw new Error('DynamoDB has not made the table')
  }

  async #unless<Answer>(
    code: string,
    operation: keyof DynamoDBClient,
    request: object,
  ): Promise<Answer | undefined> {
    try {
      return await this.#ask<Answer>(operation, request)
    } catch (error) {
      if (!(error instanceof DynamoDBError && error.code === code)) throw error
      return undefined
    }
  }

  #ask<Answer>(operation: keyof DynamoDBClient, request: object): Promise<Answer | undefined> {
    return ask(this.#client, operation, request)
  }
}

/** Not the core's random bytes: nobody has to guess it. */
function newMark(): string {
  return randomBytes(8).toString('hex')
}
