import Iron = require('shortcrust/iron')

const { defaults, seal, unseal }: typeof Iron = Iron
const options: Iron.SealOptions = { ...defaults, encryption: { ...defaults.encryption, iterations: 8192 } }

async function roundTrip(password: Iron.Password): Promise<string> {
  const { user }: { user: string } = await unseal(
    await seal({ user: 'ada' }, password, options),
    password,
    options,
  )
  return user
}

export = roundTrip
