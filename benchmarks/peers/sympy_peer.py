"""SymPy: scalar derivatives of one sample, printed by `lambdify(cse=True)` as NumPy code.

The code is called once with a vector a symbol, an entry a sample.
"""

from collections.abc import Callable
from itertools import combinations_with_replacement
from typing import Any

import numpy as np

from cases import Problem, split

IMPORTS = ("sympy",)
VERSIONS = ("sympy",)


class Scalars:
    """The cost of one sample as an expression in its parameters, inputs and desired outputs."""

    def __init__(self, data: Problem) -> None:
        import sympy

        self.sympy, self.data = sympy, data
        self.w = sympy.symbols(f"w:{data.case.K}")
        self.x = sympy.symbols(f"x:{data.X.shape[1]}")
        self.d = sympy.symbols(f"d:{data.D.shape[1]}")
        self.y = self.outputs()
        self.E = sum((d - y) ** 2 for d, y in zip(self.d, self.y, strict=True))

    def outputs(self) -> list[Any]:
        """Return the entries of y^M."""
        exp, tanh = self.sympy.exp, self.sympy.tanh
        functions = {"tanh": tanh, "sigmoid": lambda u: 1 / (1 + exp(-u)), "linear": lambda u: u}
        parts = list(split(self.data.case, np.array(self.w, dtype=object)))
        y = np.array(self.x, dtype=object)
        layers = zip(parts[::2], parts[1::2], self.data.case.activations, strict=True)
        for W, b, name in layers:
            y = np.array([functions[name](u) for u in W @ y + b], dtype=object)
        return list(y)

    def slope(self) -> list[Any]:
        """Return the entries of ∂E/∂w."""
        return [self.E.diff(w) for w in self.w]

    def compiled(self, entries: list[Any]) -> Callable[[], Any]:
        """Return a call that gives the sums of expressions over the samples, (entries,)."""
        symbols = [*self.w, *self.x, *self.d]
        function = self.sympy.lambdify(symbols, entries, modules="numpy", cse=True)
        samples, outputs = self.data.X.shape[0], self.data.outputs
        arguments = [*self.data.w, *self.data.X.T.copy(), *self.data.D.T.copy()]

        def call() -> Any:
            # What does not depend on the sample comes back as one number.
            sums = [np.sum(v) if np.ndim(v) else samples * v for v in function(*arguments)]
            return np.array(sums) / outputs

        return call

    def symmetric(self, entry: Callable[[int, int], Any]) -> Callable[[], Any]:
        """Return a call that gives a symmetric matrix (K, K) of entries i <= j."""
        size = len(self.w)
        pairs = list(combinations_with_replacement(range(size), 2))
        triangle = self.compiled([entry(i, j) for i, j in pairs])
        rows, columns = np.array(pairs).T
        matrix = np.zeros((size, size))

        def call() -> Any:
            matrix[rows, columns] = matrix[columns, rows] = triangle()
            return matrix

        return call


def gradient(data: Problem) -> Callable[[], Any]:
    scalars = Scalars(data)
    return scalars.compiled(scalars.slope())


def diagonal(data: Problem) -> Callable[[], Any]:
    scalars = Scalars(data)
    entries = zip(scalars.slope(), scalars.w, strict=True)
    return scalars.compiled([slope.diff(w) for slope, w in entries])


def hessian(data: Problem) -> Callable[[], Any]:
    scalars = Scalars(data)
    slope = scalars.slope()
    return scalars.symmetric(lambda i, j: slope[i].diff(scalars.w[j]))


def gauss_newton(data: Problem) -> Callable[[], Any]:
    scalars = Scalars(data)
    columns = [[y.diff(w) for y in scalars.y] for w in scalars.w]

    def entry(i: int, j: int) -> Any:
        return 2 * sum(a * b for a, b in zip(columns[i], columns[j], strict=True))

    return scalars.symmetric(entry)


WAYS = {
    "gradient": {"SymPy lambdify": gradient},
    "diagonal": {"SymPy lambdify": diagonal},
    "gauss_newton": {"SymPy lambdify": gauss_newton},
    "hessian": {"SymPy lambdify": hessian},
}
