"""Why there is no new system; the words are for the phone's owner, or for whoever publishes.

UpdateError
├── Refused        tampered with, signed by nobody this phone trusts, too old, too big, of another product
│   ├── UpToDate   what is offered is what runs
│   ├── TooOld     what is offered is older than what ran here once
│   └── Misnamed   well signed, but the system is not of the build that the manifest names
├── Unreachable    nothing can be fetched now; later it may
├── CardTrouble    the card, or what is on it, can't be read or written as it must
├── Postponed      all is well, and now is not the time
└── PublishError   a key or a release can't be made of what was given
"""

from __future__ import annotations


class UpdateError(Exception):
    pass


class Refused(UpdateError):
    pass


class UpToDate(Refused):
    pass


class TooOld(Refused):
    pass


class Misnamed(Refused):
    pass


class Unreachable(UpdateError):
    pass


class CardTrouble(UpdateError):
    pass


class Postponed(UpdateError):
    pass


class PublishError(UpdateError):
    pass
