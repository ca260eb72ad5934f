"""What a sealed message of the kind "voice" holds: a recording, and who left it as the machine knows."""

from dataclasses import dataclass
from typing import Any

from kallnet import plain_cbor
from kallnet.account import Address
from kallnet.errors import SealInvalid

FORMAT = 1
_OGG = b"OggS"
_MAX_TIME = 2**40 - 1
_MAX_SECONDS = 3600
_MAX_NUMBER = 32


@dataclass(frozen=True, slots=True)
class Voice:
    """`ogg` is Opus in Ogg (RFC 7845); `time` Unix seconds of its begin; `caller` None and `number` empty
    where the machine does not know them."""

    seconds: int
    time: int
    ogg: bytes
    caller: Address | None = None
    number: str = ""

    def encode(self) -> bytes:
        """ValueError for what `decode_voice` would not take."""
        if (wrong := _wrong(self)) is not None:
            raise ValueError(wrong)
        body = {0: FORMAT, 1: self.seconds, 2: self.time, 3: self.ogg, 4: self.caller, 5: self.number}
        return plain_cbor.encode({k: v for k, v in body.items() if v not in (None, "")})


def decode_voice(data: bytes) -> Voice:
    """Raises SealInvalid for anything but what Voice.encode would give."""
    try:
        body = plain_cbor.decode(data)
    except ValueError as error:
        raise SealInvalid(f"its recording: {error}") from None
    if not isinstance(body, dict) or body.get(0) != FORMAT:
        raise SealInvalid(f"its recording has not format {FORMAT}")
    voice = Voice(body.get(1, -1), body.get(2, -1), body.get(3, b""), body.get(4), body.get(5, ""))
    if (wrong := _wrong(voice)) is not None or voice.encode() != data:
        raise SealInvalid(f"its recording: {wrong or 'it is not in deterministic form'}")
    return voice


def _wrong(voice: Voice) -> str | None:
    if not _is_int(voice.seconds, _MAX_SECONDS) or not _is_int(voice.time, _MAX_TIME):
        return "its length or time is none"
    if not isinstance(voice.ogg, bytes) or not voice.ogg.startswith(_OGG):
        return "it is no Ogg"
    if voice.caller is not None and not (isinstance(voice.caller, bytes) and len(voice.caller) == 20):
        return "its caller is no account"
    if not isinstance(voice.number, str) or len(voice.number) > _MAX_NUMBER or not voice.number.isprintable():
        return "its number is none"
    return None


def _is_int(value: Any, largest: int) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= largest
