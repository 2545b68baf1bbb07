"""The reference interpreter: runs a program node by node. The oracle of printers and passes."""

import math
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from gradscribe.program.ir import (
    Add,
    Apply,
    Call,
    Const,
    Expand,
    Greatest,
    Helper,
    Kernel,
    MatMul,
    Mul,
    Node,
    Ones,
    Permute,
    Power,
    Program,
    Reduce,
    Ref,
    Size,
    Transpose,
)

Array = NDArray[Any]

_NAMES = {"abs": "absolute"}
_SPECIAL: Mapping[str, Callable[..., Any]] = {
    "_erf": np.vectorize(math.erf, otypes=[float]),
    "_erfc": np.vectorize(math.erfc, otypes=[float]),
}


def run(
    program: Program, inputs: Mapping[str, ArrayLike], kernels: tuple[str, ...]
) -> dict[str, Array]:
    """Run kernels in order and return every variable that was given or assigned.

    Args:
        program: the program.
        inputs: the arrays of parameters, `X`, `D` (and `scale`, where a kernel reads it).
        kernels: names of kernels, each of which may read what an earlier one gives back.
    """
    values = {name: np.asarray(value) for name, value in inputs.items()}
    machine = Machine(program, values)
    for name in kernels:
        machine.run(program.kernel(name))
    return machine.values


def _chosen(condition: Array, yes: float, no: float, *_like: Array) -> Array:
    """Return one of two numbers everywhere."""
    return np.where(condition, yes, no)


class Machine:
    """Variables and sizes while a program runs."""

    def __init__(self, program: Program, values: dict[str, Array]) -> None:
        self.values = values
        self.helpers = {h.name: h for h in program.helpers}
        self.sizes = {
            size: length
            for name, value in values.items()
            for size, length in zip(program.shapes.get(name, ()), value.shape, strict=False)
        }

    def run(self, kernel: Kernel) -> None:
        """Execute the statements of one kernel."""
        for statement in kernel.statements:
            value = self.evaluate(statement.value)
            if statement.update:
                combine = np.add if statement.update == "+" else np.multiply
                value = combine(self.values[statement.target], value)
            self.values[statement.target] = np.array(value)

    def evaluate(self, node: Node) -> Any:
        """Return the value of an expression."""
        match node:
            case Const(value):
                return float(value)
            case Size(name):
                return self.sizes[name]
            case Ones(size):
                return np.ones(self.sizes[size])
            case Ref(name):
                return self.values[name]
            case Add(terms):
                return sum((self.evaluate(t) for t in terms[1:]), start=self.evaluate(terms[0]))
            case Mul(factors):
                result = self.evaluate(factors[0])
                for factor in factors[1:]:
                    result = result * self.evaluate(factor)
                return result
            case Power(base, exponent):
                return self.evaluate(base) ** float(exponent)
            case Call(function, arguments):
                return self._function(function)(*[self.evaluate(a) for a in arguments])
            case MatMul(left, right):
                return np.tensordot(self.evaluate(left), self.evaluate(right), axes=1)
            case Apply(left, right, axis):
                product = np.tensordot(self.evaluate(left), self.evaluate(right), axes=(-1, axis))
                return np.moveaxis(product, -2, 0) if axis else product
            case Permute(operand) | Transpose(operand):
                axes = node.axes if isinstance(node, Permute) else None
                return np.transpose(self.evaluate(operand), axes)
            case Reduce(operand, axes):
                return np.sum(self.evaluate(operand), axis=axes)
            case Greatest(operand, axis):
                return np.max(self.evaluate(operand), axis=axis)
            case Expand(operand, axes):
                return np.expand_dims(self.evaluate(operand), axes)

    def _function(self, name: str) -> Callable[..., Any]:
        if name in self.helpers:
            return lambda u: self._apply(self.helpers[name], u)
        if name == "choice":
            return _chosen
        if name in _SPECIAL:
            return _SPECIAL[name]
        found: Callable[..., Any] = getattr(np, _NAMES.get(name, name))
        return found

    def _apply(self, helper: Helper, u: Array) -> Any:
        inner = Machine.__new__(Machine)
        inner.values, inner.helpers, inner.sizes = {"u": u}, self.helpers, self.sizes
        return inner.evaluate(helper.value)
