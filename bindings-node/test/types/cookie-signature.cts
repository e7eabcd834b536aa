import cookie = require('shortcrust/cookie-signature')

const value = cookie.sign('hello', 'tobiiscool')
const text: string | false = cookie.unsign(value, 'tobiiscool')

export = { text }
