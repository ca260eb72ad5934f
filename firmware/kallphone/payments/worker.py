"""Payments on four threads of their own:

`line`     everything that may wait for the ledger or for a session: opening, refreshing, other providers
`signer`   signs and commits vouchers; waits for nothing but the disk
`courier`  delivers committed vouchers, and waits for the provider alone
`ratings`  sums what calls measured and has it put on the ledger; nobody waits for it

They share Channels and the sessions of Line, both locked. Everything else belongs to one thread.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable

from kallnet.account import Account, Address
from kallnet.deployment import Deployment, load_deployment
from kallnet.errors import KallnetError, LedgerError
from kallnet.ledger import open_ledger
from kallphone.payments.allowance import DepositAllowance
from kallphone.payments.chain import Chain
from kallphone.payments.channels import Channels
from kallphone.payments.courier import Courier
from kallphone.payments.deposits import Deposits
from kallphone.payments.errors import (
    NoOwner,
    NotAProvider,
    PaymentsError,
    ProviderRefused,
    ProviderUnreachable,
    ProviderUntrusted,
    for_people,
)
from kallphone.payments.line import Line
from kallphone.payments.memory import KnownProviders, LineMemory
from kallphone.payments.provider_api import ProviderApi
from kallphone.payments.ratings import Ratings
from kallphone.payments.registration import Registration
from kallphone.payments.settings import PaymentsSettings
from kallphone.payments.signatures import Signatures
from kallphone.payments.signer import Signer
from kallphone.payments.transfers import Transfers
from kallphone.payments.withdrawals import Withdrawals
from kallphone.phone.causes import Cause
from kallphone.phone.commands import EndPayment, RateService, SignVoucher
from kallphone.phone.events import (
    CallId,
    CreditChanged,
    LineFailed,
    LineOpened,
    LineProgressed,
    Route,
    SessionOpened,
    SessionRefused,
    Withdrawn,
)
from kallphone.ports import Post, SipCredentials
from kallphone.storage.database import Database
from kallphone.storage.errors import StorageError
from kallphone.storage.quality import QualityStore
from kallphone.storage.receipts import Charges
from kallphone.storage.settings import Settings
from kallphone.storage.transfers import TransferStore
from kallphone.storage.vouchers import VoucherStore
from kallphone.task_thread import TaskThread

log = logging.getLogger(__name__)


class PaymentsWorker:
    """The Payments port. `chain` is what reads the ledger; by default the endpoints of the settings."""

    def __init__(
        self,
        account: Account,
        settings: PaymentsSettings,
        database: Database,
        post: Post,
        *,
        deployment: Deployment | None = None,
        chain: Chain | None = None,
    ) -> None:
        deployment = deployment or load_deployment(settings.deployment)
        self._post = post
        self._tasks = TaskThread("line")
        self._signing = TaskThread("signer")
        # The newest block: nothing is lost when a reorganisation takes back what was seen of our own money.
        self._ledger = open_ledger(settings.rpc, deployment, agree=settings.agree, finality="latest")
        self._ratings_ledger = open_ledger(settings.rpc, deployment, agree=settings.agree, finality="latest")
        ratings_chain = chain or self._ratings_ledger
        chain = chain or self._ledger
        self._charges = Charges(database)
        vouchers = VoucherStore(database, deployment)
        signatures = Signatures(account, deployment)
        store = TransferStore(database, deployment, account.address)
        transfers = Transfers(account.address, store, signatures)
        channels = Channels(account.address, vouchers, transfers)

        def connect(url: str) -> ProviderApi:
            return ProviderApi(url, settings.ca_file)

        self._courier = Courier(post, connect, transfers, stop_after=settings.stop_vouchers_after)
        self._signer = Signer(
            account.address, signatures, vouchers, transfers, channels, self._courier, post
        )
        target = settings.deposit_target
        kept = Settings(database)
        allowance = DepositAllowance(kept, settings.deposit_per_day)
        self._owner = settings.owner
        self._withdrawals = Withdrawals(account.address, chain, signatures, kept, self._pause)
        self._line = Line(
            account,
            deployment,
            chain,
            home_url=settings.provider_api,
            connect=connect,
            signatures=signatures,
            registration=Registration(account, deployment, chain, signatures, self._pause),
            deposits=Deposits(
                account.address, deployment, chain, signatures, target, allowance, KnownProviders(kept),
                self._pause,
            ),
            channels=channels,
            transfers=transfers,
            memory=LineMemory(kept, deployment, account.address),
            courier=self._courier,
        )
        measured = QualityStore(database, deployment, account.address)
        self._ratings = Ratings(
            account.address, ratings_chain, measured, signatures, settings.provider_api, connect
        )
        self._publishes = settings.publish_ratings
        self._refresh_waits = threading.Event()

    def start(self) -> None:
        self._courier.start()
        self._signing.start()
        self._tasks.start()
        self._ratings.start()

    def stop(self) -> None:
        self._tasks.stop()
        self._signing.stop()
        self._courier.stop()
        self._ratings.stop()
        self._line.close()
        self._ledger.close()
        self._ratings_ledger.close()

    def open_line(self) -> None:
        self._tasks.submit(self._open_line)

    def credentials(self) -> SipCredentials | None:
        return self._line.credentials()

    def open_session(self, call: CallId, route: Route) -> None:
        try:
            credit = self._line.session_credit(Address(route.provider))
        except StorageError:
            credit = None  # the visit meets it again, and tells
        if credit is not None and credit.available >= route.price:
            self._post(SessionOpened(call, credit))
        else:
            self._tasks.submit(lambda: self._visit(call, Address(route.provider)))

    def sign_voucher(self, command: SignVoucher) -> None:
        self._signing.submit(lambda: self._signer.sign(command))

    def end_payment(self, command: EndPayment) -> None:
        # Behind the call's last voucher.
        self._signing.submit(lambda: self._end_payment(command))

    def refresh_credit(self) -> None:
        if not self._refresh_waits.is_set():
            self._refresh_waits.set()
            self._tasks.submit(self._refresh)

    def withdraw(self, amount: int) -> None:
        """So many free coins, or all where there are fewer or `amount` is 0, to the owner's account."""
        self._tasks.submit(lambda: self._withdraw(amount))

    def rate_service(self, command: RateService) -> None:
        if self._publishes:
            self._ratings.add(command)

    def send_ratings(self) -> None:
        if self._publishes:
            self._ratings.send()

    def _end_payment(self, command: EndPayment) -> None:
        self._courier.call_ended(command.call)
        try:
            self._charges.close(command.call, command.periods)
        except StorageError as error:
            log.warning("a receipt does not say its periods: %s", error)

    def _open_line(self) -> None:
        try:
            opened = self._line.open(self._progress)
        except (PaymentsError, KallnetError, StorageError) as error:
            log.warning("the line is not open: %s", error)
            self._post(LineFailed(for_people(error)))
        except Exception as error:
            log.exception("the line is not open")
            self._post(LineFailed(for_people(error)))
        else:
            self._post(opened)
            if self._line.needs_review:
                self._tasks.submit(self._review)

    def _review(self) -> None:
        self._post_change(lambda: self._line.review(self._progress))

    def _refresh(self) -> None:
        self._refresh_waits.clear()
        self._post_change(lambda: self._line.refresh(self._progress))

    def _withdraw(self, amount: int) -> None:
        try:
            sent = self._line.withdraw(self._withdrawals, self._owners_account(), amount)
        except (PaymentsError, KallnetError, StorageError) as error:
            log.warning("no withdrawal: %s", error)
            self._post(Withdrawn(0, for_people(error)))
        except Exception as error:
            log.exception("no withdrawal")
            self._post(Withdrawn(0, for_people(error)))
        else:
            self._post(Withdrawn(sent))
            self._post_change(lambda: self._line.refresh(self._progress))

    def _owners_account(self) -> Address:
        if self._owner is None:
            raise NoOwner("[money] owner of kallphone.toml is empty: the menu sends coins nowhere")
        return self._owner

    def _post_change(self, look: Callable[[], LineOpened | CreditChanged | None]) -> None:
        """The line stays as it is where this fails: the next look may do better."""
        try:
            change = look()
        except (PaymentsError, KallnetError, StorageError) as error:
            log.info("the ledger was not read: %s", error)
            return
        if change is not None:
            self._post(change)

    def _visit(self, call: CallId, provider: Address) -> None:
        try:
            credit = self._line.visit(provider, self._progress)
        except (PaymentsError, KallnetError, StorageError) as error:
            log.warning("no session for call %d: %s", call, error)
            self._post(SessionRefused(call, _cause(error)))
        except Exception:
            log.exception("no session for call %d", call)
            self._post(SessionRefused(call, Cause.FAILED))
        else:
            self._post(SessionOpened(call, credit))

    def _progress(self, words: str) -> None:
        self._post(LineProgressed(words))

    def _pause(self, seconds: float) -> None:
        if self._tasks.stopping.wait(seconds):
            raise PaymentsError("the phone is being switched off")


def _cause(error: Exception) -> Cause:
    match error:
        case LedgerError():
            return Cause.LEDGER_AWAY
        case ProviderUnreachable() | ProviderUntrusted():
            return Cause.PROVIDER_LOST
        case ProviderRefused(status=402):
            return Cause.NO_CREDIT
        case ProviderRefused(status=401 | 403):
            return Cause.NOT_ALLOWED
        case NotAProvider():
            return Cause.NO_ROUTE
        case _:
            return Cause.FAILED
