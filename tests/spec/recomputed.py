"""Every kind of vector in the specification, computed anew from what goes into it."""

from collections.abc import Callable, Mapping
from typing import Any

from kallnet import slots
from kallnet.account import Account, address_from_hex, address_to_hex
from kallnet.entries import ClientEntry, Cost, ServiceEntry, decode_client, decode_service
from kallnet.identity import fingerprint_of, sign_identity, verify_identity, with_identity
from kallnet.keccak import keccak256
from kallnet.messages import CLIENT
from kallnet.number import KallNumber, format_number, number_for, parse_number
from kallnet.quality import CallQuality
from kallnet.sealed import open_sealed, seal
from kallnet.transfers import transfer_of
from kallnet.typed import Domain, Message, digest, members, struct_hash
from kallnet.voice import Voice
from kallprovider.sessions import credentials
from tests.kallnet.samples import MESSAGES
from tests.vectors import generate

Fields = Mapping[str, str]
Computed = dict[str, str]

TYPES = {message.__name__: message for message in MESSAGES}


def recomputed(kind: str, given: Fields) -> Computed:
    if kind in TYPES:
        return _message(TYPES[kind], given)
    return _KINDS[kind](given)


def _account(given: Fields) -> Computed:
    key = keccak256(given["text"].encode())
    account = Account(key)
    return {
        "key": _hex(key),
        "public_key": _hex(account.public_key),
        "address": address_to_hex(account.address),
    }


def _number(given: Fields) -> Computed:
    number = number_for(address_from_hex(given["account"]), int(given["salt"]))
    assert parse_number(given["shown"]) == number
    return {"number": str(number), "shown": format_number(number)}


def _share(given: Fields) -> Computed:
    cost = Cost(int(given["price"]), 1, int(given["inviter_share"]))
    return {"inviter": str(cost.share("inviter")), "invitee": str(cost.share("invitee"))}


def _slots(given: Fields) -> Computed:
    client, provider = address_from_hex(given["client"]), address_from_hex(given["provider"])
    head, entry_hash = slots.record(CLIENT, client)
    return {
        "registry_head": _hex(head),
        "registry_entry_hash": _hex(entry_hash),
        "registry_holder": _hex(slots.holder(KallNumber(int(given["number"])))),
        "escrow_nonce": _hex(slots.escrow_nonce(client)),
        "escrow_channel": _hex(slots.channel(client, provider)),
        "coin_balance": _hex(slots.balance(client)),
        "coin_supply": _hex(slots.supply()),
        "coin_nonce": _hex(slots.coin_nonce(client)),
        "rating_raters": _hex(slots.rater_count(provider)),
        "rating_rater_1": _hex(slots.rater(provider, 1)),
        "rating_latest": _hex(slots.latest_rating(provider, client)),
        "spec_version_1": _hex(slots.specification(1)),
        "spec_vote_3": _hex(slots.vote(3, 1)[0]),
        "spec_interest_3": _hex(slots.interest(3, client)),
    }


def _domains(given: Fields) -> Computed:
    separators = {f"{name}_separator": _hex(d.separator()) for name, d in generate.DOMAINS.items()}
    contracts = {name: address_to_hex(d.contract) for name, d in generate.DOMAINS.items()}
    return {"chain_id": str(generate.DEPLOYMENT.chain_id), **contracts, **separators}


def _client_entry(given: Fields) -> Computed:
    entry = decode_client(_bytes(given["entry"]))
    assert entry.encode() == _bytes(given["entry"])
    return {**_common(entry), **_client_fields(entry), "hash": _hex(keccak256(entry.encode()))}


def _client_fields(entry: ClientEntry) -> Computed:
    assert entry.contact is not None
    assert entry.sealing_key is not None
    (ref,) = entry.providers
    return {
        "contact": entry.contact,
        "sealing_key": _hex(entry.sealing_key),
        "provider": address_to_hex(ref.provider),
        "service_type": ref.service_type,
        "expiry": str(ref.expiry),
        "agreement": _hex(ref.agreement),
    }


def _service_entry(given: Fields) -> Computed:
    entry = decode_service(_bytes(given["entry"]))
    assert entry.encode() == _bytes(given["entry"])
    costs = ", ".join(f"[{c.price}, {c.api_version}, {c.inviter_share}]" for c in entry.costs)
    details = {
        f"details.{key}": value if isinstance(value, str) else ", ".join(value)
        for key, value in entry.details.items()
    }
    return {
        **_common(entry),
        "service_type": entry.service_type,
        "costs": costs,
        "location": str(entry.location),
        **details,
        "hash": _hex(keccak256(entry.encode())),
    }


def _common(entry: ClientEntry | ServiceEntry) -> Computed:
    versions = ", ".join(map(str, entry.api_versions))
    return {"public_key": _hex(entry.public_key), "api_versions": versions}


