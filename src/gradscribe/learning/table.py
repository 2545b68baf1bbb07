"""Tables of data from files: CSV, Parquet and `.npz`, every column by its name."""

import csv
import gzip
import re
import stat
import zlib
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from gradscribe.errors import InputError, nearest, shortened
from gradscribe.learning.archives import read_arrays
from gradscribe.learning.extras import library
from gradscribe.learning.frames import (
    MISSING,
    Array,
    array_columns,
    frame_columns,
    is_frame,
    pair_columns,
)

_CSV = (".csv", ".tsv", ".txt", ".csv.gz", ".tsv.gz", ".txt.gz")
ENDINGS = (*_CSV, ".parquet", ".npz")
DECIMALS, THOUSANDS = (".", ","), (".", ",", " ", "'")
_SEPARATORS = ",;\t|"
_NUMBER = re.compile(r"\s*[-+]?(\d+\.?\d*|\.\d+)([eE][-+]?\d+)?\s*")
_SAMPLE = 20  # lines from which the separator is found


@dataclass(frozen=True)
class Table:
    """Columns of equal length.

    Attributes:
        path: the file.
        columns: by name; numbers, or words (object, None where one is missing).
        first: what the first row is called: its line in a text file, 1 elsewhere.
        unit: "line" or "row".
        targets: columns that the file itself says are the targets.
        notes: what was found out about the file.
        decimal: the sign before the decimals of numbers that are words.
        thousands: the sign between their thousands, or "".
    """

    path: str
    columns: Mapping[str, Array]
    first: int = 1
    unit: str = "row"
    targets: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    decimal: str = "."
    thousands: str = ""

    @property
    def length(self) -> int:
        """The number of rows."""
        return len(next(iter(self.columns.values())))

    def place(self, row: int, name: str) -> str:
        """Return where a value stands, for messages."""
        return f"{self.path}: {self.unit} {self.first + row}, column {shortened(name)!r}"


@dataclass(frozen=True)
class TextForm:
    """How a text file writes its table.

    Attributes:
        header: whether the first line has the names of the columns; None to look.
        decimal: "." or ","; None to look.
        thousands: ".", ",", " " or "'"; None for none.
    """

    header: bool | None = None
    decimal: str | None = None
    thousands: str | None = None


def table_of(data: Any, form: TextForm = TextForm()) -> Table:
    """Return data as a table.

    Args:
        data: the path of a file; or a frame of polars or pandas, a mapping from names to columns,
            or inputs and targets (X, D), each of which may be a frame.
        form: how a text file writes it.

    Raises:
        InputError: the data are none of these, or not a sound table.
    """
    if is_path(data):
        return read_table(Path(data), form)
    targets: tuple[str, ...] = ()
    if is_frame(data):
        where, columns = "the frame", frame_columns(data, "the frame")
    elif isinstance(data, tuple | list) and len(data) == 2:
        where = "the arrays"
        X, D = data
        columns, targets = pair_columns(X, D, where)
    else:
        raise InputError(
            "not data",
            where="data",
            received=f"{type(data).__name__} {getattr(data, 'shape', '')}".strip(),
            allowed="the path of a file, arrays (X, D), or a frame with names of columns",
        )
    return _with_rows(Table(where, columns, targets=targets))


def is_path(data: Any) -> bool:
    """Whether data are said by the path of their file."""
    return isinstance(data, str | Path)


def _with_rows(table: Table) -> Table:
    if not table.columns or not table.length:
        raise InputError("no rows of data", where=table.path, allowed="rows below the names")
    return table


