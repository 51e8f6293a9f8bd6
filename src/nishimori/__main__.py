"""``python -m nishimori`` is the ``nishimori`` command."""

import sys

from nishimori.cli.main import main

if __name__ == "__main__":
    sys.exit(main())
