// What is used of the stores that npm has for express-session.

type Callback = (error?: unknown, found?: unknown) => void

/** A store, as it was given to express-session. */
export interface PeerStore {
  get(sid: string, callback: Callback): unknown
  set(sid: string, session: object, callback?: Callback): unknown
  destroy(sid: string, callback?: Callback): unknown
}

/** What is there under an id; undefined where it has ended. */
export async function getOf(store: PeerStore, sid: string): Promise<object | undefined> {
  const found = await called((done) => store.get(sid, done)).catch(unlessAbsent)
  return (found as object | null | undefined) ?? undefined
}

export function called(run: (done: Callback) => unknown): Promise<unknown> {
  return new Promise((resolve, reject) => {
    run((error, found) => (error ? reject(error) : resolve(found)))
  })
}

/** As express-session itself takes it from stores of files. */
function unlessAbsent(error: NodeJS.ErrnoException): undefined {
  if (error.code !== 'ENOENT') throw error
}
