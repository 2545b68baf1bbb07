"""digits: a 64-32-10 network with its cost, gradient and Hessian.

    y² = f²(W² f¹(W¹ x + b¹) + b²)

For one sample, with the layer as superscript (mean squared error over samples and
outputs):

    (1) u¹ᵢ = Σⱼ W¹ᵢⱼ xⱼ + b¹ᵢ
    (2) y¹ᵢ = f¹(u¹ᵢ)
    (3) u²ᵢ = Σⱼ W²ᵢⱼ y¹ⱼ + b²ᵢ
    (4) y²ᵢ = f²(u²ᵢ)
    (5) eᵢ = dᵢ − y²ᵢ
    (6) E = Σⱼ eⱼ²
    (7) J = 1/(N N₂) Σₙ E(n)

    f¹(u) = f²(u) = 1/(1 + exp(−u))

Arrays (a row of X and D is a sample, row i of a weight matrix is node i):

    X   (N, 64)   input
    D   (N, 10)   desired output
    W1  (32, 64)  weights of layer 1
    b1  (32,)     biases of layer 1
    W2  (10, 32)  weights of layer 2
    b2  (10,)     biases of layer 2

Where the overhead of array operations rules, other targets pay: for a 2-2-1 network
target=scalar, up to about 50 samples for the gradient and 150 for the Hessian (4-8-3:
8 and 4), and target=numba, up to thousands (4-8-3: the gradient, some hundreds).

The numbers in parentheses are the equations' numbers in the derivation, which
`gradscribe derive` shows. Written by gradscribe 0.1.0 from SPEC; run this file to
check it.
"""

import cmath
import difflib
import functools
import itertools
import math
import os
import sys
from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np

SPEC = "64-32-10 sigmoid loss=mse name=digits"
SIZES = (64, 32, 10)
_SIZE_NAMES = ("N0", "N1", "N2")
_SHAPES = {
    "W1": ("N1", "N0"),
    "b1": ("N1",),
    "W2": ("N2", "N1"),
    "b2": ("N2",),
}

# How many bytes derivatives may use beside their result, unless told otherwise.
WORKSPACE = 64 * 2**20
_SMALL = 2_000_000  # multiplications, below which symmetry is not worth its overhead


class Parameters(NamedTuple):
    """All K parameters, in the order in which `ravel` lays them out.

    Attributes:
        W1: weights of layer 1, (N1, N0).
        b1: biases of layer 1, (N1,).
        W2: weights of layer 2, (N2, N1).
        b2: biases of layer 2, (N2,).
    """

    W1: np.ndarray
    b1: np.ndarray
    W2: np.ndarray
    b2: np.ndarray


def initialize(sizes: Sequence[int] = SIZES, seed: int = 0) -> Parameters:
    """Return random parameters: weights by Glorot's rule, all else zero.

    w is uniform in ±sqrt(6 / (inputs + nodes)) (Glorot & Bengio 2010, equation 16).

    Args:
        sizes: (N0, N1, N2), the number of inputs and of each layer's nodes.
        seed: the same seed gives the same parameters.

    Raises:
        ValueError: sizes are not positive integers, or not as many as needed; or the
            seed is no integer or negative.
    """
    if not isinstance(seed, int | np.integer) or seed < 0:
        raise ValueError(f"seed is {seed!r}, needs an integer that is not negative")
    rng = np.random.default_rng(seed)
    arrays = []
    for shape in _shapes(sizes):
        limit = math.sqrt(6 / sum(shape)) if len(shape) == 2 else 0.0
        arrays.append(rng.uniform(-limit, limit, shape).astype(np.float64, copy=False))
    return Parameters(*arrays)


def ravel(params: Parameters) -> np.ndarray:
    """Return all parameters as one vector w, (K,): each array in C order, in turn."""
    (params,) = _checked(params)
    return np.concatenate([array.reshape(-1) for array in params])


def unravel(w: np.ndarray, sizes: Sequence[int] = SIZES) -> Parameters:
    """Return the parameters of a vector, the inverse of `ravel`.

    Args:
        w: all parameters, (K,).
        sizes: (N0, N1, N2), the number of inputs and of each layer's nodes.

    Raises:
        ValueError: w is not a finite floating-point vector of K entries, or the sizes
            are wrong.
    """
    with np.errstate(over="ignore", invalid="ignore"):  # see `_array`
        w = _array("w", w)
    shapes = _shapes(sizes)
    lengths = [math.prod(shape) for shape in shapes]
    if w.shape != (sum(lengths),):
        needed = f"({sum(lengths)},) for sizes {sizes}"
        raise ValueError(f"w has shape {w.shape}, needs {needed}")
    arrays, start = [], 0
    for shape, length in zip(shapes, lengths, strict=True):
        arrays.append(w[start : start + length].reshape(shape).copy())
        start += length
    return Parameters(*arrays)


def forward(params: Parameters, X: np.ndarray) -> np.ndarray:
    """Return the network's output y² for every sample, (N, N2).

    Raises:
        ValueError: an argument (named) has a wrong shape or type or is not finite.
    """
    params, X = _checked(params, X)
    return _forward(params, X)[-1]


def cost(
    params: Parameters,
    X: np.ndarray,
    D: np.ndarray,
    *,
    sample_weight: np.ndarray | None = None,
) -> np.floating:
    """Return the cost J, the mean squared error over samples and outputs.

    J = 1/(N N₂) Σₙ E(n) with E = Σⱼ eⱼ².

    Args:
        params: the parameters.
        X: the input, (N, N0).
        D: the desired output, (N, N2).
        sample_weight: s, (N,), not negative: E(n) is multiplied by s(n), and Σₙ s(n)
            stands for N.
            A sample of weight 2 counts as two samples.

    Raises:
        ValueError: an argument (named) has a wrong shape or type or is not finite.
    """
    params, X, D = _checked(params, X, D)
    outputs = _forward(params, X)
    e = _loss(D, outputs)
    if sample_weight is None:
        return _cost(D, e)
    E = _sample_costs(e)
    return _scale(D, sample_weight) @ E


def sample_costs(params: Parameters, X: np.ndarray, D: np.ndarray) -> np.ndarray:
    """Return E, the cost of every sample, (N,): without the factor of J.

    Raises:
        ValueError: an argument (named) has a wrong shape or type or is not finite.
    """
    params, X, D = _checked(params, X, D)
    outputs = _forward(params, X)
    e = _loss(D, outputs)
    return _sample_costs(e)


def sensitivities(
    params: Parameters, X: np.ndarray, D: np.ndarray
) -> tuple[np.ndarray, ...]:
    """Return ∂E/∂u for every layer and sample: δ¹, δ².

    E is the cost of one sample, without the factor of J. Each has a row a sample.

    Raises:
        ValueError: an argument (named) has a wrong shape or type or is not finite.
    """
    params, X, D = _checked(params, X, D)
    outputs = _forward(params, X)
    e = _loss(D, outputs)
    return _sensitivities(params, outputs, e, np.ones_like(D, shape=len(D)))


def gradient(
    params: Parameters,
    X: np.ndarray,
    D: np.ndarray,
    *,
    sample_weight: np.ndarray | None = None,
) -> Parameters:
    """Return ∂J/∂w for every parameter w, in arrays of the same shapes.

    Arguments as in `cost`.

    Raises:
        ValueError: an argument (named) has a wrong shape or type or is not finite.
    """
    params, X, D = _checked(params, X, D)
    outputs = _forward(params, X)
    scale = _scale(D, sample_weight)
    e = _loss(D, outputs)
    return _gradient(params, X, D, outputs, e, scale)


def cost_and_gradient(
    params: Parameters,
    X: np.ndarray,
    D: np.ndarray,
    *,
    sample_weight: np.ndarray | None = None,
) -> tuple[np.floating, Parameters]:
    """Return J and ∂J/∂w, with one pass through the network.

    Arguments as in `cost`.

    Raises:
        ValueError: an argument (named) has a wrong shape or type or is not finite.
    """
    params, X, D = _checked(params, X, D)
    outputs = _forward(params, X)
    e = _loss(D, outputs)
    scale = _scale(D, sample_weight)
    if sample_weight is None:
        J = _cost(D, e)
    else:
        J = scale @ _sample_costs(e)
    return J, _gradient(params, X, D, outputs, e, scale)


def hessian(
    params: Parameters,
    X: np.ndarray,
    D: np.ndarray,
    *,
    sample_weight: np.ndarray | None = None,
    out: np.ndarray | None = None,
    workspace: int = WORKSPACE,
) -> np.ndarray:
    """Return H = ∂²J/∂w∂wᵀ, (K, K), with w in the order of `ravel`; exactly symmetric.

    Args:
        params: the parameters.
        X: the input, (N, N0).
        D: the desired output, (N, N2).
        sample_weight: the weights of the samples, (N,), as in `cost`.
        out: an array (K, K) of the parameters' type that takes the result.
        workspace: how many bytes may be used beside the result; samples are taken in
            parts so that they suffice, for any N.

    Raises:
        ValueError: an argument (named) has a wrong shape or type or is not finite, or
            the workspace is too small for one sample.
        MemoryError: the result does not fit into the machine.
    """
    params, X, D = _checked(params, X, D)
    return _square(_hessian_terms, params, X, D, sample_weight, out, workspace)


