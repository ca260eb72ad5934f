"""What can be seen of an extension module without running it, so also of one for another machine."""

import re
from pathlib import Path

from .recipe import BuildError, Recipe
from .target import Target
from .tools import output_of

_MACHINES = {"x86_64": "X86-64", "aarch64": "AArch64"}
# Only the DTLS keying method says this, and it is compiled only when DTLS is on.
_DTLS_MARK = b"DTLS-SRTP %s negotiation initiated"


def inspect(extension: Path, recipe: Recipe, target: Target) -> list[str]:
    """The shared libraries it needs from the system.

    Errors: BuildError if it is for another machine, not self-contained, or lacks Opus, TLS or DTLS.
    """
    listing = output_of(["readelf", "-h", "-d", "-W", extension], "install it (Debian: binutils)")
    problems = faults(listing, extension.read_bytes(), recipe, target)
    if problems:
        raise BuildError("\n  ".join([f"{extension.name} is not fit for a wheel:", *problems]))
    return needed_libraries(listing)


def needed_libraries(listing: str) -> list[str]:
    return re.findall(r"\(NEEDED\).*\[(.+?)\]", listing)


def faults(listing: str, content: bytes, recipe: Recipe, target: Target) -> list[str]:
    """What `readelf`'s listing and the module's content say against it."""
    problems = [*_machine(listing, target), *_dependencies(listing, recipe)]
    if _DTLS_MARK not in content:
        problems.append("DTLS-SRTP was not compiled in (PJMEDIA_SRTP_HAS_DTLS)")
    return problems


def _machine(listing: str, target: Target) -> list[str]:
    wanted = _MACHINES.get(target.platform.removeprefix("linux-"))
    if wanted and wanted not in listing:
        return [f"it is not for {target.platform}"]
    return []


def _dependencies(listing: str, recipe: Recipe) -> list[str]:
    needed = needed_libraries(listing)
    names = [name.split(".so")[0] for name in needed]
    problems = [f"it was linked without {name}" for name in recipe.required if name not in names]
    problems += [f"it needs {name}, which no system has" for name in needed if name.startswith("libpj")]
    if re.search(r"\((RPATH|RUNPATH)\)", listing):
        problems.append("it searches libraries in a directory of the machine that built it")
    return problems
