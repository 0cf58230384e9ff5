#!/usr/bin/env bash
# Locks every dependency with its version and hashes: `make lock`, for whoever changes pyproject.toml.
# Three locks: what the demo needs, what tests and checks need as well, the board's type stubs.
# The demo's lock is cut from the developers' one, so both name the same versions; no index addresses.
# Versions that are locked already stay; `make lock ARGS=--upgrade` takes the newest ones.
set -euo pipefail
cd "$(dirname "$0")/.."

uv_version=0.13.9

scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
echo "nspkit: fetching uv $uv_version, which writes the locks"
"${PYTHON:-python3}" -m venv "$scratch"
"$scratch/bin/pip" --quiet --disable-pip-version-check install "uv==$uv_version"

lock() { # lock NAME ARGUMENTS...: writes tools/requirements-NAME.lock
  local file="tools/requirements-$1.lock"
  shift
  echo "nspkit: writing $file"
  "$scratch/bin/uv" --quiet pip compile --universal --python-version 3.11 --generate-hashes \
    --custom-compile-command "make lock" --output-file "$file" "$@" >/dev/null
}

lock dev pyproject.toml --extra dev --group build "$@"
lock demo pyproject.toml --extra bench --group build --constraints tools/requirements-dev.lock
lock stubs tools/requirements-stubs.in "$@"
