// Prints cookies signed by cookie-signature, sent and read as express-session does.

import { createRequire } from 'node:module'

const require = createRequire(import.meta.url)
const { sign, unsign } = require('cookie-signature')
const { name, version } = require('cookie-signature/package.json')

const COOKIE = 'connect.sid'
const ID = 'dGhpcyBpcyBhIHNlc3Npb24gaWQgb2YgMzIgYnl0ZQ'
const SECRET = 'golden vectors: a secret that is no secret'
const OLD = "golden vectors: last year's secret"
const OLDER = 'golden vectors: the one before'
const BYTES = Buffer.from('00ff10807f41c3a9e28098f09f8daa0d0a2e2b2f3d00', 'hex')
const GOOD = seal(ID, SECRET)
const SIGNED = sign(ID, SECRET)
const MAC = SIGNED.slice(ID.length + 1)

const cases = []

sealed('id', 'an id as express-session makes it', ID)
sealed('one-character', 'one character', 'a')
sealed('empty', 'an empty value', '')
sealed('dot', 'a dot in the value', 'a.b')
sealed('dots', 'nothing but dots', '...')
sealed('dot-first', 'a dot at the start', '.a')
sealed('dot-last', 'a dot at the end', 'a.')
sealed('token-like', 'a value that looks signed', SIGNED)
sealed('prefix-like', 'a value that starts with s:', 's:a')
sealed('json-like', 'a value that starts with j:', 'j:{"a":1}')
sealed('percent', 'percent signs', '100%25 %zz')
sealed('spaces', 'spaces', ' a b ')
sealed('separators', 'what separates cookies', 'a=b; c="d", e\\f')
sealed('marks', 'what encodeURIComponent leaves alone', "-_.!~*'()")
sealed('control', 'control characters', '\0\t\r\n\x7f')
sealed('accents', 'letters beyond ASCII', 'naïve größe')
sealed('kanji', 'letters of three bytes', '日本語')
sealed('emoji', 'letters of four bytes', '🍪👩‍🚀')
sealed('combining', 'not normalized', 'e\u0301\u00e9')
sealed('long', 'a value of 2000 characters', 'v'.repeat(2000))
sealed('key-short', 'a key of one character', ID, ['k'])
sealed('key-block', "a key as long as the hash's block", ID, ['k'.repeat(64)])
sealed('key-long', "a key longer than the hash's block", ID, ['k'.repeat(65)])
sealed('key-unicode', 'a key beyond ASCII', ID, ['pop\u00df\u2603🔑'])
sealed('key-bytes', 'a key of bytes', ID, [BYTES])
sealed('key-bytes-zero', 'a key of zeros', ID, [Buffer.alloc(32)])
sealed('rotation-signs', 'the first of three keys signs', ID, [SECRET, OLD, OLDER])

opens('rotation-2', 'the second of two keys', [seal(ID, OLD)], [SECRET, OLD])
opens('rotation-3', 'the third of three keys', [seal(ID, OLDER)], [SECRET, OLD, OLDER])
opens('rotation-bytes', 'an old key of bytes', [seal(ID, BYTES)], [SECRET, BYTES])
opens('not-encoded', 'sent without percent-encoding', [`s:${SIGNED}`])
opens('encoded-whole', 'every character percent-encoded', [hex(`s:${SIGNED}`)])
opens('encoded-small', 'percent-encoded in small letters', [GOOD.replaceAll(/%../g, lower)])
opens('duplicates', 'the second of two opens', [swap(GOOD, 9), GOOD])
opens('duplicates-first', 'the first that opens is taken', [GOOD, seal('other', SECRET)])
opens('duplicates-fourth', 'the fourth of four opens', [...bad(3), GOOD])
add('neighbours', 'other cookies around it', {
  header: `a="b c"; ${COOKIE}=${GOOD}; connect.sid2=x`,
  expect: 'ok',
  payload: ID,
})

