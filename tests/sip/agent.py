"""One phone's SIP side in its own process: JSON lines in, the adapter's events as JSON lines out."""

from __future__ import annotations

import dataclasses
import gc
import json
import logging
import os
import resource
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any, TextIO

from kallnet.account import Account, Address
from kallnet.typed import Domain
from kallphone.phone.events import CallId, CallTold, Event
from kallphone.phone.sound import Sound
from kallphone.phone.tones import Tone
from kallphone.ports import SipCredentials
from kallphone.sip import AudioSettings, Identity, PjSip, SipError, SipSettings
from kallphone.sip.notes import decode_note, encode_note

if TYPE_CHECKING:
    import pjsua2 as pj

    from kallphone.sip.endpoint import SipEndpoint

REGISTRY = Domain("KallRegistry", "1", 31337, Address(b"\x11" * 20))


def main() -> None:
    # A pj.Call that is left to the collector hangs up another's call when it is collected.
    gc.disable()
    events = _private_stdout()
    logging.basicConfig(level=logging.DEBUG, stream=sys.stderr, format="%(relativeCreated)d %(message)s")
    settings = json.loads(sys.stdin.readline())
    identity = _identity(settings)
    phone = PjSip(_settings(settings), lambda event: _say(events, _as_json(event)), identity)
    _tap_digits(events)
    try:
        phone.start()
    except SipError as error:
        _say(events, {"event": "Failed", "words": str(error)})
        return
    _say(events, {"event": "Started"})
    for line in sys.stdin:
        command = json.loads(line)
        if command["do"] == "stop":
            break
        if command["do"] == "usage":
            _say(events, _usage())
        elif command["do"] == "offer":
            _offer(phone, **command)
        else:
            _obey(phone, **command)
    phone.stop()
    _say(events, {"event": "Stopped"})


def _identity(given: dict[str, Any]) -> Identity:
    """`clock_off` seconds; `mute` signs nothing, as phones of other makers may."""
    ahead, mute = given.pop("clock_off", 0), given.pop("mute", False)
    account = Account(bytes.fromhex(given.pop("key")))
    return (Mute if mute else Identity)(account, REGISTRY, lambda: time.time() + ahead)


class Mute(Identity):
    def sign(self, sdp: str, peer: bytes, call_id: str) -> str:
        return sdp


def _settings(given: dict[str, Any]) -> SipSettings:
    audio = given.pop("audio", {})
    for name in ("speak", "record"):
        if audio.get(name):
            audio[name] = Path(audio[name])
    return SipSettings(ca_file=Path(given.pop("ca_file")), audio=AudioSettings(**audio), **given)


def _obey(phone: PjSip, do: str, **given: Any) -> None:
    if do == "register":
        given["account"] = bytes.fromhex(given["account"])
        phone.register(SipCredentials(**given))
    elif do == "hear":
        phone.hear(_sound(**given))
    elif do == "probe":
        phone.probe(given["number"], given["uri"])
    elif do == "use_device":
        phone.use_device(given["name"])
    elif do == "tell":
        phone.tell(CallId(given["call"]), decode_note(json.dumps(given["note"])))
    else:
        call = CallId(given.pop("call"))
        getattr(phone, do)(call, *given.values())


def _offer(phone: PjSip, do: str, call: int, method: str) -> None:
    """The phone makes no offers within a call; sessions that are refreshed, and browsers, do."""
    from kallphone.sip.params import call_options

    def offer(endpoint: SipEndpoint) -> None:
        own = endpoint._calls[CallId(call)]
        offers = {
            "INVITE": lambda: own.reinvite(call_options()),
            "UPDATE": lambda: own.update(call_options()),
            "HOLD": lambda: own.setHold(call_options()),
            "UNHOLD": lambda: own.reinvite(_unhold()),
        }
        offers[method]()

    phone._commands.put(offer)


def _unhold() -> pj.CallOpParam:
    import pjsua2 as pj

    from kallphone.sip.params import call_options

    options = call_options()
    options.opt.flag = pj.PJSUA_CALL_UNHOLD
    return options


def _sound(call: int = 0, tone: str = "", **given: Any) -> Sound:
    for name in ("calls", "held"):
        given[name] = tuple(CallId(number) for number in given.get(name, ()))
    if call:
        given["calls"] = (CallId(call),)
    return Sound(Tone[tone] if tone else None, **given)


def _as_json(event: Event) -> dict[str, Any]:
    if isinstance(event, CallTold):
        return {"event": "CallTold", "call": event.call, "note": json.loads(encode_note(event.note))}
    fields = dataclasses.asdict(event)
    texts = {name: value.hex() if isinstance(value, bytes) else value for name, value in fields.items()}
    return {"event": type(event).__name__, **texts}


def _usage() -> dict[str, Any]:
    from kallphone.sip.call import PhoneCall

    own = resource.getrusage(resource.RUSAGE_SELF)
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    handles = len(list(Path("/proc/self/fd").iterdir()))
    rss = pages * resource.getpagesize()
    calls = sum(isinstance(each, PhoneCall) for each in gc.get_objects())
    cpu = own.ru_utime + own.ru_stime
    return {"event": "Usage", "cpu": cpu, "rss": rss, "handles": handles, "calls": calls}


def _tap_digits(events: TextIO) -> None:
    """The phone has no use for received digits; the test sees them arrive."""
    from kallphone.sip.call import PhoneCall

    def heard(self: PhoneCall, prm: Any) -> None:
        _say(events, {"event": "Digit", "call": self.number, "key": prm.digit})

    PhoneCall.onDtmfDigit = heard


def _private_stdout() -> TextIO:
    """pjlib greets on stdout before it can be told not to."""
    private = os.fdopen(os.dup(1), "w", buffering=1)
    os.dup2(2, 1)
    return private


def _say(events: TextIO, what: dict[str, Any]) -> None:
    events.write(json.dumps(what) + "\n")


if __name__ == "__main__":
    main()
