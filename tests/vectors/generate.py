"""Writes the vectors that Python and Solidity must agree on: `python -m tests.vectors.generate`."""

import json
import sys
from dataclasses import fields
from pathlib import Path
from typing import Any

from kallnet.account import Account, Address, address_from_hex, address_to_hex
from kallnet.deployment import Deployment
from kallnet.entries import ClientEntry, Cost, ProviderRef, ServiceEntry
from kallnet.identity import sign_identity
from kallnet.keccak import keccak256
from kallnet.mail_names import RECEIPT, TEXT, VOICE, message_id
from kallnet.messages import (
    CLIENT,
    SERVICE,
    Agreement,
    Ballot,
    CallIdentity,
    Delegation,
    Deposit,
    Interest,
    Mail,
    Permit,
    Proposal,
    Rating,
    Register,
    Release,
    Sealed,
    Session,
    StartExit,
    TransferWithAuthorization,
    Voucher,
)
from kallnet.number import number_for
from kallnet.sealed import seal
from kallnet.transfers import transfer_nonce, transfer_of
from kallnet.typed import (
    Domain,
    Message,
    coin_domain,
    digest,
    escrow_domain,
    members,
    rating_domain,
    registry_domain,
    spec_domain,
    struct_hash,
)
from kallnet.voice import Voice

HERE = Path(__file__).parent

CLIENT_ACCOUNT = Account(keccak256(b"vectors: client"))
PROVIDER_ACCOUNT = Account(keccak256(b"vectors: provider"))
DEPLOYMENT = Deployment(
    chain_id=31337,
    coin=address_from_hex("0x00000000000000000000000000000000000C0111"),
    registry=address_from_hex("0x00000000000000000000000000000000000C0222"),
    escrow=address_from_hex("0x00000000000000000000000000000000000C0333"),
    rating=address_from_hex("0x00000000000000000000000000000000000C0444"),
    spec=address_from_hex("0x00000000000000000000000000000000000C0555"),
    krypton=address_from_hex("0x00000000000000000000000000000000000C0666"),
    block=1,
)
REGISTRY, ESCROW, COIN = (f(DEPLOYMENT) for f in (registry_domain, escrow_domain, coin_domain))
RATING, SPEC = rating_domain(DEPLOYMENT), spec_domain(DEPLOYMENT)
DOMAINS = {"registry": REGISTRY, "escrow": ESCROW, "coin": COIN, "rating": RATING, "spec": SPEC}

FINGERPRINT = keccak256(b"vectors: fingerprint")
OPTIONS = keccak256(b"".join(keccak256(b"vectors: proposal %d" % place) for place in range(4)))
DEADLINE = 1_900_000_000
MAX = 2**256 - 1


def numbers() -> list[dict[str, str]]:
    accounts = [CLIENT_ACCOUNT.address, PROVIDER_ACCOUNT.address, Address(bytes(20)), Address(b"\xff" * 20)]
    return [
        {"account": address_to_hex(account), "salt": str(salt), "number": str(number_for(account, salt))}
        for account in accounts
        for salt in (0, 1, 7, 15)
    ]


def digests() -> dict[str, Any]:
    domains = {"chain_id": str(DEPLOYMENT.chain_id)}
    for key, domain in DOMAINS.items():
        domains[key] = address_to_hex(domain.contract)
        domains[f"{key}_separator"] = "0x" + domain.separator().hex()
    return {"domains": domains, "vectors": [_vector(*case) for case in _signed()]}


def entries() -> list[dict[str, str]]:
    client = {"account": address_to_hex(CLIENT_ACCOUNT.address), "kind": str(CLIENT)}
    service = {"account": address_to_hex(PROVIDER_ACCOUNT.address), "kind": str(SERVICE)}
    plain = ClientEntry(public_key=CLIENT_ACCOUNT.public_key, api_versions=(1,))
    return [
        {"name": "client_plain", **client, **_encoded(plain.encode())},
        {"name": "client_krypton", **client, **_encoded(krypton_entry().encode())},
        {"name": "client_full", **client, **_encoded(client_entry().encode())},
        {"name": "service_proxy", **service, **_encoded(service_entry().encode())},
    ]


def identities() -> list[dict[str, Any]]:
    """The line of the one who calls, and that of the one who answers."""
    client, provider = CLIENT_ACCOUNT, PROVIDER_ACCOUNT
    return [_identity("caller", client, provider), _identity("callee", provider, client)]


