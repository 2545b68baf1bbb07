"""Activations and losses that a specification defines as formulas."""

import re
from pathlib import Path

import mpmath
import numpy as np
import pytest
from sympy import lambdify
from test_extension import check_everything

import gradscribe
from gradscribe.catalog import CATALOG
from gradscribe.catalog.activations import ACTIVATIONS, U
from gradscribe.compiler import module_source
from gradscribe.errors import InputError
from gradscribe.model.network import Network

# Formulas of published activation functions, and the same as mpmath computes them.
PUBLISHED = {
    "1/(1+exp(-u))": lambda u: 1 / (1 + mpmath.exp(-u)),
    "(exp(u)-exp(-u))/(exp(u)+exp(-u))": mpmath.tanh,
    "max(u,0)": lambda u: max(u, mpmath.mpf(0)),
    "max(u,u/10)": lambda u: max(u, u / 10),
    "where(u>0,u,exp(u)-1)": lambda u: u if u > 0 else mpmath.expm1(u),
    "where(u>0,u,2*(exp(u/2)-1))": lambda u: u if u > 0 else 2 * mpmath.expm1(u / 2),
    "log(1+exp(u))": lambda u: mpmath.log1p(mpmath.exp(u)),
    "log1p(exp(u))": lambda u: mpmath.log1p(mpmath.exp(u)),
    "u/(1+abs(u))": lambda u: u / (1 + abs(u)),
    "u*sigmoid(u)": lambda u: u / (1 + mpmath.exp(-u)),
    "u*sigmoid(1.702*u)": lambda u: u / (1 + mpmath.exp(mpmath.mpf("-1.702") * u)),
    "u*tanh(softplus(u))": lambda u: u * mpmath.tanh(mpmath.log1p(mpmath.exp(u))),
    "u*tanh(exp(u))": lambda u: u * mpmath.tanh(mpmath.exp(u)),
    "atan(u)": mpmath.atan,
    "2/pi*atan(pi/2*u)": lambda u: 2 / mpmath.pi * mpmath.atan(mpmath.pi / 2 * u),
    "asinh(u)": mpmath.asinh,
    "sin(u)": mpmath.sin,
    "u+sin(u)**2": lambda u: u + mpmath.sin(u) ** 2,
    "cos(u)": mpmath.cos,
    "exp(-u**2)": lambda u: mpmath.exp(-(u**2)),
    "u*exp(-u**2/2)": lambda u: u * mpmath.exp(-(u**2) / 2),
    "u/sqrt(1+u**2)": lambda u: u / mpmath.sqrt(1 + u**2),
    "where(u<0,u/sqrt(1+u**2),u)": lambda u: u if u >= 0 else u / mpmath.sqrt(1 + u**2),
    "(sqrt(u**2+1)-1)/2+u": lambda u: (mpmath.sqrt(u**2 + 1) - 1) / 2 + u,
    "min(max(u,0),6)": lambda u: min(max(u, mpmath.mpf(0)), mpmath.mpf(6)),
    "u*min(max(u+3,0),6)/6": lambda u: u * min(max(u + 3, mpmath.mpf(0)), mpmath.mpf(6)) / 6,
    "max(u,0)**2": lambda u: max(u, mpmath.mpf(0)) ** 2,
    "u-tanh(u)": lambda u: u - mpmath.tanh(u),
    "where(u>0.5,u-0.5,where(u<-0.5,u+0.5,0))": (
        lambda u: u - 0.5 if u > 0.5 else u + 0.5 if u < -0.5 else mpmath.mpf(0)
    ),
    "1.7159*tanh(2/3*u)": lambda u: mpmath.mpf("1.7159") * mpmath.tanh(2 * u / 3),
}
PLACES = np.array([-30.3, -4.1, -1.7, -0.2, 0.3, 1.1, 2.9, 7.7, 25.2])


def module_of(formula: str):
    return gradscribe.compile(
        f"linear(W2 own(W1 x + b1) + b2) loss=sse emit=input_jacobian own={formula}"
    )


@pytest.mark.parametrize("formula", PUBLISHED)
def test_a_published_function_given_as_a_formula_is_itself(formula: str) -> None:
    module = module_of(formula)
    one, zero = np.ones((1, 1)), np.zeros(1)
    params = module.Parameters(one, zero, one, zero)
    values = module.forward(params, PLACES[:, None])[:, 0]
    slopes = module.input_jacobian(params, PLACES[:, None])[:, 0, 0]
    with mpmath.workdps(50):
        for u, value, slope in zip(PLACES, values, slopes, strict=True):
            x = mpmath.mpf(float(u))
            true, true_slope = PUBLISHED[formula](x), mpmath.diff(PUBLISHED[formula], x)
            assert abs(value - true) <= 1e-14 * max(1, abs(true)), u
            assert abs(slope - true_slope) <= 1e-13 * max(1, abs(true_slope)), u


@pytest.mark.parametrize("formula", ["u*sigmoid(1.5*u)", "u/(1+abs(u))", "2/pi*atan(pi/2*u)"])
def test_everything_follows_from_the_formula(formula: str) -> None:
    check_everything(f"3-4-2 own,tanh own={formula}", CATALOG)


