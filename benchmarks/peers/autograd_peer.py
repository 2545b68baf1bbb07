"""autograd: NumPy code, differentiated as it runs."""

from collections.abc import Callable
from typing import Any

import numpy as np

from cases import Problem, forward, split

IMPORTS = ("autograd.numpy", "autograd.differential_operators")
VERSIONS = ("autograd",)


class Functions:
    """The cost and the outputs, as functions of w."""

    def __init__(self, data: Problem) -> None:
        import autograd
        import autograd.numpy as anp
        from autograd.differential_operators import make_hvp

        self.autograd, self.make_hvp, self.numpy, self.data = autograd, make_hvp, anp, data
        self.activations = {
            "tanh": anp.tanh,
            "sigmoid": lambda u: 1 / (1 + anp.exp(-u)),
            "linear": lambda u: u,
        }

    def output(self, w: Any) -> Any:
        """Return y^M (N, N_M)."""
        case = self.data.case
        return forward(case, list(split(case, w)), self.data.X, self.activations)

    def cost(self, w: Any) -> Any:
        """Return J."""
        return self.numpy.mean((self.data.D - self.output(w)) ** 2)


def gradient(data: Problem) -> Callable[[], Any]:
    f, w = Functions(data), data.w
    slope = f.autograd.grad(f.cost)
    return lambda: slope(w)


def product(data: Problem) -> Callable[[], Any]:
    f, w = Functions(data), data.w
    return lambda: f.make_hvp(f.cost)(w)[0](data.v)


def diagonal(data: Problem) -> Callable[[], Any]:
    f, w = Functions(data), data.w

    def call() -> Any:
        times, _ = f.make_hvp(f.cost)(w)
        return np.array([times(e) @ e for e in np.eye(len(w))])

    return call


def gauss_newton(data: Problem) -> Callable[[], Any]:
    f, w = Functions(data), data.w
    jacobian = f.autograd.jacobian(f.output)

    def call() -> Any:
        rows = jacobian(w).reshape(-1, len(w))
        return rows.T @ rows * (2 / data.outputs)

    return call


def hessian(data: Problem) -> Callable[[], Any]:
    f, w = Functions(data), data.w
    whole = f.autograd.hessian(f.cost)
    return lambda: whole(w)


WAYS = {
    "gradient": {"autograd grad": gradient},
    "product": {"autograd make_hvp": product},
    "diagonal": {"autograd eᵢᵀHeᵢ": diagonal},
    "gauss_newton": {"autograd jacobian, JᵀJ": gauss_newton},
    "hessian": {"autograd hessian": hessian},
}
