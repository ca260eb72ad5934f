from __future__ import annotations

from kallphone.bench.held import HeldPhone, HeldPhoneError

DIAL_TONE_S = 10.0


async def dial(phone: HeldPhone, other: HeldPhone) -> None:
    """What a person does who knows the number: lift, wait for the tone, press ten keys.

    Raises HeldPhoneError, its first line in words for that person.
    """
    if other.number is None:
        raise HeldPhoneError(f"{other.name} shows no number yet")
    if phone.off_hook and phone.tone != "DIAL":
        raise HeldPhoneError(f"{phone.name} has no dial tone: hang up first")
    await phone.lift()
    await phone.wait_for(lambda phone: phone.tone == "DIAL", DIAL_TONE_S, "the dial tone")
    await phone.press(other.number)
