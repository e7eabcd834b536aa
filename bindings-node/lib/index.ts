export { reason } from './driver.js'
export { ConfigError, SealError, ShortcrustError } from './errors.js'
