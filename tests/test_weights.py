"""Weights of samples, and penalties of parameters: against autograd, and by what they must mean."""

from collections.abc import Callable
from functools import cache
from pathlib import Path
from types import ModuleType
from typing import Any

import autograd
import autograd.numpy as anp
import numpy as np
import pytest
from numpy.typing import NDArray

import gradscribe
from gradscribe.checking.examine import examine
from gradscribe.derivation.verification import verified

Array = NDArray[Any]
LIMIT = 1e-12
module_of = cache(gradscribe.compile)

ACTIVATIONS = {
    "linear": lambda u: u,
    "tanh": anp.tanh,
    "relu": lambda u: anp.maximum(u, 0),
    "sigmoid": lambda u: 0.5 * (1 + anp.tanh(u / 2)),
    "softmax": lambda u: anp.exp(u) / anp.sum(anp.exp(u), axis=1, keepdims=True),
}
# E of every sample, and whether J is a mean over outputs too, over samples, or a sum.
LOSSES: dict[str, tuple[Callable[[Any, Any], Any], str]] = {
    "mse": (lambda d, y: anp.sum((d - y) ** 2, axis=1), "outputs"),
    "sse": (lambda d, y: anp.sum((d - y) ** 2, axis=1), "sum"),
    "log_cosh": (lambda d, y: anp.sum(anp.log(anp.cosh(d - y)), axis=1), "outputs"),
    "cross_entropy": (lambda d, y: -anp.sum(d * anp.log(y), axis=1), "samples"),
    "bce": (
        lambda d, y: -anp.sum(d * anp.log(y) + (1 - d) * anp.log(1 - y), axis=1),
        "outputs",
    ),
}
# Sizes, functions, loss, l2, l1, and what is penalised.
CASES = [
    ((3, 4, 2), ("tanh", "linear"), "mse", 0.01, 0.0, "weights"),
    ((3, 4, 2), ("tanh", "linear"), "mse", 0.0, 0.3, "all"),
    ((2, 5, 3), ("sigmoid", "softmax"), "cross_entropy", 0.2, 0.05, "all"),
    ((5, 3), ("linear",), "sse", 2.0, 0.0, "weights"),
    ((4, 2, 3, 1), ("tanh", "relu", "sigmoid"), "bce", 0.0, 0.0, "weights"),
    ((1, 6, 2), ("relu", "tanh"), "log_cosh", 1e-3, 1e-4, "weights"),
]


def spec_of(case: Any, target: str = "numpy") -> str:
    sizes, functions, loss, l2, l1, on = case
    words = ["-".join(map(str, sizes)), ",".join(functions), f"loss={loss}"]
    words += [f"l2={l2}"] if l2 else []
    words += [f"l1={l1}"] if l1 else []
    words += ["on=all"] if on == "all" else []
    return " ".join([*words, f"target={target}"])


def cost_of(case: Any, X: Array, D: Array, weights: Array) -> Callable[[Any], Any]:
    """Return J of a vector of all parameters, written down by itself."""
    sizes, functions, loss, l2, l1, on = case

    def cost(w: Any) -> Any:
        y, start, penalty = X, 0, 0.0
        for before, own, name in zip(sizes[:-1], sizes[1:], functions, strict=True):
            W = w[start : start + own * before].reshape(own, before)
            b = w[start + own * before : start + own * before + own]
            start += own * (before + 1)
            y = ACTIVATIONS[name](anp.dot(y, W.T) + b)
            for part in (W, b) if on == "all" else (W,):
                penalty = penalty + l2 * anp.sum(part**2) + l1 * anp.sum(anp.abs(part))
        each, mean = LOSSES[loss]
        total = {"sum": 1.0, "samples": weights.sum()}.get(mean, weights.sum() * sizes[-1])
        return anp.sum(weights * each(D, y)) / total + penalty

    return cost


def problem(module: ModuleType, case: Any, N: int, seed: int) -> tuple[Any, Array, Array, Array]:
    rng = np.random.default_rng(seed)
    params = module.Parameters(*[rng.normal(0, 0.8, s) for s in module._shapes(module.SIZES)])
    X = rng.normal(size=(N, case[0][0]))
    D = rng.dirichlet(np.ones(case[0][-1]), N) if case[0][-1] > 1 else rng.uniform(size=(N, 1))
    return params, X, D, rng.uniform(0, 3, N) * (rng.random(N) > 0.2)


def relative(found: Any, true: Any) -> float:
    if isinstance(found, tuple):
        found = np.concatenate([np.ravel(part) for part in found])
    scale = max(float(np.abs(true).max()), 1e-300)
    return float(np.abs(np.asarray(found) - true).max()) / scale


