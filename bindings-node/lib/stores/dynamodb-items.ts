// What is said to DynamoDB, and what its answers mean. The layout is in docs/record-v1.md.
import { createHash } from 'node:crypto'

import { ConfigError, ShortcrustError } from '../errors.js'
import type { Entry, Row } from './index.js'

/** Milliseconds: an index item that is older, and has no record, waits for no write any more. */
export const SETTLED = 3_600_000
/** So many items DynamoDB reads in one request. */
export const BATCH = 100
/** Milliseconds: the index names a record for so much longer than it lasts, and is rarely written again. */
const SLACK = 86_400_000
const NEVER = 10 ** 15
const MARKS = 8
/** An item may be 400 KiB, with its key and the names of its attributes. */
const BYTES = 400 * 1024 - 1024
const KEYS = [
  ['pk', 'HASH'],
  ['sk', 'RANGE'],
] as const

/** A value as DynamoDB writes it. */
export interface Value {
  S?: string
  N?: string
}
export type Item = Record<string, Value>
type Plain = Record<string, string | number>
type Expressions = Record<string, string>

/** A record that has not ended. */
export interface Found {
  row: Row
  user: string | undefined
  item: Item
}

/** What the index says of a user's record. */
export interface Named {
  key: string
  written: number
  ends: number
}

/** The requests to one table. */
export class Requests {
  readonly table: string

  constructor(table: string) {
    this.table = table
  }

  /** Reads a record. */
  one(key: string): object {
    return { TableName: this.table, Key: keyOf(key), ConsistentRead: true }
  }

  /** Reads records. */
  many(keys: readonly string[]): object {
    return { RequestItems: { [this.table]: { Keys: keys.map(keyOf), ConsistentRead: true } } }
  }

  /** Writes where nothing is, or what has ended. */
  create(key: string, entry: Entry, mark: string, now: number): object {
    return {
      TableName: this.table,
      Item: { ...keyOf(key), ...wire(attributesOf(entry, 1, mark)) },
      ...expressions({ ConditionExpression: 'attribute_not_exists(#pk) OR #expires <= :now' }, { now }),
    }
  }

  /** Writes over a version; unless it `isNamed`, where the index names it long enough. */
  save(key: string, version: number, entry: Entry, mark: string, now: number, isNamed: boolean): object {
    const to = attributesOf(entry, version + 1, mark)
    const gone = ['user', 'expires', 'ttl', 'indexed'].filter((name) => !(name in to))
    let condition = '#version = :old AND (attribute_not_exists(#expires) OR #expires > :now)'
    const values: Plain = { old: version, now }
    if (entry.user !== undefined && !isNamed) {
      condition += ' AND #user = :user AND #indexed >= :ends'
      values.ends = endsOf(entry)
      // What is there stays, as the index says no more than that.
      delete to.indexed
    }
    const set = Object.keys(to).map((name) => `#${name} = :${name}`)
    const update = `SET ${set.join(', ')}${gone.length > 0 ? ` REMOVE #${gone.join(', #')}` : ''}`
    const said = { UpdateExpression: update, ConditionExpression: condition }
    return { TableName: this.table, Key: keyOf(key), ...expressions(said, { ...to, ...values }) }
  }

  /** Removes a record. */
  delete(key: string): object {
    return { TableName: this.table, Key: keyOf(key) }
  }

  /** Removes a record of the user's, and answers with it. */
  revoke(key: string, user: string): object {
    const condition = expressions({ ConditionExpression: '#user = :user' }, { user })
    return { ...this.delete(key), ...condition, ReturnValues: 'ALL_OLD' }
  }

  /** Has the index name a record of a user's; its end there is only raised. */
  name(key: string, user: string, entry: Entry, written: number): object {
    const ttl = ttlOf(indexedOf(entry))
    if (ttl === undefined) {
      return this.#ofIndex(
        user,
        key,
        { UpdateExpression: 'SET #written = :written REMOVE #ttl' },
        { written },
      )
    }
    const raise = {
      UpdateExpression: 'SET #written = :written, #ttl = :ttl',
      ConditionExpression: 'attribute_not_exists(#pk) OR #ttl <= :ttl',
    }
    return this.#ofIndex(user, key, raise, { written, ttl })
  }

  /** As `name`, where it is named for longer. */
  nameAgain(key: string, user: string, written: number): object {
    const update = {
      UpdateExpression: 'SET #written = :written',
      ConditionExpression: 'attribute_exists(#pk)',
    }
    return this.#ofIndex(user, key, update, { written })
  }

  /** Removes what the index says, unless it was said again. */
  forget(user: string, { key, written }: Named): object {
    return this.#ofIndex(user, key, { ConditionExpression: '#written = :written' }, { written })
  }

  /** Reads the index, from `start` on. */
  named(user: string, start: unknown): object {
    return {
      TableName: this.table,
      ConsistentRead: true,
      ...expressions({ KeyConditionExpression: '#pk = :pk' }, { pk: indexOf(user) }),
      ExclusiveStartKey: start,
    }
  }

  /** Makes the table. */
  make(): object {
    return {
      TableName: this.table,
      AttributeDefinitions: KEYS.map(([AttributeName]) => ({ AttributeName, AttributeType: 'S' })),
      KeySchema: KEYS.map(([AttributeName, KeyType]) => ({ AttributeName, KeyType })),
      BillingMode: 'PAY_PER_REQUEST',
    }
  }

  /** Has DynamoDB remove what ended. */
  expire(): object {
    return { TableName: this.table, TimeToLiveSpecification: { Enabled: true, AttributeName: 'ttl' } }
  }

  #ofIndex(user: string, key: string, said: Expressions, values: Plain): object {
    return {
      TableName: this.table,
      Key: wire({ pk: indexOf(user), sk: key }),
      ...expressions(said, values),
    }
  }
}

