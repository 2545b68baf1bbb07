"""Functions that join the nodes of a layer, and the losses that belong to them."""

import warnings
from typing import Any

import autograd
import autograd.numpy as anp
import mpmath
import numpy as np
import pytest

import gradscribe
from gradscribe.checking.examine import examine
from gradscribe.derivation.verification import verified
from gradscribe.model.fusing import cut_of
from gradscribe.model.network import Network

LIMIT = 1e-11


def softmax(u: Any) -> Any:
    shifted = anp.exp(u - anp.max(u, axis=1, keepdims=True))
    return shifted / anp.sum(shifted, axis=1, keepdims=True)


FUNCTIONS = {
    "softmax": softmax,
    "log_softmax": lambda u: anp.log(softmax(u)),
    "tanh": anp.tanh,
    "sigmoid": lambda u: 1 / (1 + anp.exp(-u)),
    "linear": lambda u: u,
}
COSTS = {
    "cross_entropy": lambda d, y: -anp.sum(d * anp.log(y)) / len(d),
    "nll": lambda d, y: -anp.sum(d * y) / len(d),
    "bce": lambda d, y: anp.mean(-d * anp.log(y) - (1 - d) * anp.log(1 - y)),
    "mse": lambda d, y: anp.mean((d - y) ** 2),
}
CASES = [
    ("4-6-3 tanh,softmax", "cross_entropy", 7),
    ("3-4 softmax", "cross_entropy", 5),
    ("5-4-6-2 softmax,tanh,softmax", "cross_entropy", 3),
    ("4-5-3 tanh,log_softmax", "nll", 6),
    ("4-5-3 log_softmax,linear", "mse", 6),
    ("3-4-5 softmax,softmax", "mse", 4),
    ("2-1-1 tanh,softmax", "mse", 3),
    ("4-6-3 tanh,sigmoid", "bce", 7),
    ("3-2 sigmoid", "cross_entropy", 5),
    ("4-3-2 softmax,sigmoid", "bce", 5),
]


def setting(spec: str, loss: str, samples: int) -> tuple[Any, Any, Any, Any, Any]:
    """Return a module with parameters and data, and its cost over a vector for autograd."""
    module = gradscribe.compile(f"{spec} loss={loss}")
    rng = np.random.default_rng(len(spec) + samples)
    params = module.Parameters(*[rng.normal(0, 0.9, p.shape) for p in module.initialize()])
    sizes = module.SIZES
    X, D = rng.normal(size=(samples, sizes[0])), rng.uniform(0.1, 0.9, (samples, sizes[-1]))
    names = spec.split()[1].split(",")
    names = names if len(names) > 1 else names * (len(sizes) - 1)

    def cost(w: Any) -> Any:
        y, start = X, 0
        for m, name in enumerate(names):
            n, below = sizes[m + 1], sizes[m]
            W = anp.reshape(w[start : start + n * below], (n, below))
            b = w[start + n * below : start + n * below + n]
            start += n * below + n
            y = FUNCTIONS[name](anp.dot(y, W.T) + b)
        return COSTS[loss](D, y)

    return module, params, X, D, cost


def near(found: Any, true: Any) -> bool:
    scale = max(float(np.abs(true).max()), 1e-3)
    return bool(np.abs(found - true).max() <= LIMIT * scale)


@pytest.mark.parametrize(("spec", "loss", "samples"), CASES)
def test_derivatives_are_those_of_autograd(spec: str, loss: str, samples: int) -> None:
    module, params, X, D, cost = setting(spec, loss, samples)
    w = module.ravel(params)
    assert np.isclose(module.cost(params, X, D), cost(w), rtol=1e-13)
    gradient = module.ravel(module.gradient(params, X, D))
    assert near(gradient, autograd.grad(cost)(w))
    true = autograd.hessian(cost)(w)
    H = module.hessian(params, X, D)
    assert np.array_equal(H, H.T)
    assert near(H, true)
    assert near(module.ravel(module.hessian_diagonal(params, X, D)), np.diag(true))
    v = np.random.default_rng(1).normal(size=w.size)
    V = module.unravel(v)
    assert near(module.ravel(module.hessian_vector_product(params, X, D, V)), true @ v)
    every = module.sample_gradients(params, X, D)
    factor = 1 / samples if loss in ("cross_entropy", "nll") else 1 / D.size
    assert near(every.sum(axis=0) * factor, gradient)