refused('flip-first', 'the first character changed', swap(GOOD, 4))
refused('flip-middle', 'a character in the middle changed', swap(GOOD, 20))
refused('flip-mac', 'the first character of the MAC changed', `s%3A${ID}.${swap(MAC, 0)}`)
refused('flip-mac-last', 'stray bits at the end of the MAC', `s%3A${ID}.${stray(MAC)}`)
refused('cut-mac', 'the MAC cut short', `s%3A${ID}.${MAC.slice(0, 20)}`)
refused('cut-mac-1', 'one character of the MAC missing', `s%3A${ID}.${MAC.slice(0, -1)}`)
refused('cut-mac-all', 'an empty MAC', `s%3A${ID}.`)
refused('mac-padding', 'a padded MAC', `s%3A${encodeURIComponent(`${SIGNED}=`)}`)
refused('mac-url-safe', 'the other base64 alphabet', urlSafe())
refused('mac-other', "another value's MAC", `s%3Aother.${MAC}`)
refused('mac-twice', 'the MAC twice', `${GOOD}.${encodeURIComponent(MAC)}`)
refused('mac-first', 'value and MAC swapped', `s%3A${encodeURIComponent(MAC)}.${ID}`)
refused('no-value', 'a MAC without its value', `s%3A.${encodeURIComponent(MAC)}`)
refused('prefix-twice', 's: twice', `s%3A${GOOD}`)
refused('value-longer', 'a letter more', `s%3Ax${encodeURIComponent(SIGNED)}`)
refused('upper', 'in capitals', `s%3A${SIGNED.toUpperCase()}`)
refused('dot', 'nothing but a dot', 's%3A.')
refused('key', 'another key', GOOD, 'bad_signature', ['another secret'])
refused('keys', 'two other keys', GOOD, 'bad_signature', [OLD, OLDER])
refused('no-prefix', 'no s:', encodeURIComponent(SIGNED), 'malformed')
refused('prefix-case', 'a capital S', `S%3A${encodeURIComponent(SIGNED)}`, 'malformed')
refused('prefix-json', 'j: for s:', 'j%3A%7B%22a%22%3A1%7D', 'malformed')
refused('prefix-only', 'nothing behind s:', 's%3A', 'malformed')
refused('prefix-half', 'an s', 's', 'malformed')
refused('no-dot', 'no MAC', `s%3A${ID}`, 'malformed')
refused('percent-twice', 'percent-encoded twice', encodeURIComponent(GOOD), 'malformed')
refused('word', 'a word', 'hello', 'malformed')
refused('long', '16385 bytes', { prefix: 's%3A', repeat: 'A', times: 16381, suffix: '' }, 'too_large')
refused('megabyte', '1 MB', { prefix: 's%3A', repeat: 'A', times: 1e6, suffix: '' }, 'too_large')
add('refused-duplicates', 'four values, all bad', { cookies: named(bad(4)), expect: 'bad_signature' })
add('refused-many', 'five values, all bad', { cookies: named(bad(5)), expect: 'too_many' })
add('refused-fifth', 'the fifth would open', {
  cookies: named([...bad(4), GOOD]),
  expect: 'too_many',
})
add('refused-absent', 'no cookie', { header: '', expect: 'no_cookie' })
add('refused-empty', 'an empty value', { cookies: named(['']), expect: 'no_cookie' })
add('refused-name', 'a similar name', { header: `connect.sid2=${GOOD}`, expect: 'no_cookie' })

console.log(JSON.stringify({ name, version, cases }))

function sealed(slug, comment, value, keys = [SECRET]) {
  const cookies = named([seal(value, keys[0])])
  if (open(cookies[0][1], keys[0]) !== value) throw new Error(slug)
  add(slug, comment, { keys, cookies, expect: 'ok', payload: value, entropy: '' })
}

function opens(slug, comment, values, keys = [SECRET]) {
  const reads = values.flatMap((value) => keys.map((key) => open(value, key)))
  if (reads.find((read) => read !== false) !== ID) throw new Error(slug)
  add(slug, comment, { keys, cookies: named(values), expect: 'ok', payload: ID })
}

function refused(slug, comment, value, expect = 'bad_signature', keys = [SECRET]) {
  if (typeof value === 'string' && keys.some((key) => open(value, key))) throw new Error(slug)
  add(`refused-${slug}`, comment, { keys, cookies: named([value]), expect })
}

function add(slug, comment, { keys = [SECRET], ...fields }) {
  const given = keys.map((key) => (typeof key === 'string' ? key : { hex: key.toString('hex') }))
  cases.push({ slug, comment, keys: given, name: COOKIE, now_ms: 1767323045678, ...fields })
}

function seal(value, key) {
  return encodeURIComponent(`s:${sign(value, key)}`)
}

function open(value, key) {
  const text = decodeURIComponent(value)
  return text.startsWith('s:') && unsign(text.slice(2), key)
}

function named(values) {
  return values.map((value) => [COOKIE, value])
}

function bad(count) {
  return Array.from({ length: count }, (_, n) => swap(GOOD, n + 4))
}

function swap(text, at) {
  return text.slice(0, at) + (text[at] === 'x' ? 'y' : 'x') + text.slice(at + 1)
}

function stray(mac) {
  return mac.slice(0, -1) + String.fromCharCode(mac.charCodeAt(mac.length - 1) + 1)
}

function urlSafe() {
  for (let n = 0; ; n++) {
    const signed = sign(`${n}`, SECRET)
    const other = signed.replaceAll('+', '-').replaceAll('/', '_')
    if (other !== signed) return `s%3A${other}`
  }
}

function hex(text) {
  return [...text].map((c) => `%${c.charCodeAt(0).toString(16).toUpperCase()}`).join('')
}

function lower(text) {
  return text.toLowerCase()
}
