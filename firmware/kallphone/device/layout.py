from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Layout:
    """Where a flashed phone keeps what: the one list that firmware, units, image and update agree on.

    The root file system is read-only with an overlay in RAM. Only `data` (ext4) and, while an update or a
    provisioning file is applied, `boot` (FAT, readable on any PC) are ever written.
    """

    data: Path = Path("/data")
    boot: Path = Path("/boot/firmware")
    run: Path = Path("/run/kallphone")
    share: Path = Path("/usr/share/kallphone")

    @classmethod
    def below(cls, root: Path | None) -> Layout:
        """Of this machine, or of a folder that stands for one."""
        plain = cls()
        if root is None:
            return plain
        folders = (plain.data, plain.boot, plain.run, plain.share)
        return cls(*(root / folder.relative_to("/") for folder in folders))

    @property
    def state(self) -> Path:
        """The phone user's: key, vouchers, log. Nobody else reads it."""
        return self.data / "phone"

    @property
    def config(self) -> Path:
        """kallphone.toml as first boot or the installer's file left it; without it there is no phone yet."""
        return self.state / "kallphone.toml"

    @property
    def system(self) -> Path:
        """Root's: Wi-Fi, the saved clock, what updates remember."""
        return self.data / "system"

    @property
    def preset(self) -> Path:
        """kallphone.toml of the network that the image was made for; may be missing."""
        return self.share / "preset.toml"

    @property
    def release(self) -> Path:
        """JSON: {"version": text, "build": rising integer}."""
        return self.share / "release.json"

    @property
    def status(self) -> Path:
        """JSON, replaced as a whole by the phone: what units and updates may know of it."""
        return self.run / "status.json"

    @property
    def in_use(self) -> Path:
        """Locked (flock, shared) by the phone while it is used; who would restart it locks exclusively."""
        return self.run / "in-use"

    @property
    def next_mode(self) -> Path:
        """What `kallphone device` is to be when it starts again: "setup" or "doctor"; taken away by it."""
        return self.run / "next"

    @property
    def failed_units(self) -> Path:
        """As systemctl lists them: root's answer, from before the phone became a doctor."""
        return self.run.with_name("kallphone-failed-units")

    @property
    def requests(self) -> Path:
        """Files here wake root's path units: "update", "wifi", "reset"."""
        return self.run / "requests"
