// What the requests of one application have in common whose changes are joined.
import { mergeRules } from '../../merge-rules.js'
import type { MergeRules } from '../../native.js'
import { type Turns, turnsOf } from '../../turns.js'
import { refuseRules } from '../merge/index.js'
import { type OwnStore, ownStoreOf } from './own-store.js'
import type { opts } from './types.js'

export interface Merging {
  rules: MergeRules
  turns: Turns
  /** None but with a store of `shortcrust/stores`. */
  own: OwnStore | undefined
}

/** None without a store, and where the peer's way was asked for. */
export function mergingOf(options: opts): Merging | undefined {
  const { ContextStore, merge, peerExact, store } = options
  const where = ContextStore ?? store
  if (where !== undefined && !peerExact) {
    return { rules: mergeRules(merge), turns: turnsOf(where), own: ownStoreOf(options) }
  }
  refuseRules(merge)
  return undefined
}