def _identity(role: str, signer: Account, peer: Account) -> dict[str, Any]:
    certificate = keccak256(f"vectors: certificate of the {role}".encode())
    message = CallIdentity(signer.address, peer.address, "a84b4c76e66710", 1_800_000_000, certificate)
    signed = sign_identity(signer, REGISTRY, message.peer, message.call_id, message.time, message.fingerprint)
    return {
        "role": role,
        **_vector(REGISTRY, message, signer),
        "fingerprint_line": "a=fingerprint:sha-256 " + certificate.hex(":").upper(),
        "line": signed.line(),
    }


def transfers() -> list[dict[str, Any]]:
    """Transfers of one sum to the next, and the nonces that follow from it."""
    client, provider = CLIENT_ACCOUNT.address, PROVIDER_ACCOUNT.address
    sums = [(0, 2_500), (2_500, 5_000), (5_000, 7_501), (2**63 - 2, 2**63 - 1)]
    return [
        {
            "previous": str(previous),
            "cumulative": str(cumulative),
            "nonce": "0x" + transfer_nonce(client, provider, cumulative).hex(),
            **_vector(COIN, transfer_of(client, provider, previous, cumulative, DEADLINE), CLIENT_ACCOUNT),
        }
        for previous, cumulative in sums
    ]


def mail() -> dict[str, Any]:
    """Sealed messages of every kind by the client to the provider, and who hands them over."""
    text, opus = "Hallo Zoë".encode(), b"OggS" + keccak256(b"vectors: recording")
    bodies = [(TEXT, text), (TEXT, text * 40), (RECEIPT, keccak256(b"vectors: message"))]
    caller = CLIENT_ACCOUNT.address
    voice = Voice(seconds=7, time=1_800_000_000, ogg=opus, caller=caller, number=str(number_for(caller, 0)))
    bodies += [(VOICE, voice.encode()), (VOICE, Voice(0, 1_800_000_000, opus).encode())]
    sealed = [_sealed(kind, body) for kind, body in bodies]
    client, provider = CLIENT_ACCOUNT, PROVIDER_ACCOUNT.address
    signed = [Sealed(client.address, provider, kind, 1_800_000_000, body) for kind, body in bodies]
    handed = [Mail(client.address, provider, bytes.fromhex(s["id"][2:]), 1_800_000_001) for s in sealed]
    return {"sealed": sealed, "messages": [_vector(REGISTRY, m, client) for m in [*signed, *handed]]}


def _sealed(kind: str, body: bytes) -> dict[str, str]:
    ephemeral = Account(keccak256(b"vectors: ephemeral of " + keccak256(body)))
    blob = seal(
        CLIENT_ACCOUNT, REGISTRY, PROVIDER_ACCOUNT.public_key, kind, body, 1_800_000_000, ephemeral
    )
    return {
        "sender_key": "0x" + CLIENT_ACCOUNT.export_key().hex(),
        "recipient_key": "0x" + PROVIDER_ACCOUNT.export_key().hex(),
        "ephemeral_key": "0x" + ephemeral.export_key().hex(),
        "kind": kind,
        "time": "1800000000",
        "body": "0x" + body.hex(),
        "sealed": "0x" + blob.hex(),
        "id": "0x" + message_id(blob).hex(),
    }


def client_entry() -> ClientEntry:
    signed = Agreement(PROVIDER_ACCOUNT.address, CLIENT_ACCOUNT.address, "proxy", DEADLINE)
    agreement = PROVIDER_ACCOUNT.sign(digest(REGISTRY, signed))
    return ClientEntry(
        public_key=CLIENT_ACCOUNT.public_key,
        api_versions=(1, 2),
        contact="sip:zoë@example.org",
        sealing_key=keccak256(b"vectors: sealing key"),
        providers=(ProviderRef(PROVIDER_ACCOUNT.address, "proxy", DEADLINE, agreement),),
    )


def krypton_entry() -> ClientEntry:
    """What KRYPTON's `register user provider uuid` publishes."""
    (ref,) = client_entry().providers
    uuid = bytes.fromhex("f47ac10b58cc4372a5670e02b2c3d479")
    return ClientEntry(CLIENT_ACCOUNT.public_key, (1,), providers=(ref,), uuid=uuid)


