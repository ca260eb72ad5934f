from __future__ import annotations

from kallnet.account import Address
from kallnet.messages import Session
from kallphone.payments.answers import SessionGrant
from kallphone.payments.provider_api import ProviderApi
from kallphone.payments.signatures import Signatures


def sign_in(api: ProviderApi, client: Address, provider: Address, signatures: Signatures) -> SessionGrant:
    """A signed challenge for credentials. Raises ProviderError."""
    session = Session(client, provider, api.challenge(client))
    return api.open_session(session, signatures.session(session))
