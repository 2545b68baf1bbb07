"""The components of a network's equations, and what the recursion collects of them."""

from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from itertools import product
from typing import Any

import numpy as np
import numpy.typing as npt
from sympy import Symbol

from gradscribe.checking.arithmetic import Component, Places, Read, Term, Value
from gradscribe.equation import Variable

Array = npt.NDArray[Any]


@dataclass(frozen=True)
class Compiled:
    """An equation ready for its loops."""

    variable: Variable
    indices: tuple[Symbol, ...]
    terms: tuple[Term, ...]

    def components(self, places: Places) -> Iterator[tuple[Component, Places]]:
        """Yield every component of the left side with the values of its indices."""
        ranges = (range(1, places[n] + 1) for n in self.variable.shape)
        for numbers in product(*ranges):
            here = {**places, **dict(zip(self.indices, numbers, strict=True))}
            yield (self.variable.name, numbers), here


@dataclass
class Adjoints:
    """∂E/∂(component) and the variance of its rounding error, while they are collected."""

    exact: dict[Component, Value] = field(default_factory=lambda: defaultdict(int))
    variance: dict[Component, Value] = field(default_factory=lambda: defaultdict(int))


def evaluated(terms: tuple[Term, ...], read: Read, places: Places) -> Value:
    """Return the value of a right side."""
    return sum((t.value(read, p) for t in terms for p in t.places(places)), 0)


def as_array(
    values: Mapping[Component, Value], variable: Variable, places: Places, factor: Value = 1
) -> Array:
    """Return a variable's components, times a factor, as an array of floats."""
    shape = tuple(places[n] for n in variable.shape)
    result = np.zeros(shape)
    for entry in np.ndindex(shape):
        component = (variable.name, tuple(k + 1 for k in entry))
        result[entry] = as_float(factor * values.get(component, 0))
    return result


def as_float(value: Value) -> float:
    """Return the nearest float; infinite where there is none."""
    try:
        return float(value)
    except OverflowError:
        return float("inf") if value > 0 else float("-inf")
