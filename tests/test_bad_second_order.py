"""Bad arguments of second derivatives: one clear error before any work, whatever the target."""

from collections.abc import Callable
from functools import cache
from types import ModuleType
from typing import Any

import numpy as np
import pytest

import gradscribe
from gradscribe.errors import InputError

TARGETS = ("numpy", "scalar")
# What computes; whatever is wrong has to be said before one of these is called.
WORK = {
    "numpy": (
        "_hessian_terms", "_gauss_newton_terms", "_hessian_vector_product", "_jacobian_terms",
        "_input_jacobian", "_sample_gradient_terms",
    ),
    "scalar": (
        "_hessian", "_gauss_newton", "_hessian_vector_product", "_jacobian", "_input_jacobian",
        "_sample_gradients",
    ),
}  # fmt: skip
MATRICES = ("hessian", "gauss_newton")
OF_OUTPUTS = ("jacobian", "input_jacobian")


@cache
def source(target: str) -> str:
    return gradscribe.compiler.module_source(f"3-4-2 tanh,sigmoid target={target}")


@cache
def compiled(target: str) -> ModuleType:
    return gradscribe.compile(f"3-4-2 tanh,sigmoid target={target}", f"bad_{target}")


def idle(target: str) -> ModuleType:
    """Return a module in which nothing of second order can be computed."""
    module = ModuleType("idle")
    exec(compile(source(target), "<idle>", "exec"), module.__dict__)

    for name in WORK[target]:
        replaced, instead = getattr(module, name), working()
        setattr(module, name, instead)
        if target == "numpy" and replaced in module._HELD:
            module._HELD[instead] = module._HELD[replaced]
    return module


def working() -> Callable[..., None]:
    """Return a function that must not be called."""

    def work(*_: Any, **__: Any) -> None:
        raise AssertionError("computed before arguments were looked at")

    return work


def arguments(module: ModuleType) -> tuple[Any, Any, Any]:
    rng = np.random.default_rng(6)
    return module.initialize(seed=1), rng.normal(size=(5, 3)), rng.normal(size=(5, 2))


def calls(module: ModuleType, params: Any, X: Any, D: Any, V: Any) -> dict[str, Callable[[], Any]]:
    return {
        "hessian": lambda: module.hessian(params, X, D),
        "gauss_newton": lambda: module.gauss_newton(params, X, D),
        "hessian_diagonal": lambda: module.hessian_diagonal(params, X, D),
        "hessian_block": lambda: module.hessian_block(params, X, D, "W1", "b2"),
        "hessian_vector_product": lambda: module.hessian_vector_product(params, X, D, V),
        "jacobian": lambda: module.jacobian(params, X),
        "input_jacobian": lambda: module.input_jacobian(params, X),
        "sample_gradients": lambda: module.sample_gradients(params, X, D),
    }


@pytest.mark.parametrize("target", TARGETS)
def test_the_guard_itself_sees_work(target: str) -> None:
    module = idle(target)
    params, X, D = arguments(module)
    for call in calls(module, params, X, D, params).values():
        with pytest.raises(AssertionError, match="computed before"):
            call()


def directions(params: Any) -> dict[str, Any]:
    """Return directions that do not fit, by what has to be said of them."""
    return {
        "V is no direction of the parameters: W1 has shape": params._replace(W1=params.W1.T),
        "V is no direction of the parameters: b2": params._replace(b2=np.ones(3)),
        "V is no direction of the parameters: V has 2 arrays": params[:2],
        "V is no direction of the parameters: V is a ndarray": np.ones(26),
        "V is no direction of the parameters: V is a NoneType": None,
        "V is no direction of the parameters: b1 has NaN": params._replace(b1=params.b1 * np.nan),
        "V is no direction of the parameters: W2 has type int": params._replace(
            W2=np.ones(params.W2.shape, int)
        ),
        "V.W1 is complex": params._replace(W1=params.W1 * 1j),
    }


@pytest.mark.parametrize("target", TARGETS)
def test_directions(target: str) -> None:
    # A scalar kernel adds its arguments up itself, and so tells numbers that are not finite.
    module = idle(target) if target == "numpy" else compiled(target)
    params, X, D = arguments(module)
    for message, V in directions(params).items():
        with pytest.raises(ValueError, match=rf"^{message}"):
            module.hessian_vector_product(params, X, D, V)


