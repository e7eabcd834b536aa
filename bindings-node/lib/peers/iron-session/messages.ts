// What the peer says. Applications and their tests look for these words.

export const BAD_USAGE =
  'iron-session: Bad usage: use getIronSession(req, res, options) or getIronSession(cookieStore, options).'

export const NO_NAME = 'iron-session: Bad usage. Missing cookie name.'

export const NO_PASSWORD = 'iron-session: Bad usage. Missing password.'

export const SHORT_PASSWORD = 'iron-session: Bad usage. Password must be at least 32 characters long.'

export const HEADERS_SENT =
  'iron-session: Cannot set session cookie: session.save() was called after headers were sent. Make sure to call it before any res.send() or res.end()'

export const BODY_USED =
  'iron-session: Cannot set session cookie: the response body has already been consumed, so the Set-Cookie header would be dropped. Call session.save() before returning or streaming the response.'

export const DESTROYED =
  'iron-session: Cannot save a destroyed session that has data written back into it. session.destroy() signs the user out, and saving these fields would restore the cookie you just cleared, leaving the user signed in. Get a fresh session if you need to write one.'

const tooBig = (bytes: number) => `iron-session: Cookie length is too big (${bytes} bytes)`

export const tooBigIn8 = (bytes: number) =>
  `${tooBig(bytes)}, browsers will refuse it. Try to remove some data.`

export const tooBigIn9 = (bytes: number) =>
  `${tooBig(bytes)}, browsers will refuse it. Remove some data from the session, or set \`chunk: true\` to split it across several cookies.`

export const wasChunked = (bytes: number) =>
  `${tooBig(bytes)} and \`chunk\` is not enabled here, but this session is already stored across several cookies. You have more than one options object and only some of them set \`chunk: true\`. Use the same options everywhere you call getIronSession, including middleware.`

export const noRoom = (bytes: number) =>
  `iron-session: The cookie name and options alone take ${bytes} bytes, which leaves no room for session data. Use a shorter cookie name.`

export const tooManyChunks = (count: number, most: number) =>
  `iron-session: The session needs ${count} cookies and the maximum is ${most}. Even at ${most} the whole Cookie header is sent on every request and proxies commonly cap it at 8 KB, so raising this would fail at your CDN instead. Store an id in the session and keep the data in your database.`
