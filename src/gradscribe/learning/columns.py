"""Columns as numbers or categories, and what is wrong with them, with the row and the cure."""

import re
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from gradscribe.errors import InputError, nearest, shortened
from gradscribe.learning.frames import Array
from gradscribe.learning.table import Table

MAX_CATEGORIES = 100
_EXACT = 2**53  # from which on not all integers are numbers of 64 bits
_MOSTLY = 0.5  # share of numbers from which a column is one of numbers
_NUMBERS = "a number such as {number} without a unit; --decimal and --thousands say its signs"
# What looks like a number to people: what it is, the words, and what would be taken.
_LIKE_NUMBERS = (
    (
        "a date or a time is no number",
        re.compile(
            r"(\d{4}([-/.])\d{1,2}\2\d{1,2}|\d{1,2}([-/.])\d{1,2}\3(\d{4}|\d{2}))([ T].*)?"
            r"|\d{1,2}(:\d\d){1,2}(\.\d+)?"
        ),
        "a number, such as days since the first one; --drop {name}",
    ),
    (
        "these look like numbers with another sign for decimals or thousands, or with a unit",
        re.compile(
            r"[-+−]?[$€£¥]? ?[-+−]?\d+([.,'\u2019\u00a0\u202f ]\d+)*([eE][-+]?\d+)? ?[%$€£¥]?"
        ),
        _NUMBERS,
    ),
)
# Signs that stand for one between thousands.
_ALIKE = {" ": " \u00a0\u202f", "'": "'\u2019"}


@dataclass(frozen=True)
class Column:
    """A column whose every value is there.

    Attributes:
        name: its name.
        values: numbers, (N,) of float64, or words, (N,) of text.
        categories: the different values of a column of words, sorted; () for numbers.
    """

    name: str
    values: Array
    categories: tuple[str, ...] = ()

    def rows(self) -> tuple[tuple[str, ...], npt.NDArray[np.float64]]:
        """Return names and numbers of the inputs that a column gives, (N, 1) or (N, categories).

        Two categories give one input, more give one each (a row of a 1 among zeros).
        """
        if not self.categories:
            return (self.name,), self.values[:, None].astype(float)
        shown = self.categories[1:] if len(self.categories) == 2 else self.categories
        found = np.stack([self.values == word for word in shown], axis=1)
        return tuple(f"{self.name}={word}" for word in shown), found.astype(float)


def chosen(table: Table, names: Iterable[str], option: str) -> tuple[str, ...]:
    """Return names of columns, each of which the table has.

    Raises:
        InputError: one it does not have, or one is named twice.
    """
    found: list[str] = []
    for name in names:
        if name not in table.columns:
            raise InputError(
                f"{table.path} has no such column",
                where=option,
                received=name,
                allowed=shortened(", ".join(table.columns), 300),
                nearest=nearest(name, table.columns),
            )
        if name in found:
            raise InputError("a column is named twice", where=option, received=name)
        found.append(name)
    return tuple(found)


def without(table: Table, names: Iterable[str]) -> Table:
    """Return a table without some columns."""
    gone = set(names)
    return replace(table, columns={k: v for k, v in table.columns.items() if k not in gone})


def missing_rows(table: Table) -> npt.NDArray[np.bool_]:
    """Return which rows lack a value, (N,)."""
    found = np.any([_missing(values) for values in table.columns.values()], axis=0)
    return np.asarray(found, bool)


def _missing(values: Array) -> npt.NDArray[np.bool_]:
    if values.dtype.kind == "f":
        return np.isnan(values)
    return np.array([v is None for v in values], bool)


_CURE = "--missing drop to leave such rows out, or --drop COLUMN"


def complete(table: Table, lacking: str, cure: str = _CURE) -> tuple[Table, int]:
    """Return a table in which no value is missing, and how many rows were left out.

    Args:
        table: the table.
        lacking: "refuse", or "drop" for leaving out rows that lack a value.
        cure: what is allowed, for messages.

    Raises:
        InputError: a value is missing and that is refused, or no row is left.
    """
    gone = missing_rows(table)
    count = int(gone.sum())
    if not count:
        return table, 0
    if lacking == "refuse":
        row = int(np.flatnonzero(gone)[0])
        name = next(k for k, v in table.columns.items() if _missing(v)[row])
        more = f"; {count} rows lack a value" if count > 1 else ""
        raise InputError(
            f"a value is missing{more}",
            where=table.place(row, name),
            allowed=cure,
        )
    if count == table.length:
        emptiest = max(table.columns, key=lambda k: int(_missing(table.columns[k]).sum()))
        raise InputError(
            "every row lacks a value",
            where=table.path,
            allowed=f"--drop {emptiest}, which lacks most",
        )
    return replace(table, columns={k: v[~gone] for k, v in table.columns.items()}), count


