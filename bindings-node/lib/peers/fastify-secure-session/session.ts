// `request.session`, whose data are reached by methods and, through a proxy, as properties.
import type { CookieSerializeOptions } from '@fastify/cookie'

export type Data = Record<string, unknown>

export const DATA = Symbol('object')
export const COOKIE = Symbol('cookie options')

const now = () => Math.round(Date.now() / 1000)

/** The data, with `__ts` for the second of the last change. */
export class Session {
  [DATA]: Data;
  [COOKIE]: CookieSerializeOptions | null = null
  changed = false
  deleted = false

  constructor(data: Data) {
    this[DATA] = data
    if (data.__ts === undefined) data.__ts = now()
  }

  get(key: string): unknown {
    return this[DATA][key]
  }

  set(key: string, value: unknown): void {
    this.touch()
    this[DATA][key] = value
  }

  /** A shallow copy. */
  data(): Data {
    const { __ts: _, ...data } = this[DATA]
    return data
  }

  /** The response removes the cookie. */
  delete(): void {
    this.deleted = true
    this.touch()
  }

  /** Attributes for this response's cookie, `maxAge` in seconds. */
  options(options: CookieSerializeOptions): void {
    this[COOKIE] = options
  }

  /** The response sets the cookie though no data changed. */
  touch(): void {
    this.changed = true
    this[DATA].__ts = now()
  }

  /** Removes all data but the fields that are to be kept. */
  regenerate(keep?: string[]): void {
    const kept = new Set(Array.isArray(keep) ? keep : []).add('__ts')
    for (const key of Object.keys(this[DATA])) if (!kept.has(key)) delete this[DATA][key]
    this.touch()
  }
}

/** A session that shows its data as properties; `changed`, `deleted` and the methods are its own. */
export function session(data: Data): Session {
  return new Proxy(new Session(data), HANDLER)
}

const HANDLER: ProxyHandler<Session> = {
  get(target, key) {
    const own = Reflect.get(target, key)
    if (typeof own === 'function') return onTarget(own, target)
    return Object.hasOwn(target, key) ? own : target.get(key as string)
  },

  set(target, key, value) {
    if (Object.hasOwn(target, key)) return Reflect.set(target, key, value)
    target.set(key as string, value)
    return true
  },
}

function onTarget(method: object, target: Session): unknown {
  return new Proxy(method, {
    apply: (call, _this, given) => Reflect.apply(call as () => unknown, target, given),
  })
}
