from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass

from kallnet.account import Address
from kallphone.payments.errors import PaymentsError, ProviderInvalid, ProviderRefused, ProviderUnreachable
from kallphone.payments.provider_api import ProviderApi
from kallphone.payments.transfers import Transfers
from kallphone.phone.events import CallId, VoucherAccepted, VoucherRefused
from kallphone.ports import Post
from kallphone.storage.transfers import SignedTransfer
from kallphone.storage.vouchers import SignedVoucher

log = logging.getLogger(__name__)

FIRST_PAUSE_S = 0.5
LONGEST_PAUSE_S = 8.0
LAST_ATTEMPTS = 8
"""For a voucher whose call is over; what fails then goes out when the line opens next."""

_STOP_S = 10.0

Connect = Callable[[str], ProviderApi]
Signed = SignedVoucher | SignedTransfer


@dataclass
class _Errand:
    signed: Signed
    call: CallId | None
    due: float
    failures: int = 0
    last_tries: int = 0


class Courier:
    """Carries vouchers to providers, on a thread of its own: of each channel only the highest.

    Where transfers pay, those below the highest go with it. While its call lives a voucher is tried again and
    again, afterwards LAST_ATTEMPTS times. With `stop_after`, vouchers beyond that many are kept back.
    """

    def __init__(
        self,
        post: Post,
        connect: Connect,
        transfers: Transfers,
        *,
        stop_after: int | None = None,
        first_pause: float = FIRST_PAUSE_S,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._post = post
        self._connect = connect
        self._transfers = transfers
        self._stop_after = stop_after
        self._first_pause = first_pause
        self._clock = clock
        self._urls: dict[Address, str] = {}
        self._apis: dict[str, ProviderApi] = {}
        self._errands: dict[tuple[Address, int], _Errand] = {}
        self._changed = threading.Condition()
        self._stopping = False
        self._delivered = 0
        self._thread = threading.Thread(target=self._run, name="courier", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        with self._changed:
            self._stopping = True
            self._changed.notify()
        if self._thread.is_alive():
            self._thread.join(_STOP_S)

    def learn(self, provider: Address, url: str) -> None:
        with self._changed:
            self._urls[provider] = url

    def deliver(self, signed: Signed, call: CallId | None) -> None:
        """`call` is whose answer is wanted; None where nobody waits for one."""
        key = (signed.provider, signed.epoch)
        with self._changed:
            waiting = self._errands.get(key)
            if waiting is None or waiting.signed.cumulative < signed.cumulative:
                self._errands[key] = _Errand(signed, call, self._clock())
                self._changed.notify()
            elif waiting.signed.cumulative == signed.cumulative and waiting.call is None:
                waiting.call = call

    def call_ended(self, call: CallId) -> None:
        with self._changed:
            for errand in self._errands.values():
                if errand.call == call:
                    errand.call = None

    def _run(self) -> None:
        try:
            while (errand := self._next()) is not None:
                self._carry(errand)
        finally:
            for api in self._apis.values():
                api.close()

    def _next(self) -> _Errand | None:
        with self._changed:
            while not self._stopping:
                errand = min(self._errands.values(), key=lambda e: e.due, default=None)
                if errand is not None and errand.due <= self._clock():
                    return errand
                self._changed.wait(None if errand is None else errand.due - self._clock())
        return None

    def _carry(self, errand: _Errand) -> None:
        if self._stop_after is not None and self._delivered >= self._stop_after:
            self._finish(errand)
            return
        try:
            self._hand_over(errand.signed)
        except ProviderRefused as refusal:
            if refusal.is_passing:
                self._try_later(errand, refusal)
            else:
                self._refused(errand, refusal.words)
        except (ProviderUnreachable, ProviderInvalid) as error:
            self._try_later(errand, error)
        except PaymentsError as error:
            self._refused(errand, str(error))
        except Exception:
            log.exception("a voucher could not be delivered")
            self._refused(errand, "the phone could not deliver it")
        else:
            self._accepted(errand)

    def _hand_over(self, signed: Signed) -> None:
        api, wanted = self._api(signed.provider), signed.cumulative
        if isinstance(signed, SignedTransfer):
            self._transfers.hand_over(api, signed)
            return
        held = api.deliver(signed.voucher, signed.signature)
        if held < wanted:
            raise ProviderInvalid(f"the provider took a voucher over {wanted} and holds {held}")

    def _api(self, provider: Address) -> ProviderApi:
        with self._changed:
            url = self._urls.get(provider)
        if url is None:
            raise PaymentsError("no session with this provider: open the line first")
        if url not in self._apis:
            self._apis[url] = self._connect(url)
        return self._apis[url]

    def _accepted(self, errand: _Errand) -> None:
        self._delivered += 1
        call = self._finish(errand)
        if call is not None:
            self._post(VoucherAccepted(call, errand.signed.cumulative))

    def _refused(self, errand: _Errand, words: str) -> None:
        log.warning("voucher over %d refused: %s", errand.signed.cumulative, words)
        call = self._finish(errand)
        if call is not None:
            self._post(VoucherRefused(call, errand.signed.cumulative, words))

    def _try_later(self, errand: _Errand, error: Exception) -> None:
        with self._changed:
            errand.failures += 1
            errand.last_tries += errand.call is None
            pause = min(LONGEST_PAUSE_S, self._first_pause * 2.0 ** min(errand.failures - 1, 10))
            errand.due = self._clock() + pause
            given_up = errand.last_tries >= LAST_ATTEMPTS
        log.info("voucher over %d waits: %s", errand.signed.cumulative, error)
        if given_up:
            self._finish(errand)

    def _finish(self, errand: _Errand) -> CallId | None:
        """Forgets the errand, unless a higher voucher has taken its place, and tells who waits."""
        key = (errand.signed.provider, errand.signed.epoch)
        with self._changed:
            if self._errands.get(key) is errand:
                del self._errands[key]
            return errand.call
