from __future__ import annotations

import argparse
from collections.abc import Callable
from pathlib import Path
from typing import Any

from kallphone.update.errors import CardTrouble, Postponed, TooOld, Unreachable, UpToDate


def add_commands(commands: Any) -> None:
    """Loads what a verb needs when the verb is run: the phone itself needs none of it."""
    update = commands.add_parser("update", help="a flashed phone's system: look for a newer one, install it")
    verbs = update.add_subparsers(required=True, metavar="VERB")
    for name, words, run in (
        ("check", "whether there is an update that this phone would take", _check),
        ("run", "install one if there is one, and start it when nobody uses the phone", _run),
        ("confirm", "after a start: keep the new system once the phone has registered, or go back", _confirm),
        ("status", "which system runs, and how the last update went", _status),
    ):
        parser = verbs.add_parser(name, help=words)
        parser.add_argument("--root", type=Path, default=Path("/"), metavar="DIR", help="instead of /")
        if name in ("check", "run"):
            parser.add_argument("--from", type=Path, dest="folder", metavar="DIR", help="a folder with one")
        parser.set_defaults(run=_in_words(run))
    _add_keys(commands)


def _add_keys(commands: Any) -> None:
    keys = commands.add_parser("update-keys", help="for whoever publishes systems: keys and signatures")
    verbs = keys.add_subparsers(required=True, metavar="VERB")
    make = verbs.add_parser("make", help="make a secret key and a list for images that trusts it")
    make.add_argument("secret", type=Path, metavar="SECRET", help="where the key goes; keep a copy off line")
    make.add_argument("--list", type=Path, metavar="FILE", help="update-keys.json to write, for images")
    make.set_defaults(run=_make)
    over = verbs.add_parser("hand-over", help="have phones trust other keys from now on, and only these")
    over.add_argument("secret", type=Path, metavar="SECRET", help="a key that is trusted now")
    over.add_argument("list", type=Path, metavar="LIST", help="update-keys.json of images; is renewed")
    over.add_argument("chain", type=Path, metavar="CHAIN", help="keys.json, which grows by a statement")
    over.add_argument("--to", nargs="+", required=True, metavar="HEX", help="public keys, as of `make`")
    over.set_defaults(run=_hand_over)
    sign = verbs.add_parser("sign", help="make an update of a folder with system.squashfs")
    sign.add_argument("secret", type=Path, metavar="SECRET")
    sign.add_argument("folder", type=Path, metavar="DIR")
    sign.add_argument("--version", required=True)
    sign.add_argument("--build", type=int, required=True, help="has to rise; the image's own build number")
    sign.add_argument("--notes", default="", help="what is new, for the owner")
    sign.add_argument("--chain", type=Path, metavar="FILE", help="keys.json, once keys were handed over")
    sign.set_defaults(run=_sign)


def _in_words(run: Callable[[argparse.Namespace], int]) -> Callable[[argparse.Namespace], int]:
    def verb(arguments: argparse.Namespace) -> int:
        try:
            return run(arguments)
        except OSError as error:
            raise CardTrouble(f"{error.filename or 'the card'}: {error.strerror}") from error

    return verb


def _check(arguments: argparse.Namespace) -> int:
    from kallphone.update.box import open_box, read_settings, sources
    from kallphone.update.install import Updater

    box = open_box(arguments.root)
    with sources(box, read_settings(box.layout), arguments.folder, arguments.root) as found:
        try:
            offer = Updater(box).check(found)
        except (Postponed, UpToDate) as error:
            print(f"{error}")
            return 0
    notes = f"\n{offer.manifest.notes}" if offer.manifest.notes else ""
    print(f"version {offer.manifest.version} can be installed, from {offer.source.name}{notes}")
    return 0


def _run(arguments: argparse.Namespace) -> int:
    """A status other than 0 is for what somebody has to look at; no network and an engaged phone are not."""
    from kallphone.device.layout import Layout
    from kallphone.update.box import alone, open_box, read_settings, sources
    from kallphone.update.confirm import settle
    from kallphone.update.install import Updater

    layout: Layout = Layout.below(arguments.root)
    asked = _take_request(layout.requests / "update") or arguments.folder is not None
    box = open_box(arguments.root)
    try:
        with alone(layout):
            settle(box)
            settings = read_settings(layout)
            if not (settings.automatic or asked):
                print("updates come only when asked for, as the settings say")
                return 0
            with sources(box, settings, arguments.folder, arguments.root) as found:
                Updater(box).take(found, asked=asked)
    except (Postponed, Unreachable, UpToDate) as error:
        print(f"{error}")
    except TooOld as error:
        print(f"{error}")
        return 1 if arguments.folder else 0
    return 0


def _confirm(arguments: argparse.Namespace) -> int:
    from kallphone.update.box import alone, open_box
    from kallphone.update.confirm import confirm

    box = open_box(arguments.root)
    with alone(box.layout, wait=True):
        confirm(box)
    return 0


def _status(arguments: argparse.Namespace) -> int:
    from kallphone.update.box import open_box
    from kallphone.update.memory import MOST_ATTEMPTS

    box = open_box(arguments.root)
    print(f"version {box.version}, build {box.build}, system {box.slot}")
    try:
        trial = box.card.trial()
        print(f"on trial: system {trial.slot}" if trial else "nothing is on trial")
    except CardTrouble as error:
        print(f"{error}")
    words, _ = box.memory.words()
    print(words or "no update was ever installed")
    failure = box.memory.failure()
    if failure:
        again = "is not tried again" if failure.attempts >= MOST_ATTEMPTS else "failed"
        print(f"version {failure.version} {again}: {failure.reason}")
    return 0


def _make(arguments: argparse.Namespace) -> int:
    from kallphone.update.signing import make_key, trust_list

    public = make_key(arguments.secret)
    if arguments.list:
        arguments.list.write_bytes(trust_list([public]))
    print(public.hex())
    return 0


def _hand_over(arguments: argparse.Namespace) -> int:
    from kallphone.update.signing import hand_over_files, public_keys, read_key

    signer = read_key(arguments.secret)
    trusted = hand_over_files(arguments.list, arguments.chain, signer, public_keys(arguments.to))
    print(f"statement {trusted.serial}: publish {arguments.chain} as keys.json beside every manifest")
    return 0


def _sign(arguments: argparse.Namespace) -> int:
    from kallphone.update.signing import read_key, sign_release

    key = read_key(arguments.secret)
    sign_release(
        arguments.folder,
        arguments.version,
        arguments.build,
        key,
        notes=arguments.notes,
        keys_json=arguments.chain,
    )
    print(f"{arguments.folder} can be published, or copied to a USB stick as kallphone-update")
    return 0


def _take_request(request: Path) -> bool:
    """The keypad's; taken away first, since one that comes while this runs is another one."""
    try:
        request.unlink()
    except FileNotFoundError:
        return False
    return True
