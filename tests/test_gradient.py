"""The gradient of random networks against three independent oracles, and the module's contract."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from itertools import product
from types import ModuleType
from typing import Any

import numpy as np
import pytest
from oracles import (
    FUNCTIONS,
    LOSSES,
    Stack,
    autograd_gradient,
    complex_step,
    disagreement,
    random_problem,
    recursion,
)

Modules = Callable[[str], ModuleType]
LIMIT = 1e-12
SEEDS = range(4)
PAIRS = list(product(FUNCTIONS, repeat=2))


def symbolic_stacks() -> list[Stack]:
    """Every ordered pair of activations (hidden, output) with both losses, 2 to 6 layers; and 1."""
    stacks = [Stack((name,), loss) for name in FUNCTIONS for loss in LOSSES]
    for position, ((hidden, output), loss) in enumerate(product(PAIRS, LOSSES)):
        depth = 2 + (position + position // 5) % 5
        stacks.append(Stack((hidden,) * (depth - 1) + (output,), loss))
    return stacks


def fixed_stacks() -> list[tuple[Stack, int]]:
    """Every layer with another activation, in a random order; and the number of the stack."""
    stacks = []
    for number in range(20):
        rng = np.random.default_rng(1000 + number)
        names = rng.choice(list(FUNCTIONS), size=1 + number % 6)
        stacks.append((Stack(tuple(map(str, names)), LOSSES[number % 2]), number))
    return stacks


def random_sizes(depth: int, rng: np.random.Generator) -> tuple[list[int], int]:
    """Return N_0 … N_M and N, all different."""
    *sizes, N = rng.permutation(np.arange(1, depth + 4))[: depth + 2].tolist()
    return sizes, N


def ident(stack: Stack) -> str:
    return f"{len(stack.activations)}-{stack.activations[0]}-{stack.activations[-1]}-{stack.loss}"


def compare(module: ModuleType, stack: Stack, sizes: list[int], N: int, seed: int) -> float:
    """Compare a module with the three oracles; return the largest relative error."""
    params, X, D = random_problem(sizes, N, np.random.default_rng(seed))
    own = module.Parameters(*params)
    about = f"seed {seed}, sizes {sizes}, N {N}, {stack}"
    truth = recursion(stack, params, X, D)
    found = module.gradient(own, X, D)
    errors = {
        "recursion": disagreement(found, truth.gradient),
        "autograd": disagreement(found, autograd_gradient(stack, params, X, D)),
        "complex step": disagreement(
            found, complex_step(lambda p: module.cost(module.Parameters(*p), X, D), params)
        ),
        "sensitivities": disagreement(module.sensitivities(own, X, D), truth.sensitivities),
        "output": disagreement([module.forward(own, X)], [truth.output]),
        "cost": abs(module.cost(own, X, D) - truth.cost) / truth.cost,
    }
    wrong = {oracle: error for oracle, error in errors.items() if not error <= LIMIT}
    assert not wrong, f"{about}: {wrong}"
    J, both = module.cost_and_gradient(own, X, D)
    assert module.cost(own, X, D) == J, about
    assert all(np.array_equal(a, b) for a, b in zip(both, found, strict=True)), about
    return max(errors.values())


@pytest.mark.parametrize("stack", symbolic_stacks(), ids=ident)
def test_gradient_of_symbolic_sizes(stack: Stack, module_of: Modules) -> None:
    module = module_of(stack.formula)
    for seed in SEEDS:
        sizes, N = random_sizes(len(stack.activations), np.random.default_rng([seed, 7]))
        compare(module, stack, sizes, N, seed)


@pytest.mark.parametrize(("stack", "number"), fixed_stacks())
def test_gradient_of_fixed_sizes(stack: Stack, number: int, module_of: Modules) -> None:
    sizes, N = random_sizes(len(stack.activations), np.random.default_rng([number, 8]))
    module = module_of(stack.line(sizes))
    assert tuple(sizes) == module.SIZES
    compare(module, stack, sizes, N, number)


def test_the_random_networks_cover_what_they_claim() -> None:
    stacks = symbolic_stacks()
    assert len(stacks) * len(SEEDS) + len(fixed_stacks()) >= 200
    assert {len(s.activations) for s in stacks} == {1, 2, 3, 4, 5, 6}
    covered = {(s.activations[0], s.activations[-1], s.loss) for s in stacks}
    assert covered >= {(*pair, loss) for pair, loss in product(PAIRS, LOSSES)}
    for depth, seed in product(range(1, 7), SEEDS):
        sizes, N = random_sizes(depth, np.random.default_rng([seed, 7]))
        assert len({*sizes, N}) == depth + 2


def test_a_wide_batch_and_a_single_sample(module_of: Modules) -> None:
    stack = Stack(("tanh", "softplus", "sigmoid"))
    for sizes, N in (([30, 40, 20, 10], 50), ([1, 1, 1, 1], 1), ([7, 1, 9, 1], 1)):
        compare(module_of(stack.formula), stack, sizes, N, seed=5)


# ---- the contract of a module ------------------------------------------------------------------

STACK = Stack(("tanh", "sigmoid", "linear"))
SIZES = (4, 5, 3, 2)
CALLS = ("forward", "cost", "sensitivities", "gradient", "cost_and_gradient")
# Kernels differ in what they reuse or give on: a slope in u, in-place updates, a linear layer.
STACKS = (
    STACK,
    Stack(("softplus", "relu", "tanh"), "sse"),
    Stack(("linear", "linear"), "sse"),
    Stack(("tanh",)),
)


def problem(module: ModuleType, stack: Stack, N: int = 6) -> tuple[Any, Any, Any]:
    sizes = SIZES[: len(stack.activations) + 1]
    params, X, D = random_problem(sizes, N, np.random.default_rng(3))
    return module.Parameters(*params), X, D


def called(module: ModuleType, name: str, params: Any, X: Any, D: Any) -> list[Any]:
    """Return the arrays that a function gives back."""
    arguments = (params, X) if name == "forward" else (params, X, D)
    return arrays_in(getattr(module, name)(*arguments))


def arrays_in(result: Any) -> list[Any]:
    if isinstance(result, tuple):
        return [array for part in result for array in arrays_in(part)]
    return [result]


def same(left: list[Any], right: list[Any]) -> bool:
    """Whether the arrays are equal to the last bit, and of one type."""
    return len(left) == len(right) and all(
        np.asarray(a).dtype == np.asarray(b).dtype and np.array_equal(a, b)
        for a, b in zip(left, right, strict=True)
    )


@pytest.fixture(params=STACKS, ids=ident)
def stack(request: pytest.FixtureRequest) -> Stack:
    chosen: Stack = request.param
    return chosen


def test_ravel_and_unravel_are_inverse(module_of: Modules) -> None:
    module = module_of(STACK.formula)
    params, _, _ = problem(module, STACK)
    w = module.ravel(params)
    assert w.shape == (sum(p.size for p in params),)
    assert np.array_equal(w, np.concatenate([p.ravel() for p in params]))
    back = module.unravel(w, SIZES)
    assert same(list(back), list(params))
    back.W1[0, 0] += 1
    assert w[0] == params.W1[0, 0], "unravel gave views of w"
    fortran = module.Parameters(*[np.asfortranarray(p) for p in params])
    assert np.array_equal(module.ravel(fortran), w)


def test_initialize_is_glorots_and_reproducible(module_of: Modules) -> None:
    module = module_of(STACK.formula)
    params = module.initialize(SIZES, seed=4)
    assert same(list(params), list(module.initialize(SIZES, seed=4)))
    assert not np.array_equal(params.W1, module.initialize(SIZES, seed=5).W1)
    assert params._fields == ("W1", "b1", "W2", "b2", "W3", "b3")
    for m in (1, 2, 3):
        W, b = params[2 * m - 2], params[2 * m - 1]
        assert W.shape == (SIZES[m], SIZES[m - 1])
        assert b.shape == (SIZES[m],)
        assert not b.any()
        assert np.abs(W).max() <= np.sqrt(6 / (SIZES[m] + SIZES[m - 1]))
        assert W.any()


def test_initialize_has_the_dtype_of_the_specification(module_of: Modules) -> None:
    params = module_of("3-4-2 tanh dtype=float32").initialize()
    assert {p.dtype for p in params} == {np.dtype(np.float32)}


@pytest.mark.parametrize("name", CALLS)
def test_arguments_stay_as_they_are(name: str, stack: Stack, module_of: Modules) -> None:
    module = module_of(stack.formula)
    params, X, D = problem(module, stack)
    before = [a.copy() for a in (*params, X, D)]
    called(module, name, params, X, D)
    assert same([*params, X, D], before)


@pytest.mark.parametrize("name", CALLS)
def test_results_are_fresh(name: str, stack: Stack, module_of: Modules) -> None:
    module = module_of(stack.formula)
    params, X, D = problem(module, stack)
    first = called(module, name, params, X, D)
    arrays = [a for a in first if isinstance(a, np.ndarray)]
    for a in arrays:
        assert a.flags.writeable
        assert not any(np.shares_memory(a, b) for b in (*params, X, D))
    for position, a in enumerate(arrays):
        assert not any(np.shares_memory(a, b) for b in arrays[position + 1 :])
    expected = [np.copy(a) for a in first]
    for a in arrays:
        a[...] = np.nan
    assert same([np.asarray(a) for a in called(module, name, params, X, D)], expected)


def test_cost_is_a_scalar(stack: Stack, module_of: Modules) -> None:
    module = module_of(stack.formula)
    J = module.cost(*problem(module, stack))
    assert isinstance(J, np.float64)


@pytest.mark.parametrize("name", CALLS)
def test_layout_of_arguments_does_not_matter(name: str, stack: Stack, module_of: Modules) -> None:
    module = module_of(stack.formula)
    params, X, D = problem(module, stack)
    expected = called(module, name, params, X, D)
    for change in (np.asfortranarray, strided, read_only, reversed_view):
        other = called(module, name, module.Parameters(*map(change, params)), change(X), change(D))
        for a, b in zip(other, expected, strict=True):
            assert np.allclose(a, b, rtol=1e-14, atol=1e-15), change.__name__
    lists = called(module, name, tuple(p.tolist() for p in params), X.tolist(), D.tolist())
    assert same(lists, expected)


def strided(array: Any) -> Any:
    """Return the same numbers with gaps between them."""
    wide = np.zeros([2 * n for n in array.shape])
    view = wide[tuple(slice(None, None, 2) for _ in array.shape)]
    view[...] = array
    return view


def read_only(array: Any) -> Any:
    array = array.copy()
    array.flags.writeable = False
    return array


def reversed_view(array: Any) -> Any:
    """Return the same numbers with negative strides."""
    return array[::-1].copy()[::-1]


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.longdouble, np.complex64, complex])
def test_the_type_of_the_parameters_is_kept(dtype: Any, stack: Stack, module_of: Modules) -> None:
    module = module_of(stack.formula)
    params, X, D = problem(module, stack)
    typed = module.Parameters(*[p.astype(dtype) for p in params])
    for name in CALLS:
        expected = called(module, name, params, X, D)
        for data in ((X, D), (X.astype(dtype), D.astype(dtype))):
            found = called(module, name, typed, *data)
            assert {np.asarray(a).dtype for a in found} == {np.dtype(dtype)}, name
            scale = max(float(np.abs(a).max()) for a in expected)
            tolerance = 200 * max(float(np.finfo(dtype).eps), 1e-16) * scale
            for a, b in zip(found, expected, strict=True):
                assert np.abs(a - b).max() <= tolerance, name


def test_long_double_is_more_exact_than_double(module_of: Modules) -> None:
    if np.finfo(np.longdouble).eps == np.finfo(float).eps:
        pytest.skip("this machine's long double is its double")
    module = module_of(STACK.formula)
    params, X, D = problem(module, STACK)
    wide = module.Parameters(*[p.astype(np.longdouble) for p in params])
    J = module.cost(wide, X, D)
    h = np.longdouble(2) ** -20
    moved = wide.W1.copy()
    moved[1, 2] += h
    other = wide.W1.copy()
    other[1, 2] -= h
    slope = module.cost(wide._replace(W1=moved), X, D) - module.cost(wide._replace(W1=other), X, D)
    third = 1e2 * h**2  # the next term of the differences
    assert abs(slope / (2 * h) - module.gradient(wide, X, D).W1[1, 2]) < third
    assert float(J) == pytest.approx(module.cost(params, X, D), rel=1e-15)


def test_single_precision_with_data_in_double_stays_single(module_of: Modules) -> None:
    module = module_of(STACK.formula)
    params, X, D = problem(module, STACK)
    mixed = params._replace(W1=params.W1.astype(np.float32))
    assert {g.dtype for g in module.gradient(mixed, X, D)} == {np.dtype(np.float64)}


def test_complex_data_make_the_result_complex(module_of: Modules) -> None:
    """So that a complex step may be taken along the input, too."""
    module = module_of(STACK.formula)
    params, X, _ = problem(module, STACK)
    step = np.zeros(X.shape, complex)
    step[2, 1] = 1e-30j
    slope = module.forward(params, X + step).imag / 1e-30
    h = 1e-6
    difference = module.forward(params, X + h * step / 1e-30j) - module.forward(
        params, X - h * step / 1e-30j
    )
    assert np.allclose(slope, difference.real / (2 * h), atol=1e-8)


def test_threads_do_not_disturb_each_other(stack: Stack, module_of: Modules) -> None:
    module = module_of(stack.formula)
    problems = []
    for seed in range(8):
        sizes = SIZES[: len(stack.activations) + 1]
        params, X, D = random_problem(sizes, 20 + seed, np.random.default_rng(seed))
        problems.append((module.Parameters(*params), X, D))
    expected = [arrays_in(module.cost_and_gradient(*p)) for p in problems]
    with ThreadPoolExecutor(8) as pool:
        for _ in range(10):
            found = pool.map(lambda p: arrays_in(module.cost_and_gradient(*p)), problems)
            for a, b in zip(found, expected, strict=True):
                assert same(a, b)


def test_no_specification_is_the_lectures_network() -> None:
    import gradscribe

    module = gradscribe.compile(None)
    compare(module, Stack(("sigmoid", "sigmoid", "linear")), [3, 4, 5, 2], 7, seed=1)
