"""From a table to what a network is trained with and tested on."""

import io
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from sympy import exp

from gradscribe.catalog.activations import Activation
from gradscribe.catalog.losses import Y
from gradscribe.errors import InputError, shortened
from gradscribe.learning.columns import (
    MAX_CATEGORIES,
    Column,
    chosen,
    column_of,
    complete,
    missing_rows,
    without,
)
from gradscribe.learning.frames import Array
from gradscribe.learning.reach import out_of_reach
from gradscribe.learning.scaling import KINDS, Scaling
from gradscribe.learning.sizing import OpenNetwork
from gradscribe.learning.splitting import held_out, share_of
from gradscribe.learning.table import Table, TextForm, check_one_of, table_of
from gradscribe.learning.targets import Targets, targets_of
from gradscribe.model.network import Network

Numbers = npt.NDArray[np.floating[Any]]


LACKING = ("refuse", "drop")
_FEW = 20  # categories, that any number of rows may have


@dataclass(frozen=True)
class DataOptions:
    """What a user says of the data.

    Attributes:
        target: names of the target's columns; () for the last column.
        drop: columns that are left out.
        categorical: columns whose numbers are names.
        classes: whether the target's numbers are names of classes.
        header: whether the first line has names; None to look.
        decimal: "." or ","; None to look.
        thousands: the sign between them; None for none.
        missing: "refuse", or "drop" for rows that lack a value.
        scale: "standard", "minmax" or "none".
        test: the share of rows that is held out; None for 0.3 of 50 rows and more.
        seed: of the draw of these rows.
    """

    target: tuple[str, ...] = ()
    drop: tuple[str, ...] = ()
    categorical: tuple[str, ...] = ()
    classes: bool = False
    header: bool | None = None
    decimal: str | None = None
    thousands: str | None = None
    missing: str = "refuse"
    scale: str = "standard"
    test: float | None = None
    seed: int = 0


@dataclass(frozen=True)
class Data:
    """Rows as a network takes them: what is trained with, what is held out, and how to go back.

    Attributes:
        X: scaled inputs to train with, (N, N_0).
        D: desired outputs, scaled where outputs are, (N, N_M).
        X_test: scaled inputs that are held out, (N_t, N_0).
        D_test: their desired outputs, (N_t, N_M).
        inputs: names of the inputs.
        outputs: names of the outputs.
        target: what is learnt, for titles.
        input_scaling: x̂ = factor · x + shift.
        output_scaling: the same of desired outputs; the identity for classes.
        classes: labels of the classes; () for numbers.
        labels: what one output is for the one and the other class.
        logits: whether one output of two classes is a logit.
        columns: those of the table that are inputs, each its name and then its categories.
        notes: what was found and decided, for people.
        cautions: what is likely to be a mistake.
    """

    X: Numbers
    D: Numbers
    X_test: Numbers
    D_test: Numbers
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]
    target: str
    input_scaling: Scaling
    output_scaling: Scaling
    classes: tuple[str | int | float, ...] = ()
    labels: tuple[int, int] = (0, 1)
    logits: bool = False
    columns: tuple[tuple[str, ...], ...] = ()
    notes: tuple[str, ...] = ()
    cautions: tuple[str, ...] = ()

    def packed(self) -> bytes:
        """Return the arrays as the content of a `.npz` file."""
        buffer = io.BytesIO()
        np.savez(buffer, X=self.X, D=self.D, X_test=self.X_test, D_test=self.D_test)
        return buffer.getvalue()


def read_data(data: Any, opened: OpenNetwork, options: DataOptions) -> Data:
    """Return data as a network takes them.

    Args:
        data: the path of a file, arrays (X, D) or a frame.
        opened: the network.
        options: what is said of the data.

    Raises:
        InputError: the data are no table, a value cannot be taken, or they do not fit.
    """
    form = TextForm(options.header, options.decimal, options.thousands)
    return prepared(table_of(data, form), opened, options)


def prepared(table: Table, opened: OpenNetwork, options: DataOptions) -> Data:
    """Return a table as a network takes it (see `read_data`)."""
    check_one_of("--missing", options.missing, LACKING)
    check_one_of("--scale", options.scale, KINDS)
    table = without(table, chosen(table, options.drop, "--drop"))
    names = chosen(table, options.target, "--target") or table.targets or (list(table.columns)[-1],)
    if len(names) >= len(table.columns):
        raise InputError(
            "no column is left for the inputs",
            where=table.path,
            received=shortened(", ".join(table.columns)),
            allowed="an input beside the target",
        )
    categorical = chosen(table, options.categorical, "--categorical")
    lines = np.flatnonzero(~missing_rows(table)) + table.first
    table, gone = complete(table, options.missing)
    if table.length == 1:
        raise InputError(
            "one row alone: there is nothing to learn from, and none to hold out",
            where=table.path,
            allowed="two rows or more",
        )
    columns = {k: column_of(table, k, k in categorical or None, lines) for k in table.columns}
    targets = targets_of(
        [columns[k] for k in names], opened.network.loss, opened.end(-1), options.classes
    )
    inputs = [column for k, column in columns.items() if k not in names]
    notes = [*table.notes, *targets.notes, *_remarks(inputs)]
    notes += [f"{gone} rows that lack a value are left out"] * (gone > 0)
    return _divided(inputs, targets, opened.network, options, notes, ", ".join(names))


