/** By key, one after the other; whoever is alone runs at once. */
export class Turns {
  readonly #waiting = new Map<string, (() => void)[]>()

  /** Runs `run` when it is its turn, which ends when it calls `release`. */
  take(key: string, run: (release: () => void) => void): void {
    const start = () => run(() => this.#next(key))
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
