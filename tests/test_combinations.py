"""Activations, losses and depths together: gradient and Hessian against the package autograd."""

import warnings
from collections.abc import Callable
from itertools import pairwise
from typing import Any

import autograd
import autograd.numpy as anp
import autograd.scipy.special as asp
import numpy as np
import pytest

import gradscribe
from gradscribe.catalog.activations import ACTIVATIONS
from gradscribe.catalog.losses import LOSSES

ALPHA, SCALE = 1.6732632423543772, 1.0507009873554805
FUNCTIONS: dict[str, Callable[..., Any]] = {
    "linear": lambda u: u,
    "sigmoid": lambda u: 1 / (1 + anp.exp(-u)),
    "tanh": anp.tanh,
    "relu": lambda u: anp.where(u > 0, u, 0.0),
    "leaky_relu": lambda u: anp.where(u > 0, u, 0.01 * u),
    "prelu": lambda u, slope: anp.where(u > 0, u, slope * u),
    "gelu": lambda u: u / 2 * (1 + asp.erf(u / np.sqrt(2))),
    "elu": lambda u: anp.where(u > 0, u, anp.exp(u) - 1),
    "selu": lambda u: SCALE * anp.where(u > 0, u, ALPHA * (anp.exp(u) - 1)),
    "softplus": lambda u: anp.log(1 + anp.exp(u)),
    "softsign": lambda u: u / (1 + anp.where(u > 0, u, -u)),
    "silu": lambda u: u / (1 + anp.exp(-u)),
    "gelu_tanh": lambda u: u / 2 * (1 + anp.tanh(np.sqrt(2 / np.pi) * (u + 0.044715 * u**3))),
    "mish": lambda u: u * anp.tanh(anp.log(1 + anp.exp(u))),
    "hard_sigmoid": lambda u: anp.where(u >= 3, 1.0, anp.where(u > -3, u / 6 + 0.5, 0.0)),
    "hard_tanh": lambda u: anp.where(u >= 1, 1.0, anp.where(u > -1, u, -1.0)),
    "sin": anp.sin,
    "softmax": lambda u: anp.exp(u) / anp.sum(anp.exp(u), axis=1, keepdims=True),
    "log_softmax": lambda u: u - anp.log(anp.sum(anp.exp(u), axis=1, keepdims=True)),
}
COSTS: dict[str, Callable[..., Any]] = {
    "mse": lambda d, y: anp.mean((d - y) ** 2),
    "sse": lambda d, y: anp.sum((d - y) ** 2),
    "mae": lambda d, y: anp.mean(anp.where(d > y, d - y, y - d)),
    "huber": lambda d, y: anp.mean(
        anp.where((d - y) ** 2 < 1, (d - y) ** 2 / 2, anp.where(d > y, d - y, y - d) - 0.5)
    ),
    "pinball": lambda d, y: anp.mean(anp.where(d > y, d - y, y - d)) / 2,
    "gaussian": lambda d, y, logvar: anp.mean(logvar + (d - y) ** 2 / anp.exp(logvar)) / 2,
    "log_cosh": lambda d, y: anp.mean(anp.log(anp.cosh(d - y))),
    "bce_logits": lambda d, y: anp.mean(anp.log(1 + anp.exp(y)) - d * y),
    "nll": lambda d, y: -anp.sum(d * y) / len(d),
    "poisson": lambda d, y: anp.mean(anp.exp(y) - d * y),
    "hinge": lambda d, y: anp.mean(anp.where(d * y < 1, 1 - d * y, 0.0)),
    "squared_hinge": lambda d, y: anp.mean(anp.where(d * y < 1, 1 - d * y, 0.0) ** 2),
}
LIMIT = 1e-11
# Their y is a probability: see test_softmax.py.
OF_PROBABILITIES = {"bce", "cross_entropy"}


def cases() -> list[tuple[str, str, int]]:
    """Return activations with losses and depths: each of them in all kinds of company."""
    losses = [name for name in LOSSES if name not in OF_PROBABILITIES]
    found = []
    for k, name in enumerate(ACTIVATIONS):
        shifts = (0, 4) if k % 3 == 0 else (0,)
        found += [
            (name, losses[(k + shift) % len(losses)], 1 + (k + shift) % 3) for shift in shifts
        ]
    return found


def test_every_activation_and_loss_is_there_in_several_depths() -> None:
    assert FUNCTIONS.keys() == ACTIVATIONS.keys()
    assert COSTS.keys() | OF_PROBABILITIES == LOSSES.keys()
    assert {loss for _, loss, _ in cases()} == COSTS.keys()
    assert {depth for _, _, depth in cases()} == {1, 2, 3}


@pytest.mark.parametrize(("name", "loss", "depth"), cases())
def test_gradient_and_hessian_are_those_of_autograd(name: str, loss: str, depth: int) -> None:
    sizes = (3, 5, 4, 2)[3 - depth :] if depth < 3 else (3, 5, 4, 2)
    spec = f"{'-'.join(map(str, sizes))} {name} loss={loss}"
    module = gradscribe.compile(f"{spec} emit=hessian,hessian_vector_product")
    rng = np.random.default_rng([depth, len(name), len(loss)])
    params = module.Parameters(*(rng.normal(0, 0.8, p.shape) for p in module.initialize(seed=0)))
    X, D = rng.normal(size=(7, sizes[0])), rng.choice([-1.0, 1.0], size=(7, 2)) * 1.1

    def cost(w: Any) -> Any:
        y, start = X, 0
        for below, width in pairwise(sizes):
            W = anp.reshape(w[start : start + width * below], (width, below))
            start += width * below
            u = anp.dot(y, W.T) + w[start : start + width]
            start += width
            own = [w[start : start + width] for _ in ACTIVATIONS[name].learned]
            start += width * len(own)
            y = FUNCTIONS[name](u, *own)
        return COSTS[loss](D, y, *(w[start:] for _ in LOSSES[loss].learned))

    w = module.ravel(params)
    gradient = autograd.grad(cost)(w)
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "Output seems independent")  # straight lines: H is 0
        hessian = autograd.jacobian(autograd.grad(cost))(w)
    scale = max(1e-3, np.abs(gradient).max())
    assert np.abs(module.ravel(module.gradient(params, X, D)) - gradient).max() <= LIMIT * scale
    found = module.hessian(params, X, D)
    assert np.abs(found - hessian).max() <= LIMIT * max(1e-3, np.abs(hessian).max())
    direction = rng.normal(size=w.size)
    product = module.hessian_vector_product(params, X, D, module.unravel(direction))
    expected = hessian @ direction
    assert np.abs(module.ravel(product) - expected).max() <= LIMIT * max(
        1e-3, np.abs(expected).max()
    )
