"""The oracles agree with each other, and the examination of correct modules finds nothing."""

import sys
from collections import namedtuple
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import numpy as np
import pytest
from sympy import Integer, sqrt

from gradscribe.catalog import Catalog
from gradscribe.catalog.activations import ACTIVATIONS
from gradscribe.catalog.losses import LOSSES, E, Loss, Y
from gradscribe.catalog.losses import D as TARGET
from gradscribe.checking.compare import Standard
from gradscribe.checking.examine import examine
from gradscribe.checking.identify import network_layout, stack
from gradscribe.checking.load import load_module, network_of
from gradscribe.checking.oracles import central_difference, complex_step, complex_step_along
from gradscribe.checking.recursion import Recursion
from gradscribe.checking.report import render
from gradscribe.compiler import module_source
from gradscribe.errors import InputError
from gradscribe.model.network import Network
from gradscribe.notation import SAMPLES

MODULES = Path(__file__).parent / "modules"


def sigmoid(u: Any) -> Any:
    """A sigmoid that stays finite at ±1000 with complex arguments too."""
    small = np.exp(np.where(u.real > 0, -u, u))
    return np.where(u.real > 0, 1 / (1 + small), small / (1 + small))


# f(u), and f′ as a function of y
FUNCTIONS = {
    "tanh": (np.tanh, lambda y: 1 - y**2),
    "sigmoid": (sigmoid, lambda y: y * (1 - y)),
    "linear": (lambda u: u, np.ones_like),
    "relu": (lambda u: np.where(u.real > 0, u, 0), lambda y: (y.real > 0) * 1.0),
}


def stack_module(activations: list[str], spec: str | None = None) -> ModuleType:
    """A correct module of dense layers with mse, as one would be generated."""
    names = [f"{stem}{m}" for m in range(1, len(activations) + 1) for stem in "Wb"]
    parameters = namedtuple("Parameters", names)
    module = ModuleType("stack")

    def layers(p: Any, X: Any) -> list[tuple[Any, Any]]:
        pairs = [(X, X)]
        for m, a in enumerate(activations):
            u = pairs[-1][1] @ p[2 * m].T + p[2 * m + 1]
            pairs.append((u, FUNCTIONS[a][0](u)))
        return pairs

    def cost(p: Any, X: Any, D: Any) -> Any:
        return ((D - layers(p, X)[-1][1]) ** 2).sum() / D.size

    def sensitivities(p: Any, X: Any, D: Any) -> tuple[Any, ...]:
        pairs = layers(p, X)
        below, deltas = -2 * (D - pairs[-1][1]), []
        for m in range(len(activations), 0, -1):
            deltas.append(FUNCTIONS[activations[m - 1]][1](pairs[m][1]) * below)
            below = deltas[-1] @ p[2 * m - 2]
        return tuple(reversed(deltas))

    def gradient(p: Any, X: Any, D: Any) -> Any:
        pairs, blocks = layers(p, X), []
        for m, delta in enumerate(sensitivities(p, X, D)):
            blocks += [delta.T @ pairs[m][1] / D.size, delta.sum(axis=0) / D.size]
        return parameters(*blocks)

    module.__dict__.update(
        Parameters=parameters, cost=cost, gradient=gradient, sensitivities=sensitivities
    )
    module.__dict__["cost_and_gradient"] = lambda p, X, D: (cost(p, X, D), gradient(p, X, D))
    if spec:
        module.__dict__["SPEC"] = spec
    return module


def point(network: Network, widths: tuple[int, ...], samples: int) -> tuple[Any, ...]:
    rng = np.random.default_rng(1)
    layout = network_layout(network)
    sizes = dict(zip(layout.layers, widths, strict=True))
    params = {n: rng.normal(size=[sizes[s] for s in sh]) for n, sh in layout.shapes.items()}
    X = rng.normal(size=(samples, *(sizes[s] for s in layout.inputs)))
    return sizes, params, X, rng.normal(size=(samples, *(sizes[s] for s in layout.outputs)))


def mse(output: Any) -> Any:
    return lambda p, X, D: ((D - output(SimpleNamespace(**p), X)) ** 2).sum() / D.size


