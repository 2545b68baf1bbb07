"""New rows as the inputs of a trained network: coded as those that it was trained with."""

from dataclasses import replace
from typing import Any

import numpy as np

from gradscribe.errors import InputError, nearest, shortened
from gradscribe.learning.columns import Column, column_of, complete
from gradscribe.learning.data import Data, Numbers
from gradscribe.learning.frames import array_columns, is_frame
from gradscribe.learning.table import Table, is_path, table_of


def table_of_inputs(given: Any, data: Data) -> Table:
    """Return new rows as a table with the columns of the inputs, in their order.

    Args:
        given: a table, the path of one, a frame, or an array with the columns in their order.
        data: what was trained with.

    Raises:
        InputError: it is no table, or a column is missing.
    """
    names = [name for name, *_ in data.columns]
    if not names:
        raise InputError("the run does not say what its columns are", allowed="to train it again")
    if isinstance(given, Table) or is_path(given) or is_frame(given):
        table = given if isinstance(given, Table) else table_of(given)
        lacking = [name for name in names if name not in table.columns]
        if lacking:
            raise InputError(
                f"the table lacks {len(lacking)} of {len(names)} inputs: "
                + shortened(", ".join(lacking), 300),
                where=table.path,
                received=shortened(", ".join(table.columns), 300),
                nearest=nearest(lacking[0], table.columns),
            )
        return replace(table, columns={name: table.columns[name] for name in names})
    # Numbers and words of a list of rows would all be words.
    rows = np.asarray(given, None if hasattr(given, "dtype") else object)
    if rows.ndim != 2 or rows.shape[1] != len(names) or not len(rows):
        raise InputError(
            "rows have a value for each column of the inputs",
            where="X",
            received=f"shape {rows.shape}",
            allowed=f"(N, {len(names)}): {shortened(', '.join(names), 300)}",
        )
    columns, _ = array_columns(dict(zip(names, rows.T, strict=True)), "X")
    return Table("X", columns)


def inputs_of(table: Table, data: Data) -> Numbers:
    """Return the inputs that rows of a table are, in its units, (N, N_0).

    Raises:
        InputError: a value is missing, is no number, or is a word that training did not have.
    """
    table, _ = complete(table, "refuse", "a value for each input; or the table without this row")
    lines = np.arange(table.length) + table.first
    parts = []
    for name, *words in data.columns:
        column = column_of(table, name, bool(words), lines)
        if words:
            column = _known(table, column, tuple(words))
        parts.append(column.rows()[1])
    return np.concatenate(parts, axis=1)


def _known(table: Table, column: Column, words: tuple[str, ...]) -> Column:
    """Return a column of words as the categories of training.

    Raises:
        InputError: training did not have a word.
    """
    for row, value in enumerate(column.values):
        if value not in words:
            raise InputError(
                "training had no such word in this column",
                where=table.place(row, column.name),
                received=value,
                allowed=shortened(", ".join(words), 300),
                nearest=nearest(value, words),
            )
    return replace(column, categories=words)
