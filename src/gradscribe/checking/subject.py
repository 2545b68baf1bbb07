"""The module under examination: how its functions are called and what they gave."""

from collections import namedtuple
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from inspect import signature
from types import ModuleType
from typing import Any

import numpy as np
import numpy.typing as npt

from gradscribe.notation import SAMPLES

Array = npt.NDArray[Any]
Blocks = Mapping[str, Array]


@dataclass(frozen=True)
class Layout:
    """The names and shapes of the parameters, sizes by name.

    Attributes:
        shapes: for each parameter, in order, the names of its sizes: "W1": ("N_1", "N_0").
        layers: the names of all sizes: N_0, …, N_M.
        inputs: the name of the number of inputs, N_0.
        outputs: that of outputs, N_M; N_0 again where a skip connection makes them equal.
        fixed: their values where the module works for these only.
    """

    shapes: Mapping[str, tuple[str, ...]]
    layers: tuple[str, ...]
    inputs: str
    outputs: str
    fixed: tuple[int, ...] | None = None


@dataclass(frozen=True)
class Point:
    """Where functions are evaluated: sizes, parameters and data.

    Attributes:
        case: what it is called in the report.
        sizes: N_0, …, N_M and N by name.
        params: W1, b1, … by name.
        X: inputs, (N, N_0).
        D: desired outputs, (N, N_M).
    """

    case: str
    sizes: Mapping[str, int]
    params: Blocks
    X: Array
    D: Array


class CallError(Exception):
    """A function of the module raised, or gave something that cannot be taken."""


@dataclass(frozen=True)
class Subject:
    """A module and the layout of its parameters.

    Attributes:
        module: the module.
        layout: its parameters' names and shapes.
    """

    module: ModuleType
    layout: Layout

    def has(self, function: str) -> bool:
        """Return whether the module has such a function."""
        return callable(getattr(self.module, function, None))

    def packed(self, blocks: Sequence[Array]) -> Any:
        """Return parameters, not copied, as the module takes them: its `Parameters`, or a tuple."""
        kind = getattr(self.module, "Parameters", None) or namedtuple(
            "Parameters", list(self.layout.shapes)
        )
        return kind(*blocks)

    def cost(self, params: Any, X: Array, D: Array) -> Any:
        """Return the module's cost as it is, real or complex."""
        value = np.asarray(_called(self.module.cost, self._copied(params), X.copy(), D.copy()))
        if value.size != 1 or value.dtype.kind not in "fciu":
            raise CallError(f"cost must return a number; got {value.dtype} of shape {value.shape}")
        return value.reshape(())[()]

    def gradient(self, point: Point) -> Blocks:
        """Return the module's gradient, block by block."""
        return self.blocks(self._at("gradient", point), "gradient")

    def sensitivities(self, point: Point) -> tuple[Array, ...]:
        """Return the module's δ¹, …, δ^M."""
        return tuple(map(_real, self._at("sensitivities", point)))

    def cost_and_gradient(self, point: Point) -> tuple[Any, Blocks]:
        """Return what the module's function of that name does."""
        result = self._at("cost_and_gradient", point)
        if not isinstance(result, Sequence) or len(result) != 2:
            raise CallError("cost_and_gradient does not return a pair")
        return result[0], self.blocks(result[1], "cost_and_gradient")

    def forward(self, point: Point) -> Array:
        """Return the module's output y^M."""
        packed = self._copied(list(point.params.values()))
        return _real(_called(self.module.forward, packed, point.X.copy()))

    def ravel(self, point: Point) -> Array:
        """Return what the module's `ravel` makes of a point's parameters."""
        return _real(_called(self.module.ravel, self._copied(list(point.params.values()))))

    def unravel(self, w: Array, point: Point) -> Blocks:
        """Return what the module's `unravel` makes of a vector."""
        sizes = [point.sizes[name] for name in self.layout.layers]
        return self.blocks(_called(self.module.unravel, w.copy(), sizes), "unravel")

    def modified(self, function: str, point: Point) -> tuple[str, ...]:
        """Return the names of the arguments that a function changes in place."""
        arguments = {**{n: p.copy() for n, p in point.params.items()}, "X": point.X.copy()}
        packed = self.packed([arguments[name] for name in point.params])
        arguments["D"] = point.D.copy()
        _called(getattr(self.module, function), packed, arguments["X"], arguments["D"])
        before = {**point.params, "X": point.X, "D": point.D}
        return tuple(n for n, a in arguments.items() if not np.array_equal(a, before[n]))

    def call(self, function: str, blocks: Sequence[Array], *arguments: Any, **keywords: Any) -> Any:
        """Return what any function gives for these parameters and further arguments."""
        own = getattr(self.module, function)
        return _called(own, self._copied(blocks), *arguments, **keywords)

    def takes(self, function: str, keyword: str) -> bool:
        """Return whether the module has such a function with an argument of that name."""
        found = getattr(self.module, function, None)
        return callable(found) and keyword in signature(found).parameters

    def _at(self, function: str, point: Point) -> Any:
        packed = self._copied(list(point.params.values()))
        return _called(getattr(self.module, function), packed, point.X.copy(), point.D.copy())

    def _copied(self, blocks: Sequence[Array]) -> Any:
        return self.packed([np.array(b) for b in blocks])

    def blocks(self, result: Any, function: str) -> Blocks:
        """Take a sequence of arrays, or an object with attributes W1, b1, …, apart."""
        names = list(self.layout.shapes)
        if all(hasattr(result, name) for name in names):
            return {name: _real(getattr(result, name)) for name in names}
        if isinstance(result, Mapping) and all(name in result for name in names):
            return {name: _real(result[name]) for name in names}
        if isinstance(result, Sequence) and len(result) == len(names):
            return dict(zip(names, map(_real, result), strict=True))
        got = f"{len(result)} of them" if isinstance(result, Sequence) else type(result).__name__
        raise CallError(f"{function} must return {len(names)} arrays {', '.join(names)}; got {got}")


def data_sizes(sizes: Mapping[str, int], samples: int) -> Mapping[str, int]:
    """Return the sizes with N, the number of samples."""
    return {**sizes, str(SAMPLES): samples}


def _real(value: Any) -> Array:
    try:
        return np.asarray(value, dtype=float)
    except (TypeError, ValueError) as error:
        raise CallError(f"not an array of numbers: {error}") from error


def _called(function: Any, *arguments: Any, **keywords: Any) -> Any:
    """Call a function of the module; whatever it raises becomes `CallError`."""
    try:
        with np.errstate(all="ignore"):
            return function(*arguments, **keywords)
    except (Exception, SystemExit) as error:
        name = getattr(function, "__name__", "function")
        raise CallError(f"{name} raises {type(error).__name__}: {error}") from error
