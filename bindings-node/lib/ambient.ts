/** The only caller of the clock. Tests set both; without `entropy` the native module asks the operating system. */
export const ambient: { entropy: Uint8Array | undefined; now: () => number } = {
  entropy: undefined,
  // Looked up at each call, so that fake timers work.
  now: () => Date.now(),
}