def errors(module: ModuleType, case: Any, N: int, seed: int) -> dict[str, float]:
    params, X, D, weights = problem(module, case, N, seed)
    given = {"sample_weight": weights}
    cost, w = cost_of(case, X, D, weights), module.ravel(params)
    g, H = autograd.grad(cost)(w), autograd.hessian(cost)(w)
    rng = np.random.default_rng(seed)
    v = rng.normal(size=w.size)
    V = module.unravel(v, module.SIZES)
    names = params._fields
    block = module.hessian_block(params, X, D, names[0], names[0], **given)
    size = getattr(params, names[0]).size
    both = module.cost_and_gradient(params, X, D, **given)
    made = module.problem(X, D, sample_weight=weights)
    return {
        "cost": relative(module.cost(params, X, D, **given), cost(w)),
        "gradient": relative(module.gradient(params, X, D, **given), g),
        "both": max(relative(both[0], cost(w)), relative(both[1], g)),
        "hessian": relative(module.hessian(params, X, D, **given), H),
        "diagonal": relative(module.hessian_diagonal(params, X, D, **given), np.diag(H)),
        "product": relative(module.hessian_vector_product(params, X, D, V, **given), H @ v),
        "block": relative(block.reshape(size, size), H[:size, :size]),
        "problem": max(
            relative(made.fun(w), cost(w)),
            relative(made.jac(w), g),
            relative(made.hess(w), H),
            relative(made.hessp(w, v), H @ v),
        ),
    }


@pytest.mark.parametrize("target", ["numpy", "scalar"])
@pytest.mark.parametrize("case", CASES, ids=spec_of)
def test_against_autograd(case: Any, target: str) -> None:
    module = module_of(spec_of(case, target))
    for seed, N in enumerate((7, 1)):
        found = errors(module, case, N, seed)
        assert all(error <= LIMIT for error in found.values()), found


def test_against_autograd_compiled() -> None:
    case = CASES[0]
    found = errors(module_of(spec_of(case, "numba")), case, 5, 3)
    assert all(error <= LIMIT for error in found.values()), found


SPECS = [
    "tanh(W tanh(W x + b) + b) + x loss=huber l2=0.1",
    "f(W x + b) + x f=softplus loss=sse l1=0.2 on=all",
    "3-4-5-2 relu,linear loss=mae",
    "3-4 softmax loss=cross_entropy l2=1e-3",
    "6-3-2 tanh,linear loss=poisson",
    "softplus(C B x) loss=mse l1=0.5",
]


@pytest.mark.parametrize("spec", SPECS)
@pytest.mark.parametrize("workspace", [64 * 2**20, 6000])
def test_a_weight_counts_samples(spec: str, workspace: int) -> None:
    """A sample of weight k counts as k samples, in whatever parts the samples are taken."""
    module = module_of(spec)
    sizes = module.SIZES or (3,) * len(module._SIZE_NAMES)
    rng = np.random.default_rng(5)
    params = module.Parameters(*[rng.normal(0, 0.7, s) for s in module._shapes(sizes)])
    X, D = rng.normal(size=(23, sizes[0])), rng.uniform(size=(23, sizes[-1]))
    weights = rng.integers(0, 4, 23)
    repeated = np.repeat(X, weights, 0), np.repeat(D, weights, 0)
    V = module.Parameters(*[rng.normal(size=p.shape) for p in params])
    parts = {"workspace": workspace}
    for name, more, options in (
        ("cost", (), {}),
        ("gradient", (), {}),
        ("hessian", (), parts),
        ("gauss_newton", (), parts),
        ("hessian_diagonal", (), parts),
        ("hessian_vector_product", (V,), {}),
    ):
        function = getattr(module, name)
        found = function(params, X, D, *more, sample_weight=weights, **options)
        true = function(params, *repeated, *more)
        true = np.concatenate([np.ravel(t) for t in true]) if isinstance(true, tuple) else true
        assert relative(found, true) <= LIMIT, name


# Where a derivative of E has a source beside another derivative of E in one sum, where E itself is
# straight, and where samples are taken in parts.
OF_ANY_STRUCTURE = [
    "x: 3; P: 2; B: 3; c: 4; Q[t,s] = x[t] + P[s]; H[t,s] = Q[t,s] * B[t]; "
    "Y[i] = sum(h, sum(s, Q[h,s])) + sum(h, sum(s, H[h,s])) + c[i]; l2=0.2",
    "Y[i,k] = P[i,j] x[j,k]; loss=mae l2=0.3 on=all",
    "x: 2; P: 2, 2; Y[t] = P[t,s] x[s] + sin(x[t])",
    "A norm(x) + b loss=mae l2=0.3",
    "A x loss=hinge l2=0.3",
    "3-2 linear layer=norm loss=mae l2=0.3 on=all",
    "2-3-2 prelu,linear loss=gaussian l1=0.1",
]


