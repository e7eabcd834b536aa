// What an application is told at run time, and not by an error.

const warned = new Set<string>()

export function warnOnce(code: string, message: string): void {
  if (warned.has(message)) return
  warned.add(message)
  warn(code, message)
}

export function warn(code: string, message: string): void {
  process.emitWarning(message, { type: 'ShortcrustWarning', code })
}

/** Whether that was said already. */
export function isKnown(message: string): boolean {
  return warned.has(message)
}
