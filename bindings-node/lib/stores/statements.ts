// What stores say to their servers: the same texts for both languages, kept in the native module.
import { statement } from '../native.js'

export function textOf(name: string): string {
  const text = statement(name)
  if (text === null) throw new TypeError(`there is no statement ${name}`)
  return text
}
