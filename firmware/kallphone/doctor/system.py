"""The computer inside the phone: heat, power, memory, card, clock, services, release."""

from __future__ import annotations

import json
from typing import Any

from kallphone.device.layout import Layout
from kallphone.doctor.findings import Finding, bad, good, skipped, warning
from kallphone.doctor.machine import Machine
from kallphone.phone.words import N_

HOT_C = 80.0
"""The firmware of a Raspberry Pi slows it down from here on."""
WARM_C = 70.0

UNDERVOLTAGE_NOW, UNDERVOLTAGE_BEFORE = 1 << 0, 1 << 16
FELL = "Undervoltage detected!"

LITTLE_MEMORY_MB, NO_MEMORY_MB = 60, 25
LITTLE_DISK_MB, NO_DISK_MB = 32, 4

_MB = 1 << 20
_KB_OF_MB = 1 << 10

THERMAL = "/sys/class/thermal/thermal_zone0/temp"
THROTTLED = "/sys/devices/platform/soc/soc:firmware/get_throttled"
SYNCHRONIZED = "/run/systemd/timesync/synchronized"


def check_heat(machine: Machine) -> Finding:
    thousandths = machine.number(THERMAL)
    if thousandths is None:
        return skipped("heat", N_("This computer does not tell its temperature."))
    degrees = round(thousandths / 1000)
    if degrees >= HOT_C:
        return bad("heat", N_("{degrees} C: too hot, so it runs slowly. Give the case air."), degrees=degrees)
    if degrees >= WARM_C:
        return warning(
            "heat", N_("{degrees} C: warm. Keep it out of the sun, and its slots free."), degrees=degrees
        )
    return good("heat", N_("{degrees} C"), degrees=degrees)


def check_power(machine: Machine) -> Finding:
    """By the firmware's flags, or by the kernel's own watch over the voltage (hwmon rpi_volt).

    The alarm of that is of the last seconds; what was before, the kernel's messages have, which root reads.
    """
    flags = machine.number(THROTTLED)
    alarm = _voltage_alarm(machine)
    if flags is None and alarm is None:
        return skipped("power", N_("This computer does not tell its voltage."))
    if alarm or (flags or 0) & UNDERVOLTAGE_NOW:
        return bad(
            "power", N_("Too little voltage. Take the Raspberry Pi's own power supply and a short cable.")
        )
    if (flags or 0) & UNDERVOLTAGE_BEFORE or FELL in (machine.run(["dmesg"]) or ""):
        return warning("power", N_("The voltage fell since it was switched on. Try another power supply."))
    return good("power", N_("The voltage holds now."))


def _voltage_alarm(machine: Machine) -> bool | None:
    for folder in machine.find("sys/class/hwmon/*"):
        if machine.read(folder / "name") == "rpi_volt":
            return bool(machine.number(folder / "in0_lcrit_alarm"))
    return None


def check_memory(machine: Machine) -> Finding:
    told = dict(
        line.split(":", 1) for line in (machine.read("/proc/meminfo") or "").splitlines() if ":" in line
    )
    try:
        free_mb = int(told["MemAvailable"].split()[0]) // _KB_OF_MB
    except (KeyError, ValueError, IndexError):
        return skipped("memory", N_("This computer does not tell its memory."))
    if free_mb < NO_MEMORY_MB:
        return bad(
            "memory",
            N_("Only {free_mb} MB are left. Start the phone again; save diagnostics if it returns."),
            free_mb=free_mb,
        )
    if free_mb < LITTLE_MEMORY_MB:
        return warning("memory", N_("{free_mb} MB are left, which is little."), free_mb=free_mb)
    return good("memory", N_("{free_mb} MB are free."), free_mb=free_mb)


def check_disk(machine: Machine, layout: Layout) -> Finding:
    """The data partition: there, writable, sound, not full."""
    mounted = _mounts(machine).get(str(layout.data))
    if mounted is None:
        return bad(
            "disk",
            N_(
                "The card's data part is not there. What is on it may be lost: flash a new card, "
                "restore from the 12 words."
            ),
        )
    device, options = mounted
    errors = machine.number(f"/sys/fs/ext4/{device.rpartition('/')[2]}/errors_count")
    if "rw" not in options:
        return bad(
            "disk",
            N_(
                "The card's data part can only be read. Switch off and on; if that does not help, "
                "take a new card."
            ),
        )
    if errors:
        return bad(
            "disk",
            N_("The card had {errors} errors. Save the 12 words, then take a new card."),
            errors=errors,
        )
    space = machine.space(layout.data)
    if space is None:
        return bad(
            "disk",
            N_(
                "The card's data part does not answer. Switch off and on; if that does not help, take"
                " a new card."
            ),
        )
    free_mb = space.free // _MB
    if free_mb < NO_DISK_MB:
        return bad(
            "disk", N_("The card's data part is full. Delete voicemail and messages."), free_mb=free_mb
        )
    if free_mb < LITTLE_DISK_MB:
        return warning(
            "disk",
            N_("{free_mb} MB are free, which is little. Delete voicemail and messages."),
            free_mb=free_mb,
        )
    return good("disk", N_("{free_mb} MB are free, no errors."), free_mb=free_mb)


def check_boot(machine: Machine, layout: Layout) -> Finding:
    mounted = _mounts(machine).get(str(layout.boot))
    if mounted is None:
        return bad(
            "boot",
            N_(
                "The card's boot part is not there, so no update can come. Put the card into a PC and"
                " have it checked."
            ),
        )
    if not machine.find(str(layout.boot / "config.txt")):
        return bad(
            "boot", N_("config.txt is missing on the card's boot part: flash it again before you switch off.")
        )
    return good("boot", N_("Mounted, and config.txt is there."))


def _mounts(machine: Machine) -> dict[str, tuple[str, list[str]]]:
    """Device and options by mount point; the last mount on a point counts."""
    fields = [line.split() for line in (machine.read("/proc/mounts") or "").splitlines()]
    return {each[1]: (each[0], each[3].split(",")) for each in fields if len(each) >= 4}


def check_services(machine: Machine, layout: Layout) -> Finding:
    """By systemctl, which asks for root here, or by what root left of it."""
    told = machine.run(["systemctl", "list-units", "--failed", "--plain", "--no-legend", "--full"])
    if told is None:
        told = machine.read(layout.failed_units)
    if told is None:
        return skipped("services", N_("There is no systemd here."))
    names = [line.split()[0] for line in told.splitlines() if line.strip()]
    if names:
        return bad(
            "services", N_("Failed: {names}. Save diagnostics and send them in."), names=", ".join(names)
        )
    return good("services", N_("None has failed."))


def check_release(machine: Machine, layout: Layout) -> Finding:
    """What runs, and what the updater says of it: system/update/state.json, {"words", "failed"}."""
    release = read_json(machine, layout.release)
    if release is None:
        return skipped("release", N_("This is no flashed phone."))
    version = str(release.get("version", "?"))
    state = read_json(machine, layout.system / "update" / "state.json") or {}
    failed = str(state.get("failed") or "")
    if failed:
        return warning(
            "release",
            N_("Version {version}. The last update failed: {failed}"),
            version=version,
            failed=failed,
        )
    return good("release", N_("Version {version}"), version=version)


def read_json(machine: Machine, path: object) -> dict[str, Any] | None:
    try:
        told = json.loads(machine.read(str(path)) or "")
    except ValueError:
        return None
    return told if isinstance(told, dict) else None
