"""Second derivatives of random networks against automatic differentiation and complex steps."""

import subprocess
import sys
import tracemalloc
from dataclasses import replace
from functools import cache
from types import ModuleType
from typing import Any

import numpy as np
import pytest
from oracles import STEP, Stack, autograd_second, random_problem
from sympy import Rational
from test_gradient import SEEDS, fixed_stacks, ident, random_sizes, symbolic_stacks

import gradscribe
from gradscribe.derivation.rules import RULES
from gradscribe.derivation.verification import verified
from gradscribe.errors import DerivationError

LIMIT = 1e-12
Array = Any
compiled = cache(gradscribe.compile)


def stepped(function: Any, module: ModuleType, params: Any) -> Array:
    """Return the derivative by every parameter of what a function of the parameters gives."""
    columns = []
    for name, array in params._asdict().items():
        for place in np.ndindex(array.shape):
            moved = array.astype(complex)
            moved[place] += STEP * 1j
            columns.append(function(params._replace(**{name: moved})).imag / STEP)
    return np.moveaxis(np.array(columns), 0, -1)


def raveled(params: Any) -> Array:
    return np.concatenate([array.ravel() for array in params])


def relative(found: Array, truth: Array) -> float:
    assert found.shape == truth.shape
    largest = np.abs(truth).max()
    difference = np.abs(found - truth).max()
    return float(difference / largest) if largest else float(difference)


def errors(module: ModuleType, params: Any, X: Array, D: Array, H: Array) -> dict[str, float]:
    """Return the error of every function that has to do with H against H and each other."""
    V = module.Parameters(*[np.cos(np.arange(a.size)).reshape(a.shape) for a in params])
    found = module.hessian(params, X, D)
    assert np.array_equal(found, found.T)
    J = stepped(lambda p: module.forward(p, X), module, params)
    G = 2 * module._scale(D)[0] * np.einsum("nka,nkb->ab", J, J)
    product = module.hessian_vector_product(params, X, D, V)
    sum_of_samples = module.sample_gradients(params, X, D).sum(0) * module._scale(D)[0]
    return {
        "H": relative(found, H),
        "H, complex step": relative(found, stepped_gradient(module, params, X, D)),
        "diagonal": relative(raveled(module.hessian_diagonal(params, X, D)), np.diag(H)),
        # Terms of H V may cancel, whatever computes it.
        "H V": np.abs(raveled(product) - H @ raveled(V)).max()
        / ((np.abs(H) @ np.abs(raveled(V))).max() or 1.0),
        "G": relative(module.gauss_newton(params, X, D), G),
        "samples": relative(sum_of_samples, raveled(module.gradient(params, X, D))),
        "blocks": max(block_errors(module, params, X, D, H)),
    }


def stepped_gradient(module: ModuleType, params: Any, X: Array, D: Array) -> Array:
    return stepped(lambda p: raveled(module.gradient(p, X, D)), module, params)


def block_errors(module: ModuleType, params: Any, X: Array, D: Array, H: Array) -> list[float]:
    ends = np.cumsum([a.size for a in params])
    ranges = [slice(e - a.size, e) for e, a in zip(ends, params, strict=True)]
    found, largest = [], np.abs(H).max() or 1.0
    for a, rows in zip(params._fields, ranges, strict=True):
        for b, columns in zip(params._fields, ranges, strict=True):
            block = module.hessian_block(params, X, D, a, b)
            assert block.shape == getattr(params, a).shape + getattr(params, b).shape
            truth = H[rows, columns]
            found.append(np.abs(block.reshape(truth.shape) - truth).max() / largest)
    return found


