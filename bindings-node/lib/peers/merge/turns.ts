import { pause } from '../../timers.js'

/** Milliseconds after which a store is taken for one that has lost its answer. */
const PATIENCE = 10_000

/** By key, one after the other; whoever is alone runs at once. */
export class Turns {
  readonly #lines = new Map<string, Line>()

  /**
   * Runs `run` when it is its turn, which ends when it calls `release`, or when another has waited for 10 seconds: a
   * store may lose an answer, and the next ones are not to wait for it for ever.
   */
  take(key: string, run: (release: () => void) => void): void {
    const line = this.#lines.get(key)
    const start = (own: Line) => {
      const release = once(() => this.#next(key, own))
      own.release = release
      try {
        run(release)
      } catch (error) {
        release()
        throw error
      }
    }
    if (line === undefined) {
      const own: Line = { waiting: [], release() {} }
      this.#lines.set(key, own)
      start(own)
      return
    }
    line.waiting.push(start)
    const { release } = line
    pause(PATIENCE, undefined, { ref: false }).then(release)
  }

  #next(key: string, line: Line): void {
    const next = line.waiting.shift()
    if (next === undefined) this.#lines.delete(key)
    else next(line)
  }
}

interface Line {
  waiting: ((line: Line) => void)[]
  /** Ends the turn of whoever has it. */
  release: () => void
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
