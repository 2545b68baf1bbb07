"""Weights of samples against repeated samples: a sample of weight 2 counts as two samples."""

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from gradscribe.checking.compare import Array
from gradscribe.checking.report import Row
from gradscribe.checking.subject import CallError, Point, Subject

ACCURACY = 1e-10
WEIGHT = "sample_weight"
# What may have weights; of these as many arguments beside parameters and data as it takes.
NAMES = (
    "cost",
    "gradient",
    "cost_and_gradient",
    "hessian",
    "hessian_diagonal",
    "gauss_newton",
    "hessian_block",
    "hessian_vector_product",
)
OF_PAIRS = ("hessian", "gauss_newton", "hessian_block")  # as large as K²
LARGEST = 1500  # parameters; of more, such matrices are not formed for a comparison


def weight_rows(subject: Subject, point: Point, rng: np.random.Generator) -> Iterator[Row]:
    """Yield a comparison for each function of the module that takes weights."""
    weights = rng.permutation(np.arange(len(point.X)) % 4 + (len(point.X) == 1))
    X, D = (np.repeat(a, weights, axis=0) for a in (point.X, point.D))
    blocks = list(point.params.values())
    large = sum(b.size for b in blocks) > LARGEST
    for name in NAMES:
        if not subject.takes(name, WEIGHT) or (large and name in OF_PAIRS):
            continue
        more = _further(name, subject, point, rng)
        oracle = "samples repeated as often as they weigh"
        try:
            found = subject.call(name, blocks, point.X, point.D, *more, **{WEIGHT: weights})
            true = subject.call(name, blocks, X, D, *more)
        except CallError as failure:
            yield Row(point.case, f"{name}, weighted", oracle, "DIFFERS", note=str(failure))
            continue
        error = _error(_joined(found), _joined(true))
        verdict: Any = "agrees" if error <= ACCURACY else "DIFFERS"
        yield Row(point.case, f"{name}, weighted", oracle, verdict, error, ACCURACY)


def _further(
    name: str, subject: Subject, point: Point, rng: np.random.Generator
) -> tuple[Any, ...]:
    """Return what a function takes beside parameters and data."""
    if name == "hessian_vector_product":
        return (subject.packed([rng.normal(size=b.shape) for b in point.params.values()]),)
    if name == "hessian_block":
        names = list(point.params)
        return (names[0], names[-1])
    return ()


def _joined(found: Any) -> Array:
    """Return a number, an array or arrays in tuples as one vector."""
    if isinstance(found, Sequence):
        return np.concatenate([_joined(part) for part in found])
    return np.asarray(found, float).ravel()


def _error(found: Array, true: Array) -> float:
    if found.shape != true.shape:
        return float("inf")
    return float(np.abs(found - true).max() / max(float(np.abs(true).max()), 1e-300))
