#!/usr/bin/env bash
# Everything under hardware/ and docs/ that follows from pins.toml and the parts lists.
set -euo pipefail
cd "$(dirname "$0")/.."
wireviz=wireviz==0.4.1
here=build/wireviz

as_root() {
    if [[ $EUID -eq 0 ]]; then "$@"; else sudo "$@"; fi
}

missing=$(for each in mmdebstrap graphviz poppler-utils; do
    dpkg-query -W -f='${db:Status-Status}' "$each" 2>/dev/null | grep -qx installed || echo "$each"
done)
# shellcheck disable=SC2086
[[ -z $missing ]] || as_root apt-get install -y -q --no-install-recommends $missing
[[ -x $here/bin/wireviz ]] || {
    python3 -m venv "$here"
    "$here/bin/pip" install --quiet "$wireviz"
}
hardware/kicad.sh
PATH="$PWD/$here/bin:$PATH" PYTHONPATH=firmware .venv/bin/python -m hardware.wiring.wiring --draw
PYTHONPATH=firmware .venv/bin/python -m hardware.bom.bom
