from __future__ import annotations

import shutil
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from kallphone.setup.network import JoinRefused, NetworkError
from kallphone.setup.states import Credentials, Found, LinkFound, Security, Trouble
from kallphone.setup.wpa import Supplicant, parsed, security_of, unescaped
from kallphone.setup.wpa_network import WpaNetwork
from tests.setup.supplicant import SCAN, FakeSupplicant

HOME = Credentials(b"Home", Security.EITHER, "kall1234")
OLD = {"ssid": b"Home".hex(), "psk": '"gone"'}
ELSEWHERE = {"ssid": b"Elsewhere".hex(), "psk": '"not here"'}


class Clock:
    """Jumps over what nobody wants to wait for: time passes by looking at it."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        self.now += 0.05
        return self.now

    def pause(self, seconds: float) -> None:
        self.now += seconds


@pytest.fixture
def fake(tmp_path: Path) -> Iterator[FakeSupplicant]:
    with FakeSupplicant(tmp_path / "wlan0") as supplicant:
        supplicant.blocks = {1: dict(OLD), 2: dict(ELSEWHERE)}
        yield supplicant


def network(fake: FakeSupplicant, address: str = "192.168.1.7") -> WpaNetwork:
    clock = Clock()
    folder = fake.path.parent
    return WpaNetwork(
        folder, fake.path, folder / "net", clock=clock, pause=clock.pause, address=lambda _interface: address
    )


def test_scan_results_are_read_as_they_are_printed():
    assert parsed(SCAN) == (
        Found(b"Home", -48, Security.EITHER),
        Found('Café "1"'.encode(), -71, Security.OPEN),
        Found(b"Safe", -80, Security.WPA3),
    )


@pytest.mark.parametrize(
    ("printed", "name"),
    [
        ("plain", b"plain"),
        (r"\xc3\xa9", "é".encode()),
        (r"a\\x41", rb"a\x41"),
        (r"\"q\"", b'"q"'),
        (r"\e\n\r\t", b"\x1b\n\r\t"),
        (r"tail\\", b"tail\\"),
        (r"\xff\x00", b"\xff\x00"),
    ],
)
def test_a_name_is_taken_back_to_its_bytes(printed: str, name: bytes):
    assert unescaped(printed) == name


@pytest.mark.parametrize(
    ("flags", "security"),
    [
        ("[WPA-PSK-TKIP][WPA2-PSK-CCMP][WPS][ESS]", Security.WPA2),
        ("[WPA2-PSK+PSK-SHA256+SAE-CCMP][ESS]", Security.EITHER),
        ("[RSN-SAE-CCMP][SAE-H2E][ESS]", Security.WPA3),
        ("[WPS][ESS]", Security.OPEN),
        ("[WPA2-EAP-CCMP][ESS]", None),
        ("[WPA2-PSK-CCMP][IBSS]", None),
    ],
)
def test_how_a_network_is_entered(flags: str, security: Security | None):
    assert security_of(flags) is security


def test_a_search_gives_what_is_in_reach(fake: FakeSupplicant):
    assert [one.name for one in network(fake).search()] == ["Home", 'Café "1"', "Safe"]


def test_a_network_that_is_joined_is_kept_and_takes_the_place_of_its_older_self(fake: FakeSupplicant):
    network(fake).join(HOME, "de")
    assert fake.saved is not None
    kept = {block["ssid"]: block for block in fake.saved.values()}
    assert set(kept) == {b"Home".hex(), b"Elsewhere".hex()}
    assert kept[b"Home".hex()] == {
        "ssid": b"Home".hex(),
        "key_mgmt": "WPA-PSK WPA-PSK-SHA256 SAE",
        "ieee80211w": "1",
        "psk": '"kall1234"',
    }
    assert "SET country DE" in fake.heard


def test_a_wrong_password_is_known_at_once_and_nothing_is_changed(fake: FakeSupplicant):
    with pytest.raises(JoinRefused) as refused:
        network(fake).join(Credentials(b"Home", Security.WPA2, "kall1235"), "de")
    assert refused.value.trouble is Trouble.PASSWORD
    assert fake.blocks == {1: OLD, 2: ELSEWHERE}
    assert fake.disabled == set()
    assert fake.saved is None


def test_a_network_that_is_not_there_and_one_without_addresses(fake: FakeSupplicant):
    with pytest.raises(JoinRefused) as refused:
        network(fake).join(Credentials(b"Nowhere", Security.OPEN, hidden=True), "de")
    assert refused.value.trouble is Trouble.ABSENT
    with pytest.raises(JoinRefused) as refused:
        network(fake, address="").join(HOME, "de")
    assert refused.value.trouble is Trouble.ADDRESS
    assert fake.blocks == {1: OLD, 2: ELSEWHERE}


def test_errors_name_no_password(fake: FakeSupplicant):
    fake.refuses = "SET_NETWORK 11 psk"
    with pytest.raises(NetworkError) as refused:
        network(fake).join(HOME, "de")
    assert "kall1234" not in str(refused.value)
    assert "psk" in str(refused.value)
    assert fake.blocks == {1: OLD, 2: ELSEWHERE}


def test_the_hotspot_is_opened_counted_and_leaves_nothing_behind(fake: FakeSupplicant):
    radio = network(fake)
    radio.open_hotspot("KallPhone-k7xq", "m4vhxq7rpw2k", "de")
    assert fake.blocks[11]["mode"] == "2"
    assert fake.blocks[11]["proto"] == "RSN"
    assert radio.visitors() == 0
    fake.stations = 1
    assert radio.visitors() == 1
    radio.close_hotspot()
    assert fake.blocks == {1: OLD, 2: ELSEWHERE}
    assert "SAVE_CONFIG" not in fake.heard


def test_the_link_is_a_cable_or_a_wifi_with_an_address(fake: FakeSupplicant):
    wired = fake.path.parent / "net" / "eth0"
    wired.mkdir(parents=True)
    assert network(fake).link() == LinkFound(False, "Café")
    (wired / "carrier").write_text("1\n")
    assert network(fake, address="").link() == LinkFound(True, "")


def test_without_a_daemon_there_is_no_wifi_and_no_crash(tmp_path: Path):
    radio = WpaNetwork(tmp_path, tmp_path / "none", tmp_path / "net")
    assert radio.link() == LinkFound()
    with pytest.raises(NetworkError, match="kallphone-wifi"):
        radio.search()
    assert list(tmp_path.iterdir()) == []


@pytest.fixture
def daemon(tmp_path: Path) -> Iterator[Path]:
    """The real wpa_supplicant on the loopback interface: no radio, but its own networks and its own file."""
    program = shutil.which("wpa_supplicant", path="/usr/sbin:/usr/bin")
    if program is None:
        pytest.skip("needs wpasupplicant")
    file = tmp_path / "wpa.conf"
    file.write_text(f"ctrl_interface=DIR={tmp_path}/run\nupdate_config=1\n")
    running = subprocess.Popen([program, "-Dwired", "-ilo", "-c", str(file)], stdout=subprocess.DEVNULL)
    until = time.monotonic() + 10
    while not (tmp_path / "run" / "lo").exists():
        if running.poll() is not None or time.monotonic() > until:
            running.kill()
            pytest.skip("wpa_supplicant does not start here: it wants root")
    yield tmp_path
    running.terminate()
    running.wait(10)


def test_the_real_daemon_takes_and_keeps_what_is_set(daemon: Path):
    from kallphone.setup.wpa_network import _added, _known, network_of

    wifi = Credentials('Café "1"'.encode(), Security.WPA2, 'quo"te\\1 #x')
    with Supplicant(daemon / "run" / "lo", daemon) as talk:
        talk.watch()
        number = _added(talk, network_of(wifi))
        assert (number, wifi.ssid) in _known(talk)
        talk.do("SET country DE")
        talk.do("SAVE_CONFIG")
    kept = (daemon / "wpa.conf").read_text()
    assert wifi.ssid.hex() in kept
    assert 'psk="quo"te\\1 #x"' in kept
    assert "country=DE" in kept