/** The name of a table, where it is one. */
export function checkedName(table: unknown): string {
  if (typeof table === 'string' && /^[a-zA-Z0-9_.-]{3,255}$/.test(table)) return table
  throw new ConfigError('option', 'table is the name of a table in DynamoDB, of 3 to 255 letters')
}

/** Refuses a table of another layout. */
export function checkKeys(found: readonly { AttributeName?: string; KeyType?: string }[]): void {
  const isOurs = KEYS.every(
    ([name, kind], at) => found[at]?.AttributeName === name && found[at].KeyType === kind,
  )
  if (isOurs && found.length === KEYS.length) return
  throw new ConfigError(
    'option',
    'the table in DynamoDB has other keys than a partition key pk and a sort key sk: name another table',
  )
}

/** What is there, unless it has ended: DynamoDB may take days to remove it. */
export function foundIn(item: Item | undefined, now: number): Found | undefined {
  if (!item || (item.expires && Number(item.expires.N) <= now)) return undefined
  const user = item.user?.S
  const version = Number(item.version?.N)
  const text = item.record?.S
  // Others may have written there: no record reads so, and the session is empty.
  if (!Number.isSafeInteger(version) || text === undefined)
    return { row: { version: 0, text: '' }, user, item }
  return { row: { version, text }, user, item }
}

/** Whether this write of that version is there, as the last or one of those before it. */
export function hasWrite({ row, item }: Found, version: number, mark: string): boolean {
  const since = row.version - version
  return since >= 0 && since < MARKS && item[slotOf(version)]?.S === mark
}

/** What an item of the index says. */
export function namedIn(item: Item): Named {
  return {
    key: String(item.sk?.S),
    written: Number(item.written?.N),
    ends: item.ttl ? Number(item.ttl.N) * 1000 : NEVER,
  }
}

/** The key of a record. */
export function keyIn(item: Item): string {
  return String(item.pk?.S).slice('session:'.length)
}

export function tooLarge(): ShortcrustError {
  return new ShortcrustError(
    'too_large',
    `DynamoDB keeps at most ${BYTES} bytes of a session: put less into it`,
  )
}

function keyOf(key: string): Item {
  return wire({ pk: `session:${key}`, sk: 'session' })
}

function indexOf(user: string): string {
  return `user:${createHash('sha256').update(user).digest('hex')}`
}

function attributesOf(entry: Entry, version: number, mark: string): Plain {
  if (Buffer.byteLength(entry.text) > BYTES) throw tooLarge()
  const found: Plain = { version, record: entry.text, [slotOf(version)]: mark }
  if (entry.user !== undefined) {
    found.user = entry.user
    found.indexed = indexedOf(entry)
  }
  if (entry.expires !== undefined) {
    found.expires = entry.expires
    found.ttl = ttlOf(entry.expires) ?? 0
  }
  return found
}

function slotOf(version: number): string {
  return `w${version % MARKS}`
}

/** Milliseconds since 1970; late for what does not end. */
function endsOf({ expires }: Entry): number {
  return expires ?? NEVER
}

function indexedOf(entry: Entry): number {
  return Math.min(endsOf(entry) + SLACK, NEVER)
}

/** Seconds since 1970, and rather late than early. */
function ttlOf(ends: number): number | undefined {
  return ends >= NEVER ? undefined : Math.ceil(ends / 1000) + 1
}

function wire(plain: Plain): Item {
  const values = Object.entries(plain).map(([name, value]): [string, Value] => [
    name,
    typeof value === 'string' ? { S: value } : { N: String(value) },
  ])
  return Object.fromEntries(values)
}

/** With each name aliased, as hundreds of words are reserved. */
function expressions(said: Expressions, values: Plain): object {
  const names = new Set(Object.values(said).flatMap((text) => text.match(/#\w+/g) ?? []))
  const prefixed = Object.entries(values).map(([name, value]) => [`:${name}`, value])
  return {
    ...said,
    ExpressionAttributeNames: Object.fromEntries([...names].map((name) => [name, name.slice(1)])),
    ExpressionAttributeValues: wire(Object.fromEntries(prefixed)),
  }
}
