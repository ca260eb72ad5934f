"""One file for many phones: a part that all may read, and a sealed one for each phone's own key.

JSON, signed by the installer as a whole, so that no part is left out, doubled or put beside another plan. The
sealed parts are messages of `kallnet.sealed`, each with the plan's serial and the phone's inside.
"""

from __future__ import annotations

import base64
import json
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from kallnet.account import Account, Address, address_from_hex, address_to_hex, recover
from kallnet.deployment import Deployment
from kallnet.errors import AddressInvalid, BadSignature, SealInvalid
from kallnet.keccak import keccak256
from kallnet.sealed import open_sealed, seal
from kallnet.typed import registry_domain
from kallphone.provision.errors import PlanRefused
from kallphone.provision.toml_text import written

FORMAT = 1
KIND = "provision"
_CONTEXT = b"KallPhone plan 1\n"
_FIELDS = {"format", "serial", "chain_id", "registry", "installer", "common", "parts", "signature"}
_PLAN = "plan"


@dataclass(frozen=True)
class Recipient:
    """A phone of the plan: its device's serial, its account's public key, and what is for it alone."""

    serial: str
    public_key: bytes
    document: Mapping[str, Any]


@dataclass(frozen=True)
class Plan:
    """As signed by `installer`. `serial` rises from plan to plan; `parts` are sealed, by phone."""

    serial: int
    installer: Address
    chain_id: int
    registry: Address
    common: Mapping[str, Any]
    parts: Mapping[str, bytes]


def sealed_plan(
    installer: Account,
    deployment: Deployment,
    serial: int,
    common: Mapping[str, Any],
    phones: tuple[Recipient, ...],
    time: int,
) -> bytes:
    """ValueError where a part is too long or a key is none."""
    domain = registry_domain(deployment)
    parts = {
        phone.serial: seal(installer, domain, phone.public_key, KIND, _part(serial, phone), time)
        for phone in phones
    }
    body: dict[str, Any] = {
        "format": FORMAT,
        "serial": serial,
        "chain_id": deployment.chain_id,
        "registry": address_to_hex(deployment.registry),
        "installer": address_to_hex(installer.address),
        "common": written(common),
        "parts": {name: base64.b64encode(part).decode() for name, part in parts.items()},
    }
    signature = "0x" + installer.sign(_digest(body)).hex()
    return (json.dumps({**body, "signature": signature}, indent=1) + "\n").encode()


def read_plan(name: str, content: bytes) -> Plan:
    """Raises PlanRefused for anything that its installer did not sign like this."""
    try:
        body = json.loads(content)
        if not isinstance(body, dict) or set(body) != _FIELDS or body["format"] != FORMAT:
            raise ValueError("fields")  # noqa: TRY301
        plan = _plan(body)
        signer = recover(_digest(body), bytes.fromhex(body.pop("signature").removeprefix("0x")))
    except BadSignature:
        raise PlanRefused(
            f"{name} was changed after it was signed: copy it anew from the installer"
        ) from None
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError, AddressInvalid):
        raise PlanRefused(f"{name} is no plan of phones, or only a piece of one: copy it anew") from None
    if signer != plan.installer:
        raise PlanRefused(f"{name} was changed after it was signed: copy it anew from the installer")
    return plan


def own_part(
    name: str, plan: Plan, device: str, account: Account | None, deployment: Deployment
) -> Mapping[str, Any]:
    """What the plan has for this phone alone; nothing where it isn't in it. Raises PlanRefused."""
    blob = plan.parts.get(device)
    if blob is None:
        return {}
    if (plan.chain_id, plan.registry) != (deployment.chain_id, deployment.registry):
        raise PlanRefused(f"{name} is for phones of another network than this one")
    if account is None:
        raise PlanRefused(
            f"{name} has a part for this phone's key, and this phone has no key: collect it anew"
        )
    try:
        opened = open_sealed(account, registry_domain(deployment), blob)
        document = tomllib.loads(opened.body.decode())
    except (SealInvalid, UnicodeDecodeError, tomllib.TOMLDecodeError):
        raise PlanRefused(
            f"{name} has a part for phone {device}, but not for its key: collect its device file anew"
        ) from None
    bound = document.pop(_PLAN, None)
    if (opened.sender, opened.kind, bound) != (
        plan.installer,
        KIND,
        {"serial": plan.serial, "device": device},
    ):
        raise PlanRefused(f"{name} has a part that was taken from another plan or phone")
    return document


def joined(common: Mapping[str, Any], own: Mapping[str, Any]) -> dict[str, Any]:
    """Tables key by key, the phone's own last; lists one after the other."""
    whole = dict(common)
    for name, value in own.items():
        before = whole.get(name)
        if isinstance(before, Mapping) and isinstance(value, Mapping):
            whole[name] = joined(before, value)
        elif name == "contacts" and isinstance(before, list) and isinstance(value, list):
            whole[name] = [*before, *value]
        else:
            whole[name] = value
    return whole


def _part(serial: int, phone: Recipient) -> bytes:
    return written({**phone.document, _PLAN: {"serial": serial, "device": phone.serial}}).encode()


def _plan(body: Mapping[str, Any]) -> Plan:
    serial, parts = body["serial"], body["parts"]
    if type(serial) is not int or serial < 1 or not isinstance(parts, dict):
        raise ValueError("serial or parts")
    return Plan(
        serial=serial,
        installer=address_from_hex(body["installer"]),
        chain_id=int(body["chain_id"]),
        registry=address_from_hex(body["registry"]),
        common=tomllib.loads(body["common"]),
        parts={str(name): base64.b64decode(part, validate=True) for name, part in parts.items()},
    )


def _digest(body: Mapping[str, Any]) -> bytes:
    signed = {name: value for name, value in body.items() if name != "signature"}
    return keccak256(_CONTEXT + json.dumps(signed, sort_keys=True, separators=(",", ":")).encode())
