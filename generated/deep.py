"""deep: a 16-16-16-16-16-16-16-16-16-16-16 network with its cost, gradient and Hessian.

    16 → 16 → 16 → 16 → 16 → 16 → 16 → 16 → 16 → 16 → 16

For one sample, with the layer as superscript (mean squared error over samples and
outputs):

     (1) u¹ᵢ = Σⱼ W¹ᵢⱼ xⱼ + b¹ᵢ
     (2) y¹ᵢ = f¹(u¹ᵢ)
     (3) u²ᵢ = Σⱼ W²ᵢⱼ y¹ⱼ + b²ᵢ
     (4) y²ᵢ = f²(u²ᵢ)
     (5) u³ᵢ = Σⱼ W³ᵢⱼ y²ⱼ + b³ᵢ
     (6) y³ᵢ = f³(u³ᵢ)
     (7) u⁴ᵢ = Σⱼ W⁴ᵢⱼ y³ⱼ + b⁴ᵢ
     (8) y⁴ᵢ = f⁴(u⁴ᵢ)
     (9) u⁵ᵢ = Σⱼ W⁵ᵢⱼ y⁴ⱼ + b⁵ᵢ
    (10) y⁵ᵢ = f⁵(u⁵ᵢ)
    (11) u⁶ᵢ = Σⱼ W⁶ᵢⱼ y⁵ⱼ + b⁶ᵢ
    (12) y⁶ᵢ = f⁶(u⁶ᵢ)
    (13) u⁷ᵢ = Σⱼ W⁷ᵢⱼ y⁶ⱼ + b⁷ᵢ
    (14) y⁷ᵢ = f⁷(u⁷ᵢ)
    (15) u⁸ᵢ = Σⱼ W⁸ᵢⱼ y⁷ⱼ + b⁸ᵢ
    (16) y⁸ᵢ = f⁸(u⁸ᵢ)
    (17) u⁹ᵢ = Σⱼ W⁹ᵢⱼ y⁸ⱼ + b⁹ᵢ
    (18) y⁹ᵢ = f⁹(u⁹ᵢ)
    (19) u¹⁰ᵢ = Σⱼ W¹⁰ᵢⱼ y⁹ⱼ + b¹⁰ᵢ
    (20) y¹⁰ᵢ = f¹⁰(u¹⁰ᵢ)
    (21) eᵢ = dᵢ − y¹⁰ᵢ
    (22) E = Σⱼ eⱼ²
    (23) J = 1/(N N₁₀) Σₙ E(n)

    f¹(u) = f²(u) = ⋯ = f¹⁰(u) = tanh(u)

Arrays (a row of X and D is a sample, row i of a weight matrix is node i):

    X    (N, 16)   input
    D    (N, 16)   desired output
    W1   (16, 16)  weights of layer 1
    b1   (16,)     biases of layer 1
    W2   (16, 16)  weights of layer 2
    b2   (16,)     biases of layer 2
    W3   (16, 16)  weights of layer 3
    b3   (16,)     biases of layer 3
    W4   (16, 16)  weights of layer 4
    b4   (16,)     biases of layer 4
    W5   (16, 16)  weights of layer 5
    b5   (16,)     biases of layer 5
    W6   (16, 16)  weights of layer 6
    b6   (16,)     biases of layer 6
    W7   (16, 16)  weights of layer 7
    b7   (16,)     biases of layer 7
    W8   (16, 16)  weights of layer 8
    b8   (16,)     biases of layer 8
    W9   (16, 16)  weights of layer 9
    b9   (16,)     biases of layer 9
    W10  (16, 16)  weights of layer 10
    b10  (16,)     biases of layer 10

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

SPEC = "16-16-16-16-16-16-16-16-16-16-16 tanh loss=mse name=deep"
SIZES = (16, 16, 16, 16, 16, 16, 16, 16, 16, 16, 16)
_SIZE_NAMES = ("N0", "N1", "N2", "N3", "N4", "N5", "N6", "N7", "N8", "N9", "N10")
_SHAPES = {
    "W1": ("N1", "N0"),
    "b1": ("N1",),
    "W2": ("N2", "N1"),
    "b2": ("N2",),
    "W3": ("N3", "N2"),
    "b3": ("N3",),
    "W4": ("N4", "N3"),
    "b4": ("N4",),
    "W5": ("N5", "N4"),
    "b5": ("N5",),
    "W6": ("N6", "N5"),
    "b6": ("N6",),
    "W7": ("N7", "N6"),
    "b7": ("N7",),
    "W8": ("N8", "N7"),
    "b8": ("N8",),
    "W9": ("N9", "N8"),
    "b9": ("N9",),
    "W10": ("N10", "N9"),
    "b10": ("N10",),
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
        W3: weights of layer 3, (N3, N2).
        b3: biases of layer 3, (N3,).
        W4: weights of layer 4, (N4, N3).
        b4: biases of layer 4, (N4,).
        W5: weights of layer 5, (N5, N4).
        b5: biases of layer 5, (N5,).
        W6: weights of layer 6, (N6, N5).
        b6: biases of layer 6, (N6,).
        W7: weights of layer 7, (N7, N6).
        b7: biases of layer 7, (N7,).
        W8: weights of layer 8, (N8, N7).
        b8: biases of layer 8, (N8,).
        W9: weights of layer 9, (N9, N8).
        b9: biases of layer 9, (N9,).
        W10: weights of layer 10, (N10, N9).
        b10: biases of layer 10, (N10,).
    """

    W1: np.ndarray
    b1: np.ndarray
    W2: np.ndarray
    b2: np.ndarray
    W3: np.ndarray
    b3: np.ndarray
    W4: np.ndarray
    b4: np.ndarray
    W5: np.ndarray
    b5: np.ndarray
    W6: np.ndarray
    b6: np.ndarray
    W7: np.ndarray
    b7: np.ndarray
    W8: np.ndarray
    b8: np.ndarray
    W9: np.ndarray
    b9: np.ndarray
    W10: np.ndarray
    b10: np.ndarray


