"""Writing files: whole, or not at all."""

import os
import stat
import tempfile
from pathlib import Path

from gradscribe.errors import InputError


def write(path: Path, text: str) -> None:
    """Write a text in UTF-8, as `write_bytes` does."""
    write_bytes(path, text.encode("utf-8"))


def write_bytes(path: Path, data: bytes) -> None:
    """Write a file whole or not at all: an old one stays as it was until the new one is complete.

    Raises:
        InputError: the place cannot be written to.
    """
    try:
        if path.is_dir():
            raise InputError(
                "the output is a directory", where="output", received=str(path), allowed="a file"
            )
        if path.exists() and not path.is_file():
            path.write_bytes(data)  # a device or a pipe is not replaced
            return
        _replace(path.resolve(), data)
    except OSError as error:
        reason = error.strerror or str(error)
        raise InputError(
            f"cannot write the output ({reason})", where="output", received=str(path)
        ) from error


def _replace(path: Path, data: bytes) -> None:
    """Write beside the file, then take its place in one step."""
    if not path.parent.is_dir():
        raise InputError(
            "no such folder",
            where="output",
            received=str(path.parent),
            allowed="an existing folder",
        )
    mode = stat.S_IMODE(path.stat().st_mode) if path.exists() else 0o666 & ~_umask()
    if path.exists() and not os.access(path, os.W_OK):
        raise InputError("the file is read-only", where="output", received=str(path))
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name[:40]}.", suffix=".part")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        Path(name).chmod(mode)
        Path(name).replace(path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise


def _umask() -> int:
    """Return the process's file mode mask (which can only be read by setting it)."""
    mask = os.umask(0)
    os.umask(mask)
    return mask
