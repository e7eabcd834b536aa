export { reason } from './attached.js'
export { ConfigError, SealError, ShortcrustError, Unsupported } from './errors.js'