def hessian_block(
    params: Parameters,
    X: np.ndarray,
    D: np.ndarray,
    first: str,
    second: str,
    *,
    sample_weight: np.ndarray | None = None,
    workspace: int = WORKSPACE,
) -> np.ndarray:
    """Return ∂²J/∂first∂second, the shape of one parameter and then of the other.

    Args:
        params: the parameters.
        X: the input, (N, N0).
        D: the desired output, (N, N2).
        first: the name of a parameter.
        second: the name of a parameter.
        sample_weight: the weights of the samples, (N,), as in `cost`.
        workspace: how many bytes may be used beside the result.

    Raises:
        ValueError: an argument (named) is unfit.
    """
    params, X, D = _checked(params, X, D)
    for label, name in (("first", first), ("second", second)):
        if name not in Parameters._fields:
            known = ", ".join(Parameters._fields)
            small = {field.lower(): field for field in Parameters._fields}
            near = difflib.get_close_matches(str(name).lower(), small, 1)
            hint = f"; did you mean {small[near[0]]!r}?" if near else ""
            raise ValueError(f"{label} is {name!r}, needs one of {known}{hint}")
    plan = _plan(_hessian_terms, params, X, workspace)
    block = _Block(params, first, second)
    _sum_terms(block, _hessian_terms, plan, params, X, D, sample_weight)
    shapes = [getattr(params, name).shape for name in (first, second)]
    return block.array.reshape(*shapes[0], *shapes[1])


def hessian_diagonal(
    params: Parameters,
    X: np.ndarray,
    D: np.ndarray,
    *,
    sample_weight: np.ndarray | None = None,
    workspace: int = WORKSPACE,
) -> Parameters:
    """Return ∂²J/∂w² for every parameter w, in arrays of their shapes, without H.

    Arguments as in `hessian`.

    Raises:
        ValueError: an argument (named) has a wrong shape or type or is not finite.
    """
    params, X, D = _checked(params, X, D)
    diagonal = _Diagonal(params)
    plan = _plan(_hessian_terms, params, X, workspace)
    _sum_terms(diagonal, _hessian_terms, plan, params, X, D, sample_weight)
    return Parameters(*diagonal.arrays.values())


def gauss_newton(
    params: Parameters,
    X: np.ndarray,
    D: np.ndarray,
    *,
    sample_weight: np.ndarray | None = None,
    out: np.ndarray | None = None,
    workspace: int = WORKSPACE,
) -> np.ndarray:
    """Return the Gauss-Newton matrix, (K, K): H with the network linearised.

    G = factor · Σ_n (∂y/∂w)ᵀ (∂²E/∂y∂yᵀ) (∂y/∂w), with the factor of J; what H has
    beside it comes from the second derivatives of the network. Arguments as in
    `hessian`.

    Raises:
        ValueError: an argument (named) is unfit.
        MemoryError: the result does not fit into the machine.
    """
    params, X, D = _checked(params, X, D)
    return _square(_gauss_newton_terms, params, X, D, sample_weight, out, workspace)


def hessian_vector_product(
    params: Parameters,
    X: np.ndarray,
    D: np.ndarray,
    V: Parameters,
    *,
    sample_weight: np.ndarray | None = None,
) -> Parameters:
    """Return H V in arrays of the parameters' shapes; H is not formed.

    It is the derivative of the gradient at params + t V by t, at t = 0, for the price
    of two or three gradients (Pearlmutter 1994). `sample_weight` as in `cost`.

    Raises:
        ValueError: an argument (named) has a wrong shape or type or is not finite.
    """
    params, X, D = _checked(params, X, D)
    scale = _scale(D, sample_weight)
    return _hessian_vector_product(params, X, D, _direction(V, params), scale)


def jacobian(
    params: Parameters, X: np.ndarray, *, workspace: int = WORKSPACE
) -> np.ndarray:
    """Return ∂y/∂w of every sample's output, (N, N2, K), w as in `ravel`.

    Args:
        params: the parameters.
        X: the input, (N, N0).
        workspace: how many bytes may be used beside the result; samples are taken in
            parts so that they suffice, for any N.

    Raises:
        ValueError: an argument (named) is unfit.
        MemoryError: the result does not fit into the machine.
    """
    params, X = _checked(params, X)
    rows = (len(X), _output_size(params))
    return _filled(_jacobian_terms, params, rows, workspace, X)


def input_jacobian(
    params: Parameters, X: np.ndarray, *, workspace: int = WORKSPACE
) -> np.ndarray:
    """Return ∂y/∂x of every sample's output, (N, N2, N0).

    Arguments as in `jacobian`.

    Raises:
        ValueError: an argument (named) is unfit.
        MemoryError: the result does not fit into the machine.
    """
    params, X = _checked(params, X)
    shape = (len(X), _output_size(params), X.shape[1])
    _check_size(shape, params, "; take fewer samples at a time")
    parts = _parts_of(len(X), _input_jacobian, params, workspace)
    result = np.empty(shape, params[0].dtype)
    for part in parts:
        result[part] = np.moveaxis(_input_jacobian(params, X[part]), -1, 0)
    return result


def sample_gradients(
    params: Parameters, X: np.ndarray, D: np.ndarray, *, workspace: int = WORKSPACE
) -> np.ndarray:
    """Return ∂E/∂w of every sample, (N, K), w as in `ravel`.

    E is the cost of one sample, without the factor of J: the gradient is their sum
    times that factor.

    Args:
        params: the parameters.
        X: the input, (N, N0).
        D: the desired output, (N, N2).
        workspace: how many bytes may be used beside the result.

    Raises:
        ValueError: an argument (named) is unfit.
        MemoryError: the result does not fit into the machine.
    """
    params, X, D = _checked(params, X, D)
    return _filled(_sample_gradient_terms, params, (len(X),), workspace, X, D, 1)


class Problem:
    """The cost of w and its derivatives as functions of one vector.

        problem = Problem(X, D, sizes)
        minimize(problem.fun, w, jac=problem.jac, hessp=problem.hessp)

    with `minimize` of `scipy.optimize` and a method that takes them: `trust-ncg`, or
    `trust-exact` with `hess=problem.hess`.

    Args:
        X: the input, (N, N0).
        D: the desired output, (N, N2).
        sizes: (N0, N1, N2), the number of inputs and of each layer's nodes.
        sample_weight: the weights of the samples, (N,), as in `cost`.

    Raises:
        ValueError: an argument (named) is unfit.
    """

    def __init__(
        self,
        X: np.ndarray,
        D: np.ndarray,
        sizes: Sequence[int] = SIZES,
        *,
        sample_weight: np.ndarray | None = None,
    ) -> None:
        like = Parameters(*[np.zeros(shape) for shape in _shapes(sizes)])
        _, self.X, self.D = _checked(like, X, D)
        self.sizes = tuple(sizes)
        self.weighted = {"sample_weight": sample_weight}
        _scale(self.D, sample_weight)  # what is unfit is said at once

    def fun(self, w: np.ndarray) -> np.floating:
        """Return J."""
        return cost(unravel(w, self.sizes), self.X, self.D, **self.weighted)

    def jac(self, w: np.ndarray) -> np.ndarray:
        """Return ∂J/∂w, (K,)."""
        params = unravel(w, self.sizes)
        return _joined(gradient(params, self.X, self.D, **self.weighted))

    def hess(self, w: np.ndarray) -> np.ndarray:
        """Return H, (K, K)."""
        return hessian(unravel(w, self.sizes), self.X, self.D, **self.weighted)

    def hessp(self, w: np.ndarray, v: np.ndarray) -> np.ndarray:
        """Return H v, (K,)."""
        params, V = unravel(w, self.sizes), unravel(v, self.sizes)
        found = hessian_vector_product(params, self.X, self.D, V, **self.weighted)
        return _joined(found)


def _joined(arrays: Parameters) -> np.ndarray:
    """Return arrays of the parameters' shapes as one vector, finite or not."""
    return np.concatenate([array.reshape(-1) for array in arrays])


def problem(
    X: np.ndarray,
    D: np.ndarray,
    sizes: Sequence[int] = SIZES,
    *,
    sample_weight: np.ndarray | None = None,
) -> Problem:
    """Return the cost on these data and its derivatives, as functions of one vector.

    Raises:
        ValueError: an argument (named) is unfit.
    """
    return Problem(X, D, sizes, sample_weight=sample_weight)


# ---- the equations, for checked arguments --------------------------------------------


def _sigmoid(u: np.ndarray) -> np.ndarray:
    """Return the logistic function, 1/(1 + exp(−u)), without overflow."""
    return np.exp(np.minimum(u, 0)) / (1 + np.exp(np.minimum(u, -u)))


def _forward(params: Parameters, X: np.ndarray) -> tuple[np.ndarray, ...]:
    """Return what the later steps need of every layer; the last is the output."""
    # (1) u¹ᵢ = Σⱼ W¹ᵢⱼ xⱼ + b¹ᵢ
    u1 = X @ params.W1.T
    u1 += params.b1
    # (2) y¹ᵢ = f¹(u¹ᵢ)
    y1 = _sigmoid(u1)
    # (3) u²ᵢ = Σⱼ W²ᵢⱼ y¹ⱼ + b²ᵢ
    u2 = y1 @ params.W2.T
    u2 += params.b2
    # (4) y²ᵢ = f²(u²ᵢ)
    y2 = _sigmoid(u2)
    return y1, y2


def _loss(D: np.ndarray, outputs: tuple[np.ndarray, ...]) -> np.ndarray:
    """Return what the cost is made of, for every sample."""
    y2 = outputs[-1]
    # (5) eᵢ = dᵢ − y²ᵢ
    e = D - y2
    return e


def _sample_costs(e: np.ndarray) -> np.ndarray:
    """Return E of every sample."""
    # (6) E = Σⱼ eⱼ²
    E = np.sum(e**2, axis=1)
    return E


def _cost(D: np.ndarray, e: np.ndarray) -> np.floating:
    """Return J."""
    N, N2 = D.shape
    # (7) J = 1/(N N₂) Σₙ E(n)
    J = np.sum(e**2) / (N * N2)
    return J


def _sensitivities(
    params: Parameters,
    outputs: tuple[np.ndarray, ...],
    e: np.ndarray,
    scale: np.ndarray,
) -> tuple[np.ndarray, ...]:
    """Return δ of every layer times `scale`, which is put in with the last one."""
    y1, y2 = outputs
    # (10) f′²(u²ᵢ) = y²ᵢ (1 − y²ᵢ)
    fprime2 = y2 * (1 - y2)
    # (11) δ²ᵢ = −2 eᵢ f′²(u²ᵢ)
    delta2 = -2 * scale[:, None] * e * fprime2
    # (13) f′¹(u¹ᵢ) = y¹ᵢ (1 − y¹ᵢ)
    fprime1 = y1 * (1 - y1)
    # (14) δ¹ᵢ = f′¹(u¹ᵢ) Σₖ W²ₖᵢ δ²ₖ
    delta1 = delta2 @ params.W2
    delta1 *= fprime1
    return delta1, delta2


