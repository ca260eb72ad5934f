"""The units by systemd's own tools: what they name exists, and how little each is allowed."""

from __future__ import annotations

import re
import shlex
import shutil
import subprocess
from pathlib import Path

import pytest

from kallmachine.cli import COMMANDS as MACHINES
from kallphone.cli import _parser
from kallphone.device.layout import Layout
from kallphone.device.modes import wish_for
from kallphone.device.sticks import DISK_ID
from kallphone.update.slots import Trial, trial_sector
from kallprovider.cli import COMMANDS as PROVIDER_COMMANDS

UNITS = Path(__file__).resolve().parents[2] / "systemd"
PHONE, PROVIDER = UNITS / "phone", UNITS / "provider"
SYSTEM = Path("/usr/lib/systemd/system")
KINDS = (".service", ".timer", ".path", ".mount", ".target")
EXPOSED_AT_MOST = 20
"""Tenths of what `systemd-analyze security` counts, for each service that talks to a network for long."""

# Known from systemd 254 on; the phone's has 257.
NEWER = ("RestartSteps", "RestartMaxDelaySec")

# Written by others than Debian's packages and ours: what a unit of the phone may start.
TOOLS = {
    "/usr/bin/grep", "/usr/bin/rm", "/usr/bin/systemctl", "/bin/sh", "/bin/kill", "/usr/sbin/wpa_supplicant",
    "/usr/sbin/dropbear", "/usr/sbin/kamailio", "/usr/bin/turnserver",
}  # fmt: skip
OURS = {
    "/usr/bin/kallphone": "kallphone", "/usr/local/bin/kallprovider": "kallprovider",
    "/usr/local/bin/kallmachine": "kallmachine",
}  # fmt: skip

needs_analyze = pytest.mark.skipif(
    shutil.which("systemd-analyze") is None, reason="systemd-analyze is missing: install Debian's systemd"
)


def units(folder: Path) -> list[Path]:
    return sorted(path for path in folder.iterdir() if path.suffix in KINDS)


EVERY = units(PHONE) + units(PROVIDER)
SERVICES = [unit for unit in EVERY if unit.suffix == ".service"]


def settings(unit: Path, key: str) -> list[str]:
    lines = re.findall(rf"^{key}=(.*)$", unit.read_text(), re.MULTILINE)
    return [line for line in lines if line]


def commands(unit: Path) -> list[list[str]]:
    keys = ("ExecStartPre", "ExecStart", "ExecStartPost", "ExecStopPost", "ExecCondition", "ExecReload")
    # A minus before a program lets it fail, a plus gives it all rights.
    return [line.lstrip("-+").split() for key in keys for line in settings(unit, key)]


@pytest.mark.parametrize("unit", SERVICES, ids=lambda unit: unit.name)
def test_what_a_service_starts_is_a_command_there_is(unit: Path) -> None:
    assert commands(unit)
    for program, *words in commands(unit):
        if program in TOOLS:
            continue
        match OURS[program]:
            case "kallphone":
                parse_as_the_phone_would(words)
            case "kallprovider":
                assert words[0] in PROVIDER_COMMANDS
            case "kallmachine":
                assert words[0] == "%i"
                assert {"echo", "voicemail"} <= set(MACHINES)


