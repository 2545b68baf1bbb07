"""Scaling: x̂ = factor · x + shift, fitted on what a network is trained with."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

Numbers = npt.NDArray[np.floating[Any]]
KINDS = ("standard", "minmax", "none")


@dataclass(frozen=True)
class Scaling:
    """An affine map of each column.

    Attributes:
        factor: (n,).
        shift: (n,).
    """

    factor: Numbers
    shift: Numbers

    def __call__(self, X: Numbers) -> Numbers:
        """Return factor · x + shift of each row, (N, n)."""
        return X * self.factor + self.shift

    def back(self, X: Numbers) -> Numbers:
        """Return (x - shift)/factor of each row, (N, n)."""
        return (X - self.shift) / self.factor

    @property
    def inverse(self) -> "Scaling":
        """The map back."""
        return Scaling(1 / self.factor, -self.shift / self.factor)

    @property
    def is_identity(self) -> bool:
        """Whether nothing changes."""
        return bool((self.factor == 1).all() and (self.shift == 0).all())

    @classmethod
    def identity(cls, count: int) -> "Scaling":
        """Return the scaling of so many columns that changes nothing."""
        return cls(np.ones(count), np.zeros(count))

    @classmethod
    def fitted(cls, kind: str, X: Numbers, free: npt.NDArray[np.bool_]) -> "Scaling":
        """Return the scaling of a kind that fits the rows of X, (N, n).

        standard: (x - mean)/(standard deviation); minmax: (x - min)/(max - min). A column with
        one value alone becomes 0 and keeps its unit.

        Args:
            kind: one of `KINDS`.
            X: the rows.
            free: which columns are scaled, (n,); others stay, such as those of categories.
        """
        if kind == "none" or not free.any():
            return cls.identity(X.shape[1])
        low, high = X.min(axis=0), X.max(axis=0)
        with np.errstate(all="ignore"):  # what is not finite is told by the caller
            span = np.where(high > low, high - low, 1)
            if kind == "standard":
                # Of numbers that are large and near each other, differences are exact; relative
                # to the span, their squares are neither too large nor 0.
                moved = (X - low) / span
                middle = low + span * moved.mean(axis=0)
                width = span * moved.std(axis=0)
            else:
                middle, width = low, span
            factor = np.where(free & (high > low), 1 / np.where(high > low, width, 1), 1.0)
            return cls(factor, np.where(free, -middle * factor, 0.0))
