"""Who is at this end of a call: a line in the session description, after RFC 8827 (clause 5).

The line has the signer, the time and the signature of a CallIdentity message. Call, peer and fingerprint are
not repeated: the reader takes them from the call itself, so that a line moved to another call, or beside
another certificate's fingerprint, does not hold.
"""

import itertools
import re
from dataclasses import dataclass

from kallnet.account import Account, Address, address_to_hex, recover
from kallnet.errors import BadSignature, IdentityInvalid
from kallnet.messages import CallIdentity
from kallnet.typed import Domain, digest

WINDOW = 300
"""Seconds that the signer's clock and the reader's may differ."""

SYSTEM = "kall1"

_OURS = re.compile(rf"a=identity:{SYSTEM}(?![0-9A-Za-z+/=])")
_LINE = re.compile(
    rf"a=identity:{SYSTEM} signer=0x([0-9a-f]{{40}})"
    r";time=(0|[1-9][0-9]{0,11});signature=0x([0-9a-f]{130})"
)
# RFC 8122, clause 5. Its examples have upper case, some browsers write lower case.
_FINGERPRINT = re.compile(
    r"a=fingerprint:sha-256 ([0-9a-f]{2}(?::[0-9a-f]{2}){31})", re.IGNORECASE | re.ASCII
)
# A reader that took one of these for the end of a line would read another description.
_OTHER_BREAKS = re.compile(r"\r(?!\n)|[\0\v\f\x1c-\x1e\x85\u2028\u2029]")


@dataclass(frozen=True, slots=True)
class SignedIdentity:
    """`time` is Unix seconds."""

    signer: Address
    time: int
    signature: bytes

    def line(self) -> str:
        """The attribute, without an end of line."""
        return (
            f"a=identity:{SYSTEM} signer=0x{self.signer.hex()};time={self.time}"
            f";signature=0x{self.signature.hex()}"
        )


def sign_identity(
    account: Account, registry: Domain, peer: Address, call_id: str, time: int, fingerprint: bytes
) -> SignedIdentity:
    message = CallIdentity(account.address, peer, call_id, time, fingerprint)
    return SignedIdentity(account.address, time, account.sign(digest(registry, message)))


def with_identity(sdp: str, identity: SignedIdentity) -> str:
    """The description with the line as the last of its session level."""
    media = re.search("^m=", sdp, re.MULTILINE)
    at = media.start() if media else len(sdp)
    return f"{sdp[:at]}{identity.line()}\r\n{sdp[at:]}"


def identity_of(sdp: str) -> SignedIdentity | None:
    """What the description's session level says; None when it says nothing of our kind.

    Raises IdentityInvalid for a line that is malformed, or that stands there twice.
    """
    session = itertools.takewhile(lambda line: not line.startswith("m="), _lines(sdp))
    lines = [line for line in session if _OURS.match(line)]
    if not lines:
        return None
    if len(lines) > 1:
        raise IdentityInvalid("the description has two identities")
    return decode_identity(lines[0])


def decode_identity(line: str) -> SignedIdentity:
    match = _LINE.fullmatch(line)
    if match is None:
        raise IdentityInvalid("the identity is malformed")
    return SignedIdentity(Address(bytes.fromhex(match[1])), int(match[2]), bytes.fromhex(match[3]))


def fingerprint_of(sdp: str) -> bytes:
    """The 32 bytes of the one SHA-256 fingerprint that all media of a description share.

    Raises IdentityInvalid when there is none, another, or one by another hash: whoever else may be at the
    other end of DTLS is not who signed.
    """
    found = set()
    for line in _lines(sdp):
        if "fingerprint" not in line.lower():
            continue
        match = _FINGERPRINT.fullmatch(line)
        if match is None:
            raise IdentityInvalid("a fingerprint is not one by SHA-256")
        found.add(bytes.fromhex(match[1].replace(":", "")))
    if len(found) != 1:
        raise IdentityInvalid(f"the description has {len(found)} fingerprints, not one")
    return found.pop()


def verify_identity(
    sdp: str, registry: Domain, *, signer: Address, peer: Address, call_id: str, now: int
) -> SignedIdentity | None:
    """None when nobody vouches for the description. Raises IdentityInvalid when it is not `signer`'s in this
    call with `peer`; `now` is Unix seconds."""
    identity = identity_of(sdp)
    if identity is None:
        return None
    if identity.signer != signer:
        raise IdentityInvalid(f"it is {address_to_hex(identity.signer)}'s, not {address_to_hex(signer)}'s")
    if abs(now - identity.time) > WINDOW:
        raise IdentityInvalid(
            f"it was signed at {identity.time}, now is {now}: it is old, or a clock is wrong"
        )
    if not call_id.isascii():
        raise IdentityInvalid("the Call-ID is not ASCII")
    message = CallIdentity(signer, peer, call_id, identity.time, fingerprint_of(sdp))
    if _signer_of(digest(registry, message), identity.signature) != signer:
        raise IdentityInvalid("the signature is not over this call, its parties and this fingerprint")
    return identity


def _signer_of(digest_: bytes, signature: bytes) -> Address:
    try:
        return recover(digest_, signature)
    except BadSignature as error:
        raise IdentityInvalid(str(error)) from None


def _lines(sdp: str) -> list[str]:
    if _OTHER_BREAKS.search(sdp):
        raise IdentityInvalid("the description has control characters")
    return sdp.replace("\r\n", "\n").split("\n")
