from kallphone.sip.pjsip import PjSip
from kallphone.sip.settings import AudioSettings, SipError, SipSettings

__all__ = ["AudioSettings", "PjSip", "SipError", "SipSettings"]
