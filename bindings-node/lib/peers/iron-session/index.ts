/**
 * `shortcrust/iron-session`: iron-session 8.0.4, with what 9.0.1 adds; it reads and writes the cookies of both.
 *
 * Where the two differ this is 8: a Date is saved as its ISO string, an `expires` in the past is sent, and a password
 * map is not looked at beyond the lengths. It is 9 in these:
 * - `destroy()` is terminal: `save()` after it writes nothing, and throws where something was put in again;
 * - the `~2` behind a seal means nothing, so the cookies of iron-session 6 are not read;
 * - a seal that can't be read, whatever is wrong with it, gives an empty object and a call of `onUnsealError`;
 * - with a `ttl` of up to 60 the cookie lives as long, where that of 8 never reaches the browser's store;
 * - `updateConfig` takes a new password; without one the old stays, as in 8.
 *
 * Of several cookies of one name the first that opens is taken. Own `__proto__` keys are dropped, and a sealed string
 * or number is an empty session. A promise of a cookie store is taken too.
 */
import { configure } from './config.js'
import * as jars from './jars.js'
import { BAD_USAGE } from './messages.js'
import * as seals from './seals.js'
import { openSession } from './session.js'
import type * as types from './types.js'

type Holder = types.CookieStore | types.CookieJar | Promise<types.CookieStore>

/** The request's session: its data, with `save`, `destroy` and `updateConfig`, which are not enumerable. */
function getIronSession<T extends object>(
  cookies: Holder,
  sessionOptions: types.SessionOptions,
): Promise<types.IronSession<T>>
function getIronSession<T extends object>(
  req: types.RequestType,
  res: types.ResponseType,
  sessionOptions: types.SessionOptions,
): Promise<types.IronSession<T>>
async function getIronSession<T extends object>(
  first: unknown,
  second: unknown,
  third?: types.SessionOptions,
): Promise<types.IronSession<T>> {
  if (!first || !second) throw new Error(BAD_USAGE)
  const config = configure(third ?? (second as types.SessionOptions))
  const jar = third
    ? jars.requestJar(first as types.RequestType, second as types.ResponseType)
    : await jarOf(first as Holder)
  return openSession<T>(jar, config)
}

/** Next's `cookies()` is a promise, in one version with the store's methods as well. */
async function jarOf(holder: Holder): Promise<jars.Jar> {
  const given = await holder
  if ('read' in given && 'write' in given) return given
  if ('get' in given && typeof given.get === 'function') return jars.storeJar(given)
  throw new Error(BAD_USAGE)
}

const ironSession = {
  getIronSession,
  nextProxyCookies: jars.nextProxyCookies,
  nodeCookies: jars.nodeCookies,
  sealData: seals.sealData,
  unsealData: seals.unsealData,
  webCookies: jars.webCookies,
}

namespace ironSession {
  export type CookieJar = types.CookieJar
  export type CookieStore = types.CookieStore
  export type IronSession<T> = types.IronSession<T>
  export type SessionOptions = types.SessionOptions
  export type UnsealErrorReason = types.UnsealErrorReason
}

// What Node's lexer of CommonJS looks for, so that ESM can import these by name.
exports.getIronSession = exports.nextProxyCookies = exports.nodeCookies = undefined
exports.sealData = exports.unsealData = exports.webCookies = undefined

export = ironSession
