// A session that goes on under a new id, though another request has ended the old one meanwhile.

type Data = Record<string, unknown>

/**
 * Takes out of the session what it carried over from the one that has ended (its data as JSON): what is left is the
 * handler's own, such as the user that a login has just proved. The objects inside are left as they are.
 */
export function leaveBehind(ended: string, session: object): void {
  const old: Data = JSON.parse(ended)
  const data = session as Data
  for (const key of Object.keys(old)) {
    if (!Object.hasOwn(data, key)) continue
    const left = own(data[key], old[key])
    if (left === undefined) delete data[key]
    else data[key] = left
  }
}

function own(value: unknown, old: unknown): unknown {
  if (!isRecord(value) || !isRecord(old))
    return JSON.stringify(value) === JSON.stringify(old) ? undefined : value
  const entries = Object.entries(value)
    .map(([key, item]) => [key, Object.hasOwn(old, key) ? own(item, old[key]) : item] as const)
    .filter(([, item]) => item !== undefined)
  return entries.length === 0 ? undefined : Object.fromEntries(entries)
}

function isRecord(value: unknown): value is Data {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
