#!/bin/sh
# Installs the packages of a folder into an empty one and runs round_trip.mjs there; with `express`, on that too.
# sh try_node.sh PACKAGES [express]
set -eu
here="$(cd "$(dirname "$0")" && pwd)"
packages="$(cd "$1" && pwd)"
shop="$(mktemp -d)"
trap 'rm -rf "$shop"' EXIT
cd "$shop"
echo '{ "private": true }' > package.json
npm install --no-audit --no-fund "$packages"/*.tgz ${2:+"$2@5"}
cp "$here/round_trip.mjs" .
node round_trip.mjs ${2:+"$2"}