def _message(type_: type[Any], given: Fields) -> Computed:
    message = type_(*(_value(kind, given[name]) for kind, name in members(type_.TYPE)))
    return _signed(generate.DOMAINS[given["domain"]], message, Account(_bytes(given["key"])))


def _transfer(given: Fields) -> Computed:
    client, provider = address_from_hex(given["from"]), address_from_hex(given["to"])
    previous, cumulative = int(given["previous"]), int(given["cumulative"])
    message = transfer_of(client, provider, previous, cumulative, int(given["validBefore"]))
    # The rule of section 14, put together by hand.
    text = b"KallPhone transfer" + client + provider + cumulative.to_bytes(32, "big")
    assert message.nonce == keccak256(text)
    return {
        "value": str(message.value),
        "validAfter": str(message.valid_after),
        "nonce": _hex(message.nonce),
        **_signed(generate.COIN, message, Account(_bytes(given["key"]))),
    }


def _identity(given: Fields) -> Computed:
    account, peer = Account(_bytes(given["key"])), address_from_hex(given["peer"])
    call_id, time = given["callId"], int(given["time"])
    description = f"v=0\r\nm=audio 9 UDP/TLS/RTP/SAVP 96\r\n{given['fingerprint_line']}\r\n"
    fingerprint = fingerprint_of(description)
    signed = sign_identity(account, generate.REGISTRY, peer, call_id, time, fingerprint)
    assert verify_identity(
        with_identity(description, signed),
        generate.REGISTRY,
        signer=account.address,
        peer=peer,
        call_id=call_id,
        now=time,
    )
    return {"fingerprint": _hex(fingerprint), "line": signed.line()}


def _credentials(given: Fields) -> Computed:
    made = credentials(given["secret"], address_from_hex(given["client"]), int(given["expires"]))
    return {"username": made.username, "password": made.password}


def _sealed(given: Fields) -> Computed:
    keys = (_bytes(given[f"{who}_key"]) for who in ("sender", "recipient", "ephemeral"))
    sender, recipient, once = (Account(key) for key in keys)
    kind, body, time = given["kind"], _bytes(given["body"]), int(given["time"])
    blob = seal(sender, generate.REGISTRY, recipient.public_key, kind, body, time, once)
    assert open_sealed(recipient, generate.REGISTRY, blob).body == body
    return {"sealed": _hex(blob), "id": _hex(keccak256(blob))}


def _voice(given: Fields) -> Computed:
    caller = address_from_hex(given["caller"])
    ogg, seconds, time = _bytes(given["ogg"]), int(given["seconds"]), int(given["time"])
    return {"body": _hex(Voice(seconds, time, ogg, caller, given["number"]).encode())}


def _quality(given: Fields) -> Computed:
    call = CallQuality(float(given["loss"]), float(given["jitter"]), float(given["delay"]), seconds=60)
    return {"R": f"{call.r_factor:.4f}", "MOS": f"{call.mos:.4f}"}


def _signed(domain: Domain, message: Message, account: Account) -> Computed:
    hash_ = digest(domain, message)
    return {
        "struct_hash": _hex(struct_hash(message)),
        "digest": _hex(hash_),
        "signature": _hex(account.sign(hash_)),
    }


def _value(kind: str, text: str) -> Any:
    if kind == "address":
        return address_from_hex(text)
    if kind.startswith("uint"):
        return int(text)
    return text if kind == "string" else _bytes(text)


def _bytes(text: str) -> bytes:
    return bytes.fromhex(text.removeprefix("0x"))


def _hex(value: bytes) -> str:
    return "0x" + value.hex()


_KINDS: dict[str, Callable[[Fields], Computed]] = {
    "account": _account,
    "number": _number,
    "share": _share,
    "slots": _slots,
    "domains": _domains,
    "client_entry": _client_entry,
    "service_entry": _service_entry,
    "transfer": _transfer,
    "identity": _identity,
    "credentials": _credentials,
    "quality": _quality,
    "sealed": _sealed,
    "voice": _voice,
}
KINDS = {*_KINDS, *TYPES}

# What goes into a vector; everything else in it has to come out.
_INPUTS: dict[str, set[str]] = {
    "account": {"text"},
    "number": {"account", "salt"},
    "share": {"price", "inviter_share"},
    "slots": {"client", "provider", "number"},
    "domains": set(),
    "client_entry": {"entry"},
    "service_entry": {"entry"},
    "transfer": {"previous", "cumulative", "domain", "from", "to", "validBefore", "key"},
    "identity": {"key", "peer", "callId", "time", "fingerprint_line"},
    "credentials": {"secret", "client", "expires"},
    "quality": {"loss", "jitter", "delay"},
    "sealed": {"sender_key", "recipient_key", "ephemeral_key", "kind", "time", "body"},
    "voice": {"seconds", "time", "ogg", "caller", "number"},
}


def inputs(kind: str) -> set[str]:
    if kind in TYPES:
        return {"domain", "key", *(name for _, name in members(TYPES[kind].TYPE))}
    return _INPUTS[kind]
