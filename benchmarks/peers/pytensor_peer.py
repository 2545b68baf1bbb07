"""PyTensor: a graph of symbols, differentiated, rewritten and compiled."""

from collections.abc import Callable
from typing import Any

from cases import Problem, forward, split

IMPORTS = ("pytensor.tensor", "pytensor.gradient", "numba")
VERSIONS = ("pytensor",)


class Graph:
    """The cost and the outputs as expressions in a vector w."""

    def __init__(self, data: Problem) -> None:
        import pytensor
        import pytensor.tensor as pt

        activations = {"tanh": pt.tanh, "sigmoid": pt.sigmoid, "linear": lambda u: u}
        self.pytensor, self.data = pytensor, data
        self.w = pt.vector("w", shape=(data.case.K,))
        parameters = list(split(data.case, self.w))
        self.y = forward(data.case, parameters, pt.constant(data.X), activations)
        self.cost = pt.mean((pt.constant(data.D) - self.y) ** 2)
        self.slope = pytensor.grad(self.cost, self.w)

    def compiled(self, expression: Any) -> Callable[[], Any]:
        """Return a call of the compiled expression."""
        function, w = self.pytensor.function([self.w], expression), self.data.w
        function.trust_input = True
        return lambda: function(w)


def gradient(data: Problem) -> Callable[[], Any]:
    graph = Graph(data)
    return graph.compiled(graph.slope)


def product(data: Problem) -> Callable[[], Any]:
    graph = Graph(data)
    weighted = (graph.slope * data.v).sum()
    return graph.compiled(graph.pytensor.grad(weighted, graph.w))


def hessian(data: Problem) -> Callable[[], Any]:
    from pytensor.gradient import jacobian

    graph = Graph(data)
    return graph.compiled(jacobian(graph.slope, graph.w, vectorize=True))


def gauss_newton(data: Problem) -> Callable[[], Any]:
    from pytensor.gradient import jacobian

    graph = Graph(data)
    outer = jacobian(graph.y.ravel(), graph.w, vectorize=True)
    return graph.compiled(outer.T @ outer * (2 / data.outputs))


WAYS = {
    "gradient": {"PyTensor grad": gradient},
    "product": {"PyTensor grad of grad·v": product},
    "gauss_newton": {"PyTensor jacobian, JᵀJ": gauss_newton},
    "hessian": {"PyTensor vectorized": hessian},
}
