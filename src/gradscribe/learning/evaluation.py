"""How good a network with learnt parameters is, on rows it was trained with and on others."""

from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from gradscribe.learning.data import Data
from gradscribe.learning.objective import Objective, Vector
from gradscribe.learning.targets import decided
from gradscribe.learning.telling import numeral
from gradscribe.lecture.words import Words

Numbers = npt.NDArray[np.floating[Any]]


@dataclass(frozen=True)
class Part:
    """Outputs on some rows.

    Attributes:
        name: "training" or "held out".
        cost: J, of desired outputs as the network takes them.
        outputs: in the units of the data, (N, N_M).
        desired: the same, (N, N_M).
        confusion: rows: true classes; columns: those that the network says, (C, C); None for
            numbers.
    """

    name: str
    cost: float
    outputs: Numbers = field(repr=False)
    desired: Numbers = field(repr=False)
    confusion: npt.NDArray[np.int64] | None = None

    @property
    def rows(self) -> int:
        """The number of rows."""
        return len(self.outputs)

    @property
    def accuracy(self) -> float | None:
        """The share of rows whose class is right; None for numbers."""
        if self.confusion is None:
            return None
        return float(np.trace(self.confusion) / self.confusion.sum())

    @property
    def _unit(self) -> Numbers:
        """The largest desired output, so that no square is too large or too small, (N_M,)."""
        largest = np.abs(self.desired).max(axis=0)
        return np.asarray(np.where(largest > 0, largest, 1))

    @property
    def root_mean_square(self) -> Numbers:
        """√(mean of e²) of each output in the units of the data, (N_M,)."""
        errors = (self.desired - self.outputs) / self._unit
        return np.asarray(self._unit * np.sqrt((errors**2).mean(axis=0)))

    @property
    def explained(self) -> Numbers:
        """R² = 1 - Σ e²/Σ (d - mean d)² of each output, (N_M,)."""
        unit = self._unit
        spread = (((self.desired - self.desired.mean(axis=0)) / unit) ** 2).sum(axis=0)
        errors = (((self.desired - self.outputs) / unit) ** 2).sum(axis=0)
        return np.asarray(1 - errors / np.where(spread > 0, spread, np.nan))


def part_name(part: Part, words: Words) -> str:
    """Return what the rows of a part are called."""
    return words.text("report.training" if part.name == "training" else "report.held_out")


def cost_of(cost: float, words: Words) -> str:
    """Return a cost with as many digits as are of interest."""
    return numeral(f"{cost:.6g}", words)


def cost_range(low: float, high: float, words: Words) -> str:
    """Return the costs of several starts, once where they look the same."""
    first, last = cost_of(low, words), cost_of(high, words)
    return first if first == last else words.text("report.range", low=first, high=last)


def quality(part: Part, words: Words) -> str:
    """Return how good outputs are: the share that is right, or the errors."""
    said = [f"J = {cost_of(part.cost, words)}"]
    if part.confusion is not None and part.accuracy is not None:
        right, share = int(part.confusion.trace()), numeral(f"{part.accuracy:.1%}", words)
        said.append(words.text("report.right", right=str(right), rows=str(part.rows), share=share))
    else:
        comma = "; " if words.comma else ", "
        errors = comma.join(numeral(f"{e:.4g}", words) for e in part.root_mean_square)
        explained = comma.join(numeral(f"{r:.4f}", words) for r in part.explained)
        said.append(words.text("report.error", errors=errors))
        said.append(words.text("report.explained", values=explained))
    return ("; " if words.comma else ", ").join(said)


def parts_of(objective: Objective, w: Vector, data: Data) -> tuple[Part, ...]:
    """Return what comes out on the rows of training and, if there are some, those held out."""
    found = [_part("training", objective, w, data.X, data.D, data)]
    if len(data.X_test):
        found.append(_part("held out", objective, w, data.X_test, data.D_test, data))
    return tuple(found)


def _part(name: str, objective: Objective, w: Vector, X: Numbers, D: Numbers, data: Data) -> Part:
    params = objective.params(w)
    with np.errstate(all="ignore"):
        outputs = np.asarray(objective.module.forward(params, X), float)
        cost = float(objective.module.cost(params, X, D))
    confusion = None
    if data.classes:
        count = len(data.classes)
        true = decided(D, data.labels)
        said = decided(outputs, data.labels, data.logits)
        confusion = np.zeros((count, count), np.int64)
        np.add.at(confusion, (true, said), 1)
    back = data.output_scaling.back
    return Part(name, cost, back(outputs), back(D), confusion)
