#!/bin/sh
# Make or mend .venv: pinned and hashed requirements, then our own distributions, editable. Quick when nothing changed.
#
# Three stamps inside .venv say what it was made from, each written when its step is done, so that a set-up that was cut off is
# taken up again: `base` the path of this folder (virtual environments do not move) and the Python asked for, `pinned` the
# requirements and the list of our distributions, `ours` the files that describe those.
set -eu
cd "$(dirname "$0")/.."
python=${PYTHON:-python3}

files=
for file in pyproject.toml sdk/pyproject.toml plugins/*/pyproject.toml; do
    if [ -f "$file" ]; then files="$files $file"; fi
done
base="$(pwd) $python"
# shellcheck disable=SC2086 # one word a file: none of these paths holds a blank
{
    pinned="$base:$files $(cksum requirements.txt requirements-uv.txt scripts/setup.sh)"
    ours="$pinned $(cksum $files)"
}

is_stamped() { [ -f ".venv/stamp-$1" ] && [ "$(cat ".venv/stamp-$1")" = "$2" ]; }

if is_stamped ours "$ours"; then exit 0; fi
mkdir -p .cache
if command -v flock >/dev/null 2>&1; then # two at once wait for each other
    exec 9>.cache/setup.lock
    flock 9
    if is_stamped ours "$ours"; then exit 0; fi
fi
export UV_PYTHON_DOWNLOADS=never PIP_QUIET=2 PIP_DISABLE_PIP_VERSION_CHECK=1

if ! is_stamped base "$base" || ! .venv/bin/python -c '' 2>/dev/null; then
    "$python" -c 'import sys; sys.exit(not (3, 11) <= sys.version_info < (3, 14))' || {
        echo "waiaas needs Python 3.11 to 3.13; say which: make PYTHON=python3.12" >&2
        exit 1
    }
    "$python" -m venv --without-pip --clear .venv
    "$python" -m pip --python .venv/bin/python install --require-hashes -r requirements-uv.txt
    echo "$base" >.venv/stamp-base
fi

if ! is_stamped pinned "$pinned"; then
    # A sync removes what no file names, our own distributions too: one whose folder went away stays removed.
    .venv/bin/uv pip sync --quiet --python .venv/bin/python --require-hashes requirements.txt requirements-uv.txt
    echo "$pinned" >.venv/stamp-pinned
fi

set --
for file in $files; do set -- "$@" -e "./$(dirname "$file")"; done
.venv/bin/uv pip install --quiet --python .venv/bin/python --no-deps --no-build-isolation --compile-bytecode "$@"
echo "$ours" >.venv/stamp-ours
