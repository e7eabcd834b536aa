import { test } from 'node:test'
import { MemoryStore } from 'shortcrust/stores/memory'
import { type ContractOptions, type Opened, storeContract } from 'shortcrust/testing/stores'

const options: ContractOptions = { test: (title, run) => test(title, run), longest: 1_000 }
const open = async (): Promise<Opened> => ({ store: new MemoryStore(), close() {} })
storeContract('memory', open, options)
storeContract('memory', () => ({ store: new MemoryStore() }))
