// What the requests of one application have in common whose changes are joined.
import { mergeRules } from '../../merge-rules.js'
import type { MergeRules } from '../../native.js'
import { refuseRules } from '../merge/index.js'
import { type Turns, turnsOf } from '../merge/turns.js'
import type { opts } from './types.js'

export interface Merging {
  rules: MergeRules
  turns: Turns
}

/** None without a store, and where the peer's way was asked for. */
export function mergingOf({ ContextStore, merge, peerExact, store }: opts): Merging | undefined {
  const where = ContextStore ?? store
  if (where !== undefined && !peerExact) return { rules: mergeRules(merge), turns: turnsOf(where) }
  refuseRules(merge)
  return undefined
}
