// What came in as JSON, and the keys in it that would be a prototype.

/** Whether an object anywhere in it has an own `__proto__`. */
export function hasProto(root: unknown): boolean {
  return withProto(root).next().done !== true
}

/** As `JSON.parse`, without own `__proto__` keys at any level. */
export function parseClean(text: string): unknown {
  const root: unknown = JSON.parse(text)
  for (const node of withProto(root)) Reflect.deleteProperty(node, '__proto__')
  return root
}

/** The objects that have one. Not recursive: the depth is the sender's. */
function* withProto(root: unknown): Generator<object> {
  const rest = [root]
  while (rest.length > 0) {
    const node = rest.pop()
    if (typeof node !== 'object' || node === null) continue
    if (Object.hasOwn(node, '__proto__')) yield node
    for (const value of Object.values(node)) rest.push(value)
  }
}
