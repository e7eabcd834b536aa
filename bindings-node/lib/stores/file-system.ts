// What the file store asks of the operating system.
import { mkdirSync, statSync } from 'node:fs'
import { type FileHandle, mkdir, open, readdir, stat } from 'node:fs/promises'
import { join } from 'node:path'

import { ConfigError } from '../errors.js'
import { isName } from './file-record.js'

export interface End {
  end: number
  key: string
}

/** Makes the folders in `outer`, which are nobody else's. */
export function prepare(outer: string, folders: string[]): void {
  try {
    for (const folder of folders) mkdirSync(folder, { recursive: true, mode: 0o700 })
  } catch (error) {
    throw new ConfigError('option', `FileStore cannot make its folder: ${codeOf(error)}`)
  }
  for (const folder of [outer, ...folders]) checkOwner(folder)
}

/** Who may write in the folder could put a session there, and log in by it. */
function checkOwner(folder: string): void {
  if (process.geteuid === undefined) return
  const { uid, mode } = statSync(folder)
  // Root may write everywhere anyway.
  if (uid !== process.geteuid() && uid !== 0) {
    const whose = 'the folder of FileStore belongs to another user, who could put sessions into it'
    throw new ConfigError('option', `${whose}: run as that user, or name a folder that is not there yet`)
  }
  if ((mode & 0o022) !== 0) {
    const others = 'others may write to the folder of FileStore, and could put sessions into it'
    throw new ConfigError('option', `${others}: chmod 700 it, or name a folder that is not there yet`)
  }
}

/** The records' keys; none in what is no folder. */
export async function namesIn(folder: string): Promise<string[]> {
  return ((await unless(['ENOENT', 'ENOTDIR'], readdir(folder))) ?? []).filter(isName)
}

/** The records' ends (ms) and keys, by the files' times alone. */
export async function filesIn(folder: string): Promise<End[]> {
  const files: End[] = []
  for (const key of await namesIn(folder)) {
    // Another may remove it meanwhile.
    const end = await unless(['ENOENT'], endOf(join(folder, key)))
    if (end !== undefined) files.push({ end, key })
  }
  return files
}

export async function endOf(path: string): Promise<number> {
  // A time in seconds as a fraction may lie a little below the millisecond that it was.
  return Math.round((await stat(path)).mtimeMs)
}

/** Makes a folder in one that is there; whether it was not. */
export async function made(folder: string): Promise<boolean> {
  try {
    await mkdir(folder, 0o700)
    return true
  } catch (error) {
    if (codeOf(error) === 'EEXIST') return false
    throw error
  }
}

/** A new name is on the disk: a logout is to outlast a power cut. */
export async function synced(folder: string): Promise<void> {
  if (process.platform === 'win32') return
  await closing(await open(folder, 'r'), (file) => file.sync())
}

export async function closing(file: FileHandle, work: (file: FileHandle) => Promise<void>): Promise<void> {
  try {
    await work(file)
  } finally {
    await file.close()
  }
}

/** Nothing where it failed with one of `codes`. */
export async function unless<T>(codes: string[], doing: Promise<T>): Promise<T | undefined> {
  try {
    return await doing
  } catch (error) {
    if (codes.includes(codeOf(error))) return undefined
    throw error
  }
}

export function codeOf(error: unknown): string {
  return (error as NodeJS.ErrnoException).code ?? ''
}

/** An error of the operating system names the file, and the file's name is the key. */
export async function withoutPath<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work()
  } catch (error) {
    const { code, errno, syscall } = error as NodeJS.ErrnoException
    if (syscall === undefined) throw error
    throw Object.assign(new Error(`${code}: ${syscall}`), { code, errno, syscall })
  }
}
