"""PyTorch, eager: `autograd.grad` and `torch.func`."""

import os
from collections.abc import Callable
from typing import Any

from cases import Problem, forward, split

IMPORTS = ("torch.func",)
VERSIONS = ("torch",)
CHUNK = 32  # rows of a Jacobian at a time


class Functions:
    """The cost and what is made of it, as functions of w.

    Attributes:
        w, v: parameters and direction, (K,).
    """

    def __init__(self, data: Problem) -> None:
        import torch

        torch.set_num_threads(int(os.environ["OMP_NUM_THREADS"]))
        self.torch, self.func, self.case = torch, torch.func, data.case
        self.w, self.v, self.X, self.D = map(torch.from_numpy, (data.w, data.v, data.X, data.D))
        self.activations = {
            "tanh": torch.tanh,
            "sigmoid": torch.sigmoid,
            "linear": lambda u: u,
            "softmax": lambda u: torch.log_softmax(u, 1),  # the cost needs its logarithm only
        }

    def output(self, w: Any) -> Any:
        """Return y^M (N, N_M)."""
        return forward(self.case, list(split(self.case, w)), self.X, self.activations)

    def cost(self, w: Any) -> Any:
        """Return J."""
        return self.loss(self.output(w))

    def loss(self, y: Any) -> Any:
        """Return J of the outputs."""
        if self.case.is_classifier:
            return -self.torch.sum(self.D * y) / len(y)
        return self.torch.mean((self.D - y) ** 2)

    def product(self, v: Any) -> Any:
        """Return H v, forward over reverse."""
        return self.func.jvp(self.func.grad(self.cost), (self.w,), (v,))[1]


def gradient(data: Problem) -> Callable[[], Any]:
    import torch

    f = Functions(data)
    parameters = [torch.from_numpy(part).requires_grad_() for part in data.parameters]

    def call() -> Any:
        y = forward(f.case, parameters, f.X, f.activations)
        return torch.autograd.grad(f.loss(y), parameters)

    return call


def forward_product(data: Problem) -> Callable[[], Any]:
    f = Functions(data)
    return lambda: f.product(f.v)


def reverse_product(data: Problem) -> Callable[[], Any]:
    import torch

    f = Functions(data)
    w = f.w.clone().requires_grad_()

    def call() -> Any:
        (slope,) = torch.autograd.grad(f.cost(w), w, create_graph=True)
        return torch.autograd.grad(slope, w, f.v)

    return call


def whole_hessian(data: Problem) -> Callable[[], Any]:
    f = Functions(data)
    hessian = f.func.hessian(f.cost)
    return lambda: hessian(f.w)


def chunked_hessian(data: Problem) -> Callable[[], Any]:
    f = Functions(data)
    hessian = f.func.jacrev(f.func.grad(f.cost), chunk_size=CHUNK)
    return lambda: hessian(f.w)


def forward_hessian(data: Problem) -> Callable[[], Any]:
    f = Functions(data)
    every = f.func.vmap(f.product, chunk_size=CHUNK)
    return lambda: every(f.torch.eye(len(f.w), dtype=f.w.dtype))


def gauss_newton(data: Problem) -> Callable[[], Any]:
    f = Functions(data)
    columns = f.func.vmap(lambda e: f.func.jvp(f.output, (f.w,), (e,))[1], chunk_size=CHUNK)

    def call() -> Any:
        along = columns(f.torch.eye(len(f.w), dtype=f.w.dtype)).reshape(len(f.w), -1)
        return along @ along.T * (2 / data.outputs)

    return call


def diagonal(data: Problem) -> Callable[[], Any]:
    f = Functions(data)
    every = f.func.vmap(lambda e: (f.product(e) * e).sum(), chunk_size=CHUNK)
    return lambda: every(f.torch.eye(len(f.w), dtype=f.w.dtype))


WAYS = {
    "gradient": {"torch autograd.grad": gradient},
    "product": {
        "torch func.jvp of grad": forward_product,
        "torch grad of grad": reverse_product,
    },
    "diagonal": {"torch vmap of eᵢᵀHeᵢ": diagonal},
    "gauss_newton": {"torch chunked jvp, JᵀJ": gauss_newton},
    "hessian": {
        "torch chunked jvp of grad": forward_hessian,
        "torch chunked jacrev": chunked_hessian,
        "torch func.hessian": whole_hessian,
    },
}
