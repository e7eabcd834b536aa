// A request's session in a store; or in its cookie, with a store that knows which were revoked.
import { ambient } from './ambient.js'
import { Driver } from './driver.js'
import { SealError, ShortcrustError } from './errors.js'
import { LATE } from './late.js'
import { type Closed, type NativeSession, revokeSessions, saveSession } from './native.js'
import { ENDED, type Encoded } from './projection.js'
import type { Command } from './session.js'
import type { StoreRunner } from './store-runner.js'
import { warnOnce } from './warnings.js'

const OUT = 'the store failed: the session is empty, or was not written'

export class StoreDriver extends Driver {
  readonly #runner: StoreRunner
  /** What is done at the store: one thing waits for the other. */
  #turn: Promise<void> | undefined
  /** What the session was when nothing could be added any more. */
  #frozen: Encoded | undefined
  #hasCookie = false

  constructor(runner: StoreRunner, ...args: ConstructorParameters<typeof Driver>) {
    super(...args)
    this.#runner = runner
  }

  /** Under what the session lies in the store; none where it does not. */
  get key(): string | undefined {
    return this.native?.key ?? undefined
  }

  /** Before the handler runs; a promise where the store has to be asked. */
  load(): Promise<void> | undefined {
    const header = this.header()
    if (header === undefined) {
      this.take()
      return undefined
    }
    const opened = this.front.telling.open(this.front.engine, header)
    const { session } = opened
    if (session.need() === null) {
      this.take(opened)
      return undefined
    }
    return this.#runner.run(session).finally(() => {
      this.take({ session, ...session.shown() })
      if (session.isUnavailable && !session.failure?.raise) warnOnce('SHORTCRUST_UNAVAILABLE', OUT)
    })
  }

  override destroy(): Command {
    this.#refuseUnavailable()
    this.drop()
    return this.write()
  }

  override regenerate(): Command {
    if (this.#isStored) this.refuseLate()
    return this.#andMark(super.regenerate())
  }

  override login(user: string, label?: string): Command {
    return this.#andMark(super.login(user, label))
  }

  override reload(): Command {
    return this.command(() => (this.key === undefined ? super.reload() : this.#loadAgain()))
  }

  override save(): Command {
    if (!this.#isStored) return super.save()
    return this.command(() => {
      if (this.isOver() && this.isLate()) throw new SealError('late', LATE)
      // Nobody would find it: the browser has no id, and can't be given one.
      const isFound = this.#hasCookie || this.key !== undefined || !this.isHeadWritten
      if (!isFound && !this.isAsRead(this.left())) throw new SealError('late', LATE)
      return this.#tell(false)
    })
  }

  /** Tells the store what it does not know yet. */
  write(): Command {
    return this.command(() => this.#tell(true))
  }

  /** Ends the session of a handle, if it is `user`'s, and gives how many that were. */
  revoke(handle: string, user: string | undefined): Promise<number | undefined> {
    return this.#revoking((native) => native.revoke(handle, user))
  }

  /**
   * Ends the user's sessions, and gives how many they were where that is known. The one that is excepted goes on under
   * a new id, so that a stolen copy of its cookie ends as well.
   */
  revokeAll(user: string, exceptCurrent: boolean): Promise<number | undefined> {
    return this.#revoking((native, { text, kinds }) => {
      if (exceptCurrent && native.user === user) this.refuseLate()
      revokeSessions(native, user, exceptCurrent, text, kinds, ambient.now(), ambient.entropy)
    })
  }

  override writeHead(): void {
    super.writeHead()
    if (!this.#isStored || !this.isSeen) return
    // Where the browser has no id, nobody would find what is written now.
    const isFound = this.#hasCookie || this.key !== undefined
    if (!isFound || this.written === ENDED.text) this.#frozen = ENDED
  }

  /** Before the response's end; a promise where that has to wait. */
  end(): Promise<void> | undefined {
    this.notice()
    if (!this.isSeen) return this.#turn
    try {
      if (this.#isStored) this.#frozen ??= this.left()
      return this.write()?.catch((error) => this.#notWritten(error))
    } catch (error) {
      this.#notWritten(error)
    }
    return undefined
  }

  protected override look(): void {
    if (this.isSeen) return
    this.isSeen = true
    // Of its own, since the cookie's id is drawn before the record is written, or after.
    if (this.#isStored) this.native ??= this.fresh()
  }

  protected override left(): Encoded {
    return this.#frozen ?? super.left()
  }

  protected override seal(): Closed | null {
    const closed = super.seal()
    this.#hasCookie = closed !== null
    return closed
  }

  protected override isOver(): boolean {
    return this.#isStored ? this.#frozen !== undefined : super.isOver()
  }

  protected override refuseLate(): void {
    this.#refuseUnavailable()
    super.refuseLate()
  }

  protected override command(run: () => Command): Command {
    const done = this.#turn === undefined ? run() : this.#turn.then(run)
    if (done === undefined) return undefined
    const next = () => {
      if (this.#turn === turn) this.#turn = undefined
    }
    const turn = done.then(next, next)
    this.#turn = turn
    return done
  }

  protected override moved(): void {
    super.moved()
    if (this.#isStored && this.isHeadWritten) this.#frozen = ENDED
  }

  get #isStored(): boolean {
    return this.#runner.mode === 'sessions'
  }

  /** The id that was left is made known at once, so that the head is right where another request was first. */
  #andMark(done: Command): Command {
    if (this.#isStored || this.isHeadWritten) return done
    return done === undefined ? this.write() : done.then(() => this.write())
  }

  async #revoking(begin: (native: NativeSession, left: Encoded) => void): Promise<number | undefined> {
    this.look()
    const native = this.native ?? this.fresh()
    await this.command(async () => {
      const left = this.left()
      const { epoch } = native
      begin(native, left)
      await this.#runner.run(native)
      this.why = native.failure?.reason ?? this.why
      if (native.hasEnded) this.current = undefined
      else if (native.epoch !== epoch) {
        this.moved()
        if (this.key !== undefined) this.incoming = left
      }
    })
    return native.revoked ?? undefined
  }

  /** Nobody is to believe that they have logged in, or out. */
  #refuseUnavailable(): void {
    if (this.native?.isUnavailable) throw new ShortcrustError('unavailable', OUT)
  }

  async #loadAgain(): Promise<void> {
    await this.load()
    if (this.key === undefined) this.show(null)
  }

  /** Nothing where the store need not be told. */
  #tell(isLast: boolean): Promise<void> | undefined {
    const { native } = this
    if (native === null || !this.isSeen) return undefined
    const left = this.left()
    const json = this.isAsRead(left) ? null : left.text
    if (json !== null) this.#describe(native)
    saveSession(native, json, left.kinds, isLast, ambient.now(), ambient.entropy)
    return native.need() === null ? undefined : this.#run(native, left)
  }

  #describe(native: NativeSession): void {
    const { label } = this.front
    if (label === undefined || native.label !== null) return
    native.describeByDefault(String(label(this.request) ?? ''))
  }

  async #run(native: NativeSession, left: Encoded): Promise<void> {
    try {
      await this.#runner.run(native)
    } finally {
      const { failure } = native
      if (failure !== null) this.why = failure.reason
      if (failure?.reason === 'unavailable' && !failure.raise) warnOnce('SHORTCRUST_UNAVAILABLE', OUT)
    }
    // Where it ended, the head is to be told so too.
    if (this.#isStored && native.failure === null) this.incoming = this.key === undefined ? undefined : left
  }

  #notWritten(error: unknown): void {
    if (!(error instanceof SealError)) throw error
    this.warnNotSaved(error)
  }
}
