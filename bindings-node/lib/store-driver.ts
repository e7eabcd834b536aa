// A request's session in a store; or in its cookie, with a store that knows which were revoked.
import { ambient } from './ambient.js'
import { Driver, ENDED, LATE, type Why, warnOnce } from './driver.js'
import { SealError, ShortcrustError } from './errors.js'
import type { Keeper, Loaded } from './keeper.js'
import { type Actions, type Closed, finish, type NativeSession } from './native.js'
import type { Encoded } from './projection.js'
import type { Command } from './session.js'

const CONFLICT = 'other requests wrote the session all the while: nothing of this one was written'
const OUT = 'the store failed: the session is empty, or was not written'

export class StoreDriver extends Driver {
  readonly #keeper: Keeper
  /** Under what the session lies in the store; none where it does not. */
  #key: string | undefined
  /** Under what the session lies that came with the request. */
  #sentKey: string | undefined
  /** What is done at the store: one thing waits for the other. */
  #turn: Promise<void> | undefined
  /** What the session was when nothing could be added any more. */
  #frozen: Encoded | undefined
  #hasCookie = false
  /** Nothing is written any more, and no cookie set. */
  #hasFailed = false
  /** Who logged in in this request. */
  #user: string | undefined
  /** Milliseconds: in this request sessions were revoked that begin before. */
  #notBefore = 0

  constructor(keeper: Keeper, ...args: ConstructorParameters<typeof Driver>) {
    super(...args)
    this.#keeper = keeper
  }

  /** Under what the session lies in the store; none where it does not. */
  get key(): string | undefined {
    return this.#key
  }

  /** Before the handler runs; a promise where the store has to be asked. */
  load(): Promise<void> | undefined {
    const header = this.header()
    if (header === undefined) {
      this.take()
      return undefined
    }
    const { opened, pending } = this.front.engine.begin(header, ambient.now())
    if (pending !== undefined) return this.#keeper.load(pending).then((loaded) => this.#loaded(loaded))
    this.take(opened)
    return undefined
  }

  override destroy(): Command {
    this.#refuseOut()
    this.drop()
    return this.write()
  }

