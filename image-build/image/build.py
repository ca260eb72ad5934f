#!/usr/bin/env python3
"""Build the phone's image, or take its parts from the cache. The last line on stdout is the image's path."""

import argparse
import os
import sys
from pathlib import Path

# The manifest of an update is the phone's own code.
sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "firmware"))

from kallimage.network import network_files
from kallimage.plan import Plan, Settings
from kallimage.stages import BuildError

HERE = Path(__file__).resolve().parent
REPO = HERE.parents[1]


def main() -> int:
    options = parse(sys.argv[1:])
    if os.geteuid() != 0:
        print("image: a root file system is put together as root: sudo make image", file=sys.stderr)
        return 1
    try:
        if options.network:
            network_files(options.network)  # at once, not after the hours of other stages
        print(Plan(Settings(HERE, REPO, options.out, options.network, options.key, options.keys,
                            default_cache())).image())
    except BuildError as error:
        print(f"image: {error}", file=sys.stderr)
        return 1
    return 0


def parse(arguments: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, default=REPO / "build/image",
                        help="where the image and what belongs to it go (default: %(default)s)")
    parser.add_argument("--network", type=Path, help="directory with preset.toml and deployment.json of the "
                        "network that the phones are for")
    parser.add_argument("--key", type=Path, help="file with the key that signs updates, 64 hexadecimal "
                        "digits (default: one made for development)")
    parser.add_argument("--keys", type=Path, help="directory with update-keys.json and keys.json, once keys "
                        "were handed over: see docs/updates.md")
    options = parser.parse_args(arguments)
    if options.network and not (options.network / "preset.toml").is_file():
        parser.error(f"{options.network} holds no preset.toml, which a network's directory has")
    return options


def default_cache() -> Path:
    return Path(os.environ.get("XDG_CACHE_HOME") or "~/.cache").expanduser() / "kallphone"


if __name__ == "__main__":
    sys.exit(main())
