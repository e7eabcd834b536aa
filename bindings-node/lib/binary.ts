// Asks for the native module before the others do, to say what is missing on a platform without it.
import { ShortcrustError } from './errors.js'

try {
  require('../native.js')
} catch (cause) {
  throw new ShortcrustError('binary', `shortcrust: ${fault(platform())}`, { cause })
}

function fault(name: string): string {
  const home = `shortcrust-${name}`
  const broken = loadFault(`../shortcrust.${name}.node`) ?? loadFault(home)
  if (broken !== undefined) return `the binary for ${name} does not load: ${broken}`
  const packages = Object.keys(require('../package.json').optionalDependencies ?? {})
  if (packages.includes(home)) {
    return (
      `the package ${home} is not installed. It is an optional dependency and has the binary for this platform: ` +
      'install without --omit=optional and --no-optional; where node_modules or the lockfile come from another ' +
      'platform, remove both and install again'
    )
  }
  const others = packages.length === 0 ? '' : `; there are ${packages.join(', ')}`
  return `there is no binary for ${name} in this copy${others}. In a clone of the repository, npm install builds one; it needs cargo`
}

/** The platform as napi-rs names it. */
function platform(): string {
  return `${process.platform}-${process.arch}${abi()}`
}

function abi(): string {
  if (process.platform === 'win32') return '-msvc'
  if (process.platform !== 'linux') return ''
  const report = process.report?.getReport() as { header?: { glibcVersionRuntime?: string } } | undefined
  return report?.header !== undefined && report.header.glibcVersionRuntime === undefined ? '-musl' : '-gnu'
}

/** Why a binary that is there does not load: the generated loader's own errors tell it only in their text. */
function loadFault(path: string): string | undefined {
  try {
    require(path)
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException
    if (code !== 'MODULE_NOT_FOUND') return message
  }
  return undefined
}
