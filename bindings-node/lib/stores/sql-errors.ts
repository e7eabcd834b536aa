// What errors of databases may show: nothing of a row.

/** What pg and mysql2 put on an error besides its code: whole rows, statements and parameters. */
const FIELDS = ['detail', 'where', 'internalQuery', 'sql', 'parameters']

/** What MySQL quotes of a value. */
const QUOTED = /\b(value:|entry) '.*'(?= for |"|'|\)|$)/gis

/** Takes what is of the row out of an error of the database's client. */
export function withoutRow(error: unknown): unknown {
  if (!(error instanceof Error)) return error
  const fields = error as unknown as Record<string, unknown>
  for (const name of FIELDS) if (name in fields) delete fields[name]
  for (const name of ['message', 'sqlMessage', 'stack']) {
    const text = fields[name]
    if (typeof text === 'string') fields[name] = text.replace(QUOTED, "$1 '...'")
  }
  return error
}
