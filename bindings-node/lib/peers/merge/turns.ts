/** By key, one after the other; whoever is alone runs at once. */
export class Turns {
  readonly #waiting = new Map<string, (() => void)[]>()

  /** Runs `run` when it is its turn, which ends when it calls `release`. */
  take(key: string, run: (release: () => void) => void): void {
    const start = () => {
      const release = once(() => this.#next(key))
      try {
        run(release)
      } catch (error) {
        release()
        throw error
      }
    }
    const waiting = this.#waiting.get(key)
    if (waiting !== undefined) {
      waiting.push(start)
      return
    }
    this.#waiting.set(key, [])
    start()
  }

  #next(key: string): void {
    const next = this.#waiting.get(key)?.shift()
    if (next === undefined) this.#waiting.delete(key)
    else next()
  }
}

const known = new WeakMap<object, Turns>()

/** Those at a store, whichever middlewares of the process share it. */
export function turnsOf(store: object): Turns {
  const turns = known.get(store) ?? new Turns()
  known.set(store, turns)
  return turns
}

function once(run: () => void): () => void {
  let isDone = false
  return () => {
    if (isDone) return
    isDone = true
    run()
  }
}
