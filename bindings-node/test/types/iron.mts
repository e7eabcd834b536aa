import * as all from 'shortcrust/iron'
import Iron, { type SealOptions, seal, unseal } from 'shortcrust/iron'

const password = 'some_not_random_password_that_is_at_least_32_characters'
const sealed: string = await Iron.seal({ a: 1 }, password, Iron.defaults)
const unsealed: { a: number } = await Iron.unseal(sealed, password, Iron.defaults)

const options: SealOptions = { ...Iron.defaults, ttl: 60_000 }
const secret: Iron.password.Secret = { id: '1', secret: Buffer.alloc(32) }
const specific: Iron.password.Specific = { id: '2', encryption: password, integrity: password }
const hash: Iron.password.Hash = { 1: secret, 2: specific, default: password }
await unseal(await seal(unsealed, secret, options), hash)

const { encrypted, key } = await all.encrypt(password, Iron.defaults.encryption, 'data')
const text: string = await all.decrypt(password, { ...Iron.defaults.encryption, iv: key.iv }, 'data')
const { digest }: Iron.HMacResult = await all.hmacWithPassword(password, Iron.defaults.integrity, text)
const generated: Iron.Key = await Iron.generateKey(password, {
  algorithm: 'sha256',
  iterations: 1,
  minPasswordlength: 8,
})
const bits: number = Iron.algorithms['aes-256-cbc'].keyBits

// @ts-expect-error no such algorithm
await Iron.generateKey(password, { algorithm: 'md5', iterations: 1, minPasswordlength: 8 })
// @ts-expect-error options are due
await Iron.seal({}, password)

try {
  await unseal('', password)
} catch (error) {
  console.log((error as Iron.Error).output.statusCode)
}

export const strings: string[] = [
  Iron.macPrefix,
  Iron.macFormatVersion,
  digest,
  generated.salt,
  `${encrypted}${bits}`,
]