@pytest.mark.parametrize("spec", OF_ANY_STRUCTURE)
def test_penalties_and_weights_of_any_structure(spec: str) -> None:
    """Against complex steps of the module's own cost, and of the gradient that this proves."""
    module = module_of(spec)
    network = gradscribe.Network.parse(spec)
    sizes = module.SIZES or (3,) * len(module._SIZE_NAMES)
    lengths = dict(zip(network.layers, sizes, strict=True))
    rng = np.random.default_rng(8)
    params = module.Parameters(*[rng.normal(size=s) for s in module._shapes(sizes)])
    X = rng.normal(size=(5, *[lengths[s] for s in network.input.shape]))
    D = rng.normal(size=(5, *[lengths[s] for s in network.target.shape]))
    given = {"sample_weight": rng.random(5)}
    w = module.ravel(params)

    def stepped(function: Callable[[Any], Any]) -> Array:
        columns = []
        for k in range(w.size):
            ends = np.cumsum([p.size for p in params])[:-1]
            parts = np.split(w + 1e-30j * (np.arange(w.size) == k), ends)
            moved = [a.reshape(p.shape) for a, p in zip(parts, params, strict=True)]
            found = function(module.Parameters(*moved))
            found = found if isinstance(found, tuple) else (found,)
            columns.append(np.concatenate([np.ravel(part).imag for part in found]) * 1e30)
        return np.array(columns)

    g = stepped(lambda p: module.cost(p, X, D, **given))[:, 0]
    H = stepped(lambda p: module.gradient(p, X, D, **given))
    assert relative(module.gradient(params, X, D, **given), g) <= LIMIT
    V = module.unravel(g, sizes)
    assert relative(module.hessian_vector_product(params, X, D, V, **given), H @ g) <= LIMIT
    for workspace in (64 * 2**20, 2500):
        parts = {**given, "workspace": workspace}
        assert relative(module.hessian(params, X, D, **parts), H) <= LIMIT
        assert relative(module.hessian_diagonal(params, X, D, **parts), np.diag(H)) <= LIMIT


def test_costs_of_samples_make_up_the_cost() -> None:
    for case in CASES:
        module = module_of(spec_of(case))
        params, X, D, _ = problem(module, case, 9, 2)
        each = module.sample_costs(params, X, D)
        assert each.shape == (9,)
        alone = [module.cost(params, X[n : n + 1], D[n : n + 1]) for n in range(9)]
        zero = cost_of((*case[:3], 0.0, 0.0, "all"), X, D, np.ones(9))(module.ravel(params))
        penalty = module.cost(params, X, D) - zero
        factor = float(module._scale(D[:1])[0])
        assert np.allclose(each * factor + penalty, alone, rtol=1e-11, atol=1e-13)


def test_gauss_newton_has_the_curvature_of_the_penalty() -> None:
    plain, penalised = module_of("3-4-2 tanh,linear"), module_of("3-4-2 tanh,linear l2=0.25")
    params, X, D, weights = problem(plain, CASES[0], 6, 4)
    without = plain.gauss_newton(params, X, D, sample_weight=weights)
    found = penalised.gauss_newton(params, X, D, sample_weight=weights)
    on_weights = np.concatenate([np.full(p.size, 0.5 * (p.ndim > 1)) for p in params])
    assert np.allclose(found - without, np.diag(on_weights), atol=1e-15)


def test_at_zero_the_slope_of_an_absolute_value_is_zero() -> None:
    module = module_of("2-3-1 tanh,linear l1=0.5 on=all")
    params = module.Parameters(*[np.zeros(s) for s in module._shapes(module.SIZES)])
    found = module.gradient(params, np.ones((4, 2)), np.zeros((4, 1)))
    assert all(not np.any(part) for part in found)


@pytest.mark.parametrize(
    ("weights", "said"),
    [
        ([1.0, 2.0], "has shape (2,)"),
        (np.ones((5, 1)), "has shape (5, 1)"),
        ([1, 1, -1, 1, 1], "-1.0 in row 2"),
        ([1, 1, np.nan, 1, 1], "NaN or infinity"),
        ([0, 0, 0, 0, 0], "zero for all samples"),
        (["a"] * 5, "real numbers"),
        ([1j] * 5, "real numbers"),
        (3.0, "has shape ()"),
    ],
)
@pytest.mark.parametrize("target", ["numpy", "scalar"])
def test_unfit_weights_are_named(weights: Any, said: str, target: str) -> None:
    module = module_of(f"2-3-1 tanh,linear target={target}")
    params, X, D = module.initialize(), np.ones((5, 2)), np.ones((5, 1))
    for name in ("cost", "gradient", "cost_and_gradient", "hessian", "hessian_diagonal"):
        with pytest.raises(ValueError, match="sample_weight") as caught:
            getattr(module, name)(params, X, D, sample_weight=weights)
        assert said in str(caught.value)
    with pytest.raises(ValueError, match="sample_weight"):
        module.problem(X, D, sample_weight=weights)


