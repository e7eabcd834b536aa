import { createSecretKey } from 'node:crypto'

import signature, { sign, unsign } from 'shortcrust/cookie-signature'

const signed: string = sign('hello', 'tobiiscool')
export const value: string | false = unsign(signed, Buffer.from('tobiiscool'))
export const same: string | false = signature.unsign(signed, createSecretKey('tobiiscool', 'utf8'))

// @ts-expect-error a text is due
sign(5, 'tobiiscool')
// @ts-expect-error a secret is due
unsign(signed)
