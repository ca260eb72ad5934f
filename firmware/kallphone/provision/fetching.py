"""A plan from the installer's address, or from a USB stick, kept for the next start."""

from __future__ import annotations

from collections.abc import Callable, Iterable

import requests

from kallphone.device.layout import Layout
from kallphone.provision.errors import PlanRefused
from kallphone.provision.plan_desk import wanted_plan
from kallphone.provision.provisioning import FETCHED, FROM_STICK, PLAN, digest
from kallphone.provision.record import read_record
from kallphone.provision.sticks import LARGEST
from kallphone.storage.files import write_private

Get = Callable[[str], bytes]
_TIMEOUT_S = 30


def fetch_plan(layout: Layout, get: Get | None = None) -> bool:
    """Whether there is a new one. Raises PlanRefused for one that this phone would not take."""
    record = read_record(layout.system)
    if not record.plan_url:
        return False
    if not record.installer:
        raise PlanRefused("no plan is fetched for a phone without an installer: give [installer] account")
    content = (get or _get)(record.plan_url)
    if digest(content) == record.plan_digest:
        return False
    wanted_plan(layout, f"{PLAN} of {record.plan_url}", content, record)
    write_private(layout.system / FETCHED, content, replace=True)
    return True


def plan_of_sticks(layout: Layout, sticks: Iterable[tuple[str, bytes]]) -> bool:
    """Whether they have a new one, by name and content. Raises PlanRefused as fetch_plan does."""
    record, kept = read_record(layout.system), layout.system / FROM_STICK
    waits = digest(kept.read_bytes() if kept.exists() else None)
    for name, content in sticks:
        if digest(content) not in (waits, record.plan_digest, *record.older):
            wanted_plan(layout, name, content, record)
            write_private(kept, content, replace=True)
            return True
    return False


def _get(url: str) -> bytes:
    try:
        with requests.get(url, timeout=_TIMEOUT_S, stream=True) as answer:
            answer.raise_for_status()
            content = bytearray()
            for piece in answer.iter_content(64 * 1024):
                content += piece
                if len(content) > LARGEST:
                    raise PlanRefused(f"{url} answers with more than {LARGEST >> 20} MiB: it is no plan")
    except requests.RequestException as fault:
        raise PlanRefused(f"{url} can't be fetched: {fault}") from None
    return bytes(content)
