"""Writing files: whole, or not at all."""

import os
import re
import shutil
import stat
import tempfile
from collections.abc import Mapping
from contextlib import suppress
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
        if is_device(path):
            path.write_bytes(data)  # a device or a pipe is not replaced
            return
        _replace(path.resolve(), data)
    except OSError as error:
        reason = error.strerror or str(error)
        raise InputError(
            f"cannot write the output ({reason})", where="output", received=str(path)
        ) from error


def is_device(path: Path) -> bool:
    """Whether a path is there and not a file: a device or a pipe (or a folder)."""
    return path.exists() and not path.is_file()


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


INDEX = "index.html"
_LINKED = re.compile(r'href="([^"/#:]+)"')


def write_folder(path: Path, texts: Mapping[str, str], mark: str) -> None:
    """Write a folder of texts whole or not at all, with the index that lists them.

    A folder that is there is replaced if it is empty, or if its index has the mark and links
    every other file in it: then it was written here, and nothing else is lost.

    Args:
        path: the folder.
        texts: the text of each file by its name; `INDEX` is one of them.
        mark: what stands in an index that was written here.

    Raises:
        InputError: the place cannot be written to, or the folder has other files.
    """
    try:
        _check_own(path, mark)
        _replace_folder(path.resolve(), texts)
    except OSError as error:
        reason = error.strerror or str(error)
        raise InputError(
            f"cannot write the folder ({reason})", where="output", received=str(path)
        ) from error


def check_parent(path: Path) -> None:
    """Check that the folder in which a new one is to be is there.

    Raises:
        InputError: it is not.
    """
    parent = path.resolve().parent
    if not parent.is_dir():
        raise InputError(
            "no such folder", where="output", received=str(parent), allowed="an existing folder"
        )


def _check_own(path: Path, mark: str) -> None:
    """Check that a folder has nothing that was not written here.

    Raises:
        InputError: it has, or it is no folder.
    """
    if path.exists() and not path.is_dir():
        raise InputError(
            "not a folder", where="output", received=str(path), allowed="a new or empty folder"
        )
    check_parent(path)
    if not path.is_dir():
        return
    if path.resolve() == Path.cwd():  # its place is taken: a shell would stand in the old one
        raise InputError(
            "the folder is the one that the command runs in",
            where="output",
            received=str(path),
            allowed="another folder",
        )
    index = path / INDEX
    text = index.read_text(encoding="utf-8", errors="replace") if index.is_file() else ""
    known = {INDEX, *_LINKED.findall(text)} if mark in text else set()
    others = sorted(p.name for p in path.iterdir() if p.name not in known or p.is_dir())
    if others:
        raise InputError(
            f"the folder has other files, {others[0]!r} for one",
            where="output",
            received=str(path),
            allowed="a new or empty folder, or one that was written by the same command",
        )


def _replace_folder(path: Path, texts: Mapping[str, str]) -> None:
    """Write a folder beside its place, then take the place."""
    new = Path(tempfile.mkdtemp(dir=path.parent, prefix=f".{path.name[:40]}.", suffix=".part"))
    old = new.with_suffix(".old")
    try:
        for name, text in texts.items():
            (new / name).write_text(text, encoding="utf-8")
        new.chmod(stat.S_IMODE(path.stat().st_mode) if path.exists() else 0o777 & ~_umask())
        if path.exists():
            path.replace(old)
        new.replace(path)
    except BaseException:
        shutil.rmtree(new, ignore_errors=True)
        if old.exists() and not path.exists():
            with suppress(OSError):
                old.replace(path)
        raise
    shutil.rmtree(old, ignore_errors=True)
