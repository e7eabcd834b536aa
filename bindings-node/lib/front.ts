import type { Telling } from './events.js'
import type { LabelOption } from './label.js'
import type { Engine } from './native.js'
import type { StoreRunner } from './store-runner.js'

/** What the requests of one middleware have in common. */
export interface Front {
  /** For the secrets of now. */
  engine: Engine
  /** Of the cookies that are read: ours, and those of libraries whose sessions are taken over. */
  readonly names: readonly string[]
  /** Where sessions are kept, or which of those in cookies are revoked. */
  readonly runner: StoreRunner | undefined
  /** Makes labels for users' sessions that have none. */
  readonly label?: LabelOption | undefined
  readonly telling: Telling
}
