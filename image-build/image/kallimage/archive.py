"""Debian's archive: which packages at which versions, and their files, fetched once and checked by apt."""

import os
import re
import shutil
import subprocess
import tempfile
import threading
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from .stages import BuildError, Stages, output_of

_URI = re.compile(r"^'(?P<uri>[^']+)' (?P<file>\S+) (?P<size>\d+) (?P<hash>\S*)$")
_KEYRING = "/usr/share/keyrings/debian-archive-keyring.gpg"


def mirror_of_apt() -> str:
    """The address of Debian's archive that this machine's own apt uses, without a slash behind it."""
    known = output_of(["apt-get", "indextargets", "--format", "$(REPO_URI)"]).split()
    mirrors = sorted({uri.rstrip("/") for uri in known if uri.rstrip("/").endswith("/debian")})
    if not mirrors:
        raise BuildError("this machine's apt knows no archive of Debian: name one in /etc/apt/sources.list")
    return mirrors[0]


@dataclass(frozen=True)
class Package:
    name: str
    version: str
    architecture: str
    filename: str   # within the archive cache
    size: int       # bytes
    sha256: str

    @property
    def label(self) -> str:
        return f"{self.name}_{self.version}_{self.architecture} {self.sha256}"


@dataclass(frozen=True)
class Archive:
    """apt with lists and a cache of its own, apart from this machine's."""

    root: Path
    mirror: str
    suite: str
    stages: Stages
    _lock: threading.Lock = field(default_factory=threading.Lock)

    @property
    def files(self) -> Path:
        return self.root / "archives"

    def refresh(self) -> None:
        """Fetch the package lists; those of the last time serve when the network is away."""
        self._configure()
        try:
            self.stages.run("apt", ["apt-get", "update", "-q", "-o", "APT::Update::Error-Mode=any"],
                            env=self._env)
        except BuildError:
            if not any((self.root / "lists").glob("*_Packages")):
                raise BuildError("Debian's package lists can't be fetched. Connect this machine to the "
                                 f"internet and try again (log: {self.stages.root}/logs/apt.log)") from None
            self.stages.say("Debian can't be reached: building from the package lists of the last time")

    def resolve(self, packages: Sequence[str], *, architecture: str,
                release: str | None = None) -> list[Package]:
        """`packages` and all that they depend on, by name.

        `architecture` is the one meant by a plain name; "name:arm64" names another.
        """
        # Of files that are in its cache apt would say nothing.
        options = ["-o", f"APT::Architecture={architecture}", "-o", f"Dir::Cache::archives={self.root}/cache"]
        pinned = ["-t", release] if release else []
        text = output_of(["apt-get", *options, *pinned, "install", "-y", "--print-uris",
                          "--no-install-recommends", *packages], self._env)
        files = [match["file"] for line in text.splitlines() if (match := _URI.match(line))]
        return sorted(self._described(files), key=lambda package: package.label)

    def fetch(self, packages: Sequence[Package]) -> list[Path]:
        """The .deb files, from the cache or downloaded into it; apt checks their hashes."""
        with self._lock:
            missing = [package for package in packages if not (self.files / package.filename).exists()]
            if missing:
                self._download(missing)
        return [self.files / package.filename for package in packages]

    def _download(self, packages: Sequence[Package]) -> None:
        size = sum(package.size for package in packages) / 1e6
        self.stages.say(f"downloading {len(packages)} packages, {size:.0f} MB")
        exact = [f"{package.name}{_of(package.architecture)}={package.version}" for package in packages]
        partial = Path(tempfile.mkdtemp(dir=self.root, prefix=".download-"))
        try:
            self.stages.run("apt", ["apt-get", "download", "-q", *exact], env=self._env, cwd=partial)
            for package in packages:
                (partial / package.filename).rename(self.files / package.filename)
        finally:
            shutil.rmtree(partial)

    def essential(self, architecture: str) -> list[str]:
        """Names of the packages without which Debian is none."""
        stanzas = output_of(["apt-cache", "dumpavail"], self._env).split("\n\n")
        entries = [_entry(stanza) for stanza in stanzas if "\nEssential: yes" in stanza]
        return sorted(entry["Package"] for entry in entries if entry["Architecture"] in (architecture, "all"))

    def _described(self, files: Sequence[str]) -> list[Package]:
        """What the index says of the packages that apt gives these file names."""
        wanted = [file.removesuffix(".deb").split("_") for file in files]
        exact = [f"{name}{_of(machine)}={version.replace('%3a', ':')}" for name, version, machine in wanted]
        stanzas = output_of(["apt-cache", "show", *exact], self._env).strip().split("\n\n")
        entries = {_file_name(entry): entry for entry in map(_entry, stanzas)}
        return [_package(file, entries[file]) for file in files]

    @property
    def _env(self) -> dict[str, str]:
        return {"APT_CONFIG": str(self.root / "apt.conf"), "LC_ALL": "C", "DEBIAN_FRONTEND": "noninteractive"}

    def _configure(self) -> None:
        for part in ("lists/partial", "cache", "archives"):
            (self.root / part).mkdir(parents=True, exist_ok=True)
        sections = "main non-free-firmware"
        suites = [(self.mirror, f"{self.suite}{extra}") for extra in ("", "-updates", "-backports")]
        suites.append((f"{self.mirror}-security", f"{self.suite}-security"))
        (self.root / "sources.list").write_text("".join(
            f"deb [signed-by={_KEYRING}] {mirror} {suite} {sections}\n" for mirror, suite in suites))
        (self.root / "apt.conf").write_text(f"""\
Dir::State "{self.root}";
Dir::State::lists "{self.root}/lists";
Dir::State::status "/dev/null";
Dir::Cache "{self.root}/cache";
Dir::Cache::archives "{self.root}/archives";
Dir::Etc::sourcelist "{self.root}/sources.list";
Dir::Etc::sourceparts "/dev/null";
Dir::Etc::preferences "/dev/null";
Dir::Etc::preferencesparts "/dev/null";
APT::Architectures {{ "arm64"; "amd64"; }};
APT::Sandbox::User "root";
Acquire::Languages "none";
""")


def _of(machine: str) -> str:
    return "" if machine == "all" else f":{machine}"


def _entry(stanza: str) -> dict[str, str]:
    return dict(re.findall(r"^(\S+): (.*)$", stanza, re.MULTILINE))


def _package(file: str, entry: dict[str, str]) -> Package:
    return Package(entry["Package"], entry["Version"], entry["Architecture"], file, int(entry["Size"]),
                   entry["SHA256"])


def _file_name(entry: dict[str, str]) -> str:
    return f"{entry['Package']}_{entry['Version'].replace(':', '%3a')}_{entry['Architecture']}.deb"


def unpack(deb: Path, into: Path) -> None:
    """Only the files of `deb`: none of its scripts run."""
    into.mkdir(parents=True, exist_ok=True)
    data = subprocess.Popen(["dpkg-deb", "--fsys-tarfile", os.fspath(deb)], stdout=subprocess.PIPE)
    # A chroot of today has links in place of /bin, /lib and /sbin: they are followed, not replaced.
    status = subprocess.run(["tar", "-x", "--keep-directory-symlink", "-C", os.fspath(into)],
                            stdin=data.stdout, check=False).returncode
    if data.wait() or status:
        raise BuildError(f"{deb} can't be unpacked: remove it and try again")