def compare(module: ModuleType, stack: Stack, sizes: list[int], N: int, seed: int) -> None:
    arrays, X, D = random_problem(sizes, N, np.random.default_rng(seed))
    params = module.Parameters(*arrays)
    H, J, by_input = autograd_second(stack, arrays, X, D)
    found = errors(module, params, X, D, H)
    found["jacobian"] = relative(module.jacobian(params, X), J)
    found["input jacobian"] = relative(module.input_jacobian(params, X), by_input)
    wrong = {name: error for name, error in found.items() if not error <= LIMIT}
    assert not wrong, f"seed {seed}, sizes {sizes}, N {N}, {stack}: {wrong}"


@pytest.mark.parametrize("stack", symbolic_stacks(), ids=ident)
def test_symbolic_sizes(stack: Stack) -> None:
    module = compiled(stack.formula)
    for seed in SEEDS:
        sizes, N = random_sizes(len(stack.activations), np.random.default_rng([seed, 17]))
        compare(module, stack, sizes, N, seed)


@pytest.mark.parametrize(("stack", "number"), fixed_stacks())
def test_fixed_sizes(stack: Stack, number: int) -> None:
    sizes, N = random_sizes(len(stack.activations), np.random.default_rng([number, 18]))
    compare(compiled(stack.line(sizes)), stack, sizes, N, number)


def test_the_random_networks_are_enough() -> None:
    assert len(symbolic_stacks()) * len(SEEDS) + len(fixed_stacks()) >= 200


# ---- networks that are no stacks: nothing in the code is about them ----------------------------

GRAPHS = (
    "f(W f(W x + b) + b) f=tanh",  # shared by two layers
    "f(W f(W f(W x + b) + b) + b) f=sigmoid loss=sse",
    "linear(V x + W2 tanh(W1 x + b1) + b2)",  # a skip
    "tanh(W3 (tanh(W2 tanh(W1 x) + b) + tanh(W1 x)) + b) loss=sse",  # both
    "tanh(W2 (tanh(A x + a) + sigmoid(B x)) + c)",  # two branches
    "linear(W3 (tanh(W2 tanh(W1 x + b1) + b2) - V x) + W4 tanh(W1 x + b1))",
    "tanh(W tanh(W x + b) + W x)",  # twice in one sum
    "W2 tanh(W1 x + b1 + b1)",
)


@pytest.mark.parametrize("spec", GRAPHS)
@pytest.mark.parametrize("width", [1, 3])
def test_other_graphs(spec: str, width: int) -> None:
    module = compiled(spec)
    rng = np.random.default_rng(width)
    shapes = module._SHAPES
    sizes = {n: width + k for k, n in enumerate(module._SIZE_NAMES)}
    params = module.Parameters(
        *[rng.normal(0, 0.7, [sizes[s] for s in shape]) for shape in shapes.values()]
    )
    X = rng.normal(0, 1, (4, sizes["N0"]))
    D = rng.normal(0, 1, module.forward(params, X).shape)
    H = stepped_gradient(module, params, X, D)
    found = errors(module, params, X, D, H)
    assert max(found.values()) <= LIMIT, found
    J = stepped(lambda p: module.forward(p, X), module, params)
    assert relative(module.jacobian(params, X), J) <= LIMIT


# ---- how it is computed ------------------------------------------------------------------------

SPEC = "5-7-6-4 tanh,sigmoid,linear"


def case(N: int = 30, dtype: str = "float64") -> tuple[ModuleType, Any, Array, Array]:
    module = compiled(SPEC)
    rng = np.random.default_rng(1)
    params = module.initialize(seed=2)
    arrays = [a.astype(dtype) for a in params]
    X, D = rng.normal(size=(N, 5)).astype(dtype), rng.normal(size=(N, 4)).astype(dtype)
    return module, module.Parameters(*arrays), X, D


@pytest.mark.parametrize("name", ["hessian", "gauss_newton"])
def test_parts_symmetry_and_order_give_the_same(name: str) -> None:
    module, params, X, D = case()
    function = getattr(module, name)
    whole = function(params, X, D)
    for workspace in (30_000, 100_000, 10**9):
        assert relative(function(params, X, D, workspace=workspace), whole) < 1e-13
    symmetric = gradscribe.compile(SPEC, "symmetric")
    symmetric._SMALL = 0  # symmetry is used for matrices of any size
    assert relative(getattr(symmetric, name)(params, X, D), whole) < 1e-13


