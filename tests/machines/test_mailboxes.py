from __future__ import annotations

import queue
from pathlib import Path

import pytest

from kallmachine.mailboxes import Mailboxes, sealing
from kallmachine.outbox import MOST_FOR_ONE, Outbox
from kallmachine.recordings import Recordings, Slip
from kallmachine.visits import MachineEvent, Mailbox, MailboxFound, MailboxNotFound
from kallnet.account import Account, Address
from kallnet.entries import ClientEntry, ProviderRef
from kallnet.errors import LedgerUnreachable
from kallnet.mail_names import MAX_SIZE, VOICE
from kallnet.number import KallNumber, number_for
from kallnet.sealed import open_sealed
from kallnet.voice import decode_voice
from kallphone.payments.errors import ProviderUnreachable
from kallphone.phone.events import CallId
from tests.machines.samples import HOME, MACHINE, REGISTRY

CALL = CallId(2)


class Ledger:
    def __init__(self, account: Account, providers: tuple[ProviderRef, ...] = (HOME,)) -> None:
        self.account = account
        self.entry = ClientEntry(account.public_key, (1,), providers=providers)
        self.broken: Exception | None = None

    def resolve(self, number: KallNumber) -> Address | None:
        if self.broken:
            raise self.broken
        return self.account.address if number == number_for(self.account.address, 0) else None

    def client_entry(self, account: Address) -> ClientEntry | None:
        return self.entry


class Voicemail:
    def __init__(self, folder: Path, ledger: Ledger) -> None:
        self.events: queue.SimpleQueue[MachineEvent] = queue.SimpleQueue()
        self.outbox = Outbox(folder / "outbox", _away)
        recordings = Recordings(folder / "recordings", lambda _: b"OggS", lambda *_: None)
        self.mailboxes = Mailboxes(ledger, recordings, self.outbox, self.events.put)

    def asked_for(self, number: str) -> MachineEvent:
        self.mailboxes.start()
        self.mailboxes.look_up(CALL, number)
        try:
            return self.events.get(timeout=30)
        finally:
            self.mailboxes.stop()


def _away(recipient: Address, sealed: bytes) -> None:
    raise ProviderUnreachable("nobody there")


@pytest.fixture
def callee() -> Account:
    return Account.generate()


def number(account: Account) -> str:
    return str(number_for(account.address, 0))


def test_a_callee_on_the_ledger_has_a_mailbox(tmp_path: Path, callee: Account) -> None:
    found = Voicemail(tmp_path, Ledger(callee)).asked_for(number(callee))
    assert found == MailboxFound(CALL, Mailbox(callee.address, callee.public_key))


@pytest.mark.parametrize("dialled", ["", "12", "2000000000", "not a number"])
def test_others_have_none(tmp_path: Path, callee: Account, dialled: str) -> None:
    assert isinstance(Voicemail(tmp_path, Ledger(callee)).asked_for(dialled), MailboxNotFound)


def test_a_callee_whose_provider_could_not_keep_a_message_has_none(tmp_path: Path, callee: Account) -> None:
    found = Voicemail(tmp_path, Ledger(callee, providers=())).asked_for(number(callee))
    assert isinstance(found, MailboxNotFound)


@pytest.mark.parametrize("error", [LedgerUnreachable({"rpc": "nobody there"}), RuntimeError("a bug")])
def test_a_ledger_that_is_away_is_said(tmp_path: Path, callee: Account, error: Exception) -> None:
    ledger = Ledger(callee)
    ledger.broken = error
    found = Voicemail(tmp_path, ledger).asked_for(number(callee))
    assert isinstance(found, MailboxNotFound)
    assert str(error) in found.words


def test_a_callee_for_whom_too_much_waits_gets_no_more(tmp_path: Path, callee: Account) -> None:
    voicemail = Voicemail(tmp_path, Ledger(callee))
    for at in range(MOST_FOR_ONE):
        voicemail.outbox.keep(f"{at}-2", callee.address, b"sealed")
    assert isinstance(voicemail.asked_for(number(callee)), MailboxNotFound)


def test_a_recording_is_sealed_so_that_only_its_callee_reads_it(tmp_path: Path, callee: Account) -> None:
    posted: list[tuple[Address, bytes]] = []
    outbox = Outbox(tmp_path, lambda recipient, blob: posted.append((recipient, blob)))
    caller = Account.generate()
    slip = Slip(Mailbox(callee.address, callee.public_key), caller.address, number(caller), 1_700_000_000)
    ogg = b"OggS" + b"speech" * 50_000
    sealing(MACHINE, REGISTRY, outbox)("1-2", slip, 120, ogg)
    assert outbox.deliver()
    [(recipient, blob)] = posted
    assert recipient == callee.address
    assert len(blob) <= MAX_SIZE
    assert b"speech" not in blob
    opened = open_sealed(callee, REGISTRY, blob)
    assert (opened.sender, opened.kind) == (MACHINE.address, VOICE)
    voice = decode_voice(opened.body)
    assert (voice.seconds, voice.time, voice.ogg) == (120, 1_700_000_000, ogg)
    assert (voice.caller, voice.number) == (caller.address, number(caller))
