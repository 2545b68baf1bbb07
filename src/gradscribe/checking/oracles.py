"""Derivatives of a cost by evaluating the cost alone: complex step and central differences.

Only NumPy is needed, so this file may be copied into any other program as it is.
Every entry of every parameter is perturbed one at a time: slow and hard to get wrong.
"""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[Any]
Cost = Callable[[Any, Array, Array], Any]

# The step is never subtracted from anything, so it may be as small as a float can hold.
COMPLEX_STEP = 1e-100
LEVELS = 10  # steps in a row of central differences, each half of the one before
FIRST_STEP = 0.1


def complex_step(
    cost: Cost,
    params: Sequence[Array],
    X: Array,
    D: Array,
    chosen: Sequence[Array] | None = None,
) -> tuple[Array, ...]:
    """Return ∂cost/∂w = Im cost(w + ih) / h for every entry, one at a time.

    Exact to rounding where `cost` is analytic and takes complex parameters: no difference is
    formed (Squire and Trapp, SIAM Review 40(1), 1998, eq. 5; Martins, Sturdza and Alonso,
    ACM TOMS 29(3), 2003, eq. 6).

    Args:
        cost: (params, X, D) -> scalar.
        params: the arrays W1, b1, …; a `NamedTuple` is passed on as one.
        X: inputs, (N, N_0).
        D: desired outputs, (N, N_M).
        chosen: for every block a mask of the entries wanted; all of them if None. The
            others are returned as zero.

    Returns:
        one array for every block, of its shape.
    """
    blocks = [np.array(p, dtype=complex) for p in params]
    results = [np.zeros(p.shape) for p in blocks]
    for m, block in enumerate(blocks):
        for entry in _entries(block, m, chosen):
            original = block[entry]
            block[entry] = original + 1j * COMPLEX_STEP
            results[m][entry] = np.imag(cost(like(params, blocks), X, D)) / COMPLEX_STEP
            block[entry] = original
    return tuple(results)


def complex_step_along(
    cost: Cost, params: Sequence[Array], X: Array, D: Array, direction: Sequence[Array]
) -> float:
    """Return the derivative of the cost along a direction, Σ ∂cost/∂w · v, by one complex step.

    Args:
        cost: (params, X, D) -> scalar.
        params: the arrays W1, b1, ….
        X: inputs, (N, N_0).
        D: desired outputs, (N, N_M).
        direction: v, one array for every block, of its shape.
    """
    moved = [p + 1j * COMPLEX_STEP * v for p, v in zip(params, direction, strict=True)]
    return float(np.imag(cost(like(params, moved), X, D)) / COMPLEX_STEP)


def central_difference(
    cost: Cost,
    params: Sequence[Array],
    X: Array,
    D: Array,
    chosen: Sequence[Array] | None = None,
) -> tuple[tuple[Array, ...], tuple[Array, ...]]:
    """Return ∂cost/∂w for every entry by extrapolated central differences, and its error.

    (cost(w + h) - cost(w - h)) / 2h for a row of halved steps, extrapolated to h = 0 (orders
    4, 6, …); of the table the value with the smallest estimated error is taken
    (Ridders, Advances in Engineering Software 4(2), 1982). Needs real parameters only.

    Args:
        cost: (params, X, D) -> scalar.
        params: the arrays W1, b1, ….
        X: inputs, (N, N_0).
        D: desired outputs, (N, N_M).
        chosen: for every block a mask of the entries wanted; all of them if None.

    Returns:
        the derivatives and the estimates of their absolute errors, one array for every block.
    """
    blocks = [np.array(p, dtype=float) for p in params]
    results = [np.zeros(p.shape) for p in blocks]
    errors = [np.zeros(p.shape) for p in blocks]
    for m, block in enumerate(blocks):
        for entry in _entries(block, m, chosen):
            original = block[entry]

            def at(w: float, block: Array = block, entry: tuple[int, ...] = entry) -> float:
                block[entry] = w
                return float(np.real(cost(like(params, blocks), X, D)))

            results[m][entry], errors[m][entry] = extrapolated(at, float(original))
            block[entry] = original
    return tuple(results), tuple(errors)


def extrapolated(function: Callable[[float], float], w: float) -> tuple[float, float]:
    """Return the derivative of a function at `w` and an estimate of its absolute error."""
    best, smallest = float("nan"), float("inf")
    row: list[float] = []
    for level in range(LEVELS):
        h = FIRST_STEP * max(1.0, abs(w)) / 2**level
        h = ((w + h) - (w - h)) / 2  # the step that is really taken
        above, below = function(w + h), function(w - h)
        rounding = float(np.finfo(float).eps) * max(abs(above), abs(below)) / h
        new = [(above - below) / (2 * h)]
        for order, previous in enumerate(row, 1):
            power = 4.0**order
            new.append((power * new[-1] - previous) / (power - 1))
            error = max(abs(new[-1] - new[-2]), abs(new[-1] - previous)) + rounding
            if error < smallest:
                best, smallest = new[-1], error
        row = new
    return best, smallest


def like(params: Sequence[Array], blocks: Sequence[Array]) -> Any:
    """Return `blocks` as the kind of sequence that `params` is."""
    make: Callable[[Sequence[Array]], Any] = getattr(params, "_make", type(params))
    return make(blocks)


def _entries(block: Array, m: int, chosen: Sequence[Array] | None) -> list[tuple[int, ...]]:
    """Return the indices of the entries of block m that are wanted."""
    everything: list[tuple[int, ...]] = list(np.ndindex(block.shape))
    return [e for e in everything if chosen is None or chosen[m][e]]
