import { inspect } from 'node:util'

import type { Callback, Session as Shape } from './types.js'

type Data = Record<string, unknown>

/** What is used of the request's. */
interface Context {
  opts: { maxAge?: Shape['maxAge'] }
  commit(options?: { save?: boolean; regenerate?: boolean }): Promise<void>
}

/** Its fields keep koa-session's names: payloads may hold these too. */
export class Session {
  isNew: boolean
  _requireSave = false
  _expire: number | undefined = undefined
  readonly #context: Context
  readonly #externalKey: string | undefined

  constructor(context: Context, data: object | undefined, externalKey: string | undefined) {
    this.#context = context
    this.#externalKey = externalKey
    this.isNew = data === undefined
    for (const key in data) this.#take(key, (data as Data)[key])
  }

  get externalKey(): string | undefined {
    return this.#externalKey
  }

  get length(): number {
    return Object.keys(dataOf(this)).length
  }

  get populated(): boolean {
    return this.length > 0
  }

  get maxAge(): Shape['maxAge'] {
    return this.#context.opts.maxAge
  }

  set maxAge(value: Shape['maxAge']) {
    this.#context.opts.maxAge = value
    this._requireSave = true
  }

  toJSON(): Data {
    return entriesOf(this)
  }

  [inspect.custom](): Data {
    return dataOf(this)
  }

  save(callback?: Callback): Promise<void> | undefined {
    return settle(this.#context.commit({ save: true }), callback)
  }

  regenerate(callback?: Callback): Promise<void> | undefined {
    return settle(this.#context.commit({ regenerate: true }), callback)
  }

  manuallyCommit(): Promise<void> | undefined {
    return this.commit()
  }

  /** For the others. */
  commit(options?: { save?: boolean; regenerate?: boolean }, callback?: Callback): Promise<void> | undefined {
    return settle(this.#context.commit(options), callback)
  }

  #take(key: string, value: unknown): void {
    if (key === '_maxAge') this.#context.opts.maxAge = value as Shape['maxAge']
    else if (key === '_session') this.#context.opts.maxAge = 'session'
    // What only has a getter stays as it is.
    else if (key !== '__proto__') Reflect.set(this, key, value)
  }
}

/** What is saved; an entry `toJSON` of a payload is not in the way. */
export function dataOf(session: Session): Data {
  return typeof session.toJSON === 'function' ? session.toJSON() : entriesOf(session)
}

function entriesOf(session: object): Data {
  const data: Data = {}
  for (const key in session) {
    if (key === 'isNew' || key.startsWith('_')) continue
    const value = (session as Data)[key]
    if (typeof value !== 'function') data[key] = value
  }
  return data
}

function settle(done: Promise<void>, callback: Callback | undefined): Promise<void> | undefined {
  if (!callback) return done
  done.then(() => callback(), callback)
  return undefined
}
