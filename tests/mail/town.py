"""A ledger, a provider's mailboxes and phones in memory; every step of theirs can be a phone's last."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from sqlite3 import Connection
from typing import Any

from kallnet.account import Account, Address, recover
from kallnet.entries import PROXY, ClientEntry, Cost, ProviderRef, ServiceEntry
from kallnet.ledger import Head
from kallnet.mail_names import message_id
from kallnet.messages import Agreement, Mail
from kallnet.number import KallNumber, number_for
from kallnet.typed import digest, registry_domain
from kallphone.mail import MailWorker
from kallphone.payments.answers import HeldMessage
from kallphone.payments.errors import ProviderError, ProviderRefused, ProviderUnreachable
from kallphone.ports import SipCredentials
from kallphone.storage.database import Database
from tests.payments.conftest import Posted
from tests.payments.fake_ledger import DEPLOYMENT, FakeLedger

REGISTRY = registry_domain(DEPLOYMENT)
NOW = 1_800_000_000
PATIENCE_S = 30.0


class PowerCut(BaseException):
    """Nothing catches it: whatever was under way has not happened."""


@dataclass
class Power:
    """Goes out at the step with this number, once."""

    cut_at: int = -1
    steps: int = 0

    def step(self) -> None:
        self.steps += 1
        if self.steps == self.cut_at:
            raise PowerCut


class MortalDatabase(Database):
    """Power may go out before a transaction and behind it."""

    def __init__(self, path: Path, power: Power) -> None:
        self.power = power
        super().__init__(path)

    @contextmanager
    def transaction(self) -> Iterator[Connection]:
        self.power.step()
        with super().transaction() as connection:
            yield connection
        self.power.step()


class PostOffice:
    """A provider as phones see it. `faults` are raised by the next posts, before or behind their effect."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.account = Account.generate()
        self.boxes: dict[Address, dict[bytes, bytes]] = {}
        self.posted: list[Mail] = []
        self.before: list[ProviderError] = []
        self.behind: list[ProviderError] = []
        self.is_away = False
        self.is_patient = True
        self.waiting = 0
        self.changed = threading.Condition()

    def box(self, account: Address) -> dict[bytes, bytes]:
        return self.boxes.setdefault(account, {})

    def put(self, account: Address, sealed: bytes) -> None:
        with self.changed:
            self.box(account)[message_id(sealed)] = sealed
            self.changed.notify_all()


class FakeApi:
    """As much of ProviderApi as mail needs, for one phone."""

    def __init__(self, office: PostOffice, power: Power) -> None:
        self.office = office
        self.power = power
        self.is_cut = False

    def post_mail(self, mail: Mail, signature: bytes, sealed: bytes) -> None:
        self.power.step()
        self._require_open()
        assert recover(digest(REGISTRY, mail), signature) == mail.sender
        assert mail.id == message_id(sealed)
        if self.office.before:
            raise self.office.before.pop(0)
        self.office.posted.append(mail)
        self.office.put(mail.recipient, sealed)
        if self.office.behind:
            raise self.office.behind.pop(0)
        self.power.step()

    def fetch_mail(self, username: str, password: str, wait: int) -> list[HeldMessage]:
        self._require_open()
        if password != "password":
            raise ProviderRefused(401, "open a new session")
        box, office = self.office.box(Address(bytes.fromhex(username))), self.office
        with office.changed:
            office.waiting += 1
            office.changed.notify_all()
            if office.is_patient:
                assert office.changed.wait_for(lambda: box or self.is_cut or office.is_away, PATIENCE_S)
            office.waiting -= 1
            self._require_open()
            return [HeldMessage(id_, sealed) for id_, sealed in box.items()]

    def delete_mail(self, username: str, password: str, id_: bytes) -> None:
        self.power.step()
        self._require_open()
        with self.office.changed:
            self.office.box(Address(bytes.fromhex(username))).pop(id_, None)
            self.office.changed.notify_all()
        self.power.step()

    def cut(self) -> None:
        with self.office.changed:
            self.is_cut = True
            self.office.changed.notify_all()

    def close(self) -> None:
        pass

    def _require_open(self) -> None:
        if self.office.is_away or self.is_cut:
            raise ProviderUnreachable("no answer")


@dataclass
class Phone:
    """One account and one disk; `start` and `stop` as often as you like."""

    town: Town
    directory: Path
    account: Account = field(default_factory=Account.generate)
    blocked: set[str] = field(default_factory=set)
    machines: set[str] = field(default_factory=set)
    has_line: bool = True
    password: str = "password"
    power: Power = field(default_factory=Power)
    posted: Posted = field(default_factory=Posted)

    @property
    def number(self) -> str:
        return str(number_for(self.account.address, 0))

    @property
    def recordings(self) -> Path:
        return self.directory / "recordings"

    def open(self) -> MailWorker:
        """Without its threads."""
        self.directory.mkdir(exist_ok=True)
        self.database = MortalDatabase(self.directory / "phone.sqlite", self.power)
        self.mail = MailWorker(
            self.account,
            DEPLOYMENT,
            self.database,
            self.recordings,
            self.posted,
            self._credentials,
            home_url=self.town.office.url,
            connect=self._connect,
            entries=self.town.ledger,
            heads=self.town.ledger,
            is_blocked=lambda account, number: number in self.blocked,
            is_machine=lambda account, number: number in self.machines,
            first_pause=0.01,
            clock=lambda: self.town.now,
        )
        return self.mail

    def start(self) -> MailWorker:
        self.open().start()
        return self.mail

    def stop(self) -> None:
        self.mail.stop()
        self.database.close()

    def _connect(self, url: str) -> Any:
        return FakeApi(self.town.offices[url], self.power)

    def _credentials(self) -> SipCredentials | None:
        name = self.account.address.hex()
        return SipCredentials(self.account.address, "d", "p", name, self.password) if self.has_line else None


class Town:
    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self.ledger = FakeLedger()
        self.now = NOW
        self.offices: dict[str, PostOffice] = {}
        self.office = self.open_office()

    def open_office(self) -> PostOffice:
        office = PostOffice(f"https://127.0.0.{len(self.offices) + 1}")
        self.offices[office.url] = office
        self.ledger.services[office.account.address] = ServiceEntry(
            office.account.public_key, (1,), PROXY, (Cost(0, 1, 100),),
            details={"api": office.url, "sip": "sip:127.0.0.1:1;transport=tls", "domain": "phone.test"},
        )  # fmt: skip
        return office

    def phone(self, name: str) -> Phone:
        phone = Phone(self, self.directory / name)
        self.list(phone.account)
        return phone

    def list(self, account: Account, *offices: PostOffice) -> None:
        refs = tuple(self._agreement(account, office) for office in offices or (self.office,))
        self.ledger.entries[account.address] = ClientEntry(account.public_key, (1,), providers=refs).encode()
        number = number_for(account.address, 0)
        self.ledger.holders[KallNumber(number)] = account.address
        self.ledger.heads[account.address] = Head(number, NOW * 2, 7, 1)

    def _agreement(self, account: Account, office: PostOffice) -> ProviderRef:
        message = Agreement(office.account.address, account.address, PROXY, NOW * 2)
        signature = office.account.sign(digest(REGISTRY, message))
        return ProviderRef(office.account.address, PROXY, NOW * 2, signature)