def service_entry() -> ServiceEntry:
    return ServiceEntry(
        public_key=PROVIDER_ACCOUNT.public_key,
        api_versions=(1,),
        service_type="proxy",
        costs=(Cost(price=2_500, api_version=1, inviter_share=70), Cost(0, 1, 100)),
        location="Zürich",
        details={
            "sip": "sip:127.0.0.1:5061;transport=tls",
            "domain": "example.org",
            "turn": ["turn:127.0.0.1:3478", "turn:127.0.0.1:3479"],
            "api": "https://127.0.0.1:8443",
        },
    )


def _signed() -> list[tuple[Domain, Message, Account]]:
    client, provider = CLIENT_ACCOUNT.address, PROVIDER_ACCOUNT.address
    by_client: list[tuple[Domain, Message]] = [
        (REGISTRY, Register(CLIENT, client, client_entry().encode(), 3, 0, DEADLINE)),
        (REGISTRY, Register(CLIENT, client, b"\x00", 15, 2**32 - 1, MAX)),
        (REGISTRY, Release(CLIENT, client, 1, DEADLINE)),
        (REGISTRY, Session(client, provider, keccak256(b"vectors: challenge"))),
        (ESCROW, Voucher(client, provider, 0, 2_500)),
        (ESCROW, Voucher(client, provider, 2**40 - 1, MAX)),
        (ESCROW, Deposit(client, provider, 5_000_000, 0, DEADLINE)),
        (ESCROW, StartExit(client, provider, 1, DEADLINE)),
        (COIN, Permit(client, DEPLOYMENT.escrow, 5_000_000, 0, DEADLINE)),
        (COIN, TransferWithAuthorization(client, provider, 2_500, 0, DEADLINE, keccak256(b"vectors: nonce"))),
        (COIN, Delegation(client, 1, DEADLINE)),
        (REGISTRY, CallIdentity(client, provider, "a84b4c76e66710", 1_800_000_000, FINGERPRINT)),
        (RATING, Rating(client, provider, 643, 125, 12, 90, 412, 600, DEADLINE)),
        (RATING, Rating(client, provider, 2**32 - 1, 10_000, 2**16 - 1, 2**16 - 1, 500, 2**32 - 1, MAX)),
        (SPEC, Interest(client, 3, DEADLINE)),
        (SPEC, Proposal(client, 3, keccak256(b"vectors: specification"), DEADLINE)),
        (SPEC, Ballot(client, 3, OPTIONS, 0x3125, DEADLINE)),
        (SPEC, Ballot(client, 4, keccak256(b""), 1, DEADLINE)),
    ]
    by_provider: list[tuple[Domain, Message]] = [
        (REGISTRY, Register(SERVICE, provider, service_entry().encode(), 0, 0, DEADLINE)),
        (REGISTRY, Agreement(provider, client, "proxy", DEADLINE)),
        (REGISTRY, Agreement(provider, client, "", 0)),
    ]
    signed = [(domain, message, CLIENT_ACCOUNT) for domain, message in by_client]
    return signed + [(domain, message, PROVIDER_ACCOUNT) for domain, message in by_provider]


def _vector(domain: Domain, message: Message, signer: Account) -> dict[str, Any]:
    values = (getattr(message, f.name) for f in fields(message))
    named = zip(members(message.TYPE), values, strict=True)
    digest_ = digest(domain, message)
    return {
        "type": type(message).__name__,
        "domain": next(key for key, known in DOMAINS.items() if known == domain),
        "message": {name: _text(kind, value) for (kind, name), value in named},
        "struct_hash": "0x" + struct_hash(message).hex(),
        "digest": "0x" + digest_.hex(),
        "signer": address_to_hex(signer.address),
        "signature": "0x" + signer.sign(digest_).hex(),
    }


def _text(kind: str, value: Any) -> str:
    if kind == "address":
        return address_to_hex(value)
    return "0x" + value.hex() if isinstance(value, bytes) else str(value)


def _encoded(entry: bytes) -> dict[str, str]:
    return {"entry": "0x" + entry.hex(), "hash": "0x" + keccak256(entry).hex()}


def rendered() -> dict[str, str]:
    """The files' names and their text."""
    bodies = {
        "numbers.json": numbers(),
        "digests.json": digests(),
        "entries.json": entries(),
        "identities.json": identities(),
        "transfers.json": transfers(),
        "mail.json": mail(),
    }
    return {name: json.dumps(body, indent=2) + "\n" for name, body in bodies.items()}


def main() -> None:
    for name, text in rendered().items():
        (HERE / name).write_text(text)
        sys.stdout.write(f"{HERE / name}\n")


if __name__ == "__main__":
    main()