@pytest.mark.parametrize("formula", ["log(cosh(d-y))", "sqrt(1+e**2)-1", "where(e>0,0.9*e,-0.1*e)"])
def test_a_loss_is_a_formula_too(formula: str) -> None:
    module = check_everything(f"3-4-2 tanh,linear loss=own own={formula}", CATALOG)
    assert "loss=own" in module.SPEC
    assert f"own={formula}" in module.SPEC


def test_a_formula_of_the_catalog_is_the_same_function() -> None:
    given = Network.parse("2-2-1 own own=u/(1+exp(-u))").functions["f1"]
    assert given is not None
    assert given.formula == ACTIVATIONS["silu"].formula
    assert lambdify(U, given.formula)(0.0) == 0


def test_a_specification_keeps_its_definitions() -> None:
    text = "f2(W2 f1(W1 x + b1) + b2) f1=swish f2=g swish=u*sigmoid(2*u) g=u**3"
    network = Network.parse(text)
    assert Network.parse(network.spec).spec == network.spec
    assert "swish=u*sigmoid(2*u)" in network.spec
    assert "unused" not in Network.parse("2-2-1 tanh unused=u**3").spec


def test_a_file_defines_functions_with_parameters(tmp_path: Path) -> None:
    path = tmp_path / "net.toml"
    path.write_text(
        '[network]\nsizes = [3, 4, 2]\nactivations = ["swish", "linear"]\n'
        '[activation.swish]\nformula = "u if u > 9 else u/(1 + exp(-beta*u))"\nbeta = 1.5\n'
        '[loss.soft]\nformula = "log(cosh(k*e))/k"\nk = 2\n',
        encoding="utf-8",
    )
    network = Network.parse(str(path))
    assert "swish=where(u>9,u,u/(1+exp(-1.5*u)))" in network.spec
    assert "loss=soft" in network.spec
    assert "soft=log(cosh(2*e))/2" in network.spec
    assert gradscribe.compile(network.spec)._self_check() == 0


WRONG = {
    "u*sigmod(u)": "did you mean 'sigmoid'",
    "gamma(u)": "unknown function 'gamma'",
    "u*beta": "unknown name 'beta'",
    "__import__('os').system('x')": "cannot stand in a formula",
    "u.__class__": "cannot stand in a formula",
    "(lambda:u)()": "cannot stand in a formula",
    "[u]": "cannot stand in a formula",
    "u*True": "cannot stand in a formula",
    "'u'": "cannot stand in a formula",
    "exp(a=u)": "cannot stand in a formula",
    "u@u": "cannot stand in a formula",
    "u//2": "cannot stand in a formula",
    "u**9**9**9": "power cannot be taken",
    "u**u": "power cannot be taken",
    "1e400*u": "too large or too small",
    "u/0": "infinite or no number",
    "exp(u,2)": "takes 1 argument",
    "where(u,1,2)": "one comparison",
    "where(u!=0,u,2)": "no comparison of numbers",
    "where(1>0,u,2)": "always the same",
    "log(u)": "no value at u = -3",
    "sqrt(u)": "no value at u = -3",
    "where(u>0,1,0)": "no derivative to learn from",
    "u+d": "neither in u nor in d and y",
    "3+4": "neither in u nor in d and y",
    "(u": "not a formula",
    "(" * 300 + "u" + ")" * 300: "not a formula",
    "u" + "+u" * 400: "too long",
    "-" * 100 + "u": "nested too deeply",
    "é*u": "others than ASCII",
    "u+" * 600 + "u": "at most 1000",
}


@pytest.mark.parametrize("formula", WRONG, ids=range(len(WRONG)))
def test_what_is_no_formula_is_refused(formula: str) -> None:
    with pytest.raises(InputError) as caught:
        Network.parse(f"2-2-1 own own={formula}")
    assert WRONG[formula] in str(caught.value)


@pytest.mark.parametrize("name", ["tanh", "mse", "x", "hessian", "class", "u1", "1a", "a" * 40])
def test_a_name_that_is_taken_is_refused(name: str) -> None:
    with pytest.raises(InputError):
        Network.parse(f"2-2-1 tanh {name}=u**3")


def test_a_loss_needs_the_output() -> None:
    with pytest.raises(InputError, match="does not depend on y"):
        Network.parse("2-2-1 tanh loss=own own=d**2")


@pytest.mark.parametrize("target", ["numpy", "scalar", "numba"])
def test_no_function_of_ones_own_replaces_a_part_of_the_module(target: str) -> None:
    """Each name behind an underscore in a module, but for functions of the catalog, is refused."""
    rules = ",".join([*CATALOG.updates, *CATALOG.schedules])
    specs = [f"2-3-2 gelu,linear loss=huber target={target}"]
    specs += ["2-3-2 tanh,softmax loss=cross_entropy l2=0.1 l1=0.1"]
    if target != "numba":
        specs += [f"2-3-1 tanh,sigmoid target={target} with={rules}"]
    form = re.compile(r"^(?:def|class) _(\w+)|^_(\w+)(?:: .*?)? = ", re.M)
    names = {a or b for spec in specs for a, b in form.findall(module_source(spec))}
    assert len(names) > 30
    for name in sorted(names - set(CATALOG.activations)):
        with pytest.raises(InputError, match=r"cannot be used|unknown activation"):
            gradscribe.Network.parse(f"2-1 {name} {name}=u*sigmoid(1.5*u)")
