"""What a network is to give: numbers, one of two classes, or a row of a 1 among zeros."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from gradscribe.catalog.losses import Loss
from gradscribe.errors import InputError, shortened
from gradscribe.learning.columns import MAX_CATEGORIES, Column
from gradscribe.learning.frames import Array

Numbers = npt.NDArray[np.floating[Any]]
_ONE = "one class alone: there is nothing to tell apart"


@dataclass(frozen=True)
class Targets:
    """Desired outputs.

    Attributes:
        D: (N, N_M), before any scaling.
        names: of the outputs: columns, or classes.
        classes: labels, in the order of the outputs; two for one output; () for numbers.
        numbers: the number of each row's class, (N,); None without classes.
        labels: what d is for the one and the other class.
        notes: what was decided.
    """

    D: Numbers
    names: tuple[str, ...]
    classes: tuple[str | int | float, ...] = ()
    numbers: npt.NDArray[np.int64] | None = None
    labels: tuple[int, int] = (0, 1)
    notes: tuple[str, ...] = field(default=())


def targets_of(
    columns: Sequence[Column], loss: Loss, outputs: int | None, as_classes: bool
) -> Targets:
    """Return the desired outputs that columns hold.

    A column of words, or any for a loss between classes, holds classes; so does a column of
    numbers where the network has an output for each different number in it. Several columns do
    where each row has a 1 among zeros.

    Args:
        columns: the targets.
        loss: the network's.
        outputs: N_M, or None where it is open.
        as_classes: whether numbers are names of classes in any case.

    Raises:
        InputError: several targets with words, one class alone, or numbers that the loss cannot
            take.
    """
    words = [column for column in columns if column.categories]
    if len(columns) > 1:
        if not (words or loss.of_classes or as_classes):
            return _numbers(columns, loss)
        found = None if words else _ones_among_zeros(columns)
        if found is None:
            raise InputError(
                f"several targets have to be numbers, and {words[0].name!r} is not"
                if words
                else "several targets say no class, but by a 1 among zeros in each row",
                where="--target",
                allowed="one column of classes, or columns of numbers",
            )
        return found
    (column,) = columns
    different = len(set(column.values.tolist()))
    each = outputs is not None and 1 < outputs == different
    between = loss.labels is not None and different == 2
    if words or loss.of_classes or as_classes or between or each:
        found = _classes(column, loss, outputs)
        if each and not (words or loss.of_classes or as_classes or between):
            text = (
                f"{column.name}: {different} numbers are classes, as the network has an output each"
            )
            return Targets(found.D, found.names, found.classes, found.numbers, notes=(text,))
        return found
    return _numbers(columns, loss)


def _ones_among_zeros(columns: Sequence[Column]) -> Targets | None:
    """Return columns whose rows have a 1 among zeros as classes of their names, else None."""
    D = np.stack([column.values for column in columns], axis=1).astype(float)
    if not (np.isin(D, (0, 1)).all() and (D.sum(axis=1) == 1).all()):
        return None
    names = tuple(column.name for column in columns)
    return Targets(D, names, names, D.argmax(axis=1))


def _numbers(columns: Sequence[Column], loss: Loss) -> Targets:
    """Return columns of numbers."""
    for column in columns:
        low, high = float(column.values.min()), float(column.values.max())
        if low == high and len(column.values) > 1:
            raise InputError(
                "the target has one value in all rows: there is nothing to learn",
                where=f"column {shortened(column.name)!r}",
                received=f"{low:g}",
                allowed="a target that varies (--target)",
            )
        if loss.labels is not None and not loss.labels[0] <= low <= high <= loss.labels[1]:
            raise InputError(
                f"the loss {loss.name} takes targets from {loss.labels[0]} to {loss.labels[1]}",
                where=f"column {shortened(column.name)!r}",
                received=f"{low:g} to {high:g}",
                allowed="two classes, or loss=mse for numbers, or --classes",
            )
        if loss.least is not None and low < loss.least:
            raise InputError(
                f"the loss {loss.name} takes targets from {loss.least} on",
                where=f"column {shortened(column.name)!r}",
                received=f"{low:g} to {high:g}",
                allowed="counts or rates, or loss=mse for numbers of both signs",
            )
    D = np.stack([column.values for column in columns], axis=1).astype(float)
    return Targets(D, tuple(column.name for column in columns))


def _classes(column: Column, loss: Loss, outputs: int | None) -> Targets:
    """Return a column of classes as one output of two labels, or as one output a class."""
    labels: tuple[str | int | float, ...]
    labels = column.categories or tuple(_plain(v) for v in np.unique(column.values))
    where = f"column {shortened(column.name)!r}"
    if len(labels) == 1:
        raise InputError(_ONE, where=where, received=str(labels[0]), allowed="two classes or more")
    if len(labels) > max(MAX_CATEGORIES, outputs or 0):
        raise InputError(
            f"{len(labels)} classes are too many",
            where=where,
            received=", ".join(map(str, labels[:4])) + ", …",
            allowed=f"{MAX_CATEGORIES}; for numbers loss=mse and a linear output",
        )
    values: Array = np.array(labels, object if column.categories else float)
    numbers = np.searchsorted(values, column.values).astype(np.int64)
    pair = loss.labels or (0, 1)
    if len(labels) == 2 and not loss.of_classes and outputs in (1, None):
        D = np.where(numbers == 1, pair[1], pair[0])[:, None].astype(float)
        return Targets(D, (f"{column.name}={labels[1]}",), labels, numbers, pair)
    D = np.where(np.eye(len(labels))[numbers] == 1, pair[1], pair[0]).astype(float)
    return Targets(D, tuple(f"{column.name}={label}" for label in labels), labels, numbers, pair)


def _plain(value: float) -> int | float:
    return int(value) if float(value).is_integer() else float(value)


def decided(Y: Numbers, labels: tuple[int, int], logits: bool = False) -> npt.NDArray[np.int64]:
    """Return the number of the class that outputs say, (N,).

    Args:
        Y: outputs, (N, N_M).
        labels: what one output is for the one and the other class.
        logits: whether one output is a logit, positive for the second class.
    """
    if Y.shape[1] > 1:
        return np.asarray(Y.argmax(axis=1), np.int64)
    border = 0.0 if logits else (labels[0] + labels[1]) / 2
    return (Y[:, 0] > border).astype(np.int64)
