"""Published activation functions given as formulas: f, f′ and f″ at many places, in 50 digits."""

from collections.abc import Callable
from typing import Any

import mpmath
import numpy as np
import pytest
from test_own_formulas import PUBLISHED

from gradscribe.catalog.activations import ACTIVATIONS, U
from gradscribe.derivation.slopes import slope
from gradscribe.model.network import Network
from gradscribe.program.evaluate import Machine
from gradscribe.program.ir import Program
from gradscribe.program.lower import lower
from gradscribe.program.stable import stabilised

mp = mpmath
HALF = mpmath.mpf(1) / 2
# Source of most: Dubey, Singh and Chaudhuri, "Activation functions in deep learning", 2022.
MORE: dict[str, Callable[[Any], Any]] = {
    "u/2*(1+erf(u/sqrt(2)))": lambda u: u * mp.ncdf(u),
    "u/2*erfc(-u/sqrt(2))": lambda u: u * mp.ncdf(u),
    "erf(sqrt(pi)/2*u)": lambda u: mp.erf(mp.sqrt(mp.pi) / 2 * u),
    "u*erf(log(1+exp(u)))": lambda u: u * mp.erf(mp.log1p(mp.exp(u))),  # SERF
    "u*atan(exp(u))*2/pi": lambda u: u * mp.atan(mp.exp(u)) * 2 / mp.pi,  # GCU's kin
    "u*cos(u)": lambda u: u * mp.cos(u),  # growing cosine unit
    "exp(-abs(u))": lambda u: mp.exp(-abs(u)),
    "max(0,min(u,1))": lambda u: max(mp.mpf(0), min(u, mp.mpf(1))),
    "where(u>=0,u,u*exp(u))": lambda u: u if u >= 0 else u * mp.exp(u),  # ELiSH's kin
    "where(u>0,log(1+u),-log(1-u))": lambda u: mp.sign(u) * mp.log1p(abs(u)),  # LogLog's kin
    "where(u>0,2*sqrt(1+u)-2,2-2*sqrt(1-u))": (
        lambda u: mp.sign(u) * (2 * mp.sqrt(1 + abs(u)) - 2)
    ),
    "cosh(u/3)-1": lambda u: mp.cosh(u / 3) - 1,
    "log(exp(u)+exp(-u))": lambda u: mp.log(2 * mp.cosh(u)),
    "1-exp(-exp(u))": lambda u: 1 - mp.exp(-mp.exp(u)),  # complementary log-log
    "softplus(u)-softplus(-u)": lambda u: u,
    "sign(u)*sqrt(abs(u)+1/4)": lambda u: mp.sign(u) * mp.sqrt(abs(u) + mp.mpf(1) / 4),
    "asinh(u/2)*sigmoid(u)": lambda u: mp.asinh(u / 2) / (1 + mp.exp(-u)),
    "u/(1+exp(-1.702*u))": lambda u: u / (1 + mp.exp(mp.mpf("-1.702") * u)),
}
PLACES = np.concatenate([np.linspace(-9.97, 9.83, 67), [-400.3, -60.1, 1e-5, 59.7, 345.6]])
DIGITS = 50


def computed(expr: Any, places: Any) -> Any:
    """Return a formula as modules compute it."""
    node = lower(stabilised(expr), (), {U: "u"})
    with np.errstate(all="ignore"):
        found = Machine(Program((), {}, ()), {"u": places}).evaluate(node)
    return np.broadcast_to(found, places.shape)


@pytest.mark.parametrize("formula", [*PUBLISHED, *MORE])
def test_a_published_function_and_two_derivatives(formula: str) -> None:
    true_function = (PUBLISHED | MORE)[formula]
    entry = Network.parse(f"1-1 own own={formula}").functions["f1"]
    assert entry is not None
    values = [computed(e, PLACES) for e in (entry.formula, *(slope(entry, k).of_u for k in (1, 2)))]
    with mpmath.workdps(DIGITS):
        for k, u in enumerate(PLACES.tolist()):
            # Derivatives at twice the digits, as differences lose half of them.
            with mpmath.workdps(3 * DIGITS):
                place = mpmath.mpf(u)
                true = [
                    true_function(place) if order == 0 else mpmath.diff(true_function, place, order)
                    for order in range(3)
                ]
            for order, (value, exact) in enumerate(zip(values, true, strict=True)):
                if abs(exact) > 1e300:
                    continue
                assert abs(float(value[k]) - exact) <= 1e-13 * max(1, abs(exact)), (u, order)


CATALOG = {
    "1/(1+exp(-u))": "sigmoid", "(exp(u)-exp(-u))/(exp(u)+exp(-u))": "tanh", "max(u,0)": "relu",
    "log(1+exp(u))": "softplus", "u*sigmoid(u)": "silu", "u/2*(1+erf(u/sqrt(2)))": "gelu",
    "u*tanh(softplus(u))": "mish", "sin(u)": "sin", "where(u>0,u,exp(u)-1)": "elu",
}  # fmt: skip


@pytest.mark.parametrize("formula", CATALOG)
def test_it_is_the_function_of_the_catalog(formula: str) -> None:
    entry = Network.parse(f"1-1 own own={formula}").functions["f1"]
    assert entry is not None
    known = ACTIVATIONS[CATALOG[formula]]
    for k in range(3):
        own, other = (e.formula if k == 0 else slope(e, k).of_u for e in (entry, known))
        assert computed(own, PLACES) == pytest.approx(computed(other, PLACES), rel=1e-14, abs=1e-15)