NETWORKS = {
    "f1(W1 x + b1) + x f1=tanh": ((3,), lambda p, X: np.tanh(X @ p.W1.T + p.b1) + X),
    "f1(W1 f1(W1 x + b1) + b1) f1=tanh": (
        (3,),
        lambda p, X: np.tanh(np.tanh(X @ p.W1.T + p.b1) @ p.W1.T + p.b1),
    ),
    "f1(W1 W2 x + b1) f1=sigmoid": ((2, 4, 3), lambda p, X: sigmoid(X @ p.W2.T @ p.W1.T + p.b1)),
    "linear(W2 tanh(W1 x + b1) + W3 x)": (
        (2, 4, 3),
        lambda p, X: np.tanh(X @ p.W1.T + p.b1) @ p.W2.T + X @ p.W3.T,
    ),
    "W2 tanh(W1 x + b1) + x": ((3, 4), lambda p, X: np.tanh(X @ p.W1.T + p.b1) @ p.W2.T + X),
}


@pytest.mark.parametrize("spec", NETWORKS)
def test_oracles_agree(spec: str) -> None:
    widths, output = NETWORKS[spec]
    network = Network.parse(spec)
    sizes, params, X, D = point(network, widths, 5)
    cost, names = mse(output), list(params)

    def packed(blocks: Any, X: Any, D: Any) -> Any:
        return cost(dict(zip(names, blocks, strict=True)), X, D)

    truth = Recursion(network).backward(sizes, params, X, D)
    stepped = complex_step(packed, tuple(params.values()), X, D)
    central, errors = central_difference(packed, tuple(params.values()), X, D)
    assert truth.cost == pytest.approx(packed(tuple(params.values()), X, D), rel=1e-13)
    for name, a, b, e in zip(names, stepped, central, errors, strict=True):
        np.testing.assert_allclose(truth.gradient[name], a, rtol=1e-12, atol=1e-15)
        assert (np.abs(a - b) <= 10 * e + 1e-15).all()
        assert e.max() < 1e-9
        np.testing.assert_allclose(truth.contributions[name].sum(0), a, rtol=1e-12, atol=1e-15)
    v = [np.ones_like(p) for p in params.values()]
    along = complex_step_along(packed, tuple(params.values()), X, D, v)
    assert along == pytest.approx(sum(float(a.sum()) for a in stepped), rel=1e-12)


@pytest.mark.parametrize("fault", ["0.1 %", "a term", "transposed"])
def test_oracles_see_faults(fault: str) -> None:
    network = stack((ACTIVATIONS["tanh"],), LOSSES["mse"], ("W1", "b1"))
    sizes, params, X, D = point(network, (3, 3), 5)
    truth = Recursion(network).backward(sizes, params, X, D)
    true, part = truth.gradient["W1"], truth.contributions["W1"][0]
    wrong = {"0.1 %": 1.001 * true, "a term": true - part, "transposed": true.T}[fault]
    cost = mse(lambda p, X: np.tanh(X @ p.W1.T + p.b1))

    def packed(blocks: Any, X: Any, D: Any) -> Any:
        return cost({"W1": blocks[0], "b1": blocks[1]}, X, D)

    blocks = tuple(params.values())
    for oracle in (
        true,
        complex_step(packed, blocks, X, D)[0],
        central_difference(packed, blocks, X, D)[0][0],
    ):
        standard = Standard(truth.scales, accuracy=1e-7)
        assert standard.compare("W1", true, oracle).ok
        assert not standard.compare("W1", wrong, oracle).ok


def test_sensitivities_are_without_the_factor_of_the_cost() -> None:
    network = stack((ACTIVATIONS["linear"],), LOSSES["mse"], ("W1", "b1"))
    sizes, params, X, D = point(network, (2, 3), 4)
    truth = Recursion(network).backward(sizes, params, X, D)
    y = X @ params["W1"].T + params["b1"]
    np.testing.assert_allclose(truth.sensitivities["u1"], -2 * (D - y), rtol=1e-13)
    np.testing.assert_allclose(truth.values["u1"], y, rtol=1e-13)


@pytest.mark.parametrize("reach", [30.0, 1000.0])
def test_recursion_is_exact_where_sigmoid_saturates(reach: float) -> None:
    network = stack((ACTIVATIONS["sigmoid"],), LOSSES["sse"], ("W1", "b1"))
    one, half = np.ones((1, 1)), np.full((1, 1), 0.5)
    params = {"W1": reach * one, "b1": np.zeros(1)}
    truth = Recursion(network).backward({"N_0": 1, "N_1": 1}, params, one, half)
    expected = np.exp(-reach) / (1 + np.exp(-reach)) ** 2 * (2 / (1 + np.exp(-reach)) - 1)
    assert truth.gradient["b1"][0] == pytest.approx(expected, rel=1e-13, abs=0)


