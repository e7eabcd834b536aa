// Which driver serves a request.
import type { IncomingMessage } from 'node:http'

import type { Driver } from './driver.js'
import { ShortcrustError } from './errors.js'

/** Not a property of the request: where Express has changed its prototype, each costs more than all of this. */
const drivers = new WeakMap<IncomingMessage, Driver>()

export function attach(driver: Driver, request: IncomingMessage): void {
  drivers.set(request, driver)
  Object.defineProperty(request, 'session', {
    configurable: true,
    enumerable: true,
    get: () => driver.session,
    set: (value: unknown) => {
      driver.session = value
    },
  })
}

/** Why no session came with the request: `no_cookie`, `expired`, ...; undefined where one did. */
export function reason(request: IncomingMessage): string | undefined {
  return driverOf(request, 'reason').reason
}

export function driverOf(request: IncomingMessage, caller: string): Driver {
  const driver = drivers.get(request)
  if (driver) return driver
  const help =
    'put session() before it, with a cookie.path that covers the request, and no other session middleware'
  throw new ShortcrustError('option', `${caller}(req): ${help}`)
}
