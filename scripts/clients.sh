#!/bin/sh
# Install the JavaScript clients that tests use as oracles, exactly as locked. Quick when nothing changed.
set -eu
cd "$(dirname "$0")/../tests/clients"
stamp=node_modules/.waiaas-stamp

if ! command -v npm >/dev/null 2>&1; then
    echo "NO NPM: tests that hold WAIaaS against JavaScript clients (@solana/kit, viem, ethers, solc) will be SKIPPED" >&2
    exit 0
fi
wanted=$(cksum package.json package-lock.json)
if [ -f "$stamp" ] && [ "$(cat "$stamp")" = "$wanted" ]; then exit 0; fi
npm ci --ignore-scripts --no-audit --no-fund --loglevel=error
echo "$wanted" >"$stamp"
