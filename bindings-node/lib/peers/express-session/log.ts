import debug = require('debug')

/** As the peer's, but for ids and cookies. */
export const log = debug('express-session')
