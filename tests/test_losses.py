"""Every loss of the catalog: its value, its derivatives, and extremes, against other ways."""

from typing import Any

import mpmath
import numpy as np
import pytest
from sympy import lambdify
from test_extension import check_everything

import gradscribe
from gradscribe.catalog import CATALOG
from gradscribe.catalog.losses import LOSSES, D, Y

ERRORS = {
    "mse": lambda d, y: np.mean((d - y) ** 2),
    "sse": lambda d, y: np.sum((d - y) ** 2),
    "mae": lambda d, y: np.mean(np.abs(d - y)),
    "huber": lambda d, y: np.mean(
        np.where(np.abs(d - y) <= 1, (d - y) ** 2 / 2, np.abs(d - y) - 0.5)
    ),
    "pinball": lambda d, y: np.mean(np.maximum(d - y, y - d)) / 2,
    "gaussian": lambda d, y: np.mean((d - y) ** 2) / 2,  # while the variances are 1
    "log_cosh": lambda d, y: np.mean(np.logaddexp(d - y, y - d) - np.log(2)),
    "bce_logits": lambda d, y: np.mean(np.logaddexp(0, y) - d * y),
    "poisson": lambda d, y: np.mean(np.exp(y) - d * y),
    "hinge": lambda d, y: np.mean(np.maximum(0, 1 - d * y)),
    "squared_hinge": lambda d, y: np.mean(np.maximum(0, 1 - d * y) ** 2),
    "bce": lambda d, y: np.mean(-d * np.log(y) - (1 - d) * np.log(1 - y)),
    "cross_entropy": lambda d, y: -np.sum(d * np.log(y)) / len(d),
    "nll": lambda d, y: -np.sum(d * y) / len(d),
}
# Losses of probabilities, and what makes these of activations.
OUTPUTS = {"bce": "sigmoid", "cross_entropy": "softmax"}
PLACES = [s * v for v in (1000.0, 50.0, 3.3, 1.0, 0.4, 1e-8, 1e-300) for s in (1, -1)] + [0.0]
PROBABILITIES = [1e-300, 1e-150, 1e-8, 0.4, 0.75, 1 - 1e-8, 1 - 2.0**-53]
# Units of the last place of the truth, or of the smallest normal number where that is larger. Of
# poisson, exp(y) - d, they are of 1: where y is nearly log d, the digits of exp(y) cancel.
UNITS = 8
SMALLEST = {"poisson": 1.0}


def test_every_loss_has_an_oracle() -> None:
    assert ERRORS.keys() == LOSSES.keys()


@pytest.mark.parametrize("name", LOSSES)
def test_a_loss_and_its_derivatives_are_right(name: str) -> None:
    module = check_everything(f"3-4-2 tanh,{OUTPUTS.get(name, 'linear')} loss={name}", CATALOG)
    rng = np.random.default_rng(3)
    params = module.initialize(seed=1)
    X, target = rng.normal(size=(7, 3)), rng.choice([-1.0, 1.0], size=(7, 2))
    target = np.maximum(target, 0) if name in OUTPUTS else target
    expected = ERRORS[name](target, module.forward(params, X))
    assert module.cost(params, X, target) == pytest.approx(expected, rel=1e-14)


@pytest.mark.parametrize("name", LOSSES)
def test_extremes_have_no_warning_and_no_wrong_digit(name: str) -> None:
    """A network y = b has ∂E/∂b = ∂E/∂y and ∂²E/∂b∂b = ∂²E/∂y∂y."""
    module = gradscribe.compile(f"linear(W1 x + b1) loss={name} emit=hessian")
    whole = LOSSES[name].whole.xreplace({c.symbol: c.value for c in LOSSES[name].learned})
    functions = [lambdify((D, Y), whole.diff(Y, k), "mpmath") for k in range(3)]
    desired = {"huber": (-1.5, 0.0, 1.5)} | dict.fromkeys(OUTPUTS, (0.0, 0.3, 1.0))  # no kink
    for d in desired.get(name, (-1.0, 0.0, 1.0)):
        for y in PROBABILITIES if name in OUTPUTS else PLACES:
            params = module.initialize((1, 1))._replace(W1=np.zeros((1, 1)), b1=np.array([y]))
            X, target = np.zeros((1, 1)), np.array([[d]])
            with mpmath.workdps(400):
                truth = [f(mpmath.mpf(d), mpmath.mpf(y)) for f in functions]
            if not all(np.isfinite(float(t)) for t in truth):
                continue
            with np.errstate(all="raise", under="ignore"):
                found = (
                    module.cost(params, X, target),
                    module.gradient(params, X, target).b1[0],
                    module.hessian_block(params, X, target, "b1", "b1")[0, 0],
                )
            for order, (value, true) in enumerate(zip(found, truth, strict=True)):
                least = SMALLEST.get(name, np.finfo(float).tiny)
                unit = np.spacing(max(abs(float(true)), least))
                error: Any = abs(mpmath.mpf(float(value)) - true)
                assert float(error) <= UNITS * unit, (order, d, y, value, float(true))


def test_the_absolute_error_has_no_slope_at_its_kink() -> None:
    module = gradscribe.compile("linear(W1 x + b1) loss=mae emit=gradient")
    params = module.Parameters(np.zeros((1, 1)), np.array([0.5]))
    assert module.gradient(params, np.zeros((1, 1)), np.array([[0.5]])).b1[0] == 0


@pytest.mark.parametrize("spec", ["3-4-2 leaky_relu,selu loss=mae", "3-2 hard_tanh loss=huber"])
def test_single_precision_stays_single(spec: str) -> None:
    module = gradscribe.compile(f"{spec} dtype=float32 emit=hessian")
    params = module.initialize(seed=0)
    X, target = np.ones((5, 3), np.float32), np.ones((5, 2), np.float32)
    for array in (*module.gradient(params, X, target), module.hessian(params, X, target)):
        assert array.dtype == np.float32
