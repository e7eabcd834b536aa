import Keygrip = require('shortcrust/keygrip')

const list: Keygrip.Keys = ['SEKRIT2', 'SEKRIT1']
const keys: Keygrip = Keygrip(list)
export const matched: boolean = new Keygrip(list).verify('data', keys.sign('data'))