def test_out_takes_the_result() -> None:
    module, params, X, D = case()
    K = sum(a.size for a in params)
    out = np.full((K, K), np.nan)
    assert module.hessian(params, X, D, out=out) is out
    assert np.array_equal(out, module.hessian(params, X, D))
    for bad in (
        np.zeros((K, K + 1)),
        np.zeros((K, K), "f4"),
        [[0.0]],
        np.zeros((K, K)).T[::1, ::-1],
    ):
        with pytest.raises(ValueError, match=r"^out is"):
            module.hessian(params, X, D, out=bad)


def test_single_precision_stays() -> None:
    module, params, X, D = case(dtype="float32")
    V = params
    double = [a.astype("f8") for a in params]
    H = module.hessian(module.Parameters(*double), X.astype("f8"), D.astype("f8"))
    found = module.hessian(params, X, D)
    assert relative(found, H) < 1e-5
    arrays = [
        found,
        module.gauss_newton(params, X, D),
        module.hessian_block(params, X, D, "W1", "b2"),
        *module.hessian_diagonal(params, X, D),
        *module.hessian_vector_product(params, X, D, V),
        module.jacobian(params, X),
        module.input_jacobian(params, X),
        module.sample_gradients(params, X, D),
    ]
    assert {a.dtype for a in arrays} == {np.dtype("float32")}


def test_results_are_fresh_and_arguments_untouched() -> None:
    module, params, X, D = case()
    before = [a.copy() for a in (*params, X, D)]
    first = [module.hessian(params, X, D), module.jacobian(params, X)]
    copies = [a.copy() for a in first]
    module.hessian(params, -X, D)
    module.jacobian(params, -X)
    assert all(np.array_equal(a, b) for a, b in zip(first, copies, strict=True))
    assert all(np.array_equal(a, b) for a, b in zip((*params, X, D), before, strict=True))


@pytest.mark.parametrize("N", [1000, 20_000])
def test_memory_is_bounded(N: int) -> None:
    module, params, X, D = case(N)
    workspace = 4 * 2**20
    module.hessian(params, X, D, workspace=workspace)
    tracemalloc.start()
    module.hessian(params, X, D, workspace=workspace)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    K = sum(a.size for a in params)
    assert peak < workspace + K * K * 8 + 2**20


def test_the_problem_is_what_minimize_takes() -> None:
    module, params, X, D = case()
    problem = module.problem(X, D)
    w, v = module.ravel(params), np.sin(np.arange(module.ravel(params).size))
    assert problem.fun(w) == module.cost(params, X, D)
    assert np.array_equal(problem.jac(w), module.ravel(module.gradient(params, X, D)))
    assert np.array_equal(problem.hess(w), module.hessian(params, X, D))
    assert relative(problem.hessp(w, v), problem.hess(w) @ v) < 1e-13
    code = "import importlib.util, sys; assert 'scipy' not in sys.modules"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


# ---- bad input ---------------------------------------------------------------------------------


