"""Modules that compute number by number, `target=scalar` and `target=numba`."""

import importlib.util
import subprocess
import sys
from collections.abc import Callable
from functools import cache
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest
from oracles import Stack, autograd_second, random_problem

import gradscribe
from gradscribe.compiler import INDEXED, module_source
from gradscribe.errors import InputError
from gradscribe.model.blueprint import TARGETS
from gradscribe.targets.target import MODULES, targets

LIMIT = 1e-13
HAS_NUMBA = importlib.util.find_spec("numba") is not None
needs_numba = pytest.mark.skipif(not HAS_NUMBA, reason="numba is not installed")
ROOT = Path(__file__).parents[1]

# All widths and the number of samples differ; some are one.
NETWORKS = [
    ("2-2-1 sigmoid", 4),
    ("3-2 tanh", 5),
    ("1-1 sigmoid loss=sse", 1),
    ("3-4-2 softplus", 5),
    ("2-3-1 tanh,linear loss=sse", 7),
    ("1-3-2 relu,sigmoid", 4),
    ("2-4-3-1 tanh,softplus,linear", 5),
    ("3-1-2-4 sigmoid,relu,tanh loss=sse", 6),
    ("1-1-1-1 sigmoid,softplus,linear", 3),
    ("2-11-1 tanh", 3),
]
ON_SAMPLES = (
    "cost", "gradient", "cost_and_gradient", "sensitivities", "hessian", "hessian_diagonal",
    "gauss_newton", "sample_gradients",
)  # fmt: skip
ON_INPUTS = ("forward", "jacobian", "input_jacobian")
compiled = cache(gradscribe.compile)


def problem_of(module: ModuleType, N: int, seed: int = 0) -> tuple[Any, Any, Any, Any]:
    rng = np.random.default_rng(seed)
    arrays, X, D = random_problem(module.SIZES, N, rng)
    V = module.Parameters(*[rng.normal(0, 1, a.shape) for a in arrays])
    return module.Parameters(*arrays), X, D, V


def flat(value: Any) -> list[np.ndarray]:
    """Return a result's arrays."""
    if isinstance(value, tuple):
        return [array for item in value for array in flat(item)]
    return [np.asarray(value)]


def agree(found: Any, truth: Any) -> None:
    assert type(found).__name__ == type(truth).__name__
    for a, b in zip(flat(found), flat(truth), strict=True):
        assert a.shape == b.shape
        assert a.dtype == b.dtype
        assert a.flags.writeable
        assert np.abs(a - b).max() <= LIMIT * max(np.abs(b).max(), 1e-3)


def compare(target: str, spec: str, N: int) -> None:
    """Compare every function of a module with that of NumPy's."""
    module, reference = compiled(f"{spec} target={target}"), compiled(spec)
    params, X, D, V = problem_of(module, N)
    for name in ON_SAMPLES:
        agree(getattr(module, name)(params, X, D), getattr(reference, name)(params, X, D))
    for name in ON_INPUTS:
        agree(getattr(module, name)(params, X), getattr(reference, name)(params, X))
    product = module.hessian_vector_product(params, X, D, V)
    agree(product, reference.hessian_vector_product(params, X, D, V))
    for a in params._fields:
        for b in params._fields:
            block = module.hessian_block(params, X, D, a, b)
            agree(block, reference.hessian_block(params, X, D, a, b))
    H = module.hessian(params, X, D)
    assert np.array_equal(H, H.T)
    out = np.full_like(H, np.nan)
    assert module.hessian(params, X, D, out=out) is out
    assert np.array_equal(out, H)
    w = module.ravel(params)
    for name in ("fun", "jac", "hess"):
        agree(getattr(module.problem(X, D), name)(w), getattr(reference.problem(X, D), name)(w))


@pytest.mark.parametrize(("spec", "N"), NETWORKS)
def test_every_function_is_that_of_the_default_target(spec: str, N: int) -> None:
    compare("scalar", spec, N)


