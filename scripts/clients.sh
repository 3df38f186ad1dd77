#!/bin/sh
# Install the JavaScript that tests hold WAIaaS against, exactly as locked. Quick when nothing changed.
set -eu
cd "$(dirname "$0")/../tests"

if ! command -v npm >/dev/null 2>&1; then
    echo "NO NPM: tests that hold WAIaaS against JavaScript clients (@solana/kit, viem, ethers, solc) and read its OpenAPI" \
        "document (redocly, openapi-typescript) will be SKIPPED" >&2
    exit 0
fi
for folder in clients openapi_client; do
    stamp=$folder/node_modules/.waiaas-stamp
    wanted=$(cd "$folder" && cksum package.json package-lock.json)
    if [ -f "$stamp" ] && [ "$(cat "$stamp")" = "$wanted" ]; then continue; fi
    (cd "$folder" && npm ci --ignore-scripts --no-audit --no-fund --loglevel=error)
    echo "$wanted" >"$stamp"
done