def test_bad_arguments() -> None:
    module, params, X, D = case()
    transposed = params._replace(W1=params.W1.T)
    calls = {
        "V is no direction of the parameters: W1": lambda: module.hessian_vector_product(
            params, X, D, transposed
        ),
        "V is no direction": lambda: module.hessian_vector_product(params, X, D, X),
        "first is 'W11', needs one of W1, b1, W2, b2, W3, b3; did you mean 'W1'": lambda: (
            module.hessian_block(params, X, D, "W11", "b2")
        ),
        "first is 'w1', needs one of .*; did you mean 'W1'": lambda: module.hessian_block(
            params, X, D, "w1", "b2"
        ),
        "second is 'b9'": lambda: module.hessian_block(params, X, D, "W1", "b9"),
        "second is 3, needs": lambda: module.hessian_block(params, X, D, "W1", 3),
        "workspace is 100, needs at least [0-9]+ bytes, for one sample": lambda: module.hessian(
            params, X, D, workspace=100
        ),
        "workspace is 'x'": lambda: module.hessian_diagonal(params, X, D, workspace="x"),
        "W1 has NaN or infinity": lambda: module.hessian(
            params._replace(W1=params.W1 * np.nan), X, D
        ),
        "D has shape": lambda: module.gauss_newton(params, X, D[:, :2]),
        "X has shape": lambda: module.jacobian(params, X.T),
    }
    for message, call in calls.items():
        with pytest.raises(ValueError, match=message):
            call()


def test_a_matrix_that_does_not_fit_is_refused_before_any_work() -> None:
    module = compiled("1000-2000-1000 tanh,linear")
    params = module.initialize()
    X, D = np.ones((2, 1000)), np.ones((2, 1000))
    size = "K = 4003000 parameters takes .* GiB"
    instead = "; hessian_vector_product, hessian_diagonal and hessian_block do without it"
    with pytest.raises(MemoryError, match=f"{size}{instead}$"):
        module.hessian(params, X, D)
    with pytest.raises(MemoryError, match=f"{size}$"):
        module.gauss_newton(params, X, D)
    with pytest.raises(MemoryError, match=r"an array .* takes .* GiB"):
        module.hessian_block(params, X, D, "W1", "W1")
    with pytest.raises(MemoryError, match=f"{size}; take fewer samples at a time"):
        module.jacobian(params, np.ones((100, 1000)))
    assert module.hessian_vector_product(params, X, D, params).W1.shape == (2000, 1000)


# ---- which functions a module has --------------------------------------------------------------

ALL = {
    "hessian", "hessian_block", "hessian_diagonal", "hessian_vector_product", "gauss_newton",
    "jacobian", "input_jacobian", "sample_gradients", "problem",
}  # fmt: skip


@pytest.mark.parametrize(
    ("emit", "expected"),
    [
        ("gradient", set()),
        ("hessian_block", {"hessian", "hessian_block", "hessian_diagonal", "problem"}),
        ("hessian_vector_product", {"hessian_vector_product", "problem"}),
        ("jacobian,sample_gradients", {"jacobian", "input_jacobian", "sample_gradients"}),
        ("gauss_newton", {"gauss_newton", "problem"}),
    ],
)
def test_functions_asked_for(emit: str, expected: set[str]) -> None:
    module = gradscribe.compile(f"2-3-2 tanh emit={emit}", "asked")
    assert {name for name in ALL if hasattr(module, name)} == expected
    again = gradscribe.Network.parse(module.SPEC)
    assert again.emit == gradscribe.Network.parse(f"2-3-2 tanh emit={emit}").emit
    default = gradscribe.compile("2-3-2 tanh", "usual")
    assert {name for name in ALL if hasattr(default, name)} == ALL


# ---- the derivation ----------------------------------------------------------------------------

DERIVED = (
    "f2(W2 f1(W1 x + b1) + b2)",
    "2-3-4-2 tanh,sigmoid",
    "f(W f(W x + b) + b)",
    "tanh(W3 (tanh(W2 tanh(W1 x) + b) + tanh(W1 x)) + b)",
)


@pytest.mark.parametrize("spec", DERIVED)
def test_every_step_of_second_order_holds(spec: str) -> None:
    derivation = gradscribe.derive(spec, order=2)
    found = verified(derivation)
    assert found.derivatives > 10
    assert all(step.rule in RULES for _, step in derivation.steps)


def test_a_wrong_step_of_second_order_is_caught() -> None:
    derivation = gradscribe.derive(DERIVED[0], order=2)
    for name in ("ddelta1_du1", "d2E_dW2_dW1", "R_delta1"):
        equations = tuple(
            replace(q, right=q.right * Rational(1001, 1000)) if q.name == name else q
            for q in derivation.equations
        )
        with pytest.raises(DerivationError):
            verified(replace(derivation, equations=equations))