@pytest.mark.parametrize(("spec", "loss", "samples"), CASES)
def test_every_step_is_verified(spec: str, loss: str, samples: int) -> None:
    derivation = gradscribe.derive(f"{spec} loss={loss}", 2)
    assert verified(derivation, seed=samples).steps > 20


@pytest.mark.parametrize(("spec", "loss", "samples"), CASES[:1] + CASES[3:4] + CASES[7:])
def test_the_check_agrees(spec: str, loss: str, samples: int) -> None:
    module = gradscribe.compile(f"{spec} loss={loss}")
    report = examine(module, Network.parse(module.SPEC), 0)
    assert report.ok, report
    del samples


def test_sensitivities_of_the_output_are_fused() -> None:
    derived = {
        "3-4-2 tanh,softmax loss=cross_entropy": "δ²ᵢ = y²ᵢ Σₖ dₖ − dᵢ",
        "3-4-2 tanh,sigmoid loss=bce": "δ²ᵢ = y²ᵢ − dᵢ",
        "3-4-2 tanh,log_softmax loss=nll": "δ²ᵢ = exp(y²ᵢ) Σₖ dₖ − dᵢ",
        "3-4-2 tanh,sigmoid loss=cross_entropy": "δ²ᵢ = dᵢ y²ᵢ − dᵢ",
    }
    for spec, text in derived.items():
        assert gradscribe.derive(spec)["delta2"].text == text


def test_the_cut_of_gauss_newton() -> None:
    cuts = {
        "3-4-2 tanh,softmax loss=cross_entropy": "u2",
        "3-4-2 tanh,sigmoid loss=bce": "u2",
        "3-4-2 tanh,linear loss=cross_entropy": "y2",
        "3-4-2 tanh,tanh loss=bce": "y2",
        "3-4-2 tanh,softmax loss=mse": "y2",
    }
    for spec, name in cuts.items():
        assert cut_of(Network.parse(spec)).name == name


def test_gauss_newton_of_cross_entropy_has_no_negative_curvature() -> None:
    module, params, X, D, _ = setting(*CASES[0])
    G = module.gauss_newton(params, X, D)
    assert np.linalg.eigvalsh(G).min() > -1e-12
    # One layer: u is linear in the parameters, so H is G.
    module, params, X, D, _ = setting(*CASES[1])
    assert near(module.gauss_newton(params, X, D), module.hessian(params, X, D))


@pytest.mark.parametrize("largest", [1.0, 50.0, 1000.0, 1e8])
def test_large_activations_give_finite_and_right_costs(largest: float) -> None:
    module = gradscribe.compile("1-3 softmax loss=cross_entropy")
    rng = np.random.default_rng(0)
    params = module.Parameters(largest * rng.uniform(-1, 1, (3, 1)), np.zeros(3))
    X = np.ones((1, 1))
    for c in range(3):
        D = np.eye(3)[[c]]
        with warnings.catch_warnings(), np.errstate(all="raise", under="ignore"):
            warnings.simplefilter("error")
            cost, gradient = module.cost_and_gradient(params, X, D)
            H = module.hessian(params, X, D)
        with mpmath.workdps(60):
            u = [mpmath.mpf(float(v)) for v in params.W1[:, 0]]
            total = sum(mpmath.exp(v) for v in u)
            true = mpmath.log(total) - u[c]
            y = [mpmath.exp(v) / total for v in u]
        assert abs(cost - true) <= 1e-15 * largest + 1e-15 * abs(true)
        assert (
            np.abs(gradient.b1 - np.array([float(v - (k == c)) for k, v in enumerate(y)])).max()
            <= 4e-16
        )
        assert np.isfinite(H).all()