def read_table(path: Path, form: TextForm = TextForm()) -> Table:
    """Return the table in a file.

    Args:
        path: the file; its ending says what it is.
        form: how a text file writes it.

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
        columns, targets = array_columns(read_arrays(path), str(path))
        table = Table(str(path), columns, targets=targets)
    elif name.endswith(".parquet"):
        table = _parquet(path)
    else:
        table = _text(path, form)
    return _with_rows(table)


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


def _text(path: Path, form: TextForm) -> Table:
    """Return the table of a text file with separated columns."""
    polars = library("polars", "reading data")
    lines = _first_lines(path)
    separator = _separator(lines)
    try:
        rows = list(csv.reader(lines, delimiter=separator))
    except csv.Error as error:
        raise InputError(f"not a table: {error}", where=str(path)) from error
    names, has_header, notes = _names(rows, form.header, path)
    try:
        frame = polars.read_csv(
            path,
            separator=separator,
            has_header=False,
            skip_rows=int(has_header),
            skip_lines=0,
            infer_schema=False,
            new_columns=list(names),
            eol_char="\r" if lines[0].endswith("\r") else "\n",
        )
    except polars.exceptions.NoDataError:
        return Table(str(path), {})
    except Exception as error:  # polars' own errors have no common base that is stable
        raise _uneven(path, separator, len(names), str(error).strip().split("\n")[0]) from error
    if frame.width != len(names):
        raise InputError(
            f"the first line has {len(names)} columns, others have {frame.width}", where=str(path)
        )
    filled = frame.select(polars.any_horizontal(polars.all().is_not_null())).to_series()
    last = filled.arg_true().max()
    frame = frame.head(0 if last is None else last + 1)  # without blank lines at the end
    columns: dict[str, Array] = {}
    for name in names:
        series = frame[name].str.strip_chars()
        lacking = series.str.to_lowercase().is_in(list(MISSING))
        columns[name] = np.array(series.set(lacking, None).to_list(), object)
    decimal = _decimal(form, separator == ";" and _has_decimal_commas(rows[1:]))
    if decimal == "," and form.decimal is None and not form.thousands:
        notes += ("numbers have decimal commas",)
    if form.decimal is None and form.thousands is None:
        notes += tuple(_like_thousands(columns, decimal))
    return Table(
        str(path), columns, 1 + has_header, "line",
        notes=notes, decimal=decimal, thousands=form.thousands or "",
    )  # fmt: skip


def _decimal(form: TextForm, commas: bool) -> str:
    """Return the sign before decimals: as said, else the one that parts no thousands.

    Raises:
        InputError: it parts thousands too.
    """
    check_one_of("--decimal", form.decimal, DECIMALS)
    check_one_of("--thousands", form.thousands, THOUSANDS)
    found = (
        form.decimal or {".": ",", ",": "."}.get(form.thousands or "") or ("," if commas else ".")
    )
    if found == form.thousands:
        raise InputError(
            "one sign parts thousands and decimals", where="--thousands", received=found
        )
    return found


def check_one_of(option: str, said: str | None, allowed: Sequence[str]) -> None:
    """Check that what is said for an option, if anything, is one of some words.

    Raises:
        InputError: it is not.
    """
    if said is not None and said not in allowed:
        raise InputError(
            "not one of the words that it takes",
            where=option,
            received=str(said),
            allowed=", ".join(allowed),
            nearest=nearest(str(said), allowed),
        )


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
        try:
            counts = {len(row) for row in csv.reader(lines, delimiter=separator) if row}
        except csv.Error:  # a value that is too long
            return False, 0
        return len(counts) == 1, max(counts)

    # Of columns that are separated by `;`, numbers with decimal commas are no separators.
    found = max(_SEPARATORS, key=fit)
    if fit(found)[1] > 1:
        return found
    return " " if fit(" ") > (True, 1) else ","


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
            raise InputError(
                f"column {k} has no name in the first line",
                where=str(path),
                allowed="a name for each column (pandas writes none of its index: index=False)",
            )
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

    def has(sign: str) -> bool:
        form = re.compile(rf"\s*[-+]?\d+{sign}\d+([eE][-+]?\d+)?\s*")
        return any(map(form.fullmatch, words))

    return has(",") and not has(r"\.")


def _like_thousands(columns: Mapping[str, Array], decimal: str) -> Iterator[str]:
    """Yield which columns have decimals of three digits and whole numbers, none with another."""
    parted = re.compile(rf"[-+]?[1-9]\d{{0,2}}({re.escape(decimal)}\d{{3}})+")
    whole = re.compile(r"[-+]?\d{1,3}")
    for name, values in columns.items():
        words = [word for word in values if word is not None]
        first = next(filter(parted.fullmatch, words), None)
        if first is None or all(map(parted.fullmatch, words)):
            continue
        if all(parted.fullmatch(word) or whole.fullmatch(word) for word in words):
            yield (
                f"{name!r}: {first} is read with decimals; --thousands {decimal} if its sign "
                "parts thousands"
            )


# ---- Parquet and arrays ----------------------------------------------------------------


def _parquet(path: Path) -> Table:
    polars = library("polars", "reading data")
    try:
        frame = polars.read_parquet(path)
    except Exception as error:  # as above
        reason = str(error).strip().split("\n")[0]
        raise InputError(f"not a sound Parquet file: {reason}", where=str(path)) from error
    return Table(str(path), frame_columns(frame, str(path)))
