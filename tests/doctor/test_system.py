"""Each thing that the computer tells of itself, well and ill."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from kallphone.device.layout import Layout
from kallphone.doctor import network, opus, system
from kallphone.doctor.findings import Finding, Verdict
from kallphone.doctor.machine import Machine
from kallphone.phone.words import ENGLISH
from tests.doctor.fakes import MB, FakeMachine

LAYOUT = Layout()
HWMON = {"/sys/class/hwmon/hwmon0/name": "cpu_thermal\n", "/sys/class/hwmon/hwmon1/name": "rpi_volt\n"}
ALARM = "/sys/class/hwmon/hwmon1/in0_lcrit_alarm"
MOUNTS = (
    "/dev/mmcblk0p4 /data ext4 {data},noatime,data=ordered 0 0\n"
    "/dev/mmcblk0p1 /boot/firmware vfat ro,noatime 0 0\n"
)
ERRORS = "/sys/fs/ext4/mmcblk0p4/errors_count"
FAILED = "systemctl list-units --failed --plain --no-legend --full"

Look = Callable[[Machine], Finding]


def words(finding: Finding) -> str:
    return finding.said.put(ENGLISH)


def disk(machine: Machine) -> Finding:
    return system.check_disk(machine, LAYOUT)


def boot(machine: Machine) -> Finding:
    return system.check_boot(machine, LAYOUT)


def release(machine: Machine) -> Finding:
    return system.check_release(machine, LAYOUT)


@pytest.mark.parametrize(
    ("look", "files", "verdict", "told"),
    [
        (system.check_heat, {system.THERMAL: "48312\n"}, Verdict.GOOD, "48 C"),
        (system.check_heat, {system.THERMAL: "71000\n"}, Verdict.WARNING, "71 C: warm"),
        (system.check_heat, {system.THERMAL: "85000\n"}, Verdict.BAD, "85 C: too hot"),
        (system.check_heat, {}, Verdict.SKIPPED, "does not tell"),
        (system.check_power, {system.THROTTLED: "0\n"}, Verdict.GOOD, "holds"),
        (system.check_power, {system.THROTTLED: "0x50000\n"}, Verdict.WARNING, "fell since"),
        (system.check_power, {system.THROTTLED: "0x50005\n"}, Verdict.BAD, "Too little voltage"),
        (system.check_power, {**HWMON, ALARM: "1"}, Verdict.BAD, "Too little voltage"),
        (system.check_power, {**HWMON, ALARM: "0"}, Verdict.GOOD, "holds now"),
        (system.check_power, {}, Verdict.SKIPPED, "does not tell"),
        (system.check_memory, {"/proc/meminfo": "MemAvailable: 204800 kB\n"}, Verdict.GOOD, "200 MB"),
        (system.check_memory, {"/proc/meminfo": "MemAvailable:   51200 kB\n"}, Verdict.WARNING, "50 MB"),
        (system.check_memory, {"/proc/meminfo": "MemAvailable:   10240 kB\n"}, Verdict.BAD, "Only 10 MB"),
        (system.check_memory, {"/proc/meminfo": "nonsense"}, Verdict.SKIPPED, "does not tell"),
        (disk, {"/proc/mounts": MOUNTS.format(data="rw"), ERRORS: "0"}, Verdict.GOOD, "200 MB are free"),
        (disk, {"/proc/mounts": MOUNTS.format(data="rw"), ERRORS: "3"}, Verdict.BAD, "had 3 errors"),
        (disk, {"/proc/mounts": MOUNTS.format(data="ro"), ERRORS: "0"}, Verdict.BAD, "only be read"),
        (disk, {"/proc/mounts": ""}, Verdict.BAD, "data part is not there"),
        (boot, {"/proc/mounts": MOUNTS, "/boot/firmware/config.txt": ""}, Verdict.GOOD, "txt is there"),
        (boot, {"/proc/mounts": MOUNTS}, Verdict.BAD, "config.txt is missing"),
        (boot, {"/proc/mounts": ""}, Verdict.BAD, "boot part is not there"),
        (release, {str(LAYOUT.release): '{"version": "1.2", "build": 7}'}, Verdict.GOOD, "Version 1.2"),
        (release, {}, Verdict.SKIPPED, "no flashed phone"),
        (release, {str(LAYOUT.release): "[1]"}, Verdict.SKIPPED, "no flashed phone"),
        (opus.check_neon, {"/proc/cpuinfo": "Features\t: fp asimd evtstrm crc32\n"}, Verdict.GOOD, "NEON"),
        (opus.check_neon, {"/proc/cpuinfo": "Features\t: half thumb vfp\n"}, Verdict.BAD, "no NEON"),
        (opus.check_neon, {"/proc/cpuinfo": "flags\t: fpu sse2\n"}, Verdict.SKIPPED, "no ARM"),
    ],
)  # fmt: skip
def test_what_the_kernel_tells(
    tmp_path: Path, look: Look, files: dict[str, str], verdict: Verdict, told: str
) -> None:
    finding = look(FakeMachine(tmp_path, files))
    assert (finding.verdict, told in words(finding)) == (verdict, True), words(finding)


def test_a_voltage_that_fell_is_in_the_messages_of_the_kernel(tmp_path: Path) -> None:
    told = "[    1.2] usb 1-1\n[   60.1] hwmon hwmon1: Undervoltage detected!\n[   62.1] Voltage normalised\n"
    machine = FakeMachine(tmp_path, {**HWMON, ALARM: "0"}, {"dmesg": told})
    finding = system.check_power(machine)
    assert finding.verdict is Verdict.WARNING
    assert "fell since" in words(finding)
    machine.answers["dmesg"] = "[    1.2] usb 1-1\n"
    assert system.check_power(machine).verdict is Verdict.GOOD


def test_a_failed_update_is_told_with_the_version(tmp_path: Path) -> None:
    state = str(LAYOUT.system / "update" / "state.json")
    files = {str(LAYOUT.release): '{"version": "1.2"}', state: '{"failed": "its signature is wrong"}'}
    finding = release(FakeMachine(tmp_path, files))
    assert finding.verdict is Verdict.WARNING
    assert "its signature is wrong" in words(finding)


@pytest.mark.parametrize(("free", "verdict"), [(20 * MB, Verdict.WARNING), (2 * MB, Verdict.BAD)])
def test_a_card_that_fills_up(tmp_path: Path, free: int, verdict: Verdict) -> None:
    files = {"/proc/mounts": MOUNTS.format(data="rw")}
    assert disk(FakeMachine(tmp_path, files, free=free)).verdict is verdict


def test_failed_services_are_named(tmp_path: Path) -> None:
    told = "kallphone-wifi.service loaded failed failed Wi-Fi of the phone\n"
    left = {"/run/kallphone-failed-units": told}
    for machine in (FakeMachine(tmp_path, answers={FAILED: told}), FakeMachine(tmp_path / "glass", left)):
        finding = system.check_services(machine, LAYOUT)
        assert finding.verdict is Verdict.BAD
        assert "kallphone-wifi.service" in words(finding)
    none = {"/run/kallphone-failed-units": ""}
    for machine in (FakeMachine(tmp_path, answers={FAILED: ""}), FakeMachine(tmp_path / "well", none)):
        assert system.check_services(machine, LAYOUT).verdict is Verdict.GOOD
    assert system.check_services(FakeMachine(tmp_path), LAYOUT).verdict is Verdict.SKIPPED


ADDRESSES = (
    '[{"ifname": "lo", "addr_info": [{"family": "inet", "local": "127.0.0.1", "scope": "host"}]},'
    ' {"ifname": "wlan0", "addr_info": [{"family": "inet6", "local": "fe80::1", "scope": "link"},'
    ' {"family": "inet", "local": "192.168.1.7", "scope": "global"}]}]'
)
ROUTE = "ip -json -4 route show default"
WIFI = {
    "/sys/class/net/wlan0/carrier": "1",
    "/sys/class/net/wlan0/device/x": "",
    "/sys/class/net/wlan0/phy80211/x": "",
}
ALL = {"ip -json addr": ADDRESSES, ROUTE: '[{"dst": "default", "gateway": "192.168.1.1"}]'}


@pytest.mark.parametrize(
    ("files", "answers", "verdict", "told"),
    [
        (WIFI, ALL, Verdict.GOOD, "wlan0: address 192.168.1.7"),
        ({}, ALL, Verdict.BAD, "no cable socket"),
        ({**WIFI, "/sys/class/net/wlan0/carrier": "0"}, ALL, Verdict.BAD, "No cable is plugged in"),
        (WIFI, {**ALL, "ip -json addr": "[]"}, Verdict.BAD, "gives no address"),
        (WIFI, {**ALL, ROUTE: "[]"}, Verdict.BAD, "names no gateway"),
        (WIFI, {}, Verdict.SKIPPED, "apt install iproute2"),
        (WIFI, {**ALL, "ip -json addr": "no json"}, Verdict.BAD, "gives no address"),
    ],
)
def test_the_way_out(
    tmp_path: Path, files: dict[str, str], answers: dict[str, str | None], verdict: Verdict, told: str
) -> None:
    finding = network.check_network(FakeMachine(tmp_path, files, answers))
    assert (finding.verdict, told in words(finding)) == (verdict, True), words(finding)


@pytest.mark.parametrize(
    ("told", "verdict"),
    [
        ("RSSI=-48\n", Verdict.GOOD),
        ("RSSI=-74\nNOISE=0\n", Verdict.WARNING),
        ("RSSI=-85\n", Verdict.BAD),
        ("FAIL\n", Verdict.SKIPPED),
    ],
)
def test_how_strong_the_wifi_is(tmp_path: Path, told: str, verdict: Verdict) -> None:
    machine = FakeMachine(tmp_path, WIFI, {"wpa_cli -s /run/kallphone -i wlan0 signal_poll": told})
    assert network.check_wifi(machine, LAYOUT).verdict is verdict
    assert network.check_wifi(FakeMachine(tmp_path / "none"), LAYOUT).verdict is Verdict.SKIPPED


def test_names_are_looked_up() -> None:
    def none(_host: str) -> list[str]:
        raise OSError

    assert network.check_names("api.example", lambda _host: ["192.0.2.1"]).verdict is Verdict.GOOD
    assert network.check_names("api.example", none).verdict is Verdict.BAD
    assert network.check_names("", none).verdict is Verdict.SKIPPED


@pytest.mark.parametrize(
    ("took_s", "verdict"), [(0.1, Verdict.GOOD), (0.5, Verdict.WARNING), (2.0, Verdict.BAD)]
)
def test_how_fast_voices_are_coded(took_s: float, verdict: Verdict) -> None:
    times = iter([0.0, took_s])
    finding = opus.check_opus(lambda: bytes, lambda: next(times))
    assert finding.verdict is verdict
    assert finding.figures["times"] == pytest.approx(opus.SECONDS / took_s, abs=0.1)


def test_without_opus_it_says_what_to_install() -> None:
    def missing() -> opus.Codec:
        raise opus.OpusMissing("libopus.so.0")

    assert "apt install libopus0" in words(opus.check_opus(missing))


def test_libopus_gives_back_frames_of_sound() -> None:
    try:
        codec = opus.open_opus()
    except opus.OpusMissing:
        pytest.skip("libopus is not installed")
    heard = [codec(opus._frame(number)) for number in range(10)]
    assert {len(frame) for frame in heard} == {2 * opus.FRAME}
    assert any(heard[-1])


def test_a_tool_that_is_missing_or_fails_tells_nothing() -> None:
    machine = Machine()
    assert machine.run(["no-such-tool-of-kallphone"]) is None
    assert machine.run(["false"]) is None
    assert machine.run(["echo", "yes"]) == "yes\n"
    assert machine.number("/no/such/file") is None
