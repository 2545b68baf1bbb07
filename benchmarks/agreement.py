"""Results are compared before they are timed."""

import math
from pathlib import Path
from typing import Any

import numpy as np

TOLERANCE = 1e-10  # largest relative difference of two results, in the maximum norm
ROWS = 1 << 20  # entries that are compared at a time


class Reference:
    """The result that all others are compared with: the first that there is, hence ours."""

    def __init__(self, folder: Path) -> None:
        self._kept, self.folder = folder / "reference.npy", folder
        self.name = ""
        self.worst = 0.0

    def compare(self, name: str, result: Path) -> None:
        """Compare a result, or keep it as the reference.

        Raises:
            SystemExit: they differ by more than `TOLERANCE`.
        """
        if not self.name:
            self.name = name
            result.replace(self._kept)
            return
        distance = difference(np.load(result, "r"), np.load(self._kept, "r"))
        result.unlink()
        if not distance <= TOLERANCE:
            raise SystemExit(f"{name} differs from {self.name} by {distance:.1e}")
        self.worst = max(self.worst, distance)


def difference(one: Any, other: Any) -> float:
    """Return the largest difference of two vectors over the largest entry of the second.

    >>> difference(np.array([1.0, 2.5]), np.array([1.0, 2.0]))
    0.25
    """
    if one.shape != other.shape:
        return math.inf
    parts = [slice(start, start + ROWS) for start in range(0, len(one), ROWS)]
    # A maximum of Python's would lose NaN.
    apart = np.max([np.abs(one[part] - other[part]).max() for part in parts])
    return float(apart / max(np.abs(other[part]).max() for part in parts))
