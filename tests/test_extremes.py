"""Every activation function where its plain formula overflows, underflows or cancels.

A generated network of one node a layer has u = x exactly (W = 1, b = 0), so its output is f(u)
and its sensitivities hold f′(u). The truth has 50 digits.

f′ is computed from y. Where that is 1 - y² or y(1 - y) and y is near ±1, digits cancel: the
absolute error stays below 2 ε of the largest f′ (3 ε for the sigmoid, whose y comes from three
operations), the relative error does not. That is by design (it is the lecture's formula, from
what is known already), and it is what is asserted here.
"""

from collections.abc import Callable
from types import ModuleType
from typing import Any

import mpmath
import numpy as np
import pytest

Modules = Callable[[str], ModuleType]
Real = Any  # mpmath.mpf

DIGITS = 50
ULPS = 4
NAMES = ("linear", "sigmoid", "tanh", "relu", "softplus")
TINY = float(np.finfo(float).tiny)
POINTS = np.array(
    [
        *(sign * u for u in (1000.0, 1e5, 1e100, 1e308) for sign in (1, -1)),
        *(sign * u for u in (5e-324, 1e-310, TINY, 1e-300, 1e-17, 1e-8) for sign in (1, -1)),
        0.0,
        -0.0,
        *(np.nextafter(0.5, side) for side in (0, 1)),
    ]
)
# Where exp(u) and exp(-u) become subnormal and 0.
EDGES = [
    sign * u for u in (345.0, 354.9, 372.5, 708.3, 709.0, 709.8, 745.0, 750.0) for sign in (1, -1)
]
SWEEP = np.concatenate([np.linspace(-40, 40, 4001), np.geomspace(1e-12, 40, 500), EDGES])
# The absolute error of f′, in ε: so many times the largest f′.
SLOPE_ERROR = {"linear": 0, "sigmoid": 3 * 0.25, "tanh": 2, "relu": 0, "softplus": 2}


def decay(u: float) -> Real:
    """Return exp(-|u|)."""
    return mpmath.exp(-min(abs(mpmath.mpf(u)), mpmath.mpf(10**5)))


def truth(name: str, place: Any) -> tuple[Real, Real]:
    """Return f(u) and f′(u) in high precision."""
    u = float(place)
    x, t = mpmath.mpf(u), decay(u)
    upper = 1 / (1 + t)  # the logistic function of |u|
    decayed = -mpmath.expm1(-2 * min(abs(x), mpmath.mpf(10**5)))
    logistic = upper if u >= 0 else t * upper
    values = {
        "linear": (x, mpmath.mpf(1)),
        "sigmoid": (logistic, t / (1 + t) ** 2),
        "tanh": (mpmath.sign(x) * decayed / (1 + t**2), 4 * t**2 / (1 + t**2) ** 2),
        "relu": (max(x, mpmath.mpf(0)), mpmath.mpf(int(u > 0))),
        "softplus": (max(x, mpmath.mpf(0)) + mpmath.log1p(t), logistic),
    }
    return values[name]


def ulps(found: Any, true: Real, dtype: type = float) -> float:
    """Return the distance in units of the last digit of the truth, (subnormal) zero included."""
    unit = mpmath.mpf(float(np.spacing(dtype(abs(float(true))))))
    return float(abs(mpmath.mpf(float(found)) - true) / unit)


def node(module_of: Modules, name: str, u: Any) -> tuple[Any, list[Real]]:
    """Return f(u), and f′(u) as it stands in δ¹ = f′(u) w² δ²."""
    dtype = u.dtype.type
    module = module_of(f"linear(W2 {name}(W1 x + b1) + b2) loss=sse")
    one, zero = np.ones((1, 1), dtype), np.zeros(1, dtype)
    params = module.Parameters(one, zero, one, zero)
    X = u[:, None]
    y = module.forward(params, X)
    with np.errstate(all="raise", under="ignore"):
        D = np.where(np.abs(y) < 1e6, y - dtype(0.5), y / 2)
        delta1, delta2 = module.sensitivities(params, X, D)
    assert np.isfinite(delta1).all()
    assert np.abs(delta2).min() > 0
    pairs = zip(delta1[:, 0], delta2[:, 0], strict=True)
    return y[:, 0], [mpmath.mpf(float(a)) / mpmath.mpf(float(b)) for a, b in pairs]


