"""What can go wrong, and whose fault it is.

    ProviderError               words say what to do; `status` is the HTTP status that carries them
      ConfigError               the provider file: the operator's to mend
      Refused                   the client's request: 4xx, and 507
        BadRequest      400     malformed
        Unauthorized    401     challenge or signature
        PaymentNeeded   402     above the deposit
        Forbidden       403     not this provider's client
        NotFound        404     the ledger has no such thing
        Conflict        409     lower than what is held already
        Gone            410     the ledger's entry has lapsed
        TooLarge        413     more bytes than this door takes
        NotAccepted     422     the contract refuses
        TooMany         429     over the rate
        MailboxFull     507     the receiver's mailbox takes no more
      ChainAway         503     the ledger can't be reached or does not answer in time
      TransactionFailed 502     mined, and reverted
"""


from __future__ import annotations


class ProviderError(Exception):
    status = 500

    def __init__(self, words: str, **details: int | str) -> None:
        super().__init__(words)
        self.words = words
        self.details = details


class ConfigError(ProviderError):
    pass


class Refused(ProviderError):
    status = 400


class BadRequest(Refused):
    pass


class Unauthorized(Refused):
    status = 401


class PaymentNeeded(Refused):
    status = 402


class Forbidden(Refused):
    status = 403


class NotFound(Refused):
    status = 404


class Conflict(Refused):
    status = 409


class Gone(Refused):
    status = 410


class TooLarge(Refused):
    status = 413


class NotAccepted(Refused):
    status = 422


class TooMany(Refused):
    status = 429


class MailboxFull(Refused):
    status = 507


class ChainAway(ProviderError):
    status = 503


class TransactionFailed(ProviderError):
    status = 502