@pytest.mark.parametrize("seed", range(12))
def test_second_derivatives_of_random_networks(seed: int) -> None:
    rng = np.random.default_rng([seed, 5])
    depth = int(rng.integers(1, 4))
    sizes = [int(n) for n in rng.permutation(np.arange(1, 6))[: depth + 1]]
    names = tuple(str(n) for n in rng.choice(("linear", "sigmoid", "tanh", "softplus"), depth))
    stack = Stack(names, str(rng.choice(("mse", "sse"))))
    module = compiled(f"{stack.line(sizes)} target=scalar")
    arrays, X, D = random_problem(sizes, 7, rng)
    params = module.Parameters(*arrays)
    H, J, by_input = autograd_second(stack, arrays, X, D)
    for found, truth in (
        (module.hessian(params, X, D), H),
        (module.jacobian(params, X), J),
        (module.input_jacobian(params, X), by_input),
    ):
        assert found.shape == truth.shape
        assert np.abs(found - truth).max() <= 1e-12 * max(np.abs(truth).max(), 1e-6)


# ---- numba: few, as compiling takes seconds ----------------------------------------------------


@needs_numba
def test_numba_computes_the_same() -> None:
    compare("numba", "2-2-1 sigmoid", 4)


@needs_numba
def test_numba_has_the_other_activations() -> None:
    spec = "2-3-1-2 softplus,relu,tanh loss=sse"
    module, reference = compiled(f"{spec} target=numba"), compiled(spec)
    params, X, D, _ = problem_of(module, 5)
    for name in ("gradient", "hessian"):
        agree(getattr(module, name)(params, X, D), getattr(reference, name)(params, X, D))


@needs_numba
def test_arguments_of_numba_are_checked_and_converted() -> None:
    check_arguments(compiled("2-2-1 sigmoid target=numba"))
    check_types(compiled("2-2-1 sigmoid target=numba"))


def test_without_numba_the_message_names_the_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "numba", None)
    with pytest.raises(ImportError, match=r"gradscribe\[numba\]"):
        gradscribe.compile("1-1 tanh target=numba emit=gradient", "without_numba")


# ---- arguments ---------------------------------------------------------------------------------


def check_arguments(module: ModuleType) -> None:
    """Wrong arguments give the messages of the default target."""
    reference = compiled("2-2-1 sigmoid")
    params, X, D, V = problem_of(module, 4)
    bad = X.copy()
    bad[1, 1] = np.nan
    infinite = params._replace(b2=np.array([np.inf]))
    cases = [
        (params, bad, D), (infinite, X, D), (params, X, D * np.inf),
        (params, X.T[:, :3], D), (params, X[:0], D[:0]), (params, X, D[:, 0]),
        (params, X[:3], D), (params, X, D.astype(int)), (params[:3], X, D), (params, None, D),
        (params._replace(W1=np.ones((2, 3))), X, D), (params._replace(b1=np.ones((2, 1))), X, D),
        (None, X, D), (params, X[..., None], D), (params, X.tolist()[:2], D),
    ]  # fmt: skip
    for arguments in cases:
        for name in ("cost", "gradient", "hessian", "sensitivities", "sample_gradients"):
            with pytest.raises(ValueError, match="needs") as expected:
                getattr(reference, name)(*arguments)
            with pytest.raises(ValueError, match="needs") as found:
                getattr(module, name)(*arguments)
            assert str(found.value) == str(expected.value)
    with pytest.raises(ValueError, match="X has NaN"):
        module.forward(params, bad)
    with pytest.raises(ValueError, match="V is no direction"):
        module.hessian_vector_product(params, X, D, V[:2])
    with pytest.raises(ValueError, match="workspace is 3, needs at least"):
        module.hessian(params, X, D, workspace=3)
    with pytest.raises(ValueError, match="out is"):
        module.hessian(params, X, D, out=np.zeros((3, 3)))
    with pytest.raises(ValueError, match="did you mean 'W2'"):
        module.hessian_block(params, X, D, "W", "b1")


