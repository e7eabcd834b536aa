// Taken when the module is loaded: fake timers that a test puts in later stop no request.
import timers = require('node:timers/promises')

export const { setTimeout: pause } = timers
export const { nextTick } = process
export const microtask = queueMicrotask
export const immediate = setImmediate
