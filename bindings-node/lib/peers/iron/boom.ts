// The errors of @hapi/iron, which are Booms: an Error that also says what a hapi server answers.

/** As @hapi/boom 10 makes them, with status 500. */
export interface Boom extends Error {
  isBoom: true
  isServer: true
  data: unknown
  output: {
    statusCode: number
    payload: { statusCode: number; error: string; message: string }
    headers: Record<string, string>
  }
  /** Fills `output.payload`; with `debug` the message is shown to the client. */
  reformat(debug?: boolean): void
}

export function boom(message: string): Boom {
  const error = new Error(message)
  Error.captureStackTrace(error, boom)
  return boomify(error)
}

/** Adds to the error itself. */
export function boomify(error: Error): Boom {
  if ((error as Boom).isBoom) return error as Boom
  const made = Object.assign(error, {
    isBoom: true,
    isServer: true,
    data: null,
    output: { statusCode: 500, payload: {}, headers: {} },
  }) as Boom
  Object.defineProperty(made, 'reformat', { value: reformat, configurable: true })
  made.reformat()
  return made
}

function reformat(this: Boom, debug = false): void {
  const { payload, statusCode } = this.output
  const hidden = debug !== true && statusCode === 500
  payload.statusCode = statusCode
  payload.error = 'Internal Server Error'
  payload.message = hidden ? 'An internal server error occurred' : this.message
}