def _gradient(
    params: Parameters,
    X: np.ndarray,
    D: np.ndarray,
    outputs: tuple[np.ndarray, ...],
    e: np.ndarray,
    scale: np.ndarray,
) -> Parameters:
    """Return ∂J/∂w for every parameter w."""
    y1 = outputs[0]
    N = D.shape[0]
    delta1, delta2 = _sensitivities(params, outputs, e, scale)
    ones = np.ones(N, D.dtype)
    # (19) ∂J/∂W¹ᵢⱼ = 1/(N N₂) Σₙ δ¹ᵢ(n) xⱼ(n)
    dJ_dW1 = delta1.T @ X
    # (20) ∂J/∂b¹ᵢ = 1/(N N₂) Σₙ δ¹ᵢ(n)
    dJ_db1 = ones @ delta1
    # (21) ∂J/∂W²ᵢⱼ = 1/(N N₂) Σₙ δ²ᵢ(n) y¹ⱼ(n)
    dJ_dW2 = delta2.T @ y1
    # (22) ∂J/∂b²ᵢ = 1/(N N₂) Σₙ δ²ᵢ(n)
    dJ_db2 = ones @ delta2
    return Parameters(dJ_dW1, dJ_db1, dJ_dW2, dJ_db2)


# ---- second derivatives, and derivatives of each sample ------------------------------


def _hessian_vector_product(params, X, D, V, scale) -> Parameters:
    """Return H V: ℛ is the derivative along V, and `scale` the factor of J."""
    N = D.shape[0]
    X, D = X.T, D.T
    ones = np.ones(N, D.dtype)
    # (1) u¹ᵢ = Σⱼ W¹ᵢⱼ xⱼ + b¹ᵢ
    u1 = params.W1 @ X
    u1 += params.b1[:, None]
    # (2) y¹ᵢ = _sigmoid(u¹ᵢ)
    y1 = _sigmoid(u1)
    # (3) u²ᵢ = Σⱼ W²ᵢⱼ y¹ⱼ + b²ᵢ
    u2 = params.W2 @ y1
    u2 += params.b2[:, None]
    # (4) y²ᵢ = _sigmoid(u²ᵢ)
    y2 = _sigmoid(u2)
    # (5) eᵢ = dᵢ − y²ᵢ
    e = D - y2
    # (10) f′²(u²ᵢ) = y²ᵢ (1 − y²ᵢ)
    fprime2 = y2 * (1 - y2)
    # (13) f′¹(u¹ᵢ) = y¹ᵢ (1 − y¹ᵢ)
    fprime1 = y1 * (1 - y1)
    # (11) δ²ᵢ = −2 eᵢ f′²ᵢ
    delta2 = -2 * scale * e * fprime2
    # (25) ℛu¹ᵢ = Σₖ ℛW¹ᵢₖ xₖ + ℛb¹ᵢ
    R_u1 = V.W1 @ X
    R_u1 += V.b1[:, None]
    # (26) ℛy¹ᵢ = ℛu¹ᵢ f′¹ᵢ
    R_y1 = R_u1 * fprime1
    # (27) ℛu²ᵢ = Σₖ ℛW²ᵢₖ y¹ₖ + Σₖ ℛy¹ₖ W²ᵢₖ + ℛb²ᵢ
    R_u2 = V.W2 @ y1
    R_u2 += params.W2 @ R_y1
    R_u2 += V.b2[:, None]
    # (28) ℛy²ᵢ = ℛu²ᵢ f′²ᵢ
    R_y2 = R_u2 * fprime2
    # (29) ℛeᵢ = −ℛy²ᵢ
    R_e = -R_y2
    # (30) ℛδ²ᵢ = −2 eᵢ ℛy²ᵢ (1 − 2 y²ᵢ) − 2 ℛeᵢ f′²ᵢ
    R_delta2 = scale * (-2 * R_y2 * e * (1 - 2 * y2) - 2 * R_e * fprime2)
    # (31) ℛδ¹ᵢ = ℛy¹ᵢ (1 − 2 y¹ᵢ) Σₛ W²ₛᵢ δ²ₛ + f′¹ᵢ (Σₖ ℛW²ₖᵢ δ²ₖ + Σₖ ℛδ²ₖ W²ₖᵢ)
    R_delta1 = params.W2.T @ delta2
    R_delta1 *= R_y1
    R_delta1 *= 1 - 2 * y1
    R_delta1 += fprime1 * (V.W2.T @ delta2 + params.W2.T @ R_delta2)
    # (36) ℛ∂J/∂W¹ᵢⱼ = 1/(N N₂) Σₙ ℛδ¹ᵢ(n) xⱼ(n)
    R_dJ_dW1 = R_delta1 @ X.T
    # (37) ℛ∂J/∂b¹ᵢ = 1/(N N₂) Σₙ ℛδ¹ᵢ(n)
    R_dJ_db1 = R_delta1 @ ones
    # (38) ℛ∂J/∂W²ᵢⱼ = 1/(N N₂) Σₙ (ℛδ²ᵢ(n) y¹ⱼ(n) + ℛy¹ⱼ(n) δ²ᵢ(n))
    R_dJ_dW2 = R_delta2 @ y1.T
    R_dJ_dW2 += delta2 @ R_y1.T
    # (39) ℛ∂J/∂b²ᵢ = 1/(N N₂) Σₙ ℛδ²ᵢ(n)
    R_dJ_db2 = R_delta2 @ ones
    return Parameters(R_dJ_dW1, R_dJ_db1, R_dJ_dW2, R_dJ_db2)


def _direction(V: Parameters, params: Parameters) -> Parameters:
    """Return V as arrays of the parameters' type, if it has their shapes."""
    alike = isinstance(V, tuple | list) and len(V) == len(params) and _is_fit(tuple(V))
    pairs = zip(V, params, strict=True) if alike else ()
    if alike and all(a.shape == b.shape and a.dtype == b.dtype for a, b in pairs):
        return Parameters(*V)
    # One by one, so that what is unfit is named.
    try:
        (V,) = _checked(V)
    except ValueError as error:
        said = str(error).replace("params", "V")
        raise ValueError(f"V is no direction of the parameters: {said}") from None
    for name, direction, array in zip(params._fields, V, params, strict=True):
        if direction.shape != array.shape:
            found, needed = direction.shape, array.shape
            raise ValueError(f"V.{name} has shape {found}, needs {needed} as in params")
        if direction.dtype.kind == "c" != array.dtype.kind:
            raise ValueError(f"V.{name} is complex, params have {array.dtype}")
    dtype, named = params[0].dtype, V._asdict().items()
    return Parameters(*[_cast(f"V.{name}", array, dtype) for name, array in named])


# Arrays have the samples on their last axis, n, here. A generator yields the terms of
# the blocks of a (K, K) matrix, one by one:
#
#     rows, columns   the variables u that the parameters of the block enter, or one
#                     parameter; see _ENTER
#     target          the block's indices: r, s of the rows, i, j of the columns; one
#                     that stands twice means the entries where the two are equal
#     left, right     the indices of factors and the factors; Σ_n of their product
#     constant        the same without samples, or None


def _hessian_terms(params, X, D, scale) -> Iterator[tuple]:
    """Yield the terms of ∂²J/∂w∂wᵀ, times `scale`, for these samples."""
    X, D = X.T, D.T
    z1 = _stacked(X, X, 1)
    # (1) u¹ᵢ = Σⱼ W¹ᵢⱼ xⱼ + b¹ᵢ
    u1 = params.W1 @ X
    u1 += params.b1[:, None]
    # (2) y¹ᵢ = f¹(u¹ᵢ)
    y1 = _sigmoid(u1)
    # (3) u²ᵢ = Σⱼ W²ᵢⱼ y¹ⱼ + b²ᵢ
    u2 = params.W2 @ y1
    u2 += params.b2[:, None]
    # (4) y²ᵢ = f²(u²ᵢ)
    y2 = _sigmoid(u2)
    # (5) eᵢ = dᵢ − y²ᵢ
    e = D - y2
    # (10) f′²(u²ᵢ) = y²ᵢ (1 − y²ᵢ)
    fprime2 = y2 * (1 - y2)
    # (13) f′¹(u¹ᵢ) = y¹ᵢ (1 − y¹ᵢ)
    fprime1 = y1 * (1 - y1)
    # (11) δ²ᵢ = −2 eᵢ f′²(u²ᵢ)
    delta2 = -2 * scale * e * fprime2
    # (53, 54) ∂²E/∂(W¹, b¹)∂W²: what W² is multiplied by changes
    yield "u1", "W2", "rsir", ("r,s", fprime1, z1), ("i", delta2), None
    # (14) δ¹ᵢ = f′¹(u¹ᵢ) Σₖ W²ₖᵢ δ²ₖ
    delta1 = params.W2.T @ delta2
    delta1 *= fprime1
    # (46) ∂δ²ᵢ/∂u²ⱼ = δ²ᵢ [i = j] (1 − 2 y²ᵢ) + 2 f′²(u²ᵢ) f′²(u²ⱼ) [i = j]
    diagonal_ddelta2_du2 = 2 * scale * fprime2**2 + delta2 - 2 * delta2 * y2
    z2 = _stacked(X, y1, 1)
    # (53, 54, 57, 58) ∂²E/∂(W¹, b¹)∂(W², b²)
    yield (
        "u1",
        "u2",
        "rsij",
        ("r,s", fprime1, z1),
        ("i,j", diagonal_ddelta2_du2, z2),
        ("ir", params.W2),
    )
    # (55, 56, 59) ∂²E/∂(W², b²)∂(W², b²)
    yield "u2", "u2", "rsrj", ("r", diagonal_ddelta2_du2), ("s,j", z2, z2), None
    # (48) ∂δ¹ᵢ/∂u¹ⱼ = f′¹(u¹ᵢ) Σₖ W²ₖᵢ ∂δ¹ⱼ/∂u²ₖ + δ¹ᵢ [i = j] (1 − 2 y¹ᵢ)
    ddelta1_du1 = _apply(
        (params.W2[:, :, None] * params.W2[:, None]).transpose(1, 2, 0),
        diagonal_ddelta2_du2,
    )
    ddelta1_du1 *= fprime1[:, None]
    ddelta1_du1 *= fprime1
    _diagonal(ddelta1_du1)[...] += delta1 - 2 * delta1 * y1
    # (50–52) ∂²E/∂(W¹, b¹)∂(W¹, b¹)
    yield "u1", "u1", "rsij", ("ir", ddelta1_du1), ("j,s", z1, z1), None


