"""Tables of data from files: CSV, Parquet and `.npz`, every column by its name."""

import csv
import gzip
import re
import stat
import zipfile
import zlib
from collections import Counter
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from gradscribe.errors import InputError, nearest, shortened
from gradscribe.importing.archive import check_sizes
from gradscribe.learning.extras import library

Array = npt.NDArray[Any]

_CSV = (".csv", ".tsv", ".txt", ".csv.gz", ".tsv.gz", ".txt.gz")
ENDINGS = (*_CSV, ".parquet", ".npz")
_SEPARATORS = ",;\t|"
_TARGETS = ("D", "d", "y", "Y", "target", "t")  # an array of these names is the default target
# Words that say that a value is missing, in small letters.
MISSING = ("", "na", "n/a", "nan", "null", "none", "?", "-")
_NUMBER = re.compile(r"\s*[-+]?(\d+\.?\d*|\.\d+)([eE][-+]?\d+)?\s*")
_SAMPLE = 20  # lines from which the separator is found


@dataclass(frozen=True)
class Table:
    """Columns of equal length.

    Attributes:
        path: the file.
        columns: by name; numbers (float64) or words (object, None where one is missing).
        first: what the first row is called: its line in a text file, 1 elsewhere.
        unit: "line" or "row".
        targets: columns that the file itself says are the targets.
        notes: what was found out about the file.
    """

    path: str
    columns: Mapping[str, Array]
    first: int = 1
    unit: str = "row"
    targets: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()

    @property
    def length(self) -> int:
        """The number of rows."""
        return len(next(iter(self.columns.values())))

    def place(self, row: int, name: str) -> str:
        """Return where a value stands, for messages."""
        return f"{self.path}: {self.unit} {self.first + row}, column {shortened(name)!r}"


def read_table(path: Path, header: bool | None = None) -> Table:
    """Return the table in a file.

    Args:
        path: the file; its ending says what it is.
        header: whether the first line of a text file has the names of the columns; None to look.

    Raises:
        InputError: there is no such file, or it is not a sound table.
    """
    name = path.name.lower()
    if not name.endswith(ENDINGS):
        raise InputError(
            "no table has such an ending",
            where=str(path),
            received=path.suffix or path.name,
            allowed=", ".join(ENDINGS),
            nearest=nearest(path.suffix.lower(), ENDINGS),
        )
    _check_file(path)
    if name.endswith(".npz"):
        table = _arrays(path)
    elif name.endswith(".parquet"):
        table = _parquet(path)
    else:
        table = _text(path, header)
    if not table.columns or not table.length:
        raise InputError("the file has no rows of data", where=str(path))
    return table


def _check_file(path: Path) -> None:
    try:
        mode = path.stat().st_mode
    except FileNotFoundError as error:
        raise InputError("there is no such file", where=str(path)) from error
    except (OSError, ValueError) as error:
        raise InputError(f"cannot be read: {error}", where=str(path)) from error
    if not stat.S_ISREG(mode):  # a pipe or a device would not end
        raise InputError("not a file", where=str(path), allowed="a file of data")
    if not path.stat().st_size:
        raise InputError("the file is empty", where=str(path), allowed="rows of data")


# ---- text ------------------------------------------------------------------------------


def _text(path: Path, header: bool | None) -> Table:
    """Return the table of a text file with separated columns."""
    polars = library("polars", "reading data")
    lines = _first_lines(path)
    separator = _separator(lines)
    rows = list(csv.reader(lines, delimiter=separator))
    names, has_header, notes = _names(rows, header, path)
    comma = separator == ";" and _has_decimal_commas(rows[1:])
    try:
        frame = polars.read_csv(
            path,
            separator=separator,
            has_header=False,
            skip_rows=int(has_header),
            skip_lines=0,
            infer_schema=False,
            new_columns=list(names),
        )
    except polars.exceptions.NoDataError:
        return Table(str(path), {})
    except Exception as error:  # polars' own errors have no common base that is stable
        raise _uneven(path, separator, len(names), str(error).strip().split("\n")[0]) from error
    if frame.width != len(names):
        raise InputError(
            f"the first line has {len(names)} columns, others have {frame.width}", where=str(path)
        )
    columns: dict[str, Array] = {}
    for name in names:
        series = frame[name].str.strip_chars()
        if comma:
            series = series.str.replace(",", ".", literal=True)
        columns[name] = np.array(series.to_list(), object)
    notes += ("numbers have decimal commas",) if comma else ()
    return Table(str(path), columns, 1 + has_header, "line", notes=notes)


def _uneven(path: Path, separator: str, count: int, reason: str) -> InputError:
    """Return the error of a text that is no table, with the first line of another length."""
    where, blank = str(path), 0
    opened = gzip.open if path.name.lower().endswith(".gz") else open
    with (
        suppress(OSError, EOFError, ValueError, csv.Error, zlib.error),
        opened(path, "rt", encoding="utf-8-sig", newline="") as file,
    ):
        lines = csv.reader(file, delimiter=separator)
        for row in lines:
            if len(row) > count:
                where = f"{path}: line {lines.line_num}"
                reason = f"{len(row)} values, the first line has {count}"
                break
            if not row and not blank:
                blank = lines.line_num
        else:
            if blank:
                where = f"{path}: line {blank}"
                reason = f"a blank line, the first line has {count} values"
    return InputError(
        f"not a table: {reason}", where=where, allowed="as many values as in the first line"
    )


