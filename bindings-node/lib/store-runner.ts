// Carries out at a store what the core asks for; which row is live, what is written and how often, the core decides.
import { ambient } from './ambient.js'
import { ShortcrustError } from './errors.js'
import type { Telling } from './events.js'
import type { NativeSession, Revocation, StoreAction } from './native.js'
import type { Row, Store } from './stores/index.js'
import { called, getOf, type PeerStore } from './stores/peer-store.js'
import { pause } from './timers.js'
import { Turns } from './turns.js'

/** What a store is for. */
export type Mode = 'revocations' | 'sessions'

type StoreAnswer = Row | (Row | undefined)[] | number | 'done' | 'exists' | 'failed' | 'gone'

const MESSAGES: Record<string, string> = {
  conflict: 'other requests wrote the session all the while: nothing of this one was written',
  unavailable: 'the store failed: the session is empty, or was not written',
}

export class StoreRunner {
  readonly store: Store
  readonly mode: Mode
  /** Of another library, by the position of the reader. */
  readonly #oldStores: readonly (PeerStore | undefined)[]
  readonly #telling: Telling | undefined
  /** Where requests wait of which another was first, by the record's key. */
  readonly #turns = new Turns()

  constructor(
    store: Store,
    mode: Mode,
    oldStores: readonly (PeerStore | undefined)[] = [],
    telling?: Telling,
  ) {
    this.store = store
    this.mode = mode
    this.#oldStores = oldStores
    this.#telling = telling
  }

  /** Until nothing more is asked for. Throws what the store has thrown, where the request is to fail for it. */
  async run(machine: NativeSession | Revocation): Promise<void> {
    const begun = this.#telling?.begin()
    let thrown: unknown
    let leave: (() => void) | undefined
    try {
      for (let need = machine.need(); need !== null; need = machine.need()) {
        let answers: StoreAnswer[] = []
        if (need.actions !== undefined) {
          const done = await this.#each(need.actions)
          answers = done.answers
          thrown ??= done.error
        } else {
          // One of a process after the other: against other processes' alone each soon is first.
          leave ??= await this.#turns.enter(need.queue ?? '')
          if (need.millis) await pause(need.millis)
        }
        machine.answer(answers, ambient.now(), ambient.entropy)
      }
    } finally {
      leave?.()
      this.#tell(machine, begun)
    }
    const { failure } = machine
    if (failure?.raise) throw thrown ?? new ShortcrustError(failure.reason, MESSAGES[failure.reason] ?? '')
  }

  #tell(machine: NativeSession | Revocation, begun: number | undefined): void {
    if ('events' in machine) this.#telling?.tell(machine, begun)
    else if (!machine.failure) this.#telling?.counted('revoked', machine.count ?? undefined, begun)
  }

  /** One after the other, until one is not done. */
  async #each(actions: StoreAction[]): Promise<{ answers: StoreAnswer[]; error?: unknown }> {
    const answers: StoreAnswer[] = []
    for (const action of actions) {
      try {
        answers.push(await this.#perform(action))
      } catch (error) {
        return { answers: [...answers, 'failed'], error }
      }
      if (answers.at(-1) !== 'done') break
    }
    return { answers }
  }

  async #perform(action: StoreAction): Promise<StoreAnswer> {
    const { kind, key, keys = [], version = 0, text = '', user, expires, limit } = action
    const { store } = this
    const entry = { text, user, expires }
    switch (kind) {
      case 'create':
        return store.create(key, entry)
      case 'load':
        return [...(await store.load(keys))]
      case 'put':
        return store.put(key, entry)
      case 'readRow':
        return [await this.#oldRow(action)]
      case 'removeRow':
        await called((done) => this.#oldStores[action.reader ?? 0]?.destroy(key, done))
        return 'done'
      case 'revoke':
        return store.revoke(user ?? '', key || undefined)
      case 'save':
        return store.save(key, version, entry)
      default:
        // Nobody waits for it, and whether it fails is no matter of this request's.
        if (!store.capabilities.expiry) {
          const begun = this.#telling?.begin()
          store.sweep(expires ?? 0, limit).then(
            (count) => count > 0 && this.#telling?.counted('swept', count, begun),
            () => {},
          )
        }
        return 'done'
    }
  }

  async #oldRow({ key, reader = 0 }: StoreAction): Promise<Row | undefined> {
    const store = this.#oldStores[reader]
    const found = store && (await getOf(store, key))
    return found && { version: 0, text: JSON.stringify(found) }
  }
}
