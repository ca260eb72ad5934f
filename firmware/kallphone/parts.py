from __future__ import annotations

import dataclasses
import subprocess
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from kallnet.account import Account, Address
from kallnet.deployment import load_deployment
from kallnet.typed import registry_domain
from kallphone.config import PhoneConfig
from kallphone.directory import Directory, DirectorySettings, open_directory
from kallphone.hardware.board import Surroundings, open_board
from kallphone.hardware.pins import Pins
from kallphone.keeping import Keeper
from kallphone.mail import MailWorker, open_mail
from kallphone.payments.settings import PaymentsSettings
from kallphone.payments.worker import PaymentsWorker
from kallphone.phone.settings import Settings
from kallphone.phone.states import Phone
from kallphone.ports import Display, Handset, Lamps, Mixer, Post, Ringer
from kallphone.sip import AudioSettings, Identity, PjSip, SipSettings
from kallphone.speech import Speech
from kallphone.storage.contacts import ContactStore
from kallphone.storage.database import Database
from kallphone.storage.key import key_in
from kallphone.storage.pin import PinLock
from kallphone.storage.preferences import Preferences
from kallphone.storage.receipts import Receipts
from kallphone.storage.settings import Settings as Kept
from kallphone.wall_clock import local_time

if TYPE_CHECKING:
    from kallphone.bench.panel import Panel

SYSTEM_AUTHORITIES = Path("/etc/ssl/certs/ca-certificates.crt")
_HOOK = "hook"
_LONGEST_SPEECH_S = 10.0


class Part(Protocol):
    def start(self) -> None: ...
    def stop(self) -> None: ...


@dataclasses.dataclass(frozen=True)
class Face:
    """What a hand, an eye and an ear meet: the board of a Raspberry Pi, or a panel in its place."""

    part: Part
    display: Display
    ringer: Ringer
    lamps: Lamps
    mixer: Mixer
    keys_down: Callable[[], frozenset[str]]
    handsets: tuple[Handset, ...] = ()
    report: Callable[[str, dict[str, Any]], None] | None = None
    panel: Panel | None = None


def open_account(state: Path) -> Account:
    """The account's key is made here at the first start and never leaves."""
    state.mkdir(parents=True, exist_ok=True, mode=0o700)
    key = key_in(state)
    return key.open() if key.exists() else key.create()


def make_face(
    surroundings: Surroundings, post: Post, pins: Pins, panel: bool, on_quit: Callable[[], None]
) -> Face:
    if not panel:
        board = open_board(pins, post, surroundings)
        return Face(board, board.display, board.ringer, board.lamps, board.mixer, board.keypad.down)
    # Only in its place: a phone has no use for simulated hardware.
    from kallphone.bench.panel import Panel, claim_stdout

    held = Panel(pins, post, on_quit, stdout=claim_stdout())
    mixer, keys_down = held.board.mixer, held.board.keypad.down

    def report(name: str, fields: dict[str, Any]) -> None:
        held.report(name, **fields)

    return Face(held, held, held, held, mixer, keys_down, (held,), report, held)


def surroundings(config: PhoneConfig | None, database: Database) -> Surroundings:
    """Without a config nothing sounds yet."""
    kept = Kept(database)
    learned = (kept.read(_HOOK) or {}).get("lifted_closed")
    mixer = "null" if config is None or config.audio_device == "null" else "default"
    return Surroundings(
        hook_lifted_closed=learned if isinstance(learned, bool) else None,
        remember_hook=lambda lifted_closed: kept.write(_HOOK, {"lifted_closed": lifted_closed}),
        mixer=mixer,
    )


def make_preferences(config: PhoneConfig, database: Database) -> Preferences:
    """kallphone.toml says what holds until the owner chooses otherwise."""
    defaults = Settings(
        country=config.country,
        language=config.language,
        voicemail=config.voicemail,
        echo_test=config.echo_test,
    )
    return Preferences(database, defaults)


def settings_of(preferences: Preferences, pin: PinLock) -> Settings:
    """The PIN's own file says whether there is one."""
    return dataclasses.replace(preferences.load(), has_pin=pin.is_set())


def make_keeping(
    config: PhoneConfig, database: Database, preferences: Preferences, pin: PinLock, post: Post
) -> Keeper:
    recordings = config.state / "recordings"
    contacts, receipts = ContactStore(database), Receipts(database)
    key = key_in(config.state)
    return Keeper(contacts, preferences, pin, key, recordings, receipts, local_time, post)


def make_speech(sip: PjSip, config: PhoneConfig, now: Callable[[], Phone]) -> Speech:
    def aloud(wav: Path) -> None:
        _play_aloud(wav, config.audio_device)

    return Speech(lambda: now().settings.language, sip.play, aloud)


def _play_aloud(wav: Path, device: str) -> None:
    """Through the loudspeaker beside the call's own sound; waits until it is said."""
    if device == "null":
        return
    with suppress(FileNotFoundError, subprocess.TimeoutExpired):
        subprocess.run(["aplay", "-q", "-D", device, str(wav)], check=False, timeout=_LONGEST_SPEECH_S)


def make_payments(
    config: PhoneConfig, account: Account, database: Database, post: Post, withhold_after: int | None
) -> PaymentsWorker:
    settings = PaymentsSettings(
        provider_api=config.provider_api,
        deployment=config.deployment,
        rpc=config.rpc,
        agree=config.agree,
        deposit_target=config.deposit,
        deposit_per_day=config.deposit_per_day,
        owner=config.owner,
        publish_ratings=config.ratings,
        ca_file=config.ca_file,
        stop_vouchers_after=withhold_after,
    )
    return PaymentsWorker(account, settings, database, post)


def make_mail(
    config: PhoneConfig,
    account: Account,
    database: Database,
    post: Post,
    payments: PaymentsWorker,
    now: Callable[[], Phone],
) -> MailWorker:
    def is_blocked(account: Address, number: str) -> bool:
        contact = now().contact(number, account)
        return contact is not None and contact.blocked

    return open_mail(
        account,
        directory_settings(config),
        database,
        config.state,
        post,
        payments.credentials,
        is_blocked=is_blocked,
        is_machine=lambda _, number: bool(number) and number == now().settings.voicemail,
    )


def make_directory(config: PhoneConfig, account: Account, post: Post) -> Directory:
    return open_directory(account.address, directory_settings(config), post)


def directory_settings(config: PhoneConfig) -> DirectorySettings:
    return DirectorySettings(
        deployment=config.deployment,
        rpc=config.rpc,
        agree=config.agree,
        cache=config.state / "ledger.sqlite",
        provider_api=config.provider_api,
        ca_file=config.ca_file,
    )


def make_sip(
    config: PhoneConfig, account: Account, post: Post, loss_percent: int, *, flashed: bool = False
) -> PjSip:
    """Nobody is there to start a `flashed` phone again once its USB handset has come."""
    audio = AudioSettings(
        config.audio_device,
        config.speak,
        config.record,
        loss_percent=loss_percent,
        may_come_later=flashed,
    )
    ca_file = config.ca_file or SYSTEM_AUTHORITIES
    identity = Identity(account, registry_domain(load_deployment(config.deployment)))
    return PjSip(SipSettings(ca_file=ca_file, audio=audio, country=config.country), post, identity)
