// Milliseconds.

export const DAY = 86_400_000
/** The store is to have the session longer than the browser has the cookie. */
export const STORE_GRACE = 10_000
