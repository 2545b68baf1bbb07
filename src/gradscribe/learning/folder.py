"""The folder of a run: what it needs to go on at any moment, whatever stopped it.

    run.json       what was asked for, and what the columns are
    data.npz       rows to train with and rows held out, as the network takes them
    network.py     the module whose cost is lowered
    starts/*.npz   where each start is: written beside its place, then put there in one step
    …              what `training` writes in the end

Each file is replaced whole or not at all, so whenever a run is killed, what lies there is what
was there after some iteration.
"""

import hashlib
import json
import os
import shutil
import sys
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from gradscribe.errors import InputError
from gradscribe.files import check_parent, write, write_bytes
from gradscribe.learning.archives import UNSOUND
from gradscribe.learning.data import Data
from gradscribe.learning.scaling import Scaling
from gradscribe.version import VERSION

if sys.platform != "win32":
    import fcntl

Array = npt.NDArray[Any]
SETTINGS, DATA, MODULE, STARTS = "run.json", "data.npz", "network.py", "starts"
START = "start.npz"
HOLDER = "pid"  # of the process at work, for messages; what holds the folder is a lock
_FORMAT = 1


_DIGEST = "sha256"
# What it raises to read a file that was cut off or changed.
_DAMAGES = (*UNSOUND, KeyError, TypeError, AttributeError, IndexError)


@dataclass(frozen=True)
class RunSettings:
    """What is asked of a run.

    Attributes:
        spec: the network.
        sizes: N_0 … N_M.
        method: a name in the table of methods.
        options: of the method, by name.
        iterations: of each start, at most.
        starts: how many.
        seed: of the first parameters and whatever else is drawn.
        initial: "random", "equal", "zeros", or "file" for that in the folder.
        source: the file of the data, for titles.
        name: what the run is called.
        lang: the language of its report.
    """

    spec: str
    sizes: tuple[int, ...]
    method: str
    options: dict[str, float]
    iterations: int
    starts: int
    seed: int
    initial: str = "random"
    source: str = ""
    name: str = ""
    lang: str = "en"


@dataclass(frozen=True)
class RunFolder:
    """A run in its folder.

    Attributes:
        path: the folder.
        settings: what is asked.
        data: what is trained with.
    """

    path: Path
    settings: RunSettings
    data: Data = field(repr=False)

    @property
    def initial(self) -> str:
        """Where starts begin: a word, or the path of a file."""
        words = self.settings.initial
        return str(self.path / START) if words == "file" else words

    def start_file(self, k: int) -> Path:
        """Return the file of a start."""
        return self.path / STARTS / f"{k:04d}.npz"

    def load_start(self, k: int) -> dict[str, Array] | None:
        """Return what is known of a start, or None where there is nothing yet."""
        path = self.start_file(k)
        if not path.is_file():
            return None
        try:
            with path.open("rb") as opened, np.load(opened, allow_pickle=False) as file:
                found = {name: file[name] for name in file.files}
            if str(found.pop(_DIGEST)) != _sum_of(found):
                raise ValueError("it is not what was written")
            return found
        except _DAMAGES as error:
            raise InputError(
                f"the file of a start is damaged ({error})",
                where=str(path),
                allowed="delete it, and the start begins again",
            ) from error

    def with_settings(self, **changes: Any) -> "RunFolder":
        """Return the run with other settings, which are written down.

        Raises:
            InputError: another process holds the folder.
        """
        changed = replace(self, settings=replace(self.settings, **changes))
        with _alone(self.path):
            write(self.path / SETTINGS, _written(changed.settings, self.data))
        return changed


def create(
    path: Path, settings: RunSettings, data: Data, source: str, start: bytes | None = None
) -> RunFolder:
    """Make the folder of a run, whole or not at all.

    Args:
        path: a folder that is not there yet, or is empty.
        settings: what is asked.
        data: what is trained with.
        source: of the module.
        start: parameters at which all starts begin, as a file; None where they are drawn.

    Raises:
        InputError: there is something, or the place cannot be written to.
    """
    check_free(path)
    target = path.resolve()
    try:
        new = Path(
            tempfile.mkdtemp(dir=target.parent, prefix=f".{path.name[:40]}.", suffix=".part")
        )
        try:
            (new / STARTS).mkdir()
            write(new / SETTINGS, _written(settings, data))
            write_bytes(new / DATA, data.packed())
            write(new / MODULE, source)
            if start is not None:
                write_bytes(new / START, start)
            new.chmod(0o755)
            new.replace(target)
        except BaseException:
            shutil.rmtree(new, ignore_errors=True)
            raise
    except OSError as error:
        check_free(path)  # another run may have been faster
        reason = error.strerror or str(error)
        raise InputError(
            f"cannot make the folder ({reason})", where="output", received=str(path)
        ) from error
    return RunFolder(path, settings, data)


