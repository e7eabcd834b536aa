// The payload of cookie-session and koa-session: JSON in base64.

/** From here on nesting may exhaust the stack when the text is made again. */
const LONG = 2_000

export function encode(data: object): string {
  return Buffer.from(JSON.stringify(data)).toString('base64')
}

/** What is inside, without `__proto__` keys; a `SyntaxError` where that is no JSON or could not be written again. */
export function decode(base64: string): unknown {
  const text = Buffer.from(base64, 'base64').toString()
  try {
    const data: unknown = mayHold__proto__(text) ? JSON.parse(text, without__proto__) : JSON.parse(text)
    if (text.length > LONG) JSON.stringify(data)
    return data
  } catch {
    // V8's own message quotes the text.
    throw new SyntaxError('the cookie is not base64 of JSON')
  }
}

function mayHold__proto__(text: string): boolean {
  return text.includes('__proto__') || text.includes('\\u00')
}

function without__proto__(key: string, value: unknown): unknown {
  return key === '__proto__' ? undefined : value
}
