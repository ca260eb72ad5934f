"""KRYPTON's verbs on a real chain, with entries and signatures as phones and providers make them."""

from dataclasses import dataclass
from typing import Any

import pytest

from kallnet import calldata
from kallnet.abi import decode, selector
from kallnet.account import Account, Address, address_from_hex, address_to_hex
from kallnet.entries import ClientEntry, Cost, ProviderRef, ServiceEntry
from kallnet.messages import CLIENT, SERVICE, Agreement, Register, Release
from kallnet.typed import Domain, Message, digest
from tests.chain import ChainError
from tests.contracts.conftest import Deployed

pytestmark = pytest.mark.chain

USER, PROVIDER = Account(b"\x0a" * 32), Account(b"\x0b" * 32)
HOSTNAME = "proxy.krypton.live"
UUID = "05661611-4074-4b52-a1e2-8d47cd43bd02"
UUID_BYTES = bytes.fromhex(UUID.replace("-", ""))
DAY = 24 * 3600


@dataclass
class Face:
    """KRYPTON's face; the transactions are sent by a stranger."""

    deployed: Deployed

    def deploy(self, nonce: int = 0) -> None:
        message = self._register(SERVICE, PROVIDER, service_entry(), nonce)
        self._send(calldata.krypton_deploy(message, HOSTNAME, self.sign(message, PROVIDER)))

    def undeploy(self, nonce: int) -> None:
        message = Release(SERVICE, PROVIDER.address, nonce, self._deadline())
        self._send(calldata.krypton_undeploy(message, self.sign(message, PROVIDER)))

    def register(self, entry: bytes, nonce: int = 0) -> None:
        self._send(self.registration(entry, nonce))

    def registration(self, entry: bytes, nonce: int = 0) -> bytes:
        message = self._register(CLIENT, USER, entry, nonce)
        signature = self.sign(message, USER)
        return calldata.krypton_register(message, PROVIDER.address, UUID_BYTES, signature)

    def register_natively(self, entry: bytes) -> None:
        message = self._register(CLIENT, USER, entry, 0)
        registry = self.deployed.address("KallRegistry")
        self.deployed.chain.transact(registry, calldata.register(message, self.sign(message, USER)))

    def unregister(self, nonce: int) -> None:
        message = Release(CLIENT, USER.address, nonce, self._deadline())
        self._send(calldata.krypton_unregister(message, self.sign(message, USER)))

    def publish(self, entry: bytes) -> None:
        self._send(calldata.krypton_publish(CLIENT, USER.address, entry))

    def query(self, kind: str) -> str:
        answer = self._call(calldata.krypton_query(kind, USER.address))
        (text,) = decode(["string"], bytes.fromhex(answer[2:]))
        return str(text)

    def refusal(self, data: bytes) -> str:
        """The error's data as the node words it."""
        with pytest.raises(ChainError) as refused:
            self._call(data)
        return str(refused.value)

    def client_entry(self, signer: Account = PROVIDER) -> bytes:
        expiry = self.deployed.chain.time() + DAY
        signed = Agreement(PROVIDER.address, USER.address, "proxy", expiry)
        ref = ProviderRef(PROVIDER.address, "proxy", expiry, self.sign(signed, signer))
        return ClientEntry(USER.public_key, (1,), providers=(ref,), uuid=UUID_BYTES).encode()

    def sign(self, message: Message, account: Account) -> bytes:
        registry = address_from_hex(self.deployed.address("KallRegistry"))
        domain = Domain("KallRegistry", "1", self.deployed.chain.chain_id, registry)
        return account.sign(digest(domain, message))

    def _register(self, kind: int, account: Account, entry: bytes, nonce: int) -> Register:
        return Register(kind, account.address, entry, 0, nonce, self._deadline())

    def _deadline(self) -> int:
        return self.deployed.chain.time() + 600

    def _send(self, data: bytes) -> None:
        self.deployed.chain.transact(self.deployed.address("KallKrypton"), data)

    def _call(self, data: bytes) -> Any:
        call = {"to": self.deployed.address("KallKrypton"), "data": "0x" + data.hex()}
        return self.deployed.chain.rpc("eth_call", call, "latest")


@pytest.fixture
def face(deployed: Deployed) -> Face:
    return Face(deployed)


def service_entry() -> bytes:
    details = {"sip": f"sip:{HOSTNAME}:5061;transport=tls", "domain": HOSTNAME}
    return ServiceEntry(PROVIDER.public_key, (1,), "proxy", (Cost(2_500, 1, 100),), details=details).encode()


def asked(kind: str) -> bytes:
    return calldata.krypton_query(kind, USER.address)


def error(signature: str, account: Address) -> str:
    """An error's selector and, at its end, the account that it names."""
    return (selector(signature) + bytes(12) + account).hex()


def test_its_readme_from_deploy_to_undeploy(face: Face) -> None:
    face.deploy()
    face.register(face.client_entry())
    assert face.query("uuid") == UUID
    assert face.query("location") == HOSTNAME
    assert face.query("provider") == address_to_hex(PROVIDER.address)
    face.undeploy(nonce=1)
    for kind in ("uuid", "location", "provider"):
        assert error("ProviderNotDeployed(address)", PROVIDER.address) in face.refusal(asked(kind))


def test_an_unregistered_user_has_no_location(face: Face) -> None:
    face.deploy()
    face.register(face.client_entry())
    face.unregister(nonce=1)
    words = selector("NotRegistered(uint8,address)") + CLIENT.to_bytes(32, "big") + bytes(12) + USER.address
    assert words.hex() in face.refusal(asked("location"))


def test_an_agreement_of_anyone_but_the_provider_is_refused(face: Face) -> None:
    face.deploy()
    entry = face.client_entry(signer=USER)
    refused = error("NotAgreed(address,address,uint256)", PROVIDER.address)
    assert refused in face.refusal(face.registration(entry))


def test_anyone_publishes_what_the_registry_was_told(face: Face) -> None:
    face.deploy()
    entry = face.client_entry()
    face.register_natively(entry)
    words = selector("NotPublished(uint8,address)") + CLIENT.to_bytes(32, "big") + bytes(12) + USER.address
    assert words.hex() in face.refusal(asked("location"))
    face.publish(entry)
    assert face.query("location") == HOSTNAME


def test_an_agreement_ends_when_it_said(face: Face) -> None:
    face.deploy()
    face.register(face.client_entry())
    face.deployed.chain.pass_time(DAY)
    refused = error("AgreementExpired(address,address,uint256)", PROVIDER.address)
    assert refused in face.refusal(asked("location"))
