"""What readers look for in a service's details, by service type. Other keys are free."""

import re
from collections.abc import Mapping
from dataclasses import dataclass

from kallnet.errors import EntryInvalid

MAX_HOST = 253  # RFC 1035, 2.3.4, without the root's dot

_LABEL = r"[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?"
_NAME = rf"{_LABEL}(?:\.{_LABEL})*"
_HOST = rf"(?:{_NAME}|\[[0-9A-Fa-f:.]+\])"
_DOOR = rf"{_HOST}(?::[0-9]{{1,5}})?"
_PARAMETER = r";[A-Za-z0-9-]+(?:=[A-Za-z0-9.:\[\]-]+)?"


@dataclass(frozen=True, slots=True)
class Form:
    """Of a text, or of each text of a list; `words` name it."""

    words: str
    pattern: re.Pattern[str]
    is_list: bool = False
    longest: int = 256

    def fits(self, value: str | list[str]) -> bool:
        if isinstance(value, list) != self.is_list:
            return False
        texts = value if isinstance(value, list) else [value]
        return bool(texts) and all(len(t) <= self.longest and self.pattern.fullmatch(t) for t in texts)


def _form(words: str, pattern: str, *, is_list: bool = False, longest: int = 256) -> Form:
    return Form(words, re.compile(pattern), is_list, longest)


_SIP = _form("a SIP URI", rf"sip:(?:[A-Za-z0-9._~+-]+@)?{_DOOR}(?:{_PARAMETER})*")
_DOMAIN = _form("a host name", _NAME, longest=MAX_HOST)
_API = _form("an HTTP URL", rf"https?://{_DOOR}(?:/[A-Za-z0-9._~/-]*)?")
_STUN = _form("a list of STUN URIs", rf"stuns?:{_DOOR}", is_list=True)
_TURN = _form("a list of TURN URIs", rf"turns?:{_DOOR}(?:\?transport=(?:udp|tcp))?", is_list=True)
_PREFIXES = _form("a list of E.164 prefixes", r"[1-9][0-9]{0,14}", is_list=True)
_RAIL = _form("the name of a rail", r"[a-z][a-z0-9-]{0,31}")

# URIs: RFC 3261 (19.1.1), RFC 7064 and RFC 7065. Digits: ITU-T E.164, without the plus sign.
KNOWN: dict[str, dict[str, Form]] = {
    "stun": {"stun": _STUN},
    "proxy": {"sip": _SIP, "domain": _DOMAIN, "turn": _TURN, "api": _API, "rail": _RAIL},
    "gateway": {"sip": _SIP, "domain": _DOMAIN, "prefixes": _PREFIXES, "api": _API},
    "machine": {"sip": _SIP, "api": _API},
}


def check_details(service_type: str, details: Mapping[str, str | list[str]]) -> None:
    """Raises EntryInvalid for a known key of this service type whose value has another form."""
    for key, form in KNOWN.get(service_type, {}).items():
        if key in details and not form.fits(details[key]):
            raise EntryInvalid(f"the detail {key} of a {service_type} is not {form.words}")
