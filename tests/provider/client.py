"""A client of the provider's HTTP API: what a phone says, without the phone."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import requests

from kallnet.account import Account, Address, address_from_hex, address_to_hex
from kallnet.deployment import Deployment
from kallnet.entries import ClientEntry, ProviderRef
from kallnet.ledger import Ledger
from kallnet.messages import CLIENT, Deposit, Permit, Register, Session, StartExit, Voucher, to_json
from kallnet.typed import Message, coin_domain, digest, escrow_domain, registry_domain


class ApiError(Exception):
    def __init__(self, status: int, body: dict[str, Any]) -> None:
        super().__init__(f"{status}: {body}")
        self.status = status
        self.body = body


class ApiClient:
    def __init__(
        self, url: str, authority: Path, account: Account, deployment: Deployment, ledger: Ledger
    ) -> None:
        self.url = url
        self.account = account
        self.deployment = deployment
        self.ledger = ledger
        self.http = requests.Session()
        self.http.trust_env = False
        self.http.verify = str(authority)

    @property
    def address(self) -> Address:
        return self.account.address

    @property
    def provider(self) -> Address:
        return address_from_hex(self.get("terms")["provider"])

    def close(self) -> None:
        self.http.close()

    def get(self, door: str) -> Any:
        return self._checked(self.http.get(f"{self.url}/v1/{door}", timeout=30))

    def post(self, door: str, **body: Any) -> Any:
        return self._checked(self.http.post(f"{self.url}/v1/{door}", json=body, timeout=60))

    def _checked(self, response: requests.Response) -> Any:
        if response.status_code != 200:
            raise ApiError(response.status_code, response.json())
        return response.json()

    def agree(self) -> ProviderRef:
        answer = self.post("agreement", **self._signed_challenge())
        signature = bytes.fromhex(answer["agreement"][2:])
        return ProviderRef(self.provider, answer["service_type"], answer["expiry"], signature)

    def session(self) -> Any:
        return self.post("session", **self._signed_challenge())

    def _signed_challenge(self) -> dict[str, str]:
        client = address_to_hex(self.address)
        challenge = self.post("challenge", client=client)["challenge"]
        message = Session(self.address, self.provider, bytes.fromhex(challenge[2:]))
        signature = self.account.sign(digest(registry_domain(self.deployment), message))
        return {"client": client, "challenge": challenge, "signature": "0x" + signature.hex()}

    def register(self, ref: ProviderRef) -> Any:
        entry = ClientEntry(self.account.public_key, (1,), providers=(ref,))
        nonce = self.ledger.head(CLIENT, self.address).nonce
        message = Register(CLIENT, self.address, entry.encode(), 0, nonce, self._deadline())
        signature = self.account.sign(digest(registry_domain(self.deployment), message))
        return self.relay("register", message, signature)

    def deposit(self, amount: int) -> Any:
        deadline = self._deadline()
        nonce = self.ledger.escrow_nonce(self.address)
        message = Deposit(self.address, self.provider, amount, nonce, deadline)
        permit_nonce = self.ledger.permit_nonce(self.address)
        permit = Permit(self.address, self.deployment.escrow, amount, permit_nonce, deadline)
        return self.relay(
            "deposit",
            message,
            self.account.sign(digest(escrow_domain(self.deployment), message)),
            permit_signature="0x" + self.account.sign(digest(coin_domain(self.deployment), permit)).hex(),
        )

    def start_exit(self) -> Any:
        nonce = self.ledger.escrow_nonce(self.address)
        message = StartExit(self.address, self.provider, nonce, self._deadline())
        return self.relay(
            "start_exit", message, self.account.sign(digest(escrow_domain(self.deployment), message))
        )

    def relay(self, call: str, message: Message, signature: bytes, **more: str) -> Any:
        return self.post(
            "relay", call=call, message=to_json(message), signature="0x" + signature.hex(), **more
        )

    def pay(self, cumulative: int, epoch: int = 0) -> int:
        voucher = Voucher(self.address, self.provider, epoch, cumulative)
        signature = self.account.sign(digest(escrow_domain(self.deployment), voucher))
        answer = self.post("vouchers", **to_json(voucher), signature="0x" + signature.hex())
        return int(answer["cumulative"])

    def _deadline(self) -> int:
        return self.ledger.chain_time() + 3600
