"""Tones and bells of national networks.

After ITU-T E.180 supplement 2 ("Various tones used in national networks"), as the lists of Asterisk and of
spandsp have it, in Asterisk's notation: frequencies in Hz, a plus between two that sound together, a slash
before the milliseconds, commas between the steps, 0 for silence. A tone that is modulated there (AxB) is
given as the two side tones A-B and A+B. `recall` is the special dial tone where there is one, else the dial
tone, stuttered.
"""

from __future__ import annotations

from typing import NamedTuple


class NationalTones(NamedTuple):
    dial: str
    ringback: str
    busy: str
    reorder: str
    recall: str
    waiting: str
    bell: tuple[tuple[float, float], ...]
    """Seconds on and off."""


def _stuttered(dial: str, times: int = 3, each_ms: int = 100) -> str:
    return f"{dial}/{each_ms},0/{each_ms}," * times + dial


_ONE_FOUR = ((1.0, 4.0),)
_ONE_FIVE = ((1.0, 5.0),)
_TWO_FOUR = ((2.0, 4.0),)
_BRITISH = ((0.4, 0.2), (0.4, 2.0))

_NORTH_AMERICA = NationalTones(
    "350+440", "440+480/2000,0/4000", "480+620/500,0/500", "480+620/250,0/250",
    recall=_stuttered("350+440"), waiting="440/300,0/10000", bell=_TWO_FOUR,
)

NATIONAL_TONES: dict[str, NationalTones] = {
    "at": NationalTones(
        "420", "420/1000,0/5000", "420/400,0/400", "420/200,0/200",
        recall="380+420", waiting="420/40,0/1960", bell=_ONE_FIVE,
    ),
    "au": NationalTones(
        "413+438", "413+438/400,0/200,413+438/400,0/2000", "425/375,0/375", "425/375,0/375,420/375,0/375",
        recall="413+438/100,0/40", waiting="425/200,0/200,425/200,0/4400", bell=_BRITISH,
    ),
    "be": NationalTones(
        "425", "425/1000,0/3000", "425/500,0/500", "425/167,0/167",
        recall="425/1000,0/250", waiting="1400/175,0/175,1400/175,0/3500", bell=((1.0, 3.0),),
    ),
    "br": NationalTones(
        "425", "425/1000,0/4000", "425/250,0/250", "425/250,0/250,425/750,0/250",
        recall=_stuttered("425"), waiting="425/50,0/1000", bell=_ONE_FOUR,
    ),
    "ca": _NORTH_AMERICA,
    "ch": NationalTones(
        "425", "425/1000,0/4000", "425/500,0/500", "425/200,0/200",
        recall="340+425/1100,0/1100", waiting="425/200,0/200,425/200,0/4000", bell=_ONE_FOUR,
    ),
    "de": NationalTones(
        "425", "425/1000,0/4000", "425/480,0/480", "425/240,0/240",
        recall="400+425", waiting="425/200,0/200,425/200,0/5000", bell=_ONE_FOUR,
    ),
    "es": NationalTones(
        "425", "425/1500,0/3000", "425/200,0/200", "425/200,0/200,425/200,0/200,425/200,0/600",
        recall=_stuttered("425", each_ms=200), waiting="425/175,0/175,425/175,0/3500", bell=((1.5, 3.0),),
    ),
    "fi": NationalTones(
        "425", "425/1000,0/4000", "425/300,0/300", "425/200,0/200",
        recall="425/650,0/25", waiting="425/150,0/150,425/150,0/8000", bell=_ONE_FOUR,
    ),
    "fr": NationalTones(
        "440", "440/1500,0/3500", "440/500,0/500", "440/250,0/250",
        recall=_stuttered("440", times=6), waiting="440/300,0/10000", bell=((1.5, 3.5),),
    ),
    "gb": NationalTones(
        "350+440", "400+450/400,0/200,400+450/400,0/2000", "400/375,0/375", "400/400,0/350,400/225,0/525",
        recall="350+440/750,440/750", waiting="400/100,0/4000", bell=_BRITISH,
    ),
    "in": NationalTones(
        "375+425", "375+425/400,0/200,375+425/400,0/2000", "400/750,0/750", "400/250,0/250",
        recall=_stuttered("375+425"), waiting="400/200,0/100,400/200,0/7500", bell=_BRITISH,
    ),
    "it": NationalTones(
        "425/200,0/200,425/600,0/1000", "425/1000,0/4000", "425/500,0/500", "425/200,0/200",
        recall="470/400,425/400", waiting="425/400,0/100,425/250,0/100,425/150,0/14000", bell=_ONE_FOUR,
    ),
    "jp": NationalTones(
        "400", "384+416/1000,0/2000", "400/500,0/500", "400/500,0/500",
        recall=_stuttered("400", each_ms=200), waiting="384+416/500,0/8000", bell=((1.0, 2.0),),
    ),
    "mx": NationalTones(
        "425", "425/1000,0/4000", "425/250,0/250", "425/250,0/250",
        recall=_stuttered("425"), waiting="425/200,0/600,425/200,0/10000", bell=_TWO_FOUR,
    ),
    "nl": NationalTones(
        "425", "425/1000,0/4000", "425/500,0/500", "425/250,0/250",
        recall="425/500,0/50", waiting="425/500,0/9500", bell=_ONE_FOUR,
    ),
    "no": NationalTones(
        "425", "425/1000,0/4000", "425/500,0/500", "425/200,0/200",
        recall="470/400,425/400", waiting="425/200,0/600,425/200,0/10000", bell=_ONE_FOUR,
    ),
    "nz": NationalTones(
        "400", "400+450/400,0/200,400+450/400,0/2000", "400/500,0/500", "400/250,0/250",
        recall=_stuttered("400"), waiting="400/200,0/3000", bell=_BRITISH,
    ),
    "pl": NationalTones(
        "425", "425/1000,0/4000", "425/500,0/500", "425/500,0/500",
        recall="425/500,0/50", waiting="425/150,0/150,425/150,0/4000", bell=_ONE_FOUR,
    ),
    "pt": NationalTones(
        "425", "425/1000,0/5000", "425/500,0/500", "425/200,0/200",
        recall="425/1000,0/200", waiting="425/200,0/200,425/200,0/5000", bell=_ONE_FIVE,
    ),
    "se": NationalTones(
        "425", "425/1000,0/5000", "425/250,0/250", "425/250,0/750",
        recall="425/320,0/20", waiting="425/200,0/500,425/200,0/9100", bell=_ONE_FIVE,
    ),
    "us": _NORTH_AMERICA,
}
