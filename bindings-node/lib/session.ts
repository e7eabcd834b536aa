import type { Data } from './projection.js'
import { microtask } from './timers.js'

/** Node's usual callback. */
export type Callback = (error?: unknown) => void

export type Command = void | Promise<void>

/** What a session's methods do; they may throw. */
export interface Commands {
  destroy(): Command
  regenerate(): Command
  reload(): Command
  save(): Command
  touch(): Command
}

/** What is to be saved: the data, and the entries that a session can't show. */
export let contents: (session: Session) => object

/** The data as own enumerable properties; the methods on the prototype, not enumerable. */
export class Session {
  readonly #commands: Commands
  /** Entries that would hide a method. */
  #aside: Data | undefined

  static {
    contents = (session) => (session.#aside === undefined ? session : { ...session, ...session.#aside })
  }

  constructor(commands: Commands, data: Data) {
    this.#commands = commands
    for (const key of Object.keys(data)) {
      if (isTaken(key)) this.#aside = { ...this.#aside, [key]: data[key] }
      else (this as unknown as Data)[key] = data[key]
    }
  }

  /** A new, empty session under a new id: at login and logout, against fixation. */
  regenerate(): Promise<void>
  regenerate(callback: Callback): this
  regenerate(callback?: Callback): this | Promise<void> {
    return this.#settle(() => this.#commands.regenerate(), callback)
  }

  /** The data as they came in; with a store as they are there now. */
  reload(): Promise<void>
  reload(callback: Callback): this
  reload(callback?: Callback): this | Promise<void> {
    return this.#settle(() => this.#commands.reload(), callback)
  }

  /**
   * Writes the session to the store now. Without a store it fails in time where the session can't be written; the
   * cookie itself is set with the response's head.
   */
  save(): Promise<void>
  save(callback: Callback): this
  save(callback?: Callback): this | Promise<void> {
    return this.#settle(() => this.#commands.save(), callback)
  }

  /** Ends the session and deletes its cookie. */
  destroy(): Promise<void>
  destroy(callback: Callback): this
  destroy(callback?: Callback): this | Promise<void> {
    return this.#settle(() => this.#commands.destroy(), callback)
  }

  /** Starts the idle time anew though nothing changed. */
  touch(): Promise<void>
  touch(callback: Callback): this
  touch(callback?: Callback): this | Promise<void> {
    return this.#settle(() => this.#commands.touch(), callback)
  }

  /** The command runs now; what came of it is told later, as from any store. */
  #settle(command: () => Command, callback: Callback | undefined): this | Promise<void> {
    const settled = attempt(command)
    if (callback === undefined) {
      // Nobody has to wait for it: without this a forgotten `await` could end the process.
      settled.catch(() => {})
      return settled
    }
    settled.then(
      () => microtask(() => callback()),
      (error) => microtask(() => callback(error)),
    )
    return this
  }
}

for (const name of ['regenerate', 'reload', 'save', 'destroy', 'touch'] as const) {
  // An assignment would hide the method from Passport; better an error there.
  Object.defineProperty(Session.prototype, name, { writable: false })
}

function isTaken(key: string): boolean {
  return (key !== 'constructor' && Object.hasOwn(Session.prototype, key)) || key === '__proto__'
}

async function attempt(command: () => Command): Promise<void> {
  await command()
}
