"""`kallphone ledger VERB`, and KRYPTON's `invoke` over the same verbs."""

from __future__ import annotations

import argparse
import json
import os
import sys
from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import dataclass
from typing import Any

from kallnet.account import address_from_hex, address_to_hex
from kallnet.errors import AddressInvalid, NumberInvalid
from kallnet.query import QUERIES
from kallphone.ledger import clients, providers, reading, settings, votes
from kallphone.ledger.answer import Said
from kallphone.ledger.desk import Desk
from kallphone.ledger.errors import UsageError
from kallphone.ledger.invoke import parameters


@dataclass(frozen=True, slots=True)
class Verb:
    """`options` are the run's keyword arguments with their types; KRYPTON's functions have none."""

    name: str
    run: Callable[..., Said]
    parameters: tuple[str, ...]
    help: str
    options: tuple[tuple[str, type, str], ...] = ()

    def keywords(self, arguments: argparse.Namespace) -> dict[str, Any]:
        said = {name: getattr(arguments, name) for name, _, _ in self.options}
        return {name: value for name, value in said.items() if value is not None}


KRYPTONS = (
    Verb("version", reading.version, (), "the version of the contract"),
    Verb(
        "deploy", providers.deploy, ("provider", "hostname"), "publish a provider's proxy",
        (
            ("price", int, "in millionths of a kallCoin per 15 s; as before, or 0"),
            ("inviter_share", int, "percent of the price that the inviter pays; as before, or 100"),
            ("api", str, "URL of the provider's HTTP API"),
        ),
    ),
    Verb("undeploy", providers.undeploy, ("provider",), "take a provider's entry back"),
    Verb("register", clients.register, ("user", "provider", "uuid"), "register a user with a provider"),
    Verb("unregister", clients.unregister, ("user",), "take a user's entry back"),
    Verb("query", reading.ask, ("type", "user"), f"{'|'.join(QUERIES)} of an address or a Kall number"),
)  # fmt: skip
OURS = (
    Verb("number", reading.number, ("address",), "the Kall number of an address"),
    Verb(
        "agree", providers.agree, ("user",), "sign, as a provider, that it serves a user",
        (("days", int, f"how long the agreement stands; {providers.AGREEMENT_DAYS} by default"),),
    ),
    Verb("renew", clients.renew, (), "keep the key's own client entry for another term"),
    Verb("release", clients.release, (), "take the key's own client entry back"),
    Verb("reputation", reading.rated, ("service",), "what clients measured through a provider"),
)  # fmt: skip
_OF_VOTE = (("number", int, "of the vote; the current one by default"),)
VOTERS = (
    Verb("spec", votes.spec, (), "the specification of a network API version",
         (("version", int, "the latest by default"),)),
    Verb("vote", votes.vote, (), "how a vote on the specification stands", _OF_VOTE),
    Verb("delegate", votes.delegate, ("account",), "give the key's votes to an account, or to itself"),
    Verb("interest", votes.interest, (), "take part in the open vote"),
    Verb("propose", votes.propose, ("specification",), "put the key's power behind a file or its keccak-256"),
    Verb("cast", votes.cast, ("options",), "vote: the options' numbers, the best one first, such as 3,1"),
    Verb("count", votes.count, (), "end a vote whose ballots are in", _OF_VOTE),
)  # fmt: skip

_FUNCTIONS = {verb.name: verb for verb in KRYPTONS}


def add_commands(commands: Any) -> None:
    ledger = commands.add_parser("ledger", help="read and change what the public ledger says")
    verbs = ledger.add_subparsers(required=True, metavar="VERB")
    for verb in (*KRYPTONS, *OURS, *VOTERS):
        _add_verb(verbs, verb)
    invoke = verbs.add_parser("invoke", help='as KRYPTON does: SCRIPTHASH function ["parameter",...]')
    invoke.add_argument("scripthash", metavar="SCRIPTHASH", help="the address of KallKrypton")
    invoke.add_argument("function", metavar="FUNCTION", help=", ".join(_FUNCTIONS))
    invoke.add_argument("parameters", nargs="*", metavar="LIST", help='["parameter","parameter"]')
    settings.add_options(invoke)
    invoke.set_defaults(run=lambda arguments: run(arguments, _invoke))


def _add_verb(verbs: Any, verb: Verb) -> None:
    parser = verbs.add_parser(verb.name, help=verb.help, description=verb.help)
    for name in verb.parameters:
        parser.add_argument(name, metavar=name.upper())
    for name, kind, words in verb.options:
        parser.add_argument("--" + name.replace("_", "-"), type=kind, help=words)
    settings.add_options(parser)

    def within(desk: Desk, arguments: argparse.Namespace) -> Said:
        given = [getattr(arguments, name) for name in verb.parameters]
        return verb.run(desk, *given, **verb.keywords(arguments))

    parser.set_defaults(run=lambda arguments: run(arguments, within))


def run(arguments: argparse.Namespace, verb: Callable[[Desk, argparse.Namespace], Said]) -> int:
    """Exit code 2 for what can't be meant; what the ledger or a contract refuses is raised."""
    try:
        with closing(Desk(settings.settings_of(arguments, os.environ))) as desk:
            said = verb(desk, arguments)
    except (UsageError, AddressInvalid, NumberInvalid) as error:
        print(f"kallphone: {error}", file=sys.stderr)
        return 2
    print(json.dumps(said.fields) if arguments.json else "\n".join(said.lines))
    return 0


def _invoke(desk: Desk, arguments: argparse.Namespace) -> Said:
    verb = _FUNCTIONS.get(arguments.function)
    if verb is None:
        raise UsageError(f"there is no function {arguments.function!r}: it is one of {', '.join(_FUNCTIONS)}")
    given = _given(verb, arguments.parameters)
    contract = address_from_hex(arguments.scripthash)
    if contract != desk.deployment.krypton:
        there = address_to_hex(desk.deployment.krypton)
        raise UsageError(f"{arguments.scripthash} is not KallKrypton, which this deployment has at {there}")
    return verb.run(desk, *given)


def _given(verb: Verb, words: Sequence[str]) -> list[str]:
    given = parameters(words)
    if len(given) != len(verb.parameters):
        takes = json.dumps(list(verb.parameters), separators=(",", ":"))
        raise UsageError(f"{verb.name} takes {takes}, not {len(given)} parameters")
    return given
