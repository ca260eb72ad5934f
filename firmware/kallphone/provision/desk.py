"""The installer's desk: checks cards, collects devices, seals plans. All answer with lines to print."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from kallnet.account import Account, address_to_hex
from kallnet.deployment import load_deployment
from kallnet.secret_file import load_account
from kallphone.phone.book import Book
from kallphone.provision.answers import answers_of
from kallphone.provision.card_text import decoded, parsed
from kallphone.provision.config_file import checked, merged
from kallphone.provision.device_file import PATTERN, Device, read_device
from kallphone.provision.errors import FileInvalid
from kallphone.provision.plan_file import Recipient, joined, sealed_plan
from kallphone.provision.scrub import secrets_in
from kallphone.storage.errors import KeyExists
from kallphone.storage.files import write_private

_TOP = {"serial", "deployment", "common", "private", "phones"}
_ABOUT = ("label", "vcards")


@dataclass(frozen=True)
class _PlanText:
    """`common` stands in clear, `private` goes into each sealed part, `phones` are tables by serial."""

    serial: int
    deployment: Path
    common: Mapping[str, Any]
    private: Mapping[str, Any]
    phones: Mapping[str, Mapping[str, Any]]


def check_card(file: Path) -> tuple[str, ...]:
    """Raises FileInvalid."""
    document = _parsed(file)
    answers = answers_of(file.name, document, file.parent)
    checked(file.name, merged([answers.config]), Path())
    return (f"{file} is good",)


def new_key(file: Path) -> tuple[str, ...]:
    account = Account.generate()
    try:
        write_private(file, f"0x{account.export_key().hex()}\n".encode(), replace=False)
    except KeyExists:
        raise FileInvalid(f"{file} exists: phones that know its account would refuse another") from None
    return (f'[installer] account = "{address_to_hex(account.address)}"',)


def collect(sources: Sequence[Path], output: Path) -> tuple[str, ...]:
    """A device that changed its key takes the place of its old file."""
    lines: list[str] = []
    output.mkdir(parents=True, exist_ok=True)
    for source in sources:
        files = sorted(source.glob(PATTERN)) if source.is_dir() else []
        if not files:
            lines.append(
                f"{source}: there is no {PATTERN}; has the phone started once with device_file = true?"
            )
        lines += [_taken(read_device(file), output) for file in files]
    return (*lines, f"devices in {output}: {len(list(output.glob(PATTERN)))}")


def seal_plan(
    plan_file: Path, devices: Path, output: Path, key: Path, now: int, *, partial: bool
) -> tuple[str, ...]:
    """Raises FileInvalid, with all that is wrong."""
    plan, installer = _plan_text(plan_file), load_account(key)
    known = {device.serial: device for device in map(read_device, sorted(devices.glob(PATTERN)))}
    missing = sorted(set(plan.phones) - set(known))
    surplus = sorted(set(known) - set(plan.phones))
    if missing and not partial:
        raise FileInvalid(
            f"without a device file: {', '.join(missing)}. Collect them, or leave them out with --partial"
        )
    phones = _recipients(plan_file, plan, known)
    try:
        content = sealed_plan(
            installer, load_deployment(plan.deployment), plan.serial, plan.common, phones, now
        )
    except ValueError as fault:
        raise FileInvalid(f"{plan_file}: {fault}") from None
    write_private(output, content, replace=True)
    lines = [f"{output}: serial {plan.serial}, phones {len(phones)}, for {address_to_hex(installer.address)}"]
    lines += [_named(plan, "missing, left out", serial) for serial in missing]
    lines += [f"surplus, not in the plan: {serial}" for serial in surplus]
    lines += [f"readable by anybody: [common.{section}] {name}; [private.{section}] is sealed"
              for section, name in secrets_in(dict(plan.common))]  # fmt: skip
    return tuple(lines)


def _taken(device: Device, output: Path) -> str:
    file = output / device.name
    was = read_device(file) if file.exists() else None
    write_private(file, device.encode(), replace=True)
    if was is None:
        return f"{device.serial}: {address_to_hex(device.account)}"
    return f"{device.serial}: {'as before' if was == device else 'has another key now'}"


def _plan_text(file: Path) -> _PlanText:
    body = _parsed(file)
    if unknown := sorted(set(body) - _TOP):
        raise FileInvalid(f"{file.name}: {unknown[0]} is not known; known are {', '.join(sorted(_TOP))}")
    serial, deployment = body.get("serial"), body.get("deployment")
    if type(serial) is not int or not 1 <= serial < 2**53:
        raise FileInvalid(
            f"{file.name}: serial must be a whole number from 1 on, larger than the last plan's"
        )
    if not isinstance(deployment, str):
        raise FileInvalid(f"{file.name}: deployment must name the network's deployment.json")
    tables = {name: body.get(name, {}) for name in ("common", "private", "phones")}
    for name, table in (*tables.items(), *((f"phones.{one}", its) for one, its in _items(tables["phones"]))):
        if not isinstance(table, dict):
            raise FileInvalid(f"{file.name}: {name} must be a table, [{name}]")
    if tables["private"] and not tables["phones"]:
        raise FileInvalid(f"{file.name}: [private] is sealed to each of [phones], and there are none")
    return _PlanText(serial, file.parent / deployment, **tables)


def _items(table: Any) -> list[tuple[str, Any]]:
    return list(table.items()) if isinstance(table, dict) else []


def _recipients(file: Path, plan: _PlanText, known: Mapping[str, Device]) -> tuple[Recipient, ...]:
    """Each phone's file is checked as the phone will."""
    faults: list[str] = []
    phones: list[Recipient] = []
    for serial, table in (plan.phones or {"": {}}).items():
        try:
            own = joined(plan.private, _own(file, serial, table))
            answers = answers_of(f"{file.name}, phone {serial}", joined(plan.common, own), file.parent)
            checked(f"{file.name}, phone {serial}", merged([answers.config]), Path())
        except FileInvalid as fault:
            faults += str(fault).splitlines()
            continue
        if serial in known:
            phones.append(Recipient(serial, known[serial].public_key, own))
    if faults:
        raise FileInvalid("\n".join(faults))
    return tuple(phones)


def _own(file: Path, serial: str, table: Mapping[str, Any]) -> dict[str, Any]:
    """A phone's table, with the contacts of its vCards in it."""
    own = {name: value for name, value in table.items() if name not in _ABOUT}
    vcards = table.get("vcards")
    if vcards is None:
        return own
    from kallphone.storage.vcards import merge

    try:
        text = (file.parent / str(vcards)).read_bytes().decode("utf-8-sig")
    except (OSError, UnicodeDecodeError) as fault:
        raise FileInvalid(f"{file.name}, phone {serial}: vcards {vcards} can't be read: {fault}") from None
    contacts = [
        {"name": one.name, "number": one.number, "favourite": one.favourite, "blocked": one.blocked,
         "key": one.key, "limit": one.limit, "ring": one.ring}
        for one in merge(Book(), text).contacts
    ]  # fmt: skip
    return {**own, "contacts": [*contacts, *own.get("contacts", [])]}


def _named(plan: _PlanText, words: str, serial: str) -> str:
    label = plan.phones[serial].get("label", "")
    return f"{words}: {serial}{f' ({label})' if label else ''}"


def _parsed(file: Path) -> dict[str, Any]:
    try:
        content = file.read_bytes()
    except OSError as fault:
        raise FileInvalid(f"{file} can't be read: {fault.strerror}") from None
    return parsed(file.name, decoded(file.name, content).text)
