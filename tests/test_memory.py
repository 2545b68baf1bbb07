"""What functions take beside their result stays within the workspace, whatever N is."""

import tracemalloc
from collections.abc import Callable
from functools import cache, partial
from typing import Any

import numpy as np
import pytest

import gradscribe

compiled = cache(gradscribe.compile)
SLACK = 2**20
OF_SAMPLES = ("jacobian", "input_jacobian", "sample_gradients")
SPECS = (
    "6-9-7-5 tanh,sigmoid,linear emit=jacobian,sample_gradients",
    "f(W f(W x + b) + b) f=tanh emit=jacobian,sample_gradients",  # shared parameters
    "3-4-2 tanh target=scalar emit=jacobian,sample_gradients",
)


def call(spec: str, name: str, N: int) -> tuple[Any, Callable[..., Any]]:
    module = compiled(spec)
    sizes = module.SIZES or [6] * len(module._SIZE_NAMES)
    rng = np.random.default_rng(4)
    params = module.initialize(sizes=sizes, seed=1)
    X, D = rng.normal(size=(N, sizes[0])), rng.normal(size=(N, sizes[-1]))
    data = (X, D) if name == "sample_gradients" else (X,)
    return module, partial(getattr(module, name), params, *data)


def beside(function: Callable[[], Any]) -> float:
    """Return how many bytes a call takes at most beside its result."""
    function()  # what is made once, by the first call
    tracemalloc.start()
    result = function()
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    return float(peak - result.nbytes)


@pytest.mark.parametrize("name", OF_SAMPLES)
@pytest.mark.parametrize("spec", SPECS)
def test_derivatives_of_samples_stay_within_the_workspace(spec: str, name: str) -> None:
    workspace = 2**20
    N = 15_000 if "scalar" in spec else 9000
    _, function = call(spec, name, N)
    assert beside(partial(function, workspace=workspace)) < workspace + SLACK
    assert beside(partial(function, workspace=2**28)) > workspace + SLACK, "bounded by itself"


@pytest.mark.parametrize("name", OF_SAMPLES)
@pytest.mark.parametrize("spec", SPECS)
@pytest.mark.parametrize("N", [1, 2, 101])
def test_parts_give_the_same(spec: str, name: str, N: int) -> None:
    _, function = call(spec, name, N)
    whole = function()
    assert len(whole) == N
    for workspace in (20_000, 50_000):
        found = function(workspace=workspace)
        assert found.shape == whole.shape
        np.testing.assert_allclose(found, whole, rtol=1e-13, atol=1e-15)


@pytest.mark.parametrize("name", OF_SAMPLES)
@pytest.mark.parametrize("spec", SPECS)
def test_too_little_says_how_much_is_needed(spec: str, name: str) -> None:
    _, function = call(spec, name, 5)
    with pytest.raises(ValueError, match=r"workspace is 10, needs at least \d+ bytes") as error:
        function(workspace=10)
    needed = int(str(error.value).split("at least ")[1].split(" ")[0])
    assert np.array_equal(function(workspace=needed).shape, function().shape)
    with pytest.raises(ValueError, match=f"at least {needed} "):
        function(workspace=needed - 1)
    with pytest.raises(ValueError, match="workspace is 'much'"):
        function(workspace="much")


def test_what_is_unfit_is_told_before_any_part_is_computed() -> None:
    module = compiled(SPECS[2])
    params, X = module.initialize(seed=1), np.ones((2000, 3))
    X[-1, 0] = np.nan
    with pytest.raises(ValueError, match="X has NaN"):
        module.jacobian(params, X, workspace=20_000)
    for bad in (None, 3.0, [[1.0, 2.0]], np.ones((5, 2))):
        with pytest.raises(ValueError, match="X "):
            module.jacobian(params, bad, workspace=20_000)
