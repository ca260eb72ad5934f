from __future__ import annotations

from pathlib import Path

import pytest
from tests.sip.certificates import Authority, make_authority, make_server
from tests.sip.conftest import MakeAgent, answered_call, register
from tests.sip.proxy import SipProxy

pytestmark = pytest.mark.sip


def test_registers_with_the_credentials_it_was_given(make_phone: MakeAgent, proxy: SipProxy) -> None:
    phone = make_phone()
    first, second = proxy.requests("REGISTER")
    assert f"sip:{phone.name}@test" in first.get("To")
    assert f'username="9999999999:{phone.name}"' in second.get("Authorization")


def test_a_wrong_password_is_told(make_agent: MakeAgent, proxy: SipProxy) -> None:
    phone = make_agent().started()
    register(phone, proxy, password="wrong")
    assert phone.wait("SipUnregistered")["code"] == 403
    register(phone, proxy)
    phone.wait("SipRegistered")


def test_new_credentials_while_a_call_is_up(make_phone: MakeAgent, proxy: SipProxy) -> None:
    caller, callee = make_phone(), make_phone()
    incoming = answered_call(caller, callee)
    register(caller, proxy, username=f"9999999998:{caller.name}")
    caller.wait("SipRegistered")
    assert '"9999999998:' in proxy.requests("REGISTER")[-1].get("Authorization")
    callee.tell("hang_up", call=incoming)
    assert caller.wait("CallEnded")["words"] == "The far end hung up"


def test_an_authority_that_is_not_ours_is_refused(
    make_agent: MakeAgent, proxy: SipProxy, tmp_path: Path
) -> None:
    other = make_authority(tmp_path, "other")
    phone = make_agent(ca_file=other.file).started()
    register(phone, proxy)
    lost = phone.wait("SipUnregistered")
    assert lost["code"] == 0
    assert "certificate" in lost["words"]
    assert "ca_file" in lost["words"]
    assert proxy.requests("REGISTER") == []


def test_a_certificate_for_another_name_is_refused(
    make_agent: MakeAgent, authority: Authority, tmp_path: Path
) -> None:
    impostor = SipProxy(make_server(authority, tmp_path, "192.0.2.77"))
    impostor.start()
    try:
        phone = make_agent().started()
        register(phone, impostor)
        lost = phone.wait("SipUnregistered")
        assert "certificate" in lost["words"]
        assert impostor.requests("REGISTER") == []
    finally:
        impostor.stop()


def test_a_broken_connection_is_told_and_mended(make_phone: MakeAgent, proxy: SipProxy) -> None:
    phone, other = make_phone(), make_phone()
    proxy.drop_connections()
    for each in (phone, other):
        assert each.wait("SipUnregistered")["code"] == 0
        register(each, proxy)
        each.wait("SipRegistered")
    answered_call(phone, other)


def test_a_call_outlives_a_broken_connection(make_phone: MakeAgent, proxy: SipProxy) -> None:
    caller, callee = make_phone(), make_phone()
    incoming = answered_call(caller, callee)
    proxy.drop_connections()
    for each in (caller, callee):
        each.wait("SipUnregistered")
        register(each, proxy)
        each.wait("SipRegistered")
    callee.tell("hang_up", call=incoming)
    assert caller.wait("CallEnded")["words"] == "The far end hung up"


def test_a_provider_that_vanishes_silently_is_noticed_soon(make_phone: MakeAgent, proxy: SipProxy) -> None:
    make_phone()
    rows = [line.split() for line in Path("/proc/net/tcp").read_text().splitlines()[1:]]
    [timer] = [row[5] for row in rows if row[2] == f"0100007F:{proxy.port:04X}" and row[3] == "01"]
    kind, _, ticks = timer.partition(":")
    # Linux Documentation/networking/proc_net_tcp: 2 = keep-alive, in hundredths of a second.
    assert kind == "02"
    assert 0 < int(ticks, 16) <= 1500


def test_nobody_listens_at_the_proxy_s_address(make_agent: MakeAgent, proxy: SipProxy) -> None:
    phone = make_agent().started()
    proxy.stop_listening()
    register(phone, proxy)
    lost = phone.wait("SipUnregistered")
    assert lost["code"] == 0
    assert "refused" in lost["words"]


def test_a_provider_without_an_address(make_agent: MakeAgent, proxy: SipProxy) -> None:
    phone = make_agent().started()
    register(phone, proxy, uri="sip:nobody.invalid:5061;transport=tls")
    lost = phone.wait("SipUnregistered")
    assert (lost["code"], lost["words"]) == (0, "The provider's name is not found. Check the network")
    register(phone, proxy)
    phone.wait("SipRegistered")
    assert phone.count("SipUnregistered") == 1


def test_a_provider_with_no_usable_uri(make_agent: MakeAgent, proxy: SipProxy) -> None:
    phone = make_agent().started()
    register(phone, proxy, uri="not a uri")
    assert "not usable" in phone.wait("SipUnregistered")["words"]


def test_asking_twice_at_once_is_answered(make_agent: MakeAgent, proxy: SipProxy) -> None:
    phone = make_agent().started()
    register(phone, proxy)
    register(phone, proxy)
    register(phone, proxy, username=f"9999999997:{phone.name}")
    phone.wait("SipRegistered")
    assert phone.count("SipUnregistered") == 0


def test_no_authorities_no_start(make_agent: MakeAgent, tmp_path: Path) -> None:
    phone = make_agent(ca_file=tmp_path / "none.pem")
    assert "Set ca_file" in phone.wait("Failed")["words"]


def test_an_unknown_sound_card_is_named(make_agent: MakeAgent) -> None:
    phone = make_agent(audio={"device": "no such card"})
    assert "no such card" in phone.wait("Failed")["words"]


def test_stopping_waits_for_no_provider(make_phone: MakeAgent, proxy: SipProxy) -> None:
    caller, callee = make_phone(), make_phone()
    answered_call(caller, callee)
    proxy.mute = True
    caller.tell("stop")
    caller.wait("Stopped")
    assert "did not stop" not in caller.log.read_text()


def test_stopping_unregisters(make_phone: MakeAgent, proxy: SipProxy) -> None:
    phone = make_phone()
    phone.stop()
    last = proxy.requests("REGISTER")[-1]
    assert last.get("Expires") == "0"
