import { pause } from './timers.js'

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
      if (own.waiting.length > 0) hurry(own)
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
    hurry(line)
  }

  /** As `take`: gives what ends the turn. */
  enter(key: string): Promise<() => void> {
    return new Promise((resolve) => this.take(key, resolve))
  }

  async run<T>(key: string, run: () => Promise<T>): Promise<T> {
    const leave = await this.enter(key)
    try {
      return await run()
    } finally {
      leave()
    }
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

/** For somebody waits: whoever has the turn now has it for 10 seconds more at the most. */
function hurry({ release }: Line): void {
  pause(PATIENCE, undefined, { ref: false }).then(release)
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
