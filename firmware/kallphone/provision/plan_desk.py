"""Whether a phone takes a plan, and what it takes of it."""

from __future__ import annotations

import dataclasses
from pathlib import Path

from kallnet.account import Account, address_to_hex
from kallnet.deployment import Deployment, load_deployment
from kallnet.errors import DeploymentInvalid
from kallphone.device.layout import Layout
from kallphone.provision.answers import Answers, answers_of
from kallphone.provision.applying import Application, check_wifi, networks_of
from kallphone.provision.config_file import layers_below, merged
from kallphone.provision.errors import PlanOlder, PlanRefused
from kallphone.provision.owner_files import DATABASE, as_owner, own_account
from kallphone.provision.plan_file import Plan, joined, own_part, read_plan
from kallphone.provision.record import Record
from kallphone.provision.sticks import LARGEST
from kallphone.storage.pin import fits, hash_of


def apply_plan(layout: Layout, device: str, name: str, content: bytes, record: Record) -> Record:
    """The record with the plan in it. Raises PlanRefused, PlanOlder, and as Application.apply does."""
    plan = wanted_plan(layout, name, content, record)
    own = own_part(name, plan, device, _account(layout), _deployment(layout, name, plan))
    document = joined(plan.common, own)
    answers = answers_of(name, document, layout.boot)
    check_wifi(name, document, networks_of(layout))
    answers = dataclasses.replace(answers, installer=plan.installer)
    if _is_said_before(answers, record, layout):
        answers = dataclasses.replace(answers, pin="")
    done = Application(layout, name, "plan", answers, record).apply()
    pin = hash_of(answers.pin) if answers.pin else record.plan_pin
    return dataclasses.replace(done.record, plan_serial=plan.serial, plan_pin=pin)


def _is_said_before(answers: Answers, record: Record, layout: Layout) -> bool:
    """Of the PIN, which the owner may have changed since; with replace = true it is meant all the same."""
    return (
        bool(answers.pin and record.plan_pin)
        and not (answers.replace and answers.words)
        and (layout.state / DATABASE).exists()
        and fits(record.plan_pin, answers.pin)
    )


def wanted_plan(layout: Layout, name: str, content: bytes, record: Record) -> Plan:
    """Of the installer whom this phone knows, and newer than the last. Raises PlanRefused, PlanOlder."""
    if len(content) > LARGEST:
        raise PlanRefused(f"{name} is larger than {LARGEST >> 20} MiB: it is no plan of phones")
    plan = read_plan(name, content)
    signer = address_to_hex(plan.installer)
    if record.installer and record.installer != signer:
        raise PlanRefused(f"{name} is signed by {signer}, and this phone's installer is {record.installer}")
    if not record.installer and layout.config.exists():
        raise PlanRefused(
            f"{name}: this phone is in use and has no installer: name {signer} as account in [installer] "
            "of kallphone.toml on its card first, if you trust it"
        )
    if plan.serial < record.plan_serial:
        raise PlanOlder(
            f"{name} has serial {plan.serial}, and this phone took {record.plan_serial}: it is older"
        )
    if plan.serial == record.plan_serial and record.plan_digest:
        raise PlanRefused(f"{name} was changed, but not its serial {plan.serial}: raise it in the plan")
    return plan


def _account(layout: Layout) -> Account | None:
    if not layout.state.exists():
        return None
    with as_owner(layout.state):
        return own_account(layout.state)


def _deployment(layout: Layout, name: str, plan: Plan) -> Deployment:
    path = merged(layers_below(layout))["ledger"].get("deployment")
    try:
        return load_deployment(Path(path or layout.share / "deployment.json"))
    except DeploymentInvalid as fault:
        if plan.parts:
            raise PlanRefused(f"{name}: this phone knows no network: {fault}") from None
        raise PlanRefused(f"{name}: {fault}") from None
