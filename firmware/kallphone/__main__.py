from __future__ import annotations

from kallphone.cli import main

if __name__ == "__main__":
    raise SystemExit(main())