@pytest.fixture(autouse=True)
def precision() -> Any:
    with mpmath.workdps(DIGITS):
        yield


@pytest.mark.parametrize("name", NAMES)
def test_extreme_arguments(name: str, module_of: Modules) -> None:
    values, slopes = node(module_of, name, POINTS)
    assert np.isfinite(values).all()
    for u, value, slope in zip(POINTS, values, slopes, strict=True):
        value_true, slope_true = truth(name, u)
        assert ulps(value, value_true) <= ULPS, (name, u, value)
        assert ulps(float(slope), slope_true) <= ULPS, (name, u, slope)


@pytest.mark.parametrize("name", NAMES)
def test_ordinary_arguments(name: str, module_of: Modules) -> None:
    values, slopes = node(module_of, name, SWEEP)
    allowed = float(np.finfo(float).eps) * SLOPE_ERROR[name]
    for u, value, slope in zip(SWEEP, values, slopes, strict=True):
        value_true, slope_true = truth(name, u)
        assert ulps(value, value_true) <= ULPS, (name, u, value)
        assert abs(slope - slope_true) <= allowed, (name, u, slope)


@pytest.mark.parametrize("name", NAMES)
def test_single_precision(name: str, module_of: Modules) -> None:
    points = [0.0, 1e-45, 1e-38, 1e-5, 0.3, 5, 17, 88, 89, 103, 104, 1000, 1e30, 1e38]
    u = np.array([*points, *(-p for p in points)], np.float32)
    values, slopes = node(module_of, name, u)
    assert values.dtype == np.float32
    allowed = float(np.finfo(np.float32).eps) * SLOPE_ERROR[name]
    for place, value, slope in zip(u, values, slopes, strict=True):
        value_true, slope_true = truth(name, place)
        assert ulps(value, value_true, np.float32) <= ULPS, (name, place, value)
        assert abs(slope - slope_true) <= allowed, (name, place, slope)


def test_softplus_keeps_the_relative_precision_of_its_slope(module_of: Modules) -> None:
    """f′ = 1 - exp(-y) is written with expm1, so nothing cancels where f′ is small."""
    u = np.linspace(-700, 40, 2001)
    _, slopes = node(module_of, "softplus", u)
    assert max(ulps(float(s), truth("softplus", p)[1]) for p, s in zip(u, slopes, strict=True)) <= 4


def test_the_slope_of_the_ramp_at_its_kink_is_zero(module_of: Modules) -> None:
    _, slopes = node(module_of, "relu", np.array([0.0, -0.0, 5e-324, -5e-324]))
    assert slopes == [0, 0, 1, 0]


@pytest.mark.parametrize("name", ["sigmoid", "tanh"])
@pytest.mark.parametrize("size", [1e3, 1e100, 1e300])
def test_saturated_networks_have_finite_gradients(
    name: str, size: float, module_of: Modules
) -> None:
    module = module_of(f"{name}(W2 {name}(W1 x + b1) + b2)")
    rng = np.random.default_rng(0)
    shapes = ((5, 3), (5,), (2, 5), (2,))
    params = module.Parameters(*[rng.normal(0, 1, s) for s in shapes])
    X, D = rng.normal(0, size, (7, 3)), rng.normal(0, 1, (7, 2))
    J, gradient = module.cost_and_gradient(params, X, D)
    assert np.isfinite(J)
    assert all(np.isfinite(g).all() for g in gradient)
    assert np.abs(gradient.b2).max() > 0


@pytest.mark.parametrize("name", NAMES)
def test_complex_step_at_extreme_arguments(name: str, module_of: Modules) -> None:
    """What the code does in place of overflow is analytic too, except at the kink of relu."""
    u = np.array([-1000.0, -750, -700, -30, -1, -1e-8, 1e-8, 1, 30, 700, 750, 1000])
    module = module_of(f"linear(W2 {name}(W1 x + b1) + b2) loss=sse")
    one, zero = np.ones((1, 1)), np.zeros(1)
    params = module.Parameters(one, zero, one, zero)
    stepped = module.forward(params, u[:, None] + 1e-30j)[:, 0].imag / 1e-30
    for place, slope in zip(u, stepped, strict=True):
        true = float(truth(name, place)[1])
        assert abs(slope - true) <= 4e-16, (name, place, slope)
