from __future__ import annotations

import logging
import time
from collections.abc import Callable

from kallnet.account import Account, Address, recover
from kallnet.errors import BadSignature, IdentityInvalid
from kallnet.identity import (
    WINDOW,
    fingerprint_of,
    identity_of,
    sign_identity,
    verify_identity,
    with_identity,
)
from kallnet.messages import CallNote
from kallnet.typed import Domain, digest

_log = logging.getLogger(__name__)

CHANGED_ON_THE_WAY = "Somebody on the way changed this call or pretends to be another. It was not connected"
_CLOCKS = (
    "This call was signed {minutes} min {when}: a clock is wrong, or somebody replays an old call. "
    "If all calls fail like this, see that the phone is on the network and its time is right"
)


class IdentityRefused(Exception):
    """A signature is there and does not hold; the words are for whoever uses the phone."""


class Identity:
    """This phone's name on what it says in a call, and the look at the far end's (network API, 12)."""

    def __init__(self, account: Account, registry: Domain, clock: Callable[[], float] = time.time) -> None:
        self._account = account
        self._registry = registry
        self._clock = clock

    def sign(self, sdp: str, peer: bytes, call_id: str) -> str:
        """The description with our line; as it was where it has no certificate to vouch for."""
        try:
            fingerprint = fingerprint_of(sdp)
        except IdentityInvalid as error:
            _log.error("Our own description can't be signed: %s", error)
            return sdp
        now = int(self._clock())
        signed = sign_identity(self._account, self._registry, Address(peer), call_id, now, fingerprint)
        return with_identity(sdp, signed)

    def check(self, sdp: str, peer: bytes, call_id: str) -> bool:
        """Whether `peer` vouches for the description, False where nobody does. Raises IdentityRefused."""
        now = int(self._clock())
        try:
            signed = verify_identity(
                sdp,
                self._registry,
                signer=Address(peer),
                peer=self._account.address,
                call_id=call_id,
                now=now,
            )
        except IdentityInvalid as error:
            _log.warning("The identity of 0x%s does not hold: %s", peer.hex(), error)
            raise IdentityRefused(_words(sdp, peer, now)) from None
        return signed is not None


    def sign_note(self, text: str, peer: bytes, call_id: str, count: int) -> bytes:
        message = CallNote(self._account.address, Address(peer), call_id, count, text)
        return self._account.sign(digest(self._registry, message))

    def check_note(self, text: str, peer: bytes, call_id: str, count: int, signature: bytes) -> bool:
        message = CallNote(Address(peer), self._account.address, call_id, count, text)
        try:
            return recover(digest(self._registry, message), signature) == peer
        except BadSignature:
            return False


class FarEnd:
    """What the far end of one call has said so far, description by description.

    A call that was once described without a signature stays unverified: the description that pjsip goes by
    may be that one.
    """

    def __init__(self, identity: Identity, peer: bytes, call_id: str) -> None:
        self._identity = identity
        self._peer = peer
        self._call_id = call_id
        self._fingerprint: bytes | None = None
        self._spoke = False
        self.verified = False

    def read(self, sdp: str) -> None:
        """Raises IdentityRefused for a description that must not be talked to."""
        fingerprint = _fingerprint(sdp)
        if self.verified and fingerprint is not None and fingerprint == self._fingerprint:
            return
        holds = self._identity.check(sdp, self._peer, self._call_id)
        if self.verified and not holds:
            raise IdentityRefused(CHANGED_ON_THE_WAY)
        self.verified = holds and (self.verified or not self._spoke)
        self._fingerprint, self._spoke = fingerprint, True

    def read_nothing(self) -> None:
        """An offer was asked of us: whatever answers it comes in an ACK, where nobody looks."""
        if self.verified:
            raise IdentityRefused(CHANGED_ON_THE_WAY)
        self._spoke = True


def _fingerprint(sdp: str) -> bytes | None:
    try:
        return fingerprint_of(sdp)
    except IdentityInvalid:
        return None


def _words(sdp: str, peer: bytes, now: int) -> str:
    try:
        signed = identity_of(sdp)
    except IdentityInvalid:
        return CHANGED_ON_THE_WAY
    if signed is None or signed.signer != peer or abs(now - signed.time) <= WINDOW:
        return CHANGED_ON_THE_WAY
    minutes = abs(now - signed.time) // 60
    return _CLOCKS.format(minutes=minutes, when="ago" if signed.time < now else "in the future")
