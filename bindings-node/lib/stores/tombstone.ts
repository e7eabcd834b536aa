// What a store that makes room leaves until its end.

/**
 * Whether a record is only the mark of a session that ended: it has neither data nor a label. Without it a request in
 * flight would bring the session back.
 */
export function isTombstone(text: string): boolean {
  return text.startsWith('{') && !text.includes('"d":') && !text.includes('"s":')
}
