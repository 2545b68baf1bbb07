"""Every activation of the catalog: f, f′ and f″ of generated code against 400 digits.

How they are computed, and where, is said in `benchmarks/stability.py`, whose report shows the
same for other libraries.
"""

from types import ModuleType
from typing import Any

import mpmath
import numpy as np
import pytest

import gradscribe
from gradscribe.catalog.activations import ACTIVATIONS
from gradscribe.derivation.slopes import kinks
from gradscribe.errors import InputError

# The error of f, f′ and f″ in units of the last place of the truth, or of 1 where that is larger:
# f′ is computed from f where it can be, so that near 0 its absolute error is bounded. That of f
# itself is relative, but where digits of u are lost by its formula: u/6 + 1/2 near u = -3, and
# tanh or erfc of a rounded number, whose rounding is amplified by the exponential.
NEAR_ONE, RELATIVE = 3, {"hard_sigmoid": 12, "gelu_tanh": 600, "gelu": 400}
# What PyTorch takes for f′ at a kink.
AT_KINKS = {
    "relu": {0: 0}, "leaky_relu": {0: 0.01}, "selu": {0: 1.7580993408473766},
    "hard_sigmoid": {-3: 0, 3: 0}, "hard_tanh": {-1: 0, 1: 0},
}  # fmt: skip


# What joins the nodes of a layer is tested in test_softmax.py, what is learned in test_learned.py.
NODEWISE = [name for name, entry in ACTIVATIONS.items() if not entry.written_out]


@pytest.fixture
def stability(benchmark_module: Any) -> ModuleType:
    found: ModuleType = benchmark_module("stability")
    return found


@pytest.fixture(autouse=True)
def precision(stability: ModuleType) -> Any:
    with mpmath.workdps(stability.DIGITS):
        yield


@pytest.mark.parametrize("name", NODEWISE)
def test_values_and_slopes_are_right_everywhere(name: str, stability: ModuleType) -> None:
    with np.errstate(all="raise", under="ignore"):
        computed = stability.ours(name)
    for order, values in enumerate(computed):
        assert np.isfinite(values).all()
        function = stability.truth(name, order)
        for u, value in zip(stability.GRID, values, strict=True):
            true = function(mpmath.mpf(float(u)))
            error = float(abs(mpmath.mpf(float(value)) - true))
            size = abs(float(true))
            assert error <= NEAR_ONE * np.spacing(max(size, 1.0)), (order, u, value)
            if order == 0 and size > float(np.finfo(float).tiny):
                assert error <= RELATIVE.get(name, 4) * np.spacing(size), (u, value)


@pytest.mark.parametrize("name", NODEWISE)
def test_slopes_at_kinks_are_those_of_pytorch(name: str, stability: ModuleType) -> None:
    assert kinks(ACTIVATIONS[name]).keys() == AT_KINKS.get(name, {}).keys()
    module = stability.module_of(name)
    for place, slope_there in AT_KINKS.get(name, {}).items():
        values, slopes, second = stability.derivatives(module, np.array([float(place)]))
        assert slopes[0] == pytest.approx(slope_there, rel=1e-15)
        assert second[0] == pytest.approx(1.7580993408473766 if name == "selu" else 0, rel=1e-15)
        assert np.isfinite(values).all()


def test_a_step_is_refused_because_nothing_can_be_learned_from_it() -> None:
    for name in ("step", "heaviside", "sign", "threshold"):
        with pytest.raises(InputError, match="has no derivative to learn from"):
            gradscribe.compile(f"2-2-1 {name}")