@pytest.mark.parametrize("target", TARGETS)
@pytest.mark.parametrize(
    ("names", "said"),
    [
        (("W3", "b1"), "first is 'W3', needs one of W1, b1, W2, b2"),
        (("b1", "b9"), "second is 'b9', needs one of W1, b1, W2, b2"),
        (("W11", "b1"), "first is 'W11', needs one of W1, b1, W2, b2; did you mean 'W1'?"),
        (("w1", "b1"), "first is 'w1', needs one of W1, b1, W2, b2; did you mean 'W1'?"),
        (("W1", "delta1"), "second is 'delta1', needs one of W1, b1, W2, b2"),
        (("W1", None), "second is None, needs one of W1, b1, W2, b2"),
        ((("W1",), "b1"), "first is ('W1',), needs one of W1, b1, W2, b2"),
        ((0, 1), "first is 0, needs one of W1, b1, W2, b2"),
    ],
)
def test_blocks_that_are_not_there(target: str, names: tuple[Any, Any], said: str) -> None:
    module = idle(target)
    params, X, D = arguments(module)
    with pytest.raises(ValueError, match="needs one of") as error:
        module.hessian_block(params, X, D, *names)
    assert str(error.value).startswith(said)


@pytest.mark.parametrize("target", TARGETS)
@pytest.mark.parametrize("name", [*MATRICES, "hessian_diagonal", *OF_OUTPUTS, "sample_gradients"])
def test_workspace(target: str, name: str) -> None:
    module = idle(target)
    params, X, D = arguments(module)
    data = (X,) if name in OF_OUTPUTS else (X, D)
    for workspace in (0, -1, 64, 2.0**30, None, "64 MiB"):
        with pytest.raises(ValueError, match=f"workspace is {workspace!r}, needs"):
            getattr(module, name)(params, *data, workspace=workspace)
    with pytest.raises(ValueError, match=r"needs at least \d+ bytes, for one sample"):
        getattr(module, name)(params, *data, workspace=64)


@pytest.mark.parametrize("target", TARGETS)
@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_parameters_that_are_not_finite(target: str, value: float) -> None:
    module = compiled(target)
    params, X, D = arguments(module)
    for field in params._fields:
        array = getattr(params, field).copy()
        array.flat[-1] = value
        bad = params._replace(**{field: array})
        for call in calls(module, bad, X, D, params).values():
            with pytest.raises(ValueError, match=f"^{field} has NaN or infinity"):
                call()


def test_numbers_that_are_not_finite_are_refused_before_any_work() -> None:
    module = idle("numpy")
    params, X, D = arguments(module)
    bad = params._replace(b1=np.full(4, np.inf))
    for call in calls(module, bad, X, D, params).values():
        with pytest.raises(ValueError, match=r"^b1 has NaN or infinity"):
            call()


def test_matrices_too_large_for_the_machine_are_refused_before_any_work(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    module = idle("numpy")
    params, X, D = arguments(module)
    # A machine of four pages; the parameters here are 26, and their matrix takes 5408 bytes.
    monkeypatch.setattr(module.os, "sysconf", {"SC_PAGE_SIZE": 1000, "SC_PHYS_PAGES": 4}.get)
    for name in MATRICES:
        with pytest.raises(MemoryError, match=r"an array \(26, 26\) for K = 26 parameters"):
            getattr(module, name)(params, X, D)
    many = np.ones((60, 3))
    with pytest.raises(MemoryError, match=r"\(60, 2, 26\).*; take fewer samples at a time"):
        module.jacobian(params, many)
    with pytest.raises(MemoryError, match=r"\(60, 26\).*; take fewer samples at a time"):
        module.sample_gradients(params, many, np.ones((60, 2)))
    with pytest.raises(MemoryError, match=r"\(600, 2, 3\).*; take fewer samples at a time"):
        module.input_jacobian(params, np.ones((600, 3)))


def test_a_scalar_module_that_would_be_too_large_is_refused_when_it_is_asked_for() -> None:
    with pytest.raises(InputError, match="statements"):
        gradscribe.compile("40-40-40 tanh target=scalar")
