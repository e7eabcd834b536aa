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
 * Runs `work` while nobody else is within; `timeout` milliseconds after the call it is an error. The operating system
 * lets go of the lock where the process dies, so no lock is ever left behind.
 */
export async function locked<T>(folder: string, timeout: number, work: () => Promise<T>): Promise<T> {
  const before = lines.get(folder)
  const deadline = performance.now() + timeout
  const mine = (async () => {
    await before?.catch(() => {})
    const isLate = before !== undefined && performance.now() > deadline
    const lock = isLate ? null : await taken(join(folder, '.lock'), deadline)
    if (lock === null) throw timedOut(timeout)
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

/** Nothing where another holds it and the time is over. */
async function taken(path: string, deadline: number): Promise<FileLock | null> {
  for (let wait = PAUSE; ; wait = Math.min(2 * wait, LONGEST)) {
    const lock = attempt(path)
    if (lock !== null || performance.now() > deadline) return lock
    await pause(wait)
  }
}

function timedOut(timeout: number): Error {
  const message = `another has held the lock of a folder for ${timeout / 1_000} s`
  return Object.assign(new Error(message), { code: 'ETIMEDOUT' })
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