@pytest.mark.parametrize(
    "activations", [["tanh", "linear"], ["sigmoid"] * 3, ["relu", "relu", "linear"], ["tanh"] * 10]
)
def test_correct_stacks(activations: list[str]) -> None:
    order = tuple(f"{stem}{m}" for m in range(1, len(activations) + 1) for stem in "Wb")
    network = stack(tuple(ACTIVATIONS[a] for a in activations), LOSSES["mse"], order)
    report = examine(stack_module(activations, "known"), network)
    assert report.ok, render(report)
    covered = {row.quantity for row in report.rows}
    functions = {"cost", "gradient", "sensitivities", "cost_and_gradient"}
    assert covered == functions | {"gradient in float32", "arguments"}
    assert all(row.verdict == "agrees" for row in report.rows)


@pytest.mark.parametrize("spec", ["2-2-1 sigmoid", "4-8-3 tanh", "64-32-10 sigmoid,linear"])
def test_fixed_sizes(spec: str) -> None:
    network = Network.parse(spec)
    module = stack_module([network.functions[f].name for f in network.functions], spec)
    assert network.sizes is not None
    report = examine(module, network_of(module))
    assert report.ok, render(report)
    if spec.startswith("64"):
        assert any("entries" in row.note for row in report.rows)
        assert any(row.oracle.endswith("directions") for row in report.rows)


def test_one_wrong_entry_of_a_large_gradient_is_seen() -> None:
    module = stack_module(["tanh", "linear"], "64-32-10 tanh,linear")
    right = module.gradient
    del module.__dict__["cost_and_gradient"]

    def gradient(p: Any, X: Any, D: Any) -> Any:
        result = right(p, X, D)
        result.W1[17, 41] *= 1.1
        return result

    module.__dict__["gradient"] = gradient
    report = examine(module, network_of(module))
    assert "W1[17, 41]" in report.findings[0]


def test_sensitivities_with_the_factor_are_named() -> None:
    module = stack_module(["tanh", "linear"], "known")
    right = module.sensitivities
    module.__dict__["sensitivities"] = lambda p, X, D: tuple(d / D.size for d in right(p, X, D))
    names = ("W1", "b1", "W2", "b2")
    network = stack((ACTIVATIONS["tanh"], ACTIVATIONS["linear"]), LOSSES["mse"], names)
    found = examine(module, network).findings
    # gradient is computed from the old function, so only the sensitivities are wrong
    assert len(found) == 1
    assert found[0].startswith("sensitivities is 1/(N N_2)")


def test_another_cost_than_the_specification_is_named() -> None:
    module = load_module(MODULES / "scikit_learn_8349.py")
    found = examine(module, network_of(module, "W2 tanh(W1 x + b1) + b2")).findings
    assert found[0].startswith("cost is 1/2 times the cost of its network")
    assert found[1].startswith("gradient is N_2 = ")


def test_cost_and_gradient_must_be_the_two() -> None:
    module = stack_module(["tanh", "linear"])
    module.__dict__["cost_and_gradient"] = lambda p, X, D: (0.0, module.gradient(p, X, D))
    report = examine(module)
    assert report.findings == ("cost_and_gradient differs from cost and gradient in cost",)


def plain(activation: Any, slope: Any) -> ModuleType:
    """One layer of an activation that no catalog has, its cost taken with abs."""
    module = ModuleType("plain")
    module.__dict__["Parameters"] = namedtuple("Parameters", "W1 b1")

    def gradient(p: Any, X: Any, D: Any) -> Any:
        u = X @ p.W1.T + p.b1
        delta = -2 * (D - activation(u)) * slope(u)
        return delta.T @ X, delta.sum(axis=0)

    module.__dict__["gradient"] = gradient
    module.__dict__["cost"] = lambda p, X, D: np.sum(np.abs(D - activation(X @ p.W1.T + p.b1)) ** 2)
    return module


def test_a_cost_that_is_not_analytic() -> None:
    report = examine(plain(np.sin, np.cos))
    assert report.ok, render(report)
    assert "complex step" in render(report)
    assert "not applicable: cost drops the imaginary part" in render(report)
    wrong = examine(plain(np.sin, lambda u: 1.001 * np.cos(u)))
    assert "gradient is 1.001 times the derivative of its own cost" in wrong.findings[0]


def test_a_cost_that_pretends_to_be_analytic() -> None:
    module = plain(np.sin, np.cos)
    real = module.cost
    module.__dict__["cost"] = lambda p, X, D: real(p, X, D) + 0j
    report = examine(module)
    assert report.ok, render(report)
    assert "cost is not analytic" in render(report)


