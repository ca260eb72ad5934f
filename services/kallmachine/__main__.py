import sys

from kallmachine.cli import main

if __name__ == "__main__":
    sys.exit(main())