  override regenerate(): Command {
    if (this.#isStored) this.refuseLate()
    return super.regenerate()
  }

  override reload(): Command {
    return this.command(() => {
      const isThere = this.#key !== undefined && this.#key === this.#sentKey
      return isThere ? this.#loadAgain() : this.show(this.native?.reload())
    })
  }

  override save(): Command {
    if (!this.#isStored) return super.save()
    return this.command(() => {
      if (this.isOver() && this.isLate()) throw new SealError('late', LATE)
      // Nobody would find it: the browser has no id, and can't be given one.
      const isFound = this.#hasCookie || this.#key !== undefined || !this.isHeadWritten
      if (!isFound && !this.isAsRead(this.left())) throw new SealError('late', LATE)
      this.#hasFailed = false
      return this.#tell()
    })
  }

  /** Tells the store what it does not know yet. */
  write(): Command {
    return this.command(() => this.#tell())
  }

  /** Ends the user's sessions, and gives how many they were where that is known. */
  async revokeAll(user: string, exceptCurrent: boolean): Promise<number | undefined> {
    this.look()
    const isOwn = this.native?.user === user
    const count = this.#isStored
      ? await this.#revokeStored(user, exceptCurrent)
      : await this.#revokeCookies(user, exceptCurrent)
    if (isOwn && !exceptCurrent) this.drop()
    return count
  }

  override writeHead(): void {
    super.writeHead()
    if (!this.#isStored || !this.isSeen) return
    // Where the browser has no id, nobody would find what is written now.
    const isFound = this.#hasCookie || this.#key !== undefined
    if (!isFound || this.written === ENDED.text) this.#frozen = ENDED
  }

  /** Before the response's end; a promise where that has to wait. */
  end(): Promise<void> | undefined {
    this.notice()
    if (!this.isSeen || this.#hasFailed) return this.#turn
    try {
      this.#settle()
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
    if (this.#hasFailed) return null
    const closed = super.seal()
    this.#hasCookie = closed !== null
    return closed
  }

  protected override isOver(): boolean {
    return this.#isStored ? this.#frozen !== undefined : super.isOver()
  }

  protected override refuseLate(): void {
    this.#refuseOut()
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

  protected override drop(): void {
    super.drop()
    this.#key = undefined
  }

  protected override renew(why: Why, user?: string): void {
    // What another request has ended takes nothing up any more.
    const isDead = this.why === 'ended' || this.why === 'identity'
    if (this.#isStored && isDead) this.native = this.fresh()
    super.renew(why, user, Math.max(ambient.now(), this.#notBefore))
    this.#user = user
    this.#key = undefined
    if (this.#isStored && this.isHeadWritten) this.#frozen = ENDED
  }

  get #isStored(): boolean {
    return this.#keeper.keeping === 'sessions'
  }

  /** What the handler left is final. */
  #settle(): void {
    const left = this.left()
    if (this.#isStored) this.#frozen ??= left
    // A copy of the cookie from before is not to come back.
    else if (left.text === '{}' && this.incoming?.text !== '{}') this.native?.destroy()
  }

  /** Nobody is to believe that they have logged in, or out. */
  #refuseOut(): void {
    if (this.#hasFailed && this.why === 'unavailable') throw new ShortcrustError('unavailable', OUT)
  }

  #loaded({ opened, key, error }: Loaded): void {
    this.take(opened)
    this.#key = key
    this.#sentKey = key
    if (error !== undefined) this.#unavailable(error)
  }

  async #loadAgain(): Promise<void> {
    await this.load()
    if (this.#key === undefined) this.show(null)
  }

  async #revokeStored(user: string, exceptCurrent: boolean): Promise<number> {
    // One that is not there yet can't be excepted.
    if (exceptCurrent) await this.write()
    return this.#keeper.store.revoke(user, exceptCurrent ? this.#key : undefined)
  }

  async #revokeCookies(user: string, exceptCurrent: boolean): Promise<undefined> {
    const now = ambient.now()
    // Cookies tell the time in seconds, and what begins in this request is not meant.
    this.#notBefore = (Math.floor(now / 1_000) + 1) * 1_000
    if (exceptCurrent && this.#user !== undefined) this.command(() => this.renew('login', this.#user))
    const except = exceptCurrent ? this.native : null
    await this.#keeper.put(this.front.engine.revokeAll(user, except, now))
  }

  /** Nothing where the store need not be told. */
  #tell(): Promise<void> | undefined {
    const { native } = this
    if (native === null || !this.isSeen || this.#hasFailed) return undefined
    const left = this.#isStored ? this.left() : ENDED
    const json = !this.#isStored || this.isAsRead(left) ? null : left.text
    const actions = finish(native, json, left.kinds, ambient.now(), ambient.entropy)
    return actions.list.length === 0 ? undefined : this.#run(native, actions, left)
  }

  async #run(native: NativeSession, actions: Actions, left: Encoded): Promise<void> {
    const { report, key, error } = await this.#keeper.run(actions)
    native.settle(report)
    if (report.reason !== null) {
      this.#refused(report.reason, error)
      return
    }
    this.#key = key
    // Where it ended, the head is to be told so too.
    if (this.#isStored) this.incoming = key === undefined ? undefined : left
  }

  #refused(reason: string, error: unknown): void {
    this.why = reason
    if (reason === 'ended' || reason === 'identity') return
    if (reason === 'conflict') {
      this.#hasFailed = true
      throw new ShortcrustError(reason, CONFLICT)
    }
    this.#unavailable(error ?? new ShortcrustError(reason, OUT))
  }

  #unavailable(error: unknown): void {
    this.why = 'unavailable'
    this.#hasFailed = true
    if (this.#keeper.outage === 'error' || this.#user !== undefined) throw error
    warnOnce('SHORTCRUST_UNAVAILABLE', OUT)
  }

  #notWritten(error: unknown): void {
    this.#hasFailed = true
    if (!(error instanceof SealError)) throw error
    this.warnNotSaved(error)
  }
}
