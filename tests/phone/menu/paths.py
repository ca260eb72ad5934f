"""How each page is reached by keys. Run as a module, it records what they look like."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from kallphone.phone.events import CallId
from kallphone.phone.menu.call import CALL
from kallphone.phone.settings import Settings
from kallphone.phone.states import InCall, Lock, Page
from tests.phone.menu.hand import ANNA, BERT, HOME, Hand, drawn, furnished

GOLDEN = Path(__file__).with_name("golden.txt")

PATHS: dict[str, str] = {
    "main": "",
    "calls": "1",
    "call made": "11",
    "contacts": "2",
    "new number": "2#",
    "contact": "22#",
    "change contact": "22#8",
    "change name": "22#81",
    "change number": "22#82",
    "speed dial": "22#2",
    "contact ring": "22#7",
    "contact limit": "22#6",
    "delete contact": "22#9",
    "messages": "3",
    "message": "32",
    "message actions": "32#",
    "to whom": "31",
    "to number": "31#",
    "write": "3126#",
    "voicemail": "4",
    "recording": "41",
    "call back": "411",
    "new name": "414",
    "voicemail service": "42",
    "wallet": "5",
    "top up": "51",
    "balance": "52",
    "receipts": "53",
    "limits": "54",
    "call limit": "541",
    "day limit": "542",
    "ask above": "544",
    "withdraw": "55",
    "withdrawing": "55#",
    "backup": "56",
    "restore": "57",
    "rules": "6",
    "forward always": "62",
    "forward busy": "63",
    "forward no answer": "64",
    "forward after": "65",
    "who may ring": "66",
    "voicemail number": "68",
    "sound": "7",
    "level": "71",
    "ring": "76",
    "display": "8",
    "language": "81",
    "hotline": "88",
    "hotline number": "881",
    "hotline delay": "882",
    "help": "89",
    "phone": "9",
    "card": "91",
    "country": "92",
    "line": "93",
    "pin settings": "94",
    "new pin": "941",
    "repeat pin": "9411234#",
    "pin set": "9411234#1234#",
    "test call": "96",
    "account": "97",
    "device": "98",
    "self-test": "981",
    "network": "982",
    "update": "983",
    "diagnostics": "984",
    "device asked": "984#",
    "about": "985",
    "erase": "986",
}


def reached(name: str, *, large: bool = False) -> Hand:
    """A hand that has just opened that page."""
    hand = Hand(furnished(Settings(voicemail="3334445556", echo_test="3334445557", large_text=large)))
    match name:
        case "message sent":
            return hand.open("3126#").type("Yes").press("##", after=0.1)
        case "backup words":
            return hand.open("56#").words_read()
        case "backup check":
            return hand.open("56#").words_read().press("####")
        case "backup done":
            hand.open("56#").words_read().press("####")
            for _ in range(3):
                hand.type(hand.asked_word()).press("#")
            return hand
        case "pin":
            hand.phone = replace(hand.phone, settings=replace(hand.phone.settings, has_pin=True))
            return hand.open("6")
        case "no device":
            hand.phone = replace(hand.phone, device=None)
            return hand.open("981")
        case "locked":
            hand.phone = replace(hand.phone, lock=Lock(locked=True))
            return hand.open()
        case "call":
            mode = InCall(CallId(1), True, b"", ANNA, HOME, 25_000, 0.0, 65.0)
            aside = replace(mode, call=CallId(3), number=BERT)
            hand.phone = replace(hand.phone, mode=mode, aside=(aside,), pages=(Page(CALL, since=hand.now),))
            return hand
        case _:
            return hand.open(PATHS[name])


SPECIAL = (
    "no device", "message sent", "backup words", "backup check", "backup done", "pin", "locked", "call",
)  # fmt: skip
ALL = (*PATHS, *SPECIAL)


def recorded(name: str) -> str:
    """Both sizes of letters, each row as a person sees it."""
    shown = "\n\n".join(drawn(reached(name, large=large).screen()) for large in (False, True))
    return f"== {name}\n{shown}\n"


if __name__ == "__main__":
    GOLDEN.write_text("\n".join(recorded(name) for name in ALL))