def check_types(module: ModuleType) -> None:
    """The type of the parameters is that of the result; any layout and any sequence will do."""
    params, X, D, _ = problem_of(module, 4)
    H = module.hessian(params, X, D)
    single = module.Parameters(*[a.astype(np.float32) for a in params])
    for found in flat(module.gradient(single, X.astype(np.float32), D.astype(np.float32))):
        assert found.dtype == np.float32
    assert module.cost(single, X, D).dtype == np.float32
    assert module.hessian(single, X, D).dtype == np.float32
    assert np.abs(module.hessian(single, X, D) - H).max() < 1e-5
    wide = module.Parameters(*[a.astype(np.longdouble) for a in params])
    assert module.hessian(wide, X, D).dtype == np.longdouble
    assert np.abs(module.hessian(wide, X, D) - H).max() < 1e-15
    backwards = module.Parameters(*[a[::-1].copy()[::-1] for a in params])
    assert np.array_equal(module.hessian(list(backwards), X[::-1].copy()[::-1], D.tolist()), H)
    X.flags.writeable = False
    assert np.array_equal(module.hessian(params, X, D), H)
    moved = params._replace(W1=params.W1 + 1e-30j * np.eye(2))
    stepped = module.cost(moved, X, D).imag * 1e30
    gradient = module.gradient(params, X, D)
    assert abs(stepped - np.trace(gradient.W1)) < 1e-15
    stepped = module.gradient(moved, X, D).b1.imag * 1e30
    assert np.abs(stepped - H[4:6, [0, 3]].sum(1)).max() < 1e-15


def test_arguments_are_checked() -> None:
    check_arguments(compiled("2-2-1 sigmoid target=scalar"))


def test_types_and_layouts() -> None:
    check_types(compiled("2-2-1 sigmoid target=scalar"))


def test_results_are_fresh_and_arguments_untouched() -> None:
    module = compiled("2-2-1 sigmoid target=scalar")
    params, X, D, _ = problem_of(module, 4)
    before = [a.copy() for a in (*params, X, D)]
    first, second = module.gradient(params, X, D), module.gradient(params, X, D)
    for a, b in zip(first, second, strict=True):
        a[...] = 0
        assert not np.shares_memory(a, b)
        assert b.any()
    for a, b in zip(before, (*params, X, D), strict=True):
        assert np.array_equal(a, b)


def test_many_samples_are_taken_in_parts() -> None:
    module, reference = compiled("2-2-1 sigmoid target=scalar"), compiled("2-2-1 sigmoid")
    params, X, D, _ = problem_of(module, 6007)
    truth = reference.hessian(params, X, D)
    for workspace in (module._HELD, 2**20, module.WORKSPACE):
        found = module.hessian(params, X, D, workspace=workspace)
        assert np.abs(found - truth).max() < 1e-12 * np.abs(truth).max()


# ---- extremes ----------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["sigmoid", "tanh", "softplus", "relu"])
@pytest.mark.parametrize("largest", [1e3, 1e8, 1e200, 1e308])
def test_extremes_are_those_of_the_default_target(name: str, largest: float) -> None:
    module, reference = compiled(f"2-3-1 {name} target=scalar"), compiled(f"2-3-1 {name}")
    params, X, D, _ = problem_of(module, 4)
    X = X / np.abs(X).max() * largest
    for function in ("cost", "gradient", "hessian", "jacobian"):
        data = (X,) if function == "jacobian" else (X, D)
        found = flat(getattr(module, function)(params, *data))
        with np.errstate(all="ignore"):
            truth = flat(getattr(reference, function)(params, *data))
        for a, b in zip(found, truth, strict=True):
            same = np.isclose(a, b, rtol=1e-12, atol=1e-300) | ~np.isfinite(b)
            assert same.all(), (function, a, b)


# ---- mistakes ----------------------------------------------------------------------------------


@pytest.mark.parametrize("line", ["delta1_1 =", "fprime1_2 =", "delta2_1 ="])
def test_a_mistake_of_a_thousandth_is_found(line: str, tmp_path: Path) -> None:
    source = module_source("2-2-1 sigmoid target=scalar emit=gradient")
    head, mark, kernel = source.partition("def _gradient(")
    old = next(text for text in kernel.splitlines() if text.strip().startswith(line))
    name, value = old.split(" = ")
    path = tmp_path / "wrong.py"
    path.write_text(
        head + mark + kernel.replace(old, f"{name} = 1.001 * ({value})", 1), encoding="utf-8"
    )
    check = [sys.executable, "-m", "gradscribe", "check", str(path)]
    for command in ([sys.executable, str(path)], check):
        result = subprocess.run(command, capture_output=True, text=True, check=False, cwd=ROOT)
        assert result.returncode == 1, result.stdout + result.stderr
        assert "DISAGREES" in result.stdout or "DIFFERS" in result.stdout


