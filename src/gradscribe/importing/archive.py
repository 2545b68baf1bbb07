"""Zip archives of others: looked at before anything is unpacked."""

import zipfile
from collections.abc import Iterable
from pathlib import Path

from gradscribe.errors import InputError

MAX_BYTES = 2 << 30  # of all members together, unpacked
MAX_RATIO = 200  # of a member's size to what it takes in the file: weights hardly shrink
_SMALL = 1 << 20


def members(path: Path, names: Iterable[str]) -> dict[str, bytes]:
    """Return these members of an archive.

    Raises:
        InputError: it is no archive, one is missing, or it unpacks to too much.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            check_sizes(archive, path)
            return {name: archive.read(name) for name in names}
    except KeyError as error:
        text = f"the archive has no member {error.args[0]}"
        raise InputError(text, where=str(path)) from error
    except (zipfile.BadZipFile, EOFError, OSError, NotImplementedError, RuntimeError) as error:
        raise InputError(f"not a sound archive: {error}", where=str(path)) from error


def check_sizes(archive: zipfile.ZipFile, path: Path) -> None:
    """Check what an archive says that it unpacks to.

    Raises:
        InputError: it is too much, or out of proportion to the file.
    """
    infos = archive.infolist()
    total = sum(info.file_size for info in infos)
    if total > MAX_BYTES:
        raise InputError(
            f"the archive unpacks to {total / 2**30:.1f} GiB",
            where=str(path),
            allowed=f"{MAX_BYTES >> 30} GiB",
        )
    for info in infos:
        if info.file_size > _SMALL and info.file_size > MAX_RATIO * max(info.compress_size, 1):
            ratio = info.file_size // max(info.compress_size, 1)
            raise InputError(
                f"{info.filename!r} unpacks to {ratio} times its size",
                where=str(path),
                allowed=f"{MAX_RATIO} times",
            )
