#!/usr/bin/env bash
# Prepares this machine for `make demo` and `make test`: system packages, a virtual environment, the
# contracts' tools and build, the pjsua2 wheel. Each stage is skipped when nothing went into it that changed.
set -euo pipefail
cd "$(dirname "$0")/../.."
host=image-build/host
stamps=build/stamps
mkdir -p "$stamps"

say() { printf '\033[1m[prepare]\033[0m %s\n' "$*" >&2; }

die() {
    printf '[prepare] %s\n' "$*" >&2
    exit 1
}

# Runs "$@" unless the digest of the named inputs is that of the last good run.
stage() {
    local name=$1 digest=$2 began
    shift 2
    [[ "$(cat "$stamps/$name" 2>/dev/null)" == "$digest" ]] && return
    say "$name ..."
    began=$SECONDS
    "$@" >"build/prepare-$name.log" 2>&1 || {
        tail -n 30 "build/prepare-$name.log" >&2
        die "$name failed; the whole log is build/prepare-$name.log"
    }
    say "$name: done in $((SECONDS - began)) s"
    echo "$digest" >"$stamps/$name"
}

digest_of() { cat "$@" | sha256sum | cut -d' ' -f1; }

wanted_packages() {
    sed 's/#.*//' "$host/packages.txt" image-build/pjsua2/packages.txt ${BENCH:+"$host/packages-bench.txt"} | xargs -n1 | sort -u
    command -v npm >/dev/null || echo nodejs npm
}

missing_packages() {
    local package
    for package in $(wanted_packages); do
        dpkg-query -W -f='${db:Status-Status}' "$package" 2>/dev/null | grep -qx installed || echo "$package"
    done
}

as_root() {
    if [[ $EUID -eq 0 ]]; then "$@"; else sudo "$@"; fi
}

install_packages() {
    as_root apt-get update -q
    as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -q --no-install-recommends "$@"
    # Debian starts what it installs; ours are started by hand, on free ports, when they are needed.
    if [[ -d /run/systemd/system ]]; then
        local unit
        for unit in kamailio coturn; do
            case " $* " in *" $unit "*) as_root systemctl disable --now "$unit" ;; esac
        done
    fi
}

make_venv() {
    [[ -x .venv/bin/python ]] || python3 -m venv .venv
    .venv/bin/python -m pip install --quiet --upgrade pip setuptools wheel
    .venv/bin/python -m pip install --quiet -e '.[phone,provider,dev]'
}

build_contracts() {
    (cd contracts && npm ci --no-audit --no-fund && bin/forge build)
}

command -v dpkg-query >/dev/null || die "needs Debian or Raspberry Pi OS (dpkg is missing)"
command -v python3 >/dev/null || as_root apt-get install -y -q python3
missing=$(missing_packages)
if [[ -n $missing ]]; then
    [[ $EUID -eq 0 ]] || command -v sudo >/dev/null || die "needs root or sudo to install: $(echo $missing)"
    # shellcheck disable=SC2086
    stage packages "$(echo "$missing" | sha256sum | cut -d' ' -f1)-$(date +%s)" install_packages $missing
fi
[[ -x .venv/bin/python ]] || rm -f "$stamps/venv"
stage venv "$(digest_of pyproject.toml)" make_venv
[[ -d contracts/out && -d contracts/node_modules ]] || rm -f "$stamps/contracts"
stage contracts "$(digest_of contracts/package-lock.json contracts/foundry.toml contracts/src/*.sol)" build_contracts
python3 image-build/pjsua2/build.py --python .venv/bin/python --install
