"""What kind of point training stopped at, told by the gradient and the inertia of the Hessian.

Let c be the scale of the cost: the larger of J here and J at zero parameters.

    slope        |∇J| > 1e-6 c: not a stationary point
    plateau      stationary, and every |λ| ≤ 1e-6 c: flat to second order
    minimum      stationary, every λ > τ
    maximum      stationary, every λ < -τ
    saddle       stationary, some λ > τ and some λ < -τ
    degenerate   stationary, some |λ| ≤ τ and no two signs: H alone cannot tell
    kink         ∇J jumps beside the point, so that neither ∇J nor H tells what is around it

τ = 1e-8 max |λ|, below which an eigenvalue is not told from 0. Source of the conditions:
Nocedal and Wright, "Numerical Optimization", 2nd edition, theorems 2.2 to 2.4.

Where the fit is exact but for rounding, J rises with every error: a minimum, whatever is 0. Where
parameters are at the kink of a penalty, the slopes to both sides stand for ∂J/∂w, and H is that of
the others (theorem 12.5 there, with the subgradient in the place of multipliers).
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from gradscribe.errors import InputError
from gradscribe.learning.corners import Corners, jumps, no_corners
from gradscribe.learning.extras import library
from gradscribe.learning.telling import english, numeral
from gradscribe.lecture.words import Words

Numbers = npt.NDArray[np.floating[Any]]
Flags = npt.NDArray[np.bool_]
STATIONARY = 1e-6  # of the scale of the cost
FLAT = 1e-6
_JUMP = 1e-3  # of max |λ|, what ∇J may change by beside H · step, per length of the step
ZERO = 1e-8  # of the largest eigenvalue
_SMALL = 400  # parameters, up to which all eigenvectors are computed at once
LARGEST = 3000  # parameters, up to which all eigenvalues are computed


@dataclass(frozen=True)
class Tolerances:
    """What counts as zero.

    Attributes:
        stationary: |∇J| relative to the scale of the cost.
        flat: max |λ| relative to the scale of the cost.
        zero: |λ| relative to max |λ|.
    """

    stationary: float = STATIONARY
    flat: float = FLAT
    zero: float = ZERO


@dataclass(frozen=True)
class Verdict:
    """A point of the surface and what it is.

    Attributes:
        kind: slope, plateau, minimum, maximum, saddle, degenerate or kink.
        cost: J.
        gradient_norm: |∇J|, at kinks of a penalty of what no side of them makes up for.
        scale: c, to which the tolerances are relative.
        eigenvalues: of H without parameters at kinks of a penalty, ascending, (K - kinks,).
        hessian: H, (K, K).
        tolerance: τ, below which an eigenvalue counts as 0.
        tolerances: what was taken.
        at_kinks: which parameters are at kinks of a penalty, (K,).
        drawn: how many others are close to one and drawn to it.
        error: the largest |d − y| where the fit is exact but for rounding, else None.
    """

    kind: str
    cost: float
    gradient_norm: float
    scale: float
    eigenvalues: Numbers
    hessian: Numbers = field(repr=False)
    tolerance: float
    tolerances: Tolerances
    at_kinks: Flags = field(repr=False)
    drawn: int = 0
    error: float | None = None

    @property
    def inertia(self) -> tuple[int, int, int]:
        """How many eigenvalues are positive, negative and 0."""
        above = int((self.eigenvalues > self.tolerance).sum())
        below = int((self.eigenvalues < -self.tolerance).sum())
        return above, below, self.eigenvalues.size - above - below

    @property
    def steepest_descent(self) -> Numbers | None:
        """The direction of the most negative curvature, (K,); None where there is none."""
        if not (self.eigenvalues < -self.tolerance).any():
            return None
        return self.direction(0)

    def direction(self, k: int) -> Numbers:
        """Return the eigenvector of the k-th eigenvalue from below, of length 1, (K,).

        Its largest component is positive. Of equal eigenvalues it is one in their space, the
        same at each call.
        """
        free, found = ~self.at_kinks, np.zeros(len(self.hessian))
        part = self.hessian[np.ix_(free, free)]
        found[free] = eigenvectors(part, self.eigenvalues, (k,))[:, 0]
        return found

    @property
    def sentence(self) -> str:
        """The verdict with the numbers that say so, in English."""
        return self.told(english())

    def told(self, words: Words) -> str:
        """Return the verdict with the numbers that say so, in a language."""
        above, below, zero = self.inertia
        said = {
            "kind": words.text(f"verdict.{self.kind}"),
            "norm": f"{self.gradient_norm:.3g}",
            "stationary": f"{self.tolerances.stationary * self.scale:.2g}",
            "above": str(above),
            "below": str(below),
            "zero": str(zero),
            "tolerance": f"{self.tolerance:.2g}",
            "nearest": self._nearest_to_zero(words),
        }
        text = words.text("verdict.sentence", **said)
        if self.eigenvalues.size:
            low, high = (f"{self.eigenvalues[k]:.4g}" for k in (0, -1))
            text += words.text("verdict.range", low=low, high=high)
        if self.error is not None:
            text += words.text("verdict.exact", error=f"{self.error:.2g}")
        if self.at_kinks.any():
            count, total = str(self.at_kinks.sum()), str(len(self.hessian))
            text += words.text("verdict.at_kinks", count=count, total=total)
        if self.drawn:
            text += words.text("verdict.drawn", count=str(self.drawn))
        return numeral(text, words)

    def _nearest_to_zero(self, words: Words) -> str:
        """Say how large those are that count as 0, and how small the others."""
        sizes = np.abs(self.eigenvalues)
        zero, other = sizes[sizes <= self.tolerance], sizes[sizes > self.tolerance]
        if not zero.size or not other.size:
            return ""
        return words.text("verdict.nearest", zero=f"{zero.max():.2g}", other=f"{other.min():.2g}")


def judged(
    cost: float,
    gradient: Numbers,
    hessian: Numbers,
    *,
    scale: float | None = None,
    tolerances: Tolerances | None = None,
    corners: Corners | None = None,
    error: float | None = None,
) -> Verdict:
    """Return the verdict on a point.

    Args:
        cost: J.
        gradient: ∇J, (K,).
        hessian: H, (K, K).
        scale: of the cost, to which tolerances are relative; None for J, or 1 where J is 0.
        tolerances: what counts as zero.
        corners: which parameters are at kinks of a penalty; None for none.
        error: the largest |d − y| where the fit is exact but for rounding, else None.

    Raises:
        InputError: a number is not finite, or there are too many parameters.
    """
    allowed = tolerances or Tolerances()
    if gradient.size > LARGEST:
        raise InputError(
            f"{gradient.size} parameters are too many for all eigenvalues of H",
            where="verdict",
            allowed=f"{LARGEST}",
        )
    if not (np.isfinite(cost) and np.isfinite(gradient).all() and np.isfinite(hessian).all()):
        raise InputError(
            "the cost, the gradient or the Hessian is not finite here",
            where="verdict",
            allowed="finite parameters; a smaller rate or another start",
        )
    unit = abs(cost) if scale is None else scale
    unit = unit or 1.0
    found = corners or no_corners(gradient, gradient)
    values = np.linalg.eigvalsh(hessian[np.ix_(~found.at, ~found.at)])
    largest = float(np.abs(values).max(initial=0.0))
    tau = allowed.zero * largest
    norm = float(np.linalg.norm(found.gradient))
    kind = "minimum"
    if error is None:
        kind = _kind(values, tau, norm, unit, largest, allowed)
    return Verdict(
        kind, float(cost), norm, unit, values, hessian, tau, allowed, found.at, found.drawn, error
    )


def eigenvectors(hessian: Numbers, values: Numbers, which: Sequence[int]) -> Numbers:
    """Return eigenvectors as columns, each orthogonal to the ones before, (K, len(which)).

    By inverse iteration: all of them would take several times as long as all eigenvalues.

    Args:
        hessian: H, (K, K).
        values: its eigenvalues, ascending, (K,).
        which: places in `values`; negative ones count from the end.
    """
    size = len(values)
    if size <= _SMALL:
        vectors = np.linalg.eigh(hessian)[1][:, list(which)]
        return np.stack([_signed(v) for v in vectors.T], axis=1)
    linear = library("scipy.linalg", "eigenvectors of a large Hessian")
    rng = np.random.default_rng(0)
    largest = float(np.abs(values).max()) or 1.0
    found: list[Numbers] = []
    v: Numbers
    for k in which:
        shift = float(values[k]) + 1e-10 * largest
        factors = linear.lu_factor(hessian - shift * np.eye(size), overwrite_a=True)
        v = rng.normal(size=size)
        for _ in range(4):
            v = linear.lu_solve(factors, v)
            for other in found:
                v = v - (other @ v) * other
            v /= np.linalg.norm(v)
        found.append(_signed(v))
    return np.stack(found, axis=1)


def _signed(v: Numbers) -> Numbers:
    return np.asarray(v if v[np.abs(v).argmax()] > 0 else -v)


def _kind(
    values: Numbers, tau: float, norm: float, unit: float, largest: float, allowed: Tolerances
) -> str:
    if norm > allowed.stationary * unit:
        return "slope"
    if not values.size:
        return "minimum"  # at kinks of a penalty in all parameters
    if largest <= allowed.flat * unit:
        return "plateau"
    above, below = bool((values > tau).any()), bool((values < -tau).any())
    if above and below:
        return "saddle"
    if (np.abs(values) <= tau).any():
        return "degenerate"
    return "minimum" if above else "maximum"


@dataclass(frozen=True)
class Surface:
    """The cost of a network on data as a function of all parameters in one vector.

    Attributes:
        cost: J(w).
        gradient: ∇J(w), (K,).
        hessian: H(w), (K, K).
        size: K.
        names: of the parameters, in order: "W1[0, 1]".
        corners: w, ∇J -> where parameters are at kinks of a penalty, with the slopes there.
        exact: w -> the largest |d − y| where the fit is exact but for rounding, else None.
    """

    cost: Callable[[Numbers], float]
    gradient: Callable[[Numbers], Numbers]
    hessian: Callable[[Numbers], Numbers]
    size: int
    names: tuple[str, ...] = ()
    corners: Callable[[Numbers, Numbers], Corners] = no_corners
    exact: Callable[[Numbers], float | None] = lambda _: None

    def scale(self, w: Numbers) -> float:
        """Return the larger of J here and J at zero parameters, or 1 where both are 0."""
        there = float(self.cost(np.zeros(self.size)))
        found = [abs(float(self.cost(w)))]
        if np.isfinite(there):
            found.append(abs(there))
        return max(found) or 1.0

    def judge(self, w: Numbers, tolerances: Tolerances | None = None) -> Verdict:
        """Return the verdict on a point.

        Raises:
            InputError: a number is not finite, or there are too many parameters.
        """
        gradient, hessian = self.gradient(w), self.hessian(w)
        error, scale = self.exact(w), self.scale(w)
        found = self.corners(w, gradient)
        verdict = judged(
            float(self.cost(w)),
            gradient,
            hessian,
            scale=scale,
            tolerances=tolerances,
            corners=found,
            error=error,
        )
        largest = float(np.abs(verdict.eigenvalues).max(initial=0.0))
        limit = max(_JUMP * largest, FLAT * scale)
        if error is None and jumps(self.gradient, hessian, w, ~found.at, limit):
            return replace(verdict, kind="kink")
        return verdict
