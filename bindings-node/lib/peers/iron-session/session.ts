// One session over one jar.
import { type Config, reconfigure } from './config.js'
import { type Jar, sizeOf } from './jars.js'
import * as messages from './messages.js'
import { opened, sealData } from './seals.js'
import type { IronSession, SessionOptions } from './types.js'

/** Of browsers, for a whole Set-Cookie line. */
const MAX_COOKIE = 4096
/** Proxies allow a Cookie header of 8 to 16 KiB. */
const MAX_CHUNKS = 4
/** How many values of one name are tried. */
const MAX_VALUES = 4

export function openSession<T extends object>(jar: Jar, initial: Config): IronSession<T> {
  let config = initial
  const session = read(jar, config) as IronSession<T>
  let isDestroyed = false
  return Object.defineProperties(session, {
    updateConfig: {
      value: function updateConfig(newOptions: SessionOptions) {
        config = reconfigure(newOptions, config)
      },
    },
    save: {
      value: async function save() {
        if (isDestroyed && Object.keys(session).length === 0) return
        if (isDestroyed) throw new Error(messages.DESTROYED)
        jar.assertWritable?.()
        const { passwords: password, ttl } = config
        await write(jar, config, await sealData(session, { password, ttl }))
      },
    },
    destroy: {
      value: function destroy() {
        isDestroyed = true
        for (const key of Object.keys(session)) delete session[key as keyof typeof session]
        jar.write(config.cookieName, '', { ...config.cookieOptions, maxAge: 0 })
        expireChunks(jar, config, 0)
      },
    },
  })
}

function read(jar: Jar, { cookieName, passwords, onUnsealError }: Config): object {
  const values = jar.all ? jar.all(cookieName) : [jar.read(cookieName)]
  const whole = values.filter((value) => typeof value === 'string' && value !== '').slice(0, MAX_VALUES)
  const seals = whole.length > 0 ? whole : joined(jar, cookieName)
  return (opened(seals as string[], passwords, onUnsealError, object) ?? {}) as object
}

function joined(jar: Jar, cookieName: string): string[] {
  const parts = chunkNames(cookieName).map((name) => jar.read(name))
  const gap = parts.findIndex((part) => !part)
  const seal = parts.slice(0, gap < 0 ? MAX_CHUNKS : gap).join('')
  return seal ? [seal] : []
}

function object(data: unknown): unknown {
  if (typeof data !== 'object') throw new Error('The sealed data is no object')
  return data
}

async function write(jar: Jar, config: Config, seal: string): Promise<void> {
  const { cookieName, cookieOptions, chunk } = config
  const measure = (!chunk && jar.measure) || sizeOf
  const size = measure(cookieName, seal, cookieOptions)
  if (size > MAX_COOKIE) {
    if (!chunk) throw new Error(tooBig(jar, cookieName, size))
    return writeChunks(jar, config, seal)
  }
  await jar.write(cookieName, seal, cookieOptions)
  expireChunks(jar, config, 0)
}

async function writeChunks(jar: Jar, config: Config, seal: string): Promise<void> {
  const { cookieName, cookieOptions } = config
  const chunks = cut(seal, sizeOf(`${cookieName}.0`, '', cookieOptions))
  for (const [index, chunk] of chunks.entries())
    await jar.write(`${cookieName}.${index}`, chunk, cookieOptions)
  expire(jar, config, [cookieName])
  expireChunks(jar, config, chunks.length)
}

function cut(seal: string, overhead: number): string[] {
  const room = MAX_COOKIE - overhead
  if (room <= 0) throw new Error(messages.noRoom(overhead))
  const count = Math.ceil(seal.length / room)
  if (count > MAX_CHUNKS) throw new Error(messages.tooManyChunks(count, MAX_CHUNKS))
  return Array.from({ length: count }, (_, index) => seal.slice(index * room, (index + 1) * room))
}

/** Chunks of a longer session before this one, which would be read with it. */
function expireChunks(jar: Jar, config: Config, from: number): void {
  expire(jar, config, chunkNames(config.cookieName).slice(from))
}

/** Those only that came with the request. */
function expire(jar: Jar, { cookieOptions }: Config, names: string[]): void {
  for (const name of names) if (jar.read(name)) jar.write(name, '', { ...cookieOptions, maxAge: 0 })
}

function chunkNames(cookieName: string): string[] {
  return Array.from({ length: MAX_CHUNKS }, (_, index) => `${cookieName}.${index}`)
}

function tooBig(jar: Jar, cookieName: string, size: number): string {
  if (jar.measure) return messages.tooBigIn8(size)
  return jar.read(`${cookieName}.0`) ? messages.wasChunked(size) : messages.tooBigIn9(size)
}
