"""Which targets the function of the last layer can give, by computing it at u of every size."""

import math
from collections.abc import Iterator

import mpmath
import numpy as np
import numpy.typing as npt
from sympy import lambdify

from gradscribe.catalog.activations import Activation, U

_SIZES = np.geomspace(1e-6, 1e4, 500).tolist()
_NEAR = (0.0, *_SIZES, *(-size for size in _SIZES))
_FAR = (-1e300, 1e300)
_GROWN = 0.01  # what a function without a bound gains at least between the near and the far ones
_OUTSIDE = 1e-3  # of the range, which targets may be beyond it


def reach(function: Activation) -> tuple[float, float]:
    """Return the least and the greatest value of a function, infinite where it has no bound."""
    if function.written_out:  # it reads more than u
        return -math.inf, math.inf
    compute = lambdify(U, function.formula, "mpmath")

    def values(places: tuple[float, ...]) -> Iterator[float]:
        for place in places:
            try:
                value = compute(mpmath.mpf(place))
            except (ArithmeticError, ValueError):  # it has none there
                continue
            if mpmath.im(value) == 0 and not mpmath.isnan(value):
                yield float(mpmath.re(value))

    near, far = list(values(_NEAR)), list(values(_FAR))
    if not near:
        return -math.inf, math.inf
    low, high = min(near), max(near)
    least, most = min(far, default=low), max(far, default=high)
    return (
        min(low, least) if least >= low - _GROWN * (1 + abs(low)) else -math.inf,
        max(high, most) if most <= high + _GROWN * (1 + abs(high)) else math.inf,
    )


def out_of_reach(function: Activation, D: npt.NDArray[np.floating]) -> str | None:
    """Return a sentence where targets lie outside of what a function gives; None where none do.

    Args:
        function: of the last layer.
        D: desired outputs, as the network takes them.
    """
    low, high = reach(function)
    spare = _OUTSIDE * max(1.0, high - low if math.isfinite(high - low) else 0.0)
    count = int((low - spare > D).sum() + (high + spare < D).sum())
    if not count:
        return None
    bounds = [
        f"none below {low:.3g}" * math.isfinite(low),
        f"none above {high:.3g}" * math.isfinite(high),
    ]
    return (
        f"{count} of {D.size} targets ({D.min():.4g} to {D.max():.4g}) are out of reach: "
        f"{function.name} gives {' and '.join(filter(None, bounds))}; a linear output gives any, "
        "and its targets are scaled"
    )
