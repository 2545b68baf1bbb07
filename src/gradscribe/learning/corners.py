"""Where a cost has corners or is exact, so that the gradient alone does not say what a point is."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np
import numpy.typing as npt
from sympy import Rational

from gradscribe.catalog.activations import Activation, U
from gradscribe.catalog.penalties import Penalty, W
from gradscribe.derivation.slopes import derivative_off_kinks, kinks
from gradscribe.learning.objective import Objective
from gradscribe.model.network import Network, bears_penalty

Numbers = npt.NDArray[np.floating[Any]]
NEAR = 1e-6  # of the largest |w|, up to which a parameter is at the kink of a penalty
CLOSE = 1e-2  # of the largest |w|, up to which it is said to be close to one
_ROUNDING = 1e3  # units of the last place of the largest |d|, up to which a fit is exact
_STEP = 1e-7  # of the largest |w|, by which parameters are moved to see whether ∇J jumps
_TRIALS = 3
_SHIFTS = (1e-3, 1e-5, 1e-7)  # errors that are tried, in units of the largest |d|


@dataclass(frozen=True)
class Corners:
    """Parameters at the kinks of penalties.

    Attributes:
        at: whether a parameter is at one, (K,).
        slopes: of J to the left and to the right of it; ∂J/∂w twice elsewhere, (2, K).
        drawn: how many others are close to one, at which J would rise to both sides.
    """

    at: npt.NDArray[np.bool_]
    slopes: Numbers
    drawn: int = 0

    @property
    def gradient(self) -> Numbers:
        """What is left of the gradient: 0 where J rises to both sides, (K,)."""
        left, right = self.slopes
        return np.asarray(np.where(self.at, np.maximum(0, np.maximum(left, -right)), right))


def no_corners(w: Numbers, gradient: Numbers) -> Corners:
    """Return that no parameter is at a kink."""
    return Corners(np.zeros(w.size, bool), np.stack([gradient, gradient]))


def corners(objective: Objective, w: Numbers, gradient: Numbers) -> Corners:
    """Return which parameters are at kinks of penalties, and the slopes of J around them."""
    network, found = network_of(objective), no_corners(w, gradient)
    if network is None or not network.penalties:
        return found
    at, slopes, drawn = found.at, found.slopes, np.zeros(w.size, bool)
    unit = float(np.abs(w).max())
    params = objective.params(w)
    bounds = zip(network.parameters, params, strict=True)
    penalized = np.concatenate(
        [np.full(a.size, bears_penalty(p, network.penalized)) for p, a in bounds]
    )
    for penalty, coefficient in network.penalties:
        for place, (there, *sides) in kinks_of(penalty).items():
            here = penalized & (np.abs(w - place) <= NEAR * unit)
            own = np.where(w < place, sides[0], np.where(w > place, sides[1], there))
            left, right = (gradient + float(coefficient) * (side - own) for side in sides)
            slopes[:, here] += np.stack([left, right])[:, here] - gradient[here]
            at |= here
            drawn |= penalized & (np.abs(w - place) <= CLOSE * unit) & (left <= 0) & (right >= 0)
    return Corners(at, slopes, int((drawn & ~at).sum()))


@cache
def kinks_of(penalty: Penalty) -> dict[float, tuple[float, float, float]]:
    """Return where the derivative of a penalty's term jumps: what is taken there, left and right.

    >>> from gradscribe.catalog.penalties import PENALTIES
    >>> kinks_of(PENALTIES["l1"]), kinks_of(PENALTIES["l2"])
    ({0.0: (0.0, -1.0, 1.0)}, {})
    """
    term = penalty.term.xreplace({W: U})
    left, right = (
        kinks(Activation(penalty.name, term, "", kink=Rational(side))) for side in (0, 1)
    )
    taken = derivative_off_kinks(term, U, 1)
    return {float(p): (float(taken.subs(U, p)), float(left[p]), float(right[p])) for p in left}


def network_of(objective: Objective) -> Network | None:
    """Return the network of a generated module; None of another one."""
    spec = getattr(objective.module, "SPEC", None)
    return _parsed(spec) if isinstance(spec, str) else None


@cache
def _parsed(spec: str) -> Network:
    return Network.parse(spec)


def exact_up_to(objective: Objective, w: Numbers) -> float | None:
    """Return the largest |d − y| where the fit is exact but for rounding; else None.

    Such a point is a minimum where J reads w through y alone and rises with errors to either
    side, which is tried.
    """
    network, D = network_of(objective), objective.D
    y = objective.forward(w)
    if network is None or network.penalties or network.loss.learned or D.shape != y.shape:
        return None
    largest = float(np.abs(D).max())
    error = float(np.abs(D - y).max())
    if not error <= _ROUNDING * float(np.finfo(float).eps) * largest:
        return None
    unit = largest or 1.0
    here = objective.cost_of(w, y)
    beside = (objective.cost_of(w, y + sign * s * unit) for s in _SHIFTS for sign in (1, -1))
    return error if all(cost > here for cost in beside) else None


def jumps(
    gradient: Callable[[Numbers], Numbers],
    hessian: Numbers,
    w: Numbers,
    free: npt.NDArray[np.bool_],
    limit: float,
) -> bool:
    """Whether ∇J changes close to a point by what H does not account for.

    Args:
        gradient: ∇J as a function of w.
        hessian: H at the point, (K, K).
        w: the point, (K,).
        free: which parameters are moved, (K,).
        limit: by how much ∇J may differ from that, per length of a step.
    """
    rng, here = np.random.default_rng(0), gradient(w)
    for _ in range(_TRIALS):
        step = _STEP * max(1.0, float(np.abs(w).max())) * rng.normal(size=w.size) * free
        for side in (step, -step):
            rest = (gradient(w + side) - here - hessian @ side)[free]
            if np.linalg.norm(rest) > limit * np.linalg.norm(side):
                return True
    return False
