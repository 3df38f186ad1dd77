#!/bin/sh
# Make or mend .venv: pinned and hashed requirements, then our own distributions, editable. Quick when nothing changed.
#
# The stamp inside .venv holds everything the environment was made from: this folder's path (virtual environments do not move),
# the Python asked for, the list of our distributions, and a digest of each file read. It is written last, so that a set-up
# that was cut off is done again.
set -eu
cd "$(dirname "$0")/.."
python=${PYTHON:-python3}
stamp=.venv/waiaas-stamp
base=.venv/waiaas-base

projects() {
    for file in pyproject.toml sdk/pyproject.toml plugins/*/pyproject.toml; do
        if [ -f "$file" ]; then echo "$file"; fi
    done
}

files=$(projects)
interpreter="$(pwd) $python"
# shellcheck disable=SC2086 # one word a file: none of the paths holds a blank
wanted="$interpreter
$(cksum requirements.txt requirements-uv.txt scripts/setup.sh $files)"

is_current() { [ -f "$stamp" ] && [ "$(cat "$stamp")" = "$wanted" ]; }

if is_current; then exit 0; fi
mkdir -p .cache
if command -v flock >/dev/null 2>&1; then
    exec 9>.cache/setup.lock
    flock 9
    if is_current; then exit 0; fi
fi

export UV_PYTHON_DOWNLOADS=never PIP_QUIET=2 PIP_DISABLE_PIP_VERSION_CHECK=1
rm -f "$stamp"

if ! { [ -f "$base" ] && [ "$(cat "$base")" = "$interpreter" ] && .venv/bin/python -c ''; } 2>/dev/null; then
    "$python" -c 'import sys; sys.exit(not (3, 11) <= sys.version_info < (3, 14))' || {
        echo "waiaas needs Python 3.11 to 3.13; say which: make PYTHON=python3.12" >&2
        exit 1
    }
    "$python" -m venv --without-pip --clear .venv
    "$python" -m pip --python .venv/bin/python install --require-hashes -r requirements-uv.txt
    echo "$interpreter" >"$base"
fi

# A sync removes what no file names, our own distributions too: one whose folder went away stays removed.
.venv/bin/uv pip sync --quiet --python .venv/bin/python --require-hashes requirements.txt requirements-uv.txt
set --
for file in $files; do
    folder=$(dirname "$file")
    set -- "$@" -e "./$folder"
done
.venv/bin/uv pip install --quiet --python .venv/bin/python --no-deps --no-build-isolation --compile-bytecode "$@"
echo "$wanted" >"$stamp"
