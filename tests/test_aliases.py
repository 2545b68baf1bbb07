"""Networks whose equations are other names of arrays, views or truths: nothing is overwritten."""

from types import ModuleType

import numpy as np
import pytest

import gradscribe

STEP = 1e-30
SPECS = (
    "tanh(linear(B x)) + B x loss=sse",
    "A tanh(linear(x))",
    "x + A x",
    "linear(B tanh(C * (B sigmoid(A x) + a) + b) + B sigmoid(A x) + a) loss=sse",
    "C linear(B sigmoid(A x) + a1) + B sigmoid(A x) loss=sse",
    "tanh(A tanh(x + a1))",
    "A * (x + a1) + a1",
    "tanh(C tanh(B x + b)) + B x + b loss=sse",
    "relu(-A x) loss=sse",
    "-relu(A x)",
    "relu(A x - x)",
    "relu(-x + B relu(A x))",
    "relu(C linear(B linear(-A x + a1) + b1))",
)


def arguments(module: ModuleType) -> tuple:
    rng = np.random.default_rng(1)
    shapes = module._shapes((3,) * len(module._SIZE_NAMES))
    params = module.Parameters(*[rng.normal(size=s) for s in shapes])
    V = module.Parameters(*[rng.normal(size=s) for s in shapes])
    X, D = rng.normal(size=(5, 3)), rng.normal(size=(5, 3))
    for array in (*params, X, D):
        array.flags.writeable = False
    return params, V, X, D


def joined(blocks: tuple) -> np.ndarray:
    return np.concatenate([b.ravel() for b in blocks])


def relative(found: np.ndarray, true: np.ndarray) -> float:
    assert found.shape == true.shape
    return float(np.abs(found - true).max() / max(np.abs(true).max(), 1e-9))


@pytest.mark.parametrize("spec", SPECS)
def test_derivatives_are_those_of_the_cost(spec: str) -> None:
    module = gradscribe.compile(spec, "aliases")
    params, V, X, D = arguments(module)
    v = joined(V)
    moved = module.Parameters(*[p + 1j * STEP * d for p, d in zip(params, V, strict=True)])
    slope = np.array(module.cost(moved, X, D).imag / STEP)
    assert relative(np.array(joined(module.gradient(params, X, D)) @ v), slope) < 1e-11
    true = joined(module.gradient(moved, X, D)).imag / STEP
    H = module.hessian(params, X, D)
    assert relative(H @ v, true) < 1e-11
    assert relative(joined(module.hessian_vector_product(params, X, D, V)), true) < 1e-11
    assert relative(joined(module.hessian_diagonal(params, X, D)), np.diag(H)) < 1e-11
    output = module.forward(moved, X).imag / STEP
    assert relative(module.jacobian(params, X) @ v, output) < 1e-11
    along = module.forward(params, X + 1j * STEP * D).imag / STEP
    found = np.einsum("noi,ni->no", module.input_jacobian(params, X), D)
    assert relative(found, along) < 1e-11


@pytest.mark.parametrize("spec", SPECS)
def test_single_precision_stays_single(spec: str) -> None:
    module = gradscribe.compile(spec, "aliases")
    params, V, X, D = arguments(module)
    small = module.Parameters(*[p.astype("f4") for p in params])
    for name in ("hessian", "gauss_newton", "sample_gradients"):
        assert getattr(module, name)(small, X, D).dtype == np.float32, name
    for name in ("jacobian", "input_jacobian"):
        assert getattr(module, name)(small, X).dtype == np.float32, name
    products = module.hessian_vector_product(small, X, D, V)
    assert {b.dtype for b in products} == {np.dtype("f4")}
