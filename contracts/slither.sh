#!/bin/sh
# Runs slither over src/. Fails on each finding without a `slither-disable-next-line` beside it, and on each of
# those comments without a finding. slither.md says why the findings that stay are no problem.
set -eu
cd "$(dirname "$0")"
build=$(cd .. && pwd)/build
venv=$build/slither-venv
version=0.11.6
PATH=$(pwd)/bin:$PATH

# A venv of its own: slither wants other versions of web3's tree than the provider has.
if [ "$("$venv/bin/slither" --version 2>/dev/null)" != "$version" ]; then
    python3 -m venv --clear "$venv"
    "$venv/bin/pip" install --quiet --disable-pip-version-check "slither-analyzer==$version"
fi

# Into a folder of its own, without the tests: slither reads forge's build-info and compiles nothing itself.
rm -rf "$build/slither"
forge build --build-info --build-info-path "$build/slither/out/build-info" --out "$build/slither/out" \
    --cache-path "$build/slither/cache" src
exec "$venv/bin/slither" . --config-file slither.config.json
