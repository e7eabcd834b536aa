export default {
  output: 'standalone',
  serverExternalPackages: ['shortcrust'],
  outputFileTracingRoot: import.meta.dirname,
}