def sealed(arrays: Mapping[str, Any]) -> dict[str, Any]:
    """Return the arrays of a start with a number that tells whether they were changed."""
    return {**arrays, _DIGEST: _sum_of(arrays)}


def _sum_of(arrays: Mapping[str, Any]) -> str:
    found = hashlib.sha256()
    for name in sorted(arrays):
        array = np.asarray(arrays[name])
        found.update(f"{name} {array.dtype.str} {array.shape} ".encode())
        found.update(array.tobytes())
    return found.hexdigest()


def check_free(path: Path) -> None:
    """Check that a folder can be made at a path, or that an empty one is there.

    Raises:
        InputError: there is something.
    """
    if (path / SETTINGS).is_file():
        with _alone(path):
            pass
        raise InputError(
            "the folder has a run already",
            where="output",
            received=str(path),
            allowed=f"--resume {path} to go on with it, or another folder",
        )
    if path.is_dir() and any(path.iterdir()):
        raise InputError(
            "the folder has other files",
            where="output",
            received=str(path),
            allowed="a new or empty folder",
        )
    if path.exists() and not path.is_dir():
        raise InputError("not a folder", where="output", received=str(path), allowed="a new folder")
    check_parent(path)


def opened(path: Path) -> RunFolder:
    """Return the run in a folder.

    Raises:
        InputError: there is none.
    """
    where = str(path)
    if not (path / SETTINGS).is_file():
        raise InputError(
            "the folder has no run", where=where, allowed="a folder that gradscribe train wrote"
        )
    try:
        found = json.loads((path / SETTINGS).read_text(encoding="utf-8"))
        if found["format"] != _FORMAT:
            raise InputError(
                "the run was written by another version",
                where=where,
                received=str(found.get("version")),
                allowed=VERSION,
            )
        if found.pop(_DIGEST) != _digest(found):
            raise ValueError("it is not what was written")
        given = found["settings"]
        settings = RunSettings(**{**given, "sizes": tuple(given["sizes"])})
        with np.load(path / DATA, allow_pickle=False) as file:
            arrays = {name: file[name] for name in ("X", "D", "X_test", "D_test")}
        return RunFolder(path, settings, _data(found["data"], arrays))
    except InputError:
        raise
    except _DAMAGES as error:
        raise InputError(f"the run is damaged ({error})", where=where) from error


def _written(settings: RunSettings, data: Data) -> str:
    """Return settings and what the columns are as JSON."""
    described = {
        "inputs": data.inputs,
        "outputs": data.outputs,
        "target": data.target,
        "input_scaling": _lists(data.input_scaling),
        "output_scaling": _lists(data.output_scaling),
        "classes": data.classes,
        "labels": data.labels,
        "logits": data.logits,
        "columns": data.columns,
        "notes": data.notes,
        "cautions": data.cautions,
    }
    whole = {
        "format": _FORMAT,
        "version": VERSION,
        "settings": asdict(settings),
        "data": described,
    }
    return json.dumps(whole | {_DIGEST: _digest(whole)}, indent=1, ensure_ascii=False) + "\n"


def _digest(whole: dict[str, Any]) -> str:
    """Return a number of what is written of a run, which tells whether it was changed."""
    text = json.dumps(whole, sort_keys=True, ensure_ascii=False)
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


def _lists(scaling: Scaling) -> list[list[float]]:
    return [scaling.factor.tolist(), scaling.shift.tolist()]


def _data(found: dict[str, Any], arrays: dict[str, Array]) -> Data:
    described: dict[str, Any] = dict(arrays)
    for key, value in found.items():
        if key.endswith("_scaling"):
            described[key] = Scaling(np.array(value[0], float), np.array(value[1], float))
        else:
            described[key] = tuple(value) if isinstance(value, list) else value
    described["columns"] = tuple(map(tuple, found.get("columns", ())))
    return Data(**described)


@contextmanager
def locked(path: Path) -> Iterator[None]:
    """Hold the folder of a run: two runs cannot go on with it at a time.

    Raises:
        InputError: another process holds it.
    """
    with _alone(path):
        for stray in (path / STARTS).glob(".*.part"):  # of a process that was killed
            stray.unlink(missing_ok=True)
        write(path / HOLDER, f"{os.getpid()}\n")
        try:
            yield
        finally:
            (path / HOLDER).unlink(missing_ok=True)


@contextmanager
def _alone(path: Path) -> Iterator[None]:
    """Hold a lock on a folder, which the system lets go when this process ends, however it does.

    Raises:
        InputError: another process holds it.
    """
    if sys.platform == "win32":
        yield
        return
    handle = os.open(path, os.O_RDONLY)
    try:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise InputError(
                f"{_holder(path)} is at work in this folder",
                where=str(path),
                allowed="wait for it, stop it, or take another folder",
            ) from error
        yield
    finally:
        os.close(handle)


def _holder(path: Path) -> str:
    try:
        return f"process {int((path / HOLDER).read_text(encoding='ascii'))}"
    except (OSError, ValueError):
        return "another process"
