module.exports = {
  target: 'node',
  mode: 'production',
  entry: './server.js',
  output: { path: `${__dirname}/out`, filename: 'server.js' },
  module: { rules: [{ test: /\.node$/, loader: 'node-loader' }] },
  // The loader asks for the binary of every platform, of which one is installed.
  ignoreWarnings: [{ module: /shortcrust/ }],
}