@pytest.mark.parametrize("largest", [1.0, 50.0, 800.0, 1e8])
def test_binary_cross_entropy_is_right_where_the_sigmoid_is_0_or_1(largest: float) -> None:
    module = gradscribe.compile("1-1 sigmoid loss=bce")
    for u in (largest, -largest):
        for d in (0.0, 1.0, 0.25):
            params = module.Parameters(np.array([[u]]), np.zeros(1))
            with np.errstate(all="raise", under="ignore"):
                cost, gradient = module.cost_and_gradient(params, np.ones((1, 1)), np.array([[d]]))
            with mpmath.workdps(60):
                x = mpmath.mpf(u)
                true = mpmath.log(1 + mpmath.exp(-x)) * d
                true += (1 - mpmath.mpf(d)) * mpmath.log(1 + mpmath.exp(x))
                slope = 1 / (1 + mpmath.exp(-x)) - d
            assert abs(cost - true) <= 8e-16 * abs(true) + mpmath.mpf(10) ** -300
            assert abs(gradient.b1[0] - slope) <= 4e-16


def test_numbers_of_classes_stand_for_rows() -> None:
    module, params, X, _, _ = setting(*CASES[0])
    labels = np.array([0, 2, 1, 1, 0, 2, 2])
    rows = np.eye(3)[labels]
    assert module.cost(params, X, labels) == module.cost(params, X, rows)
    for name in ("hessian", "gauss_newton", "sample_gradients"):
        assert np.array_equal(
            getattr(module, name)(params, X, labels), getattr(module, name)(params, X, rows)
        )
    assert module.cost(params, X, labels.tolist()) == module.cost(params, X, rows)
    problem = module.problem(X, labels)
    assert problem.fun(module.ravel(params)) == module.cost(params, X, rows)
    for wrong, text in ((labels + 1, "class 3 in row 1"), (labels - 1, "class -1 in row 0")):
        with pytest.raises(ValueError, match=text):
            module.cost(params, X, wrong)
    with pytest.raises(ValueError, match="D has shape"):
        module.cost(params, X, labels[:4])


@pytest.mark.parametrize("target", ["scalar", "numba"])
@pytest.mark.parametrize(
    "spec",
    [
        "2-3-2 tanh,softmax loss=cross_entropy",
        "2-3 sigmoid loss=bce",
        "2-2 log_softmax loss=nll",  # its Gauss-Newton matrix is 0
    ],
)
def test_other_targets_compute_the_same(spec: str, target: str) -> None:
    if target == "numba":
        pytest.importorskip("numba")
    plain, other = gradscribe.compile(spec), gradscribe.compile(f"{spec} target={target}")
    rng = np.random.default_rng(2)
    params = [rng.normal(size=p.shape) for p in plain.initialize()]
    D = rng.uniform(0.1, 0.9, (4, plain.SIZES[-1]))
    for scale in (1.0, 1000.0):
        X = scale * rng.normal(size=(4, 2))
        args, same = (plain.Parameters(*params), X, D), (other.Parameters(*params), X, D)
        assert np.isclose(plain.cost(*args), other.cost(*same), rtol=1e-13)
        for name in ("gradient", "hessian", "gauss_newton"):
            a, b = getattr(plain, name)(*args), getattr(other, name)(*same)
            pairs = [(a, b)] if isinstance(a, np.ndarray) else zip(a, b, strict=True)
            for left, right in pairs:
                assert np.allclose(left, right, rtol=1e-10, atol=1e-12 * scale**2)


def test_a_formula_may_name_them() -> None:
    network = Network.parse("softmax(W2 tanh(W1 x + b1) + b2) loss=cross_entropy")
    assert "Σ" in network.equations[3].text
    stack = Network.parse("3-4-2 tanh,softmax loss=cross_entropy")
    assert [q.text for q in network.equations] == [q.text for q in stack.equations]


def test_the_self_check_of_a_module_agrees(capsys: pytest.CaptureFixture[str]) -> None:
    for spec in ("4-3 softmax loss=cross_entropy", "4-3-2 tanh,sigmoid loss=bce"):
        assert gradscribe.compile(spec)._self_check() == 0, capsys.readouterr().out
