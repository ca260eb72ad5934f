"""The owner's commands that need nobody else."""

from __future__ import annotations

import csv
import io
import json
import sys
import time
from collections.abc import Iterator
from importlib.resources import files
from pathlib import Path

import pytest

from kallnet.account import Account, Address, address_to_hex
from kallnet.number import number_for
from kallphone.cli import main
from kallphone.ledger.errors import UsageError
from kallphone.owner.wallet import amount_of
from kallphone.phone.book import Contact
from kallphone.phone.causes import Cause
from kallphone.phone.commands import LogCall
from kallphone.phone.events import CallId
from kallphone.storage.contacts import ContactStore
from kallphone.storage.database import Database
from kallphone.storage.journal import CallJournal
from kallphone.storage.key import key_in

ANNA = f"{number_for(Address(b'a' * 20), 0):010d}"
JUNK = ["test"] * 11 + ["junk"]
JUNKS_ACCOUNT = "0xf39Fd6e51aad88F6F4ce6aB8827279cffFb92266"
NOON = 1_772_366_400  # 2026-03-01 12:00 UTC


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


class Owner:
    def __init__(self, folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
        self.folder = folder
        self.file = folder / "kallphone.toml"
        self.file.write_text((files("kallphone") / "example.toml").read_text())
        self.state = folder / "state"
        self.state.mkdir()
        self.database = Database(self.state / "phone.sqlite")
        self._capsys = capsys

    def run(self, command: str, verb: str, *words: str) -> tuple[int, str, str]:
        code = main([command, verb, str(self.file), *words])
        out, err = self._capsys.readouterr()
        return code, out, err

    def call(self, call: int, paid: int, at: int = NOON, number: str = ANNA) -> None:
        journal = CallJournal(self.database, lambda: at)
        journal.call_started(CallId(call), outgoing=True, number=number)
        journal.log_call(LogCall(CallId(call), True, number, b"q" * 20, Cause.HUNG_UP, 20, paid))


@pytest.fixture
def owner(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> Iterator[Owner]:
    with monkeypatch.context() as patch:
        patch.setenv("TZ", "UTC")
        time.tzset()
        yield Owner(tmp_path, capsys)
    time.tzset()


def test_contacts_go_in_and_out(owner: Owner):
    cards = owner.folder / "in.vcf"
    cards.write_text(
        f"BEGIN:VCARD\nVERSION:3.0\nFN:Anna\nTEL:{ANNA}\nEND:VCARD\n"
        "BEGIN:VCARD\nVERSION:3.0\nFN:Shop\nTEL:+49301234\nEND:VCARD\n"
    )
    code, out, _ = owner.run("contacts", "import", str(cards))
    assert code == 0
    summary, skipped = out.splitlines()
    assert summary == "contacts added: 1, changed: 0, skipped: 1"
    assert skipped == "card 2, Shop: it has no Kall number"
    assert ContactStore(owner.database).load().contacts == (Contact(ANNA, "Anna"),)
    assert owner.run("contacts", "list")[1] == f"{ANNA[:3]} {ANNA[3:6]} {ANNA[6:]}  Anna\n"
    written = owner.folder / "out.vcf"
    assert owner.run("contacts", "export", str(written))[0] == 0
    assert owner.run("contacts", "import", str(written))[1] == "contacts added: 0, changed: 0, skipped: 0\n"


@pytest.mark.parametrize(
    ("content", "words"),
    [(None, "No such file"), (b"FN:Zo\xeb", "UTF-8"), (b"x" * (17 << 20), "larger than")],
)
def test_a_file_that_can_not_be_read_says_why(owner: Owner, content: bytes | None, words: str):
    cards = owner.folder / "in.vcf"
    if content is not None:
        cards.write_bytes(content)
    code, _, err = owner.run("contacts", "import", str(cards))
    assert (code, words in err) == (1, True)


def test_receipts_are_summed_and_written(owner: Owner):
    ContactStore(owner.database).save(Contact(ANNA, "Anna"))
    owner.call(1, 1_500_000)
    owner.call(3, 500_000, at=NOON + 86_400, number="2222222222")
    table, listing = owner.folder / "r.csv", owner.folder / "r.json"
    code, out, _ = owner.run("wallet", "receipts", "--csv", str(table), "--json-file", str(listing))
    assert code == 0
    assert [line.split(None, 2)[0::2] for line in out.splitlines()] == [
        ["1.5", "2026-03-01"], ["0.5", "2026-03-02"], ["1.5", "Anna"], ["0.5", "2222222222"],
        ["2", "in all; calls: 2"],
    ]  # fmt: skip
    assert [row["paid"] for row in csv.DictReader(table.read_text().splitlines())] == ["1500000", "500000"]
    assert [row["name"] for row in json.loads(listing.read_text())] == ["Anna", ""]


def test_receipts_of_some_days(owner: Owner):
    for call, day in enumerate(range(3)):
        owner.call(call, 10, at=NOON + 86_400 * day)
    _, out, _ = owner.run("wallet", "receipts", "--from", "2026-03-02", "--to", "2026-03-02", "--json")
    assert json.loads(out)["days"] == {"2026-03-02": 10}
    code, _, err = owner.run("wallet", "receipts", "--from", "yesterday")
    assert (code, "2026-03-31" in err) == (2, True)


def test_a_phone_that_never_ran_has_no_receipts_and_is_not_made_one(owner: Owner):
    owner.database.close()
    (owner.state / "phone.sqlite").unlink()
    code, _, err = owner.run("wallet", "receipts")
    assert (code, "run the phone once" in err) == (1, True)
    assert not (owner.state / "phone.sqlite").exists()


def test_the_words_are_shown_on_a_terminal_after_a_warning_and_cleared(
    owner: Owner, monkeypatch: pytest.MonkeyPatch
):
    key_in(owner.state).create()
    words = key_in(owner.state).words()
    monkeypatch.setattr(sys, "stdin", Terminal("\n\n"))
    monkeypatch.setattr(sys, "stdout", screen := Terminal())
    assert main(["wallet", "words", str(owner.file)]) == 0
    shown = screen.getvalue()
    assert shown.index("all its money") < shown.index(f" 1 {words[0]}") < shown.index(f"12 {words[11]}")
    assert shown.endswith("\033[2J\033[3J\033[H")


def test_the_words_go_into_no_file(owner: Owner):
    key_in(owner.state).create()
    code, out, err = owner.run("wallet", "words")
    assert (code, out, "on a terminal only" in err) == (1, "", True)


def test_a_phone_is_restored_from_words_that_are_typed(owner: Owner, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(sys, "stdin", Terminal("\n".join(JUNK) + "\n"))
    code, out, _ = owner.run("wallet", "restore")
    assert (code, JUNKS_ACCOUNT in out) == (0, True)
    assert address_to_hex(key_in(owner.state).open().address) == JUNKS_ACCOUNT


def test_a_key_is_replaced_only_when_that_is_said(owner: Owner, monkeypatch: pytest.MonkeyPatch):
    old: Account = key_in(owner.state).create()
    monkeypatch.setattr(sys, "stdin", io.StringIO(" ".join(JUNK)))
    code, _, err = owner.run("wallet", "restore")
    assert (code, "--replace" in err) == (1, True)
    assert key_in(owner.state).open().address == old.address
    monkeypatch.setattr(sys, "stdin", io.StringIO(" ".join(JUNK)))
    assert owner.run("wallet", "restore", "--replace")[0] == 0
    assert (owner.state / "account.key.old-1").exists()


def test_a_mistyped_word_is_named_and_guessed_at_a_terminal_only(
    owner: Owner, monkeypatch: pytest.MonkeyPatch
):
    typed = " ".join(["tesst", *JUNK[1:]])
    monkeypatch.setattr(sys, "stdin", io.StringIO(typed))
    code, _, err = owner.run("wallet", "restore")
    assert (code, err) == (1, "kallphone: word 1 is not in the list\n")
    monkeypatch.setattr(sys, "stdin", io.StringIO(typed))
    monkeypatch.setattr(sys, "stderr", screen := Terminal())
    assert main(["wallet", "restore", str(owner.file)]) == 1
    assert "word 1 'test'" in screen.getvalue()
    assert not key_in(owner.state).exists()


@pytest.mark.parametrize(("text", "units"), [("1.5", 1_500_000), ("0.000001", 1), ("all", 0)])
def test_amounts_are_in_kallcoin(text: str, units: int):
    assert amount_of(text) == units


@pytest.mark.parametrize("text", ["0", "-1", "1e30", "nan", "inf", "0.0000001", "much", "", "1,5"])
def test_what_is_no_amount_is_refused(text: str):
    with pytest.raises(UsageError):
        amount_of(text)