def test_the_block_of_two_layers_reads_as_a_person_writes_it() -> None:
    block = gradscribe.derive(DERIVED[0], order=2)["d2E_dW2_dW1"]
    assert block.text == "∂²E/∂W²ᵢⱼ∂W¹ₗᵣ = xᵣ (f′¹(u¹ⱼ) δ²ᵢ [j = l] + ∂δ¹ₗ/∂u²ᵢ y¹ⱼ)"


def test_workspace_of_any_integer_type_and_of_no_other() -> None:
    module, params, X, D = case()
    whole = module.hessian(params, X, D)
    for workspace in (np.int16(32_000), np.int32(500_000_000), np.int64(10**12)):
        assert relative(module.hessian(params, X, D, workspace=workspace), whole) < 1e-13
    for wrong in (1e9, "1GB", None):
        with pytest.raises(ValueError, match="needs an integer: bytes"):
            module.hessian(params, X, D, workspace=wrong)


def test_out_is_as_it_was_when_a_call_is_refused_and_apart_from_the_arguments() -> None:
    module, params, X, D = case()
    K = len(module.ravel(params))
    out = np.full((K, K), 7.0)
    with pytest.raises(ValueError, match="workspace"):
        module.hessian(params, X, D, out=out, workspace=1)
    assert (out == 7).all()
    buffer = np.zeros(K * K)
    shared = buffer[: X.size].reshape(X.shape)
    shared[...] = X
    with pytest.raises(ValueError, match="out shares memory"):
        module.hessian(params, shared, D, out=buffer.reshape(K, K))
    with pytest.raises(ValueError, match="out is "):
        module.hessian(params, X, D, out=np.ma.masked_array(out, mask=True))


def test_directions_and_data_that_do_not_fit_the_type_are_refused() -> None:
    module, params, X, D = case()
    imaginary = module.Parameters(*[1j * p for p in params])
    with pytest.raises(ValueError, match=r"V\.W1 is complex"):
        module.hessian_vector_product(params, X, D, imaginary)
    single = module.Parameters(*[p.astype("f4") for p in params])
    with pytest.raises(ValueError, match="X has numbers that are too large for float32"):
        module.hessian(single, X * 1e300, D)


def test_a_gradient_that_overflows_is_given_back_as_it_is() -> None:
    module = gradscribe.compile("2-3-1 tanh,linear", "overflows")
    rng = np.random.default_rng(0)
    problem = module.problem(rng.normal(size=(4, 2)), rng.normal(size=(4, 1)))
    w = module.ravel(module.initialize(seed=1)) * 1e200
    with np.errstate(all="ignore"):
        assert problem.jac(w).shape == w.shape


@pytest.mark.parametrize("sizes", [(1, 30, 30, 1), (20, 25, 1), (2, 3, 40)])
@pytest.mark.parametrize("share", [1.0, 2.0, 7.0])
def test_memory_is_bounded_where_layers_are_wider_than_samples(
    sizes: tuple[int, ...], share: float
) -> None:
    module = gradscribe.compile("-".join(map(str, sizes)) + " relu emit=hessian", "wide")
    params = module.initialize(seed=0)
    rng = np.random.default_rng(0)
    X, D = rng.normal(size=(40, sizes[0])), rng.normal(size=(40, sizes[-1]))
    K = sum(p.size for p in params)
    with pytest.raises(ValueError, match="workspace") as refused:
        module.hessian(params, X, D, workspace=1)
    least = int(str(refused.value).split("at least ")[1].split()[0])
    workspace, out = int(max(least, 150_000) * share), np.empty((K, K))
    tracemalloc.start()
    module.hessian(params, X, D, out=out, workspace=workspace)
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert most < workspace + 2**20
