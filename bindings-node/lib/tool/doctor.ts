// Pages for the doctor: fetched from a server, or asked of an application that is served for that long.
import http, { type IncomingMessage, type RequestListener } from 'node:http'
import https from 'node:https'
import type { AddressInfo } from 'node:net'

import { type ToolAnswer, type ToolCall, tool } from '../native.js'
import { handlerOf } from './application.js'
import type { Command } from './arguments.js'
import { Missing } from './inputs.js'

const HOPS = 5
const MILLISECONDS = 10_000
const REDIRECTS = [301, 302, 303, 307, 308]
// What a proxy that ends https says of its visitor; the address is for documentation (RFC 5737).
const FORWARDED = {
  'X-Forwarded-Proto': 'https',
  'X-Forwarded-For': '203.0.113.1',
  'X-Forwarded-Port': '443',
}

type Visit = Parameters<typeof tool.toolDoctor>[1][number]

/** Asks the page once, and with `--proxy` once more as a proxy does. */
export async function runDoctor(command: Command, call: ToolCall): Promise<ToolAnswer> {
  const target = command.options.get('')
  if (target === undefined) throw new Missing('doctor needs URL|MODULE:APP: see shortcrust doctor --help')
  const kinds = command.options.has('proxy') ? [false, true] : [false]
  const visits: Visit[] = []
  if (target.includes('://')) {
    for (const forwarded of kinds) visits.push(...(await fetched(target, forwarded)))
    return tool.toolDoctor(call, visits)
  }
  // What an application prints is no answer of ours.
  console.log = console.error
  const path = command.options.get('path') || '/'
  await served(await handlerOf(target), async (origin) => {
    for (const forwarded of kinds) {
      const visit = await get(`${origin}${path}`, forwarded, new Map(), 'localhost')
      visits.push({ ...visit, url: `http://localhost${path}` })
    }
  })
  return tool.toolDoctor(call, visits)
}

async function served(handler: RequestListener, visit: (origin: string) => Promise<void>): Promise<void> {
  const server = http.createServer(handler)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  try {
    await visit(`http://127.0.0.1:${(server.address() as AddressInfo).port}`)
  } finally {
    server.closeAllConnections()
    server.close()
  }
}

/** The page, and those that it leads to, with the cookies that they set. */
async function fetched(given: string, forwarded: boolean): Promise<Visit[]> {
  const visits: Visit[] = []
  const cookies = new Map<string, string>()
  let url = given
  const { host } = parsed(given)
  while (visits.length < HOPS) {
    const visit = await get(url, forwarded, cookies)
    visits.push(visit)
    const [location] = valuesOf(visit, 'location')
    if (!REDIRECTS.includes(visit.status) || location === undefined) break
    for (const line of valuesOf(visit, 'set-cookie')) {
      const [name = '', value = ''] = (line.split(';')[0] as string).split(/=(.*)/s)
      cookies.set(name.trim(), value.trim())
    }
    const next = new URL(location, url)
    // Another server is not asked for, nor told our cookies.
    if (next.host !== host) break
    url = next.href
  }
  return visits
}

function valuesOf({ headers }: Visit, name: string): string[] {
  return headers.filter((_, at) => at % 2 === 1 && headers[at - 1]?.toLowerCase() === name)
}

function parsed(url: string): URL {
  const found = URL.canParse(url) ? new URL(url) : undefined
  if (found === undefined || !['http:', 'https:'].includes(found.protocol)) {
    throw new Missing('the URL must begin with http:// or https://')
  }
  return found
}

async function get(
  url: string,
  forwarded: boolean,
  cookies: Map<string, string>,
  host?: string,
): Promise<Visit> {
  const target = parsed(url)
  const headers: Record<string, string> = { 'User-Agent': 'shortcrust-doctor', Accept: 'text/html,*/*' }
  if (forwarded) Object.assign(headers, FORWARDED)
  if (host !== undefined) headers.Host = host
  if (cookies.size > 0) headers.Cookie = [...cookies].map((pair) => pair.join('=')).join('; ')
  const client = target.protocol === 'https:' ? https : http
  try {
    const response = await new Promise<IncomingMessage>((resolve, reject) => {
      const request = client.get(target, { headers, timeout: MILLISECONDS, agent: false }, resolve)
      request.on('error', reject).on('timeout', () => request.destroy(new Error('timeout')))
    })
    response.resume()
    response.on('error', () => undefined)
    return { url, forwarded, status: response.statusCode ?? 0, headers: response.rawHeaders }
  } catch {
    throw new Missing(`the page ${url} can't be fetched`)
  }
}
