from __future__ import annotations

from dataclasses import dataclass
from enum import Enum, auto


class ServiceCode(Enum):
    """What a code with * or # asks the phone for."""

    FORWARD_ALWAYS = auto()
    FORWARD_ALWAYS_OFF = auto()
    FORWARD_BUSY = auto()
    FORWARD_BUSY_OFF = auto()
    FORWARD_NO_ANSWER = auto()
    FORWARD_NO_ANSWER_OFF = auto()
    FORWARD_OFF = auto()
    DO_NOT_DISTURB = auto()
    DO_NOT_DISTURB_OFF = auto()
    REJECT_ANONYMOUS = auto()
    REJECT_ANONYMOUS_OFF = auto()
    CALL_BACK_WHEN_FREE = auto()
    CALL_BACK_WHEN_FREE_OFF = auto()
    CALL_LAST_CALLER = auto()
    CALL_ANONYMOUSLY = auto()
    VOICEMAIL = auto()
    ECHO_TEST = auto()
    BALANCE = auto()


@dataclass(frozen=True)
class Spelling:
    """`keys` as they are dialled; an n in them is where the number goes."""

    keys: str
    code: ServiceCode


# North America's vertical service codes with what exchanges there add to them, and the codes of ETSI's
# minimum man-machine interface (ETS 300 738) and of GSM 02.30. Where both begin with the same keys, what
# comes next tells them apart. A code that forwards waits for # behind the number, also where the number is
# known to be complete: a # pressed out of habit must not be the first key of something else.
SPELLINGS: tuple[Spelling, ...] = (
    Spelling("*72n#", ServiceCode.FORWARD_ALWAYS),
    Spelling("*21*n#", ServiceCode.FORWARD_ALWAYS),
    Spelling("**21*n#", ServiceCode.FORWARD_ALWAYS),
    Spelling("*73", ServiceCode.FORWARD_ALWAYS_OFF),
    Spelling("#21#", ServiceCode.FORWARD_ALWAYS_OFF),
    Spelling("##21#", ServiceCode.FORWARD_ALWAYS_OFF),
    Spelling("*90n#", ServiceCode.FORWARD_BUSY),
    Spelling("*67*n#", ServiceCode.FORWARD_BUSY),
    Spelling("**67*n#", ServiceCode.FORWARD_BUSY),
    Spelling("*91", ServiceCode.FORWARD_BUSY_OFF),
    Spelling("#67#", ServiceCode.FORWARD_BUSY_OFF),
    Spelling("##67#", ServiceCode.FORWARD_BUSY_OFF),
    Spelling("*92n#", ServiceCode.FORWARD_NO_ANSWER),
    Spelling("*61*n#", ServiceCode.FORWARD_NO_ANSWER),
    Spelling("**61*n#", ServiceCode.FORWARD_NO_ANSWER),
    Spelling("*93", ServiceCode.FORWARD_NO_ANSWER_OFF),
    Spelling("#61#", ServiceCode.FORWARD_NO_ANSWER_OFF),
    Spelling("##61#", ServiceCode.FORWARD_NO_ANSWER_OFF),
    Spelling("##002#", ServiceCode.FORWARD_OFF),
    Spelling("*78", ServiceCode.DO_NOT_DISTURB),
    Spelling("*26#", ServiceCode.DO_NOT_DISTURB),
    Spelling("*79", ServiceCode.DO_NOT_DISTURB_OFF),
    Spelling("#26#", ServiceCode.DO_NOT_DISTURB_OFF),
    Spelling("*77", ServiceCode.REJECT_ANONYMOUS),
    Spelling("*87", ServiceCode.REJECT_ANONYMOUS_OFF),
    Spelling("*66", ServiceCode.CALL_BACK_WHEN_FREE),
    Spelling("*37#", ServiceCode.CALL_BACK_WHEN_FREE),
    Spelling("*86", ServiceCode.CALL_BACK_WHEN_FREE_OFF),
    Spelling("#37#", ServiceCode.CALL_BACK_WHEN_FREE_OFF),
    Spelling("*69", ServiceCode.CALL_LAST_CALLER),
    Spelling("*67n", ServiceCode.CALL_ANONYMOUSLY),
    Spelling("#31#n", ServiceCode.CALL_ANONYMOUSLY),
    Spelling("*97", ServiceCode.VOICEMAIL),
    Spelling("*98", ServiceCode.VOICEMAIL),
    Spelling("*43", ServiceCode.ECHO_TEST),
    Spelling("*100#", ServiceCode.BALANCE),
)