def test_single_precision_stays() -> None:
    module = module_of("3-4-2 tanh,linear l2=0.25 l1=0.5")
    params, X, D, weights = problem(module, CASES[0], 6, 4)
    single = [np.asarray(a, np.float32) for a in (*params, X, D)]
    params = module.Parameters(*single[:-2])
    J, gradient = module.cost_and_gradient(params, *single[-2:], sample_weight=weights)
    H = module.hessian(params, *single[-2:], sample_weight=weights)
    assert {a.dtype for a in (J, H, *gradient)} == {np.dtype(np.float32)}


@pytest.mark.parametrize("spec", [spec_of(c) for c in CASES[:3]] + SPECS[:2])
def test_every_step_holds(spec: str) -> None:
    assert verified(gradscribe.derive(spec, 2)).steps > 20


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("return 1 / (N * N2) * weights", "return 1 / N * weights"),
        ("N = weights.sum()", "N = len(weights)"),
        ("first * scale", "first * scale**0.999"),
        ('"W1": 0.5,', '"W1": 0.4995,'),
        ("dJ_dW2 += 0.5 * params.W2", "dJ_dW2 += 0.4995 * params.W2"),
        ("penalty = 0.25 *", "penalty = 0.2502 *"),
        ("R_dJ_dW1 += 0.5 * V.W1", "R_dJ_dW1 += 0.4995 * V.W1"),
    ],
)
def test_check_sees_a_mistake_of_a_part_in_a_thousand(before: str, after: str) -> None:
    from gradscribe.compiler import loaded, module_source

    network = gradscribe.Network.parse("3-4-2 tanh,linear l2=0.25")
    source = module_source(network)
    assert source.count(before) >= 1
    right, wrong = (loaded(s, "weights") for s in (source, source.replace(before, after, 1)))
    assert examine(right, network).ok
    assert not examine(wrong, network).ok


# ---- how penalties are said ---------------------------------------------------------------------


def test_one_line_and_toml_say_the_same(tmp_path: Path) -> None:
    path = tmp_path / "net.toml"
    path.write_text(
        '[network]\nsizes = [3, 4, 2]\nactivations = "tanh,linear"\n'
        '[regularization]\nl2 = 0.01\nl1 = 1e-3\non = "all"\n'
    )
    told = gradscribe.Network.parse("3-4-2 tanh,linear l2=0.01 l1=0.001 on=all")
    assert gradscribe.Network.parse(str(path)).spec == told.spec
    assert gradscribe.Network.parse(told.spec).cost == told.cost
    zero = gradscribe.Network.parse("3-4-2 tanh,linear l2=0")
    assert zero.spec == gradscribe.Network.parse("3-4-2 tanh,linear").spec


@pytest.mark.parametrize(
    ("spec", "said"),
    [
        ("3-4-2 tanh l2=-0.1", "a number from 0 to 1e30"),
        ("3-4-2 tanh l2=nan", "a number from 0 to 1e30"),
        ("3-4-2 tanh l2=inf", "a number from 0 to 1e30"),
        ("3-4-2 tanh l1=1e31", "a number from 0 to 1e30"),
        ("3-4-2 tanh l2=__import__('os')", "a number from 0 to 1e30"),
        ("3-4-2 tanh on=all", "l2=… or l1=…"),
        ("3-4-2 tanh l2=0.1 on=weight", "did you mean 'weights'"),
        ("3-4-2 tanh l2=0.1 l2=0.2", "given twice"),
        ("f(W x + b) f=tanh l2=", "key=value"),
    ],
)
def test_unfit_penalties(spec: str, said: str) -> None:
    with pytest.raises(gradscribe.InputError) as caught:
        gradscribe.Network.parse(spec)
    assert said in str(caught.value)


@pytest.mark.parametrize("line", ["l3 = 0.1", "l2 = true", 'l2 = "0.1"', "on = 3", "l2 = -1"])
def test_unfit_tables(line: str, tmp_path: Path) -> None:
    path = tmp_path / "net.toml"
    path.write_text(f'[network]\nsizes = [3, 2]\nactivations = "tanh"\n[regularization]\n{line}\n')
    with pytest.raises(gradscribe.InputError, match="regularization"):
        gradscribe.Network.parse(str(path))