def _gauss_newton_terms(params, X, D, scale) -> Iterator[tuple]:
    """Yield the terms of the Gauss-Newton matrix, times `scale`, for these samples."""
    X, D = X.T, D.T
    z1 = _stacked(X, X, 1)
    # (1) u¹ᵢ = Σⱼ W¹ᵢⱼ xⱼ + b¹ᵢ
    u1 = params.W1 @ X
    u1 += params.b1[:, None]
    # (2) y¹ᵢ = f¹(u¹ᵢ)
    y1 = _sigmoid(u1)
    # (3) u²ᵢ = Σⱼ W²ᵢⱼ y¹ⱼ + b²ᵢ
    u2 = params.W2 @ y1
    u2 += params.b2[:, None]
    # (4) y²ᵢ = f²(u²ᵢ)
    y2 = _sigmoid(u2)
    # (10) f′²(u²ᵢ) = y²ᵢ (1 − y²ᵢ)
    fprime2 = y2 * (1 - y2)
    z2 = _stacked(X, y1, 1)
    # (70, 71, 74) the block of (W², b²) and (W², b²)
    yield "u2", "u2", "rsrj", ("r", fprime2**2), ("s,j", z2, z2), ("", 2 * scale)
    # (13) f′¹(u¹ᵢ) = y¹ᵢ (1 − y¹ᵢ)
    fprime1 = y1 * (1 - y1)
    # (68, 69, 72, 73) the block of (W¹, b¹) and (W², b²)
    yield (
        "u1",
        "u2",
        "rsij",
        ("r,s", fprime1, z1),
        ("i,j", fprime2**2, z2),
        (",ir", 2 * scale, params.W2),
    )
    # (64) ∂²G/∂u¹ᵢ∂u¹ⱼ = f′¹(u¹ᵢ) Σₖ W²ₖᵢ ∂²G/∂u¹ⱼ∂u²ₖ
    d2G_du1_du1 = _apply(
        (params.W2[:, :, None] * params.W2[:, None]).transpose(1, 2, 0), fprime2**2
    )
    d2G_du1_du1 *= 2 * scale
    d2G_du1_du1 *= fprime1[:, None]
    d2G_du1_du1 *= fprime1
    # (65–67) the block of (W¹, b¹) and (W¹, b¹)
    yield "u1", "u1", "rsij", ("ir", d2G_du1_du1), ("j,s", z1, z1), None


def _jacobian_terms(params, X) -> Iterator[tuple]:
    """Yield ∂y/∂u, (i, j, n), of each variable that parameters enter, and z."""
    X = X.T
    # (1) u¹ᵢ = Σⱼ W¹ᵢⱼ xⱼ + b¹ᵢ
    u1 = params.W1 @ X
    u1 += params.b1[:, None]
    # (2) y¹ᵢ = f¹(u¹ᵢ)
    y1 = _sigmoid(u1)
    # (3) u²ᵢ = Σⱼ W²ᵢⱼ y¹ⱼ + b²ᵢ
    u2 = params.W2 @ y1
    u2 += params.b2[:, None]
    # (4) y²ᵢ = f²(u²ᵢ)
    y2 = _sigmoid(u2)
    # (10) f′²(u²ᵢ) = y²ᵢ (1 − y²ᵢ)
    fprime2 = y2 * (1 - y2)
    # (13) f′¹(u¹ᵢ) = y¹ᵢ (1 − y¹ᵢ)
    fprime1 = y1 * (1 - y1)
    z1 = _stacked(X, X, 1)
    z2 = _stacked(X, y1, 1)
    yield "u1", params.W2[:, :, None] * fprime1 * fprime2[:, None], z1
    yield "u2", _diagonal_matrix(fprime2), z2


def _input_jacobian(params, X) -> np.ndarray:
    """Return ∂y/∂x, (i, j, n)."""
    X = X.T
    # (1) u¹ᵢ = Σⱼ W¹ᵢⱼ xⱼ + b¹ᵢ
    u1 = params.W1 @ X
    u1 += params.b1[:, None]
    # (2) y¹ᵢ = f¹(u¹ᵢ)
    y1 = _sigmoid(u1)
    # (3) u²ᵢ = Σⱼ W²ᵢⱼ y¹ⱼ + b²ᵢ
    u2 = params.W2 @ y1
    u2 += params.b2[:, None]
    # (4) y²ᵢ = f²(u²ᵢ)
    y2 = _sigmoid(u2)
    # (10) f′²(u²ᵢ) = y²ᵢ (1 − y²ᵢ)
    fprime2 = y2 * (1 - y2)
    # (13) f′¹(u¹ᵢ) = y¹ᵢ (1 − y¹ᵢ)
    fprime1 = y1 * (1 - y1)
    # (43) ∂y²ᵢ/∂xⱼ = f′²(u²ᵢ) Σₖ f′¹(u¹ₖ) W¹ₖⱼ W²ᵢₖ
    dy2_dx = _apply(
        (params.W1[:, :, None] * params.W2.T[:, None]).transpose(1, 2, 0), fprime1
    ).transpose(1, 0, 2)
    dy2_dx *= fprime2[:, None]
    result = dy2_dx
    return result


def _sample_gradient_terms(params, X, D, scale) -> Iterator[tuple]:
    """Yield ∂E/∂u, (i, n), of each variable that parameters enter, and z."""
    X, D = X.T, D.T
    # (1) u¹ᵢ = Σⱼ W¹ᵢⱼ xⱼ + b¹ᵢ
    u1 = params.W1 @ X
    u1 += params.b1[:, None]
    # (2) y¹ᵢ = f¹(u¹ᵢ)
    y1 = _sigmoid(u1)
    # (3) u²ᵢ = Σⱼ W²ᵢⱼ y¹ⱼ + b²ᵢ
    u2 = params.W2 @ y1
    u2 += params.b2[:, None]
    # (4) y²ᵢ = f²(u²ᵢ)
    y2 = _sigmoid(u2)
    # (5) eᵢ = dᵢ − y²ᵢ
    e = D - y2
    # (10) f′²(u²ᵢ) = y²ᵢ (1 − y²ᵢ)
    fprime2 = y2 * (1 - y2)
    # (13) f′¹(u¹ᵢ) = y¹ᵢ (1 − y¹ᵢ)
    fprime1 = y1 * (1 - y1)
    # (11) δ²ᵢ = −2 eᵢ f′²(u²ᵢ)
    delta2 = -2 * scale * e * fprime2
    # (14) δ¹ᵢ = f′¹(u¹ᵢ) Σₖ W²ₖᵢ δ²ₖ
    delta1 = params.W2.T @ delta2
    delta1 *= fprime1
    z1 = _stacked(X, X, 1)
    z2 = _stacked(X, y1, 1)
    yield "u1", delta1, z1
    yield "u2", delta2, z2


# The parameters that enter each variable, as they lie in the factors z.
_ENTER = {
    "u1": ("W1", "b1"),
    "u2": ("W2", "b2"),
}

# Numbers of one sample held at a time: {"N1 N2": 3} are three arrays (N1, N2).
_HELD = {
    _hessian_terms: (
        {"": 6, "N0": 2, "N1": 7, "N2": 7},
        {"": 6, "N0": 3, "N1": 5, "N1 N1": 2, "N2": 6},
    ),
    _gauss_newton_terms: (
        {"": 6, "N0": 2, "N1": 6, "N2": 4},
        {"": 6, "N0": 3, "N1": 4, "N1 N1": 2, "N2": 3},
    ),
    _jacobian_terms: ({"": 4, "N0": 3, "N1": 6, "N2": 5, "N2 N1": 2, "N2 N2": 2},),
    _input_jacobian: ({"N1": 5, "N2": 5, "N2 N0": 3},),
    _sample_gradient_terms: ({"": 4, "N0": 3, "N1": 7, "N2": 7},),
}


def _apply(A: np.ndarray, T: np.ndarray) -> np.ndarray:
    """Return Σ_k A[…, k] T[k, …], one matrix product."""
    product = A.reshape(-1, A.shape[-1]) @ T.reshape(len(T), -1)
    return product.reshape(*A.shape[:-1], *T.shape[1:])


def _diagonal(T: np.ndarray) -> np.ndarray:
    """Return the view T[i, i, n] (or T[i, i], without samples)."""
    if T.flags.c_contiguous:
        return T.reshape(len(T) ** 2, *T.shape[2:])[:: len(T) + 1]
    return np.einsum("ii...->i...", T)


def _ones(like: np.ndarray) -> np.ndarray:
    """Return a 1 for each sample."""
    return np.ones(like.shape[-1], like.dtype)


def _stacked(like: np.ndarray, *rows: np.ndarray | float) -> np.ndarray:
    """Return arrays (…, n) one below the other; a number is a row of its own."""
    lengths = [len(a) if isinstance(a, np.ndarray) else 1 for a in rows]
    result = np.empty((sum(lengths), like.shape[-1]), like.dtype)
    end = 0
    for row, length in zip(rows, lengths, strict=True):
        result[end : end + length] = row
        end += length
    return result


