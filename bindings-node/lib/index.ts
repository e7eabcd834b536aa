// A binary that is missing is told at once, whatever is used first.
import './binary.js'

export { reason } from './attached.js'
export { ConfigError, SealError, ShortcrustError, Unsupported } from './errors.js'
export { secretsFromEnv, secretsFromFile } from './secrets.js'
