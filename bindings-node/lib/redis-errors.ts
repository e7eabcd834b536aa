// What errors of Redis clients may show.

/** ioredis puts what was sent into its errors, with keys and records. */
export function withoutCommand(error: unknown): unknown {
  if (error instanceof Error) delete (error as { command?: unknown }).command
  return error
}
