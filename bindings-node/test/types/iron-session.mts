import http from 'node:http'

import express from 'express'
import ironSession, {
  type CookieJar,
  type CookieStore,
  getIronSession,
  type IronSession,
  nextProxyCookies,
  nodeCookies,
  type SessionOptions,
  sealData,
  type UnsealErrorReason,
  unsealData,
  webCookies,
} from 'shortcrust/iron-session'

interface SessionData {
  user: { id: number; name: string }
  visits: number
}

const options: SessionOptions = {
  cookieName: 'session',
  password: {
    1: 'complex_password_at_least_32_characters_long',
    2: 'complex_password_at_least_32_characters_long',
  },
  ttl: 3600,
  cookieOptions: { httpOnly: true, secure: false, sameSite: 'lax', path: '/', maxAge: undefined },
  chunk: true,
  onUnsealError: (reason: UnsealErrorReason, error: unknown) => console.log(reason, error),
}

const app = express()
app.get('/', async (req, res) => {
  const session = await getIronSession<SessionData>(req, res, options)
  session.visits = (session.visits ?? 0) + 1
  await session.save()
  session.updateConfig({ ...options, ttl: 0 })
  // @ts-expect-error not a number
  session.user = 1
  // @ts-expect-error a method
  session.save = async () => {}
  session.destroy()
  res.json({ ...session })
})

http.createServer(async (request, response) => {
  const session: IronSession<SessionData> = await getIronSession(nodeCookies(request, response), options)
  response.end(session.user.name)
})

export async function GET(request: Request): Promise<Response> {
  const response = new Response()
  await getIronSession<SessionData>(request, response, options)
  await getIronSession<SessionData>(webCookies(request, new Headers()), options)
  return response
}

// As next/headers types it.
interface NextCookies {
  get(...args: [name: string] | [{ name: string }]): { name: string; value: string } | undefined
  getAll(): { name: string; value: string }[]
  set(
    ...args:
      | [key: string, value: string, cookie?: Partial<{ maxAge?: number; expires?: number | Date }>]
      | [options: { name: string; value: string }]
  ): this
}
declare function cookies(): Promise<NextCookies>
export async function action(
  request: { cookies: NextCookies },
  response: { cookies: NextCookies },
): Promise<void> {
  const session = await getIronSession<SessionData>(await cookies(), options)
  await session.save()
  await getIronSession<SessionData>(cookies(), options)
  await getIronSession<SessionData>(nextProxyCookies(request, response), options)
  const store: CookieStore = await cookies()
  const jar: CookieJar = { read: (name) => store.get(name)?.value, write: () => {} }
  await ironSession.getIronSession(jar, options)
}

const seal: string = await sealData({ userId: 7 }, { password: options.password, ttl: 15 * 60 })
export const { userId } = await unsealData<{ userId: number }>(seal, { password: options.password })

// @ts-expect-error a name is due
await getIronSession(await cookies(), { password: '' })
