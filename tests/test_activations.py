"""Every activation of the catalog: f, f′ and f″ of generated code against 50 digits.

A network of one node a layer with W¹ = 1 and b¹ = 0 has u = x exactly. Its output is w² f(u), its
input Jacobian w² f′(u), and where w² is so small that the output stays 0 beside d = 1,
∂²E/∂b¹∂b¹ is −2 w² f″(u). A power of two for w² puts no error into either.
"""

from collections.abc import Callable
from types import ModuleType
from typing import Any

import mpmath
import numpy as np
import pytest
from sympy import lambdify

import gradscribe
from gradscribe.catalog.activations import ACTIVATIONS, U
from gradscribe.derivation.slopes import kinks, slope
from gradscribe.errors import InputError

DIGITS = 400
TINY = 2.0**-400
GRID = np.concatenate(
    [
        [sign * u for u in (1000.0, 50.0, 1e-8, 1e-300) for sign in (1, -1)],
        [0.0],
        np.linspace(-20, 20, 401),
    ]
)
# The error of f, f′ and f″ in units of the last place of the truth, or of 1 where that is larger:
# f′ is computed from f where it can be, so that near 0 its absolute error is bounded. That of f
# itself is relative, but where digits of u are lost by its formula: u/6 + 1/2 near u = -3, and
# tanh of a polynomial, whose rounding is amplified by the exponential.
NEAR_ONE, RELATIVE = 3, {"hard_sigmoid": 12, "gelu_tanh": 600}
# What PyTorch takes for f′ at a kink.
AT_KINKS = {
    "relu": {0: 0}, "leaky_relu": {0: 0.01}, "selu": {0: 1.7580993408473766},
    "hard_sigmoid": {-3: 0, 3: 0}, "hard_tanh": {-1: 0, 1: 0},
}  # fmt: skip


def module_of(name: str) -> ModuleType:
    return gradscribe.compile(
        f"linear(W2 {name}(W1 x + b1) + b2) loss=sse emit=hessian,input_jacobian"
    )


def found(module: ModuleType, u: Any) -> tuple[Any, Any, Any]:
    """Return f, f′ and f″ at places, as generated code computes them."""
    one, zero = np.ones((1, 1)), np.zeros(1)
    plain = module.Parameters(one, zero, one, zero)
    small = module.Parameters(one, zero, one * TINY, zero)
    X = u[:, None]
    second = [module.hessian_block(small, x, np.ones((1, 1)), "b1", "b1")[0, 0] for x in X[:, None]]
    return (
        module.forward(plain, X)[:, 0],
        module.input_jacobian(plain, X)[:, 0, 0],
        np.array(second) / (-2 * TINY),
    )


def true_function(name: str, order: int) -> Callable[[float], Any]:
    """Return f or a derivative in high precision, differentiated by mpmath where it is smooth."""
    formula = ACTIVATIONS[name].formula
    expr = formula if order == 0 else slope(ACTIVATIONS[name], order).of_u
    return lambdify(U, expr, "mpmath")


@pytest.fixture(autouse=True)
def precision() -> Any:
    with mpmath.workdps(DIGITS):
        yield


@pytest.mark.parametrize("name", ACTIVATIONS)
def test_values_and_slopes_are_right_everywhere(name: str) -> None:
    with np.errstate(all="raise", under="ignore"):
        computed = found(module_of(name), GRID)
    for order, values in enumerate(computed):
        assert np.isfinite(values).all()
        function = true_function(name, order)
        for u, value in zip(GRID, values, strict=True):
            true = function(mpmath.mpf(float(u)))
            error = float(abs(mpmath.mpf(float(value)) - true))
            size = abs(float(true))
            assert error <= NEAR_ONE * np.spacing(max(size, 1.0)), (order, u, value)
            if order == 0 and size > float(np.finfo(float).tiny):
                assert error <= RELATIVE.get(name, 4) * np.spacing(size), (u, value)


@pytest.mark.parametrize("name", ACTIVATIONS)
def test_slopes_at_kinks_are_those_of_pytorch(name: str) -> None:
    assert kinks(ACTIVATIONS[name]).keys() == AT_KINKS.get(name, {}).keys()
    module = module_of(name)
    for place, slope_there in AT_KINKS.get(name, {}).items():
        values, slopes, second = found(module, np.array([float(place)]))
        assert slopes[0] == pytest.approx(slope_there, rel=1e-15)
        assert second[0] == pytest.approx(1.7580993408473766 if name == "selu" else 0, rel=1e-15)
        assert np.isfinite(values).all()


def test_a_step_is_refused_because_nothing_can_be_learned_from_it() -> None:
    for name in ("step", "heaviside", "sign", "threshold"):
        with pytest.raises(InputError, match="has no derivative to learn from"):
            gradscribe.compile(f"2-2-1 {name}")
