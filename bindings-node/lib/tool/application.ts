// An application of Express, Koa, Fastify or node:http, as a handler of requests.
import http, { type RequestListener } from 'node:http'
import { resolve } from 'node:path'
import { pathToFileURL } from 'node:url'

import { Missing } from './inputs.js'

/** What `module:app` names: a file below the current folder, and what it exports. */
export async function handlerOf(target: string): Promise<RequestListener> {
  const [file = '', name = 'default'] = target.split(/:([^:\\/]*)$/)
  const app = await exported(target, file, name)
  const { callback, ready, routing } = (app ?? {}) as {
    callback?: () => RequestListener
    ready?: () => Promise<unknown>
    routing?: RequestListener
  }
  if (typeof ready === 'function' && typeof routing === 'function') {
    await ready.call(app)
    return (request, response) => routing.call(app, request, response)
  }
  if (typeof callback === 'function') return callback.call(app)
  if (app instanceof http.Server) return (request, response) => void app.emit('request', request, response)
  if (typeof app === 'function') return app as RequestListener
  throw new Missing(`${target} is no application of Express, Koa, Fastify or node:http`)
}

async function exported(target: string, file: string, name: string): Promise<unknown> {
  try {
    const module = (await import(pathToFileURL(resolve(file)).href)) as Record<string, unknown>
    const common = module.default as Record<string, unknown> | undefined
    return module[name] ?? common?.[name]
  } catch (error) {
    throw new Missing(`${target} can't be imported: ${(error as Error).name}`)
  }
}
