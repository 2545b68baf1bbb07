"""What is taken for f′ where it jumps: chosen, computed and told."""

import numpy as np
import pytest

import gradscribe
from gradscribe.compiler import derivation_text
from gradscribe.model.network import Network

# Functions with the slopes to the left and to the right of each place where these differ.
SIDES = {
    "relu": {0: (0, 1)},
    "leaky_relu leaky_relu.slope=0.3": {0: (0.3, 1)},
    "hard_tanh": {-1: (0, 1), 1: (1, 0)},
    "hard_sigmoid": {-3: (0, 1 / 6), 3: (1 / 6, 0)},
    "elu elu.alpha=0.5": {0: (0.5, 1)},
    "own own=abs(u-2)": {2: (-1, 1)},
    "own own=u/(1+abs(u))+max(u,1)": {1: (1 / 4, 5 / 4)},
    "own own=where(u<-1,u/4,where(u>2,u*u,tanh(u)))": {
        -1: (1 / 4, np.cosh(1) ** -2),
        2: (np.cosh(2) ** -2, 4),
    },
}
EMIT = "loss=sse emit=hessian,input_jacobian"


def module_of(words: str, more: str = "") -> object:
    name, _, rest = words.partition(" ")
    return gradscribe.compile(f"1-1-1 {name},linear {EMIT} {rest} {more}".strip())


def slope_at(module, u: float, *, second: bool = False) -> float:
    """Return f′(u), or f″(u) from ∂²E/∂b∂b = 2 f′² - 2 e f″ at two values of d."""
    one, zero = np.ones((1, 1)), np.zeros(1)
    params, x = module.Parameters(one, np.array([float(u)]), one, zero), np.zeros((1, 1))
    if not second:
        return float(module.input_jacobian(params, x)[0, 0, 0])
    y = module.forward(params, x)
    blocks = [module.hessian_block(params, x, y + e, "b1", "b1")[0, 0] for e in (0, 1)]
    return float(blocks[0] - blocks[1]) / 2


@pytest.mark.parametrize("words", SIDES)
@pytest.mark.parametrize("kink", [0, 0.5, 1, 0.25])
def test_the_value_at_a_kink_is_the_chosen_one(words: str, kink: float) -> None:
    name = words.partition(" ")[0]
    module = module_of(words, f"{name}.kink={kink}")
    plain = module_of(words)
    for place, (left, right) in SIDES[words].items():
        expected = (1 - kink) * left + kink * right
        assert slope_at(module, place) == pytest.approx(expected, rel=1e-14)
        assert slope_at(module, place, second=True) == 0
        for beside in (place - 0.01, place + 0.01):
            assert slope_at(module, beside) == pytest.approx(slope_at(plain, beside), rel=1e-14)
            curved = slope_at(plain, beside, second=True)
            assert slope_at(module, beside, second=True) == pytest.approx(curved, abs=1e-13)
    assert f"{name}.kink={kink}" in module.SPEC
    assert Network.parse(module.SPEC).spec == module.SPEC


def test_it_is_told_in_the_module_and_in_the_derivation() -> None:
    spec = "2-2-1 relu,linear relu.kink=0.5"
    assert "(f′(0) = 1/2)" in gradscribe.compile(spec).__doc__
    assert "(f′(0) = 1/2)" in derivation_text(spec, "text")
    told = derivation_text(spec, "beamer")
    assert "f'^{1}" in told or "f'" in told
    assert "f′(0) = 0" in gradscribe.compile("2-2-1 relu,linear").__doc__


def test_single_precision_and_number_by_number() -> None:
    for more in ("dtype=float32", "target=scalar"):
        module = gradscribe.compile(f"2-3-1 hard_tanh,linear hard_tanh.kink=0.5 {more}")
        params = module.initialize(seed=1)
        X, D = np.zeros((2, 2), params.W1.dtype), np.ones((2, 1), params.W1.dtype)
        at_kink = params._replace(b1=np.ones_like(params.b1))
        found = module.gradient(at_kink, X, D)
        y = module.forward(at_kink, X)
        expected = (-2 * (D - y) @ at_kink.W2).mean(0) / 2
        assert found.b1.dtype == params.W1.dtype
        assert found.b1 == pytest.approx(expected, rel=1e-6)