def _ranges(shapes: tuple) -> dict[str, slice]:
    """Return the places of the parameters in w."""
    ends = list(itertools.accumulate(map(math.prod, shapes)))
    return dict(zip(Parameters._fields, map(slice, [0, *ends[:-1]], ends), strict=True))


def _matrix_shape(array: np.ndarray) -> tuple[int, int]:
    """Return a parameter's shape, a vector as a matrix of one column."""
    return (array.shape[0], array.size // array.shape[0])


def _places(name: str, shapes: dict) -> list[tuple[str, tuple[int, int]]]:
    """Return the parameters of a variable with their rows of z; or the parameter."""
    if name not in _ENTER:
        return [(name, (0, shapes[name][1]))]
    places, end = [], 0
    for parameter in _ENTER[name]:
        start, end = end, end + shapes[parameter][1]
        places.append((parameter, (start, end)))
    return places


@functools.lru_cache(1024)
def _numbers(function, shapes: tuple) -> int:
    """Return how many numbers of one sample a function holds at a time."""
    sizes: dict[str, int] = {}
    for names, shape in zip(_SHAPES.values(), shapes, strict=True):
        sizes.update(zip(names, shape, strict=True))
    return max(
        sum(c * math.prod(sizes[s] for s in k.split()) for k, c in one.items())
        for one in _HELD[function]
    )


def _bytes_given(function, params, workspace) -> tuple[int, int, int]:
    """Return how many samples a workspace takes, its bytes and those of one sample."""
    if workspace is True or not isinstance(workspace, int | np.integer):
        raise ValueError(f"workspace is {workspace!r}, needs an integer: bytes")
    numbers = _numbers(function, tuple(array.shape for array in params))
    needed = numbers * params[0].dtype.itemsize
    if workspace < needed:
        raise ValueError(
            f"workspace is {workspace!r}, needs at least {needed} bytes, for one sample"
        )
    return int(workspace) // needed, int(workspace), needed


def _check_size(shape: tuple[int, ...], params: Parameters, instead: str = "") -> None:
    """Refuse a result that is larger than the machine's memory, and say what to do."""
    try:
        memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    except (AttributeError, ValueError, OSError):
        return  # not known on this system
    needed = math.prod(shape) * params[0].dtype.itemsize
    if needed > memory:
        K = sum(array.size for array in params)
        raise MemoryError(
            f"an array {shape} for K = {K} parameters "
            f"takes {needed / 2**30:.1f} GiB{instead}"
        )


def _diagonal_matrix(v: np.ndarray) -> np.ndarray:
    """Return T with T[i, i, n] = v[i, n] and zeros elsewhere."""
    result = np.zeros((len(v), *v.shape), v.dtype)
    _diagonal(result)[...] = v
    return result


def _output_size(params: Parameters) -> int:
    """Return the number of outputs."""
    sizes: dict[str, int] = {}
    for shape, array in zip(_SHAPES.values(), params, strict=True):
        sizes.update(zip(shape, array.shape, strict=True))
    return sizes["N2"]


def _filled(terms, params, rows, workspace, *arguments) -> np.ndarray:
    """Return the derivatives by all parameters, (*rows, K), rows[0] the samples."""
    K, dtype = sum(array.size for array in params), params[0].dtype
    _check_size((*rows, K), params, "; take fewer samples at a time")
    parts = _parts_of(rows[0], terms, params, workspace)
    result = np.zeros((*rows, K), dtype)
    for part in parts:
        own = [a[part] if isinstance(a, np.ndarray) else a for a in arguments]
        _fill(result[part], terms(params, *own), params)
    return result


def _parts_of(N: int, function, params, workspace) -> list[slice]:
    """Return the samples in parts of nearly equal length that the workspace takes."""
    step = min(N, _bytes_given(function, params, workspace)[0])
    count = -(-N // step)
    return [slice(N * k // count, N * (k + 1) // count) for k in range(count)]


def _fill(result: np.ndarray, terms, params: Parameters) -> None:
    """Write the derivatives by all parameters, (n, …, K)."""
    rows = result.shape[:-1]
    shapes = tuple(map(_matrix_shape, params))
    ranges = _ranges(shapes)
    shape_of = dict(zip(params._fields, shapes, strict=True))
    seen: set[str] = set()
    for node, change, z in terms:
        change = np.broadcast_to(change, (*change.shape[:-1], rows[0]))
        change = np.moveaxis(change, -1, 0)[..., None]
        for name, part in _places(node, shape_of):
            factor = z[slice(*part)].T.reshape(rows[0], *(1,) * len(rows), -1)
            into = result[..., ranges[name]].reshape(*rows, *shape_of[name])
            if name in seen:
                into += change * factor
            else:
                np.multiply(change, factor, out=into)
                seen.add(name)


def _outer(*arrays: np.ndarray) -> np.ndarray:
    """Return the products of all entries of arrays with the samples last."""
    result = arrays[0]
    for array in arrays[1:]:
        inner = array.ndim - 1
        result = result.reshape(*result.shape[:-1], *(1,) * inner, -1) * array
    return result


class _Upper:
    """The upper triangle of a (K, K) matrix, which takes the terms of its blocks."""

    def __init__(self, params: Parameters, matrix: np.ndarray) -> None:
        self.matrix = matrix
        self.shapes = tuple(map(_matrix_shape, params))

    def places(self, rows: str, columns: str) -> list[tuple]:
        """Return where the terms of a pair of variables go.

        It is a list of views with axes (r, s, i, j), the rows of z that belong to s and
        to j, and whether row and column are different parameters.
        """
        found = _upper_places(self.shapes, rows, columns)
        return [
            (self.matrix[at].reshape(shape).transpose(axes), *rest)
            for at, shape, axes, *rest in found
        ]

    def goals(self, rows: str, columns: str, target: str, letters: str) -> list[tuple]:
        """Return where a product with these indices goes, as views with its axes.

        Beside each view the rows of z that belong to s and j, and the product's part.
        """
        found = _upper_goals(self.shapes, rows, columns, target, letters)
        views = [
            (self.matrix[at].reshape(shape).transpose(axes), equal, *rest)
            for at, shape, axes, equal, *rest in found
        ]
        return [
            (np.einsum(equal, view) if equal else view, *rest)
            for view, equal, *rest in views
        ]


@functools.lru_cache(1024)
def _upper_places(shapes: tuple, rows: str, columns: str) -> tuple[tuple, ...]:
    """Return what `_Upper.places` needs to know, for parameters of these shapes."""
    ranges = _ranges(shapes)
    shape_of = dict(zip(Parameters._fields, shapes, strict=True))
    found = []
    for first, s in _places(rows, shape_of):
        for second, j in _places(columns, shape_of):
            names, axes = (first, second), [(0, 1, 2, 3)]
            if ranges[first].start > ranges[second].start:
                if rows == columns:
                    continue  # the pair exchanged is there as well
                names, axes = (second, first), [(2, 3, 0, 1)]
            elif first == second and rows != columns:
                axes.append((2, 3, 0, 1))
            at = tuple(ranges[name] for name in names)
            shape = tuple(n for name in names for n in shape_of[name])
            found += [(at, shape, order, s, j, first != second) for order in axes]
    return tuple(found)


@functools.lru_cache(1024)
def _upper_goals(shapes: tuple, rows: str, columns: str, *of: str) -> tuple[tuple, ...]:
    """Return what `_Upper.goals` needs to know, for parameters of these shapes."""
    target, letters = of
    axes, equal = _axes(target, letters), ""
    if axes is None:
        axes, equal = (0, 1, 2, 3), f"{target}->{letters}"
    return tuple(
        (at, shape, tuple(order[a] for a in axes), equal, s, j, _whole(letters, s, j))
        for at, shape, order, s, j, _ in _upper_places(shapes, rows, columns)
    )


class _Block:
    """One block, as an array with axes (r, s, i, j)."""

    def __init__(self, params: Parameters, first: str, second: str) -> None:
        shapes = {f: _matrix_shape(a) for f, a in params._asdict().items()}
        self.shapes, self.names = shapes, (first, second)
        _check_size((*shapes[first], *shapes[second]), params)
        self.array = np.zeros((*shapes[first], *shapes[second]), params[0].dtype)

    def places(self, rows: str, columns: str) -> list[tuple]:
        """Return where the terms of a pair of variables go; see `_Upper.places`."""
        found, turned = [], self.array.transpose(2, 3, 0, 1)
        for first, s in _places(rows, self.shapes):
            for second, j in _places(columns, self.shapes):
                if (first, second) == self.names:
                    found.append((self.array, s, j, first != second))
                if (second, first) == self.names and rows != columns:
                    found.append((turned, s, j, first != second))
        return found

    def goals(self, rows: str, columns: str, target: str, letters: str) -> list[tuple]:
        """Return where a product with these indices goes; see `_Upper.goals`."""
        return [
            (_reordered(view, target, letters), s, j, _whole(letters, s, j))
            for view, s, j, _ in self.places(rows, columns)
        ]


class _Diagonal:
    """The diagonal, in arrays of the parameters' shapes."""

    def __init__(self, params: Parameters) -> None:
        self.shapes = {f: _matrix_shape(a) for f, a in params._asdict().items()}
        self.arrays = {f: np.zeros_like(a) for f, a in params._asdict().items()}


def _square(terms, params, X, D, sample_weight, out, workspace) -> np.ndarray:
    """Return the (K, K) matrix of these terms."""
    K, dtype = sum(array.size for array in params), params[0].dtype
    instead = ""
    if terms.__name__ == "_hessian_terms":
        instead = (
            "; hessian_vector_product, hessian_diagonal and hessian_block do without it"
        )
    _check_size((K, K), params, instead)
    if out is not None:
        _check_out(out, K, dtype, *params, X, D)
    plan = _plan(terms, params, X, workspace)
    if out is None:
        out = np.zeros((K, K), dtype)
    else:
        out.fill(0)
    _sum_terms(_Upper(params, out), terms, plan, params, X, D, sample_weight)
    _mirror(out)
    return out


def _check_out(out: np.ndarray, K: int, dtype: np.dtype, *others: np.ndarray) -> None:
    """Refuse what cannot take a matrix (K, K), or is where the arguments are."""
    if type(out) is not np.ndarray or out.shape != (K, K) or out.dtype != dtype:
        kind = f"{out.shape} {out.dtype}" if type(out) is np.ndarray else type(out)
        raise ValueError(f"out is {kind}, needs ({K}, {K}) {dtype}")
    if not (out.flags.c_contiguous and out.flags.writeable):
        raise ValueError("out is not a writeable array that is contiguous in C order")
    if any(np.may_share_memory(out, other) for other in others):
        raise ValueError("out shares memory with params, X or D")


def _plan(terms, params, X, workspace) -> tuple[int, int]:
    """Return how many samples are taken at a time, and how many numbers a tile has."""
    _, workspace, needed = _bytes_given(terms, params, workspace)
    step = int(min(len(X), workspace * 5 // 8 // needed or 1))
    parts = -(-len(X) // step)
    step = -(-len(X) // parts)  # parts of equal length
    tile = (workspace - step * needed) // 6 // params[0].dtype.itemsize
    if step * needed > 2**18:
        # What the C library once frees in one piece it keeps for the next arrays.
        np.empty(min(workspace // 2, 31 * 2**20), np.int8)
    return step, tile


def _sum_terms(into, terms, plan, params, X, D, sample_weight) -> None:
    """Add the terms of all samples, as many at a time as the workspace takes."""
    step, tile = plan
    scale = _scale(D, sample_weight)
    factor = 1.0 if sample_weight is not None else scale[0].item()
    for start in range(0, len(X), step):
        part = slice(start, start + step)
        for term in terms(params, X[part], D[part], factor):
            if sample_weight is not None:
                term = _weighted(scale[part], *term)
            if isinstance(into, _Diagonal):
                _add_diagonal(into, *term)
            else:
                _add_term(into, tile, *term)


def _weighted(scale, rows, columns, target, left, right, constant) -> tuple:
    """Return a term with each sample's weight: it is linear in the sample's cost."""
    letters, first, *others = left
    return rows, columns, target, (letters, first * scale, *others), right, constant


def _add_term(into, tile, rows, columns, target, left, right, constant) -> None:
    """Add Σ_n left · right · constant to the blocks of a pair of variables."""
    if _is_symmetric(into, rows, columns, left, right):
        places = into.places(rows, columns)
        _add_symmetric(places, tile, left[1], right[1], constant)
        return
    own = constant[0] if constant else ""
    letters, count = _letters(left[0], right[0], own, target)
    goals = into.goals(rows, columns, target, letters)
    if not goals:
        return
    C = _aligned(constant, letters) if constant else None
    extra = 1 if C is None else math.prod(C.shape[count:])
    more = (1,) * (len(letters) - count)
    lengths = [math.prod(a.size // a.shape[-1] for a in g[1:]) for g in (left, right)]
    if max(max(lengths) * left[1].shape[-1], math.prod(lengths) * extra) <= tile:
        product = _product(_outer(*left[1:]), _outer(*right[1:]), more)
        product = product if C is None else product * C
        for view, _, _, whole in goals:
            view += product[whole]
        return
    for R, right_part in _tiles(right, 2 * tile, tile // lengths[0]):
        for L, left_part in _tiles(left, tile, tile // (R[..., 0].size * extra)):
            part = left_part | right_part
            product = _product(L, R, more)
            if C is not None:
                piece = C[_inside(letters, part, C.shape)] if part else C
                own = product if extra == 1 else None
                product = np.multiply(product, piece, out=own)
            for view, s, j, whole in goals:
                if part:
                    goal, source = _common(letters, part, s, j)
                    view[goal] += product[source]
                else:
                    view += product[whole]


@functools.lru_cache(1024)
def _letters(left: str, right: str, constant: str, target: str) -> tuple[str, int]:
    """Return the indices of a product, and how many of them its factors with n have."""
    letters = (left + right).replace(",", "")
    others = dict.fromkeys(c for c in constant + target if c.isalpha())
    return letters + "".join(c for c in others if c not in letters), len(letters)


def _product(L: np.ndarray, R: np.ndarray, more: tuple[int, ...]) -> np.ndarray:
    """Return Σ_n L[…, n] R[…, n], with axes of length 1 at the end."""
    product = L.reshape(-1, L.shape[-1]) @ R.reshape(-1, R.shape[-1]).T
    return product.reshape(*L.shape[:-1], *R.shape[:-1], *more)


def _tiles(group: tuple, numbers: int, rows: int) -> Iterator[tuple[np.ndarray, dict]]:
    """Yield an outer product in parts of at most so many numbers, or one of its rows.

    Beside it the range of its first index that a part has, if it is not the whole.
    """
    letters, first, *others = group
    inner = math.prod(math.prod(a.shape[:-1]) for a in (first[:1], *others))
    step = max(1, min(rows, numbers // first.shape[-1]) // inner)
    if first.ndim == 1 or step >= len(first):
        yield _outer(first, *others), {}
        return
    for start in range(0, len(first), step):
        stop = min(start + step, len(first))
        yield _outer(first[start:stop], *others), {letters[0]: slice(start, stop)}


def _inside(letters: str, part: dict, shape: tuple[int, ...]) -> tuple[slice, ...]:
    """Return the index of a part of a factor; an axis of length 1 stands for all."""
    everything = slice(None)
    return tuple(
        part.get(c, everything) if n > 1 else everything
        for c, n in zip(letters, shape, strict=False)
    )


@functools.lru_cache(1024)
def _whole(letters: str, s: tuple[int, int], j: tuple[int, int]) -> tuple[slice, ...]:
    """Return the index of a parameter's rows of a product with these indices."""
    ranges = {"s": slice(*s), "j": slice(*j)}
    return tuple(ranges.get(letter, slice(None)) for letter in letters)


def _common(letters: str, part: dict, s: tuple, j: tuple) -> tuple[tuple, tuple]:
    """Return what a part of a product and a parameter's rows have in common.

    Args:
        letters: the indices of the product.
        part: the ranges of indices that the part has.
        s: the range of s that belongs to the parameter.
        j: the range of j.

    Returns:
        Where it is in the parameter's block, and where in the part.
    """
    ranges = {"s": slice(*s), "j": slice(*j)}
    goal, source = [], []
    for letter in letters:
        here, own = part.get(letter), ranges.get(letter)
        if here is None or own is None:
            goal.append(here or slice(None))
            source.append(own or slice(None))
            continue
        start = max(here.start, own.start)
        stop = max(start, min(here.stop, own.stop))
        goal.append(slice(start - own.start, stop - own.start))
        source.append(slice(start - here.start, stop - here.start))
    return tuple(goal), tuple(source)


def _is_symmetric(into, rows, columns, left, right) -> bool:
    """Whether a term is Σ_n S z_s z_j of one variable, and large."""
    return (
        rows == columns
        and len(left) == 2
        and len(right) == 3
        and right[1] is right[2]
        and isinstance(into, _Upper)
        and left[1].size * len(right[1]) ** 2 > _SMALL
    )


@functools.cache
def _axes(target: str, letters: str) -> tuple[int, ...] | None:
    """Return the axes that bring an array to this order, if no index stands twice."""
    return tuple(map(target.index, letters)) if len({*target}) == len(target) else None


def _reordered(view: np.ndarray, target: str, letters: str) -> np.ndarray:
    """Return the entries of a block as a view with these axes."""
    axes = _axes(target, letters)
    if axes is None:
        return np.einsum(f"{target}->{letters}", view)
    return view.transpose(axes)


def _aligned(constant: tuple, letters: str) -> np.ndarray:
    """Return a product of arrays without samples, with an axis for every letter."""
    own, *arrays = constant
    result = np.ones((1,) * len(letters))
    for (k, order, index), array in zip(_alignment(own, letters), arrays, strict=True):
        if k:
            array = _reordered(array, k, order)[index]
        result = array * result
    return result


@functools.lru_cache(1024)
def _alignment(own: str, letters: str) -> list[tuple[str, str, tuple]]:
    """Return for each array of a constant its indices, their order and its index."""
    return [
        (
            k,
            "".join(c for c in letters if c in k),
            tuple(slice(None) if c in k else None for c in letters),
        )
        for k in own.split(",")
    ]


def _add_symmetric(places, tile, S, z, constant) -> None:
    """Add Σ_n S z_s z_j by a quarter of it: S is symmetric, or has one index.

    Only pairs s ≤ j are multiplied, and of a symmetric S only r ≤ i.
    """
    single = S.ndim == 2
    counts = [1] * len(S) if single else list(range(len(S), 0, -1))
    C = _aligned(constant, "r" if single else "ri") if constant else 1
    C = np.broadcast_to(C, S.shape[:-1])
    for r0, r1 in _parts(counts, max(1, tile // len(z))):
        left, factor = S[r0:r1], C[r0:r1]
        if not single:
            left = np.concatenate([S[r, r:] for r in range(r0, r1)])
            factor = np.concatenate([C[r, r:] for r in range(r0, r1)])
        width = max(1, tile // max(S.shape[-1], 2 * len(left)))
        for s0, s1 in _parts(range(len(z), 0, -1), width):
            product = left @ _pairs(z, s0, s1).T
            if constant is not None:
                product *= factor[:, None]
            square = product.take(_pair_places(s0, s1, len(z)), axis=1)
            _add_square(places, square, counts[r0:r1], r0, s0)


def _parts(counts, most: int) -> Iterator[tuple[int, int]]:
    """Yield ranges of items whose counts add up to at most this, or one item."""
    start = total = 0
    for stop, count in enumerate(counts):
        if stop > start and total + count > most:
            yield start, stop
            start, total = stop, 0
        total += count
    yield start, len(counts)


def _pairs(z: np.ndarray, s0: int, s1: int) -> np.ndarray:
    """Return the products z_s z_j, s0 ≤ s < s1 and s ≤ j."""
    lengths = [len(z) - s for s in range(s0, s1)]
    result = np.empty((sum(lengths), z.shape[1]), z.dtype)
    end = 0
    for s, length in enumerate(lengths, s0):
        start, end = end, end + length
        np.multiply(z[s], z[s:], out=result[start:end])
    return result


def _pair_places(s0: int, s1: int, length: int) -> np.ndarray:
    """Return where the products z_s z_j, s0 ≤ s < s1 and j ≥ s0, lie in `_pairs`."""
    s, j = np.ogrid[: s1 - s0, : length - s0]
    low, high = np.minimum(s, j), np.maximum(s, j)
    return low * (2 * (length - s0) - low - 1) // 2 + high


def _add_square(places, square, counts, r0: int, s0: int) -> None:
    """Add entries of a symmetric block, and those that are equal to them.

    Args:
        places: where to.
        square: entries (r, i) one below the other, s from s0, j from s0.
        counts: the number of entries of each r; they go to i ≥ r.
        r0: the first r.
        s0: the first s, and j.
    """
    s1, end = s0 + square.shape[1], s0 + square.shape[2]
    turned = square.transpose(0, 2, 1)  # rows s > s1 are columns of what is above them
    regions = []
    for view, s, j, both in places:
        for values, first, a, b in ((square, s0, s1, end), (turned, s1, end, s1)):
            rows = (max(s[0], first), min(s[1], a))
            columns = (max(j[0], s0), min(j[1], b))
            if rows[0] < rows[1] and columns[0] < columns[1]:
                own = values[:, _less(rows, s0), _less(columns, s0)]
                goal = view[:, _less(rows, s[0]), :, _less(columns, j[0])]
                regions.append((goal, own, both))
    end = 0
    for r, count in enumerate(counts, r0):
        start, end = end, end + count
        for view, values, both in regions:
            own = values[start:end]
            if view.shape[2] - r == count:
                view[r, :, r:] += own.transpose(1, 0, 2)
                if both:  # i < r is not below the diagonal of H
                    view[r + 1 :, :, r] += own[1:]
            else:
                view[r, :, r] += own[0]


def _less(part: tuple[int, int], start: int) -> slice:
    """Return a range counted from another start."""
    return slice(part[0] - start, part[1] - start)


def _add_diagonal(into, rows, columns, target, left, right, constant) -> None:
    """Add the entries of a term whose row is its column: r = i, s = j."""
    for first, s in _places(rows, into.shapes):
        for second, j in _places(columns, into.shapes):
            if first != second:
                continue
            equal = {"i": "r", "j": "s"}
            if target == "rsir":  # j = r, so that s = j = r
                equal = dict.fromkeys("ijs", "r")
            operands = []
            for spec, *arrays in filter(None, (left, right, constant)):
                for k, array in zip(spec.split(","), arrays, strict=True):
                    array = np.asarray(array)[_whole(k, s, j)]
                    named = "".join(equal.get(c, c) for c in k)
                    sample = "" if spec is (constant or " ")[0] else "n"
                    operands.append((named + sample, array))
            factor = 1 if rows == columns else 2
            result = into.arrays[first].reshape(into.shapes[first])
            _add_entries(result, operands, factor)


def _add_entries(result: np.ndarray, operands: list, factor: int) -> None:
    """Add to an array the sum over n of a product of factors with indices r and s."""
    groups: dict[str, np.ndarray] = {}
    for letters, array in operands:
        letters, array = _without_repeats(letters, array)
        groups[letters] = groups[letters] * array if letters in groups else array
    scalar = groups.pop("", 1) * factor
    rs = groups.pop("rs", None)
    for letters in "r", "s":
        if letters in groups:
            vector = groups.pop(letters)
            vector = vector[:, None] if letters == "r" else vector
            rs = vector if rs is None else rs * vector
    r, s, both = (groups.get(k) for k in ("rn", "sn", "rsn"))
    if both is not None:
        if r is not None:
            both = both * r[:, None]
        total = np.einsum("rsn,sn->rs", both, s) if s is not None else both.sum(-1)
    elif r is None:
        total = np.broadcast_to(s.sum(-1), result.shape)
    elif s is None:
        np.einsum("rr->r", result)[...] += scalar * r.sum(-1)
        return
    else:
        total = r @ s.T
    result += scalar * total if rs is None else scalar * total * rs


def _without_repeats(letters: str, array: np.ndarray) -> tuple[str, np.ndarray]:
    """Return an array with each letter once, as r, s, n; "rr" is the diagonal."""
    order = "".join(c for c in "rsn" if c in letters)
    if letters == order:
        return letters, array
    return order, np.einsum(f"{letters}->{order}", array)


def _mirror(H: np.ndarray, tile: int = 64) -> None:
    """Copy the upper triangle of a matrix to the lower one."""
    tile = len(H) if len(H) <= 2 * tile else tile
    places = np.arange(tile)
    below = places[:, None] > places
    for start in range(0, len(H), tile):
        stop = min(start + tile, len(H))
        H[stop:, start:stop] = H[start:stop, stop:].T
        corner = H[start:stop, start:stop]
        np.copyto(corner, corner.T, where=below[: stop - start, : stop - start])


# ---- weights of samples --------------------------------------------------------------


def _scale(D: np.ndarray, sample_weight: np.ndarray | None = None) -> np.ndarray:
    """Return what multiplies E of each sample in J, (N,): the factor of J, weighted.

    Raises:
        ValueError: there are weights, and they are unfit.
    """
    N, N2 = D.shape
    if sample_weight is None:
        return np.full(len(D), 1 / (N * N2), D.dtype)
    weights = _weights(sample_weight, D)
    N = weights.sum()
    return 1 / (N * N2) * weights


def _weights(sample_weight: np.ndarray, D: np.ndarray) -> np.ndarray:
    """Return the weights of samples as numbers of D's type.

    Raises:
        ValueError: they are no such numbers, are negative or all zero.
    """
    weights = np.asarray(sample_weight)
    if weights.dtype.kind not in "biuf" or weights.shape != (len(D),):
        found = f"has shape {weights.shape} and type {weights.dtype}"
        raise ValueError(f"sample_weight {found}, needs ({len(D)},) and real numbers")
    with np.errstate(over="ignore", invalid="ignore"):  # see `_array`
        weights = _array("sample_weight", weights.astype(D.real.dtype))
    if weights.min() < 0:
        row = int(weights.argmin())
        found = f"sample_weight is {weights[row]} in row {row}"
        raise ValueError(f"{found}, needs numbers that are not negative")
    if not weights.any():
        raise ValueError("sample_weight is zero for all samples")
    return weights


# ---- what arguments must be ----------------------------------------------------------


def _checked(params: Parameters, *data: np.ndarray) -> tuple:
    """Return params and the data, X or X and D, as arrays of the parameters' type.

    Raises:
        ValueError: one of them is unfit; it is named.
    """
    listed = isinstance(params, tuple | list)
    if not listed or len(params) != len(_SHAPES):
        kind = type(params).__name__
        found = f"has {len(params)} arrays" if listed else f"is a {kind}"
        raise ValueError(f"params {found}, needs {', '.join(_SHAPES)}")
    values = (*params, *data)
    if _is_fit(values):
        return Parameters(*values[: len(params)]), *data
    # One by one, so that what is unfit is named.
    shapes, sizes = _expected()
    arrays = []
    with np.errstate(over="ignore", invalid="ignore"):  # see `_array`
        for (name, shape), value in zip(shapes.items(), values, strict=False):
            arrays.append(_array(name, value))
            _fit(name, arrays[-1], shape, sizes)
    own = arrays[: len(params)]
    dtype = np.result_type(*own)
    if any(array.dtype.kind == "c" for array in arrays):
        dtype = np.result_type(dtype, np.complex64)
    arrays = [_cast(f, a, dtype) for f, a in zip(shapes, arrays, strict=False)]
    return Parameters(*arrays[: len(params)]), *arrays[len(params) :]


def _is_fit(values: tuple) -> bool:
    """Return whether these are finite arrays of one real type and of fitting shapes."""
    if not all(type(a) is np.ndarray for a in values):
        return False
    dtype = values[0].dtype
    if dtype.kind != "f" or any(a.dtype != dtype for a in values):
        return False
    if not _shapes_fit(tuple(a.shape for a in values)):
        return False
    with np.errstate(over="ignore", invalid="ignore"):  # see `_array`
        return all(math.isfinite(np.vdot(a, a)) for a in values)


@functools.lru_cache(1024)
def _shapes_fit(found: tuple[tuple[int, ...], ...]) -> bool:
    """Return whether the parameters and data may have these shapes."""
    shapes, sizes = _expected()
    for shape, own in zip(shapes.values(), found, strict=False):
        if not _agrees(own, shape, sizes) or 0 in own:
            return False
        sizes.update(zip(shape, own, strict=True))
    return True


def _expected() -> tuple[dict[str, tuple[str, ...]], dict[str, int]]:
    """Return the shapes of all arguments in names of sizes, and the fixed sizes."""
    shapes = {**_SHAPES, "X": ("N", "N0"), "D": ("N", "N2")}
    return shapes, dict(zip(_SIZE_NAMES, SIZES or (), strict=False))


def _array(name: str, value: np.ndarray) -> np.ndarray:
    """Return a floating-point array without NaN or infinity."""
    try:
        array = np.asarray(value)
    except ValueError as error:
        raise ValueError(f"{name} is not an array: {error}") from None
    if array.dtype.kind not in "fc":
        kind = array.dtype
        raise ValueError(f"{name} has type {kind}, needs floating-point numbers")
    flat = array.reshape(-1)
    # One BLAS call tells for nearly all arrays. The sum of squares may overflow, whose
    # warning the caller silences, once for all arrays.
    if not (cmath.isfinite(flat.dot(flat)) or np.isfinite(flat).all()):
        raise ValueError(f"{name} has NaN or infinity, needs finite numbers")
    return array


def _cast(name: str, array: np.ndarray, dtype: np.dtype) -> np.ndarray:
    """Return an array in another type, if its numbers are not too large for that."""
    if array.dtype == dtype:
        return array
    with np.errstate(over="ignore"):
        result = array.astype(dtype)
    if not np.isfinite(result).all():
        raise ValueError(f"{name} has numbers that are too large for {dtype}")
    return result


def _fit(
    name: str, array: np.ndarray, shape: tuple[str, ...], sizes: dict[str, int]
) -> None:
    """Compare a shape with what it must be; note the sizes that are new."""
    found = array.shape
    if _agrees(found, shape, sizes) and 0 not in found:
        sizes.update(zip(shape, found, strict=True))
        return
    hint = ""
    if 0 in found:
        hint = "; it is empty"
    elif _agrees(found[::-1], shape, sizes):
        hint = f"; is it transposed, {name}.T?"
    elif len(found) == 1 and _agrees((1, *found), shape, sizes):
        hint = f"; a row is a sample: {name}.reshape(1, -1) for one sample"
    elif len(found) == 1 and _agrees((*found, 1), shape, sizes):
        hint = f"; a row is a sample: {name}.reshape(-1, 1) for one column"
    needed = ", ".join(f"{s}={sizes[s]}" if s in sizes else s for s in shape)
    raise ValueError(f"{name} has shape {found}, needs ({needed}){hint}")


def _agrees(
    found: tuple[int, ...], shape: tuple[str, ...], sizes: dict[str, int]
) -> bool:
    """Return whether an array of shape `found` may have sizes of these names."""
    if len(found) != len(shape):
        return False
    known = {**dict(zip(shape, found, strict=True)), **sizes}
    return all(known[s] == n for s, n in zip(shape, found, strict=True))


def _shapes(sizes: Sequence[int]) -> list[tuple[int, ...]]:
    """Return the shapes of the parameters of a network of these sizes."""
    needed = ", ".join(_SIZE_NAMES)
    sizes = tuple(sizes) if hasattr(sizes, "__len__") else (sizes,)
    if len(sizes) != len(_SIZE_NAMES):
        raise ValueError(f"sizes has {len(sizes)} entries, needs {needed}")
    integers = all(isinstance(n, int | np.integer) and n is not True for n in sizes)
    if not integers or min(sizes) < 1:
        raise ValueError(f"sizes is {sizes}, needs positive integers {needed}")
    if SIZES is not None and sizes != SIZES:
        raise ValueError(f"sizes is {sizes}, this network's are fixed: {SIZES}")
    known: dict[str, int] = {}
    for name, length in zip(_SIZE_NAMES, sizes, strict=True):
        if known.setdefault(name, length) != length:
            raise ValueError(f"sizes is {sizes}, but {needed} has {name} twice")
    return [tuple(known[s] for s in shape) for shape in _SHAPES.values()]


# ---- self-check: `python FILE` -------------------------------------------------------


def _equations(sizes: Sequence[int]) -> dict:
    """Return the network's equations for one sample, a component at a time, as defined.

    Each is a shape, the names that it reads, and a function of the values and indices.
    """
    N0, N1, N2 = sizes
    return {
        "u1": (
            (N1,),
            ("W1", "b1", "x"),
            lambda v, i: sum(v["W1"][i, j] * v["x"][j] for j in range(N0)) + v["b1"][i],
        ),
        "y1": (
            (N1,),
            ("u1",),
            lambda v, i: _sigmoid(v["u1"][i]),
        ),
        "u2": (
            (N2,),
            ("W2", "b2", "y1"),
            lambda v, i: (
                sum(v["W2"][i, j] * v["y1"][j] for j in range(N1)) + v["b2"][i]
            ),
        ),
        "y2": (
            (N2,),
            ("u2",),
            lambda v, i: _sigmoid(v["u2"][i]),
        ),
        "e": (
            (N2,),
            ("d", "y2"),
            lambda v, i: v["d"][i] - v["y2"][i],
        ),
        "E": (
            (),
            ("e",),
            lambda v: sum(v["e"][j] ** 2 for j in range(N2)),
        ),
    }


def _sizes_of(params: Parameters, *sample: np.ndarray) -> list[int]:
    """Return N0, N1, … as the shapes of parameters, and of a sample, have them."""
    sizes: dict[str, int] = {}
    for shape, array in zip(_SHAPES.values(), params, strict=True):
        sizes.update(zip(shape, array.shape, strict=True))
    return [sizes[s] for s in _SIZE_NAMES]


def _recursion(params: Parameters, x: np.ndarray, d: np.ndarray, entries: list) -> list:
    """Return ∂E/∂w of one sample at entries of parameters, by recursion over the nodes.

    From the definition: ∂E/∂v = Σ ∂E/∂w ∂w/∂v over all components w that read v.
    """
    equations = _equations(_sizes_of(params, x))
    values = {**params._asdict(), "x": x, "d": d}
    for name, (shape, _, function) in equations.items():
        flat = [function(values, *i) for i in np.ndindex(shape)]
        values[name] = np.array(flat).reshape(shape)
    known = {"E": np.ones(())}

    def adjoint(name: str, place: tuple[int, ...]) -> float:
        moved = {**values, name: values[name].astype(complex)}
        moved[name][place] += 1e-30j
        return sum(
            known[user][at] * np.imag(function(moved, *at)) * 1e30
            for user, (shape, reads, function) in equations.items()
            if name in reads
            for at in np.ndindex(shape)
        )

    for name, (shape, _, _) in list(equations.items())[-2::-1]:
        flat = [adjoint(name, i) for i in np.ndindex(shape)]
        known[name] = np.array(flat).reshape(shape)
    return [adjoint(name, place) for name, place in entries]


def _cost_at(params: Parameters, X, D, name: str, place, step: complex) -> complex:
    """Return the cost with one entry of one parameter changed."""
    return cost(_changed(params, name, place, step), X, D)


def _changed(params: Parameters, name: str, place, step: complex) -> Parameters:
    """Return the parameters with one entry of one of them changed."""
    array = getattr(params, name) + np.zeros((), type(step))
    array[place] += step
    return params._replace(**{name: array})


def _errors(params: Parameters, X: np.ndarray, D: np.ndarray, rng) -> list[float]:
    """Return the error of `gradient` against recursion, complex step and differences.

    At up to 12 entries of each parameter, relative to the largest of all.
    """
    entries = []
    for name, array in params._asdict().items():
        for flat in rng.choice(array.size, min(array.size, 12), replace=False):
            entries.append((name, np.unravel_index(flat, array.shape)))
    each = [_recursion(params, x, d, entries) for x, d in zip(X, D, strict=True)]
    N, N2 = D.shape
    recursive = np.sum(each, axis=0) * (1 / (N * N2))
    stepped = [_cost_at(params, X, D, *e, 1e-30j).imag * 1e30 for e in entries]
    h = 1e-5 / math.sqrt(max(1, np.abs(X).max()))  # u moves by h X
    differences = [
        (_cost_at(params, X, D, *e, h) - _cost_at(params, X, D, *e, -h)) / (2 * h)
        for e in entries
    ]
    found = gradient(params, X, D)
    found = np.array([getattr(found, name)[place] for name, place in entries])
    scale = max(np.abs(recursive).max(), 1e-3 * abs(cost(params, X, D)), 1e-300)
    others = (recursive, stepped, differences)
    return [float(np.abs(found - other).max() / scale) for other in others]


def _errors_along(params: Parameters, X: np.ndarray, D: np.ndarray) -> dict:
    """Return errors of derivatives along a random V, against the complex step."""
    rng = np.random.default_rng(1)
    V = Parameters(*[rng.normal(0, 1, p.shape) for p in params])
    v = np.concatenate([a.ravel() for a in V])
    moved = Parameters(*[p + 1e-30j * a for p, a in zip(params, V, strict=True)])
    pairs = {}
    stepped = gradient(moved, X, D)
    true = np.concatenate([1e30 * g.imag.ravel() for g in stepped])
    pairs["hessian"] = (hessian(params, X, D) @ v, true)
    product = [a.ravel() for a in hessian_vector_product(params, X, D, V)]
    pairs["hessian_vector_product"] = (np.concatenate(product), true)
    pairs["jacobian"] = (jacobian(params, X) @ v, 1e30 * forward(moved, X).imag)
    return {
        name: float(np.abs(a - b).max() / max(np.abs(b).max(), 1e-300))
        for name, (a, b) in pairs.items()
    }


def _self_check() -> int:
    """Print a table of errors; return 1 if any is larger than round-off explains."""
    rng = np.random.default_rng(0)
    limits = (1e-11, 1e-11, 1e-5)
    cases = (
        (SIZES, 2, 1),
        (SIZES, 3, 1000),
    )
    print("error of the gradient, relative to its largest entry, against")
    print("  N  |u| up to   recursion   complex step   differences")
    agrees = True
    for sizes, N, largest in cases:
        shapes = _shapes(sizes)
        params = Parameters(*[rng.normal(0, 0.8, shape) for shape in shapes])
        X = rng.normal(0, 1, (N, sizes[0]))
        D = rng.normal(0.3, 1, (N, sizes[2]))
        X *= largest / np.abs(X).max()
        errors = _errors(params, X, D, rng)
        good = all(e < limit for e, limit in zip(errors, limits, strict=True))
        agrees = agrees and good
        row = "{:3d}  {:9g}   {:9.1e}   {:12.1e}   {:11.1e}".format(N, largest, *errors)
        print(row, "" if good else "  DISAGREES", " sizes", *sizes)
        if largest > 1 or sum(p.size for p in params) > 1500:
            continue
        for name, error in _errors_along(params, X, D).items():
            agrees = agrees and error < 1e-9
            verdict = "" if error < 1e-9 else "  DISAGREES"
            print(f"      {name} along a direction: {error:.1e}{verdict}")
    print("agrees" if agrees else "DISAGREES")
    return 0 if agrees else 1


if __name__ == "__main__":
    sys.exit(_self_check())
