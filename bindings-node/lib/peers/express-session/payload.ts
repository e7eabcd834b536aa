/**
 * Takes own `__proto__` keys, which `JSON.parse` makes, out of a record at every level: where data are merged they
 * would become prototypes.
 */
export function withoutProto<T>(record: T): T {
  const nodes = new Set<unknown>([record])
  // The set grows as it is walked, and ends a cycle.
  for (const node of nodes) {
    if (!isContainer(node)) continue
    if (Object.hasOwn(node, '__proto__')) Reflect.deleteProperty(node, '__proto__')
    for (const child of Object.values(node)) if (isContainer(child)) nodes.add(child)
  }
  return record
}

function isContainer(node: unknown): node is object {
  if (typeof node !== 'object' || node === null) return false
  const prototype = Object.getPrototypeOf(node)
  return prototype === Object.prototype || prototype === null || Array.isArray(node)
}