def parse_as_the_phone_would(words: list[str]) -> None:
    try:
        _parser().parse_args(words)
    except SystemExit:
        pytest.fail(f"the phone knows no such command: {' '.join(words)}", pytrace=False)


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A machine with nothing but units, and with an empty program wherever one names a program."""
    root = tmp_path_factory.mktemp("root")
    place = root / SYSTEM.relative_to("/")
    place.mkdir(parents=True)
    for pattern in ("*.target", "systemd-*.service", "systemd-*.socket"):
        for unit in SYSTEM.glob(pattern):
            shutil.copy(unit, place, follow_symlinks=True)
    for unit in EVERY:
        shutil.copy(unit, place)
    for program in TOOLS | set(OURS):
        path = root / program.lstrip("/")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("#!/bin/sh\n")
        path.chmod(0o755)
    return root


@needs_analyze
def test_systemd_finds_nothing_wrong(root: Path) -> None:
    names = [unit.name.replace("@.", "@echo.") for unit in EVERY]
    done = subprocess.run(
        ["systemd-analyze", "verify", "--man=no", f"--root={root}", *names],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    own = {unit.name for unit in EVERY}
    told = [line for line in done.stderr.splitlines() if any(name in line for name in own)]
    assert [line for line in told if not any(f"'{key}'" in line for key in NEWER)] == []


@needs_analyze
@pytest.mark.parametrize(
    "unit",
    [PHONE / "kallphone.service", *(unit for unit in SERVICES if unit.parent == PROVIDER)],
    ids=lambda unit: unit.name,
)
def test_a_service_may_do_little_else_than_it_must(unit: Path) -> None:
    done = subprocess.run(
        ["systemd-analyze", "security", "--offline=yes", f"--threshold={EXPOSED_AT_MOST}", str(unit)],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout[-200:] + done.stderr


def test_the_phone_never_gives_up_and_waits_for_no_network() -> None:
    phone = PHONE / "kallphone.service"
    assert settings(phone, "StartLimitIntervalSec") == ["0"]
    assert settings(phone, "Restart") == ["on-failure"]
    assert settings(phone, "RestartForceExitStatus") == ["75"]
    order = " ".join(settings(phone, "After") + settings(phone, "Wants") + settings(phone, "Requires"))
    assert not re.search("network|time-sync|time-set|multi-user|basic.target", order)
    assert not settings(phone, "Requires"), "a phone without its disk explains that on its display"


@pytest.mark.parametrize(
    ("running", "trial", "leaves"),
    [
        ("b", Trial("b", 0, "a"), True),
        ("a", Trial("b", 0, "a"), False),
        ("a", None, False),
        ("", None, False),
    ],
)
def test_only_a_trial_of_what_runs_is_left(
    tmp_path: Path, running: str, trial: Trial | None, leaves: bool
) -> None:
    (condition,) = settings(PHONE / "kallphone-update-unproven.service", "ExecCondition")
    (tmp_path / "cmdline").write_text(f"quiet kall.slot={running} panic=10\n")
    (tmp_path / "trial.txt").write_bytes(trial_sector(trial))
    for real, stand_in in (
        ("/proc/cmdline", "cmdline"),
        ("/boot/firmware/trial.txt", "trial.txt"),
        ("$$", "$"),
    ):
        assert real in condition
        condition = condition.replace(real, stand_in)
    done = subprocess.run(shlex.split(condition), cwd=tmp_path, check=False)
    assert (done.returncode == 0) is leaves
    confirm = PHONE / "kallphone-update-confirm.service"
    assert settings(confirm, "OnFailure") == ["kallphone-update-unproven.service"]


def test_root_leaves_the_doctor_which_units_have_failed(tmp_path: Path) -> None:
    (command,) = settings(PHONE / "kallphone.service", "ExecStopPost")
    assert command.startswith("-+")
    for real, stand_in in (
        (str(Layout().next_mode), "next"),
        (str(Layout().failed_units), "failed"),
        ("/usr/bin/systemctl", "echo"),
    ):
        assert real in command
        command = command.replace(real, stand_in)
    asked = shlex.split(command.removeprefix("-+"))
    subprocess.run(asked, cwd=tmp_path, check=False)
    assert not (tmp_path / "failed").exists()
    wish_for(Layout(run=tmp_path), "doctor")
    subprocess.run(asked, cwd=tmp_path, check=False, umask=0o077)
    assert (tmp_path / "failed").read_text() == "list-units --failed --plain --no-legend --full\n"
    assert (tmp_path / "failed").stat().st_mode & 0o044 == 0o044


def test_every_unit_that_is_to_start_by_itself_is_in_the_preset() -> None:
    preset = (PHONE / "90-kallphone.preset").read_text()
    enabled = set(re.findall(r"^enable (\S+)$", preset, re.MULTILINE))
    installed = {unit.name for unit in units(PHONE) if "[Install]" in unit.read_text()}
    assert installed <= enabled
    ours = {name for name in enabled if not name.startswith("systemd-")}
    assert ours <= installed


def test_a_stick_starts_its_unit_and_never_delays_a_dial_tone() -> None:
    rules = (PHONE / "etc/udev/rules.d/90-kallphone.rules").read_text()
    (rule,) = [line for line in rules.splitlines() if "SYSTEMD_WANTS" in line]
    stick = PHONE / re.findall(r'SYSTEMD_WANTS}[+]="([^"]+)"', rule)[0]
    assert f'ENV{{ID_PART_ENTRY_UUID}}!="{DISK_ID}-*"' in rule
    order = " ".join(settings(stick, "After")).split()
    assert {"kallphone.service", "kallphone-provision.service"} <= set(order)
    assert stick.name in " ".join(settings(PHONE / "kallphone-export.service", "After"))


def test_every_request_wakes_a_unit_that_takes_it_away() -> None:
    for path in (unit for unit in units(PHONE) if unit.suffix == ".path"):
        (watched,) = settings(path, "PathExists")
        service = path.with_suffix(".service").read_text()
        takers = (f"rm -f {watched}\n", "kallphone factory-reset", "kallphone update run")
        assert any(taker in service for taker in takers)
