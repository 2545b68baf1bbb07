"""Columns of arrays and frames in memory, each as numbers or as words."""

from collections.abc import Iterable, Mapping
from numbers import Number
from typing import Any

import numpy as np
import numpy.typing as npt

from gradscribe.errors import InputError

Array = npt.NDArray[Any]
Columns = dict[str, Array]

# Words that say that a value is missing, in small letters.
MISSING = ("", "na", "n/a", "nan", "null", "none", "?", "-")
_TARGETS = ("D", "d", "y", "Y", "target", "t")  # an array of these names is the default target
_ABSENT = ("NoneType", "NAType", "NaTType")


def array_columns(arrays: Mapping[str, Any], where: str) -> tuple[Columns, tuple[str, ...]]:
    """Return the columns of arrays, and those that are the targets by their names.

    An array (N,) is a column, one (N, n) is columns `X_1`, `X_2`, …

    Raises:
        InputError: the arrays are not those of a table.
    """
    parts: list[tuple[str, Array]] = []
    targets: list[str] = []
    for name, given in arrays.items():
        try:
            array = np.asarray(given)
        except ValueError as error:
            raise InputError(
                f"array {name!r} has rows of several lengths", where=where, allowed="(N, n)"
            ) from error
        if array.ndim not in (1, 2):
            raise InputError(
                f"array {name!r} has shape {array.shape}",
                where=where,
                allowed="numbers or text, (N,) or (N, n)",
            )
        columns = array[:, None] if array.ndim == 1 else array
        count = columns.shape[1]
        names = [name] if count == 1 else [f"{name}_{k + 1}" for k in range(count)]
        parts += zip(names, columns.T, strict=True)
        if name in _TARGETS:
            targets += names
    return _put_together(parts, where), tuple(targets)


def frame_columns(frame: Any, where: str) -> Columns:
    """Return the columns of a frame of polars or pandas, or of a mapping from their names.

    Raises:
        InputError: the frame is no table.
    """
    names = list(frame) if isinstance(frame, Mapping) else list(frame.columns)
    return _put_together([(str(name), np.asarray(frame[name])) for name in names], where)


def pair_columns(X: Any, D: Any, where: str) -> tuple[Columns, tuple[str, ...]]:
    """Return the columns of inputs and of targets, and the names of the latter.

    Raises:
        InputError: they are not those of a table.
    """
    found: list[Columns] = []
    for side, default in ((X, "X"), (D, "D")):
        if is_frame(side):
            found.append(frame_columns(side, where))
        else:
            name = getattr(side, "name", None)  # a series has one
            found.append(array_columns({str(name or default): side}, where)[0])
    inputs, targets = found
    return _put_together([*inputs.items(), *targets.items()], where), tuple(targets)


def is_frame(data: Any) -> bool:
    """Whether an object has columns by name."""
    return isinstance(data, Mapping) or (hasattr(data, "columns") and hasattr(data, "shape"))


def _put_together(parts: Iterable[tuple[str, Array]], where: str) -> Columns:
    """Return columns of one length by their names, as numbers or as words."""
    found: Columns = {}
    for name, values in parts:
        if name in found or values.ndim == 2:  # a frame gives all columns of one name at once
            raise InputError(
                "two columns have the same name",
                where=where,
                received=name,
                allowed="a name for each column, once",
            )
        if values.ndim != 1:
            raise InputError(
                f"column {name!r} has shape {values.shape}", where=where, allowed="values, (N,)"
            )
        count = len(next(iter(found.values()), values))
        if len(values) != count:
            raise InputError(
                f"array {name!r} has {len(values)} rows, others have {count}", where=where
            )
        found[name] = _plain(values)
    return found


def _plain(values: Array) -> Array:
    """Return numbers as they are or as float64, words as objects; None or NaN for a missing one.

    Anything else stays what it is: it is refused where it is used.
    """
    kind = values.dtype.kind
    if kind in "bf":
        return values.astype(float)
    if kind not in "USO":
        return values
    items = [None if type(v).__name__ in _ABSENT else v for v in values.tolist()]
    given = [v for v in items if v is not None]
    if given and all(isinstance(v, Number) for v in given):
        return np.array([np.nan if v is None else v for v in items], float)
    if not all(isinstance(v, str | Number) for v in given):
        return values
    words = [None if v is None else str(v).strip() for v in items]
    return np.array([None if w is None or w.lower() in MISSING else w for w in words], object)
