"""What the wheel is for, a Python on a machine: everything that a cross build changes."""

import json
import os
import re
from dataclasses import dataclass
from pathlib import Path

from .recipe import BuildError
from .tools import output_of

_QUERY = """
import json, sys, sysconfig
print(json.dumps({
    "implementation": sys.implementation.name,
    "version": "%d%d" % sys.version_info[:2],
    "suffix": sysconfig.get_config_var("EXT_SUFFIX"),
    "platform": sysconfig.get_platform(),
    "include": sysconfig.get_paths()["include"],
}))
"""


@dataclass(frozen=True)
class Target:
    python: Path
    host: str | None  # GNU triplet when it is not this machine
    version: str      # "311"
    suffix: str       # of extension modules: ".cpython-311-x86_64-linux-gnu.so"
    platform: str     # "linux-x86_64"
    include: Path

    @property
    def wheel_tag(self) -> str:
        abi = f"cp{self.version}"
        return f"{abi}-{abi}-{re.sub('[-.]', '_', self.platform)}"

    @property
    def cross_prefix(self) -> str:
        return f"{self.host}-" if self.host else ""

    @property
    def cc(self) -> str:
        return os.environ.get("CC", f"{self.cross_prefix}gcc")

    @property
    def cxx(self) -> str:
        return os.environ.get("CXX", f"{self.cross_prefix}g++")

    @property
    def configure(self) -> list[str]:
        return [f"--host={self.host}"] if self.host else []

    def tool_environment(self, cflags: str) -> dict[str, str]:
        """The environment of configure and make: the caller's, less what would change the result unseen."""
        dropped = {"CFLAGS", "CXXFLAGS", "CPPFLAGS", "LDFLAGS", "LIBS", "MAKEFLAGS", "MFLAGS", "MAKELEVEL"}
        kept = {name: value for name, value in os.environ.items() if name not in dropped}
        tools = {"CC": self.cc, "CXX": self.cxx, "CFLAGS": cflags, "CXXFLAGS": cflags, "LC_ALL": "C"}
        if self.host:
            tools |= {"AR": f"{self.host}-ar", "RANLIB": f"{self.host}-ranlib"}
        return kept | tools


def query_target(python: Path, host: str | None) -> Target:
    """Ask `python` about its ABI. With `host`, it answers for that machine from Debian's sysconfig data."""
    answer = output_of([python, "-c", _QUERY], "it can't tell its ABI", _query_environment(host))
    facts = json.loads(answer)
    if facts["implementation"] != "cpython":
        raise BuildError(f"{python} is {facts['implementation']}; the wheel is for CPython")
    return Target(python, host, facts["version"], facts["suffix"], facts["platform"], Path(facts["include"]))


def require_headers(target: Target) -> None:
    if not (target.include / "Python.h").exists():
        raise BuildError(f"{target.include}/Python.h is missing: install the headers of {target.python} "
                         "(Debian: python3-dev)")


def _query_environment(host: str | None) -> dict[str, str]:
    if host is None:
        return dict(os.environ)
    machine = host.split("-")[0]
    return os.environ | {"_PYTHON_SYSCONFIGDATA_NAME": f"_sysconfigdata__{host}",
                         "_PYTHON_HOST_PLATFORM": f"linux-{machine}"}
