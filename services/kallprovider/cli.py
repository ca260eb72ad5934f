from __future__ import annotations

import argparse
import asyncio
import json
import logging
import sys
from collections.abc import Sequence
from dataclasses import asdict
from importlib import resources
from pathlib import Path

from kallnet.account import address_to_hex
from kallnet.configfile import is_ip
from kallnet.errors import KallnetError
from kallprovider import secret_files
from kallprovider.config import load_config
from kallprovider.errors import ConfigError, ProviderError
from kallprovider.render import render
from kallprovider.secret_files import load_account
from kallprovider.tls import CertificateFiles, issue

COMMANDS = {
    "init": "write an example provider file, and make its key and secrets",
    "authority": "make an own authority and a certificate by it, for networks without a public name",
    "render": "write Kamailio's and coturn's configurations",
    "serve": "run the HTTP API, the meter and the settler",
    "register": "publish the service entry on the ledger, at this provider's cost",
    "check": "look for what would keep the provider from serving",
}


def main(arguments: Sequence[str] | None = None) -> int:
    options = _parser().parse_args(arguments)
    logging.basicConfig(
        level=logging.DEBUG if options.verbose else logging.INFO,
        format="%(asctime)s %(levelname)s %(name)s: %(message)s",
    )
    # They would log what is sent: bodies and headers.
    for chatty in ("urllib3", "web3", "aiohttp.access", "asyncio"):
        logging.getLogger(chatty).setLevel(logging.WARNING)
    try:
        return _run(options)
    except ProviderError as problem:
        print(f"kallprovider: {problem.words}", file=sys.stderr)
        return 2 if isinstance(problem, ConfigError) else 1
    except KallnetError as problem:
        print(f"kallprovider: {problem}", file=sys.stderr)
        return 1


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="kallprovider", description="A KallPhone provider.")
    parser.add_argument("--verbose", action="store_true", help="log more")
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    for name, words in COMMANDS.items():
        command = commands.add_parser(name, help=words, description=words)
        command.add_argument("file", type=Path, help="the provider file (TOML)")
        if name == "render":
            command.add_argument("--json", action="store_true", help="print what to start, as JSON")
    return parser


def _run(options: argparse.Namespace) -> int:
    match options.command:
        case "init":
            return _init(options.file)
        case "authority":
            return _authority(options.file)
        case "render":
            return _render(options.file, as_json=options.json)
        case "serve":
            from kallprovider.service import serve  # web3 takes seconds to import; rendering needs none of it

            asyncio.run(serve(load_config(options.file)))
            return 0
        case "register":
            return _register(options.file)
        case _:
            return _check(options.file)


def _init(file: Path) -> int:
    if not file.exists():
        file.parent.mkdir(parents=True, exist_ok=True)
        example = resources.files("kallprovider").joinpath("provider.example.toml")
        file.write_text(example.read_text(encoding="utf-8"), encoding="utf-8")
        print(f"wrote {file}: set name, domain, hosts, prices and the ledger in it")
    config = load_config(file)
    for path in (config.key, config.secret_path, config.evapi_token_path):
        secret_files.read_or_create(path)
    print(f"account {address_to_hex(load_account(config.key).address)}: it pays for gas, give it some")
    print(f"keep {config.key} safe: it signs agreements and receives the claims")
    return 0


def _authority(file: Path) -> int:
    config = load_config(file)
    files = CertificateFiles(config.tls.certificate, config.tls.private_key)
    for path in (files.certificate, files.private_key):
        if path.exists():
            raise ConfigError(f"{path} is there already and is kept: move it away first")
    hosts = {config.sip.host, config.http.host}
    ips = {host for host in hosts if is_ip(host)}
    folder = config.tls.certificate.parent
    issue(folder, [config.domain, "localhost", *sorted(hosts - ips)], sorted(ips), files)
    print(f"phones trust this provider by {folder / 'authority.crt'}")
    return 0


def _render(file: Path, *, as_json: bool) -> int:
    config = load_config(file)
    commands = render(config)
    if as_json:
        print(json.dumps(asdict(commands)))
    else:
        print(f"wrote the configurations below {config.state}")
    return 0


def _register(file: Path) -> int:
    from kallprovider import publication

    receipt = asyncio.run(publication.publish(load_config(file)))
    print(f"registered in block {receipt.block}, transaction 0x{receipt.transaction.hex()}")
    return 0


def _check(file: Path) -> int:
    from kallprovider.check import check

    findings = asyncio.run(check(load_config(file)))
    for finding in findings:
        print(f"{'ok ' if finding.good else 'BAD'} {finding.words}")
    return 0 if all(finding.good for finding in findings) else 1