def column_of(table: Table, name: str, categorical: bool | None, lines: Array) -> Column:
    """Return a column of a complete table as numbers or categories.

    Args:
        table: the table.
        name: the column.
        categorical: whether it is to be categories; None to look.
        lines: the number of each row in the file, (N,), for messages.

    Raises:
        InputError: a word stands among numbers, or a number is infinite.
    """
    values = table.columns[name]
    _check_kind(table, name, values)
    if categorical:
        return _categories(name, [word(v) for v in values])
    if values.dtype.kind == "f":
        return _finite(table, name, values, lines)
    if values.dtype.kind in "iu":
        _check_exact(table, name, values.tolist())
        return Column(name, values.astype(float))
    numbers = _numbers(table, values)
    bad = np.flatnonzero(np.isnan(numbers))
    if not bad.size:
        column = _finite(table, name, numbers, lines)
        if max(abs(numbers.min()), numbers.max()) >= _EXACT:
            _check_exact(table, name, map(int, filter(str.isdecimal, values)))
        return column
    what, allowed = "not a number, in a column of numbers", _NUMBERS
    found: list[int] = []
    for said, pattern, cure in _LIKE_NUMBERS:
        alike = [k for k in bad.tolist() if pattern.fullmatch(values[k])]
        if len(alike) > len(found):
            what, allowed, found = said, cure, alike
    if categorical is None and len(values) - len(bad) + len(found) < _MOSTLY * len(values):
        return _categories(name, list(values))
    row = (found or bad.tolist())[0]
    raise InputError(
        what,
        where=replace(table, first=0).place(int(lines[row]), name),
        received=values[row],
        allowed=allowed.format(name=name, number=f"1234{table.decimal}5")
        + f"; or --categorical {name} for names" * (categorical is None),
    )


def _check_kind(table: Table, name: str, values: Array) -> None:
    """Check that a column has numbers or words.

    Raises:
        InputError: it has something else.
    """
    if values.dtype.kind in "fiu" or isinstance(values[0], str):
        return
    found = f"{values.dtype}" if values.dtype.kind != "O" else type(values[0]).__name__
    raise InputError(
        "a date or a time is no number"
        if values.dtype.kind in "mM"
        else "neither numbers nor text",
        where=f"{table.path}: column {shortened(name)!r}",
        received=found,
        allowed=f"numbers, such as days since the first one, or text; --drop {name}",
    )


def _check_exact(table: Table, name: str, integers: Iterable[int]) -> None:
    """Check that integers stay different as numbers of 64 bits.

    Raises:
        InputError: some do not.
    """
    different = set(integers)
    if len(set(map(float, different))) < len(different):
        raise InputError(
            "integers of so many digits are not told apart by numbers of 64 bits",
            where=f"{table.path}: column {shortened(name)!r}",
            allowed=f"up to 16 digits; --drop {name}, or --categorical {name} for names",
        )


def _finite(table: Table, name: str, values: Array, lines: Array) -> Column:
    bad = np.flatnonzero(~np.isfinite(values))
    if bad.size:
        raise InputError(
            "the number is not finite",
            where=replace(table, first=0).place(int(lines[bad[0]]), name),
            received=str(values[bad[0]]),
            allowed=f"a finite number; leave the row or the column out (--drop {name})",
        )
    return Column(name, values)


def _categories(name: str, words: list[str]) -> Column:
    return Column(name, np.array(words, object), tuple(sorted(set(words))))


def word(value: Any) -> str:
    """Return a value as the name of a category; 3.0 is 3."""
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return str(value)


def _numbers(table: Table, words: Array) -> npt.NDArray[np.float64]:
    """Return the number that each word says, (N,), NaN where it says none."""
    if table.decimal == "." and not table.thousands:
        if not any("_" in word for word in words):
            with suppress(ValueError):
                return words.astype(float)
        return np.array([_number(word) for word in words])
    between = f"[{_ALIKE.get(table.thousands, table.thousands)}]" if table.thousands else ""
    grouped = rf"|\d{{1,3}}({between}\d{{3}})+" if between else ""
    form = re.compile(rf"[-+]?(\d*{grouped})({re.escape(table.decimal)}\d*)?([eE][-+]?\d+)?")

    def number(word: str) -> float:
        if form.fullmatch(word):
            plain = re.sub(between, "", word) if between else word
            return _number(plain.replace(table.decimal, "."))
        # What has digits and other signs is none; infinity is told as such.
        return np.nan if any(map(str.isdecimal, word)) else _number(word)

    return np.array([number(word) for word in words])


def _number(word: str) -> float:
    """Return the number that a word says; `1_000`, one for Python, is none in a table."""
    try:
        return np.nan if "_" in word else float(word)
    except ValueError:
        return np.nan
