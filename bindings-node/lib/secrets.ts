// Secrets that come from the environment, from a file, or from a function of the application's.
import { readFileSync, statSync } from 'node:fs'

import { ConfigError } from './errors.js'
import { encodedSecret } from './native.js'
import { warn } from './warnings.js'

export type Secret = string | Uint8Array
/** Asked at each request; newest first. */
export type SecretSource = () => readonly Secret[]

/**
 * The secrets in an environment variable, newest first, one a line; `hex:` or `base64:` in front of one says that the
 * rest is bytes. Throws `ConfigError`
 * where the variable has none. A process keeps the environment that it was started with: for secrets that change while
 * it runs take `secretsFromFile`.
 */
export function secretsFromEnv(name: string): Secret[] {
  const secrets = secretLines(process.env[name] ?? '')
  if (secrets.length > 0) return secrets
  throw new ConfigError('secret', `the environment variable ${name} has no secret: set it`)
}

/**
 * What a front takes as its `secrets`: those in a file, newest first, as `secretsFromEnv` has them. The file is read again when it
 * was written or replaced, so that secrets change without a restart. Replace it as a whole (write another one and rename
 * it). Throws `ConfigError` where the file has no secret, and what `node:fs` throws where it can't be read.
 */
export function secretsFromFile(path: string): SecretSource {
  let known = ''
  let secrets: readonly Secret[] = []
  return () => {
    const { ino, mtimeNs, size } = statSync(path, { bigint: true })
    const state = `${ino} ${mtimeNs} ${size}`
    if (state === known) return secrets
    secrets = secretLines(text(readFileSync(path)))
    if (secrets.length === 0) {
      throw new ConfigError('secret', 'the file of secrets has none: write one a line')
    }
    known = state
    return secrets
  }
}

/** Bytes that are no UTF-8 would silently become other ones. */
function text(content: Buffer): string {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(content)
  } catch {
    const help = 'write bytes with hex: or base64: in front'
    throw new ConfigError('secret', `the file of secrets is not UTF-8: ${help}`)
  }
}

function secretLines(text: string): Secret[] {
  const lines = text.split(/\r?\n/).filter(Boolean)
  return lines.map((line) => encodedSecret(line) ?? line)
}

/**
 * What is made of secrets, and made again when a function gives others. It throws what the function throws at first.
 * Where that fails later, or gives what can't be used, the last ones stay in use, and a warning says so: no request fails
 * by it.
 */
export function rekeyed<T>(
  given: readonly Secret[] | SecretSource,
  make: (secrets: readonly Secret[]) => T,
): () => T {
  if (typeof given !== 'function') {
    const made = make(given)
    return () => made
  }
  let seen = copied(given())
  let made = make(seen)
  let told = ''
  return () => {
    try {
      const secrets = given()
      if (!isSame(secrets, seen)) {
        seen = copied(secrets)
        made = make(seen)
        told = ''
      }
    } catch (error) {
      const why =
        error instanceof ConfigError
          ? error.message
          : String((error as NodeJS.ErrnoException | null)?.code ?? (error as Error | null)?.name)
      if (why !== told)
        warn('SHORTCRUST_SECRETS', `the last secrets stay in use, since secrets fails: ${why}`)
      told = why
    }
    return made
  }
}

/** The function may change its list in place; what is no list is refused later, with a message. */
function copied(secrets: readonly Secret[]): readonly Secret[] {
  return Array.isArray(secrets) ? [...secrets] : secrets
}

function isSame(one: readonly Secret[], other: readonly Secret[]): boolean {
  if (!Array.isArray(one) || !Array.isArray(other) || one.length !== other.length) return one === other
  return one.every((secret, at) => isSameSecret(secret, other[at]))
}

function isSameSecret(one: Secret, other: Secret | undefined): boolean {
  if (typeof one === 'string' || typeof other === 'string' || other === undefined) return one === other
  return Buffer.compare(one, other) === 0
}
