import { createSecretKey } from 'node:crypto'
import Cookies from 'cookies'
import Keygrip from 'shortcrust/keygrip'

const keys: Keygrip = new Keygrip(['SEKRIT2', 'SEKRIT1'], 'sha256', 'hex')
const hash: string = keys.sign('bieberschnitzel')
const index: number = keys.index('bieberschnitzel', hash)
const matched: boolean = keys.verify('bieberschnitzel', hash)
const other: Keygrip = Keygrip([Buffer.from('key'), createSecretKey(Buffer.from('key'))] as const)

// @ts-expect-error a list is due
Keygrip('SEKRIT')

export const jar = (...[request, response]: ConstructorParameters<typeof Cookies>) =>
  new Cookies(request, response, { keys: other })
export { index, matched }
