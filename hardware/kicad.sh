#!/usr/bin/env bash
# Draws the HAT's schematic, checks it with KiCad's ERC and exports its netlist and pictures.
# KiCad 9 lives in a Debian 13 chroot under ~/.cache/kallphone, since Debian 12 has one without kicad-cli.
set -euo pipefail
cd "$(dirname "$0")/.."
cache=${XDG_CACHE_HOME:-$HOME/.cache}/kallphone/kicad
name=kallphone-hat
hat=hardware/hat
pictures=docs/pictures
symbols="Audio Connector Connector_Generic Device Jumper Memory_EEPROM Regulator_Linear Transistor_FET power"

say() { printf '\033[1m[kicad]\033[0m %s\n' "$*" >&2; }

as_root() {
    if [[ $EUID -eq 0 ]]; then "$@"; else sudo "$@"; fi
}

# Excluded is what only a person at the screen would see.
make_chroot() {
    local began=$SECONDS options=() each
    for each in doc locale man opencascade kicad/template kicad/demos kicad/symbols; do
        options+=("--dpkgopt=path-exclude=/usr/share/$each/*")
    done
    for each in $symbols; do
        options+=("--dpkgopt=path-include=/usr/share/kicad/symbols/$each.kicad_sym")
    done
    say "setting up KiCad ..."
    mkdir -p "$cache"
    as_root rm -rf "$1.new"
    as_root mmdebstrap --quiet --variant=apt --include=kicad,kicad-symbols "${options[@]}" \
        --customize-hook='rm -rf "$1"/var/lib/apt/lists/* "$1"/var/cache/apt/*' trixie "$1.new"
    as_root mv "$1.new" "$1"
    say "KiCad is set up: $((SECONDS - began)) s, $(as_root du -sm "$1" | cut -f1) MB"
}

symbol_table() {
    echo "(sym_lib_table (version 7)"
    for each in $symbols; do
        echo "(lib (name \"$each\")(type \"KiCad\")(uri \"/usr/share/kicad/symbols/$each.kicad_sym\")(options \"\")(descr \"\"))"
    done
    echo ")"
}

command -v mmdebstrap >/dev/null || {
    echo "[kicad] needs Debian's mmdebstrap: apt-get install mmdebstrap" >&2
    exit 1
}
root=$cache/$({ declare -f make_chroot; echo "$symbols"; } | sha256sum | cut -c1-12)
[[ -d $root ]] || make_chroot "$root"

PYTHONPATH=firmware .venv/bin/python -m hardware.hat.draw "$root/usr/share/kicad/symbols"
as_root rm -rf "$root/work"
as_root install -d -o "$(id -u)" "$root/work"
cp "$hat/$name.kicad_pro" "$hat/$name.kicad_sch" "$root/work/"
symbol_table >"$root/work/sym-lib-table"

kicad_cli() { as_root chroot "$root" env HOME=/work sh -c "cd /work && exec kicad-cli $*" >>build/kicad.log 2>&1; }

mkdir -p build "$pictures"
: >build/kicad.log
# Warnings are that no footprint libraries are installed here: a schematic needs none.
kicad_cli sch erc --severity-error --exit-code-violations -o erc.rpt "$name.kicad_sch" || {
    cat "$root/work/erc.rpt" build/kicad.log >&2
    say "the schematic has electrical errors"
    exit 1
}
kicad_cli sch export netlist -o "$name.net" "$name.kicad_sch"
kicad_cli sch export pdf -o "$name.pdf" "$name.kicad_sch"
# The netlist names the very schematic that it was made from, and neither time nor machine.
hash=$(sha256sum "$hat/$name.kicad_sch" | cut -d' ' -f1)
sed -E -e "s|\(source \"/[^\"]*\"\)|(source \"$name.kicad_sch sha256:$hash\")|" -e '/^ +\(date "[^"]*T[^"]*"\)$/d' \
    "$root/work/$name.net" >"$hat/$name.net"
cp "$root/work/$name.pdf" build/hat.pdf
pdftoppm -r 110 -png -singlefile build/hat.pdf "$pictures/hat"
say "no ERC errors; $hat/$name.net and $pictures/hat.png are new, and build/hat.pdf is to print"
