"""When two derivatives agree.

A block (one parameter's derivative) is compared with the true one by

    error     = max |given - true| / max(|true|)
    tolerance = (accuracy + SAFETY · ε · scale / max |true|) · max(1, |u|)

Both are relative to the block itself, so that a mistake of 0.1 % in a block a million times
smaller than the others is as visible as in any other. The second part of the tolerance is
what rounding alone can do: when an activation saturates, f′ = y(1 - y) is only known to the
absolute error ε, so a derivative of 1e-300 is properly computed as zero. `scale` is that
error in units of ε, as the recursion finds it for every block at every point (see
`recursion.Truth.scales`); at ordinary points it adds 1e-13. An error of ε·|u| in u is an
error of that size in f′, whence the last factor. Where a block is below FLOOR of its scale,
nothing of it but rounding is left, and the error is relative to that instead.

Without a network the scale is unknown; the largest entry of the whole gradient takes its
place, and the point with |u| near 1000 is examined only for being finite.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[Any]
Blocks = Mapping[str, Array]

EPSILON = float(np.finfo(float).eps)
SAFETY = 64.0
FLOOR = 1e-12
EXACT = 1e-12  # accuracy of the recursion and of the complex step
LEAST_DIFFERENCE = 1e-7  # no central difference is trusted beyond this
TELLING = 1e-4  # a tolerance above this would let a mistake of 0.1 % pass
TINY = float(np.finfo(float).tiny)


@dataclass(frozen=True)
class Agreement:
    """How far one block is from the truth.

    Attributes:
        error: relative error; infinite if a shape is wrong or a number is not finite.
        tolerance: what is allowed.
    """

    error: float
    tolerance: float

    @property
    def ok(self) -> bool:
        """Whether the block agrees."""
        return self.error <= self.tolerance

    @property
    def telling(self) -> bool:
        """Whether a mistake of 0.1 % would have been seen."""
        return self.tolerance <= TELLING


@dataclass(frozen=True)
class Standard:
    """What a block is measured by.

    Attributes:
        scales: rounding error of each block in units of ε; of every block if absent.
        reach: max |u|, at least 1.
        accuracy: the oracle's own relative accuracy.
        errors: the oracle's own absolute error of each block, if it has an estimate.
    """

    scales: Mapping[str, float]
    reach: float = 1.0
    accuracy: float = EXACT
    errors: Mapping[str, float] | None = None

    def compare(self, name: str, given: Array, true: Array) -> Agreement:
        """Compare one block."""
        if given.shape != true.shape or not np.isfinite(given).all():
            return Agreement(float("inf"), self.accuracy)
        largest, scale = largest_of(true), self.scales.get(name, 0.0)
        by = max(largest, FLOOR * scale, TINY)
        own = self.errors.get(name, 0.0) / by if self.errors else 0.0
        tolerance = (self.accuracy + SAFETY * EPSILON * scale / by) * self.reach + own
        return Agreement(largest_of(given - true) / by, tolerance)

    def compare_all(self, given: Blocks, true: Blocks) -> Mapping[str, Agreement]:
        """Compare every block of `true`."""
        return {name: self.compare(name, given[name], block) for name, block in true.items()}


def largest_of(block: Array) -> float:
    """Return max |entry|; 0 for an empty block."""
    return float(np.max(np.abs(block), initial=0.0))


def whole_scale(true: Blocks) -> Mapping[str, float]:
    """Return the largest entry of the whole gradient as the scale of every block."""
    largest = max((largest_of(b) for b in true.values()), default=0.0)
    return dict.fromkeys(true, largest)