@pytest.mark.parametrize(
    ("name", "text", "said"),
    [
        ("a.py", "def cost(:\n", "line 1"),
        ("a.py", "import nothing_of_that_name\n", "ModuleNotFoundError"),
        ("a.py", "raise SystemExit(3)\n", "SystemExit"),
        ("a.py", "def cost(p, X, D): return 0\n", "lacks gradient"),
        ("a.py", "x = 1\n", "lacks cost and gradient"),
        ("a.txt", "", "not a Python file"),
        ("a.py", "\0", "not valid Python"),
    ],
)
def test_files_that_cannot_be_examined(name: str, text: str, said: str, tmp_path: Path) -> None:
    (tmp_path / name).write_text(text, encoding="utf-8")
    with pytest.raises(InputError, match=said):
        load_module(tmp_path / name)


def test_no_file_and_a_directory(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no such file"):
        load_module(tmp_path / "absent.py")
    with pytest.raises(InputError, match="directory"):
        load_module(tmp_path)


def test_neither_specification_nor_parameters() -> None:
    module = ModuleType("bare")
    module.__dict__.update(cost=abs, gradient=abs)
    with pytest.raises(InputError, match="--spec"):
        examine(module)


def test_report_is_a_table() -> None:
    text = render(examine(load_module(MODULES / "correct_tanh.py")))
    assert text.endswith("\n\nagrees")
    assert "its cost is that of a stack tanh, linear; loss mse" in text
    assert not any(line != line.rstrip() for line in text.splitlines())


SECOND_ORDER_FAULTS = {
    "hessian": ("_diagonal(ddelta1_du1)[...] += -2 *", "_diagonal(ddelta1_du1)[...] += -2.002 *"),
    "hessian_vector_product": ("R_delta1 += -2 *", "R_delta1 += -2.002 *"),
    "jacobian": ("            factor = z[", "            factor = 1.001 * z["),
    "input_jacobian": (
        "np.moveaxis(_input_jacobian(params, X[part]), -1, 0)",
        "1.001 * np.moveaxis(_input_jacobian(params, X[part]), -1, 0)",
    ),
    "hessian_diagonal": ("factor = 1 if rows == columns", "factor = 1.001 if rows == columns"),
    "gauss_newton": ('fprime2**2), ("s,j"', '1.001 * fprime2**2), ("s,j"'),
    "hessian_block": ("return block.array.reshape(", "return 1.001 * block.array.reshape("),
}


@pytest.mark.parametrize("name", SECOND_ORDER_FAULTS)
def test_faults_of_a_thousandth_in_second_derivatives_are_seen(name: str) -> None:
    source = module_source("4-5-3 tanh")
    right, wrong = SECOND_ORDER_FAULTS[name]
    assert source.count(right) == 1
    module = ModuleType("faulty")
    sys.modules["faulty"] = module
    exec(compile(source.replace(right, wrong), "faulty", "exec"), module.__dict__)
    report = examine(module, Network.parse("4-5-3 tanh"))
    assert not report.ok
    assert name in {row.quantity for row in report.rows if row.verdict == "DIFFERS"}
    assert any(name in finding for finding in report.findings)


def test_what_is_too_large_for_a_comparison_is_said() -> None:
    module = ModuleType("wide")
    sys.modules["wide"] = module
    exec(compile(module_source("40-40-2 tanh"), "wide", "exec"), module.__dict__)
    report = examine(module, Network.parse("40-40-2 tanh"))
    assert report.ok
    notes = {row.quantity: row.note for row in report.rows if row.verdict == "n/a"}
    assert notes["hessian"] == "not compared: more than 1500 parameters"
    assert notes["gauss_newton"] == "not compared: more than 1500 parameters"


LOSSES_AND_CURVATURES = [
    (Loss("quartic", (TARGET - Y) ** 4, 1 / SAMPLES, "quartic"), lambda e: 12 * e**2 / 5),
    (
        Loss("smooth", sqrt(1 + E**2), Integer(1), "smooth", TARGET - Y),
        lambda e: (1 + e**2) ** -1.5,
    ),
]


@pytest.mark.parametrize(("loss", "curvature"), LOSSES_AND_CURVATURES)
def test_the_curvature_of_a_loss_is_what_it_is_by_hand(loss: Loss, curvature: Any) -> None:
    catalog = Catalog(losses=LOSSES.with_entry(loss))
    network = Network.parse(f"2-4-3 tanh loss={loss.name}", catalog=catalog)
    rng = np.random.default_rng(3)
    outputs, desired, V = (rng.normal(size=(5, 3)) for _ in range(3))
    sizes = {"N_0": 2, "N_1": 4, "N_2": 3}
    found = Recursion(network).loss_curvature(sizes, network.output, outputs, desired, V)
    np.testing.assert_allclose(found, curvature(desired - outputs) * V, rtol=1e-13)
