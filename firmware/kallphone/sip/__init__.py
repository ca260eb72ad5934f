from kallphone.sip.identity import Identity
from kallphone.sip.pjsip import PjSip
from kallphone.sip.settings import AudioSettings, SipError, SipSettings

__all__ = ["AudioSettings", "Identity", "PjSip", "SipError", "SipSettings"]
