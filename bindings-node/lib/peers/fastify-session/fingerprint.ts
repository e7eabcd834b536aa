// Whether a session has changed since it was loaded or saved.

/** All that JSON shows of a session, save for its cookie. */
export function fingerprint(session: object): string {
  const { cookie: _, ...data } = session as Record<string, unknown>
  try {
    return JSON.stringify(data)
  } catch {
    return `${canonical(data, [])}`
  }
}

/** In whatever order the keys are. Most sessions are as they were, text for text, and need no second look. */
export function isSame(one: string, other: string): boolean {
  return one === other || canonical(JSON.parse(one), []) === canonical(JSON.parse(other), [])
}

/** JSON with its keys sorted. Total: a BigInt is left out, a cycle is cut. */
function canonical(given: unknown, above: readonly object[]): string | undefined {
  const value = hasToJson(given) ? given.toJSON() : given
  if (typeof value === 'bigint') return undefined
  if (typeof value !== 'object' || value === null) return JSON.stringify(value)
  if (above.includes(value)) return '"[Circular]"'
  const path = [...above, value]
  if (Array.isArray(value)) return `[${value.map((item) => canonical(item, path) ?? 'null')}]`
  const fields = Object.entries(value).map(([key, item]) => field(key, canonical(item, path)))
  return `{${fields.filter((text) => text !== '').sort()}}`
}

function field(key: string, text: string | undefined): string {
  return text === undefined ? '' : `${JSON.stringify(key)}:${text}`
}

function hasToJson(value: unknown): value is { toJSON(): unknown } {
  return typeof (value as { toJSON?: unknown } | null | undefined)?.toJSON === 'function'
}
