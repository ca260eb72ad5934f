"""`kallphone wallet VERB FILE` and `kallphone contacts VERB FILE`: what the owner does beside the phone."""

from __future__ import annotations

import argparse
import json
import sys
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kallnet.account import address_to_hex
from kallnet.errors import AddressInvalid
from kallphone.config import load_config
from kallphone.ledger.errors import CommandError, UsageError

if TYPE_CHECKING:
    from kallphone.storage.key import KeyFile

_WORDS = 12
_CLEAR = "\033[2J\033[3J\033[H"
_WARNING = """\
Whoever has these twelve words has the account and all its money, for ever.
Write them on paper. Take no picture, and type them into nothing but a phone that you restore.
Nobody but you should see this screen."""


def add_commands(commands: Any) -> None:
    wallet = commands.add_parser("wallet", help="the phone's money: look, move, back up")
    verbs = wallet.add_subparsers(required=True, metavar="VERB")
    _add_balance(verbs)
    _add_withdraw(verbs)
    _add_exit(verbs)
    _add_receipts(verbs)
    _add_words(verbs)
    _add_restore(verbs)
    contacts = commands.add_parser("contacts", help="the phonebook, from and to vCards")
    verbs = contacts.add_subparsers(required=True, metavar="VERB")
    _add(verbs, "contacts list", "who is in it")
    for name, words in (
        ("contacts import", "take contacts with a Kall number from a vCard file"),
        ("contacts export", "write all contacts to a vCard file"),
    ):
        _add(verbs, name, words).add_argument("vcards", metavar="VCARDS", help="a .vcf file")


def _add_balance(verbs: Any) -> None:
    parser = _add(verbs, "wallet balance", "what the account has, free and on deposit")
    words = "look through the ledger for deposits that this phone has forgotten, after a restore"
    parser.add_argument("--search", action="store_true", help=words)


def _add_withdraw(verbs: Any) -> None:
    parser = _add(verbs, "wallet withdraw", "send free coins to another account")
    parser.add_argument("to", metavar="TO", help="an address, or `owner` for that of kallphone.toml")
    parser.add_argument("amount", metavar="AMOUNT", help="in kallCoin, such as 1.5, or `all`")
    _add_payer(parser)


def _add_exit(verbs: Any) -> None:
    parser = _add(verbs, "wallet exit", "take a deposit back: run it again when its time has come")
    parser.add_argument("provider", metavar="PROVIDER", help="its address, or `home`")
    _add_payer(parser)


def _add_receipts(verbs: Any) -> None:
    parser = _add(verbs, "wallet receipts", "what calls cost, by day and by contact")
    parser.add_argument("--from", dest="first", default="", metavar="DAY", help="such as 2026-03-01")
    parser.add_argument("--to", dest="last", default="", metavar="DAY", help="this day included")
    parser.add_argument("--csv", default="", metavar="FILE", help="write a line per call")
    parser.add_argument("--json-file", default="", metavar="FILE", help="the same as JSON")


def _add_words(verbs: Any) -> None:
    parser = verbs.add_parser("words", help="show the twelve words that the account is restored from")
    parser.add_argument("file", type=Path, help="kallphone.toml")
    parser.set_defaults(run=_words)


def _add_restore(verbs: Any) -> None:
    parser = verbs.add_parser("restore", help="make this phone that of twelve words")
    parser.add_argument("file", type=Path, help="kallphone.toml")
    parser.add_argument("--replace", action="store_true", help="though there is a key; it is kept aside")
    parser.set_defaults(run=_restore)


def _add_payer(parser: argparse.ArgumentParser) -> None:
    words = "the key file of who pays the gas; by default your provider does"
    parser.add_argument("--payer", type=Path, metavar="FILE", help=words)


def _add(verbs: Any, name: str, words: str) -> argparse.ArgumentParser:
    parser: argparse.ArgumentParser = verbs.add_parser(name.split()[1], help=words, description=words)
    parser.add_argument("file", type=Path, help="kallphone.toml")
    parser.add_argument("--json", action="store_true", help="answer with one JSON object")
    parser.set_defaults(run=lambda arguments: _run(arguments, name), payer=None)
    return parser


def _run(arguments: argparse.Namespace, name: str) -> int:
    """Exit code 2 for what can't be meant."""
    from kallphone.owner.desk import OwnersDesk  # not what a phone that only runs needs in its memory
    from kallphone.owner.verbs import VERBS

    try:
        with closing(OwnersDesk(load_config(arguments.file), arguments.payer)) as desk:
            said = VERBS[name](desk, arguments)
    except (UsageError, AddressInvalid) as error:
        print(f"kallphone: {error}", file=sys.stderr)
        return 2
    print(json.dumps(said.fields) if arguments.json else "\n".join(said.lines))
    return 0


def _words(arguments: argparse.Namespace) -> None:
    if not (sys.stdin.isatty() and sys.stdout.isatty()):
        raise CommandError("the words are shown on a terminal only, and go into no file")
    words = _key(arguments).words()
    print(_WARNING)
    input("Press Enter to see them. ")
    print("\n".join(f"{place:>2} {word}" for place, word in enumerate(words, start=1)))
    input("Press Enter when they are on paper: the screen is then cleared. ")
    print(_CLEAR, end="")


def _restore(arguments: argparse.Namespace) -> None:
    from kallphone.storage.errors import KeyExists, WordsWrong

    key = _key(arguments)
    try:
        account = key.restore(_typed_words(), replace=arguments.replace)
    except WordsWrong as wrong:
        raise CommandError(_with_guesses(str(wrong), wrong.guesses)) from None
    except KeyExists:
        raise CommandError(f"{key.path} exists: with --replace it is kept aside") from None
    print(f"this phone is now {address_to_hex(account.address)}: restart it if it runs")


def _key(arguments: argparse.Namespace) -> KeyFile:
    from kallphone.storage.key import key_in

    return key_in(load_config(arguments.file).state)


def _typed_words() -> list[str]:
    if not sys.stdin.isatty():
        return sys.stdin.read().split()
    return [input(f"word {place:>2}: ") for place in range(1, _WORDS + 1)]


def _with_guesses(words: str, guesses: tuple[tuple[int, str], ...]) -> str:
    """What may be meant is part of a secret: for the eyes at a terminal only."""
    if not (guesses and sys.stderr.isatty()):
        return words
    meant = ", or ".join(f"word {place} {word!r}" for place, word in guesses)
    return f"{words}; did you mean {meant}?"
