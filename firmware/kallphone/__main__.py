from __future__ import annotations

import sys


def main() -> int:
    """Provisioning stands between power and dial tone: it waits for no other command's libraries."""
    if sys.argv[1:2] == ["provision"]:
        from kallphone.provision.cli import main as provision

        return provision(sys.argv[1:])
    from kallphone.cli import main as command

    return command()


if __name__ == "__main__":
    raise SystemExit(main())
