export { reason } from './driver.js'
export { ConfigError, SealError, ShortcrustError, Unsupported } from './errors.js'
