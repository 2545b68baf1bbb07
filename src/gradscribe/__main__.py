"""`python -m gradscribe`, and the command `gradscribe`."""

import os
import sys

import click

from gradscribe.cli import cli
from gradscribe.errors import InputError

DONE, WRONG_INPUT, INTERRUPTED = 0, 2, 130


def main() -> None:
    """Run the command line.

    Exits with 0 when all is done, 1 when a check failed, 2 for input that cannot be taken or
    output that cannot be written, 130 when interrupted.
    """
    _write_unicode()
    sys.exit(_run())


def _run() -> int:
    """Run a command; return the exit code."""
    try:
        result = cli(standalone_mode=False)
        sys.stdout.flush()
    except InputError as error:
        return _said(str(error), WRONG_INPUT)
    except click.Abort:
        return _said("interrupted", INTERRUPTED)
    except click.ClickException as error:
        error.show()
        return error.exit_code
    except OSError as error:
        _discard_output()
        return _said(f"cannot write the output ({error.strerror or error})", WRONG_INPUT)
    return result if isinstance(result, int) else DONE


def _said(message: str, code: int) -> int:
    print(f"gradscribe: {message}", file=sys.stderr)
    return code


def _write_unicode() -> None:
    """Write UTF-8 whatever the locale says; a terminal gets what it can show."""
    for stream in (sys.stdout, sys.stderr):
        reconfigure = getattr(stream, "reconfigure", None)
        if reconfigure is None:
            continue
        if stream.isatty():
            reconfigure(errors="replace")
        else:  # a file's name may hold bytes that are no UTF-8
            reconfigure(encoding="utf-8", errors="backslashreplace")


def _discard_output() -> None:
    """Let nothing fail once more when Python flushes stdout at its end."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


if __name__ == "__main__":
    main()
