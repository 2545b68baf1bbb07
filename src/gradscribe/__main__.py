"""`python -m gradscribe`, and the command `gradscribe`."""

import sys

from gradscribe.cli import cli
from gradscribe.errors import InputError


def main() -> None:
    """Run the command line: 0 done, 1 a check failed, 2 wrong input, 130 interrupted."""
    try:
        cli(standalone_mode=True)
    except InputError as error:
        print(f"gradscribe: {error}", file=sys.stderr)
        sys.exit(2)


if __name__ == "__main__":
    main()