def initialize(sizes: Sequence[int] = SIZES, seed: int = 0) -> Parameters:
    """Return random parameters: weights by Glorot's rule, all else zero.

    w is uniform in ±sqrt(6 / (inputs + nodes)) (Glorot & Bengio 2010, equation 16).

    Args:
        sizes: (N0, N1, N2, …, N10), the number of inputs and of each layer's nodes.
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
        sizes: (N0, N1, N2, …, N10), the number of inputs and of each layer's nodes.

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
    """Return the network's output y¹⁰ for every sample, (N, N10).

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

    J = 1/(N N₁₀) Σₙ E(n) with E = Σⱼ eⱼ².

    Args:
        params: the parameters.
        X: the input, (N, N0).
        D: the desired output, (N, N10).
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
    """Return ∂E/∂u for every layer and sample: δ¹, …, δ¹⁰.

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
        D: the desired output, (N, N10).
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
        D: the desired output, (N, N10).
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
    """Return ∂y/∂w of every sample's output, (N, N10, K), w as in `ravel`.

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
    """Return ∂y/∂x of every sample's output, (N, N10, N0).

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
        D: the desired output, (N, N10).
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
        D: the desired output, (N, N10).
        sizes: (N0, N1, N2, …, N10), the number of inputs and of each layer's nodes.
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


def _forward(params: Parameters, X: np.ndarray) -> tuple[np.ndarray, ...]:
    """Return what the later steps need of every layer; the last is the output."""
    # (1) u¹ᵢ = Σⱼ W¹ᵢⱼ xⱼ + b¹ᵢ
    u1 = X @ params.W1.T
    u1 += params.b1
    # (2) y¹ᵢ = f¹(u¹ᵢ)
    y1 = np.tanh(u1, out=u1)
    # (3) u²ᵢ = Σⱼ W²ᵢⱼ y¹ⱼ + b²ᵢ
    u2 = y1 @ params.W2.T
    u2 += params.b2
    # (4) y²ᵢ = f²(u²ᵢ)
    y2 = np.tanh(u2, out=u2)
    # (5) u³ᵢ = Σⱼ W³ᵢⱼ y²ⱼ + b³ᵢ
    u3 = y2 @ params.W3.T
    u3 += params.b3
    # (6) y³ᵢ = f³(u³ᵢ)
    y3 = np.tanh(u3, out=u3)
    # (7) u⁴ᵢ = Σⱼ W⁴ᵢⱼ y³ⱼ + b⁴ᵢ
    u4 = y3 @ params.W4.T
    u4 += params.b4
    # (8) y⁴ᵢ = f⁴(u⁴ᵢ)
    y4 = np.tanh(u4, out=u4)
    # (9) u⁵ᵢ = Σⱼ W⁵ᵢⱼ y⁴ⱼ + b⁵ᵢ
    u5 = y4 @ params.W5.T
    u5 += params.b5
    # (10) y⁵ᵢ = f⁵(u⁵ᵢ)
    y5 = np.tanh(u5, out=u5)
    # (11) u⁶ᵢ = Σⱼ W⁶ᵢⱼ y⁵ⱼ + b⁶ᵢ
    u6 = y5 @ params.W6.T
    u6 += params.b6
    # (12) y⁶ᵢ = f⁶(u⁶ᵢ)
    y6 = np.tanh(u6, out=u6)
    # (13) u⁷ᵢ = Σⱼ W⁷ᵢⱼ y⁶ⱼ + b⁷ᵢ
    u7 = y6 @ params.W7.T
    u7 += params.b7
    # (14) y⁷ᵢ = f⁷(u⁷ᵢ)
    y7 = np.tanh(u7, out=u7)
    # (15) u⁸ᵢ = Σⱼ W⁸ᵢⱼ y⁷ⱼ + b⁸ᵢ
    u8 = y7 @ params.W8.T
    u8 += params.b8
    # (16) y⁸ᵢ = f⁸(u⁸ᵢ)
    y8 = np.tanh(u8, out=u8)
    # (17) u⁹ᵢ = Σⱼ W⁹ᵢⱼ y⁸ⱼ + b⁹ᵢ
    u9 = y8 @ params.W9.T
    u9 += params.b9
    # (18) y⁹ᵢ = f⁹(u⁹ᵢ)
    y9 = np.tanh(u9, out=u9)
    # (19) u¹⁰ᵢ = Σⱼ W¹⁰ᵢⱼ y⁹ⱼ + b¹⁰ᵢ
    u10 = y9 @ params.W10.T
    u10 += params.b10
    # (20) y¹⁰ᵢ = f¹⁰(u¹⁰ᵢ)
    y10 = np.tanh(u10, out=u10)
    return y1, y2, y3, y4, y5, y6, y7, y8, y9, y10


def _loss(D: np.ndarray, outputs: tuple[np.ndarray, ...]) -> np.ndarray:
    """Return what the cost is made of, for every sample."""
    y10 = outputs[-1]
    # (21) eᵢ = dᵢ − y¹⁰ᵢ
    e = D - y10
    return e


def _sample_costs(e: np.ndarray) -> np.ndarray:
    """Return E of every sample."""
    # (22) E = Σⱼ eⱼ²
    E = np.sum(e**2, axis=1)
    return E


def _cost(D: np.ndarray, e: np.ndarray) -> np.floating:
    """Return J."""
    N, N10 = D.shape
    # (23) J = 1/(N N₁₀) Σₙ E(n)
    J = np.sum(e**2) / (N * N10)
    return J


def _sensitivities(
    params: Parameters,
    outputs: tuple[np.ndarray, ...],
    e: np.ndarray,
    scale: np.ndarray,
) -> tuple[np.ndarray, ...]:
    """Return δ of every layer times `scale`, which is put in with the last one."""
    y1, y2, y3, y4, y5, y6, y7, y8, y9, y10 = outputs
    # (26) f′¹⁰(u¹⁰ᵢ) = 1 − (y¹⁰ᵢ)²
    fprime10 = 1 - y10**2
    # (27) δ¹⁰ᵢ = −2 eᵢ f′¹⁰(u¹⁰ᵢ)
    delta10 = -2 * scale[:, None] * e * fprime10
    # (29) f′⁹(u⁹ᵢ) = 1 − (y⁹ᵢ)²
    fprime9 = 1 - y9**2
    # (30) δ⁹ᵢ = f′⁹(u⁹ᵢ) Σₖ W¹⁰ₖᵢ δ¹⁰ₖ
    delta9 = delta10 @ params.W10
    delta9 *= fprime9
    # (32) f′⁸(u⁸ᵢ) = 1 − (y⁸ᵢ)²
    fprime8 = 1 - y8**2
    # (33) δ⁸ᵢ = f′⁸(u⁸ᵢ) Σₖ W⁹ₖᵢ δ⁹ₖ
    delta8 = delta9 @ params.W9
    delta8 *= fprime8
    # (35) f′⁷(u⁷ᵢ) = 1 − (y⁷ᵢ)²
    fprime7 = 1 - y7**2
    # (36) δ⁷ᵢ = f′⁷(u⁷ᵢ) Σₖ W⁸ₖᵢ δ⁸ₖ
    delta7 = delta8 @ params.W8
    delta7 *= fprime7
    # (38) f′⁶(u⁶ᵢ) = 1 − (y⁶ᵢ)²
    fprime6 = 1 - y6**2
    # (39) δ⁶ᵢ = f′⁶(u⁶ᵢ) Σₖ W⁷ₖᵢ δ⁷ₖ
    delta6 = delta7 @ params.W7
    delta6 *= fprime6
    # (41) f′⁵(u⁵ᵢ) = 1 − (y⁵ᵢ)²
    fprime5 = 1 - y5**2
    # (42) δ⁵ᵢ = f′⁵(u⁵ᵢ) Σₖ W⁶ₖᵢ δ⁶ₖ
    delta5 = delta6 @ params.W6
    delta5 *= fprime5
    # (44) f′⁴(u⁴ᵢ) = 1 − (y⁴ᵢ)²
    fprime4 = 1 - y4**2
    # (45) δ⁴ᵢ = f′⁴(u⁴ᵢ) Σₖ W⁵ₖᵢ δ⁵ₖ
    delta4 = delta5 @ params.W5
    delta4 *= fprime4
    # (47) f′³(u³ᵢ) = 1 − (y³ᵢ)²
    fprime3 = 1 - y3**2
    # (48) δ³ᵢ = f′³(u³ᵢ) Σₖ W⁴ₖᵢ δ⁴ₖ
    delta3 = delta4 @ params.W4
    delta3 *= fprime3
    # (50) f′²(u²ᵢ) = 1 − (y²ᵢ)²
    fprime2 = 1 - y2**2
    # (51) δ²ᵢ = f′²(u²ᵢ) Σₖ W³ₖᵢ δ³ₖ
    delta2 = delta3 @ params.W3
    delta2 *= fprime2
    # (53) f′¹(u¹ᵢ) = 1 − (y¹ᵢ)²
    fprime1 = 1 - y1**2
    # (54) δ¹ᵢ = f′¹(u¹ᵢ) Σₖ W²ₖᵢ δ²ₖ
    delta1 = delta2 @ params.W2
    delta1 *= fprime1
    return (
        delta1,
        delta2,
        delta3,
        delta4,
        delta5,
        delta6,
        delta7,
        delta8,
        delta9,
        delta10,
    )


def _gradient(
    params: Parameters,
    X: np.ndarray,
    D: np.ndarray,
    outputs: tuple[np.ndarray, ...],
    e: np.ndarray,
    scale: np.ndarray,
) -> Parameters:
    """Return ∂J/∂w for every parameter w."""
    y1, y2, y3, y4, y5, y6, y7, y8, y9, _y10 = outputs
    N = D.shape[0]
    (
        delta1,
        delta2,
        delta3,
        delta4,
        delta5,
        delta6,
        delta7,
        delta8,
        delta9,
        delta10,
    ) = _sensitivities(params, outputs, e, scale)
    ones = np.ones(N, D.dtype)
    # (75) ∂J/∂W¹ᵢⱼ = 1/(N N₁₀) Σₙ δ¹ᵢ(n) xⱼ(n)
    dJ_dW1 = delta1.T @ X
    # (76) ∂J/∂b¹ᵢ = 1/(N N₁₀) Σₙ δ¹ᵢ(n)
    dJ_db1 = ones @ delta1
    # (77) ∂J/∂W²ᵢⱼ = 1/(N N₁₀) Σₙ δ²ᵢ(n) y¹ⱼ(n)
    dJ_dW2 = delta2.T @ y1
    # (78) ∂J/∂b²ᵢ = 1/(N N₁₀) Σₙ δ²ᵢ(n)
    dJ_db2 = ones @ delta2
    # (79) ∂J/∂W³ᵢⱼ = 1/(N N₁₀) Σₙ δ³ᵢ(n) y²ⱼ(n)
    dJ_dW3 = delta3.T @ y2
    # (80) ∂J/∂b³ᵢ = 1/(N N₁₀) Σₙ δ³ᵢ(n)
    dJ_db3 = ones @ delta3
    # (81) ∂J/∂W⁴ᵢⱼ = 1/(N N₁₀) Σₙ δ⁴ᵢ(n) y³ⱼ(n)
    dJ_dW4 = delta4.T @ y3
    # (82) ∂J/∂b⁴ᵢ = 1/(N N₁₀) Σₙ δ⁴ᵢ(n)
    dJ_db4 = ones @ delta4
    # (83) ∂J/∂W⁵ᵢⱼ = 1/(N N₁₀) Σₙ δ⁵ᵢ(n) y⁴ⱼ(n)
    dJ_dW5 = delta5.T @ y4
    # (84) ∂J/∂b⁵ᵢ = 1/(N N₁₀) Σₙ δ⁵ᵢ(n)
    dJ_db5 = ones @ delta5
    # (85) ∂J/∂W⁶ᵢⱼ = 1/(N N₁₀) Σₙ δ⁶ᵢ(n) y⁵ⱼ(n)
    dJ_dW6 = delta6.T @ y5
    # (86) ∂J/∂b⁶ᵢ = 1/(N N₁₀) Σₙ δ⁶ᵢ(n)
    dJ_db6 = ones @ delta6
    # (87) ∂J/∂W⁷ᵢⱼ = 1/(N N₁₀) Σₙ δ⁷ᵢ(n) y⁶ⱼ(n)
    dJ_dW7 = delta7.T @ y6
    # (88) ∂J/∂b⁷ᵢ = 1/(N N₁₀) Σₙ δ⁷ᵢ(n)
    dJ_db7 = ones @ delta7
    # (89) ∂J/∂W⁸ᵢⱼ = 1/(N N₁₀) Σₙ δ⁸ᵢ(n) y⁷ⱼ(n)
    dJ_dW8 = delta8.T @ y7
    # (90) ∂J/∂b⁸ᵢ = 1/(N N₁₀) Σₙ δ⁸ᵢ(n)
    dJ_db8 = ones @ delta8
    # (91) ∂J/∂W⁹ᵢⱼ = 1/(N N₁₀) Σₙ δ⁹ᵢ(n) y⁸ⱼ(n)
    dJ_dW9 = delta9.T @ y8
    # (92) ∂J/∂b⁹ᵢ = 1/(N N₁₀) Σₙ δ⁹ᵢ(n)
    dJ_db9 = ones @ delta9
    # (93) ∂J/∂W¹⁰ᵢⱼ = 1/(N N₁₀) Σₙ δ¹⁰ᵢ(n) y⁹ⱼ(n)
    dJ_dW10 = delta10.T @ y9
    # (94) ∂J/∂b¹⁰ᵢ = 1/(N N₁₀) Σₙ δ¹⁰ᵢ(n)
    dJ_db10 = ones @ delta10
    return Parameters(
        dJ_dW1,
        dJ_db1,
        dJ_dW2,
        dJ_db2,
        dJ_dW3,
        dJ_db3,
        dJ_dW4,
        dJ_db4,
        dJ_dW5,
        dJ_db5,
        dJ_dW6,
        dJ_db6,
        dJ_dW7,
        dJ_db7,
        dJ_dW8,
        dJ_db8,
        dJ_dW9,
        dJ_db9,
        dJ_dW10,
        dJ_db10,
    )


# ---- second derivatives, and derivatives of each sample ------------------------------


def _hessian_vector_product(params, X, D, V, scale) -> Parameters:
    """Return H V: ℛ is the derivative along V, and `scale` the factor of J."""
    N = D.shape[0]
    X, D = X.T, D.T
    ones = np.ones(N, D.dtype)
    # (1) u¹ᵢ = Σⱼ W¹ᵢⱼ xⱼ + b¹ᵢ
    u1 = params.W1 @ X
    u1 += params.b1[:, None]
    # (2) y¹ᵢ = tanh(u¹ᵢ)
    y1 = np.tanh(u1, out=u1)
    # (3) u²ᵢ = Σⱼ W²ᵢⱼ y¹ⱼ + b²ᵢ
    u2 = params.W2 @ y1
    u2 += params.b2[:, None]
    # (4) y²ᵢ = tanh(u²ᵢ)
    y2 = np.tanh(u2, out=u2)
    # (5) u³ᵢ = Σⱼ W³ᵢⱼ y²ⱼ + b³ᵢ
    u3 = params.W3 @ y2
    u3 += params.b3[:, None]
    # (6) y³ᵢ = tanh(u³ᵢ)
    y3 = np.tanh(u3, out=u3)
    # (7) u⁴ᵢ = Σⱼ W⁴ᵢⱼ y³ⱼ + b⁴ᵢ
    u4 = params.W4 @ y3
    u4 += params.b4[:, None]
    # (8) y⁴ᵢ = tanh(u⁴ᵢ)
    y4 = np.tanh(u4, out=u4)
    # (9) u⁵ᵢ = Σⱼ W⁵ᵢⱼ y⁴ⱼ + b⁵ᵢ
    u5 = params.W5 @ y4
    u5 += params.b5[:, None]
    # (10) y⁵ᵢ = tanh(u⁵ᵢ)
    y5 = np.tanh(u5, out=u5)
    # (11) u⁶ᵢ = Σⱼ W⁶ᵢⱼ y⁵ⱼ + b⁶ᵢ
    u6 = params.W6 @ y5
    u6 += params.b6[:, None]
    # (12) y⁶ᵢ = tanh(u⁶ᵢ)
    y6 = np.tanh(u6, out=u6)
    # (13) u⁷ᵢ = Σⱼ W⁷ᵢⱼ y⁶ⱼ + b⁷ᵢ
    u7 = params.W7 @ y6
    u7 += params.b7[:, None]
    # (14) y⁷ᵢ = tanh(u⁷ᵢ)
    y7 = np.tanh(u7, out=u7)
    # (15) u⁸ᵢ = Σⱼ W⁸ᵢⱼ y⁷ⱼ + b⁸ᵢ
    u8 = params.W8 @ y7
    u8 += params.b8[:, None]
    # (16) y⁸ᵢ = tanh(u⁸ᵢ)
    y8 = np.tanh(u8, out=u8)
    # (17) u⁹ᵢ = Σⱼ W⁹ᵢⱼ y⁸ⱼ + b⁹ᵢ
    u9 = params.W9 @ y8
    u9 += params.b9[:, None]
    # (18) y⁹ᵢ = tanh(u⁹ᵢ)
    y9 = np.tanh(u9, out=u9)
    # (19) u¹⁰ᵢ = Σⱼ W¹⁰ᵢⱼ y⁹ⱼ + b¹⁰ᵢ
    u10 = params.W10 @ y9
    u10 += params.b10[:, None]
    # (20) y¹⁰ᵢ = tanh(u¹⁰ᵢ)
    y10 = np.tanh(u10, out=u10)
    # (21) eᵢ = dᵢ − y¹⁰ᵢ
    e = D - y10
    # (26) f′¹⁰(u¹⁰ᵢ) = 1 − (y¹⁰ᵢ)²
    fprime10 = 1 - y10**2
    # (29) f′⁹(u⁹ᵢ) = 1 − (y⁹ᵢ)²
    fprime9 = 1 - y9**2
    # (32) f′⁸(u⁸ᵢ) = 1 − (y⁸ᵢ)²
    fprime8 = 1 - y8**2
    # (35) f′⁷(u⁷ᵢ) = 1 − (y⁷ᵢ)²
    fprime7 = 1 - y7**2
    # (38) f′⁶(u⁶ᵢ) = 1 − (y⁶ᵢ)²
    fprime6 = 1 - y6**2
    # (41) f′⁵(u⁵ᵢ) = 1 − (y⁵ᵢ)²
    fprime5 = 1 - y5**2
    # (44) f′⁴(u⁴ᵢ) = 1 − (y⁴ᵢ)²
    fprime4 = 1 - y4**2
    # (47) f′³(u³ᵢ) = 1 − (y³ᵢ)²
    fprime3 = 1 - y3**2
    # (50) f′²(u²ᵢ) = 1 − (y²ᵢ)²
    fprime2 = 1 - y2**2
    # (53) f′¹(u¹ᵢ) = 1 − (y¹ᵢ)²
    fprime1 = 1 - y1**2
    # (27) δ¹⁰ᵢ = −2 eᵢ f′¹⁰ᵢ
    delta10 = -2 * scale * e * fprime10
    product_W10_delta10 = params.W10.T @ delta10
    # (30) δ⁹ᵢ = f′⁹ᵢ Σₖ W¹⁰ₖᵢ δ¹⁰ₖ
    delta9 = fprime9 * product_W10_delta10
    product_W9_delta9 = params.W9.T @ delta9
    # (33) δ⁸ᵢ = f′⁸ᵢ Σₖ W⁹ₖᵢ δ⁹ₖ
    delta8 = fprime8 * product_W9_delta9
    product_W8_delta8 = params.W8.T @ delta8
    # (36) δ⁷ᵢ = f′⁷ᵢ Σₖ W⁸ₖᵢ δ⁸ₖ
    delta7 = fprime7 * product_W8_delta8
    product_W7_delta7 = params.W7.T @ delta7
    # (39) δ⁶ᵢ = f′⁶ᵢ Σₖ W⁷ₖᵢ δ⁷ₖ
    delta6 = fprime6 * product_W7_delta7
    product_W6_delta6 = params.W6.T @ delta6
    # (42) δ⁵ᵢ = f′⁵ᵢ Σₖ W⁶ₖᵢ δ⁶ₖ
    delta5 = fprime5 * product_W6_delta6
    product_W5_delta5 = params.W5.T @ delta5
    # (45) δ⁴ᵢ = f′⁴ᵢ Σₖ W⁵ₖᵢ δ⁵ₖ
    delta4 = fprime4 * product_W5_delta5
    product_W4_delta4 = params.W4.T @ delta4
    # (48) δ³ᵢ = f′³ᵢ Σₖ W⁴ₖᵢ δ⁴ₖ
    delta3 = fprime3 * product_W4_delta4
    product_W3_delta3 = params.W3.T @ delta3
    # (51) δ²ᵢ = f′²ᵢ Σₖ W³ₖᵢ δ³ₖ
    delta2 = fprime2 * product_W3_delta3
    # (105) ℛu¹ᵢ = Σₖ ℛW¹ᵢₖ xₖ + ℛb¹ᵢ
    R_u1 = V.W1 @ X
    R_u1 += V.b1[:, None]
    # (106) ℛy¹ᵢ = ℛu¹ᵢ f′¹ᵢ
    R_y1 = R_u1 * fprime1
    # (107) ℛu²ᵢ = Σₖ ℛW²ᵢₖ y¹ₖ + Σₖ ℛy¹ₖ W²ᵢₖ + ℛb²ᵢ
    R_u2 = V.W2 @ y1
    R_u2 += params.W2 @ R_y1
    R_u2 += V.b2[:, None]
    # (108) ℛy²ᵢ = ℛu²ᵢ f′²ᵢ
    R_y2 = R_u2 * fprime2
    # (109) ℛu³ᵢ = Σₖ ℛW³ᵢₖ y²ₖ + Σₖ ℛy²ₖ W³ᵢₖ + ℛb³ᵢ
    R_u3 = V.W3 @ y2
    R_u3 += params.W3 @ R_y2
    R_u3 += V.b3[:, None]
    # (110) ℛy³ᵢ = ℛu³ᵢ f′³ᵢ
    R_y3 = R_u3 * fprime3
    # (111) ℛu⁴ᵢ = Σₖ ℛW⁴ᵢₖ y³ₖ + Σₖ ℛy³ₖ W⁴ᵢₖ + ℛb⁴ᵢ
    R_u4 = V.W4 @ y3
    R_u4 += params.W4 @ R_y3
    R_u4 += V.b4[:, None]
    # (112) ℛy⁴ᵢ = ℛu⁴ᵢ f′⁴ᵢ
    R_y4 = R_u4 * fprime4
    # (113) ℛu⁵ᵢ = Σₖ ℛW⁵ᵢₖ y⁴ₖ + Σₖ ℛy⁴ₖ W⁵ᵢₖ + ℛb⁵ᵢ
    R_u5 = V.W5 @ y4
    R_u5 += params.W5 @ R_y4
    R_u5 += V.b5[:, None]
    # (114) ℛy⁵ᵢ = ℛu⁵ᵢ f′⁵ᵢ
    R_y5 = R_u5 * fprime5
    # (115) ℛu⁶ᵢ = Σₖ ℛW⁶ᵢₖ y⁵ₖ + Σₖ ℛy⁵ₖ W⁶ᵢₖ + ℛb⁶ᵢ
    R_u6 = V.W6 @ y5
    R_u6 += params.W6 @ R_y5
    R_u6 += V.b6[:, None]
    # (116) ℛy⁶ᵢ = ℛu⁶ᵢ f′⁶ᵢ
    R_y6 = R_u6 * fprime6
    # (117) ℛu⁷ᵢ = Σₖ ℛW⁷ᵢₖ y⁶ₖ + Σₖ ℛy⁶ₖ W⁷ᵢₖ + ℛb⁷ᵢ
    R_u7 = V.W7 @ y6
    R_u7 += params.W7 @ R_y6
    R_u7 += V.b7[:, None]
    # (118) ℛy⁷ᵢ = ℛu⁷ᵢ f′⁷ᵢ
    R_y7 = R_u7 * fprime7
    # (119) ℛu⁸ᵢ = Σₖ ℛW⁸ᵢₖ y⁷ₖ + Σₖ ℛy⁷ₖ W⁸ᵢₖ + ℛb⁸ᵢ
    R_u8 = V.W8 @ y7
    R_u8 += params.W8 @ R_y7
    R_u8 += V.b8[:, None]
    # (120) ℛy⁸ᵢ = ℛu⁸ᵢ f′⁸ᵢ
    R_y8 = R_u8 * fprime8
    # (121) ℛu⁹ᵢ = Σₖ ℛW⁹ᵢₖ y⁸ₖ + Σₖ ℛy⁸ₖ W⁹ᵢₖ + ℛb⁹ᵢ
    R_u9 = V.W9 @ y8
    R_u9 += params.W9 @ R_y8
    R_u9 += V.b9[:, None]
    # (122) ℛy⁹ᵢ = ℛu⁹ᵢ f′⁹ᵢ
    R_y9 = R_u9 * fprime9
    # (123) ℛu¹⁰ᵢ = Σₖ ℛW¹⁰ᵢₖ y⁹ₖ + Σₖ ℛy⁹ₖ W¹⁰ᵢₖ + ℛb¹⁰ᵢ
    R_u10 = V.W10 @ y9
    R_u10 += params.W10 @ R_y9
    R_u10 += V.b10[:, None]
    # (124) ℛy¹⁰ᵢ = ℛu¹⁰ᵢ f′¹⁰ᵢ
    R_y10 = R_u10 * fprime10
    # (125) ℛeᵢ = −ℛy¹⁰ᵢ
    R_e = -R_y10
    # (126) ℛδ¹⁰ᵢ = 4 eᵢ ℛy¹⁰ᵢ y¹⁰ᵢ − 2 ℛeᵢ f′¹⁰ᵢ
    R_delta10 = scale * (4 * R_y10 * e * y10 - 2 * R_e * fprime10)
    # (127) ℛδ⁹ᵢ = f′⁹ᵢ (Σₖ ℛW¹⁰ₖᵢ δ¹⁰ₖ + Σₖ ℛδ¹⁰ₖ W¹⁰ₖᵢ) − 2 ℛy⁹ᵢ y⁹ᵢ Σₛ W¹⁰ₛᵢ δ¹⁰ₛ
    R_delta9 = V.W10.T @ delta10
    R_delta9 += params.W10.T @ R_delta10
    R_delta9 *= fprime9
    R_delta9 += -2 * R_y9 * y9 * product_W10_delta10
    # (128) ℛδ⁸ᵢ = f′⁸ᵢ (Σₖ ℛW⁹ₖᵢ δ⁹ₖ + Σₖ ℛδ⁹ₖ W⁹ₖᵢ) − 2 ℛy⁸ᵢ y⁸ᵢ Σₛ W⁹ₛᵢ δ⁹ₛ
    R_delta8 = V.W9.T @ delta9
    R_delta8 += params.W9.T @ R_delta9
    R_delta8 *= fprime8
    R_delta8 += -2 * R_y8 * y8 * product_W9_delta9
    # (129) ℛδ⁷ᵢ = f′⁷ᵢ (Σₖ ℛW⁸ₖᵢ δ⁸ₖ + Σₖ ℛδ⁸ₖ W⁸ₖᵢ) − 2 ℛy⁷ᵢ y⁷ᵢ Σₛ W⁸ₛᵢ δ⁸ₛ
    R_delta7 = V.W8.T @ delta8
    R_delta7 += params.W8.T @ R_delta8
    R_delta7 *= fprime7
    R_delta7 += -2 * R_y7 * y7 * product_W8_delta8
    # (130) ℛδ⁶ᵢ = f′⁶ᵢ (Σₖ ℛW⁷ₖᵢ δ⁷ₖ + Σₖ ℛδ⁷ₖ W⁷ₖᵢ) − 2 ℛy⁶ᵢ y⁶ᵢ Σₛ W⁷ₛᵢ δ⁷ₛ
    R_delta6 = V.W7.T @ delta7
    R_delta6 += params.W7.T @ R_delta7
    R_delta6 *= fprime6
    R_delta6 += -2 * R_y6 * y6 * product_W7_delta7
    # (131) ℛδ⁵ᵢ = f′⁵ᵢ (Σₖ ℛW⁶ₖᵢ δ⁶ₖ + Σₖ ℛδ⁶ₖ W⁶ₖᵢ) − 2 ℛy⁵ᵢ y⁵ᵢ Σₛ W⁶ₛᵢ δ⁶ₛ
    R_delta5 = V.W6.T @ delta6
    R_delta5 += params.W6.T @ R_delta6
    R_delta5 *= fprime5
    R_delta5 += -2 * R_y5 * y5 * product_W6_delta6
    # (132) ℛδ⁴ᵢ = f′⁴ᵢ (Σₖ ℛW⁵ₖᵢ δ⁵ₖ + Σₖ ℛδ⁵ₖ W⁵ₖᵢ) − 2 ℛy⁴ᵢ y⁴ᵢ Σₛ W⁵ₛᵢ δ⁵ₛ
    R_delta4 = V.W5.T @ delta5
    R_delta4 += params.W5.T @ R_delta5
    R_delta4 *= fprime4
    R_delta4 += -2 * R_y4 * y4 * product_W5_delta5
    # (133) ℛδ³ᵢ = f′³ᵢ (Σₖ ℛW⁴ₖᵢ δ⁴ₖ + Σₖ ℛδ⁴ₖ W⁴ₖᵢ) − 2 ℛy³ᵢ y³ᵢ Σₛ W⁴ₛᵢ δ⁴ₛ
    R_delta3 = V.W4.T @ delta4
    R_delta3 += params.W4.T @ R_delta4
    R_delta3 *= fprime3
    R_delta3 += -2 * R_y3 * y3 * product_W4_delta4
    # (134) ℛδ²ᵢ = f′²ᵢ (Σₖ ℛW³ₖᵢ δ³ₖ + Σₖ ℛδ³ₖ W³ₖᵢ) − 2 ℛy²ᵢ y²ᵢ Σₛ W³ₛᵢ δ³ₛ
    R_delta2 = V.W3.T @ delta3
    R_delta2 += params.W3.T @ R_delta3
    R_delta2 *= fprime2
    R_delta2 += -2 * R_y2 * y2 * product_W3_delta3
    # (135) ℛδ¹ᵢ = f′¹ᵢ (Σₖ ℛW²ₖᵢ δ²ₖ + Σₖ ℛδ²ₖ W²ₖᵢ) − 2 ℛy¹ᵢ y¹ᵢ Σₛ W²ₛᵢ δ²ₛ
    R_delta1 = V.W2.T @ delta2
    R_delta1 += params.W2.T @ R_delta2
    R_delta1 *= fprime1
    R_delta1 += -2 * R_y1 * y1 * (params.W2.T @ delta2)
    # (156) ℛ∂J/∂W¹ᵢⱼ = 1/(N N₁₀) Σₙ ℛδ¹ᵢ(n) xⱼ(n)
    R_dJ_dW1 = R_delta1 @ X.T
    # (157) ℛ∂J/∂b¹ᵢ = 1/(N N₁₀) Σₙ ℛδ¹ᵢ(n)
    R_dJ_db1 = R_delta1 @ ones
    # (158) ℛ∂J/∂W²ᵢⱼ = 1/(N N₁₀) Σₙ (ℛδ²ᵢ(n) y¹ⱼ(n) + ℛy¹ⱼ(n) δ²ᵢ(n))
    R_dJ_dW2 = R_delta2 @ y1.T
    R_dJ_dW2 += delta2 @ R_y1.T
    # (159) ℛ∂J/∂b²ᵢ = 1/(N N₁₀) Σₙ ℛδ²ᵢ(n)
    R_dJ_db2 = R_delta2 @ ones
    # (160) ℛ∂J/∂W³ᵢⱼ = 1/(N N₁₀) Σₙ (ℛδ³ᵢ(n) y²ⱼ(n) + ℛy²ⱼ(n) δ³ᵢ(n))
    R_dJ_dW3 = R_delta3 @ y2.T
    R_dJ_dW3 += delta3 @ R_y2.T
    # (161) ℛ∂J/∂b³ᵢ = 1/(N N₁₀) Σₙ ℛδ³ᵢ(n)
    R_dJ_db3 = R_delta3 @ ones
    # (162) ℛ∂J/∂W⁴ᵢⱼ = 1/(N N₁₀) Σₙ (ℛδ⁴ᵢ(n) y³ⱼ(n) + ℛy³ⱼ(n) δ⁴ᵢ(n))
    R_dJ_dW4 = R_delta4 @ y3.T
    R_dJ_dW4 += delta4 @ R_y3.T
    # (163) ℛ∂J/∂b⁴ᵢ = 1/(N N₁₀) Σₙ ℛδ⁴ᵢ(n)
    R_dJ_db4 = R_delta4 @ ones
    # (164) ℛ∂J/∂W⁵ᵢⱼ = 1/(N N₁₀) Σₙ (ℛδ⁵ᵢ(n) y⁴ⱼ(n) + ℛy⁴ⱼ(n) δ⁵ᵢ(n))
    R_dJ_dW5 = R_delta5 @ y4.T
    R_dJ_dW5 += delta5 @ R_y4.T
    # (165) ℛ∂J/∂b⁵ᵢ = 1/(N N₁₀) Σₙ ℛδ⁵ᵢ(n)
    R_dJ_db5 = R_delta5 @ ones
    # (166) ℛ∂J/∂W⁶ᵢⱼ = 1/(N N₁₀) Σₙ (ℛδ⁶ᵢ(n) y⁵ⱼ(n) + ℛy⁵ⱼ(n) δ⁶ᵢ(n))
    R_dJ_dW6 = R_delta6 @ y5.T
    R_dJ_dW6 += delta6 @ R_y5.T
    # (167) ℛ∂J/∂b⁶ᵢ = 1/(N N₁₀) Σₙ ℛδ⁶ᵢ(n)
    R_dJ_db6 = R_delta6 @ ones
    # (168) ℛ∂J/∂W⁷ᵢⱼ = 1/(N N₁₀) Σₙ (ℛδ⁷ᵢ(n) y⁶ⱼ(n) + ℛy⁶ⱼ(n) δ⁷ᵢ(n))
    R_dJ_dW7 = R_delta7 @ y6.T
    R_dJ_dW7 += delta7 @ R_y6.T
    # (169) ℛ∂J/∂b⁷ᵢ = 1/(N N₁₀) Σₙ ℛδ⁷ᵢ(n)
    R_dJ_db7 = R_delta7 @ ones
    # (170) ℛ∂J/∂W⁸ᵢⱼ = 1/(N N₁₀) Σₙ (ℛδ⁸ᵢ(n) y⁷ⱼ(n) + ℛy⁷ⱼ(n) δ⁸ᵢ(n))
    R_dJ_dW8 = R_delta8 @ y7.T
    R_dJ_dW8 += delta8 @ R_y7.T
    # (171) ℛ∂J/∂b⁸ᵢ = 1/(N N₁₀) Σₙ ℛδ⁸ᵢ(n)
    R_dJ_db8 = R_delta8 @ ones
    # (172) ℛ∂J/∂W⁹ᵢⱼ = 1/(N N₁₀) Σₙ (ℛδ⁹ᵢ(n) y⁸ⱼ(n) + ℛy⁸ⱼ(n) δ⁹ᵢ(n))
    R_dJ_dW9 = R_delta9 @ y8.T
    R_dJ_dW9 += delta9 @ R_y8.T
    # (173) ℛ∂J/∂b⁹ᵢ = 1/(N N₁₀) Σₙ ℛδ⁹ᵢ(n)
    R_dJ_db9 = R_delta9 @ ones
    # (174) ℛ∂J/∂W¹⁰ᵢⱼ = 1/(N N₁₀) Σₙ (ℛδ¹⁰ᵢ(n) y⁹ⱼ(n) + ℛy⁹ⱼ(n) δ¹⁰ᵢ(n))
    R_dJ_dW10 = R_delta10 @ y9.T
    R_dJ_dW10 += delta10 @ R_y9.T
    # (175) ℛ∂J/∂b¹⁰ᵢ = 1/(N N₁₀) Σₙ ℛδ¹⁰ᵢ(n)
    R_dJ_db10 = R_delta10 @ ones
    return Parameters(
        R_dJ_dW1,
        R_dJ_db1,
        R_dJ_dW2,
        R_dJ_db2,
        R_dJ_dW3,
        R_dJ_db3,
        R_dJ_dW4,
        R_dJ_db4,
        R_dJ_dW5,
        R_dJ_db5,
        R_dJ_dW6,
        R_dJ_db6,
        R_dJ_dW7,
        R_dJ_db7,
        R_dJ_dW8,
        R_dJ_db8,
        R_dJ_dW9,
        R_dJ_db9,
        R_dJ_dW10,
        R_dJ_db10,
    )


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
    y1 = np.tanh(u1)
    # (3) u²ᵢ = Σⱼ W²ᵢⱼ y¹ⱼ + b²ᵢ
    u2 = params.W2 @ y1
    u2 += params.b2[:, None]
    # (4) y²ᵢ = f²(u²ᵢ)
    y2 = np.tanh(u2)
    # (5) u³ᵢ = Σⱼ W³ᵢⱼ y²ⱼ + b³ᵢ
    u3 = params.W3 @ y2
    u3 += params.b3[:, None]
    # (6) y³ᵢ = f³(u³ᵢ)
    y3 = np.tanh(u3)
    # (7) u⁴ᵢ = Σⱼ W⁴ᵢⱼ y³ⱼ + b⁴ᵢ
    u4 = params.W4 @ y3
    u4 += params.b4[:, None]
    # (8) y⁴ᵢ = f⁴(u⁴ᵢ)
    y4 = np.tanh(u4)
    # (9) u⁵ᵢ = Σⱼ W⁵ᵢⱼ y⁴ⱼ + b⁵ᵢ
    u5 = params.W5 @ y4
    u5 += params.b5[:, None]
    # (10) y⁵ᵢ = f⁵(u⁵ᵢ)
    y5 = np.tanh(u5)
    # (11) u⁶ᵢ = Σⱼ W⁶ᵢⱼ y⁵ⱼ + b⁶ᵢ
    u6 = params.W6 @ y5
    u6 += params.b6[:, None]
    # (12) y⁶ᵢ = f⁶(u⁶ᵢ)
    y6 = np.tanh(u6)
    # (13) u⁷ᵢ = Σⱼ W⁷ᵢⱼ y⁶ⱼ + b⁷ᵢ
    u7 = params.W7 @ y6
    u7 += params.b7[:, None]
    # (14) y⁷ᵢ = f⁷(u⁷ᵢ)
    y7 = np.tanh(u7)
    # (15) u⁸ᵢ = Σⱼ W⁸ᵢⱼ y⁷ⱼ + b⁸ᵢ
    u8 = params.W8 @ y7
    u8 += params.b8[:, None]
    # (16) y⁸ᵢ = f⁸(u⁸ᵢ)
    y8 = np.tanh(u8)
    # (17) u⁹ᵢ = Σⱼ W⁹ᵢⱼ y⁸ⱼ + b⁹ᵢ
    u9 = params.W9 @ y8
    u9 += params.b9[:, None]
    # (18) y⁹ᵢ = f⁹(u⁹ᵢ)
    y9 = np.tanh(u9)
    # (19) u¹⁰ᵢ = Σⱼ W¹⁰ᵢⱼ y⁹ⱼ + b¹⁰ᵢ
    u10 = params.W10 @ y9
    u10 += params.b10[:, None]
    # (20) y¹⁰ᵢ = f¹⁰(u¹⁰ᵢ)
    y10 = np.tanh(u10)
    # (21) eᵢ = dᵢ − y¹⁰ᵢ
    e = D - y10
    # (26) f′¹⁰(u¹⁰ᵢ) = 1 − (y¹⁰ᵢ)²
    fprime10 = 1 - y10**2
    # (29) f′⁹(u⁹ᵢ) = 1 − (y⁹ᵢ)²
    fprime9 = 1 - y9**2
    # (32) f′⁸(u⁸ᵢ) = 1 − (y⁸ᵢ)²
    fprime8 = 1 - y8**2
    # (35) f′⁷(u⁷ᵢ) = 1 − (y⁷ᵢ)²
    fprime7 = 1 - y7**2
    # (38) f′⁶(u⁶ᵢ) = 1 − (y⁶ᵢ)²
    fprime6 = 1 - y6**2
    # (41) f′⁵(u⁵ᵢ) = 1 − (y⁵ᵢ)²
    fprime5 = 1 - y5**2
    # (44) f′⁴(u⁴ᵢ) = 1 − (y⁴ᵢ)²
    fprime4 = 1 - y4**2
    # (47) f′³(u³ᵢ) = 1 − (y³ᵢ)²
    fprime3 = 1 - y3**2
    # (50) f′²(u²ᵢ) = 1 − (y²ᵢ)²
    fprime2 = 1 - y2**2
    # (53) f′¹(u¹ᵢ) = 1 − (y¹ᵢ)²
    fprime1 = 1 - y1**2
    # (27) δ¹⁰ᵢ = −2 eᵢ f′¹⁰(u¹⁰ᵢ)
    delta10 = -2 * scale * e * fprime10
    z8 = _stacked(X, y7, 1)
    # (519, 520) ∂²E/∂(W⁸, b⁸)∂W¹⁰: what W¹⁰ is multiplied by changes
    yield (
        "u8",
        "W10",
        "rsij",
        ("r,s", fprime8, z8),
        ("i,j", delta10, fprime9),
        ("jr", params.W9),
    )
    z9 = _stacked(X, y8, 1)
    # (521, 522) ∂²E/∂(W⁹, b⁹)∂W¹⁰: what W¹⁰ is multiplied by changes
    yield "u9", "W10", "rsir", ("r,s", fprime9, z9), ("i", delta10), None
    # (30) δ⁹ᵢ = f′⁹(u⁹ᵢ) Σₖ W¹⁰ₖᵢ δ¹⁰ₖ
    delta9 = params.W10.T @ delta10
    delta9 *= fprime9
    z7 = _stacked(X, y6, 1)
    # (482, 483) ∂²E/∂(W⁷, b⁷)∂W⁹: what W⁹ is multiplied by changes
    yield (
        "u7",
        "W9",
        "rsij",
        ("r,s", fprime7, z7),
        ("i,j", delta9, fprime8),
        ("jr", params.W8),
    )
    # (484, 485) ∂²E/∂(W⁸, b⁸)∂W⁹: what W⁹ is multiplied by changes
    yield "u8", "W9", "rsir", ("r,s", fprime8, z8), ("i", delta9), None
    # (33) δ⁸ᵢ = f′⁸(u⁸ᵢ) Σₖ W⁹ₖᵢ δ⁹ₖ
    delta8 = params.W9.T @ delta9
    delta8 *= fprime8
    z6 = _stacked(X, y5, 1)
    # (449, 450) ∂²E/∂(W⁶, b⁶)∂W⁸: what W⁸ is multiplied by changes
    yield (
        "u6",
        "W8",
        "rsij",
        ("r,s", fprime6, z6),
        ("i,j", delta8, fprime7),
        ("jr", params.W7),
    )
    # (451, 452) ∂²E/∂(W⁷, b⁷)∂W⁸: what W⁸ is multiplied by changes
    yield "u7", "W8", "rsir", ("r,s", fprime7, z7), ("i", delta8), None
    # (36) δ⁷ᵢ = f′⁷(u⁷ᵢ) Σₖ W⁸ₖᵢ δ⁸ₖ
    delta7 = params.W8.T @ delta8
    delta7 *= fprime7
    z5 = _stacked(X, y4, 1)
    # (420, 421) ∂²E/∂(W⁵, b⁵)∂W⁷: what W⁷ is multiplied by changes
    yield (
        "u5",
        "W7",
        "rsij",
        ("r,s", fprime5, z5),
        ("i,j", delta7, fprime6),
        ("jr", params.W6),
    )
    # (422, 423) ∂²E/∂(W⁶, b⁶)∂W⁷: what W⁷ is multiplied by changes
    yield "u6", "W7", "rsir", ("r,s", fprime6, z6), ("i", delta7), None
    # (39) δ⁶ᵢ = f′⁶(u⁶ᵢ) Σₖ W⁷ₖᵢ δ⁷ₖ
    delta6 = params.W7.T @ delta7
    delta6 *= fprime6
    z4 = _stacked(X, y3, 1)
    # (395, 396) ∂²E/∂(W⁴, b⁴)∂W⁶: what W⁶ is multiplied by changes
    yield (
        "u4",
        "W6",
        "rsij",
        ("r,s", fprime4, z4),
        ("i,j", delta6, fprime5),
        ("jr", params.W5),
    )
    # (397, 398) ∂²E/∂(W⁵, b⁵)∂W⁶: what W⁶ is multiplied by changes
    yield "u5", "W6", "rsir", ("r,s", fprime5, z5), ("i", delta6), None
    # (42) δ⁵ᵢ = f′⁵(u⁵ᵢ) Σₖ W⁶ₖᵢ δ⁶ₖ
    delta5 = params.W6.T @ delta6
    delta5 *= fprime5
    z3 = _stacked(X, y2, 1)
    # (374, 375) ∂²E/∂(W³, b³)∂W⁵: what W⁵ is multiplied by changes
    yield (
        "u3",
        "W5",
        "rsij",
        ("r,s", fprime3, z3),
        ("i,j", delta5, fprime4),
        ("jr", params.W4),
    )
    # (376, 377) ∂²E/∂(W⁴, b⁴)∂W⁵: what W⁵ is multiplied by changes
    yield "u4", "W5", "rsir", ("r,s", fprime4, z4), ("i", delta5), None
    # (45) δ⁴ᵢ = f′⁴(u⁴ᵢ) Σₖ W⁵ₖᵢ δ⁵ₖ
    delta4 = params.W5.T @ delta5
    delta4 *= fprime4
    z2 = _stacked(X, y1, 1)
    # (357, 358) ∂²E/∂(W², b²)∂W⁴: what W⁴ is multiplied by changes
    yield (
        "u2",
        "W4",
        "rsij",
        ("r,s", fprime2, z2),
        ("i,j", delta4, fprime3),
        ("jr", params.W3),
    )
    # (359, 360) ∂²E/∂(W³, b³)∂W⁴: what W⁴ is multiplied by changes
    yield "u3", "W4", "rsir", ("r,s", fprime3, z3), ("i", delta4), None
    # (48) δ³ᵢ = f′³(u³ᵢ) Σₖ W⁴ₖᵢ δ⁴ₖ
    delta3 = params.W4.T @ delta4
    delta3 *= fprime3
    # (344, 345) ∂²E/∂(W¹, b¹)∂W³: what W³ is multiplied by changes
    yield (
        "u1",
        "W3",
        "rsij",
        ("r,s", fprime1, z1),
        ("i,j", delta3, fprime2),
        ("jr", params.W2),
    )
    # (346, 347) ∂²E/∂(W², b²)∂W³: what W³ is multiplied by changes
    yield "u2", "W3", "rsir", ("r,s", fprime2, z2), ("i", delta3), None
    # (51) δ²ᵢ = f′²(u²ᵢ) Σₖ W³ₖᵢ δ³ₖ
    delta2 = params.W3.T @ delta3
    delta2 *= fprime2
    # (337, 338) ∂²E/∂(W¹, b¹)∂W²: what W² is multiplied by changes
    yield "u1", "W2", "rsir", ("r,s", fprime1, z1), ("i", delta2), None
    # (54) δ¹ᵢ = f′¹(u¹ᵢ) Σₖ W²ₖᵢ δ²ₖ
    delta1 = params.W2.T @ delta2
    delta1 *= fprime1
    # (198) ∂δ¹⁰ᵢ/∂u¹⁰ⱼ = 2 f′¹⁰(u¹⁰ᵢ) f′¹⁰(u¹⁰ⱼ) [i = j] − 2 δ¹⁰ᵢ [i = j] y¹⁰ᵢ
    diagonal_ddelta10_du10 = 2 * scale * fprime10**2 - 2 * delta10 * y10
    z10 = _stacked(X, y9, 1)
    # (521, 522, 541, 542) ∂²E/∂(W⁹, b⁹)∂(W¹⁰, b¹⁰)
    yield (
        "u9",
        "u10",
        "rsij",
        ("r,s", fprime9, z9),
        ("i,j", diagonal_ddelta10_du10, z10),
        ("ir", params.W10),
    )
    # (523, 524, 543) ∂²E/∂(W¹⁰, b¹⁰)∂(W¹⁰, b¹⁰)
    yield "u10", "u10", "rsrj", ("r", diagonal_ddelta10_du10), ("s,j", z10, z10), None
    # (200) ∂δ⁸ᵢ/∂u¹⁰ⱼ = f′⁸(u⁸ᵢ) Σₖ W⁹ₖᵢ ∂δ⁹ₖ/∂u¹⁰ⱼ
    ddelta8_du10 = _apply(
        (params.W10[:, :, None] * params.W9).transpose(0, 2, 1), fprime9
    ).transpose(1, 0, 2)
    ddelta8_du10 *= diagonal_ddelta10_du10
    ddelta8_du10 *= fprime8[:, None]
    # (519, 520, 539, 540) ∂²E/∂(W⁸, b⁸)∂(W¹⁰, b¹⁰)
    yield "u8", "u10", "rsij", ("ri", ddelta8_du10), ("j,s", z10, z8), None
    # (201) ∂δ⁷ᵢ/∂u¹⁰ⱼ = f′⁷(u⁷ᵢ) Σₖ W⁸ₖᵢ ∂δ⁸ₖ/∂u¹⁰ⱼ
    ddelta7_du10 = _apply(params.W8.T, ddelta8_du10)
    del ddelta8_du10
    ddelta7_du10 *= fprime7[:, None]
    # (517, 518, 537, 538) ∂²E/∂(W⁷, b⁷)∂(W¹⁰, b¹⁰)
    yield "u7", "u10", "rsij", ("ri", ddelta7_du10), ("j,s", z10, z7), None
    # (202) ∂δ⁶ᵢ/∂u¹⁰ⱼ = f′⁶(u⁶ᵢ) Σₖ W⁷ₖᵢ ∂δ⁷ₖ/∂u¹⁰ⱼ
    ddelta6_du10 = _apply(params.W7.T, ddelta7_du10)
    del ddelta7_du10
    ddelta6_du10 *= fprime6[:, None]
    # (515, 516, 535, 536) ∂²E/∂(W⁶, b⁶)∂(W¹⁰, b¹⁰)
    yield "u6", "u10", "rsij", ("ri", ddelta6_du10), ("j,s", z10, z6), None
    # (203) ∂δ⁵ᵢ/∂u¹⁰ⱼ = f′⁵(u⁵ᵢ) Σₖ W⁶ₖᵢ ∂δ⁶ₖ/∂u¹⁰ⱼ
    ddelta5_du10 = _apply(params.W6.T, ddelta6_du10)
    del ddelta6_du10
    ddelta5_du10 *= fprime5[:, None]
    # (513, 514, 533, 534) ∂²E/∂(W⁵, b⁵)∂(W¹⁰, b¹⁰)
    yield "u5", "u10", "rsij", ("ri", ddelta5_du10), ("j,s", z10, z5), None
    # (204) ∂δ⁴ᵢ/∂u¹⁰ⱼ = f′⁴(u⁴ᵢ) Σₖ W⁵ₖᵢ ∂δ⁵ₖ/∂u¹⁰ⱼ
    ddelta4_du10 = _apply(params.W5.T, ddelta5_du10)
    del ddelta5_du10
    ddelta4_du10 *= fprime4[:, None]
    # (511, 512, 531, 532) ∂²E/∂(W⁴, b⁴)∂(W¹⁰, b¹⁰)
    yield "u4", "u10", "rsij", ("ri", ddelta4_du10), ("j,s", z10, z4), None
    # (205) ∂δ³ᵢ/∂u¹⁰ⱼ = f′³(u³ᵢ) Σₖ W⁴ₖᵢ ∂δ⁴ₖ/∂u¹⁰ⱼ
    ddelta3_du10 = _apply(params.W4.T, ddelta4_du10)
    del ddelta4_du10
    ddelta3_du10 *= fprime3[:, None]
    # (509, 510, 529, 530) ∂²E/∂(W³, b³)∂(W¹⁰, b¹⁰)
    yield "u3", "u10", "rsij", ("ri", ddelta3_du10), ("j,s", z10, z3), None
    # (206) ∂δ²ᵢ/∂u¹⁰ⱼ = f′²(u²ᵢ) Σₖ W³ₖᵢ ∂δ³ₖ/∂u¹⁰ⱼ
    ddelta2_du10 = _apply(params.W3.T, ddelta3_du10)
    del ddelta3_du10
    ddelta2_du10 *= fprime2[:, None]
    # (507, 508, 527, 528) ∂²E/∂(W², b²)∂(W¹⁰, b¹⁰)
    yield "u2", "u10", "rsij", ("ri", ddelta2_du10), ("j,s", z10, z2), None
    # (207) ∂δ¹ᵢ/∂u¹⁰ⱼ = f′¹(u¹ᵢ) Σₖ W²ₖᵢ ∂δ²ₖ/∂u¹⁰ⱼ
    ddelta1_du10 = _apply(params.W2.T, ddelta2_du10)
    del ddelta2_du10
    ddelta1_du10 *= fprime1[:, None]
    # (505, 506, 525, 526) ∂²E/∂(W¹, b¹)∂(W¹⁰, b¹⁰)
    yield "u1", "u10", "rsij", ("ri", ddelta1_du10), ("s,j", z1, z10), None
    del ddelta1_du10
    # (208) ∂δ⁹ᵢ/∂u⁹ⱼ = f′⁹(u⁹ᵢ) Σₖ W¹⁰ₖᵢ ∂δ⁹ⱼ/∂u¹⁰ₖ − 2 δ⁹ᵢ [i = j] y⁹ᵢ
    ddelta9_du9 = _apply(
        (params.W10[:, :, None] * params.W10[:, None]).transpose(1, 2, 0),
        diagonal_ddelta10_du10,
    )
    ddelta9_du9 *= fprime9[:, None]
    ddelta9_du9 *= fprime9
    _diagonal(ddelta9_du9)[...] += -2 * delta9 * y9
    # (486, 487, 504) ∂²E/∂(W⁹, b⁹)∂(W⁹, b⁹)
    yield "u9", "u9", "rsij", ("ir", ddelta9_du9), ("j,s", z9, z9), None
    # (209) ∂δ⁸ᵢ/∂u⁹ⱼ = f′⁸(u⁸ᵢ) Σₖ W⁹ₖᵢ ∂δ⁹ₖ/∂u⁹ⱼ
    ddelta8_du9 = _apply(params.W9.T, ddelta9_du9)
    del ddelta9_du9
    ddelta8_du9 *= fprime8[:, None]
    # (484, 485, 502, 503) ∂²E/∂(W⁸, b⁸)∂(W⁹, b⁹)
    yield "u8", "u9", "rsij", ("ri", ddelta8_du9), ("s,j", z8, z9), None
    # (210) ∂δ⁷ᵢ/∂u⁹ⱼ = f′⁷(u⁷ᵢ) Σₖ W⁸ₖᵢ ∂δ⁸ₖ/∂u⁹ⱼ
    ddelta7_du9 = _apply(params.W8.T, ddelta8_du9)
    ddelta7_du9 *= fprime7[:, None]
    # (482, 483, 500, 501) ∂²E/∂(W⁷, b⁷)∂(W⁹, b⁹)
    yield "u7", "u9", "rsij", ("ri", ddelta7_du9), ("s,j", z7, z9), None
    # (211) ∂δ⁶ᵢ/∂u⁹ⱼ = f′⁶(u⁶ᵢ) Σₖ W⁷ₖᵢ ∂δ⁷ₖ/∂u⁹ⱼ
    ddelta6_du9 = _apply(params.W7.T, ddelta7_du9)
    del ddelta7_du9
    ddelta6_du9 *= fprime6[:, None]
    # (480, 481, 498, 499) ∂²E/∂(W⁶, b⁶)∂(W⁹, b⁹)
    yield "u6", "u9", "rsij", ("ri", ddelta6_du9), ("s,j", z6, z9), None
    # (212) ∂δ⁵ᵢ/∂u⁹ⱼ = f′⁵(u⁵ᵢ) Σₖ W⁶ₖᵢ ∂δ⁶ₖ/∂u⁹ⱼ
    ddelta5_du9 = _apply(params.W6.T, ddelta6_du9)
    del ddelta6_du9
    ddelta5_du9 *= fprime5[:, None]
    # (478, 479, 496, 497) ∂²E/∂(W⁵, b⁵)∂(W⁹, b⁹)
    yield "u5", "u9", "rsij", ("ri", ddelta5_du9), ("s,j", z5, z9), None
    # (213) ∂δ⁴ᵢ/∂u⁹ⱼ = f′⁴(u⁴ᵢ) Σₖ W⁵ₖᵢ ∂δ⁵ₖ/∂u⁹ⱼ
    ddelta4_du9 = _apply(params.W5.T, ddelta5_du9)
    del ddelta5_du9
    ddelta4_du9 *= fprime4[:, None]
    # (476, 477, 494, 495) ∂²E/∂(W⁴, b⁴)∂(W⁹, b⁹)
    yield "u4", "u9", "rsij", ("ri", ddelta4_du9), ("s,j", z4, z9), None
    # (214) ∂δ³ᵢ/∂u⁹ⱼ = f′³(u³ᵢ) Σₖ W⁴ₖᵢ ∂δ⁴ₖ/∂u⁹ⱼ
    ddelta3_du9 = _apply(params.W4.T, ddelta4_du9)
    del ddelta4_du9
    ddelta3_du9 *= fprime3[:, None]
    # (474, 475, 492, 493) ∂²E/∂(W³, b³)∂(W⁹, b⁹)
    yield "u3", "u9", "rsij", ("ri", ddelta3_du9), ("s,j", z3, z9), None
    # (215) ∂δ²ᵢ/∂u⁹ⱼ = f′²(u²ᵢ) Σₖ W³ₖᵢ ∂δ³ₖ/∂u⁹ⱼ
    ddelta2_du9 = _apply(params.W3.T, ddelta3_du9)
    del ddelta3_du9
    ddelta2_du9 *= fprime2[:, None]
    # (472, 473, 490, 491) ∂²E/∂(W², b²)∂(W⁹, b⁹)
    yield "u2", "u9", "rsij", ("ri", ddelta2_du9), ("s,j", z2, z9), None
    # (216) ∂δ¹ᵢ/∂u⁹ⱼ = f′¹(u¹ᵢ) Σₖ W²ₖᵢ ∂δ²ₖ/∂u⁹ⱼ
    ddelta1_du9 = _apply(params.W2.T, ddelta2_du9)
    del ddelta2_du9
    ddelta1_du9 *= fprime1[:, None]
    # (470, 471, 488, 489) ∂²E/∂(W¹, b¹)∂(W⁹, b⁹)
    yield "u1", "u9", "rsij", ("ri", ddelta1_du9), ("s,j", z1, z9), None
    del ddelta1_du9
    # (217) ∂δ⁸ᵢ/∂u⁸ⱼ = f′⁸(u⁸ᵢ) Σₖ W⁹ₖᵢ ∂δ⁸ⱼ/∂u⁹ₖ − 2 δ⁸ᵢ [i = j] y⁸ᵢ
    ddelta8_du8 = params.W9.T @ ddelta8_du9
    del ddelta8_du9
    ddelta8_du8 *= fprime8
    _diagonal(ddelta8_du8)[...] += -2 * delta8 * y8
    # (453, 454, 469) ∂²E/∂(W⁸, b⁸)∂(W⁸, b⁸)
    yield "u8", "u8", "rsij", ("ir", ddelta8_du8), ("j,s", z8, z8), None
    # (218) ∂δ⁷ᵢ/∂u⁸ⱼ = f′⁷(u⁷ᵢ) Σₖ W⁸ₖᵢ ∂δ⁸ₖ/∂u⁸ⱼ
    ddelta7_du8 = _apply(params.W8.T, ddelta8_du8)
    del ddelta8_du8
    ddelta7_du8 *= fprime7[:, None]
    # (451, 452, 467, 468) ∂²E/∂(W⁷, b⁷)∂(W⁸, b⁸)
    yield "u7", "u8", "rsij", ("ri", ddelta7_du8), ("s,j", z7, z8), None
    # (219) ∂δ⁶ᵢ/∂u⁸ⱼ = f′⁶(u⁶ᵢ) Σₖ W⁷ₖᵢ ∂δ⁷ₖ/∂u⁸ⱼ
    ddelta6_du8 = _apply(params.W7.T, ddelta7_du8)
    ddelta6_du8 *= fprime6[:, None]
    # (449, 450, 465, 466) ∂²E/∂(W⁶, b⁶)∂(W⁸, b⁸)
    yield "u6", "u8", "rsij", ("ri", ddelta6_du8), ("s,j", z6, z8), None
    # (220) ∂δ⁵ᵢ/∂u⁸ⱼ = f′⁵(u⁵ᵢ) Σₖ W⁶ₖᵢ ∂δ⁶ₖ/∂u⁸ⱼ
    ddelta5_du8 = _apply(params.W6.T, ddelta6_du8)
    del ddelta6_du8
    ddelta5_du8 *= fprime5[:, None]
    # (447, 448, 463, 464) ∂²E/∂(W⁵, b⁵)∂(W⁸, b⁸)
    yield "u5", "u8", "rsij", ("ri", ddelta5_du8), ("s,j", z5, z8), None
    # (221) ∂δ⁴ᵢ/∂u⁸ⱼ = f′⁴(u⁴ᵢ) Σₖ W⁵ₖᵢ ∂δ⁵ₖ/∂u⁸ⱼ
    ddelta4_du8 = _apply(params.W5.T, ddelta5_du8)
    del ddelta5_du8
    ddelta4_du8 *= fprime4[:, None]
    # (445, 446, 461, 462) ∂²E/∂(W⁴, b⁴)∂(W⁸, b⁸)
    yield "u4", "u8", "rsij", ("ri", ddelta4_du8), ("s,j", z4, z8), None
    # (222) ∂δ³ᵢ/∂u⁸ⱼ = f′³(u³ᵢ) Σₖ W⁴ₖᵢ ∂δ⁴ₖ/∂u⁸ⱼ
    ddelta3_du8 = _apply(params.W4.T, ddelta4_du8)
    del ddelta4_du8
    ddelta3_du8 *= fprime3[:, None]
    # (443, 444, 459, 460) ∂²E/∂(W³, b³)∂(W⁸, b⁸)
    yield "u3", "u8", "rsij", ("ri", ddelta3_du8), ("s,j", z3, z8), None
    # (223) ∂δ²ᵢ/∂u⁸ⱼ = f′²(u²ᵢ) Σₖ W³ₖᵢ ∂δ³ₖ/∂u⁸ⱼ
    ddelta2_du8 = _apply(params.W3.T, ddelta3_du8)
    del ddelta3_du8
    ddelta2_du8 *= fprime2[:, None]
    # (441, 442, 457, 458) ∂²E/∂(W², b²)∂(W⁸, b⁸)
    yield "u2", "u8", "rsij", ("ri", ddelta2_du8), ("s,j", z2, z8), None
    # (224) ∂δ¹ᵢ/∂u⁸ⱼ = f′¹(u¹ᵢ) Σₖ W²ₖᵢ ∂δ²ₖ/∂u⁸ⱼ
    ddelta1_du8 = _apply(params.W2.T, ddelta2_du8)
    del ddelta2_du8
    ddelta1_du8 *= fprime1[:, None]
    # (439, 440, 455, 456) ∂²E/∂(W¹, b¹)∂(W⁸, b⁸)
    yield "u1", "u8", "rsij", ("ri", ddelta1_du8), ("s,j", z1, z8), None
    del ddelta1_du8
    # (225) ∂δ⁷ᵢ/∂u⁷ⱼ = f′⁷(u⁷ᵢ) Σₖ W⁸ₖᵢ ∂δ⁷ⱼ/∂u⁸ₖ − 2 δ⁷ᵢ [i = j] y⁷ᵢ
    ddelta7_du7 = params.W8.T @ ddelta7_du8
    del ddelta7_du8
    ddelta7_du7 *= fprime7
    _diagonal(ddelta7_du7)[...] += -2 * delta7 * y7
    # (424, 425, 438) ∂²E/∂(W⁷, b⁷)∂(W⁷, b⁷)
    yield "u7", "u7", "rsij", ("ir", ddelta7_du7), ("j,s", z7, z7), None
    # (226) ∂δ⁶ᵢ/∂u⁷ⱼ = f′⁶(u⁶ᵢ) Σₖ W⁷ₖᵢ ∂δ⁷ₖ/∂u⁷ⱼ
    ddelta6_du7 = _apply(params.W7.T, ddelta7_du7)
    del ddelta7_du7
    ddelta6_du7 *= fprime6[:, None]
    # (422, 423, 436, 437) ∂²E/∂(W⁶, b⁶)∂(W⁷, b⁷)
    yield "u6", "u7", "rsij", ("ri", ddelta6_du7), ("s,j", z6, z7), None
    # (227) ∂δ⁵ᵢ/∂u⁷ⱼ = f′⁵(u⁵ᵢ) Σₖ W⁶ₖᵢ ∂δ⁶ₖ/∂u⁷ⱼ
    ddelta5_du7 = _apply(params.W6.T, ddelta6_du7)
    ddelta5_du7 *= fprime5[:, None]
    # (420, 421, 434, 435) ∂²E/∂(W⁵, b⁵)∂(W⁷, b⁷)
    yield "u5", "u7", "rsij", ("ri", ddelta5_du7), ("s,j", z5, z7), None
    # (228) ∂δ⁴ᵢ/∂u⁷ⱼ = f′⁴(u⁴ᵢ) Σₖ W⁵ₖᵢ ∂δ⁵ₖ/∂u⁷ⱼ
    ddelta4_du7 = _apply(params.W5.T, ddelta5_du7)
    del ddelta5_du7
    ddelta4_du7 *= fprime4[:, None]
    # (418, 419, 432, 433) ∂²E/∂(W⁴, b⁴)∂(W⁷, b⁷)
    yield "u4", "u7", "rsij", ("ri", ddelta4_du7), ("s,j", z4, z7), None
    # (229) ∂δ³ᵢ/∂u⁷ⱼ = f′³(u³ᵢ) Σₖ W⁴ₖᵢ ∂δ⁴ₖ/∂u⁷ⱼ
    ddelta3_du7 = _apply(params.W4.T, ddelta4_du7)
    del ddelta4_du7
    ddelta3_du7 *= fprime3[:, None]
    # (416, 417, 430, 431) ∂²E/∂(W³, b³)∂(W⁷, b⁷)
    yield "u3", "u7", "rsij", ("ri", ddelta3_du7), ("s,j", z3, z7), None
    # (230) ∂δ²ᵢ/∂u⁷ⱼ = f′²(u²ᵢ) Σₖ W³ₖᵢ ∂δ³ₖ/∂u⁷ⱼ
    ddelta2_du7 = _apply(params.W3.T, ddelta3_du7)
    del ddelta3_du7
    ddelta2_du7 *= fprime2[:, None]
    # (414, 415, 428, 429) ∂²E/∂(W², b²)∂(W⁷, b⁷)
    yield "u2", "u7", "rsij", ("ri", ddelta2_du7), ("s,j", z2, z7), None
    # (231) ∂δ¹ᵢ/∂u⁷ⱼ = f′¹(u¹ᵢ) Σₖ W²ₖᵢ ∂δ²ₖ/∂u⁷ⱼ
    ddelta1_du7 = _apply(params.W2.T, ddelta2_du7)
    del ddelta2_du7
    ddelta1_du7 *= fprime1[:, None]
    # (412, 413, 426, 427) ∂²E/∂(W¹, b¹)∂(W⁷, b⁷)
    yield "u1", "u7", "rsij", ("ri", ddelta1_du7), ("s,j", z1, z7), None
    del ddelta1_du7
    # (232) ∂δ⁶ᵢ/∂u⁶ⱼ = f′⁶(u⁶ᵢ) Σₖ W⁷ₖᵢ ∂δ⁶ⱼ/∂u⁷ₖ − 2 δ⁶ᵢ [i = j] y⁶ᵢ
    ddelta6_du6 = params.W7.T @ ddelta6_du7
    del ddelta6_du7
    ddelta6_du6 *= fprime6
    _diagonal(ddelta6_du6)[...] += -2 * delta6 * y6
    # (399, 400, 411) ∂²E/∂(W⁶, b⁶)∂(W⁶, b⁶)
    yield "u6", "u6", "rsij", ("ir", ddelta6_du6), ("j,s", z6, z6), None
    # (233) ∂δ⁵ᵢ/∂u⁶ⱼ = f′⁵(u⁵ᵢ) Σₖ W⁶ₖᵢ ∂δ⁶ₖ/∂u⁶ⱼ
    ddelta5_du6 = _apply(params.W6.T, ddelta6_du6)
    del ddelta6_du6
    ddelta5_du6 *= fprime5[:, None]
    # (397, 398, 409, 410) ∂²E/∂(W⁵, b⁵)∂(W⁶, b⁶)
    yield "u5", "u6", "rsij", ("ri", ddelta5_du6), ("s,j", z5, z6), None
    # (234) ∂δ⁴ᵢ/∂u⁶ⱼ = f′⁴(u⁴ᵢ) Σₖ W⁵ₖᵢ ∂δ⁵ₖ/∂u⁶ⱼ
    ddelta4_du6 = _apply(params.W5.T, ddelta5_du6)
    ddelta4_du6 *= fprime4[:, None]
    # (395, 396, 407, 408) ∂²E/∂(W⁴, b⁴)∂(W⁶, b⁶)
    yield "u4", "u6", "rsij", ("ri", ddelta4_du6), ("s,j", z4, z6), None
    # (235) ∂δ³ᵢ/∂u⁶ⱼ = f′³(u³ᵢ) Σₖ W⁴ₖᵢ ∂δ⁴ₖ/∂u⁶ⱼ
    ddelta3_du6 = _apply(params.W4.T, ddelta4_du6)
    del ddelta4_du6
    ddelta3_du6 *= fprime3[:, None]
    # (393, 394, 405, 406) ∂²E/∂(W³, b³)∂(W⁶, b⁶)
    yield "u3", "u6", "rsij", ("ri", ddelta3_du6), ("s,j", z3, z6), None
    # (236) ∂δ²ᵢ/∂u⁶ⱼ = f′²(u²ᵢ) Σₖ W³ₖᵢ ∂δ³ₖ/∂u⁶ⱼ
    ddelta2_du6 = _apply(params.W3.T, ddelta3_du6)
    del ddelta3_du6
    ddelta2_du6 *= fprime2[:, None]
    # (391, 392, 403, 404) ∂²E/∂(W², b²)∂(W⁶, b⁶)
    yield "u2", "u6", "rsij", ("ri", ddelta2_du6), ("s,j", z2, z6), None
    # (237) ∂δ¹ᵢ/∂u⁶ⱼ = f′¹(u¹ᵢ) Σₖ W²ₖᵢ ∂δ²ₖ/∂u⁶ⱼ
    ddelta1_du6 = _apply(params.W2.T, ddelta2_du6)
    del ddelta2_du6
    ddelta1_du6 *= fprime1[:, None]
    # (389, 390, 401, 402) ∂²E/∂(W¹, b¹)∂(W⁶, b⁶)
    yield "u1", "u6", "rsij", ("ri", ddelta1_du6), ("s,j", z1, z6), None
    del ddelta1_du6
    # (238) ∂δ⁵ᵢ/∂u⁵ⱼ = f′⁵(u⁵ᵢ) Σₖ W⁶ₖᵢ ∂δ⁵ⱼ/∂u⁶ₖ − 2 δ⁵ᵢ [i = j] y⁵ᵢ
    ddelta5_du5 = params.W6.T @ ddelta5_du6
    del ddelta5_du6
    ddelta5_du5 *= fprime5
    _diagonal(ddelta5_du5)[...] += -2 * delta5 * y5
    # (378, 379, 388) ∂²E/∂(W⁵, b⁵)∂(W⁵, b⁵)
    yield "u5", "u5", "rsij", ("ir", ddelta5_du5), ("j,s", z5, z5), None
    # (239) ∂δ⁴ᵢ/∂u⁵ⱼ = f′⁴(u⁴ᵢ) Σₖ W⁵ₖᵢ ∂δ⁵ₖ/∂u⁵ⱼ
    ddelta4_du5 = _apply(params.W5.T, ddelta5_du5)
    del ddelta5_du5
    ddelta4_du5 *= fprime4[:, None]
    # (376, 377, 386, 387) ∂²E/∂(W⁴, b⁴)∂(W⁵, b⁵)
    yield "u4", "u5", "rsij", ("ri", ddelta4_du5), ("s,j", z4, z5), None
    # (240) ∂δ³ᵢ/∂u⁵ⱼ = f′³(u³ᵢ) Σₖ W⁴ₖᵢ ∂δ⁴ₖ/∂u⁵ⱼ
    ddelta3_du5 = _apply(params.W4.T, ddelta4_du5)
    ddelta3_du5 *= fprime3[:, None]
    # (374, 375, 384, 385) ∂²E/∂(W³, b³)∂(W⁵, b⁵)
    yield "u3", "u5", "rsij", ("ri", ddelta3_du5), ("s,j", z3, z5), None
    # (241) ∂δ²ᵢ/∂u⁵ⱼ = f′²(u²ᵢ) Σₖ W³ₖᵢ ∂δ³ₖ/∂u⁵ⱼ
    ddelta2_du5 = _apply(params.W3.T, ddelta3_du5)
    del ddelta3_du5
    ddelta2_du5 *= fprime2[:, None]
    # (372, 373, 382, 383) ∂²E/∂(W², b²)∂(W⁵, b⁵)
    yield "u2", "u5", "rsij", ("ri", ddelta2_du5), ("s,j", z2, z5), None
    # (242) ∂δ¹ᵢ/∂u⁵ⱼ = f′¹(u¹ᵢ) Σₖ W²ₖᵢ ∂δ²ₖ/∂u⁵ⱼ
    ddelta1_du5 = _apply(params.W2.T, ddelta2_du5)
    del ddelta2_du5
    ddelta1_du5 *= fprime1[:, None]
    # (370, 371, 380, 381) ∂²E/∂(W¹, b¹)∂(W⁵, b⁵)
    yield "u1", "u5", "rsij", ("ri", ddelta1_du5), ("s,j", z1, z5), None
    del ddelta1_du5
    # (243) ∂δ⁴ᵢ/∂u⁴ⱼ = f′⁴(u⁴ᵢ) Σₖ W⁵ₖᵢ ∂δ⁴ⱼ/∂u⁵ₖ − 2 δ⁴ᵢ [i = j] y⁴ᵢ
    ddelta4_du4 = params.W5.T @ ddelta4_du5
    del ddelta4_du5
    ddelta4_du4 *= fprime4
    _diagonal(ddelta4_du4)[...] += -2 * delta4 * y4
    # (361, 362, 369) ∂²E/∂(W⁴, b⁴)∂(W⁴, b⁴)
    yield "u4", "u4", "rsij", ("ir", ddelta4_du4), ("j,s", z4, z4), None
    # (244) ∂δ³ᵢ/∂u⁴ⱼ = f′³(u³ᵢ) Σₖ W⁴ₖᵢ ∂δ⁴ₖ/∂u⁴ⱼ
    ddelta3_du4 = _apply(params.W4.T, ddelta4_du4)
    del ddelta4_du4
    ddelta3_du4 *= fprime3[:, None]
    # (359, 360, 367, 368) ∂²E/∂(W³, b³)∂(W⁴, b⁴)
    yield "u3", "u4", "rsij", ("ri", ddelta3_du4), ("s,j", z3, z4), None
    # (245) ∂δ²ᵢ/∂u⁴ⱼ = f′²(u²ᵢ) Σₖ W³ₖᵢ ∂δ³ₖ/∂u⁴ⱼ
    ddelta2_du4 = _apply(params.W3.T, ddelta3_du4)
    ddelta2_du4 *= fprime2[:, None]
    # (357, 358, 365, 366) ∂²E/∂(W², b²)∂(W⁴, b⁴)
    yield "u2", "u4", "rsij", ("ri", ddelta2_du4), ("s,j", z2, z4), None
    # (246) ∂δ¹ᵢ/∂u⁴ⱼ = f′¹(u¹ᵢ) Σₖ W²ₖᵢ ∂δ²ₖ/∂u⁴ⱼ
    ddelta1_du4 = _apply(params.W2.T, ddelta2_du4)
    del ddelta2_du4
    ddelta1_du4 *= fprime1[:, None]
    # (355, 356, 363, 364) ∂²E/∂(W¹, b¹)∂(W⁴, b⁴)
    yield "u1", "u4", "rsij", ("ri", ddelta1_du4), ("s,j", z1, z4), None
    del ddelta1_du4
    # (247) ∂δ³ᵢ/∂u³ⱼ = f′³(u³ᵢ) Σₖ W⁴ₖᵢ ∂δ³ⱼ/∂u⁴ₖ − 2 δ³ᵢ [i = j] y³ᵢ
    ddelta3_du3 = params.W4.T @ ddelta3_du4
    del ddelta3_du4
    ddelta3_du3 *= fprime3
    _diagonal(ddelta3_du3)[...] += -2 * delta3 * y3
    # (348, 349, 354) ∂²E/∂(W³, b³)∂(W³, b³)
    yield "u3", "u3", "rsij", ("ir", ddelta3_du3), ("j,s", z3, z3), None
    # (248) ∂δ²ᵢ/∂u³ⱼ = f′²(u²ᵢ) Σₖ W³ₖᵢ ∂δ³ₖ/∂u³ⱼ
    ddelta2_du3 = _apply(params.W3.T, ddelta3_du3)
    del ddelta3_du3
    ddelta2_du3 *= fprime2[:, None]
    # (346, 347, 352, 353) ∂²E/∂(W², b²)∂(W³, b³)
    yield "u2", "u3", "rsij", ("ri", ddelta2_du3), ("s,j", z2, z3), None
    # (249) ∂δ¹ᵢ/∂u³ⱼ = f′¹(u¹ᵢ) Σₖ W²ₖᵢ ∂δ²ₖ/∂u³ⱼ
    ddelta1_du3 = _apply(params.W2.T, ddelta2_du3)
    ddelta1_du3 *= fprime1[:, None]
    # (344, 345, 350, 351) ∂²E/∂(W¹, b¹)∂(W³, b³)
    yield "u1", "u3", "rsij", ("ri", ddelta1_du3), ("s,j", z1, z3), None
    del ddelta1_du3
    # (250) ∂δ²ᵢ/∂u²ⱼ = f′²(u²ᵢ) Σₖ W³ₖᵢ ∂δ²ⱼ/∂u³ₖ − 2 δ²ᵢ [i = j] y²ᵢ
    ddelta2_du2 = params.W3.T @ ddelta2_du3
    del ddelta2_du3
    ddelta2_du2 *= fprime2
    _diagonal(ddelta2_du2)[...] += -2 * delta2 * y2
    # (339, 340, 343) ∂²E/∂(W², b²)∂(W², b²)
    yield "u2", "u2", "rsij", ("ir", ddelta2_du2), ("j,s", z2, z2), None
    # (251) ∂δ¹ᵢ/∂u²ⱼ = f′¹(u¹ᵢ) Σₖ W²ₖᵢ ∂δ²ₖ/∂u²ⱼ
    ddelta1_du2 = _apply(params.W2.T, ddelta2_du2)
    del ddelta2_du2
    ddelta1_du2 *= fprime1[:, None]
    # (337, 338, 341, 342) ∂²E/∂(W¹, b¹)∂(W², b²)
    yield "u1", "u2", "rsij", ("ri", ddelta1_du2), ("s,j", z1, z2), None
    # (252) ∂δ¹ᵢ/∂u¹ⱼ = f′¹(u¹ᵢ) Σₖ W²ₖᵢ ∂δ¹ⱼ/∂u²ₖ − 2 δ¹ᵢ [i = j] y¹ᵢ
    ddelta1_du1 = params.W2.T @ ddelta1_du2
    del ddelta1_du2
    ddelta1_du1 *= fprime1
    _diagonal(ddelta1_du1)[...] += -2 * delta1 * y1
    # (334–336) ∂²E/∂(W¹, b¹)∂(W¹, b¹)
    yield "u1", "u1", "rsij", ("ir", ddelta1_du1), ("j,s", z1, z1), None
    del ddelta1_du1
    # (261) ∂y³ᵢ/∂u¹ⱼ = f′¹(u¹ⱼ) f′³(u³ᵢ) Σₖ f′²(u²ₖ) W²ₖⱼ W³ᵢₖ
    dy3_du1 = _apply(
        (params.W2[:, :, None] * params.W3.T[:, None]).transpose(1, 2, 0), fprime2
    ).transpose(1, 0, 2)
    dy3_du1 *= fprime1
    dy3_du1 *= fprime3[:, None]
    # (355, 356) ∂²E/∂(W¹, b¹)∂W⁴: what W⁴ is multiplied by changes
    yield "u1", "W4", "rsij", ("jr", dy3_du1), ("i,s", delta4, z1), None
    del dy3_du1
    # (266) ∂y⁴ᵢ/∂u²ⱼ = f′²(u²ⱼ) f′⁴(u⁴ᵢ) Σₖ f′³(u³ₖ) W³ₖⱼ W⁴ᵢₖ
    dy4_du2 = _apply(
        (params.W3[:, :, None] * params.W4.T[:, None]).transpose(1, 2, 0), fprime3
    ).transpose(1, 0, 2)
    dy4_du2 *= fprime2
    dy4_du2 *= fprime4[:, None]
    # (372, 373) ∂²E/∂(W², b²)∂W⁵: what W⁵ is multiplied by changes
    yield "u2", "W5", "rsij", ("jr", dy4_du2), ("i,s", delta5, z2), None
    # (268) ∂y⁴ᵢ/∂u¹ⱼ = f′¹(u¹ⱼ) Σₖ W²ₖⱼ ∂y⁴ᵢ/∂u²ₖ
    dy4_du1 = params.W2.T @ dy4_du2
    del dy4_du2
    dy4_du1 *= fprime1
    # (370, 371) ∂²E/∂(W¹, b¹)∂W⁵: what W⁵ is multiplied by changes
    yield "u1", "W5", "rsij", ("jr", dy4_du1), ("i,s", delta5, z1), None
    del dy4_du1
    # (273) ∂y⁵ᵢ/∂u³ⱼ = f′³(u³ⱼ) f′⁵(u⁵ᵢ) Σₖ f′⁴(u⁴ₖ) W⁴ₖⱼ W⁵ᵢₖ
    dy5_du3 = _apply(
        (params.W4[:, :, None] * params.W5.T[:, None]).transpose(1, 2, 0), fprime4
    ).transpose(1, 0, 2)
    dy5_du3 *= fprime3
    dy5_du3 *= fprime5[:, None]
    # (393, 394) ∂²E/∂(W³, b³)∂W⁶: what W⁶ is multiplied by changes
    yield "u3", "W6", "rsij", ("jr", dy5_du3), ("i,s", delta6, z3), None
    # (275) ∂y⁵ᵢ/∂u²ⱼ = f′²(u²ⱼ) Σₖ W³ₖⱼ ∂y⁵ᵢ/∂u³ₖ
    dy5_du2 = params.W3.T @ dy5_du3
    del dy5_du3
    dy5_du2 *= fprime2
    # (391, 392) ∂²E/∂(W², b²)∂W⁶: what W⁶ is multiplied by changes
    yield "u2", "W6", "rsij", ("jr", dy5_du2), ("i,s", delta6, z2), None
    # (277) ∂y⁵ᵢ/∂u¹ⱼ = f′¹(u¹ⱼ) Σₖ W²ₖⱼ ∂y⁵ᵢ/∂u²ₖ
    dy5_du1 = params.W2.T @ dy5_du2
    del dy5_du2
    dy5_du1 *= fprime1
    # (389, 390) ∂²E/∂(W¹, b¹)∂W⁶: what W⁶ is multiplied by changes
    yield "u1", "W6", "rsij", ("jr", dy5_du1), ("i,s", delta6, z1), None
    del dy5_du1
    # (282) ∂y⁶ᵢ/∂u⁴ⱼ = f′⁴(u⁴ⱼ) f′⁶(u⁶ᵢ) Σₖ f′⁵(u⁵ₖ) W⁵ₖⱼ W⁶ᵢₖ
    dy6_du4 = _apply(
        (params.W5[:, :, None] * params.W6.T[:, None]).transpose(1, 2, 0), fprime5
    ).transpose(1, 0, 2)
    dy6_du4 *= fprime4
    dy6_du4 *= fprime6[:, None]
    # (418, 419) ∂²E/∂(W⁴, b⁴)∂W⁷: what W⁷ is multiplied by changes
    yield "u4", "W7", "rsij", ("jr", dy6_du4), ("i,s", delta7, z4), None
    # (284) ∂y⁶ᵢ/∂u³ⱼ = f′³(u³ⱼ) Σₖ W⁴ₖⱼ ∂y⁶ᵢ/∂u⁴ₖ
    dy6_du3 = params.W4.T @ dy6_du4
    del dy6_du4
    dy6_du3 *= fprime3
    # (416, 417) ∂²E/∂(W³, b³)∂W⁷: what W⁷ is multiplied by changes
    yield "u3", "W7", "rsij", ("jr", dy6_du3), ("i,s", delta7, z3), None
    # (286) ∂y⁶ᵢ/∂u²ⱼ = f′²(u²ⱼ) Σₖ W³ₖⱼ ∂y⁶ᵢ/∂u³ₖ
    dy6_du2 = params.W3.T @ dy6_du3
    del dy6_du3
    dy6_du2 *= fprime2
    # (414, 415) ∂²E/∂(W², b²)∂W⁷: what W⁷ is multiplied by changes
    yield "u2", "W7", "rsij", ("jr", dy6_du2), ("i,s", delta7, z2), None
    # (288) ∂y⁶ᵢ/∂u¹ⱼ = f′¹(u¹ⱼ) Σₖ W²ₖⱼ ∂y⁶ᵢ/∂u²ₖ
    dy6_du1 = params.W2.T @ dy6_du2
    del dy6_du2
    dy6_du1 *= fprime1
    # (412, 413) ∂²E/∂(W¹, b¹)∂W⁷: what W⁷ is multiplied by changes
    yield "u1", "W7", "rsij", ("jr", dy6_du1), ("i,s", delta7, z1), None
    del dy6_du1
    # (293) ∂y⁷ᵢ/∂u⁵ⱼ = f′⁵(u⁵ⱼ) f′⁷(u⁷ᵢ) Σₖ f′⁶(u⁶ₖ) W⁶ₖⱼ W⁷ᵢₖ
    dy7_du5 = _apply(
        (params.W6[:, :, None] * params.W7.T[:, None]).transpose(1, 2, 0), fprime6
    ).transpose(1, 0, 2)
    dy7_du5 *= fprime5
    dy7_du5 *= fprime7[:, None]
    # (447, 448) ∂²E/∂(W⁵, b⁵)∂W⁸: what W⁸ is multiplied by changes
    yield "u5", "W8", "rsij", ("jr", dy7_du5), ("i,s", delta8, z5), None
    # (295) ∂y⁷ᵢ/∂u⁴ⱼ = f′⁴(u⁴ⱼ) Σₖ W⁵ₖⱼ ∂y⁷ᵢ/∂u⁵ₖ
    dy7_du4 = params.W5.T @ dy7_du5
    del dy7_du5
    dy7_du4 *= fprime4
    # (445, 446) ∂²E/∂(W⁴, b⁴)∂W⁸: what W⁸ is multiplied by changes
    yield "u4", "W8", "rsij", ("jr", dy7_du4), ("i,s", delta8, z4), None
    # (297) ∂y⁷ᵢ/∂u³ⱼ = f′³(u³ⱼ) Σₖ W⁴ₖⱼ ∂y⁷ᵢ/∂u⁴ₖ
    dy7_du3 = params.W4.T @ dy7_du4
    del dy7_du4
    dy7_du3 *= fprime3
    # (443, 444) ∂²E/∂(W³, b³)∂W⁸: what W⁸ is multiplied by changes
    yield "u3", "W8", "rsij", ("jr", dy7_du3), ("i,s", delta8, z3), None
    # (299) ∂y⁷ᵢ/∂u²ⱼ = f′²(u²ⱼ) Σₖ W³ₖⱼ ∂y⁷ᵢ/∂u³ₖ
    dy7_du2 = params.W3.T @ dy7_du3
    del dy7_du3
    dy7_du2 *= fprime2
    # (441, 442) ∂²E/∂(W², b²)∂W⁸: what W⁸ is multiplied by changes
    yield "u2", "W8", "rsij", ("jr", dy7_du2), ("i,s", delta8, z2), None
    # (301) ∂y⁷ᵢ/∂u¹ⱼ = f′¹(u¹ⱼ) Σₖ W²ₖⱼ ∂y⁷ᵢ/∂u²ₖ
    dy7_du1 = params.W2.T @ dy7_du2
    del dy7_du2
    dy7_du1 *= fprime1
    # (439, 440) ∂²E/∂(W¹, b¹)∂W⁸: what W⁸ is multiplied by changes
    yield "u1", "W8", "rsij", ("jr", dy7_du1), ("i,s", delta8, z1), None
    del dy7_du1
    # (306) ∂y⁸ᵢ/∂u⁶ⱼ = f′⁶(u⁶ⱼ) f′⁸(u⁸ᵢ) Σₖ f′⁷(u⁷ₖ) W⁷ₖⱼ W⁸ᵢₖ
    dy8_du6 = _apply(
        (params.W7[:, :, None] * params.W8.T[:, None]).transpose(1, 2, 0), fprime7
    ).transpose(1, 0, 2)
    dy8_du6 *= fprime6
    dy8_du6 *= fprime8[:, None]
    # (480, 481) ∂²E/∂(W⁶, b⁶)∂W⁹: what W⁹ is multiplied by changes
    yield "u6", "W9", "rsij", ("jr", dy8_du6), ("i,s", delta9, z6), None
    # (308) ∂y⁸ᵢ/∂u⁵ⱼ = f′⁵(u⁵ⱼ) Σₖ W⁶ₖⱼ ∂y⁸ᵢ/∂u⁶ₖ
    dy8_du5 = params.W6.T @ dy8_du6
    del dy8_du6
    dy8_du5 *= fprime5
    # (478, 479) ∂²E/∂(W⁵, b⁵)∂W⁹: what W⁹ is multiplied by changes
    yield "u5", "W9", "rsij", ("jr", dy8_du5), ("i,s", delta9, z5), None
    # (310) ∂y⁸ᵢ/∂u⁴ⱼ = f′⁴(u⁴ⱼ) Σₖ W⁵ₖⱼ ∂y⁸ᵢ/∂u⁵ₖ
    dy8_du4 = params.W5.T @ dy8_du5
    del dy8_du5
    dy8_du4 *= fprime4
    # (476, 477) ∂²E/∂(W⁴, b⁴)∂W⁹: what W⁹ is multiplied by changes
    yield "u4", "W9", "rsij", ("jr", dy8_du4), ("i,s", delta9, z4), None
    # (312) ∂y⁸ᵢ/∂u³ⱼ = f′³(u³ⱼ) Σₖ W⁴ₖⱼ ∂y⁸ᵢ/∂u⁴ₖ
    dy8_du3 = params.W4.T @ dy8_du4
    del dy8_du4
    dy8_du3 *= fprime3
    # (474, 475) ∂²E/∂(W³, b³)∂W⁹: what W⁹ is multiplied by changes
    yield "u3", "W9", "rsij", ("jr", dy8_du3), ("i,s", delta9, z3), None
    # (314) ∂y⁸ᵢ/∂u²ⱼ = f′²(u²ⱼ) Σₖ W³ₖⱼ ∂y⁸ᵢ/∂u³ₖ
    dy8_du2 = params.W3.T @ dy8_du3
    del dy8_du3
    dy8_du2 *= fprime2
    # (472, 473) ∂²E/∂(W², b²)∂W⁹: what W⁹ is multiplied by changes
    yield "u2", "W9", "rsij", ("jr", dy8_du2), ("i,s", delta9, z2), None
    # (316) ∂y⁸ᵢ/∂u¹ⱼ = f′¹(u¹ⱼ) Σₖ W²ₖⱼ ∂y⁸ᵢ/∂u²ₖ
    dy8_du1 = params.W2.T @ dy8_du2
    del dy8_du2
    dy8_du1 *= fprime1
    # (470, 471) ∂²E/∂(W¹, b¹)∂W⁹: what W⁹ is multiplied by changes
    yield "u1", "W9", "rsij", ("jr", dy8_du1), ("i,s", delta9, z1), None
    del dy8_du1
    # (321) ∂y⁹ᵢ/∂u⁷ⱼ = f′⁷(u⁷ⱼ) f′⁹(u⁹ᵢ) Σₖ f′⁸(u⁸ₖ) W⁸ₖⱼ W⁹ᵢₖ
    dy9_du7 = _apply(
        (params.W8[:, :, None] * params.W9.T[:, None]).transpose(1, 2, 0), fprime8
    ).transpose(1, 0, 2)
    dy9_du7 *= fprime7
    dy9_du7 *= fprime9[:, None]
    # (517, 518) ∂²E/∂(W⁷, b⁷)∂W¹⁰: what W¹⁰ is multiplied by changes
    yield "u7", "W10", "rsij", ("jr", dy9_du7), ("i,s", delta10, z7), None
    # (323) ∂y⁹ᵢ/∂u⁶ⱼ = f′⁶(u⁶ⱼ) Σₖ W⁷ₖⱼ ∂y⁹ᵢ/∂u⁷ₖ
    dy9_du6 = params.W7.T @ dy9_du7
    del dy9_du7
    dy9_du6 *= fprime6
    # (515, 516) ∂²E/∂(W⁶, b⁶)∂W¹⁰: what W¹⁰ is multiplied by changes
    yield "u6", "W10", "rsij", ("jr", dy9_du6), ("i,s", delta10, z6), None
    # (325) ∂y⁹ᵢ/∂u⁵ⱼ = f′⁵(u⁵ⱼ) Σₖ W⁶ₖⱼ ∂y⁹ᵢ/∂u⁶ₖ
    dy9_du5 = params.W6.T @ dy9_du6
    del dy9_du6
    dy9_du5 *= fprime5
    # (513, 514) ∂²E/∂(W⁵, b⁵)∂W¹⁰: what W¹⁰ is multiplied by changes
    yield "u5", "W10", "rsij", ("jr", dy9_du5), ("i,s", delta10, z5), None
    # (327) ∂y⁹ᵢ/∂u⁴ⱼ = f′⁴(u⁴ⱼ) Σₖ W⁵ₖⱼ ∂y⁹ᵢ/∂u⁵ₖ
    dy9_du4 = params.W5.T @ dy9_du5
    del dy9_du5
    dy9_du4 *= fprime4
    # (511, 512) ∂²E/∂(W⁴, b⁴)∂W¹⁰: what W¹⁰ is multiplied by changes
    yield "u4", "W10", "rsij", ("jr", dy9_du4), ("i,s", delta10, z4), None
    # (329) ∂y⁹ᵢ/∂u³ⱼ = f′³(u³ⱼ) Σₖ W⁴ₖⱼ ∂y⁹ᵢ/∂u⁴ₖ
    dy9_du3 = params.W4.T @ dy9_du4
    del dy9_du4
    dy9_du3 *= fprime3
    # (509, 510) ∂²E/∂(W³, b³)∂W¹⁰: what W¹⁰ is multiplied by changes
    yield "u3", "W10", "rsij", ("jr", dy9_du3), ("i,s", delta10, z3), None
    # (331) ∂y⁹ᵢ/∂u²ⱼ = f′²(u²ⱼ) Σₖ W³ₖⱼ ∂y⁹ᵢ/∂u³ₖ
    dy9_du2 = params.W3.T @ dy9_du3
    del dy9_du3
    dy9_du2 *= fprime2
    # (507, 508) ∂²E/∂(W², b²)∂W¹⁰: what W¹⁰ is multiplied by changes
    yield "u2", "W10", "rsij", ("jr", dy9_du2), ("i,s", delta10, z2), None
    # (333) ∂y⁹ᵢ/∂u¹ⱼ = f′¹(u¹ⱼ) Σₖ W²ₖⱼ ∂y⁹ᵢ/∂u²ₖ
    dy9_du1 = params.W2.T @ dy9_du2
    del dy9_du2
    dy9_du1 *= fprime1
    # (505, 506) ∂²E/∂(W¹, b¹)∂W¹⁰: what W¹⁰ is multiplied by changes
    yield "u1", "W10", "rsij", ("jr", dy9_du1), ("i,s", delta10, z1), None


def _gauss_newton_terms(params, X, D, scale) -> Iterator[tuple]:
    """Yield the terms of the Gauss-Newton matrix, times `scale`, for these samples."""
    X, D = X.T, D.T
    z1 = _stacked(X, X, 1)
    # (1) u¹ᵢ = Σⱼ W¹ᵢⱼ xⱼ + b¹ᵢ
    u1 = params.W1 @ X
    u1 += params.b1[:, None]
    # (2) y¹ᵢ = f¹(u¹ᵢ)
    y1 = np.tanh(u1)
    # (3) u²ᵢ = Σⱼ W²ᵢⱼ y¹ⱼ + b²ᵢ
    u2 = params.W2 @ y1
    u2 += params.b2[:, None]
    # (4) y²ᵢ = f²(u²ᵢ)
    y2 = np.tanh(u2)
    # (5) u³ᵢ = Σⱼ W³ᵢⱼ y²ⱼ + b³ᵢ
    u3 = params.W3 @ y2
    u3 += params.b3[:, None]
    # (6) y³ᵢ = f³(u³ᵢ)
    y3 = np.tanh(u3)
    # (7) u⁴ᵢ = Σⱼ W⁴ᵢⱼ y³ⱼ + b⁴ᵢ
    u4 = params.W4 @ y3
    u4 += params.b4[:, None]
    # (8) y⁴ᵢ = f⁴(u⁴ᵢ)
    y4 = np.tanh(u4)
    # (9) u⁵ᵢ = Σⱼ W⁵ᵢⱼ y⁴ⱼ + b⁵ᵢ
    u5 = params.W5 @ y4
    u5 += params.b5[:, None]
    # (10) y⁵ᵢ = f⁵(u⁵ᵢ)
    y5 = np.tanh(u5)
    # (11) u⁶ᵢ = Σⱼ W⁶ᵢⱼ y⁵ⱼ + b⁶ᵢ
    u6 = params.W6 @ y5
    u6 += params.b6[:, None]
    # (12) y⁶ᵢ = f⁶(u⁶ᵢ)
    y6 = np.tanh(u6)
    # (13) u⁷ᵢ = Σⱼ W⁷ᵢⱼ y⁶ⱼ + b⁷ᵢ
    u7 = params.W7 @ y6
    u7 += params.b7[:, None]
    # (14) y⁷ᵢ = f⁷(u⁷ᵢ)
    y7 = np.tanh(u7)
    # (15) u⁸ᵢ = Σⱼ W⁸ᵢⱼ y⁷ⱼ + b⁸ᵢ
    u8 = params.W8 @ y7
    u8 += params.b8[:, None]
    # (16) y⁸ᵢ = f⁸(u⁸ᵢ)
    y8 = np.tanh(u8)
    # (17) u⁹ᵢ = Σⱼ W⁹ᵢⱼ y⁸ⱼ + b⁹ᵢ
    u9 = params.W9 @ y8
    u9 += params.b9[:, None]
    # (18) y⁹ᵢ = f⁹(u⁹ᵢ)
    y9 = np.tanh(u9)
    # (19) u¹⁰ᵢ = Σⱼ W¹⁰ᵢⱼ y⁹ⱼ + b¹⁰ᵢ
    u10 = params.W10 @ y9
    u10 += params.b10[:, None]
    # (20) y¹⁰ᵢ = f¹⁰(u¹⁰ᵢ)
    y10 = np.tanh(u10)
    # (26) f′¹⁰(u¹⁰ᵢ) = 1 − (y¹⁰ᵢ)²
    fprime10 = 1 - y10**2
    z10 = _stacked(X, y9, 1)
    # (790, 791, 810) the block of (W¹⁰, b¹⁰) and (W¹⁰, b¹⁰)
    yield "u10", "u10", "rsrj", ("r", fprime10**2), ("s,j", z10, z10), ("", 2 * scale)
    # (29) f′⁹(u⁹ᵢ) = 1 − (y⁹ᵢ)²
    fprime9 = 1 - y9**2
    z9 = _stacked(X, y8, 1)
    # (788, 789, 808, 809) the block of (W⁹, b⁹) and (W¹⁰, b¹⁰)
    yield (
        "u9",
        "u10",
        "rsij",
        ("r,s", fprime9, z9),
        ("i,j", fprime10**2, z10),
        (",ir", 2 * scale, params.W10),
    )
    # (32) f′⁸(u⁸ᵢ) = 1 − (y⁸ᵢ)²
    fprime8 = 1 - y8**2
    # (35) f′⁷(u⁷ᵢ) = 1 − (y⁷ᵢ)²
    fprime7 = 1 - y7**2
    # (38) f′⁶(u⁶ᵢ) = 1 − (y⁶ᵢ)²
    fprime6 = 1 - y6**2
    # (41) f′⁵(u⁵ᵢ) = 1 − (y⁵ᵢ)²
    fprime5 = 1 - y5**2
    # (44) f′⁴(u⁴ᵢ) = 1 − (y⁴ᵢ)²
    fprime4 = 1 - y4**2
    # (47) f′³(u³ᵢ) = 1 − (y³ᵢ)²
    fprime3 = 1 - y3**2
    # (50) f′²(u²ᵢ) = 1 − (y²ᵢ)²
    fprime2 = 1 - y2**2
    # (53) f′¹(u¹ᵢ) = 1 − (y¹ᵢ)²
    fprime1 = 1 - y1**2
    # (548) ∂²G/∂u⁸ᵢ∂u¹⁰ⱼ = f′⁸(u⁸ᵢ) Σₖ W⁹ₖᵢ ∂²G/∂u⁹ₖ∂u¹⁰ⱼ
    d2G_du8_du10 = _apply(
        (params.W10[:, :, None] * params.W9).transpose(0, 2, 1), fprime9
    ).transpose(1, 0, 2)
    d2G_du8_du10 *= 2 * scale
    d2G_du8_du10 *= fprime10**2
    d2G_du8_du10 *= fprime8[:, None]
    z8 = _stacked(X, y7, 1)
    # (786, 787, 806, 807) the block of (W⁸, b⁸) and (W¹⁰, b¹⁰)
    yield "u8", "u10", "rsij", ("ri", d2G_du8_du10), ("j,s", z10, z8), None
    # (549) ∂²G/∂u⁷ᵢ∂u¹⁰ⱼ = f′⁷(u⁷ᵢ) Σₖ W⁸ₖᵢ ∂²G/∂u⁸ₖ∂u¹⁰ⱼ
    d2G_du7_du10 = _apply(params.W8.T, d2G_du8_du10)
    del d2G_du8_du10
    d2G_du7_du10 *= fprime7[:, None]
    z7 = _stacked(X, y6, 1)
    # (784, 785, 804, 805) the block of (W⁷, b⁷) and (W¹⁰, b¹⁰)
    yield "u7", "u10", "rsij", ("ri", d2G_du7_du10), ("j,s", z10, z7), None
    # (550) ∂²G/∂u⁶ᵢ∂u¹⁰ⱼ = f′⁶(u⁶ᵢ) Σₖ W⁷ₖᵢ ∂²G/∂u⁷ₖ∂u¹⁰ⱼ
    d2G_du6_du10 = _apply(params.W7.T, d2G_du7_du10)
    del d2G_du7_du10
    d2G_du6_du10 *= fprime6[:, None]
    z6 = _stacked(X, y5, 1)
    # (782, 783, 802, 803) the block of (W⁶, b⁶) and (W¹⁰, b¹⁰)
    yield "u6", "u10", "rsij", ("ri", d2G_du6_du10), ("j,s", z10, z6), None
    # (551) ∂²G/∂u⁵ᵢ∂u¹⁰ⱼ = f′⁵(u⁵ᵢ) Σₖ W⁶ₖᵢ ∂²G/∂u⁶ₖ∂u¹⁰ⱼ
    d2G_du5_du10 = _apply(params.W6.T, d2G_du6_du10)
    del d2G_du6_du10
    d2G_du5_du10 *= fprime5[:, None]
    z5 = _stacked(X, y4, 1)
    # (780, 781, 800, 801) the block of (W⁵, b⁵) and (W¹⁰, b¹⁰)
    yield "u5", "u10", "rsij", ("ri", d2G_du5_du10), ("j,s", z10, z5), None
    # (552) ∂²G/∂u⁴ᵢ∂u¹⁰ⱼ = f′⁴(u⁴ᵢ) Σₖ W⁵ₖᵢ ∂²G/∂u⁵ₖ∂u¹⁰ⱼ
    d2G_du4_du10 = _apply(params.W5.T, d2G_du5_du10)
    del d2G_du5_du10
    d2G_du4_du10 *= fprime4[:, None]
    z4 = _stacked(X, y3, 1)
    # (778, 779, 798, 799) the block of (W⁴, b⁴) and (W¹⁰, b¹⁰)
    yield "u4", "u10", "rsij", ("ri", d2G_du4_du10), ("j,s", z10, z4), None
    # (553) ∂²G/∂u³ᵢ∂u¹⁰ⱼ = f′³(u³ᵢ) Σₖ W⁴ₖᵢ ∂²G/∂u⁴ₖ∂u¹⁰ⱼ
    d2G_du3_du10 = _apply(params.W4.T, d2G_du4_du10)
    del d2G_du4_du10
    d2G_du3_du10 *= fprime3[:, None]
    z3 = _stacked(X, y2, 1)
    # (776, 777, 796, 797) the block of (W³, b³) and (W¹⁰, b¹⁰)
    yield "u3", "u10", "rsij", ("ri", d2G_du3_du10), ("j,s", z10, z3), None
    # (554) ∂²G/∂u²ᵢ∂u¹⁰ⱼ = f′²(u²ᵢ) Σₖ W³ₖᵢ ∂²G/∂u³ₖ∂u¹⁰ⱼ
    d2G_du2_du10 = _apply(params.W3.T, d2G_du3_du10)
    del d2G_du3_du10
    d2G_du2_du10 *= fprime2[:, None]
    z2 = _stacked(X, y1, 1)
    # (774, 775, 794, 795) the block of (W², b²) and (W¹⁰, b¹⁰)
    yield "u2", "u10", "rsij", ("ri", d2G_du2_du10), ("j,s", z10, z2), None
    # (555) ∂²G/∂u¹ᵢ∂u¹⁰ⱼ = f′¹(u¹ᵢ) Σₖ W²ₖᵢ ∂²G/∂u²ₖ∂u¹⁰ⱼ
    d2G_du1_du10 = _apply(params.W2.T, d2G_du2_du10)
    del d2G_du2_du10
    d2G_du1_du10 *= fprime1[:, None]
    # (772, 773, 792, 793) the block of (W¹, b¹) and (W¹⁰, b¹⁰)
    yield "u1", "u10", "rsij", ("ri", d2G_du1_du10), ("s,j", z1, z10), None
    del d2G_du1_du10
    # (556) ∂²G/∂u⁹ᵢ∂u⁹ⱼ = f′⁹(u⁹ᵢ) Σₖ W¹⁰ₖᵢ ∂²G/∂u⁹ⱼ∂u¹⁰ₖ
    d2G_du9_du9 = _apply(
        (params.W10[:, :, None] * params.W10[:, None]).transpose(1, 2, 0), fprime10**2
    )
    d2G_du9_du9 *= 2 * scale
    d2G_du9_du9 *= fprime9[:, None]
    d2G_du9_du9 *= fprime9
    # (753, 754, 771) the block of (W⁹, b⁹) and (W⁹, b⁹)
    yield "u9", "u9", "rsij", ("ir", d2G_du9_du9), ("j,s", z9, z9), None
    # (557) ∂²G/∂u⁸ᵢ∂u⁹ⱼ = f′⁸(u⁸ᵢ) Σₖ W⁹ₖᵢ ∂²G/∂u⁹ₖ∂u⁹ⱼ
    d2G_du8_du9 = _apply(params.W9.T, d2G_du9_du9)
    del d2G_du9_du9
    d2G_du8_du9 *= fprime8[:, None]
    # (751, 752, 769, 770) the block of (W⁸, b⁸) and (W⁹, b⁹)
    yield "u8", "u9", "rsij", ("ri", d2G_du8_du9), ("s,j", z8, z9), None
    # (558) ∂²G/∂u⁷ᵢ∂u⁹ⱼ = f′⁷(u⁷ᵢ) Σₖ W⁸ₖᵢ ∂²G/∂u⁸ₖ∂u⁹ⱼ
    d2G_du7_du9 = _apply(params.W8.T, d2G_du8_du9)
    d2G_du7_du9 *= fprime7[:, None]
    # (749, 750, 767, 768) the block of (W⁷, b⁷) and (W⁹, b⁹)
    yield "u7", "u9", "rsij", ("ri", d2G_du7_du9), ("s,j", z7, z9), None
    # (559) ∂²G/∂u⁶ᵢ∂u⁹ⱼ = f′⁶(u⁶ᵢ) Σₖ W⁷ₖᵢ ∂²G/∂u⁷ₖ∂u⁹ⱼ
    d2G_du6_du9 = _apply(params.W7.T, d2G_du7_du9)
    del d2G_du7_du9
    d2G_du6_du9 *= fprime6[:, None]
    # (747, 748, 765, 766) the block of (W⁶, b⁶) and (W⁹, b⁹)
    yield "u6", "u9", "rsij", ("ri", d2G_du6_du9), ("s,j", z6, z9), None
    # (560) ∂²G/∂u⁵ᵢ∂u⁹ⱼ = f′⁵(u⁵ᵢ) Σₖ W⁶ₖᵢ ∂²G/∂u⁶ₖ∂u⁹ⱼ
    d2G_du5_du9 = _apply(params.W6.T, d2G_du6_du9)
    del d2G_du6_du9
    d2G_du5_du9 *= fprime5[:, None]
    # (745, 746, 763, 764) the block of (W⁵, b⁵) and (W⁹, b⁹)
    yield "u5", "u9", "rsij", ("ri", d2G_du5_du9), ("s,j", z5, z9), None
    # (561) ∂²G/∂u⁴ᵢ∂u⁹ⱼ = f′⁴(u⁴ᵢ) Σₖ W⁵ₖᵢ ∂²G/∂u⁵ₖ∂u⁹ⱼ
    d2G_du4_du9 = _apply(params.W5.T, d2G_du5_du9)
    del d2G_du5_du9
    d2G_du4_du9 *= fprime4[:, None]
    # (743, 744, 761, 762) the block of (W⁴, b⁴) and (W⁹, b⁹)
    yield "u4", "u9", "rsij", ("ri", d2G_du4_du9), ("s,j", z4, z9), None
    # (562) ∂²G/∂u³ᵢ∂u⁹ⱼ = f′³(u³ᵢ) Σₖ W⁴ₖᵢ ∂²G/∂u⁴ₖ∂u⁹ⱼ
    d2G_du3_du9 = _apply(params.W4.T, d2G_du4_du9)
    del d2G_du4_du9
    d2G_du3_du9 *= fprime3[:, None]
    # (741, 742, 759, 760) the block of (W³, b³) and (W⁹, b⁹)
    yield "u3", "u9", "rsij", ("ri", d2G_du3_du9), ("s,j", z3, z9), None
    # (563) ∂²G/∂u²ᵢ∂u⁹ⱼ = f′²(u²ᵢ) Σₖ W³ₖᵢ ∂²G/∂u³ₖ∂u⁹ⱼ
    d2G_du2_du9 = _apply(params.W3.T, d2G_du3_du9)
    del d2G_du3_du9
    d2G_du2_du9 *= fprime2[:, None]
    # (739, 740, 757, 758) the block of (W², b²) and (W⁹, b⁹)
    yield "u2", "u9", "rsij", ("ri", d2G_du2_du9), ("s,j", z2, z9), None
    # (564) ∂²G/∂u¹ᵢ∂u⁹ⱼ = f′¹(u¹ᵢ) Σₖ W²ₖᵢ ∂²G/∂u²ₖ∂u⁹ⱼ
    d2G_du1_du9 = _apply(params.W2.T, d2G_du2_du9)
    del d2G_du2_du9
    d2G_du1_du9 *= fprime1[:, None]
    # (737, 738, 755, 756) the block of (W¹, b¹) and (W⁹, b⁹)
    yield "u1", "u9", "rsij", ("ri", d2G_du1_du9), ("s,j", z1, z9), None
    del d2G_du1_du9
    # (565) ∂²G/∂u⁸ᵢ∂u⁸ⱼ = f′⁸(u⁸ᵢ) Σₖ W⁹ₖᵢ ∂²G/∂u⁸ⱼ∂u⁹ₖ
    d2G_du8_du8 = params.W9.T @ d2G_du8_du9
    del d2G_du8_du9
    d2G_du8_du8 *= fprime8
    # (720, 721, 736) the block of (W⁸, b⁸) and (W⁸, b⁸)
    yield "u8", "u8", "rsij", ("ir", d2G_du8_du8), ("j,s", z8, z8), None
    # (566) ∂²G/∂u⁷ᵢ∂u⁸ⱼ = f′⁷(u⁷ᵢ) Σₖ W⁸ₖᵢ ∂²G/∂u⁸ₖ∂u⁸ⱼ
    d2G_du7_du8 = _apply(params.W8.T, d2G_du8_du8)
    del d2G_du8_du8
    d2G_du7_du8 *= fprime7[:, None]
    # (718, 719, 734, 735) the block of (W⁷, b⁷) and (W⁸, b⁸)
    yield "u7", "u8", "rsij", ("ri", d2G_du7_du8), ("s,j", z7, z8), None
    # (567) ∂²G/∂u⁶ᵢ∂u⁸ⱼ = f′⁶(u⁶ᵢ) Σₖ W⁷ₖᵢ ∂²G/∂u⁷ₖ∂u⁸ⱼ
    d2G_du6_du8 = _apply(params.W7.T, d2G_du7_du8)
    d2G_du6_du8 *= fprime6[:, None]
    # (716, 717, 732, 733) the block of (W⁶, b⁶) and (W⁸, b⁸)
    yield "u6", "u8", "rsij", ("ri", d2G_du6_du8), ("s,j", z6, z8), None
    # (568) ∂²G/∂u⁵ᵢ∂u⁸ⱼ = f′⁵(u⁵ᵢ) Σₖ W⁶ₖᵢ ∂²G/∂u⁶ₖ∂u⁸ⱼ
    d2G_du5_du8 = _apply(params.W6.T, d2G_du6_du8)
    del d2G_du6_du8
    d2G_du5_du8 *= fprime5[:, None]
    # (714, 715, 730, 731) the block of (W⁵, b⁵) and (W⁸, b⁸)
    yield "u5", "u8", "rsij", ("ri", d2G_du5_du8), ("s,j", z5, z8), None
    # (569) ∂²G/∂u⁴ᵢ∂u⁸ⱼ = f′⁴(u⁴ᵢ) Σₖ W⁵ₖᵢ ∂²G/∂u⁵ₖ∂u⁸ⱼ
    d2G_du4_du8 = _apply(params.W5.T, d2G_du5_du8)
    del d2G_du5_du8
    d2G_du4_du8 *= fprime4[:, None]
    # (712, 713, 728, 729) the block of (W⁴, b⁴) and (W⁸, b⁸)
    yield "u4", "u8", "rsij", ("ri", d2G_du4_du8), ("s,j", z4, z8), None
    # (570) ∂²G/∂u³ᵢ∂u⁸ⱼ = f′³(u³ᵢ) Σₖ W⁴ₖᵢ ∂²G/∂u⁴ₖ∂u⁸ⱼ
    d2G_du3_du8 = _apply(params.W4.T, d2G_du4_du8)
    del d2G_du4_du8
    d2G_du3_du8 *= fprime3[:, None]
    # (710, 711, 726, 727) the block of (W³, b³) and (W⁸, b⁸)
    yield "u3", "u8", "rsij", ("ri", d2G_du3_du8), ("s,j", z3, z8), None
    # (571) ∂²G/∂u²ᵢ∂u⁸ⱼ = f′²(u²ᵢ) Σₖ W³ₖᵢ ∂²G/∂u³ₖ∂u⁸ⱼ
    d2G_du2_du8 = _apply(params.W3.T, d2G_du3_du8)
    del d2G_du3_du8
    d2G_du2_du8 *= fprime2[:, None]
    # (708, 709, 724, 725) the block of (W², b²) and (W⁸, b⁸)
    yield "u2", "u8", "rsij", ("ri", d2G_du2_du8), ("s,j", z2, z8), None
    # (572) ∂²G/∂u¹ᵢ∂u⁸ⱼ = f′¹(u¹ᵢ) Σₖ W²ₖᵢ ∂²G/∂u²ₖ∂u⁸ⱼ
    d2G_du1_du8 = _apply(params.W2.T, d2G_du2_du8)
    del d2G_du2_du8
    d2G_du1_du8 *= fprime1[:, None]
    # (706, 707, 722, 723) the block of (W¹, b¹) and (W⁸, b⁸)
    yield "u1", "u8", "rsij", ("ri", d2G_du1_du8), ("s,j", z1, z8), None
    del d2G_du1_du8
    # (573) ∂²G/∂u⁷ᵢ∂u⁷ⱼ = f′⁷(u⁷ᵢ) Σₖ W⁸ₖᵢ ∂²G/∂u⁷ⱼ∂u⁸ₖ
    d2G_du7_du7 = params.W8.T @ d2G_du7_du8
    del d2G_du7_du8
    d2G_du7_du7 *= fprime7
    # (691, 692, 705) the block of (W⁷, b⁷) and (W⁷, b⁷)
    yield "u7", "u7", "rsij", ("ir", d2G_du7_du7), ("j,s", z7, z7), None
    # (574) ∂²G/∂u⁶ᵢ∂u⁷ⱼ = f′⁶(u⁶ᵢ) Σₖ W⁷ₖᵢ ∂²G/∂u⁷ₖ∂u⁷ⱼ
    d2G_du6_du7 = _apply(params.W7.T, d2G_du7_du7)
    del d2G_du7_du7
    d2G_du6_du7 *= fprime6[:, None]
    # (689, 690, 703, 704) the block of (W⁶, b⁶) and (W⁷, b⁷)
    yield "u6", "u7", "rsij", ("ri", d2G_du6_du7), ("s,j", z6, z7), None
    # (575) ∂²G/∂u⁵ᵢ∂u⁷ⱼ = f′⁵(u⁵ᵢ) Σₖ W⁶ₖᵢ ∂²G/∂u⁶ₖ∂u⁷ⱼ
    d2G_du5_du7 = _apply(params.W6.T, d2G_du6_du7)
    d2G_du5_du7 *= fprime5[:, None]
    # (687, 688, 701, 702) the block of (W⁵, b⁵) and (W⁷, b⁷)
    yield "u5", "u7", "rsij", ("ri", d2G_du5_du7), ("s,j", z5, z7), None
    # (576) ∂²G/∂u⁴ᵢ∂u⁷ⱼ = f′⁴(u⁴ᵢ) Σₖ W⁵ₖᵢ ∂²G/∂u⁵ₖ∂u⁷ⱼ
    d2G_du4_du7 = _apply(params.W5.T, d2G_du5_du7)
    del d2G_du5_du7
    d2G_du4_du7 *= fprime4[:, None]
    # (685, 686, 699, 700) the block of (W⁴, b⁴) and (W⁷, b⁷)
    yield "u4", "u7", "rsij", ("ri", d2G_du4_du7), ("s,j", z4, z7), None
    # (577) ∂²G/∂u³ᵢ∂u⁷ⱼ = f′³(u³ᵢ) Σₖ W⁴ₖᵢ ∂²G/∂u⁴ₖ∂u⁷ⱼ
    d2G_du3_du7 = _apply(params.W4.T, d2G_du4_du7)
    del d2G_du4_du7
    d2G_du3_du7 *= fprime3[:, None]
    # (683, 684, 697, 698) the block of (W³, b³) and (W⁷, b⁷)
    yield "u3", "u7", "rsij", ("ri", d2G_du3_du7), ("s,j", z3, z7), None
    # (578) ∂²G/∂u²ᵢ∂u⁷ⱼ = f′²(u²ᵢ) Σₖ W³ₖᵢ ∂²G/∂u³ₖ∂u⁷ⱼ
    d2G_du2_du7 = _apply(params.W3.T, d2G_du3_du7)
    del d2G_du3_du7
    d2G_du2_du7 *= fprime2[:, None]
    # (681, 682, 695, 696) the block of (W², b²) and (W⁷, b⁷)
    yield "u2", "u7", "rsij", ("ri", d2G_du2_du7), ("s,j", z2, z7), None
    # (579) ∂²G/∂u¹ᵢ∂u⁷ⱼ = f′¹(u¹ᵢ) Σₖ W²ₖᵢ ∂²G/∂u²ₖ∂u⁷ⱼ
    d2G_du1_du7 = _apply(params.W2.T, d2G_du2_du7)
    del d2G_du2_du7
    d2G_du1_du7 *= fprime1[:, None]
    # (679, 680, 693, 694) the block of (W¹, b¹) and (W⁷, b⁷)
    yield "u1", "u7", "rsij", ("ri", d2G_du1_du7), ("s,j", z1, z7), None
    del d2G_du1_du7
    # (580) ∂²G/∂u⁶ᵢ∂u⁶ⱼ = f′⁶(u⁶ᵢ) Σₖ W⁷ₖᵢ ∂²G/∂u⁶ⱼ∂u⁷ₖ
    d2G_du6_du6 = params.W7.T @ d2G_du6_du7
    del d2G_du6_du7
    d2G_du6_du6 *= fprime6
    # (666, 667, 678) the block of (W⁶, b⁶) and (W⁶, b⁶)
    yield "u6", "u6", "rsij", ("ir", d2G_du6_du6), ("j,s", z6, z6), None
    # (581) ∂²G/∂u⁵ᵢ∂u⁶ⱼ = f′⁵(u⁵ᵢ) Σₖ W⁶ₖᵢ ∂²G/∂u⁶ₖ∂u⁶ⱼ
    d2G_du5_du6 = _apply(params.W6.T, d2G_du6_du6)
    del d2G_du6_du6
    d2G_du5_du6 *= fprime5[:, None]
    # (664, 665, 676, 677) the block of (W⁵, b⁵) and (W⁶, b⁶)
    yield "u5", "u6", "rsij", ("ri", d2G_du5_du6), ("s,j", z5, z6), None
    # (582) ∂²G/∂u⁴ᵢ∂u⁶ⱼ = f′⁴(u⁴ᵢ) Σₖ W⁵ₖᵢ ∂²G/∂u⁵ₖ∂u⁶ⱼ
    d2G_du4_du6 = _apply(params.W5.T, d2G_du5_du6)
    d2G_du4_du6 *= fprime4[:, None]
    # (662, 663, 674, 675) the block of (W⁴, b⁴) and (W⁶, b⁶)
    yield "u4", "u6", "rsij", ("ri", d2G_du4_du6), ("s,j", z4, z6), None
    # (583) ∂²G/∂u³ᵢ∂u⁶ⱼ = f′³(u³ᵢ) Σₖ W⁴ₖᵢ ∂²G/∂u⁴ₖ∂u⁶ⱼ
    d2G_du3_du6 = _apply(params.W4.T, d2G_du4_du6)
    del d2G_du4_du6
    d2G_du3_du6 *= fprime3[:, None]
    # (660, 661, 672, 673) the block of (W³, b³) and (W⁶, b⁶)
    yield "u3", "u6", "rsij", ("ri", d2G_du3_du6), ("s,j", z3, z6), None
    # (584) ∂²G/∂u²ᵢ∂u⁶ⱼ = f′²(u²ᵢ) Σₖ W³ₖᵢ ∂²G/∂u³ₖ∂u⁶ⱼ
    d2G_du2_du6 = _apply(params.W3.T, d2G_du3_du6)
    del d2G_du3_du6
    d2G_du2_du6 *= fprime2[:, None]
    # (658, 659, 670, 671) the block of (W², b²) and (W⁶, b⁶)
    yield "u2", "u6", "rsij", ("ri", d2G_du2_du6), ("s,j", z2, z6), None
    # (585) ∂²G/∂u¹ᵢ∂u⁶ⱼ = f′¹(u¹ᵢ) Σₖ W²ₖᵢ ∂²G/∂u²ₖ∂u⁶ⱼ
    d2G_du1_du6 = _apply(params.W2.T, d2G_du2_du6)
    del d2G_du2_du6
    d2G_du1_du6 *= fprime1[:, None]
    # (656, 657, 668, 669) the block of (W¹, b¹) and (W⁶, b⁶)
    yield "u1", "u6", "rsij", ("ri", d2G_du1_du6), ("s,j", z1, z6), None
    del d2G_du1_du6
    # (586) ∂²G/∂u⁵ᵢ∂u⁵ⱼ = f′⁵(u⁵ᵢ) Σₖ W⁶ₖᵢ ∂²G/∂u⁵ⱼ∂u⁶ₖ
    d2G_du5_du5 = params.W6.T @ d2G_du5_du6
    del d2G_du5_du6
    d2G_du5_du5 *= fprime5
    # (645, 646, 655) the block of (W⁵, b⁵) and (W⁵, b⁵)
    yield "u5", "u5", "rsij", ("ir", d2G_du5_du5), ("j,s", z5, z5), None
    # (587) ∂²G/∂u⁴ᵢ∂u⁵ⱼ = f′⁴(u⁴ᵢ) Σₖ W⁵ₖᵢ ∂²G/∂u⁵ₖ∂u⁵ⱼ
    d2G_du4_du5 = _apply(params.W5.T, d2G_du5_du5)
    del d2G_du5_du5
    d2G_du4_du5 *= fprime4[:, None]
    # (643, 644, 653, 654) the block of (W⁴, b⁴) and (W⁵, b⁵)
    yield "u4", "u5", "rsij", ("ri", d2G_du4_du5), ("s,j", z4, z5), None
    # (588) ∂²G/∂u³ᵢ∂u⁵ⱼ = f′³(u³ᵢ) Σₖ W⁴ₖᵢ ∂²G/∂u⁴ₖ∂u⁵ⱼ
    d2G_du3_du5 = _apply(params.W4.T, d2G_du4_du5)
    d2G_du3_du5 *= fprime3[:, None]
    # (641, 642, 651, 652) the block of (W³, b³) and (W⁵, b⁵)
    yield "u3", "u5", "rsij", ("ri", d2G_du3_du5), ("s,j", z3, z5), None
    # (589) ∂²G/∂u²ᵢ∂u⁵ⱼ = f′²(u²ᵢ) Σₖ W³ₖᵢ ∂²G/∂u³ₖ∂u⁵ⱼ
    d2G_du2_du5 = _apply(params.W3.T, d2G_du3_du5)
    del d2G_du3_du5
    d2G_du2_du5 *= fprime2[:, None]
    # (639, 640, 649, 650) the block of (W², b²) and (W⁵, b⁵)
    yield "u2", "u5", "rsij", ("ri", d2G_du2_du5), ("s,j", z2, z5), None
    # (590) ∂²G/∂u¹ᵢ∂u⁵ⱼ = f′¹(u¹ᵢ) Σₖ W²ₖᵢ ∂²G/∂u²ₖ∂u⁵ⱼ
    d2G_du1_du5 = _apply(params.W2.T, d2G_du2_du5)
    del d2G_du2_du5
    d2G_du1_du5 *= fprime1[:, None]
    # (637, 638, 647, 648) the block of (W¹, b¹) and (W⁵, b⁵)
    yield "u1", "u5", "rsij", ("ri", d2G_du1_du5), ("s,j", z1, z5), None
    del d2G_du1_du5
    # (591) ∂²G/∂u⁴ᵢ∂u⁴ⱼ = f′⁴(u⁴ᵢ) Σₖ W⁵ₖᵢ ∂²G/∂u⁴ⱼ∂u⁵ₖ
    d2G_du4_du4 = params.W5.T @ d2G_du4_du5
    del d2G_du4_du5
    d2G_du4_du4 *= fprime4
    # (628, 629, 636) the block of (W⁴, b⁴) and (W⁴, b⁴)
    yield "u4", "u4", "rsij", ("ir", d2G_du4_du4), ("j,s", z4, z4), None
    # (592) ∂²G/∂u³ᵢ∂u⁴ⱼ = f′³(u³ᵢ) Σₖ W⁴ₖᵢ ∂²G/∂u⁴ₖ∂u⁴ⱼ
    d2G_du3_du4 = _apply(params.W4.T, d2G_du4_du4)
    del d2G_du4_du4
    d2G_du3_du4 *= fprime3[:, None]
    # (626, 627, 634, 635) the block of (W³, b³) and (W⁴, b⁴)
    yield "u3", "u4", "rsij", ("ri", d2G_du3_du4), ("s,j", z3, z4), None
    # (593) ∂²G/∂u²ᵢ∂u⁴ⱼ = f′²(u²ᵢ) Σₖ W³ₖᵢ ∂²G/∂u³ₖ∂u⁴ⱼ
    d2G_du2_du4 = _apply(params.W3.T, d2G_du3_du4)
    d2G_du2_du4 *= fprime2[:, None]
    # (624, 625, 632, 633) the block of (W², b²) and (W⁴, b⁴)
    yield "u2", "u4", "rsij", ("ri", d2G_du2_du4), ("s,j", z2, z4), None
    # (594) ∂²G/∂u¹ᵢ∂u⁴ⱼ = f′¹(u¹ᵢ) Σₖ W²ₖᵢ ∂²G/∂u²ₖ∂u⁴ⱼ
    d2G_du1_du4 = _apply(params.W2.T, d2G_du2_du4)
    del d2G_du2_du4
    d2G_du1_du4 *= fprime1[:, None]
    # (622, 623, 630, 631) the block of (W¹, b¹) and (W⁴, b⁴)
    yield "u1", "u4", "rsij", ("ri", d2G_du1_du4), ("s,j", z1, z4), None
    del d2G_du1_du4
    # (595) ∂²G/∂u³ᵢ∂u³ⱼ = f′³(u³ᵢ) Σₖ W⁴ₖᵢ ∂²G/∂u³ⱼ∂u⁴ₖ
    d2G_du3_du3 = params.W4.T @ d2G_du3_du4
    del d2G_du3_du4
    d2G_du3_du3 *= fprime3
    # (615, 616, 621) the block of (W³, b³) and (W³, b³)
    yield "u3", "u3", "rsij", ("ir", d2G_du3_du3), ("j,s", z3, z3), None
    # (596) ∂²G/∂u²ᵢ∂u³ⱼ = f′²(u²ᵢ) Σₖ W³ₖᵢ ∂²G/∂u³ₖ∂u³ⱼ
    d2G_du2_du3 = _apply(params.W3.T, d2G_du3_du3)
    del d2G_du3_du3
    d2G_du2_du3 *= fprime2[:, None]
    # (613, 614, 619, 620) the block of (W², b²) and (W³, b³)
    yield "u2", "u3", "rsij", ("ri", d2G_du2_du3), ("s,j", z2, z3), None
    # (597) ∂²G/∂u¹ᵢ∂u³ⱼ = f′¹(u¹ᵢ) Σₖ W²ₖᵢ ∂²G/∂u²ₖ∂u³ⱼ
    d2G_du1_du3 = _apply(params.W2.T, d2G_du2_du3)
    d2G_du1_du3 *= fprime1[:, None]
    # (611, 612, 617, 618) the block of (W¹, b¹) and (W³, b³)
    yield "u1", "u3", "rsij", ("ri", d2G_du1_du3), ("s,j", z1, z3), None
    del d2G_du1_du3
    # (598) ∂²G/∂u²ᵢ∂u²ⱼ = f′²(u²ᵢ) Σₖ W³ₖᵢ ∂²G/∂u²ⱼ∂u³ₖ
    d2G_du2_du2 = params.W3.T @ d2G_du2_du3
    del d2G_du2_du3
    d2G_du2_du2 *= fprime2
    # (606, 607, 610) the block of (W², b²) and (W², b²)
    yield "u2", "u2", "rsij", ("ir", d2G_du2_du2), ("j,s", z2, z2), None
    # (599) ∂²G/∂u¹ᵢ∂u²ⱼ = f′¹(u¹ᵢ) Σₖ W²ₖᵢ ∂²G/∂u²ₖ∂u²ⱼ
    d2G_du1_du2 = _apply(params.W2.T, d2G_du2_du2)
    del d2G_du2_du2
    d2G_du1_du2 *= fprime1[:, None]
    # (604, 605, 608, 609) the block of (W¹, b¹) and (W², b²)
    yield "u1", "u2", "rsij", ("ri", d2G_du1_du2), ("s,j", z1, z2), None
    # (600) ∂²G/∂u¹ᵢ∂u¹ⱼ = f′¹(u¹ᵢ) Σₖ W²ₖᵢ ∂²G/∂u¹ⱼ∂u²ₖ
    d2G_du1_du1 = params.W2.T @ d2G_du1_du2
    del d2G_du1_du2
    d2G_du1_du1 *= fprime1
    # (601–603) the block of (W¹, b¹) and (W¹, b¹)
    yield "u1", "u1", "rsij", ("ir", d2G_du1_du1), ("j,s", z1, z1), None


def _jacobian_terms(params, X) -> Iterator[tuple]:
    """Yield ∂y/∂u, (i, j, n), of each variable that parameters enter, and z."""
    X = X.T
    # (1) u¹ᵢ = Σⱼ W¹ᵢⱼ xⱼ + b¹ᵢ
    u1 = params.W1 @ X
    u1 += params.b1[:, None]
    # (2) y¹ᵢ = f¹(u¹ᵢ)
    y1 = np.tanh(u1)
    # (3) u²ᵢ = Σⱼ W²ᵢⱼ y¹ⱼ + b²ᵢ
    u2 = params.W2 @ y1
    u2 += params.b2[:, None]
    # (4) y²ᵢ = f²(u²ᵢ)
    y2 = np.tanh(u2)
    # (5) u³ᵢ = Σⱼ W³ᵢⱼ y²ⱼ + b³ᵢ
    u3 = params.W3 @ y2
    u3 += params.b3[:, None]
    # (6) y³ᵢ = f³(u³ᵢ)
    y3 = np.tanh(u3)
    # (7) u⁴ᵢ = Σⱼ W⁴ᵢⱼ y³ⱼ + b⁴ᵢ
    u4 = params.W4 @ y3
    u4 += params.b4[:, None]
    # (8) y⁴ᵢ = f⁴(u⁴ᵢ)
    y4 = np.tanh(u4)
    # (9) u⁵ᵢ = Σⱼ W⁵ᵢⱼ y⁴ⱼ + b⁵ᵢ
    u5 = params.W5 @ y4
    u5 += params.b5[:, None]
    # (10) y⁵ᵢ = f⁵(u⁵ᵢ)
    y5 = np.tanh(u5)
    # (11) u⁶ᵢ = Σⱼ W⁶ᵢⱼ y⁵ⱼ + b⁶ᵢ
    u6 = params.W6 @ y5
    u6 += params.b6[:, None]
    # (12) y⁶ᵢ = f⁶(u⁶ᵢ)
    y6 = np.tanh(u6)
    # (13) u⁷ᵢ = Σⱼ W⁷ᵢⱼ y⁶ⱼ + b⁷ᵢ
    u7 = params.W7 @ y6
    u7 += params.b7[:, None]
    # (14) y⁷ᵢ = f⁷(u⁷ᵢ)
    y7 = np.tanh(u7)
    # (15) u⁸ᵢ = Σⱼ W⁸ᵢⱼ y⁷ⱼ + b⁸ᵢ
    u8 = params.W8 @ y7
    u8 += params.b8[:, None]
    # (16) y⁸ᵢ = f⁸(u⁸ᵢ)
    y8 = np.tanh(u8)
    # (17) u⁹ᵢ = Σⱼ W⁹ᵢⱼ y⁸ⱼ + b⁹ᵢ
    u9 = params.W9 @ y8
    u9 += params.b9[:, None]
    # (18) y⁹ᵢ = f⁹(u⁹ᵢ)
    y9 = np.tanh(u9)
    # (19) u¹⁰ᵢ = Σⱼ W¹⁰ᵢⱼ y⁹ⱼ + b¹⁰ᵢ
    u10 = params.W10 @ y9
    u10 += params.b10[:, None]
    # (20) y¹⁰ᵢ = f¹⁰(u¹⁰ᵢ)
    y10 = np.tanh(u10)
    # (26) f′¹⁰(u¹⁰ᵢ) = 1 − (y¹⁰ᵢ)²
    fprime10 = 1 - y10**2
    # (29) f′⁹(u⁹ᵢ) = 1 − (y⁹ᵢ)²
    fprime9 = 1 - y9**2
    # (32) f′⁸(u⁸ᵢ) = 1 − (y⁸ᵢ)²
    fprime8 = 1 - y8**2
    # (35) f′⁷(u⁷ᵢ) = 1 − (y⁷ᵢ)²
    fprime7 = 1 - y7**2
    # (38) f′⁶(u⁶ᵢ) = 1 − (y⁶ᵢ)²
    fprime6 = 1 - y6**2
    # (41) f′⁵(u⁵ᵢ) = 1 − (y⁵ᵢ)²
    fprime5 = 1 - y5**2
    # (44) f′⁴(u⁴ᵢ) = 1 − (y⁴ᵢ)²
    fprime4 = 1 - y4**2
    # (47) f′³(u³ᵢ) = 1 − (y³ᵢ)²
    fprime3 = 1 - y3**2
    # (50) f′²(u²ᵢ) = 1 − (y²ᵢ)²
    fprime2 = 1 - y2**2
    # (53) f′¹(u¹ᵢ) = 1 − (y¹ᵢ)²
    fprime1 = 1 - y1**2
    # (180) ∂y¹⁰ᵢ/∂u⁸ⱼ = f′¹⁰(u¹⁰ᵢ) f′⁸(u⁸ⱼ) Σₖ f′⁹(u⁹ₖ) W¹⁰ᵢₖ W⁹ₖⱼ
    dy10_du8 = _apply((params.W10[:, :, None] * params.W9).transpose(0, 2, 1), fprime9)
    dy10_du8 *= fprime10[:, None]
    dy10_du8 *= fprime8
    # (182) ∂y¹⁰ᵢ/∂u⁷ⱼ = f′⁷(u⁷ⱼ) Σₖ W⁸ₖⱼ ∂y¹⁰ᵢ/∂u⁸ₖ
    dy10_du7 = params.W8.T @ dy10_du8
    dy10_du7 *= fprime7
    # (184) ∂y¹⁰ᵢ/∂u⁶ⱼ = f′⁶(u⁶ⱼ) Σₖ W⁷ₖⱼ ∂y¹⁰ᵢ/∂u⁷ₖ
    dy10_du6 = params.W7.T @ dy10_du7
    dy10_du6 *= fprime6
    # (186) ∂y¹⁰ᵢ/∂u⁵ⱼ = f′⁵(u⁵ⱼ) Σₖ W⁶ₖⱼ ∂y¹⁰ᵢ/∂u⁶ₖ
    dy10_du5 = params.W6.T @ dy10_du6
    dy10_du5 *= fprime5
    # (188) ∂y¹⁰ᵢ/∂u⁴ⱼ = f′⁴(u⁴ⱼ) Σₖ W⁵ₖⱼ ∂y¹⁰ᵢ/∂u⁵ₖ
    dy10_du4 = params.W5.T @ dy10_du5
    dy10_du4 *= fprime4
    # (190) ∂y¹⁰ᵢ/∂u³ⱼ = f′³(u³ⱼ) Σₖ W⁴ₖⱼ ∂y¹⁰ᵢ/∂u⁴ₖ
    dy10_du3 = params.W4.T @ dy10_du4
    dy10_du3 *= fprime3
    # (192) ∂y¹⁰ᵢ/∂u²ⱼ = f′²(u²ⱼ) Σₖ W³ₖⱼ ∂y¹⁰ᵢ/∂u³ₖ
    dy10_du2 = params.W3.T @ dy10_du3
    dy10_du2 *= fprime2
    # (194) ∂y¹⁰ᵢ/∂u¹ⱼ = f′¹(u¹ⱼ) Σₖ W²ₖⱼ ∂y¹⁰ᵢ/∂u²ₖ
    dy10_du1 = params.W2.T @ dy10_du2
    dy10_du1 *= fprime1
    z1 = _stacked(X, X, 1)
    z2 = _stacked(X, y1, 1)
    z3 = _stacked(X, y2, 1)
    z4 = _stacked(X, y3, 1)
    z5 = _stacked(X, y4, 1)
    z6 = _stacked(X, y5, 1)
    z7 = _stacked(X, y6, 1)
    z8 = _stacked(X, y7, 1)
    z9 = _stacked(X, y8, 1)
    z10 = _stacked(X, y9, 1)
    yield "u1", dy10_du1, z1
    yield "u2", dy10_du2, z2
    yield "u3", dy10_du3, z3
    yield "u4", dy10_du4, z4
    yield "u5", dy10_du5, z5
    yield "u6", dy10_du6, z6
    yield "u7", dy10_du7, z7
    yield "u8", dy10_du8, z8
    yield "u9", params.W10[:, :, None] * fprime10[:, None] * fprime9, z9
    yield "u10", _diagonal_matrix(fprime10), z10


def _input_jacobian(params, X) -> np.ndarray:
    """Return ∂y/∂x, (i, j, n)."""
    X = X.T
    # (1) u¹ᵢ = Σⱼ W¹ᵢⱼ xⱼ + b¹ᵢ
    u1 = params.W1 @ X
    u1 += params.b1[:, None]
    # (2) y¹ᵢ = f¹(u¹ᵢ)
    y1 = np.tanh(u1)
    # (3) u²ᵢ = Σⱼ W²ᵢⱼ y¹ⱼ + b²ᵢ
    u2 = params.W2 @ y1
    u2 += params.b2[:, None]
    # (4) y²ᵢ = f²(u²ᵢ)
    y2 = np.tanh(u2)
    # (5) u³ᵢ = Σⱼ W³ᵢⱼ y²ⱼ + b³ᵢ
    u3 = params.W3 @ y2
    u3 += params.b3[:, None]
    # (6) y³ᵢ = f³(u³ᵢ)
    y3 = np.tanh(u3)
    # (7) u⁴ᵢ = Σⱼ W⁴ᵢⱼ y³ⱼ + b⁴ᵢ
    u4 = params.W4 @ y3
    u4 += params.b4[:, None]
    # (8) y⁴ᵢ = f⁴(u⁴ᵢ)
    y4 = np.tanh(u4)
    # (9) u⁵ᵢ = Σⱼ W⁵ᵢⱼ y⁴ⱼ + b⁵ᵢ
    u5 = params.W5 @ y4
    u5 += params.b5[:, None]
    # (10) y⁵ᵢ = f⁵(u⁵ᵢ)
    y5 = np.tanh(u5)
    # (11) u⁶ᵢ = Σⱼ W⁶ᵢⱼ y⁵ⱼ + b⁶ᵢ
    u6 = params.W6 @ y5
    u6 += params.b6[:, None]
    # (12) y⁶ᵢ = f⁶(u⁶ᵢ)
    y6 = np.tanh(u6)
    # (13) u⁷ᵢ = Σⱼ W⁷ᵢⱼ y⁶ⱼ + b⁷ᵢ
    u7 = params.W7 @ y6
    u7 += params.b7[:, None]
    # (14) y⁷ᵢ = f⁷(u⁷ᵢ)
    y7 = np.tanh(u7)
    # (15) u⁸ᵢ = Σⱼ W⁸ᵢⱼ y⁷ⱼ + b⁸ᵢ
    u8 = params.W8 @ y7
    u8 += params.b8[:, None]
    # (16) y⁸ᵢ = f⁸(u⁸ᵢ)
    y8 = np.tanh(u8)
    # (17) u⁹ᵢ = Σⱼ W⁹ᵢⱼ y⁸ⱼ + b⁹ᵢ
    u9 = params.W9 @ y8
    u9 += params.b9[:, None]
    # (18) y⁹ᵢ = f⁹(u⁹ᵢ)
    y9 = np.tanh(u9)
    # (19) u¹⁰ᵢ = Σⱼ W¹⁰ᵢⱼ y⁹ⱼ + b¹⁰ᵢ
    u10 = params.W10 @ y9
    u10 += params.b10[:, None]
    # (20) y¹⁰ᵢ = f¹⁰(u¹⁰ᵢ)
    y10 = np.tanh(u10)
    # (26) f′¹⁰(u¹⁰ᵢ) = 1 − (y¹⁰ᵢ)²
    fprime10 = 1 - y10**2
    # (29) f′⁹(u⁹ᵢ) = 1 − (y⁹ᵢ)²
    fprime9 = 1 - y9**2
    # (32) f′⁸(u⁸ᵢ) = 1 − (y⁸ᵢ)²
    fprime8 = 1 - y8**2
    # (35) f′⁷(u⁷ᵢ) = 1 − (y⁷ᵢ)²
    fprime7 = 1 - y7**2
    # (38) f′⁶(u⁶ᵢ) = 1 − (y⁶ᵢ)²
    fprime6 = 1 - y6**2
    # (41) f′⁵(u⁵ᵢ) = 1 − (y⁵ᵢ)²
    fprime5 = 1 - y5**2
    # (44) f′⁴(u⁴ᵢ) = 1 − (y⁴ᵢ)²
    fprime4 = 1 - y4**2
    # (47) f′³(u³ᵢ) = 1 − (y³ᵢ)²
    fprime3 = 1 - y3**2
    # (50) f′²(u²ᵢ) = 1 − (y²ᵢ)²
    fprime2 = 1 - y2**2
    # (53) f′¹(u¹ᵢ) = 1 − (y¹ᵢ)²
    fprime1 = 1 - y1**2
    # (180) ∂y¹⁰ᵢ/∂u⁸ⱼ = f′¹⁰(u¹⁰ᵢ) f′⁸(u⁸ⱼ) Σₖ f′⁹(u⁹ₖ) W¹⁰ᵢₖ W⁹ₖⱼ
    dy10_du8 = _apply((params.W10[:, :, None] * params.W9).transpose(0, 2, 1), fprime9)
    dy10_du8 *= fprime10[:, None]
    dy10_du8 *= fprime8
    # (182) ∂y¹⁰ᵢ/∂u⁷ⱼ = f′⁷(u⁷ⱼ) Σₖ W⁸ₖⱼ ∂y¹⁰ᵢ/∂u⁸ₖ
    dy10_du7 = params.W8.T @ dy10_du8
    dy10_du7 *= fprime7
    # (184) ∂y¹⁰ᵢ/∂u⁶ⱼ = f′⁶(u⁶ⱼ) Σₖ W⁷ₖⱼ ∂y¹⁰ᵢ/∂u⁷ₖ
    dy10_du6 = params.W7.T @ dy10_du7
    dy10_du6 *= fprime6
    # (186) ∂y¹⁰ᵢ/∂u⁵ⱼ = f′⁵(u⁵ⱼ) Σₖ W⁶ₖⱼ ∂y¹⁰ᵢ/∂u⁶ₖ
    dy10_du5 = params.W6.T @ dy10_du6
    dy10_du5 *= fprime5
    # (188) ∂y¹⁰ᵢ/∂u⁴ⱼ = f′⁴(u⁴ⱼ) Σₖ W⁵ₖⱼ ∂y¹⁰ᵢ/∂u⁵ₖ
    dy10_du4 = params.W5.T @ dy10_du5
    dy10_du4 *= fprime4
    # (190) ∂y¹⁰ᵢ/∂u³ⱼ = f′³(u³ⱼ) Σₖ W⁴ₖⱼ ∂y¹⁰ᵢ/∂u⁴ₖ
    dy10_du3 = params.W4.T @ dy10_du4
    dy10_du3 *= fprime3
    # (192) ∂y¹⁰ᵢ/∂u²ⱼ = f′²(u²ⱼ) Σₖ W³ₖⱼ ∂y¹⁰ᵢ/∂u³ₖ
    dy10_du2 = params.W3.T @ dy10_du3
    dy10_du2 *= fprime2
    # (194) ∂y¹⁰ᵢ/∂u¹ⱼ = f′¹(u¹ⱼ) Σₖ W²ₖⱼ ∂y¹⁰ᵢ/∂u²ₖ
    dy10_du1 = params.W2.T @ dy10_du2
    dy10_du1 *= fprime1
    # (195) ∂y¹⁰ᵢ/∂xⱼ = Σₖ W¹ₖⱼ ∂y¹⁰ᵢ/∂u¹ₖ
    dy10_dx = params.W1.T @ dy10_du1
    result = dy10_dx
    return result


def _sample_gradient_terms(params, X, D, scale) -> Iterator[tuple]:
    """Yield ∂E/∂u, (i, n), of each variable that parameters enter, and z."""
    X, D = X.T, D.T
    # (1) u¹ᵢ = Σⱼ W¹ᵢⱼ xⱼ + b¹ᵢ
    u1 = params.W1 @ X
    u1 += params.b1[:, None]
    # (2) y¹ᵢ = f¹(u¹ᵢ)
    y1 = np.tanh(u1)
    # (3) u²ᵢ = Σⱼ W²ᵢⱼ y¹ⱼ + b²ᵢ
    u2 = params.W2 @ y1
    u2 += params.b2[:, None]
    # (4) y²ᵢ = f²(u²ᵢ)
    y2 = np.tanh(u2)
    # (5) u³ᵢ = Σⱼ W³ᵢⱼ y²ⱼ + b³ᵢ
    u3 = params.W3 @ y2
    u3 += params.b3[:, None]
    # (6) y³ᵢ = f³(u³ᵢ)
    y3 = np.tanh(u3)
    # (7) u⁴ᵢ = Σⱼ W⁴ᵢⱼ y³ⱼ + b⁴ᵢ
    u4 = params.W4 @ y3
    u4 += params.b4[:, None]
    # (8) y⁴ᵢ = f⁴(u⁴ᵢ)
    y4 = np.tanh(u4)
    # (9) u⁵ᵢ = Σⱼ W⁵ᵢⱼ y⁴ⱼ + b⁵ᵢ
    u5 = params.W5 @ y4
    u5 += params.b5[:, None]
    # (10) y⁵ᵢ = f⁵(u⁵ᵢ)
    y5 = np.tanh(u5)
    # (11) u⁶ᵢ = Σⱼ W⁶ᵢⱼ y⁵ⱼ + b⁶ᵢ
    u6 = params.W6 @ y5
    u6 += params.b6[:, None]
    # (12) y⁶ᵢ = f⁶(u⁶ᵢ)
    y6 = np.tanh(u6)
    # (13) u⁷ᵢ = Σⱼ W⁷ᵢⱼ y⁶ⱼ + b⁷ᵢ
    u7 = params.W7 @ y6
    u7 += params.b7[:, None]
    # (14) y⁷ᵢ = f⁷(u⁷ᵢ)
    y7 = np.tanh(u7)
    # (15) u⁸ᵢ = Σⱼ W⁸ᵢⱼ y⁷ⱼ + b⁸ᵢ
    u8 = params.W8 @ y7
    u8 += params.b8[:, None]
    # (16) y⁸ᵢ = f⁸(u⁸ᵢ)
    y8 = np.tanh(u8)
    # (17) u⁹ᵢ = Σⱼ W⁹ᵢⱼ y⁸ⱼ + b⁹ᵢ
    u9 = params.W9 @ y8
    u9 += params.b9[:, None]
    # (18) y⁹ᵢ = f⁹(u⁹ᵢ)
    y9 = np.tanh(u9)
    # (19) u¹⁰ᵢ = Σⱼ W¹⁰ᵢⱼ y⁹ⱼ + b¹⁰ᵢ
    u10 = params.W10 @ y9
    u10 += params.b10[:, None]
    # (20) y¹⁰ᵢ = f¹⁰(u¹⁰ᵢ)
    y10 = np.tanh(u10)
    # (21) eᵢ = dᵢ − y¹⁰ᵢ
    e = D - y10
    # (26) f′¹⁰(u¹⁰ᵢ) = 1 − (y¹⁰ᵢ)²
    fprime10 = 1 - y10**2
    # (29) f′⁹(u⁹ᵢ) = 1 − (y⁹ᵢ)²
    fprime9 = 1 - y9**2
    # (32) f′⁸(u⁸ᵢ) = 1 − (y⁸ᵢ)²
    fprime8 = 1 - y8**2
    # (35) f′⁷(u⁷ᵢ) = 1 − (y⁷ᵢ)²
    fprime7 = 1 - y7**2
    # (38) f′⁶(u⁶ᵢ) = 1 − (y⁶ᵢ)²
    fprime6 = 1 - y6**2
    # (41) f′⁵(u⁵ᵢ) = 1 − (y⁵ᵢ)²
    fprime5 = 1 - y5**2
    # (44) f′⁴(u⁴ᵢ) = 1 − (y⁴ᵢ)²
    fprime4 = 1 - y4**2
    # (47) f′³(u³ᵢ) = 1 − (y³ᵢ)²
    fprime3 = 1 - y3**2
    # (50) f′²(u²ᵢ) = 1 − (y²ᵢ)²
    fprime2 = 1 - y2**2
    # (53) f′¹(u¹ᵢ) = 1 − (y¹ᵢ)²
    fprime1 = 1 - y1**2
    # (27) δ¹⁰ᵢ = −2 eᵢ f′¹⁰(u¹⁰ᵢ)
    delta10 = -2 * scale * e * fprime10
    # (30) δ⁹ᵢ = f′⁹(u⁹ᵢ) Σₖ W¹⁰ₖᵢ δ¹⁰ₖ
    delta9 = params.W10.T @ delta10
    delta9 *= fprime9
    # (33) δ⁸ᵢ = f′⁸(u⁸ᵢ) Σₖ W⁹ₖᵢ δ⁹ₖ
    delta8 = params.W9.T @ delta9
    delta8 *= fprime8
    # (36) δ⁷ᵢ = f′⁷(u⁷ᵢ) Σₖ W⁸ₖᵢ δ⁸ₖ
    delta7 = params.W8.T @ delta8
    delta7 *= fprime7
    # (39) δ⁶ᵢ = f′⁶(u⁶ᵢ) Σₖ W⁷ₖᵢ δ⁷ₖ
    delta6 = params.W7.T @ delta7
    delta6 *= fprime6
    # (42) δ⁵ᵢ = f′⁵(u⁵ᵢ) Σₖ W⁶ₖᵢ δ⁶ₖ
    delta5 = params.W6.T @ delta6
    delta5 *= fprime5
    # (45) δ⁴ᵢ = f′⁴(u⁴ᵢ) Σₖ W⁵ₖᵢ δ⁵ₖ
    delta4 = params.W5.T @ delta5
    delta4 *= fprime4
    # (48) δ³ᵢ = f′³(u³ᵢ) Σₖ W⁴ₖᵢ δ⁴ₖ
    delta3 = params.W4.T @ delta4
    delta3 *= fprime3
    # (51) δ²ᵢ = f′²(u²ᵢ) Σₖ W³ₖᵢ δ³ₖ
    delta2 = params.W3.T @ delta3
    delta2 *= fprime2
    # (54) δ¹ᵢ = f′¹(u¹ᵢ) Σₖ W²ₖᵢ δ²ₖ
    delta1 = params.W2.T @ delta2
    delta1 *= fprime1
    z1 = _stacked(X, X, 1)
    z2 = _stacked(X, y1, 1)
    z3 = _stacked(X, y2, 1)
    z4 = _stacked(X, y3, 1)
    z5 = _stacked(X, y4, 1)
    z6 = _stacked(X, y5, 1)
    z7 = _stacked(X, y6, 1)
    z8 = _stacked(X, y7, 1)
    z9 = _stacked(X, y8, 1)
    z10 = _stacked(X, y9, 1)
    yield "u1", delta1, z1
    yield "u2", delta2, z2
    yield "u3", delta3, z3
    yield "u4", delta4, z4
    yield "u5", delta5, z5
    yield "u6", delta6, z6
    yield "u7", delta7, z7
    yield "u8", delta8, z8
    yield "u9", delta9, z9
    yield "u10", delta10, z10


# The parameters that enter each variable, as they lie in the factors z.
_ENTER = {
    "u1": ("W1", "b1"),
    "u2": ("W2", "b2"),
    "u3": ("W3", "b3"),
    "u4": ("W4", "b4"),
    "u5": ("W5", "b5"),
    "u6": ("W6", "b6"),
    "u7": ("W7", "b7"),
    "u8": ("W8", "b8"),
    "u9": ("W9", "b9"),
    "u10": ("W10", "b10"),
}

# Numbers of one sample held at a time: {"N1 N2": 3} are three arrays (N1, N2).
_HELD = {
    _hessian_terms: (
        {
            "": 14,
            "N0": 1,
            "N1": 5,
            "N10": 7,
            "N2": 5,
            "N3": 5,
            "N4": 5,
            "N5": 5,
            "N6": 5,
            "N7": 5,
            "N8": 6,
            "N9": 7,
        },
        {
            "": 14,
            "N0": 1,
            "N1": 5,
            "N10": 6,
            "N2": 5,
            "N3": 5,
            "N4": 5,
            "N5": 5,
            "N6": 5,
            "N7": 6,
            "N8": 5,
            "N8 N10": 2,
            "N9": 6,
        },
        {
            "": 14,
            "N0": 1,
            "N1": 5,
            "N10": 6,
            "N2": 5,
            "N3": 5,
            "N4": 5,
            "N5": 5,
            "N6": 6,
            "N7": 5,
            "N7 N10": 2,
            "N8": 5,
            "N9": 6,
        },
        {
            "": 14,
            "N0": 1,
            "N1": 5,
            "N10": 6,
            "N2": 5,
            "N3": 5,
            "N4": 5,
            "N5": 6,
            "N6": 5,
            "N6 N10": 2,
            "N7": 5,
            "N8": 5,
            "N9": 6,
        },
        {
            "": 14,
            "N0": 1,
            "N1": 5,
            "N10": 6,
            "N2": 5,
            "N3": 5,
            "N4": 6,
            "N5": 5,
            "N5 N10": 2,
            "N6": 5,
            "N7": 5,
            "N8": 5,
            "N9": 6,
        },
        {
            "": 14,
            "N0": 1,
            "N1": 5,
            "N10": 6,
            "N2": 5,
            "N3": 6,
            "N4": 5,
            "N4 N10": 2,
            "N5": 5,
            "N6": 5,
            "N7": 5,
            "N8": 5,
            "N9": 6,
        },
        {
            "": 14,
            "N0": 1,
            "N1": 5,
            "N10": 6,
            "N2": 6,
            "N3": 5,
            "N3 N10": 2,
            "N4": 5,
            "N5": 5,
            "N6": 5,
            "N7": 5,
            "N8": 5,
            "N9": 6,
        },
        {
            "": 14,
            "N0": 1,
            "N1": 6,
            "N10": 6,
            "N2": 5,
            "N2 N10": 2,
            "N3": 5,
            "N4": 5,
            "N5": 5,
            "N6": 5,
            "N7": 5,
            "N8": 5,
            "N9": 6,
        },
        {
            "": 14,
            "N0": 2,
            "N1": 5,
            "N1 N10": 2,
            "N10": 6,
            "N2": 5,
            "N3": 5,
            "N4": 5,
            "N5": 5,
            "N6": 5,
            "N7": 5,
            "N8": 5,
            "N9": 6,
        },
        {
            "": 14,
            "N0": 1,
            "N1": 5,
            "N10": 6,
            "N2": 5,
            "N3": 5,
            "N4": 5,
            "N5": 5,
            "N6": 5,
            "N7": 5,
            "N8": 7,
            "N9": 5,
            "N9 N9": 2,
        },
        {
            "": 14,
            "N0": 1,
            "N1": 5,
            "N10": 6,
            "N2": 5,
            "N3": 5,
            "N4": 5,
            "N5": 5,
            "N6": 5,
            "N7": 6,
            "N8": 6,
            "N8 N9": 2,
            "N9": 5,
        },
        {
            "": 14,
            "N0": 1,
            "N1": 5,
            "N10": 6,
            "N2": 5,
            "N3": 5,
            "N4": 5,
            "N5": 5,
            "N6": 6,
            "N7": 5,
            "N7 N9": 2,
            "N8": 6,
            "N8 N9": 1,
            "N9": 5,
        },
        {
            "": 14,
            "N0": 1,
            "N1": 5,
            "N10": 6,
            "N2": 5,
            "N3": 5,
            "N4": 5,
            "N5": 6,
            "N6": 5,
            "N6 N9": 2,
            "N7": 5,
            "N8": 6,
            "N8 N9": 1,
            "N9": 5,
        },
        {
            "": 14,
            "N0": 1,
            "N1": 5,
            "N10": 6,
            "N2": 5,
            "N3": 5,
            "N4": 6,
            "N5": 5,
            "N5 N9": 2,
            "N6": 5,
            "N7": 5,
            "N8": 6,
            "N8 N9": 1,
            "N9": 5,
        },
        {
            "": 14,
            "N0": 1,
            "N1": 5,
            "N10": 6,
            "N2": 5,
            "N3": 6,
            "N4": 5,
            "N4 N9": 2,
            "N5": 5,
            "N6": 5,
            "N7": 5,
            "N8": 6,
            "N8 N9": 1,
            "N9": 5,
        },
        {
            "": 14,
            "N0": 1,
            "N1": 5,
            "N10": 6,
            "N2": 6,
            "N3": 5,
            "N3 N9": 2,
            "N4": 5,
            "N5": 5,
            "N6": 5,
            "N7": 5,
            "N8": 6,
            "N8 N9": 1,
            "N9": 5,
        },
        {
            "": 14,
            "N0": 1,
            "N1": 6,
            "N10": 6,
            "N2": 5,
            "N2 N9": 2,
            "N3": 5,
            "N4": 5,
            "N5": 5,
            "N6": 5,
            "N7": 5,
            "N8": 6,
            "N8 N9": 1,
            "N9": 5,
        },
        {
            "": 14,
            "N0": 2,
            "N1": 5,
            "N1 N9": 2,
            "N10": 6,
            "N2": 5,
            "N3": 5,
            "N4": 5,
            "N5": 5,
            "N6": 5,
            "N7": 5,
            "N8": 6,
            "N8 N9": 1,
            "N9": 5,
        },
        {
            "": 14,
            "N0": 1,
            "N1": 5,
            "N10": 6,
            "N2": 5,
            "N3": 5,
            "N4": 5,
            "N5": 5,
            "N6": 5,
            "N7": 7,
            "N8": 5,
            "N8 N8": 2,
            "N9": 5,
        },
        {
            "": 14,
            "N0": 1,
            "N1": 5,
            "N10": 6,
            "N2": 5,
            "N3": 5,
            "N4": 5,
            "N5": 5,
            "N6": 6,
            "N7": 6,
            "N7 N8": 2,
            "N8": 5,
            "N9": 5,
        },
        {
            "": 14,
            "N0": 1,
            "N1": 5,
            "N10": 6,
            "N2": 5,
            "N3": 5,
            "N4": 5,
            "N5": 6,
            "N6": 5,
            "N6 N8": 2,
            "N7": 6,
            "N7 N8": 1,
            "N8": 5,
            "N9": 5,
        },
        {
            "": 14,
            "N0": 1,
            "N1": 5,
            "N10": 6,
            "N2": 5,
            "N3": 5,
            "N4": 6,
            "N5": 5,
            "N5 N8": 2,
            "N6": 5,
            "N7": 6,
            "N7 N8": 1,
            "N8": 5,
            "N9": 5,
        },
        {
            "": 14,
            "N0": 1,
            "N1": 5,
            "N10": 6,
            "N2": 5,
            "N3": 6,
            "N4": 5,
            "N4 N8": 2,
            "N5": 5,
            "N6": 5,
            "N7": 6,
            "N7 N8": 1,
            "N8": 5,
            "N9": 5,
        },
        {
            "": 14,
            "N0": 1,
            "N1": 5,
            "N10": 6,
            "N2": 6,
            "N3": 5,
            "N3 N8": 2,
            "N4": 5,
            "N5": 5,
            "N6": 5,
            "N7": 6,
            "N7 N8": 1,
            "N8": 5,
            "N9": 5,
        },
        {
            "": 14,
            "N0": 1,
            "N1": 6,
            "N10": 6,
            "N2": 5,
            "N2 N8": 2,
            "N3": 5,
            "N4": 5,
            "N5": 5,
            "N6": 5,
            "N7": 6,
            "N7 N8": 1,
            "N8": 5,
            "N9": 5,
        },
        {
            "": 14,
            "N0": 2,
            "N1": 5,
            "N1 N8": 2,
            "N10": 6,
            "N2": 5,
            "N3": 5,
            "N4": 5,
            "N5": 5,
            "N6": 5,
            "N7": 6,
            "N7 N8": 1,
            "N8": 5,
            "N9": 5,
        },
        {
            "": 14,
            "N0": 1,
            "N1": 5,
            "N10": 6,
            "N2": 5,
            "N3": 5,
            "N4": 5,
            "N5": 5,
            "N6": 7,
            "N7": 5,
            "N7 N7": 2,
            "N8": 5,
            "N9": 5,
        },
        {
            "": 14,
            "N0": 1,
            "N1": 5,
            "N10": 6,
            "N2": 5,
            "N3": 5,
            "N4": 5,
            "N5": 6,
            "N6": 6,
            "N6 N7": 2,
            "N7": 5,
            "N8": 5,
            "N9": 5,
        },
        {
            "": 14,
            "N0": 1,
            "N1": 5,
            "N10": 6,
            "N2": 5,
            "N3": 5,
            "N4": 6,
            "N5": 5,
            "N5 N7": 2,
            "N6": 6,
            "N6 N7": 1,
            "N7": 5,
            "N8": 5,
            "N9": 5,
        },
        {
            "": 14,
            "N0": 1,
            "N1": 5,
            "N10": 6,
            "N2": 5,
            "N3": 6,
            "N4": 5,
            "N4 N7": 2,
            "N5": 5,
            "N6": 6,
            "N6 N7": 1,
            "N7": 5,
            "N8": 5,
            "N9": 5,
        },
        {
            "": 14,
            "N0": 1,
            "N1": 5,
            "N10": 6,
            "N2": 6,
            "N3": 5,
            "N3 N7": 2,
            "N4": 5,
            "N5": 5,
            "N6": 6,
            "N6 N7": 1,
            "N7": 5,
            "N8": 5,
            "N9": 5,
        },
        {
            "": 14,
            "N0": 1,
            "N1": 6,
            "N10": 6,
            "N2": 5,
            "N2 N7": 2,
            "N3": 5,
            "N4": 5,
            "N5": 5,
            "N6": 6,
            "N6 N7": 1,
            "N7": 5,
            "N8": 5,
            "N9": 5,
        },
        {
            "": 14,
            "N0": 2,
            "N1": 5,
            "N1 N7": 2,
            "N10": 6,
            "N2": 5,
            "N3": 5,
            "N4": 5,
            "N5": 5,
            "N6": 6,
            "N6 N7": 1,
            "N7": 5,
            "N8": 5,
            "N9": 5,
        },
        {
            "": 14,
            "N0": 1,
            "N1": 5,
            "N10": 6,
            "N2": 5,
            "N3": 5,
            "N4": 5,
            "N5": 7,
            "N6": 5,
            "N6 N6": 2,
            "N7": 5,
            "N8": 5,
            "N9": 5,
        },
        {
            "": 14,
            "N0": 1,
            "N1": 5,
            "N10": 6,
            "N2": 5,
            "N3": 5,
            "N4": 6,
            "N5": 6,
            "N5 N6": 2,
            "N6": 5,
            "N7": 5,
            "N8": 5,
            "N9": 5,
        },
        {
            "": 14,
            "N0": 1,
            "N1": 5,
            "N10": 6,
            "N2": 5,
            "N3": 6,
            "N4": 5,
            "N4 N6": 2,
            "N5": 6,
            "N5 N6": 1,
            "N6": 5,
            "N7": 5,
            "N8": 5,
            "N9": 5,
        },
        {
            "": 14,
            "N0": 1,
            "N1": 5,
            "N10": 6,
            "N2": 6,
            "N3": 5,
            "N3 N6": 2,
            "N4": 5,
            "N5": 6,
            "N5 N6": 1,
            "N6": 5,
            "N7": 5,
            "N8": 5,
            "N9": 5,
        },
        {
            "": 14,
            "N0": 1,
            "N1": 6,
            "N10": 6,
            "N2": 5,
            "N2 N6": 2,
            "N3": 5,
            "N4": 5,
            "N5": 6,
            "N5 N6": 1,
            "N6": 5,
            "N7": 5,
            "N8": 5,
            "N9": 5,
        },
        {
            "": 14,
            "N0": 2,
            "N1": 5,
            "N1 N6": 2,
            "N10": 6,
            "N2": 5,
            "N3": 5,
            "N4": 5,
            "N5": 6,
            "N5 N6": 1,
            "N6": 5,
            "N7": 5,
            "N8": 5,
            "N9": 5,
        },
        {
            "": 14,
            "N0": 1,
            "N1": 5,
            "N10": 6,
            "N2": 5,
            "N3": 5,
            "N4": 7,
            "N5": 5,
            "N5 N5": 2,
            "N6": 5,
            "N7": 5,
            "N8": 5,
            "N9": 5,
        },
        {
            "": 14,
            "N0": 1,
            "N1": 5,
            "N10": 6,
            "N2": 5,
            "N3": 6,
            "N4": 6,
            "N4 N5": 2,
            "N5": 5,
            "N6": 5,
            "N7": 5,
            "N8": 5,
            "N9": 5,
        },
        {
            "": 14,
            "N0": 1,
            "N1": 5,
            "N10": 6,
            "N2": 6,
            "N3": 5,
            "N3 N5": 2,
            "N4": 6,
            "N4 N5": 1,
            "N5": 5,
            "N6": 5,
            "N7": 5,
            "N8": 5,
            "N9": 5,
        },
        {
            "": 14,
            "N0": 1,
            "N1": 6,
            "N10": 6,
            "N2": 5,
            "N2 N5": 2,
            "N3": 5,
            "N4": 6,
            "N4 N5": 1,
            "N5": 5,
            "N6": 5,
            "N7": 5,
            "N8": 5,
            "N9": 5,
        },
        {
            "": 14,
            "N0": 2,
            "N1": 5,
            "N1 N5": 2,
            "N10": 6,
            "N2": 5,
            "N3": 5,
            "N4": 6,
            "N4 N5": 1,
            "N5": 5,
            "N6": 5,
            "N7": 5,
            "N8": 5,
            "N9": 5,
        },
        {
            "": 14,
            "N0": 1,
            "N1": 5,
            "N10": 6,
            "N2": 5,
            "N3": 7,
            "N4": 5,
            "N4 N4": 2,
            "N5": 5,
            "N6": 5,
            "N7": 5,
            "N8": 5,
            "N9": 5,
        },
        {
            "": 14,
            "N0": 1,
            "N1": 5,
            "N10": 6,
            "N2": 6,
            "N3": 6,
            "N3 N4": 2,
            "N4": 5,
            "N5": 5,
            "N6": 5,
            "N7": 5,
            "N8": 5,
            "N9": 5,
        },
        {
            "": 14,
            "N0": 1,
            "N1": 6,
            "N10": 6,
            "N2": 5,
            "N2 N4": 2,
            "N3": 6,
            "N3 N4": 1,
            "N4": 5,
            "N5": 5,
            "N6": 5,
            "N7": 5,
            "N8": 5,
            "N9": 5,
        },
        {
            "": 14,
            "N0": 2,
            "N1": 5,
            "N1 N4": 2,
            "N10": 6,
            "N2": 5,
            "N3": 6,
            "N3 N4": 1,
            "N4": 5,
            "N5": 5,
            "N6": 5,
            "N7": 5,
            "N8": 5,
            "N9": 5,
        },
        {
            "": 14,
            "N0": 1,
            "N1": 5,
            "N10": 6,
            "N2": 7,
            "N3": 5,
            "N3 N3": 2,
            "N4": 5,
            "N5": 5,
            "N6": 5,
            "N7": 5,
            "N8": 5,
            "N9": 5,
        },
        {
            "": 14,
            "N0": 1,
            "N1": 6,
            "N10": 6,
            "N2": 6,
            "N2 N3": 2,
            "N3": 5,
            "N4": 5,
            "N5": 5,
            "N6": 5,
            "N7": 5,
            "N8": 5,
            "N9": 5,
        },
        {
            "": 14,
            "N0": 2,
            "N1": 5,
            "N1 N3": 2,
            "N10": 6,
            "N2": 6,
            "N2 N3": 1,
            "N3": 5,
            "N4": 5,
            "N5": 5,
            "N6": 5,
            "N7": 5,
            "N8": 5,
            "N9": 5,
        },
        {
            "": 14,
            "N0": 1,
            "N1": 7,
            "N10": 6,
            "N2": 5,
            "N2 N2": 2,
            "N3": 5,
            "N4": 5,
            "N5": 5,
            "N6": 5,
            "N7": 5,
            "N8": 5,
            "N9": 5,
        },
        {
            "": 14,
            "N0": 2,
            "N1": 6,
            "N1 N2": 2,
            "N10": 6,
            "N2": 5,
            "N3": 5,
            "N4": 5,
            "N5": 5,
            "N6": 5,
            "N7": 5,
            "N8": 5,
            "N9": 5,
        },
        {
            "": 14,
            "N0": 3,
            "N1": 5,
            "N1 N1": 2,
            "N10": 6,
            "N2": 5,
            "N3": 5,
            "N4": 5,
            "N5": 5,
            "N6": 5,
            "N7": 5,
            "N8": 5,
            "N9": 5,
        },
        {
            "": 13,
            "N0": 2,
            "N1": 5,
            "N10": 6,
            "N2": 5,
            "N3": 5,
            "N3 N1": 2,
            "N4": 6,
            "N5": 5,
            "N6": 5,
            "N7": 5,
            "N8": 5,
            "N9": 5,
        },
        {
            "": 13,
            "N0": 1,
            "N1": 6,
            "N10": 6,
            "N2": 5,
            "N3": 5,
            "N4": 5,
            "N4 N2": 2,
            "N5": 6,
            "N6": 5,
            "N7": 5,
            "N8": 5,
            "N9": 5,
        },
        {
            "": 13,
            "N0": 2,
            "N1": 5,
            "N10": 6,
            "N2": 5,
            "N3": 5,
            "N4": 5,
            "N4 N1": 2,
            "N5": 6,
            "N6": 5,
            "N7": 5,
            "N8": 5,
            "N9": 5,
        },
        {
            "": 13,
            "N0": 1,
            "N1": 5,
            "N10": 6,
            "N2": 6,
            "N3": 5,
            "N4": 5,
            "N5": 5,
            "N5 N3": 2,
            "N6": 6,
            "N7": 5,
            "N8": 5,
            "N9": 5,
        },
        {
            "": 13,
            "N0": 1,
            "N1": 6,
            "N10": 6,
            "N2": 5,
            "N3": 5,
            "N4": 5,
            "N5": 5,
            "N5 N2": 2,
            "N6": 6,
            "N7": 5,
            "N8": 5,
            "N9": 5,
        },
        {
            "": 13,
            "N0": 2,
            "N1": 5,
            "N10": 6,
            "N2": 5,
            "N3": 5,
            "N4": 5,
            "N5": 5,
            "N5 N1": 2,
            "N6": 6,
            "N7": 5,
            "N8": 5,
            "N9": 5,
        },
        {
            "": 13,
            "N0": 1,
            "N1": 5,
            "N10": 6,
            "N2": 5,
            "N3": 6,
            "N4": 5,
            "N5": 5,
            "N6": 5,
            "N6 N4": 2,
            "N7": 6,
            "N8": 5,
            "N9": 5,
        },
        {
            "": 13,
            "N0": 1,
            "N1": 5,
            "N10": 6,
            "N2": 6,
            "N3": 5,
            "N4": 5,
            "N5": 5,
            "N6": 5,
            "N6 N3": 2,
            "N7": 6,
            "N8": 5,
            "N9": 5,
        },
        {
            "": 13,
            "N0": 1,
            "N1": 6,
            "N10": 6,
            "N2": 5,
            "N3": 5,
            "N4": 5,
            "N5": 5,
            "N6": 5,
            "N6 N2": 2,
            "N7": 6,
            "N8": 5,
            "N9": 5,
        },
        {
            "": 13,
            "N0": 2,
            "N1": 5,
            "N10": 6,
            "N2": 5,
            "N3": 5,
            "N4": 5,
            "N5": 5,
            "N6": 5,
            "N6 N1": 2,
            "N7": 6,
            "N8": 5,
            "N9": 5,
        },
        {
            "": 13,
            "N0": 1,
            "N1": 5,
            "N10": 6,
            "N2": 5,
            "N3": 5,
            "N4": 6,
            "N5": 5,
            "N6": 5,
            "N7": 5,
            "N7 N5": 2,
            "N8": 6,
            "N9": 5,
        },
        {
            "": 13,
            "N0": 1,
            "N1": 5,
            "N10": 6,
            "N2": 5,
            "N3": 6,
            "N4": 5,
            "N5": 5,
            "N6": 5,
            "N7": 5,
            "N7 N4": 2,
            "N8": 6,
            "N9": 5,
        },
        {
            "": 13,
            "N0": 1,
            "N1": 5,
            "N10": 6,
            "N2": 6,
            "N3": 5,
            "N4": 5,
            "N5": 5,
            "N6": 5,
            "N7": 5,
            "N7 N3": 2,
            "N8": 6,
            "N9": 5,
        },
        {
            "": 13,
            "N0": 1,
            "N1": 6,
            "N10": 6,
            "N2": 5,
            "N3": 5,
            "N4": 5,
            "N5": 5,
            "N6": 5,
            "N7": 5,
            "N7 N2": 2,
            "N8": 6,
            "N9": 5,
        },
        {
            "": 13,
            "N0": 2,
            "N1": 5,
            "N10": 6,
            "N2": 5,
            "N3": 5,
            "N4": 5,
            "N5": 5,
            "N6": 5,
            "N7": 5,
            "N7 N1": 2,
            "N8": 6,
            "N9": 5,
        },
        {
            "": 13,
            "N0": 1,
            "N1": 5,
            "N10": 6,
            "N2": 5,
            "N3": 5,
            "N4": 5,
            "N5": 6,
            "N6": 5,
            "N7": 5,
            "N8": 5,
            "N8 N6": 2,
            "N9": 6,
        },
        {
            "": 13,
            "N0": 1,
            "N1": 5,
            "N10": 6,
            "N2": 5,
            "N3": 5,
            "N4": 6,
            "N5": 5,
            "N6": 5,
            "N7": 5,
            "N8": 5,
            "N8 N5": 2,
            "N9": 6,
        },
        {
            "": 13,
            "N0": 1,
            "N1": 5,
            "N10": 6,
            "N2": 5,
            "N3": 6,
            "N4": 5,
            "N5": 5,
            "N6": 5,
            "N7": 5,
            "N8": 5,
            "N8 N4": 2,
            "N9": 6,
        },
        {
            "": 13,
            "N0": 1,
            "N1": 5,
            "N10": 6,
            "N2": 6,
            "N3": 5,
            "N4": 5,
            "N5": 5,
            "N6": 5,
            "N7": 5,
            "N8": 5,
            "N8 N3": 2,
            "N9": 6,
        },
        {
            "": 13,
            "N0": 1,
            "N1": 6,
            "N10": 6,
            "N2": 5,
            "N3": 5,
            "N4": 5,
            "N5": 5,
            "N6": 5,
            "N7": 5,
            "N8": 5,
            "N8 N2": 2,
            "N9": 6,
        },
        {
            "": 13,
            "N0": 2,
            "N1": 5,
            "N10": 6,
            "N2": 5,
            "N3": 5,
            "N4": 5,
            "N5": 5,
            "N6": 5,
            "N7": 5,
            "N8": 5,
            "N8 N1": 2,
            "N9": 6,
        },
        {
            "": 13,
            "N0": 1,
            "N1": 5,
            "N10": 7,
            "N2": 5,
            "N3": 5,
            "N4": 5,
            "N5": 5,
            "N6": 6,
            "N7": 5,
            "N8": 5,
            "N9": 5,
            "N9 N7": 2,
        },
        {
            "": 13,
            "N0": 1,
            "N1": 5,
            "N10": 7,
            "N2": 5,
            "N3": 5,
            "N4": 5,
            "N5": 6,
            "N6": 5,
            "N7": 5,
            "N8": 5,
            "N9": 5,
            "N9 N6": 2,
        },
        {
            "": 13,
            "N0": 1,
            "N1": 5,
            "N10": 7,
            "N2": 5,
            "N3": 5,
            "N4": 6,
            "N5": 5,
            "N6": 5,
            "N7": 5,
            "N8": 5,
            "N9": 5,
            "N9 N5": 2,
        },
        {
            "": 13,
            "N0": 1,
            "N1": 5,
            "N10": 7,
            "N2": 5,
            "N3": 6,
            "N4": 5,
            "N5": 5,
            "N6": 5,
            "N7": 5,
            "N8": 5,
            "N9": 5,
            "N9 N4": 2,
        },
        {
            "": 13,
            "N0": 1,
            "N1": 5,
            "N10": 7,
            "N2": 6,
            "N3": 5,
            "N4": 5,
            "N5": 5,
            "N6": 5,
            "N7": 5,
            "N8": 5,
            "N9": 5,
            "N9 N3": 2,
        },
        {
            "": 13,
            "N0": 1,
            "N1": 6,
            "N10": 7,
            "N2": 5,
            "N3": 5,
            "N4": 5,
            "N5": 5,
            "N6": 5,
            "N7": 5,
            "N8": 5,
            "N9": 5,
            "N9 N2": 2,
        },
        {
            "": 13,
            "N0": 2,
            "N1": 5,
            "N10": 7,
            "N2": 5,
            "N3": 5,
            "N4": 5,
            "N5": 5,
            "N6": 5,
            "N7": 5,
            "N8": 5,
            "N9": 5,
            "N9 N1": 2,
        },
    ),
    _gauss_newton_terms: (
        {
            "": 7,
            "N0": 1,
            "N1": 2,
            "N10": 4,
            "N2": 2,
            "N3": 2,
            "N4": 2,
            "N5": 2,
            "N6": 2,
            "N7": 2,
            "N8": 4,
            "N9": 6,
        },
        {
            "": 8,
            "N0": 1,
            "N1": 3,
            "N10": 3,
            "N2": 3,
            "N3": 3,
            "N4": 3,
            "N5": 3,
            "N6": 3,
            "N7": 5,
            "N8": 4,
            "N8 N10": 2,
            "N9": 5,
        },
        {
            "": 9,
            "N0": 1,
            "N1": 3,
            "N10": 3,
            "N2": 3,
            "N3": 3,
            "N4": 3,
            "N5": 3,
            "N6": 5,
            "N7": 4,
            "N7 N10": 2,
            "N8": 4,
            "N9": 5,
        },
        {
            "": 10,
            "N0": 1,
            "N1": 3,
            "N10": 3,
            "N2": 3,
            "N3": 3,
            "N4": 3,
            "N5": 5,
            "N6": 4,
            "N6 N10": 2,
            "N7": 4,
            "N8": 4,
            "N9": 5,
        },
        {
            "": 11,
            "N0": 1,
            "N1": 3,
            "N10": 3,
            "N2": 3,
            "N3": 3,
            "N4": 5,
            "N5": 4,
            "N5 N10": 2,
            "N6": 4,
            "N7": 4,
            "N8": 4,
            "N9": 5,
        },
        {
            "": 12,
            "N0": 1,
            "N1": 3,
            "N10": 3,
            "N2": 3,
            "N3": 5,
            "N4": 4,
            "N4 N10": 2,
            "N5": 4,
            "N6": 4,
            "N7": 4,
            "N8": 4,
            "N9": 5,
        },
        {
            "": 13,
            "N0": 1,
            "N1": 3,
            "N10": 3,
            "N2": 5,
            "N3": 4,
            "N3 N10": 2,
            "N4": 4,
            "N5": 4,
            "N6": 4,
            "N7": 4,
            "N8": 4,
            "N9": 5,
        },
        {
            "": 14,
            "N0": 1,
            "N1": 5,
            "N10": 3,
            "N2": 4,
            "N2 N10": 2,
            "N3": 4,
            "N4": 4,
            "N5": 4,
            "N6": 4,
            "N7": 4,
            "N8": 4,
            "N9": 5,
        },
        {
            "": 14,
            "N0": 2,
            "N1": 4,
            "N1 N10": 2,
            "N10": 3,
            "N2": 4,
            "N3": 4,
            "N4": 4,
            "N5": 4,
            "N6": 4,
            "N7": 4,
            "N8": 4,
            "N9": 5,
        },
        {
            "": 14,
            "N0": 1,
            "N1": 4,
            "N10": 3,
            "N2": 4,
            "N3": 4,
            "N4": 4,
            "N5": 4,
            "N6": 4,
            "N7": 4,
            "N8": 6,
            "N9": 4,
            "N9 N9": 2,
        },
        {
            "": 14,
            "N0": 1,
            "N1": 4,
            "N10": 3,
            "N2": 4,
            "N3": 4,
            "N4": 4,
            "N5": 4,
            "N6": 4,
            "N7": 5,
            "N8": 5,
            "N8 N9": 2,
            "N9": 4,
        },
        {
            "": 14,
            "N0": 1,
            "N1": 4,
            "N10": 3,
            "N2": 4,
            "N3": 4,
            "N4": 4,
            "N5": 4,
            "N6": 5,
            "N7": 4,
            "N7 N9": 2,
            "N8": 5,
            "N8 N9": 1,
            "N9": 4,
        },
        {
            "": 14,
            "N0": 1,
            "N1": 4,
            "N10": 3,
            "N2": 4,
            "N3": 4,
            "N4": 4,
            "N5": 5,
            "N6": 4,
            "N6 N9": 2,
            "N7": 4,
            "N8": 5,
            "N8 N9": 1,
            "N9": 4,
        },
        {
            "": 14,
            "N0": 1,
            "N1": 4,
            "N10": 3,
            "N2": 4,
            "N3": 4,
            "N4": 5,
            "N5": 4,
            "N5 N9": 2,
            "N6": 4,
            "N7": 4,
            "N8": 5,
            "N8 N9": 1,
            "N9": 4,
        },
        {
            "": 14,
            "N0": 1,
            "N1": 4,
            "N10": 3,
            "N2": 4,
            "N3": 5,
            "N4": 4,
            "N4 N9": 2,
            "N5": 4,
            "N6": 4,
            "N7": 4,
            "N8": 5,
            "N8 N9": 1,
            "N9": 4,
        },
        {
            "": 14,
            "N0": 1,
            "N1": 4,
            "N10": 3,
            "N2": 5,
            "N3": 4,
            "N3 N9": 2,
            "N4": 4,
            "N5": 4,
            "N6": 4,
            "N7": 4,
            "N8": 5,
            "N8 N9": 1,
            "N9": 4,
        },
        {
            "": 14,
            "N0": 1,
            "N1": 5,
            "N10": 3,
            "N2": 4,
            "N2 N9": 2,
            "N3": 4,
            "N4": 4,
            "N5": 4,
            "N6": 4,
            "N7": 4,
            "N8": 5,
            "N8 N9": 1,
            "N9": 4,
        },
        {
            "": 14,
            "N0": 2,
            "N1": 4,
            "N1 N9": 2,
            "N10": 3,
            "N2": 4,
            "N3": 4,
            "N4": 4,
            "N5": 4,
            "N6": 4,
            "N7": 4,
            "N8": 5,
            "N8 N9": 1,
            "N9": 4,
        },
        {
            "": 14,
            "N0": 1,
            "N1": 4,
            "N10": 3,
            "N2": 4,
            "N3": 4,
            "N4": 4,
            "N5": 4,
            "N6": 4,
            "N7": 6,
            "N8": 4,
            "N8 N8": 2,
            "N9": 4,
        },
        {
            "": 14,
            "N0": 1,
            "N1": 4,
            "N10": 3,
            "N2": 4,
            "N3": 4,
            "N4": 4,
            "N5": 4,
            "N6": 5,
            "N7": 5,
            "N7 N8": 2,
            "N8": 4,
            "N9": 4,
        },
        {
            "": 14,
            "N0": 1,
            "N1": 4,
            "N10": 3,
            "N2": 4,
            "N3": 4,
            "N4": 4,
            "N5": 5,
            "N6": 4,
            "N6 N8": 2,
            "N7": 5,
            "N7 N8": 1,
            "N8": 4,
            "N9": 4,
        },
        {
            "": 14,
            "N0": 1,
            "N1": 4,
            "N10": 3,
            "N2": 4,
            "N3": 4,
            "N4": 5,
            "N5": 4,
            "N5 N8": 2,
            "N6": 4,
            "N7": 5,
            "N7 N8": 1,
            "N8": 4,
            "N9": 4,
        },
        {
            "": 14,
            "N0": 1,
            "N1": 4,
            "N10": 3,
            "N2": 4,
            "N3": 5,
            "N4": 4,
            "N4 N8": 2,
            "N5": 4,
            "N6": 4,
            "N7": 5,
            "N7 N8": 1,
            "N8": 4,
            "N9": 4,
        },
        {
            "": 14,
            "N0": 1,
            "N1": 4,
            "N10": 3,
            "N2": 5,
            "N3": 4,
            "N3 N8": 2,
            "N4": 4,
            "N5": 4,
            "N6": 4,
            "N7": 5,
            "N7 N8": 1,
            "N8": 4,
            "N9": 4,
        },
        {
            "": 14,
            "N0": 1,
            "N1": 5,
            "N10": 3,
            "N2": 4,
            "N2 N8": 2,
            "N3": 4,
            "N4": 4,
            "N5": 4,
            "N6": 4,
            "N7": 5,
            "N7 N8": 1,
            "N8": 4,
            "N9": 4,
        },
        {
            "": 14,
            "N0": 2,
            "N1": 4,
            "N1 N8": 2,
            "N10": 3,
            "N2": 4,
            "N3": 4,
            "N4": 4,
            "N5": 4,
            "N6": 4,
            "N7": 5,
            "N7 N8": 1,
            "N8": 4,
            "N9": 4,
        },
        {
            "": 14,
            "N0": 1,
            "N1": 4,
            "N10": 3,
            "N2": 4,
            "N3": 4,
            "N4": 4,
            "N5": 4,
            "N6": 6,
            "N7": 4,
            "N7 N7": 2,
            "N8": 4,
            "N9": 4,
        },
        {
            "": 14,
            "N0": 1,
            "N1": 4,
            "N10": 3,
            "N2": 4,
            "N3": 4,
            "N4": 4,
            "N5": 5,
            "N6": 5,
            "N6 N7": 2,
            "N7": 4,
            "N8": 4,
            "N9": 4,
        },
        {
            "": 14,
            "N0": 1,
            "N1": 4,
            "N10": 3,
            "N2": 4,
            "N3": 4,
            "N4": 5,
            "N5": 4,
            "N5 N7": 2,
            "N6": 5,
            "N6 N7": 1,
            "N7": 4,
            "N8": 4,
            "N9": 4,
        },
        {
            "": 14,
            "N0": 1,
            "N1": 4,
            "N10": 3,
            "N2": 4,
            "N3": 5,
            "N4": 4,
            "N4 N7": 2,
            "N5": 4,
            "N6": 5,
            "N6 N7": 1,
            "N7": 4,
            "N8": 4,
            "N9": 4,
        },
        {
            "": 14,
            "N0": 1,
            "N1": 4,
            "N10": 3,
            "N2": 5,
            "N3": 4,
            "N3 N7": 2,
            "N4": 4,
            "N5": 4,
            "N6": 5,
            "N6 N7": 1,
            "N7": 4,
            "N8": 4,
            "N9": 4,
        },
        {
            "": 14,
            "N0": 1,
            "N1": 5,
            "N10": 3,
            "N2": 4,
            "N2 N7": 2,
            "N3": 4,
            "N4": 4,
            "N5": 4,
            "N6": 5,
            "N6 N7": 1,
            "N7": 4,
            "N8": 4,
            "N9": 4,
        },
        {
            "": 14,
            "N0": 2,
            "N1": 4,
            "N1 N7": 2,
            "N10": 3,
            "N2": 4,
            "N3": 4,
            "N4": 4,
            "N5": 4,
            "N6": 5,
            "N6 N7": 1,
            "N7": 4,
            "N8": 4,
            "N9": 4,
        },
        {
            "": 14,
            "N0": 1,
            "N1": 4,
            "N10": 3,
            "N2": 4,
            "N3": 4,
            "N4": 4,
            "N5": 6,
            "N6": 4,
            "N6 N6": 2,
            "N7": 4,
            "N8": 4,
            "N9": 4,
        },
        {
            "": 14,
            "N0": 1,
            "N1": 4,
            "N10": 3,
            "N2": 4,
            "N3": 4,
            "N4": 5,
            "N5": 5,
            "N5 N6": 2,
            "N6": 4,
            "N7": 4,
            "N8": 4,
            "N9": 4,
        },
        {
            "": 14,
            "N0": 1,
            "N1": 4,
            "N10": 3,
            "N2": 4,
            "N3": 5,
            "N4": 4,
            "N4 N6": 2,
            "N5": 5,
            "N5 N6": 1,
            "N6": 4,
            "N7": 4,
            "N8": 4,
            "N9": 4,
        },
        {
            "": 14,
            "N0": 1,
            "N1": 4,
            "N10": 3,
            "N2": 5,
            "N3": 4,
            "N3 N6": 2,
            "N4": 4,
            "N5": 5,
            "N5 N6": 1,
            "N6": 4,
            "N7": 4,
            "N8": 4,
            "N9": 4,
        },
        {
            "": 14,
            "N0": 1,
            "N1": 5,
            "N10": 3,
            "N2": 4,
            "N2 N6": 2,
            "N3": 4,
            "N4": 4,
            "N5": 5,
            "N5 N6": 1,
            "N6": 4,
            "N7": 4,
            "N8": 4,
            "N9": 4,
        },
        {
            "": 14,
            "N0": 2,
            "N1": 4,
            "N1 N6": 2,
            "N10": 3,
            "N2": 4,
            "N3": 4,
            "N4": 4,
            "N5": 5,
            "N5 N6": 1,
            "N6": 4,
            "N7": 4,
            "N8": 4,
            "N9": 4,
        },
        {
            "": 14,
            "N0": 1,
            "N1": 4,
            "N10": 3,
            "N2": 4,
            "N3": 4,
            "N4": 6,
            "N5": 4,
            "N5 N5": 2,
            "N6": 4,
            "N7": 4,
            "N8": 4,
            "N9": 4,
        },
        {
            "": 14,
            "N0": 1,
            "N1": 4,
            "N10": 3,
            "N2": 4,
            "N3": 5,
            "N4": 5,
            "N4 N5": 2,
            "N5": 4,
            "N6": 4,
            "N7": 4,
            "N8": 4,
            "N9": 4,
        },
        {
            "": 14,
            "N0": 1,
            "N1": 4,
            "N10": 3,
            "N2": 5,
            "N3": 4,
            "N3 N5": 2,
            "N4": 5,
            "N4 N5": 1,
            "N5": 4,
            "N6": 4,
            "N7": 4,
            "N8": 4,
            "N9": 4,
        },
        {
            "": 14,
            "N0": 1,
            "N1": 5,
            "N10": 3,
            "N2": 4,
            "N2 N5": 2,
            "N3": 4,
            "N4": 5,
            "N4 N5": 1,
            "N5": 4,
            "N6": 4,
            "N7": 4,
            "N8": 4,
            "N9": 4,
        },
        {
            "": 14,
            "N0": 2,
            "N1": 4,
            "N1 N5": 2,
            "N10": 3,
            "N2": 4,
            "N3": 4,
            "N4": 5,
            "N4 N5": 1,
            "N5": 4,
            "N6": 4,
            "N7": 4,
            "N8": 4,
            "N9": 4,
        },
        {
            "": 14,
            "N0": 1,
            "N1": 4,
            "N10": 3,
            "N2": 4,
            "N3": 6,
            "N4": 4,
            "N4 N4": 2,
            "N5": 4,
            "N6": 4,
            "N7": 4,
            "N8": 4,
            "N9": 4,
        },
        {
            "": 14,
            "N0": 1,
            "N1": 4,
            "N10": 3,
            "N2": 5,
            "N3": 5,
            "N3 N4": 2,
            "N4": 4,
            "N5": 4,
            "N6": 4,
            "N7": 4,
            "N8": 4,
            "N9": 4,
        },
        {
            "": 14,
            "N0": 1,
            "N1": 5,
            "N10": 3,
            "N2": 4,
            "N2 N4": 2,
            "N3": 5,
            "N3 N4": 1,
            "N4": 4,
            "N5": 4,
            "N6": 4,
            "N7": 4,
            "N8": 4,
            "N9": 4,
        },
        {
            "": 14,
            "N0": 2,
            "N1": 4,
            "N1 N4": 2,
            "N10": 3,
            "N2": 4,
            "N3": 5,
            "N3 N4": 1,
            "N4": 4,
            "N5": 4,
            "N6": 4,
            "N7": 4,
            "N8": 4,
            "N9": 4,
        },
        {
            "": 14,
            "N0": 1,
            "N1": 4,
            "N10": 3,
            "N2": 6,
            "N3": 4,
            "N3 N3": 2,
            "N4": 4,
            "N5": 4,
            "N6": 4,
            "N7": 4,
            "N8": 4,
            "N9": 4,
        },
        {
            "": 14,
            "N0": 1,
            "N1": 5,
            "N10": 3,
            "N2": 5,
            "N2 N3": 2,
            "N3": 4,
            "N4": 4,
            "N5": 4,
            "N6": 4,
            "N7": 4,
            "N8": 4,
            "N9": 4,
        },
        {
            "": 14,
            "N0": 2,
            "N1": 4,
            "N1 N3": 2,
            "N10": 3,
            "N2": 5,
            "N2 N3": 1,
            "N3": 4,
            "N4": 4,
            "N5": 4,
            "N6": 4,
            "N7": 4,
            "N8": 4,
            "N9": 4,
        },
        {
            "": 14,
            "N0": 1,
            "N1": 6,
            "N10": 3,
            "N2": 4,
            "N2 N2": 2,
            "N3": 4,
            "N4": 4,
            "N5": 4,
            "N6": 4,
            "N7": 4,
            "N8": 4,
            "N9": 4,
        },
        {
            "": 14,
            "N0": 2,
            "N1": 5,
            "N1 N2": 2,
            "N10": 3,
            "N2": 4,
            "N3": 4,
            "N4": 4,
            "N5": 4,
            "N6": 4,
            "N7": 4,
            "N8": 4,
            "N9": 4,
        },
        {
            "": 14,
            "N0": 3,
            "N1": 4,
            "N1 N1": 2,
            "N10": 3,
            "N2": 4,
            "N3": 4,
            "N4": 4,
            "N5": 4,
            "N6": 4,
            "N7": 4,
            "N8": 4,
            "N9": 4,
        },
    ),
    _jacobian_terms: (
        {
            "": 12,
            "N0": 3,
            "N1": 6,
            "N10": 5,
            "N10 N1": 3,
            "N10 N10": 2,
            "N10 N2": 3,
            "N10 N3": 3,
            "N10 N4": 3,
            "N10 N5": 3,
            "N10 N6": 3,
            "N10 N7": 3,
            "N10 N8": 3,
            "N10 N9": 2,
            "N2": 6,
            "N3": 6,
            "N4": 6,
            "N5": 6,
            "N6": 6,
            "N7": 6,
            "N8": 6,
            "N9": 6,
        },
    ),
    _input_jacobian: (
        {
            "N1": 5,
            "N10": 5,
            "N10 N0": 3,
            "N10 N1": 3,
            "N10 N2": 3,
            "N10 N3": 3,
            "N10 N4": 3,
            "N10 N5": 3,
            "N10 N6": 3,
            "N10 N7": 3,
            "N10 N8": 3,
            "N2": 5,
            "N3": 5,
            "N4": 5,
            "N5": 5,
            "N6": 5,
            "N7": 5,
            "N8": 5,
            "N9": 5,
        },
    ),
    _sample_gradient_terms: (
        {
            "": 12,
            "N0": 3,
            "N1": 7,
            "N10": 7,
            "N2": 7,
            "N3": 7,
            "N4": 7,
            "N5": 7,
            "N6": 7,
            "N7": 7,
            "N8": 7,
            "N9": 7,
        },
    ),
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
    return sizes["N10"]


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
    N, N10 = D.shape
    if sample_weight is None:
        return np.full(len(D), 1 / (N * N10), D.dtype)
    weights = _weights(sample_weight, D)
    N = weights.sum()
    return 1 / (N * N10) * weights


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
    shapes = {**_SHAPES, "X": ("N", "N0"), "D": ("N", "N10")}
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
    N0, N1, N2, N3, N4, N5, N6, N7, N8, N9, N10 = sizes
    return {
        "u1": (
            (N1,),
            ("W1", "b1", "x"),
            lambda v, i: sum(v["W1"][i, j] * v["x"][j] for j in range(N0)) + v["b1"][i],
        ),
        "y1": (
            (N1,),
            ("u1",),
            lambda v, i: np.tanh(v["u1"][i]),
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
            lambda v, i: np.tanh(v["u2"][i]),
        ),
        "u3": (
            (N3,),
            ("W3", "b3", "y2"),
            lambda v, i: (
                sum(v["W3"][i, j] * v["y2"][j] for j in range(N2)) + v["b3"][i]
            ),
        ),
        "y3": (
            (N3,),
            ("u3",),
            lambda v, i: np.tanh(v["u3"][i]),
        ),
        "u4": (
            (N4,),
            ("W4", "b4", "y3"),
            lambda v, i: (
                sum(v["W4"][i, j] * v["y3"][j] for j in range(N3)) + v["b4"][i]
            ),
        ),
        "y4": (
            (N4,),
            ("u4",),
            lambda v, i: np.tanh(v["u4"][i]),
        ),
        "u5": (
            (N5,),
            ("W5", "b5", "y4"),
            lambda v, i: (
                sum(v["W5"][i, j] * v["y4"][j] for j in range(N4)) + v["b5"][i]
            ),
        ),
        "y5": (
            (N5,),
            ("u5",),
            lambda v, i: np.tanh(v["u5"][i]),
        ),
        "u6": (
            (N6,),
            ("W6", "b6", "y5"),
            lambda v, i: (
                sum(v["W6"][i, j] * v["y5"][j] for j in range(N5)) + v["b6"][i]
            ),
        ),
        "y6": (
            (N6,),
            ("u6",),
            lambda v, i: np.tanh(v["u6"][i]),
        ),
        "u7": (
            (N7,),
            ("W7", "b7", "y6"),
            lambda v, i: (
                sum(v["W7"][i, j] * v["y6"][j] for j in range(N6)) + v["b7"][i]
            ),
        ),
        "y7": (
            (N7,),
            ("u7",),
            lambda v, i: np.tanh(v["u7"][i]),
        ),
        "u8": (
            (N8,),
            ("W8", "b8", "y7"),
            lambda v, i: (
                sum(v["W8"][i, j] * v["y7"][j] for j in range(N7)) + v["b8"][i]
            ),
        ),
        "y8": (
            (N8,),
            ("u8",),
            lambda v, i: np.tanh(v["u8"][i]),
        ),
        "u9": (
            (N9,),
            ("W9", "b9", "y8"),
            lambda v, i: (
                sum(v["W9"][i, j] * v["y8"][j] for j in range(N8)) + v["b9"][i]
            ),
        ),
        "y9": (
            (N9,),
            ("u9",),
            lambda v, i: np.tanh(v["u9"][i]),
        ),
        "u10": (
            (N10,),
            ("W10", "b10", "y9"),
            lambda v, i: (
                sum(v["W10"][i, j] * v["y9"][j] for j in range(N9)) + v["b10"][i]
            ),
        ),
        "y10": (
            (N10,),
            ("u10",),
            lambda v, i: np.tanh(v["u10"][i]),
        ),
        "e": (
            (N10,),
            ("d", "y10"),
            lambda v, i: v["d"][i] - v["y10"][i],
        ),
        "E": (
            (),
            ("e",),
            lambda v: sum(v["e"][j] ** 2 for j in range(N10)),
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
    N, N10 = D.shape
    recursive = np.sum(each, axis=0) * (1 / (N * N10))
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
        D = rng.normal(0.3, 1, (N, sizes[10]))
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
