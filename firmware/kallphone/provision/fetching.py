"""A plan from the installer's address, kept for the next start."""

from __future__ import annotations

from collections.abc import Callable

import requests

from kallphone.device.layout import Layout
from kallphone.provision.errors import PlanRefused
from kallphone.provision.plan_desk import wanted_plan
from kallphone.provision.provisioning import FETCHED, PLAN, digest
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
