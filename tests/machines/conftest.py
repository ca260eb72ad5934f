from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from kallnet.account import Account
from tests.machines.samples import MACHINE
from tests.sip.certificates import Authority
from tests.sip.conftest import authority, make_agent, make_phone, proxy
from tests.sip.driver import Agent
from tests.sip.proxy import SipProxy

__all__ = ["authority", "make_agent", "make_machine", "make_phone", "proxy"]


class Machine(Agent):
    program = "tests.machines.machine"


@pytest.fixture
def callee() -> Account:
    return Account.generate()


MakeMachine = Callable[..., Machine]


@pytest.fixture
def make_machine(
    authority: Authority,
    proxy: SipProxy,
    tmp_path: Path,
    callee: Account,
) -> Iterator[MakeMachine]:
    """A machine that is registered at the proxy; `kind` is echo or voicemail."""
    made: list[Machine] = []

    def make(kind: str, **settings: Any) -> Machine:
        user = f"9999999999:0x{MACHINE.address.hex()}"
        proxy.passwords[user] = "pw"
        machine = Machine(
            MACHINE,
            authority.file,
            tmp_path / f"machine{len(made)}.log",
            kind=kind,
            callee=callee.export_key().hex(),
            state=str(tmp_path / "state"),
            posted=str(tmp_path / "posted"),
            line={"domain": "test", "proxy": proxy.uri, "username": user, "password": "pw"},
            **settings,
        )
        made.append(machine)
        machine.wait("SipRegistered")
        return machine

    yield make
    for machine in made:
        machine.stop()
