#!/usr/bin/env python3
"""Build the pjsua2 wheel, or take it from the cache. The last line on stdout is the wheel's path."""

import argparse
import os
import shutil
import sys
from pathlib import Path

from pjwheel.environment import install, installed_version
from pjwheel.job import Job, make_job
from pjwheel.recipe import BuildError, load_recipe
from pjwheel.store import default_store
from pjwheel.target import query_target

HERE = Path(__file__).resolve().parent


def main() -> int:
    options = parse(sys.argv[1:])
    try:
        target = query_target(options.python, options.host)
        job = make_job(load_recipe(HERE), target, default_store(), options.jobs)
        wheel = job.wheel()
        if options.install:
            install_once(job, wheel)
        print(delivered(wheel, options.out))
    except BuildError as error:
        print(f"pjsua2: {error}", file=sys.stderr)
        return 1
    return 0


def parse(arguments: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, epilog="PJPROJECT_TARBALL=path names a source at "
                                     "hand; SWIG, CC and CXX name tools.")
    parser.add_argument("--python", type=Path, default=default_python(),
                        help="the Python that will import it (default: %(default)s)")
    parser.add_argument("--out", type=Path, help="also copy the wheel into this directory")
    parser.add_argument("--install", action="store_true",
                        help="install it for that Python, unless it is there")
    parser.add_argument("--jobs", type=int, default=int(os.environ.get("JOBS") or os.cpu_count() or 1),
                        help="CPUs to use (default: JOBS, else all)")
    parser.add_argument("--host", help="GNU triplet of another machine, e.g. aarch64-linux-gnu; needs its "
                        "cross compiler and -dev packages, and a --python of the version it has")
    options = parser.parse_args(arguments)
    if options.install and options.host:
        parser.error("--install makes no sense with --host: the wheel is for another machine")
    return options


def default_python() -> Path:
    project = HERE.parents[1] / ".venv/bin/python"
    return project if project.exists() else Path(sys.executable)


def install_once(job: Job, wheel: Path) -> None:
    if installed_version(job.target.python) != job.version:
        with job.stages.stage(f"install pjsua2 {job.version}"):
            install(job.target.python, wheel)


def delivered(wheel: Path, out: Path | None) -> Path:
    if out is None:
        return wheel
    out.mkdir(parents=True, exist_ok=True)
    return Path(shutil.copy2(wheel, out)).resolve()


if __name__ == "__main__":
    sys.exit(main())
