#!/usr/bin/env bash
# The examples of KRYPTON's README on this ledger, in its own words:
#
#   invoke SCRIPTHASH function ["parameter","parameter","parameter"]
#
# Set KALLPHONE_RPC and KALLPHONE_DEPLOYMENT (see `kallphone ledger --help`), PROVIDER and USER_ADDRESS (the two
# accounts), PROVIDER_KEY and USER_KEY (their key files; both accounts pay for their own gas).
set -euf  # -f: a list in brackets is no pattern of file names
: "${PROVIDER:?}" "${PROVIDER_KEY:?}" "${USER_ADDRESS:?}" "${USER_KEY:?}" "${KALLPHONE_RPC:?}"
: "${PROXY_NAME:=proxy.example.org}" "${UUID:=8f14e45f-ceea-467f-9b7a-1f2d3c4b5a69}"
KALLPHONE_AGREEMENTS=${KALLPHONE_AGREEMENTS:-$(mktemp -d)}
export KALLPHONE_AGREEMENTS
SCRIPTHASH=$(sed -n 's/.*"KallKrypton": *"\(0x[0-9A-Fa-f]*\)".*/\1/p' "${KALLPHONE_DEPLOYMENT:?}")

kallphone() { ${KALLPHONE:-command kallphone} "$@"; }
invoke() { echo "> invoke $*" && kallphone ledger invoke "$@"; }
as() { export KALLPHONE_KEY=$1; }

as "$PROVIDER_KEY"
invoke $SCRIPTHASH version []
invoke $SCRIPTHASH deploy ["$PROVIDER","$PROXY_NAME"]

# What KRYPTON lacked: nobody is put on a provider's network without the provider's word.
echo "> ledger agree $USER_ADDRESS" && kallphone ledger agree "$USER_ADDRESS"

as "$USER_KEY"
invoke $SCRIPTHASH register ["$USER_ADDRESS","$PROVIDER","$UUID"]
invoke $SCRIPTHASH query ["uuid","$USER_ADDRESS"]
invoke $SCRIPTHASH query ["location","$USER_ADDRESS"]
invoke $SCRIPTHASH unregister ["$USER_ADDRESS"]

as "$PROVIDER_KEY"
invoke $SCRIPTHASH undeploy ["$PROVIDER"]
