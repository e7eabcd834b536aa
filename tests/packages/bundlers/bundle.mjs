// node bundle.mjs esbuild | webpack
import process from 'node:process'
import { promisify } from 'node:util'

const bundlers = {
  async esbuild() {
    const { build } = await import('esbuild')
    await build({
      entryPoints: ['server.js'],
      outdir: 'out',
      bundle: true,
      platform: 'node',
      loader: { '.node': 'copy' },
      logLevel: 'warning',
    })
  },
  async webpack() {
    const { default: webpack } = await import('webpack')
    const { default: config } = await import('./webpack.config.js')
    const stats = await promisify(webpack)(config)
    if (stats.hasErrors()) throw new Error(stats.toString({ all: false, errors: true }))
    const { warnings } = stats.toJson({ all: false, warnings: true })
    const ours = warnings.filter(({ moduleName }) => moduleName?.includes('shortcrust'))
    if (ours.length > 0) throw new Error(ours[0].message)
  },
}
await bundlers[process.argv[2]]()
