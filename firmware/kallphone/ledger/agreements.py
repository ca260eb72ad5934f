from __future__ import annotations

import json
from contextlib import closing
from pathlib import Path
from typing import Any

from kallnet.account import Account, Address, address_to_hex
from kallnet.deployment import Deployment
from kallnet.entries import PROXY, ProviderRef, ServiceEntry, verify_agreement
from kallnet.errors import BadSignature, EntryInvalid, KallnetError
from kallnet.messages import Agreement, from_json, to_json
from kallnet.typed import digest, registry_domain
from kallphone.ledger.errors import NoAgreement
from kallphone.payments.provider_api import ProviderApi
from kallphone.payments.registration import ask_agreement
from kallphone.payments.signatures import Signatures


class Agreements:
    """Providers' words for clients: a folder of small files, and the providers' own doors."""

    def __init__(self, folder: Path, deployment: Deployment, ca_file: Path | None) -> None:
        self._folder = folder
        self._deployment = deployment
        self._ca_file = ca_file
        self._domain = registry_domain(deployment)

    def path(self, provider: Address, client: Address) -> Path:
        return self._folder / f"0x{provider.hex()}-0x{client.hex()}.json"

    def write(self, provider: Account, message: Agreement) -> Path:
        body = {**to_json(message), "agreement": "0x" + provider.sign(digest(self._domain, message)).hex()}
        path = self.path(message.provider, message.client)
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
            path.write_text(json.dumps(body, indent=2) + "\n", encoding="ascii")
        except OSError as error:
            raise NoAgreement(f"{path} can't be written: {error.strerror}") from None
        return path

    def find(self, client: Account, provider: Address, service: ServiceEntry, now: int) -> ProviderRef:
        """From the folder, else from the provider's API. Raises NoAgreement or the API's ProviderError."""
        path = self.path(provider, client.address)
        api = service.details.get("api")
        if path.exists():
            return self._verified(_read(path), client.address, provider, now, str(path))
        if isinstance(api, str):
            return self._verified(self._ask(api, client, provider), client.address, provider, now, api)
        raise NoAgreement(
            f"{address_to_hex(provider)} has no API and {path} is not there: {_advice(client.address)}"
        )

    def _ask(self, api: str, client: Account, provider: Address) -> ProviderRef:
        with closing(ProviderApi(api, self._ca_file)) as door:
            return ask_agreement(door, Signatures(client, self._deployment), client.address, provider)

    def _verified(
        self, ref: ProviderRef, client: Address, provider: Address, now: int, source: str
    ) -> ProviderRef:
        try:
            _check_subject(ref, provider)
            verify_agreement(ref, client, self._domain, now)
        except (EntryInvalid, BadSignature) as error:
            raise NoAgreement(f"{source}: {error}: {_advice(client)}") from None
        return ref


def _check_subject(ref: ProviderRef, provider: Address) -> None:
    if ref.provider != provider:
        raise EntryInvalid(f"it is of {address_to_hex(ref.provider)}")
    if ref.service_type != PROXY:
        raise EntryInvalid(f"it is for a {ref.service_type}, not for a {PROXY}")


def _read(path: Path) -> ProviderRef:
    try:
        body: Any = json.loads(path.read_text(encoding="ascii"))
        signature = bytes.fromhex(body.pop("agreement").removeprefix("0x"))
        message = from_json(Agreement, body)
        return ProviderRef(message.provider, message.service_type, message.expiry, signature)
    except (OSError, ValueError, TypeError, KeyError, AttributeError, KallnetError) as error:
        raise NoAgreement(f"{path} is no agreement ({error}): move it away or get it again") from None


def _advice(client: Address) -> str:
    return f"ask the provider for its agreement: kallphone ledger agree {address_to_hex(client)}"