@pytest.mark.parametrize("target", ["scalar", pytest.param("numba", marks=needs_numba)])
def test_the_check_passes_on_right_modules(target: str, tmp_path: Path) -> None:
    path = tmp_path / "right.py"
    spec = f"2-2-1 sigmoid target={target} emit=gradient"
    path.write_text(module_source(spec), encoding="utf-8")
    check = [sys.executable, "-W", "error", "-m", "gradscribe", "check", str(path)]
    for command in ([sys.executable, "-W", "error", str(path)], check):
        result = subprocess.run(command, capture_output=True, text=True, check=False, cwd=ROOT)
        assert result.returncode == 0, result.stdout + result.stderr


# ---- specifications and sources ----------------------------------------------------------------


def test_the_target_is_said_in_any_form(tmp_path: Path) -> None:
    path = tmp_path / "net.toml"
    path.write_text(
        '[network]\nsizes = [2, 1]\nactivations = "tanh"\n[emit]\ntarget = "scalar"\n',
        encoding="utf-8",
    )
    line = "2-1 tanh loss=mse target=scalar"
    assert gradscribe.Network.parse(str(path)).spec == line
    assert module_source(str(path)) == module_source(line)
    assert line == gradscribe.compile(line, "said").SPEC
    assert "target" not in gradscribe.Network.parse("2-1 tanh target=numpy").spec


def test_every_target_of_modules_can_be_said() -> None:
    """All but the one that networks of another structure have by themselves."""
    every = {t.name for t in targets().values() if t.view in MODULES}
    assert set(TARGETS) == every - {INDEXED}


@pytest.mark.parametrize(
    ("parse", "message"),
    [
        (lambda: gradscribe.Network.parse("2-1 tanh target=scaler"), "did you mean 'scalar'"),
        (lambda: gradscribe.compile("tanh(W x + b) target=scalar"), "needs fixed sizes"),
        (lambda: gradscribe.compile("64-32-10 tanh target=scalar"), "target=numpy"),
        (lambda: gradscribe.compile("64-32-10 tanh target=scalar"), "at most 10000"),
        (lambda: gradscribe.compile("4-8-3 tanh target=numba"), "at most 1000"),
    ],
)
def test_what_cannot_be_is_refused(parse: Callable[[], object], message: str) -> None:
    with pytest.raises(InputError) as found:
        parse()
    assert message in str(found.value)


SOURCES = [
    "2-2-1 sigmoid", "12-2-11 relu", "3-4-2 softplus loss=sse dtype=float32", "1-1 linear",
    "2-3-4-2 tanh,relu,sigmoid name=small", "2-3-1 tanh emit=hessian", "9-10 tanh emit=gradient",
    "2-2-1 tanh emit=jacobian", "2-1 tanh emit=hessian_vector_product",
]  # fmt: skip


@pytest.mark.parametrize("target", ["scalar", "numba"])
def test_sources_are_clean_and_formatted(target: str, tmp_path: Path) -> None:
    program = Path(sys.executable).with_name("ruff")
    if not program.exists():
        pytest.skip("ruff is not installed beside this Python; it belongs to the extra `lint`")
    for number, spec in enumerate(SOURCES):
        if target == "numba" and spec.startswith("12-"):
            continue  # too large for it
        source = module_source(f"{spec} target={target}")
        (tmp_path / f"m{number}.py").write_text(source, encoding="utf-8")
        assert max(map(len, source.splitlines())) <= 88
    for arguments in (
        ("check", "--isolated"),
        ("check", "--isolated", "--select", "E,F,W,I,B,UP"),
        ("format", "--isolated", "--diff"),
    ):
        command = [str(program), *arguments, "--no-cache", str(tmp_path)]
        result = subprocess.run(command, capture_output=True, text=True, check=False)
        assert result.returncode == 0, result.stdout[:3000] + result.stderr[:500]


@pytest.mark.parametrize("spec", SOURCES[5:])
def test_parts_can_be_left_out(spec: str) -> None:
    module, reference = gradscribe.compile(f"{spec} target=scalar", "part"), compiled(spec)
    for name in (*ON_SAMPLES, *ON_INPUTS, "problem", "hessian_vector_product", "hessian_block"):
        assert hasattr(module, name) == hasattr(reference, name), name
    assert module._self_check() == 0
