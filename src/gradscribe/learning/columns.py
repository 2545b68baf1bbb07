"""Columns as numbers or categories, and what is wrong with them, with the row and the cure."""

import re
from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from gradscribe.errors import InputError, nearest, shortened
from gradscribe.learning.table import MISSING, Array, Table

MAX_CATEGORIES = 100
_NEARLY_ALL = 0.9
_LIKE_A_NUMBER = re.compile(r"[+-]?\d+([.,'\u2019 ]\d+)+")
_MOSTLY = 0.5  # share of numbers from which a column is one of numbers


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
    return np.array([v is None or str(v).strip().lower() in MISSING for v in values], bool)


def complete(table: Table, missing: str) -> tuple[Table, int]:
    """Return a table in which no value is missing, and how many rows were left out.

    Args:
        table: the table.
        missing: "refuse", or "drop" for leaving out rows that lack a value.

    Raises:
        InputError: a value is missing and that is refused, or no row is left.
    """
    gone = missing_rows(table)
    count = int(gone.sum())
    if not count:
        return table, 0
    if missing == "refuse":
        row = int(np.flatnonzero(gone)[0])
        name = next(k for k, v in table.columns.items() if _missing(v)[row])
        more = f"; {count} rows lack a value" if count > 1 else ""
        raise InputError(
            f"a value is missing{more}",
            where=table.place(row, name),
            allowed="--missing drop to leave such rows out, or --drop COLUMN",
        )
    if count == table.length:
        emptiest = max(table.columns, key=lambda k: int(_missing(table.columns[k]).sum()))
        raise InputError(
            "every row lacks a value",
            where=table.path,
            allowed=f"--drop {emptiest}, which lacks most",
        )
    return replace(table, columns={k: v[~gone] for k, v in table.columns.items()}), count


def column_of(table: Table, name: str, categorical: bool, lines: Array) -> Column:
    """Return a column of a complete table as numbers or categories.

    Args:
        table: the table.
        name: the column.
        categorical: whether it is to be categories in any case.
        lines: the number of each row in the file, (N,), for messages.

    Raises:
        InputError: a word stands among numbers, or a number is infinite.
    """
    values = table.columns[name]
    if categorical:
        return _categories(name, [_word(v) for v in values])
    if values.dtype.kind == "f":
        return _finite(table, name, values, lines)
    numbers = [_number(v) for v in values]
    bad = [k for k, number in enumerate(numbers) if number is None]
    if len(bad) > (1 - _MOSTLY) * len(values):
        like_numbers = [k for k in bad if _LIKE_A_NUMBER.fullmatch(str(values[k]).strip())]
        if len(like_numbers) > _NEARLY_ALL * len(bad):
            raise InputError(
                "these look like numbers with another sign for decimals or thousands",
                where=replace(table, first=0).place(int(lines[like_numbers[0]]), name),
                received=str(values[like_numbers[0]]),
                allowed=f"1234.5 in all columns, or 1234,5; or --categorical {name} for names",
            )
        return _categories(name, [str(v) for v in values])
    if bad:
        raise InputError(
            "not a number, in a column of numbers",
            where=replace(table, first=0).place(int(lines[bad[0]]), name),
            received=str(values[bad[0]]),
            allowed=f"a number; or --categorical {name} if all its values are names",
        )
    return _finite(table, name, np.array(numbers, float), lines)


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


def _word(value: Any) -> str:
    """Return a value as the name of a category; 3.0 is 3."""
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return str(value)


def _number(value: Any) -> float | None:
    """Return the number that a word says, or None.

    Python takes `1_000` for a number too, which in a table is none.
    """
    try:
        return None if "_" in str(value) else float(value)
    except ValueError:
        return None
