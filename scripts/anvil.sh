#!/bin/sh
# Install the local EVM node (Anvil) into .cache/anvil, exactly as locked in scripts/anvil. Quick when nothing changed.
set -eu
cd "$(dirname "$0")/.."
to=.cache/anvil
stamp=$to/stamp

if ! command -v npm >/dev/null 2>&1; then
    echo "NO NPM: tests on a real EVM node (Anvil) will be SKIPPED, and waiaas localnet evm needs an anvil on PATH" >&2
    exit 0
fi
wanted=$(cksum scripts/anvil/package.json scripts/anvil/package-lock.json)
if [ -f "$stamp" ] && [ "$(cat "$stamp")" = "$wanted" ]; then exit 0; fi
mkdir -p "$to"
if command -v flock >/dev/null 2>&1; then # two at once wait for each other
    exec 9>.cache/anvil.lock
    flock 9
    if [ -f "$stamp" ] && [ "$(cat "$stamp")" = "$wanted" ]; then exit 0; fi
fi
cp scripts/anvil/package.json scripts/anvil/package-lock.json scripts/anvil/.npmrc "$to/"
(cd "$to" && npm ci --ignore-scripts --no-audit --no-fund --loglevel=error)
for binary in "$to"/node_modules/@foundry-rs/anvil-*/bin/anvil; do
    if [ -x "$binary" ]; then
        echo "$wanted" >"$stamp"
        exit 0
    fi
done
echo "NO ANVIL for this machine among the pinned packages: tests on a real EVM node will be SKIPPED" >&2
