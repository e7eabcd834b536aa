// What is done to a session when nothing can be sent or written any more.
import { encode } from './projection.js'
import { contents, type Session } from './session.js'
import { microtask } from './timers.js'
import { isKnown, warnOnce } from './warnings.js'

export const LATE = "the session was changed after the response's headers were sent: the change is lost"

/** What the session is now, to be compared; a session that can't be written is like no other. */
export function snapshot(session: Session | undefined): string {
  try {
    const { text, kinds } = session === undefined ? { text: '{}', kinds: '' } : encode(contents(session))
    return text + kinds
  } catch {
    return ''
  }
}

/** A getter can't see what is done to what it gives, so this looks when the caller has done it. */
export function lookAgain(isLate: () => boolean): void {
  if (isKnown(LATE)) return
  microtask(() => {
    if (isLate()) warnOnce('SHORTCRUST_LATE_CHANGE', LATE)
  })
}
