#!/bin/sh
# The environment: made once, and again when the lock, the package's description or the folder of the checkout changes.
#
#     tools/environment.sh FOLDER [PYTHON]      FOLDER is .venv; PYTHON, or else the first one found that fits
#
# What it was made from is compared by content, since a checkout moves dates. A FOLDER that is a link is somebody
# else's and is taken as it is.
set -eu
folder=$1 python=${2:-}
fits='import sys; sys.exit(not (3, 11) <= sys.version_info[:2] < (3, 15))'

say() { echo "== environment: $*"; }

stop() {
    echo "$1" >&2
    uv=$(sed -n 's/^\(uv==[0-9.]*\).*/\1/p' requirements.lock)
    cat >&2 <<HELP

This book needs Python 3.11, 3.12, 3.13 or 3.14:
  Debian, Ubuntu   apt install python3 python3-venv
  macOS            brew install python@3.13
  any Python 3     can fetch one for this folder alone:
                       python3 -m venv .run/uv
                       .run/uv/bin/pip install $uv
                       .run/uv/bin/uv python install 3.13
Name it if it is not the first on the path:
  make book PYTHON=/path/to/python3.13
  make book PYTHON="\$(.run/uv/bin/uv python find 3.13)"
HELP
    exit 1
}

version() { "$1" --version 2>&1 | head -n 1; }

choose() {
    if [ -n "$python" ]; then
        "$python" -c "$fits" >/dev/null 2>&1 || stop "$python is $(version "$python"), which does not fit."
        return
    fi
    seen=""
    for python in python3 python3.14 python3.13 python3.12 python3.11 python; do
        "$python" -c "$fits" >/dev/null 2>&1 && return
        "$python" -c '' >/dev/null 2>&1 && seen="$seen${seen:+, }$python, which is $(version "$python")"
    done
    stop "Found ${seen:-no Python on the path}${seen:+; none of them fits}."
}

pip() { "$folder/bin/python" -m pip "$@"; }

# where pip is set up to look, as uv's options
places() {
    pip config list | "$folder/bin/python" -c '
import ast, sys
named = {"index-url": "--default-index", "extra-index-url": "--index", "find-links": "--find-links"}
for key, _, value in (line.strip().partition("=") for line in sys.stdin):
    option = named.get(key.rpartition(".")[2])
    if key.endswith(".no-index") and ast.literal_eval(value).lower() in ("1", "on", "true", "yes"):
        print("--no-index")
    for place in ast.literal_eval(value).split() if option else ():
        print(option, place)
'
}

# by uv, which takes less time; by pip where uv does not find what pip may
install() {
    awk '/^[a-z]/ {on = /^uv==/} on' requirements.lock >"$folder/uv.txt"
    pip install --quiet --no-input --require-hashes -r "$folder/uv.txt"
    # shellcheck disable=SC2046  # each place is a word of its own
    "$folder/bin/uv" pip install --python "$folder/bin/python" --compile-bytecode $(places) \
        --index-strategy unsafe-best-match --require-hashes -r requirements.lock && return
    say "uv could not; by pip"
    pip install --no-input --progress-bar off --require-hashes -r requirements.lock
}

if [ -L "$folder" ]; then
    [ -x "$folder/bin/python" ] || { echo "$folder is a link, and no environment is behind it: remove it" >&2; exit 1; }
    exit 0
fi
lock="$(cksum <requirements.lock) in $(pwd)" project=$(cksum <pyproject.toml)

if [ "$(cat "$folder/.locked" 2>/dev/null || true)" != "$lock" ]; then
    choose
    "$python" -c 'import ensurepip, venv' 2>/dev/null || stop "$python is $(version "$python"), but without its module venv (Debian, Ubuntu: apt install python3-venv)."
    say "$(version "$python") in $folder, the packages of requirements.lock (once, a few minutes)"
    rm -rf "$folder/.locked" "$folder/.ready"
    "$python" -m venv --clear "$folder"
    install
    echo "$lock" >"$folder/.locked"
fi
if [ "$(cat "$folder/.ready" 2>/dev/null || true)" != "$project" ]; then
    say "portlib"
    mkdir -p "$MPLCONFIGDIR"
    pip install --quiet --no-input --no-deps --no-build-isolation --editable .
    "$folder/bin/python" -c 'import matplotlib.font_manager'
    JUPYTER_CONFIG_DIR="$folder/etc/jupyter" "$folder/bin/jupytext-config" set-default-viewer markdown myst >/dev/null
    echo "$project" >"$folder/.ready"
fi