def _divided(
    inputs: list[Column],
    targets: Targets,
    network: Network,
    options: DataOptions,
    notes: list[str],
    target: str,
) -> Data:
    """Return the rows to train with and those held out, scaled by what the former are."""
    words, X, free = _inputs(inputs)
    share = share_of(options.test, len(X))
    out = held_out(len(X), share, options.seed, targets.numbers)
    notes += _unlike(words, X[~out], free)
    scaling = Scaling.fitted(options.scale, X[~out], free)
    D = targets.D
    back = np.full(D.shape[1], not targets.classes and scales_output(network))
    own = Scaling.fitted(options.scale, D[~out], back)
    with np.errstate(all="ignore"):
        X, D = scaling(X), own(D)
    _check_finite(X, words)
    _check_finite(D, targets.names)
    return Data(
        X=X[~out],
        D=D[~out],
        X_test=X[out],
        D_test=D[out],
        inputs=words,
        outputs=targets.names,
        target=target,
        input_scaling=scaling,
        output_scaling=own,
        classes=targets.classes,
        labels=targets.labels,
        logits=_is_logit(network),
        columns=tuple((column.name, *column.categories) for column in inputs),
        notes=tuple(notes),
        cautions=tuple(_cautions(network, targets)),
    )


def _check_finite(scaled: Numbers, names: tuple[str, ...]) -> None:
    """Check that scaled columns are finite.

    Raises:
        InputError: a column has numbers whose span is beyond what 64 bits hold.
    """
    bad = np.flatnonzero(~np.isfinite(scaled).all(axis=0))
    if bad.size:
        name = shortened(names[int(bad[0])])
        raise InputError(
            "the span of the numbers is too large, or too small, to be scaled",
            where=f"column {name!r}",
            allowed=f"another unit, --scale none, or --drop {name}",
        )


def _inputs(columns: list[Column]) -> tuple[tuple[str, ...], Numbers, npt.NDArray[np.bool_]]:
    """Return names, numbers (N, N_0) and which of them are scaled, (N_0,)."""
    names: list[str] = []
    parts: list[Numbers] = []
    free: list[bool] = []
    for column in columns:
        count = len(column.categories)
        if count > MAX_CATEGORIES or max(_FEW, len(column.values) / 2) < count:
            raise InputError(
                f"{count} different words in {len(column.values)} rows are no categories",
                where=f"column {shortened(column.name)!r}",
                received=", ".join(map(shortened, column.categories[:3])) + ", …",
                allowed=f"at most {MAX_CATEGORIES}; --drop {column.name} leaves it out",
            )
        words, numbers = column.rows()
        names += words
        parts.append(numbers)
        free += [not column.categories] * len(words)
    return tuple(names), np.concatenate(parts, axis=1), np.array(free, bool)


def _remarks(inputs: list[Column]) -> Iterator[str]:
    """Yield what should be known of the inputs: the same column twice."""
    seen: dict[bytes, str] = {}
    for column in inputs:
        values: Array = column.values
        key = repr(values.tolist()).encode() if column.categories else values.tobytes()
        if key in seen and len(set(values.tolist())) > 1:
            yield f"columns {seen[key]!r} and {column.name!r} are equal: --drop one of them"
        seen.setdefault(key, column.name)
    for column in inputs:
        if column.categories:
            yield f"{column.name!r} is categorical: {shortened(', '.join(column.categories))}"


def _unlike(names: tuple[str, ...], X: Numbers, free: npt.NDArray[np.bool_]) -> Iterator[str]:
    """Yield which inputs have one value in all rows of training."""
    same = [name for name, x, f in zip(names, X.T, free, strict=True) if f and (x == x[0]).all()]
    if len(same) == len(names):
        raise InputError(
            "every input has one value in all rows: there is nothing to learn from",
            where=f"column {same[0]!r}",
        )
    if same:
        listed = shortened(", ".join(same))
        yield f"the same in all rows to train with, so of no use (--drop): {listed}"


def scales_output(network: Network) -> bool:
    """Whether desired outputs may be scaled: the last layer is linear and the loss is of d - y."""
    function = _last_function(network)
    return network.loss.error is not None and function is not None and function.name == "linear"


def _last_function(network: Network) -> Activation | None:
    """Return the function of the last layer; None where it is written out in its equation."""
    (last,) = (q for q in network.equations if q.name == network.output.name)
    stem = getattr(last.right, "stem", None)
    return network.functions.get(stem) if isinstance(stem, str) else None


def _cautions(network: Network, targets: Targets) -> Iterator[str]:
    """Yield what is likely to be a mistake: targets that the last layer cannot give."""
    function = _last_function(network)
    if network.loss.error is not None and function is not None and not targets.classes:
        sentence = out_of_reach(function, targets.D)
        if sentence is not None:
            yield sentence


def _is_logit(network: Network) -> bool:
    """Whether an output is a logit: the loss is between two classes and has its exponential."""
    return network.loss.labels is not None and bool(network.loss.whole.has(exp(Y)))
