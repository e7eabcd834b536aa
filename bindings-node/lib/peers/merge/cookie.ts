// A session's cookie, which a row keeps beside the data, where another request has changed it too.

type Attributes = Record<string, unknown>

/** Milliseconds. Who sets a `maxAge` again to what it was reads the clock twice, and it may go on in between. */
const DRIFT = 1_000
/** They follow `originalMaxAge`, where there is one: each request begins them anew. */
const ENDS = ['expires', 'originalExpires']

/**
 * `mine` with what the other request changed of it since `base`, which is JSON; an attribute that both changed is mine.
 * None where that leaves it as it is.
 */
export function joinedCookie(
  base: string | undefined,
  mine: object,
  theirs: unknown,
): Attributes | undefined {
  if (base === undefined || typeof theirs !== 'object' || theirs === null) return undefined
  const [old, own, other]: Attributes[] = [JSON.parse(base), plain(mine), plain(theirs)]
  const isTheirs = (key: string) => !isSame(other?.[key], old?.[key]) && isSame(own?.[key], old?.[key])
  const isTimed = [old, own, other].some((cookie) => typeof cookie?.originalMaxAge === 'number')
  const keys = Object.keys({ ...own, ...other }).filter((key) =>
    isTimed && ENDS.includes(key) ? isTheirs('originalMaxAge') : isTheirs(key),
  )
  if (keys.length === 0) return undefined
  return { ...own, ...Object.fromEntries(keys.map((key) => [key, other?.[key]])) }
}

/** As a row has it. */
function plain(cookie: object): Attributes {
  return JSON.parse(JSON.stringify(cookie))
}

function isSame(one: unknown, other: unknown): boolean {
  if (typeof one === 'number' && typeof other === 'number') return Math.abs(one - other) < DRIFT
  return (one ?? null) === (other ?? null)
}
