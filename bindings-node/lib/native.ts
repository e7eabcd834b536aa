// The native module, and its errors as ours.
import './binary.js'

import native = require('../native.js')

import { ConfigError, SealError } from './errors.js'

export type {
  Closed,
  EngineOptions,
  FormatOptions,
  MergeRules,
  Opened,
  PlaceOptions,
  ReaderOptions,
  Revocation,
  Session as NativeSession,
  StoreAction,
  View,
} from '../native.js'

export type Engine = native.Engine
export type FileLock = native.FileLock
export type { Decoded, IronContent, IronSecret, ToolAnswer, ToolCall } from '../native.js'
/** What the command-line tool prints. */
export const tool = native
/** What stands alone; most of it is what the drop-ins sign and seal with. */
export const {
  cookieSign,
  cookieVerify,
  FileLock,
  genericHash,
  ironSealText,
  ironSealTextAsync,
  ironUnseal,
  ironUnsealAsync,
  keygripSignature,
  newId,
  passwordKey,
  recordInfo,
  sameText,
  secretboxOpen,
  secretboxOpenText,
  secretboxSealText,
  statement,
} = native

export function engine(options: native.EngineOptions): Engine {
  return rethrown(ConfigError, () => new native.Engine(options))
}

/** The bytes of a secret with `hex:` or `base64:` in front; null for one that is text. */
export function encodedSecret(line: string): Uint8Array | null {
  return rethrown(ConfigError, () => native.encodedSecret(line))
}

export function rules(given: Record<string, string>): native.MergeRules {
  return rethrown(ConfigError, () => new native.MergeRules(given))
}

/** What `Engine.close` answers; where the session can't be sealed, a `SealError`. */
export function close(engine: Engine, ...args: Parameters<Engine['close']>): native.Closed | null {
  return rethrown(SealError, () => engine.close(...args))
}

/** As `Session.save`; where the session can't be written, a `SealError`. */
export function saveSession(session: native.Session, ...args: Parameters<native.Session['save']>): void {
  rethrown(SealError, () => session.save(...args))
}

/** As `Session.revokeAll`; where the session that goes on can't be written, a `SealError`. */
export function revokeSessions(
  session: native.Session,
  ...args: Parameters<native.Session['revokeAll']>
): void {
  rethrown(SealError, () => session.revokeAll(...args))
}

/** As `Session.login`; where the cookie's format carries no user, a `ConfigError`. */
export function loginSession(
  session: native.Session,
  ...args: Parameters<native.Session['login']>
): native.View | null {
  return rethrown(ConfigError, () => session.login(...args))
}

function rethrown<T>(Kind: typeof ConfigError | typeof SealError, call: () => T): T {
  try {
    return call()
  } catch (error) {
    const { code = '', message } = error as Error & { code?: string }
    // Ours are in lower case. What else there is was a panic, and its message may quote the session.
    if (/^[a-z_]+$/.test(code)) throw new Kind(code, message)
    throw new Kind('internal', 'a defect of ours, caught; please report it')
  }
}
