/** The base of all our errors. `code` stays what it is; messages may change. */
export class ShortcrustError extends Error {
  readonly code: string

  constructor(code: string, message: string, options?: ErrorOptions) {
    super(message, options)
    this.code = code
    this.name = new.target.name
  }
}

/** The configuration is wrong. `code`: `cookie`, `option`, `policy`, `reader` or `secret`. */
export class ConfigError extends ShortcrustError {}

/** The session can't be written. `code`: `too_large`, `malformed`, `late` or `internal`. */
export class SealError extends ShortcrustError {}

/** The store can't do that. `code`: `unsupported`. */
export class Unsupported extends ShortcrustError {
  constructor(message: string) {
    super('unsupported', message)
  }
}