def _first_lines(path: Path) -> list[str]:
    """Return the first lines of a text file in UTF-8."""
    opened = gzip.open if path.name.lower().endswith(".gz") else open
    found: list[str] = []
    try:
        with opened(path, "rt", encoding="utf-8-sig", newline="") as file:
            for line in file:
                found.append(line)
                if len(found) >= _SAMPLE:
                    break
    except UnicodeDecodeError as error:
        raise InputError(
            "the file is not a text in UTF-8",
            where=str(path),
            allowed="the same saved as UTF-8, which spreadsheets call CSV UTF-8",
        ) from error
    except (OSError, EOFError, zlib.error) as error:
        raise InputError(f"cannot be read: {error}", where=str(path)) from error
    if not any(line.strip() for line in found):
        raise InputError("the file is empty", where=str(path), allowed="rows of data")
    return found


def _separator(lines: list[str]) -> str:
    """Return the separator that occurs, and as often in each line; a comma where none does."""

    def fit(separator: str) -> tuple[bool, int]:
        counts = {len(row) for row in csv.reader(lines, delimiter=separator) if row}
        return len(counts) == 1, max(counts)

    # Of columns that are separated by `;`, numbers with decimal commas are no separators.
    found = max(_SEPARATORS, key=fit)
    return found if fit(found)[1] > 1 else ","


def _names(
    rows: list[list[str]], header: bool | None, path: Path
) -> tuple[tuple[str, ...], bool, tuple[str, ...]]:
    """Return the names of columns, whether a line has them, and what to say of it."""
    first = [word.strip() for word in rows[0]]
    if header is None:
        header = not any(_NUMBER.fullmatch(word.replace(",", ".")) for word in first)
        if not header and not all(_NUMBER.fullmatch(w.replace(",", ".")) for w in first):
            header = bool(rows[1:]) and _is_header(first, rows[1:])
    if not header:
        found = tuple(f"column_{k}" for k, _ in enumerate(first, 1))
        return found, False, ("the first line is data: columns are column_1, column_2, …",)
    for k, word in enumerate(first, 1):
        if not word:
            raise InputError(f"column {k} has no name in the first line", where=str(path))
    twice = [word for word, count in Counter(first).items() if count > 1]
    if twice:
        places = ", ".join(str(k) for k, word in enumerate(first, 1) if word == twice[0])
        raise InputError(
            f"two columns have the same name (columns {places})",
            where=f"{path}: line 1",
            received=twice[0],
            allowed="a name for each column, once",
        )
    return tuple(first), True, ()


def _is_header(first: list[str], rows: list[list[str]]) -> bool:
    """Whether a first line with some numbers has names: a number stands below a word."""
    for k, word in enumerate(first):
        below = [row[k] for row in rows if len(row) > k]
        if not _NUMBER.fullmatch(word) and any(_NUMBER.fullmatch(w) for w in below):
            return True
    return False


def _has_decimal_commas(rows: list[list[str]]) -> bool:
    words = [word for row in rows for word in row]
    commas = sum(bool(re.fullmatch(r"\s*[-+]?\d+,\d+\s*", word)) for word in words)
    points = sum(bool(re.fullmatch(r"\s*[-+]?\d+\.\d+\s*", word)) for word in words)
    return commas > 0 and points == 0


# ---- Parquet and arrays ----------------------------------------------------------------


def _parquet(path: Path) -> Table:
    polars = library("polars", "reading data")
    try:
        frame = polars.read_parquet(path)
    except Exception as error:  # as above
        reason = str(error).strip().split("\n")[0]
        raise InputError(f"not a sound Parquet file: {reason}", where=str(path)) from error
    columns: dict[str, Array] = {}
    for name in frame.columns:
        series = frame[name]
        kind = series.dtype
        if kind.is_numeric() or kind == polars.Boolean:
            columns[name] = series.cast(polars.Float64).to_numpy().astype(float)
        elif kind in (polars.String, polars.Categorical, polars.Enum):
            columns[name] = np.array(series.cast(polars.String).to_list(), object)
        else:
            raise InputError(
                f"column {shortened(name)!r} holds {kind}",
                where=str(path),
                allowed=f"numbers or text, or --drop {name}",
            )
    return Table(str(path), columns)


def _arrays(path: Path) -> Table:
    """Return the columns of arrays: one-dimensional ones, and the columns of matrices."""
    try:
        with zipfile.ZipFile(path) as archive:
            check_sizes(archive, path)
        with np.load(path, allow_pickle=False) as file:
            arrays = {name: file[name] for name in file.files}
    except (OSError, ValueError, EOFError, zipfile.BadZipFile, zlib.error) as error:
        reason = str(error).split("\n")[0]
        raise InputError(f"not a sound .npz file: {reason}", where=str(path)) from error
    columns: dict[str, Array] = {}
    targets: list[str] = []
    length = None
    for name, array in arrays.items():
        if array.ndim not in (1, 2) or array.dtype.kind not in "biufUS":
            raise InputError(
                f"array {name!r} has shape {array.shape} and type {array.dtype}",
                where=str(path),
                allowed="numbers or text, (N,) or (N, n)",
            )
        if length is not None and len(array) != length:
            raise InputError(
                f"array {name!r} has {len(array)} rows, others have {length}", where=str(path)
            )
        length = len(array)
        parts = array[:, None] if array.ndim == 1 else array
        names = (
            [name] if parts.shape[1] == 1 else [f"{name}_{k + 1}" for k in range(parts.shape[1])]
        )
        for key, values in zip(names, parts.T, strict=True):
            columns[key] = _plain(values)
        if name in _TARGETS:
            targets += names
    return Table(str(path), columns, targets=tuple(targets))


def _plain(values: Array) -> Array:
    return (
        values.astype(float) if values.dtype.kind in "biuf" else values.astype(str).astype(object)
    )
