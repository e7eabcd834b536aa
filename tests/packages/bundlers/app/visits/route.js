import { cookies } from 'next/headers'
import { getIronSession } from 'shortcrust/iron-session'

const options = {
  cookieName: 'session',
  password: 'a password of more than 32 characters',
  cookieOptions: { secure: false },
}

export async function GET() {
  const session = await getIronSession(await cookies(), options)
  session.visits = (session.visits ?? 0) + 1
  await session.save()
  return Response.json(session)
}
