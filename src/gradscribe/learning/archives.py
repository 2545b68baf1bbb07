"""Arrays in .npz files, none of which is trusted."""

import lzma
import math
import zipfile
import zlib
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from gradscribe.errors import InputError
from gradscribe.importing.archive import check_sizes

# What reading a file raises that was cut off, changed, encrypted or packed in an unknown way.
UNSOUND = (
    OSError, ValueError, EOFError, RuntimeError, MemoryError, zipfile.BadZipFile, zlib.error,
    lzma.LZMAError,
)  # fmt: skip


def read_arrays(path: Path) -> dict[str, npt.NDArray[Any]]:
    """Return the arrays of a .npz file by name; no object in it is unpickled.

    Raises:
        InputError: it is not sound.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            check_sizes(archive, path)
            _check_headers(archive)
        with np.load(path, allow_pickle=False) as file:
            return {name: file[name] for name in file.files}
    except InputError:
        raise
    except UNSOUND as error:
        reason = str(error).split("\n")[0]
        raise InputError(f"not a sound .npz file: {reason}", where=str(path)) from error


def _check_headers(archive: zipfile.ZipFile) -> None:
    """Check that no array says that it is larger than what is there of it.

    Raises:
        ValueError: one does.
    """
    for info in archive.infolist():
        with archive.open(info) as file:
            version = np.lib.format.read_magic(file)
            read = np.lib.format.read_array_header_1_0
            if version != (1, 0):
                read = np.lib.format.read_array_header_2_0
            shape, _, kind = read(file)
        if math.prod(shape) * max(kind.itemsize, 1) > info.file_size:
            raise ValueError(f"{info.filename!r} has {kind} of shape {shape} and is too short")
