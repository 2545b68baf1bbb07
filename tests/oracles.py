"""Independent truth for stacks of dense layers; nothing here is shared with gradscribe.

Three ways to the same gradient: backpropagation node by node in plain Python loops, with f′
typed in by hand (the one place where that is allowed); the package `autograd` on a cost of its
own; and the complex step of whatever cost it is given.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import autograd
import autograd.numpy as anp
import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]
STEP = 1e-30


def sigmoid(u: float) -> float:
    return 1 / (1 + math.exp(-u)) if u > 0 else math.exp(u) / (1 + math.exp(u))


# f and f′ of one node.
FUNCTIONS: dict[str, tuple[Callable[[float], float], Callable[[float], float]]] = {
    "linear": (lambda u: u, lambda _: 1.0),
    "sigmoid": (sigmoid, lambda u: sigmoid(u) * sigmoid(-u)),
    "tanh": (math.tanh, lambda u: 1 / math.cosh(u) ** 2),
    "relu": (lambda u: max(u, 0.0), lambda u: float(u > 0)),
    "softplus": (lambda u: max(u, 0.0) + math.log1p(math.exp(-abs(u))), sigmoid),
}
LOSSES = ("mse", "sse")

AUTOGRAD_FUNCTIONS: dict[str, Callable[[Any], Any]] = {
    "linear": lambda u: u,
    "sigmoid": lambda u: 0.5 * (1 + anp.tanh(u / 2)),
    "tanh": anp.tanh,
    "relu": lambda u: anp.maximum(u, 0),
    "softplus": lambda u: anp.logaddexp(0, u),
}


@dataclass(frozen=True)
class Stack:
    """A stack of dense layers: f¹ … f^M and the loss, for any sizes."""

    activations: tuple[str, ...]
    loss: str = "mse"

    @property
    def formula(self) -> str:
        """The specification with symbolic sizes."""
        text = "x"
        for m, _ in enumerate(self.activations, 1):
            text = f"f{m}(W{m} {text} + b{m})"
        bound = " ".join(f"f{m}={name}" for m, name in enumerate(self.activations, 1))
        return f"{text} {bound} loss={self.loss}"

    def line(self, sizes: Sequence[int]) -> str:
        """The specification with fixed sizes."""
        names = ",".join(self.activations)
        return f"{'-'.join(map(str, sizes))} {names} loss={self.loss}"

    def factor(self, D: Array) -> float:
        """What the sum of squared errors is multiplied by."""
        return 1 / D.size if self.loss == "mse" else 1.0


@dataclass(frozen=True)
class Truth:
    """J, y^M (N, N_M), δ¹ … δ^M (N, N_m) without the factor of J, and ∂J/∂w in order."""

    cost: float
    output: Array
    sensitivities: tuple[Array, ...]
    gradient: tuple[Array, ...]


def recursion(stack: Stack, params: Sequence[Array], X: Array, D: Array) -> Truth:
    """Return everything by loops over samples, layers and nodes."""
    weights, biases = params[::2], params[1::2]
    gradient = [np.zeros(p.shape) for p in params]
    deltas = [np.zeros((len(X), len(b))) for b in biases]
    output = np.zeros(D.shape)
    total = 0.0
    for n in range(len(X)):
        us, ys = _forward(stack, weights, biases, [float(x) for x in X[n]])
        output[n] = ys[-1]
        errors = [float(D[n, j]) - ys[-1][j] for j in range(len(ys[-1]))]
        total += math.fsum(e * e for e in errors)
        below = [-2 * e for e in errors]
        for m in range(len(weights) - 1, -1, -1):
            slope = FUNCTIONS[stack.activations[m]][1]
            delta = [below[i] * slope(us[m][i]) for i in range(len(us[m]))]
            for i in range(len(delta)):
                deltas[m][n, i] = delta[i]
                gradient[2 * m + 1][i] += delta[i] * stack.factor(D)
                for j in range(len(ys[m])):
                    gradient[2 * m][i, j] += delta[i] * ys[m][j] * stack.factor(D)
            below = [
                math.fsum(float(weights[m][i, j]) * delta[i] for i in range(len(delta)))
                for j in range(len(ys[m]))
            ]
    return Truth(total * stack.factor(D), output, tuple(deltas), tuple(gradient))


def _forward(
    stack: Stack, weights: Sequence[Array], biases: Sequence[Array], x: list[float]
) -> tuple[list[list[float]], list[list[float]]]:
    """Return u¹ … u^M and x, y¹ … y^M of one sample."""
    us, ys = [], [x]
    for name, W, b in zip(stack.activations, weights, biases, strict=True):
        u = [
            math.fsum(float(W[i, j]) * ys[-1][j] for j in range(W.shape[1])) + float(b[i])
            for i in range(W.shape[0])
        ]
        us.append(u)
        ys.append([FUNCTIONS[name][0](value) for value in u])
    return us, ys


def autograd_gradient(
    stack: Stack, params: Sequence[Array], X: Array, D: Array
) -> tuple[Array, ...]:
    """Return ∂J/∂w by the package autograd."""

    def cost(params: Sequence[Any]) -> Any:
        y = X
        for m, name in enumerate(stack.activations):
            y = AUTOGRAD_FUNCTIONS[name](anp.dot(y, params[2 * m].T) + params[2 * m + 1])
        return anp.sum((D - y) ** 2) * stack.factor(D)

    return tuple(autograd.grad(cost)(list(params)))


def autograd_second(
    stack: Stack, params: Sequence[Array], X: Array, D: Array
) -> tuple[Array, Array, Array]:
    """Return H (K, K), ∂y/∂w (N, N_M, K) and ∂y/∂x (N, N_M, N_0) by the package autograd."""
    ends = np.cumsum([p.size for p in params])

    def output(w: Any, x: Any) -> Any:
        arrays = [
            anp.reshape(w[end - p.size : end], p.shape) for p, end in zip(params, ends, strict=True)
        ]
        y = x
        for m, name in enumerate(stack.activations):
            y = AUTOGRAD_FUNCTIONS[name](anp.dot(y, arrays[2 * m].T) + arrays[2 * m + 1])
        return y

    def cost(w: Any) -> Any:
        return anp.sum((D - output(w, X)) ** 2) * stack.factor(D)

    w = np.concatenate([p.ravel() for p in params])
    by_input = [autograd.jacobian(lambda x: output(w, x[None])[0])(row) for row in X]
    return (
        autograd.jacobian(autograd.grad(cost))(w),
        autograd.jacobian(lambda v: output(v, X))(w),
        np.array(by_input),
    )


def complex_step(
    cost: Callable[[tuple[Array, ...]], Any], params: Sequence[Array]
) -> tuple[Array, ...]:
    """Return the derivative of a real analytic cost by every entry of every array.

    cost(w + ih) has the imaginary part h ∂J/∂w up to h² (Squire & Trapp 1998), and nothing
    cancels, so that h may be tiny.
    """
    found = []
    for position, array in enumerate(params):
        slopes = np.zeros(array.shape)
        for place in np.ndindex(array.shape):
            moved = array.astype(complex)
            moved[place] += STEP * 1j
            stepped = cost((*params[:position], moved, *params[position + 1 :]))
            slopes[place] = stepped.imag / STEP
        found.append(slopes)
    return tuple(found)


def disagreement(found: Sequence[Array], truth: Sequence[Array]) -> float:
    """Return the largest absolute difference over the largest absolute value, of all arrays."""
    assert [a.shape for a in found] == [b.shape for b in truth]
    largest = max(float(np.abs(b).max()) for b in truth)
    difference = max(float(np.abs(a - b).max()) for a, b in zip(found, truth, strict=True))
    if largest == 0:  # every output is a dead ramp
        return math.inf if difference else 0.0
    return difference / largest


def random_problem(
    sizes: Sequence[int], N: int, rng: np.random.Generator
) -> tuple[list[Array], Array, Array]:
    """Return parameters W1, b1, …, inputs (N, N_0) and desired outputs (N, N_M).

    Of a size that leaves u around 1: where all outputs are saturated, the whole gradient is as
    small as the round-off in y(1 - y) and 1 - y², and no relative error of it is small.
    """
    params: list[Array] = []
    for inputs, nodes in pairwise(sizes):
        params.append(rng.normal(0, 1.5 / math.sqrt(inputs), (nodes, inputs)))
        params.append(rng.normal(0.2, 0.4, nodes))
    return params, rng.normal(0, 1, (N, sizes[0])), rng.normal(0.3, 1, (N, sizes[-1]))
