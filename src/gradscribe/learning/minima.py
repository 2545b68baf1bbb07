"""What many starts found: which minima, how often, how good.

Two starts have found the same where their outputs are the same. Hidden nodes that are permuted,
or whose signs are flipped on both sides of an odd function, change the parameters and not the
outputs, so parameters are not compared.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

Numbers = npt.NDArray[np.floating[Any]]
NEAR_COST = 1e-2  # relative difference of costs
_NOTHING = 1e-3
NEAR_OUTPUT = 2e-2  # root mean square difference of outputs, in standard deviations of d


@dataclass(frozen=True)
class Found:
    """Starts that ended at the same function.

    Attributes:
        cost: the lowest of their costs.
        starts: their numbers, the best one first.
        highest: the highest of their costs.
    """

    cost: float
    starts: tuple[int, ...]
    highest: float

    @property
    def count(self) -> int:
        """How many they are."""
        return len(self.starts)


def groups(
    costs: Sequence[float],
    outputs: Sequence[Numbers],
    D: Numbers,
    near_cost: float = NEAR_COST,
    near_output: float = NEAR_OUTPUT,
) -> tuple[Found, ...]:
    """Return the different functions that starts found, the best one first.

    Args:
        costs: J of each start; those that are not finite are left out.
        outputs: the network's outputs of each start, (N, N_M).
        D: desired outputs, (N, N_M), whose spread is the unit of differences.
        near_cost: costs are equal up to this, relative to the larger one.
        near_output: outputs are equal up to this.
    """
    unit = float(D.std()) or 1.0
    order = [k for k in np.argsort(costs, kind="stable").tolist() if np.isfinite(costs[k])]
    found: list[list[int]] = []
    for k in order:
        for members in found:
            best = members[0]
            same = _near(costs[k], costs[best], near_cost, unit)
            if same and _distance(outputs[k], outputs[best]) <= near_output * unit:
                members.append(k)
                break
        else:
            found.append([k])
    return tuple(Found(costs[m[0]], tuple(m), costs[m[-1]]) for m in found)


def _near(a: float, b: float, limit: float, unit: float) -> bool:
    # Costs that differ by nothing beside the spread of the targets are equal too.
    return abs(a - b) <= max(limit * max(abs(a), abs(b)), _NOTHING * unit**2)


def _distance(A: Numbers, B: Numbers) -> float:
    return float(np.sqrt(((A - B) ** 2).mean()))
