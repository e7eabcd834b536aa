// A lock of the operating system on a file, which Python takes as well.
import { join } from 'node:path'

import { FileLock } from '../native.js'
import { pause } from '../timers.js'

/** Milliseconds between two attempts: the first, and the longest. */
const PAUSE = 0.5
const LONGEST = 4

/** Requests of this process stand in line, by folder: only other processes are asked again and again. */
const lines = new Map<string, Promise<unknown>>()

/**
 * Runs `work` while nobody else is within; after `timeout` milliseconds an error. The operating system lets go of the
 * lock where the process dies, so no lock is ever left behind.
 */
export async function locked<T>(folder: string, timeout: number, work: () => Promise<T>): Promise<T> {
  const before = lines.get(folder)
  const mine = (async () => {
    await before?.catch(() => {})
    const lock = await taken(join(folder, '.lock'), timeout)
    try {
      return await work()
    } finally {
      lock.release()
    }
  })()
  lines.set(folder, mine)
  try {
    return await mine
  } finally {
    if (lines.get(folder) === mine) lines.delete(folder)
  }
}

async function taken(path: string, timeout: number): Promise<FileLock> {
  const deadline = performance.now() + timeout
  for (let wait = PAUSE; ; wait = Math.min(2 * wait, LONGEST)) {
    const lock = attempt(path)
    if (lock !== null) return lock
    if (performance.now() > deadline) {
      const message = `another process has held the lock of a folder for ${timeout / 1_000} s`
      throw Object.assign(new Error(message), { code: 'ETIMEDOUT' })
    }
    await pause(wait)
  }
}

function attempt(path: string): FileLock | null {
  try {
    return FileLock.attempt(path)
  } catch (error) {
    // The native module names no path, and says the operating system's code.
    const { message } = error as Error
    throw Object.assign(new Error(`${message}: a lock`), { code: message })
  }
}
