"""layer_norm: a 4-8-6-3 network with its cost, gradient and Hessian.

    x (N₀) → y³ (N₃)

For one sample, with the layer as superscript (mean cross-entropy over samples; y are
probabilities of classes, d is 1 for one of them):

     (1) u¹ᵢ = Σⱼ W¹ᵢⱼ xⱼ + b¹ᵢ
     (2) μ¹ = 1/N₁ Σⱼ u¹ⱼ
     (3) ν¹ = 1/N₁ Σⱼ (u¹ⱼ − μ¹)²
     (4) r¹ᵢ = (u¹ᵢ − μ¹) (10⁻⁵ + ν¹)^(−1/2)
     (5) s¹ᵢ = gain¹ᵢ r¹ᵢ + shift¹ᵢ
     (6) y¹ᵢ = f¹(s¹ᵢ)
     (7) u²ᵢ = Σⱼ W²ᵢⱼ y¹ⱼ + b²ᵢ
     (8) μ² = 1/N₂ Σⱼ u²ⱼ
     (9) ν² = 1/N₂ Σⱼ (u²ⱼ − μ²)²
    (10) r²ᵢ = (u²ᵢ − μ²) (10⁻⁵ + ν²)^(−1/2)
    (11) s²ᵢ = gain²ᵢ r²ᵢ + shift²ᵢ
    (12) y²ᵢ = f²(s²ᵢ)
    (13) u³ᵢ = Σⱼ W³ᵢⱼ y²ⱼ + b³ᵢ
    (14) y³ᵢ = exp(u³ᵢ)/Σⱼ exp(u³ⱼ)
    (15) E = Σⱼ −log(y³ⱼ) dⱼ
    (16) J = 1/N Σₙ E(n)

    f¹(u) = f²(u) = tanh(u)

Arrays (a row of X and D is a sample, row i of a weight matrix is node i):

    X       (N, 4)  input
    D       (N, 3)  desired output: a 1 for the class, or its number 0, 1, …, as integers (N,)
    W1      (8, 4)  weights of layer 1
    b1      (8,)    biases of layer 1
    gain1   (8,)    gains of layer 1
    shift1  (8,)    shifts of layer 1
    W2      (6, 8)  weights of layer 2
    b2      (6,)    biases of layer 2
    gain2   (6,)    gains of layer 2
    shift2  (6,)    shifts of layer 2
    W3      (3, 6)  weights of layer 3
    b3      (3,)    biases of layer 3

Second derivatives are computed along directions, many at a time: as many rows of the
Hessian as there are directions.

The numbers in parentheses are the equations' numbers in the derivation, which
`gradscribe derive` shows. Written by gradscribe 0.1.0 from SPEC; run this file to
check it.
"""

import cmath
import difflib
import functools
import math
import sys
from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple

import numpy as np

SPEC = "4-8-6-3 tanh,softmax layer=norm,dense loss=cross_entropy name=layer_norm"
SIZES = (4, 8, 6, 3)
_SIZE_NAMES = ("N0", "N1", "N2", "N3")
_SHAPES = {
    "W1": ("N1", "N0"),
    "b1": ("N1",),
    "gain1": ("N1",),
    "shift1": ("N1",),
    "W2": ("N2", "N1"),
    "b2": ("N2",),
    "gain2": ("N2",),
    "shift2": ("N2",),
    "W3": ("N3", "N2"),
    "b3": ("N3",),
}
_SENSITIVITIES = ("dE_ds2", "dE_ds1", "delta1", "delta2", "delta3")

# How many bytes derivatives may use beside their result, unless told otherwise.
WORKSPACE = 64 * 2**20


class Parameters(NamedTuple):
    """All K parameters, in the order in which `ravel` lays them out.

    Attributes:
        W1: weights of layer 1, (N1, N0).
        b1: biases of layer 1, (N1,).
        gain1: gains of layer 1, (N1,).
        shift1: shifts of layer 1, (N1,).
        W2: weights of layer 2, (N2, N1).
        b2: biases of layer 2, (N2,).
        gain2: gains of layer 2, (N2,).
        shift2: shifts of layer 2, (N2,).
        W3: weights of layer 3, (N3, N2).
        b3: biases of layer 3, (N3,).
    """

    W1: np.ndarray
    b1: np.ndarray
    gain1: np.ndarray
    shift1: np.ndarray
    W2: np.ndarray
    b2: np.ndarray
    gain2: np.ndarray
    shift2: np.ndarray
    W3: np.ndarray
    b3: np.ndarray


def initialize(sizes: Sequence[int] = SIZES, seed: int = 0) -> Parameters:
    """Return random parameters: weights by Glorot's rule, all else zero (gains: one).

    w is uniform in ±sqrt(6 / (inputs + nodes)) (Glorot & Bengio 2010, equation 16).

    Args:
        sizes: (N0, N1, N2, N3), the number of inputs and of each layer's nodes.
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
        limit = math.sqrt(6 / sum(shape)) if len(shape) >= 2 else 0.0
        arrays.append(rng.uniform(-limit, limit, shape).astype(np.float64, copy=False))
    arrays[2] += 1  # gain1
    arrays[6] += 1  # gain2
    return Parameters(*arrays)


def ravel(params: Parameters) -> np.ndarray:
    """Return all parameters as one vector w, (K,): each array in C order, in turn."""
    (params,) = _checked(params)
    return np.concatenate([array.reshape(-1) for array in params])


def unravel(w: np.ndarray, sizes: Sequence[int] = SIZES) -> Parameters:
    """Return the parameters of a vector, the inverse of `ravel`.

    Args:
        w: all parameters, (K,).
        sizes: (N0, N1, N2, N3), the number of inputs and of each layer's nodes.

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
    """Return the network's output y³ for every sample, (N, N3).

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
    """Return the cost J, the mean cross-entropy over samples; y are probabilities of classes, d is 1 for one of them.

    J = 1/N Σₙ E(n) with E = Σⱼ −log(y³ⱼ) dⱼ.

    Args:
        params: the parameters.
        X: the input, (N, N0).
        D: the desired output, (N, N3).
        sample_weight: s, (N,), not negative: E(n) is multiplied by s(n), and Σₙ s(n)
            stands for N.
            A sample of weight 2 counts as two samples.

    Raises:
        ValueError: an argument (named) has a wrong shape or type or is not finite.
    """
    params, X, D = _checked(params, X, D)
    outputs = _forward(params, X)
    if sample_weight is None:
        return _cost(D, outputs)
    E = _sample_costs(D, outputs)
    return _scale(D, sample_weight) @ E


def sample_costs(params: Parameters, X: np.ndarray, D: np.ndarray) -> np.ndarray:
    """Return E, the cost of every sample, (N,): without the factor of J.

    Raises:
        ValueError: an argument (named) has a wrong shape or type or is not finite.
    """
    params, X, D = _checked(params, X, D)
    outputs = _forward(params, X)
    return _sample_costs(D, outputs)


def sensitivities(
    params: Parameters, X: np.ndarray, D: np.ndarray
) -> tuple[np.ndarray, ...]:
    """Return ∂E/∂u for every layer and sample: δ¹, δ², δ³.

    E is the cost of one sample, without the factor of J. Each has a row a sample.

    Raises:
        ValueError: an argument (named) has a wrong shape or type or is not finite.
    """
    params, X, D = _checked(params, X, D)
    outputs = _forward(params, X)
    found = _sensitivities(params, D, outputs, np.ones_like(D, shape=len(D)))
    return tuple([found[k] for k in (0, 1, 2, 3, 4)])


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
    return _gradient(params, X, D, outputs, scale)


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
    scale = _scale(D, sample_weight)
    if sample_weight is None:
        J = _cost(D, outputs)
    else:
        J = scale @ _sample_costs(D, outputs)
    return J, _gradient(params, X, D, outputs, scale)


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
        D: the desired output, (N, N3).
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
    return _square(_hessian_along, params, X, D, sample_weight, out, workspace)


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
        D: the desired output, (N, N3).
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
    ends = dict(zip(params._fields, np.cumsum([p.size for p in params]), strict=True))
    left, right = getattr(params, first), getattr(params, second)
    rows = slice(ends[first] - left.size, ends[first])
    columns = slice(ends[second] - right.size, ends[second])
    block = np.zeros((left.size, right.size), params[0].dtype)
    given = (params, X, D, _scale(D, sample_weight))
    for part, found in _rows(_hessian_along, *given, rows, workspace):
        block[part.start - rows.start : part.stop - rows.start] += found[:, columns]
    return block.reshape((*left.shape, *right.shape))


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
    K = sum(p.size for p in params)
    diagonal = np.zeros(K, params[0].dtype)
    given = (params, X, D, _scale(D, sample_weight))
    for part, found in _rows(_hessian_along, *given, slice(0, K), workspace):
        diagonal[part] += found[:, part].diagonal()
    result = Parameters(*[a[0] for a in _split(diagonal[None], params)])
    return result


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
    return _square(_gauss_newton_along, params, X, D, sample_weight, out, workspace)


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
    along = Parameters(*[array[None] for array in _direction(V, params)])
    scale = _scale(D, sample_weight)
    found = _hessian_along(params, X, D, along, scale)
    result = Parameters(*[array[0] for array in found])
    return result


def jacobian(
    params: Parameters, X: np.ndarray, *, workspace: int = WORKSPACE
) -> np.ndarray:
    """Return ∂y/∂w of every sample's output, (N, N3, K), w as in `ravel`.

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
    shape = _forward(params, X[:1])[-1].shape[1:]
    K = sum(p.size for p in params)
    result = np.empty((len(X), *shape, K), params[0].dtype)
    held = _held("output_along", params, X)
    for part, taken in _parts(slice(0, K), len(X), held, workspace):
        along, X_part = _units(params, part), X[taken]
        found = _output_along(params, X_part, along)
        result[taken, ..., part] = np.moveaxis(found, 0, -1)
    return result


def input_jacobian(
    params: Parameters, X: np.ndarray, *, workspace: int = WORKSPACE
) -> np.ndarray:
    """Return ∂y/∂x of every sample's output, (N, N3, N0).

    Arguments as in `jacobian`.

    Raises:
        ValueError: an argument (named) is unfit.
        MemoryError: the result does not fit into the machine.
    """
    params, X = _checked(params, X)
    shape, inputs = _forward(params, X[:1])[-1].shape[1:], X.shape[1:]
    count = math.prod(inputs)
    result = np.empty((len(X), *shape, count), params[0].dtype)
    units = np.eye(count, dtype=params[0].dtype).reshape(count, *inputs)
    held = _held("output_along_input", params, X)
    for part, taken in _parts(slice(0, count), len(X), held, workspace):
        along, X_part = units[part], X[taken]
        found = _output_along_input(params, X_part, along)
        result[taken, ..., part] = np.moveaxis(found, 0, -1)
    return result.reshape((len(X), *shape, *inputs))


def sample_gradients(
    params: Parameters, X: np.ndarray, D: np.ndarray, *, workspace: int = WORKSPACE
) -> np.ndarray:
    """Return ∂E/∂w of every sample, (N, K), w as in `ravel`.

    E is the cost of one sample, without the factor of J: the gradient is their sum
    times that factor.

    Args:
        params: the parameters.
        X: the input, (N, N0).
        D: the desired output, (N, N3).
        workspace: how many bytes may be used beside the result.

    Raises:
        ValueError: an argument (named) is unfit.
        MemoryError: the result does not fit into the machine.
    """
    params, X, D = _checked(params, X, D)
    result = np.empty((len(X), sum(p.size for p in params)), params[0].dtype)
    held = _held("sample_gradients", params, X)
    for _, taken in _parts(slice(0, 1), len(X), held, workspace):
        X_part, D_part = X[taken], D[taken]
        found = _sample_gradients(params, X_part, D_part)
        result[taken] = np.concatenate([a.reshape(len(a), -1) for a in found], axis=1)
    return result


class Problem:
    """The cost of w and its derivatives as functions of one vector.

        problem = Problem(X, D, sizes)
        minimize(problem.fun, w, jac=problem.jac, hessp=problem.hessp)

    with `minimize` of `scipy.optimize` and a method that takes them: `trust-ncg`, or
    `trust-exact` with `hess=problem.hess`.

    Args:
        X: the input, (N, N0).
        D: the desired output, (N, N3).
        sizes: (N0, N1, N2, N3), the number of inputs and of each layer's nodes.
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
    N1 = params.W2.shape[1]
    N2 = params.W3.shape[1]
    # (1) u¹ᵢ = Σⱼ W¹ᵢⱼ xⱼ + b¹ᵢ
    u1 = X @ params.W1.T
    u1 += params.b1
    # (2) μ¹ = 1/N₁ Σⱼ u¹ⱼ
    mu1 = np.sum(u1, axis=1) / N1
    # (3) ν¹ = 1/N₁ Σⱼ (u¹ⱼ − μ¹)²
    nu1 = np.sum((u1 - mu1[:, None]) ** 2, axis=1) / N1
    sqrt_nu1 = np.sqrt(1e-05 + nu1)
    # (4) r¹ᵢ = (u¹ᵢ − μ¹) (10⁻⁵ + ν¹)^(−1/2)
    r1 = (u1 - mu1[:, None]) / sqrt_nu1[:, None]
    # (5) s¹ᵢ = gain¹ᵢ r¹ᵢ + shift¹ᵢ
    s1 = params.gain1 * r1 + params.shift1
    # (6) y¹ᵢ = f¹(s¹ᵢ)
    y1 = np.tanh(s1, out=s1)
    # (7) u²ᵢ = Σⱼ W²ᵢⱼ y¹ⱼ + b²ᵢ
    u2 = y1 @ params.W2.T
    u2 += params.b2
    # (8) μ² = 1/N₂ Σⱼ u²ⱼ
    mu2 = np.sum(u2, axis=1) / N2
    # (9) ν² = 1/N₂ Σⱼ (u²ⱼ − μ²)²
    nu2 = np.sum((u2 - mu2[:, None]) ** 2, axis=1) / N2
    sqrt_nu2 = np.sqrt(1e-05 + nu2)
    # (10) r²ᵢ = (u²ᵢ − μ²) (10⁻⁵ + ν²)^(−1/2)
    r2 = (u2 - mu2[:, None]) / sqrt_nu2[:, None]
    # (11) s²ᵢ = gain²ᵢ r²ᵢ + shift²ᵢ
    s2 = params.gain2 * r2 + params.shift2
    # (12) y²ᵢ = f²(s²ᵢ)
    y2 = np.tanh(s2, out=s2)
    # (13) u³ᵢ = Σⱼ W³ᵢⱼ y²ⱼ + b³ᵢ
    u3 = y2 @ params.W3.T
    u3 += params.b3
    max_u3 = np.max(u3, axis=1)
    exp_u3 = np.exp(u3 - max_u3[:, None])
    sum_u3 = np.sum(exp_u3, axis=1)
    # (14) y³ᵢ = exp(u³ᵢ)/Σⱼ exp(u³ⱼ)
    y3 = exp_u3 / sum_u3[:, None]
    return (
        max_u3,
        sqrt_nu1,
        sqrt_nu2,
        sum_u3,
        u1,
        mu1,
        nu1,
        r1,
        y1,
        u2,
        mu2,
        nu2,
        r2,
        y2,
        u3,
        y3,
    )


def _sample_costs(D: np.ndarray, outputs: tuple[np.ndarray, ...]) -> np.ndarray:
    """Return E of every sample."""
    (
        max_u3,
        _sqrt_nu1,
        _sqrt_nu2,
        sum_u3,
        _u1,
        _mu1,
        _nu1,
        _r1,
        _y1,
        _u2,
        _mu2,
        _nu2,
        _r2,
        _y2,
        u3,
        _y3,
    ) = outputs
    # (15) E = Σⱼ −log(y³ⱼ) dⱼ
    E = -np.sum(D * (u3 - max_u3[:, None] - np.log(sum_u3)[:, None]), axis=1)
    return E


def _cost(D: np.ndarray, outputs: tuple[np.ndarray, ...]) -> np.floating:
    """Return J."""
    (
        max_u3,
        _sqrt_nu1,
        _sqrt_nu2,
        sum_u3,
        _u1,
        _mu1,
        _nu1,
        _r1,
        _y1,
        _u2,
        _mu2,
        _nu2,
        _r2,
        _y2,
        u3,
        _y3,
    ) = outputs
    N = D.shape[0]
    # (16) J = 1/N Σₙ E(n)
    J = -np.sum(D * (u3 - max_u3[:, None] - np.log(sum_u3)[:, None])) / N
    return J


def _sensitivities(
    params: Parameters,
    D: np.ndarray,
    outputs: tuple[np.ndarray, ...],
    scale: np.ndarray,
) -> tuple[np.ndarray, ...]:
    """Return δ of every layer times `scale`, which is put in with the last one."""
    (
        _max_u3,
        sqrt_nu1,
        sqrt_nu2,
        _sum_u3,
        u1,
        mu1,
        nu1,
        _r1,
        y1,
        u2,
        mu2,
        nu2,
        _r2,
        y2,
        _u3,
        y3,
    ) = outputs
    N1 = params.W1.shape[0]
    N2 = params.W2.shape[0]
    # (18) δ³ᵢ = y³ᵢ Σₖ dₖ − dᵢ
    delta3 = scale[:, None] * (y3 * np.sum(D, axis=1)[:, None] - D)
    # (20) f′²(s²ᵢ) = 1 − (y²ᵢ)²
    f2prime_s2 = 1 - y2**2
    # (21) ∂E/∂s²ᵢ = f′²(s²ᵢ) Σₖ W³ₖᵢ δ³ₖ
    dE_ds2 = delta3 @ params.W3
    dE_ds2 *= f2prime_s2
    # (23) ∂E/∂ν² = −1/2 (10⁻⁵ + ν²)^(−3/2) Σₖ gain²ₖ ∂E/∂s²ₖ (u²ₖ − μ²)
    dE_dnu2 = (
        -0.5
        * np.power(1e-05 + nu2, -1.5)
        * np.sum(dE_ds2 * params.gain2 * (u2 - mu2[:, None]), axis=1)
    )
    # (25) δ²ᵢ = 1/N₂ (∂E/∂ν²/N₂ Σₗ (2 μ² − 2 u²ₗ) − (10⁻⁵ + ν²)^(−1/2) Σₖ gain²ₖ ∂E/∂s…
    delta2 = (
        (
            (
                dE_dnu2 * np.sum(2 * mu2[:, None] - 2 * u2, axis=1) / N2
                - dE_ds2 @ params.gain2 / sqrt_nu2
            )
            / N2
        )[:, None]
        + dE_dnu2[:, None] * (2 * u2 - 2 * mu2[:, None]) / N2
        + dE_ds2 * params.gain2 / sqrt_nu2[:, None]
    )
    # (27) f′¹(s¹ᵢ) = 1 − (y¹ᵢ)²
    f1prime_s1 = 1 - y1**2
    # (28) ∂E/∂s¹ᵢ = f′¹(s¹ᵢ) Σₖ W²ₖᵢ δ²ₖ
    dE_ds1 = delta2 @ params.W2
    dE_ds1 *= f1prime_s1
    # (30) ∂E/∂ν¹ = −1/2 (10⁻⁵ + ν¹)^(−3/2) Σₖ gain¹ₖ ∂E/∂s¹ₖ (u¹ₖ − μ¹)
    dE_dnu1 = (
        -0.5
        * np.power(1e-05 + nu1, -1.5)
        * np.sum(dE_ds1 * params.gain1 * (u1 - mu1[:, None]), axis=1)
    )
    # (32) δ¹ᵢ = 1/N₁ (∂E/∂ν¹/N₁ Σₗ (2 μ¹ − 2 u¹ₗ) − (10⁻⁵ + ν¹)^(−1/2) Σₖ gain¹ₖ ∂E/∂s…
    delta1 = (
        (
            (
                dE_dnu1 * np.sum(2 * mu1[:, None] - 2 * u1, axis=1) / N1
                - dE_ds1 @ params.gain1 / sqrt_nu1
            )
            / N1
        )[:, None]
        + dE_dnu1[:, None] * (2 * u1 - 2 * mu1[:, None]) / N1
        + dE_ds1 * params.gain1 / sqrt_nu1[:, None]
    )
    return dE_ds2, dE_ds1, delta1, delta2, delta3


def _gradient(
    params: Parameters,
    X: np.ndarray,
    D: np.ndarray,
    outputs: tuple[np.ndarray, ...],
    scale: np.ndarray,
) -> Parameters:
    """Return ∂J/∂w for every parameter w."""
    (
        _max_u3,
        _sqrt_nu1,
        _sqrt_nu2,
        _sum_u3,
        _u1,
        _mu1,
        _nu1,
        r1,
        y1,
        _u2,
        _mu2,
        _nu2,
        r2,
        y2,
        _u3,
        _y3,
    ) = outputs
    N = D.shape[0]
    dE_ds2, dE_ds1, delta1, delta2, delta3 = _sensitivities(params, D, outputs, scale)
    ones = np.ones(N, D.dtype)
    # (43) ∂J/∂W¹ᵢⱼ = 1/N Σₙ δ¹ᵢ(n) xⱼ(n)
    dJ_dW1 = delta1.T @ X
    # (44) ∂J/∂b¹ᵢ = 1/N Σₙ δ¹ᵢ(n)
    dJ_db1 = ones @ delta1
    # (45) ∂J/∂gain¹ᵢ = 1/N Σₙ r¹ᵢ(n) ∂E/∂s¹ᵢ(n)
    dJ_dgain1 = np.sum(dE_ds1 * r1, axis=0)
    # (46) ∂J/∂shift¹ᵢ = 1/N Σₙ ∂E/∂s¹ᵢ(n)
    dJ_dshift1 = ones @ dE_ds1
    # (47) ∂J/∂W²ᵢⱼ = 1/N Σₙ δ²ᵢ(n) y¹ⱼ(n)
    dJ_dW2 = delta2.T @ y1
    # (48) ∂J/∂b²ᵢ = 1/N Σₙ δ²ᵢ(n)
    dJ_db2 = ones @ delta2
    # (49) ∂J/∂gain²ᵢ = 1/N Σₙ r²ᵢ(n) ∂E/∂s²ᵢ(n)
    dJ_dgain2 = np.sum(dE_ds2 * r2, axis=0)
    # (50) ∂J/∂shift²ᵢ = 1/N Σₙ ∂E/∂s²ᵢ(n)
    dJ_dshift2 = ones @ dE_ds2
    # (51) ∂J/∂W³ᵢⱼ = 1/N Σₙ δ³ᵢ(n) y²ⱼ(n)
    dJ_dW3 = delta3.T @ y2
    # (52) ∂J/∂b³ᵢ = 1/N Σₙ δ³ᵢ(n)
    dJ_db3 = ones @ delta3
    return Parameters(
        dJ_dW1,
        dJ_db1,
        dJ_dgain1,
        dJ_dshift1,
        dJ_dW2,
        dJ_db2,
        dJ_dgain2,
        dJ_dshift2,
        dJ_dW3,
        dJ_db3,
    )


# ---- products of arrays of any number of axes ----------------------------------------


def _product(letters: str, a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Return what `np.einsum(letters, a, b)` gives, by one product of matrices.

    What is not in the result is in both arrays and is summed over.
    """
    first, second, counts, order = _product_plan(letters)
    a, b = a.transpose(first), b.transpose(second)
    both, rows, summed = counts
    outer, columns = a.shape[: both + rows], b.shape[both + summed :]
    batch, inner = outer[:both], math.prod(b.shape[both : both + summed])
    left = a.reshape(*batch, math.prod(outer[both:]), inner)
    right = b.reshape(*batch, inner, math.prod(columns))
    return (left @ right).reshape(*outer, *columns).transpose(order)


@functools.lru_cache(1024)
def _product_plan(letters: str) -> tuple:
    """Return the order of the axes of both arrays, how many are of each kind, and of the result.

    Axes of the left array: those that both have and the result too, its own, those summed
    over; of the right array: those of both, those summed over, its own.
    """
    inputs, result = letters.split("->")
    a, b = inputs.split(",")
    both = [k for k in a if k in b and k in result]
    summed = [k for k in a if k in b and k not in result]
    rows = [k for k in a if k not in b]
    columns = [k for k in b if k not in a]
    first = tuple(map(a.index, both + rows + summed))
    second = tuple(map(b.index, both + summed + columns))
    found = both + rows + columns
    counts = (len(both), len(rows), len(summed))
    return first, second, counts, tuple(map(found.index, result))


# ---- derivatives along directions ----------------------------------------------------
#
# Arrays named R_… have an axis of the directions in front of that of the samples.


def _hessian_along(
    params: Parameters,
    X: np.ndarray,
    D: np.ndarray,
    along: Parameters,
    scale: np.ndarray,
) -> Parameters:
    """Return H V for each direction V, (B, …) in the shapes of the parameters."""
    N1 = params.W1.shape[0]
    N2 = params.W2.shape[0]
    # u¹ᵢ = Σⱼ W¹ᵢⱼ xⱼ + b¹ᵢ
    u1 = X @ params.W1.T
    u1 += params.b1
    # μ¹ = 1/N₁ Σⱼ u¹ⱼ
    mu1 = np.sum(u1, axis=1) / N1
    # ν¹ = 1/N₁ Σⱼ (u¹ⱼ − μ¹)²
    nu1 = np.sum((u1 - mu1[:, None]) ** 2, axis=1) / N1
    sqrt_nu1 = np.sqrt(1e-05 + nu1)
    # r¹ᵢ = (u¹ᵢ − μ¹) (10⁻⁵ + ν¹)^(−1/2)
    r1 = (u1 - mu1[:, None]) / sqrt_nu1[:, None]
    # s¹ᵢ = gain¹ᵢ r¹ᵢ + shift¹ᵢ
    s1 = params.gain1 * r1 + params.shift1
    # y¹ᵢ = f¹(s¹ᵢ)
    y1 = np.tanh(s1)
    # f′¹(s¹ᵢ) = 1 − (y¹ᵢ)²
    f1prime_s1 = 1 - y1**2
    # f′′¹(s¹ᵢ) = 2 y¹ᵢ ((y¹ᵢ)² − 1)
    f1primeprime_s1 = 2 * y1 * (-1 + y1**2)
    # u²ᵢ = Σⱼ W²ᵢⱼ y¹ⱼ + b²ᵢ
    u2 = y1 @ params.W2.T
    u2 += params.b2
    # μ² = 1/N₂ Σⱼ u²ⱼ
    mu2 = np.sum(u2, axis=1) / N2
    # ν² = 1/N₂ Σⱼ (u²ⱼ − μ²)²
    nu2 = np.sum((u2 - mu2[:, None]) ** 2, axis=1) / N2
    sqrt_nu2 = np.sqrt(1e-05 + nu2)
    # r²ᵢ = (u²ᵢ − μ²) (10⁻⁵ + ν²)^(−1/2)
    r2 = (u2 - mu2[:, None]) / sqrt_nu2[:, None]
    # s²ᵢ = gain²ᵢ r²ᵢ + shift²ᵢ
    s2 = params.gain2 * r2 + params.shift2
    # y²ᵢ = f²(s²ᵢ)
    y2 = np.tanh(s2)
    # f′²(s²ᵢ) = 1 − (y²ᵢ)²
    f2prime_s2 = 1 - y2**2
    # f′′²(s²ᵢ) = 2 y²ᵢ ((y²ᵢ)² − 1)
    f2primeprime_s2 = 2 * y2 * (-1 + y2**2)
    # u³ᵢ = Σⱼ W³ᵢⱼ y²ⱼ + b³ᵢ
    u3 = y2 @ params.W3.T
    u3 += params.b3
    max_u3 = np.max(u3, axis=1)
    exp_u3 = np.exp(u3 - max_u3[:, None])
    # y³ᵢ = exp(u³ᵢ)/Σⱼ exp(u³ⱼ)
    y3 = exp_u3 / np.sum(exp_u3, axis=1)[:, None]
    # δ³ᵢ = y³ᵢ Σₖ dₖ − dᵢ
    delta3 = scale[:, None] * (y3 * np.sum(D, axis=1)[:, None] - D)
    # ∂E/∂s²ᵢ = f′²(s²ᵢ) Σₖ W³ₖᵢ δ³ₖ
    dE_ds2 = delta3 @ params.W3
    dE_ds2 *= f2prime_s2
    power_nu2 = np.power(1e-05 + nu2, -1.5)
    sum_dE_ds2_gain2_u2_mu2 = np.sum(
        dE_ds2 * params.gain2 * (u2 - mu2[:, None]), axis=1
    )
    # ∂E/∂ν² = −1/2 (10⁻⁵ + ν²)^(−3/2) Σₖ gain²ₖ ∂E/∂s²ₖ (u²ₖ − μ²)
    dE_dnu2 = -0.5 * power_nu2 * sum_dE_ds2_gain2_u2_mu2
    sum_mu2_u2 = np.sum(2 * mu2[:, None] - 2 * u2, axis=1)
    product_dE_ds2_gain2 = dE_ds2 @ params.gain2
    # δ²ᵢ = 1/N₂ (∂E/∂ν²/N₂ Σₗ (2 μ² − 2 u²ₗ) − (10⁻⁵ + ν²)^(−1/2) Σₖ gain²ₖ ∂E/∂s²ₖ) +…
    delta2 = (
        ((dE_dnu2 * sum_mu2_u2 / N2 - product_dE_ds2_gain2 / sqrt_nu2) / N2)[:, None]
        + dE_dnu2[:, None] * (2 * u2 - 2 * mu2[:, None]) / N2
        + dE_ds2 * params.gain2 / sqrt_nu2[:, None]
    )
    # ∂E/∂s¹ᵢ = f′¹(s¹ᵢ) Σₖ W²ₖᵢ δ²ₖ
    dE_ds1 = delta2 @ params.W2
    dE_ds1 *= f1prime_s1
    power_nu1 = np.power(1e-05 + nu1, -1.5)
    sum_dE_ds1_gain1_u1_mu1 = np.sum(
        dE_ds1 * params.gain1 * (u1 - mu1[:, None]), axis=1
    )
    # ∂E/∂ν¹ = −1/2 (10⁻⁵ + ν¹)^(−3/2) Σₖ gain¹ₖ ∂E/∂s¹ₖ (u¹ₖ − μ¹)
    dE_dnu1 = -0.5 * power_nu1 * sum_dE_ds1_gain1_u1_mu1
    # ℛu¹ᵢ = Σₖ ℛW¹ᵢₖ xₖ + ℛb¹ᵢ
    R_u1 = _product("abc,dc->adb", along.W1, X)
    R_u1 += along.b1[:, None]
    sum_R_u1 = np.sum(R_u1, axis=2)
    # ℛμ¹ = 1/N₁ Σₖ ℛu¹ₖ
    R_mu1 = sum_R_u1 / N1
    sum_mu1_u1 = np.sum(2 * mu1[:, None] - 2 * u1, axis=1)
    # ℛν¹ = ℛμ¹/N₁ Σₛ (2 μ¹ − 2 u¹ₛ) + 1/N₁ Σₖ ℛu¹ₖ (2 u¹ₖ − 2 μ¹)
    R_nu1 = _product("abc,bc->ab", R_u1, 2 * u1 - 2 * mu1[:, None])
    R_nu1 *= 1 / N1
    R_nu1 += R_mu1 * sum_mu1_u1 / N1
    # ℛr¹ᵢ = ℛu¹ᵢ (10⁻⁵ + ν¹)^(−1/2) − ℛμ¹ (10⁻⁵ + ν¹)^(−1/2) − 1/2 ℛν¹ (10⁻⁵ + ν¹)^(−3…
    R_r1 = (
        R_u1 / sqrt_nu1[:, None]
        - 0.5 * power_nu1[:, None] * R_nu1[:, :, None] * (u1 - mu1[:, None])
        + (-R_mu1 / sqrt_nu1)[:, :, None]
    )
    # ℛs¹ᵢ = ℛgain¹ᵢ r¹ᵢ + ℛr¹ᵢ gain¹ᵢ + ℛshift¹ᵢ
    R_s1 = along.gain1[:, None] * r1 + R_r1 * params.gain1 + along.shift1[:, None]
    # ℛy¹ᵢ = f′¹(s¹ᵢ) ℛs¹ᵢ
    R_y1 = R_s1 * f1prime_s1
    # ℛu²ᵢ = Σₖ ℛW²ᵢₖ y¹ₖ + Σₖ ℛy¹ₖ W²ᵢₖ + ℛb²ᵢ
    R_u2 = _product("abc,dc->adb", along.W2, y1)
    part1 = _product("abc,dc->abd", R_y1, params.W2)
    R_u2 += part1
    R_u2 += along.b2[:, None]
    sum_R_u2 = np.sum(R_u2, axis=2)
    # ℛμ² = 1/N₂ Σₖ ℛu²ₖ
    R_mu2 = sum_R_u2 / N2
    # ℛν² = ℛμ²/N₂ Σₛ (2 μ² − 2 u²ₛ) + 1/N₂ Σₖ ℛu²ₖ (2 u²ₖ − 2 μ²)
    R_nu2 = _product("abc,bc->ab", R_u2, 2 * u2 - 2 * mu2[:, None])
    R_nu2 *= 1 / N2
    R_nu2 += R_mu2 * sum_mu2_u2 / N2
    # ℛr²ᵢ = ℛu²ᵢ (10⁻⁵ + ν²)^(−1/2) − ℛμ² (10⁻⁵ + ν²)^(−1/2) − 1/2 ℛν² (10⁻⁵ + ν²)^(−3…
    R_r2 = (
        R_u2 / sqrt_nu2[:, None]
        - 0.5 * power_nu2[:, None] * R_nu2[:, :, None] * (u2 - mu2[:, None])
        + (-R_mu2 / sqrt_nu2)[:, :, None]
    )
    # ℛs²ᵢ = ℛgain²ᵢ r²ᵢ + ℛr²ᵢ gain²ᵢ + ℛshift²ᵢ
    R_s2 = along.gain2[:, None] * r2 + R_r2 * params.gain2 + along.shift2[:, None]
    # ℛy²ᵢ = f′²(s²ᵢ) ℛs²ᵢ
    R_y2 = R_s2 * f2prime_s2
    # ℛu³ᵢ = Σₖ ℛW³ᵢₖ y²ₖ + Σₖ ℛy²ₖ W³ᵢₖ + ℛb³ᵢ
    R_u3 = _product("abc,dc->adb", along.W3, y2)
    part2 = _product("abc,dc->abd", R_y2, params.W3)
    R_u3 += part2
    R_u3 += along.b3[:, None]
    part3 = _product("abc,bc->ab", R_u3, y3)
    # ℛy³ᵢ = ℛu³ᵢ y³ᵢ − y³ᵢ Σₖ ℛu³ₖ y³ₖ
    R_y3 = -y3 * part3[:, :, None] + R_u3 * y3
    # ℛδ³ᵢ = ℛy³ᵢ Σₖ dₖ
    R_delta3 = R_y3 * np.sum(scale[:, None] * D, axis=1)[:, None]
    part4 = _product("ab,bc->ac", delta3, params.W3)
    # ℛ∂E/∂s²ᵢ = f′²(s²ᵢ) Σₖ ℛW³ₖᵢ δ³ₖ + f′²(s²ᵢ) Σₖ ℛδ³ₖ W³ₖᵢ + f′′²(s²ᵢ) ℛs²ᵢ Σₛ W³ₛᵢ…
    R_dE_ds2 = R_s2 * f2primeprime_s2 * part4
    part5 = _product("abc,db->adc", along.W3, delta3)
    R_dE_ds2 += f2prime_s2 * part5
    part6 = _product("abc,cd->abd", R_delta3, params.W3)
    R_dE_ds2 += f2prime_s2 * part6
    # ℛ∂E/∂ν² = 3/4 ℛν² (10⁻⁵ + ν²)^(−5/2) Σₚ gain²ₚ ∂E/∂s²ₚ (u²ₚ − μ²) + 1/2 ℛμ² (10⁻⁵…
    R_dE_dnu2 = _product(
        "abc,bc->ab", R_dE_ds2, params.gain2 * power_nu2[:, None] * (u2 - mu2[:, None])
    )
    R_dE_dnu2 *= -0.5
    R_dE_dnu2 += 0.75 * np.power(1e-05 + nu2, -2.5) * R_nu2 * sum_dE_ds2_gain2_u2_mu2
    R_dE_dnu2 += 0.5 * power_nu2 * R_mu2 * product_dE_ds2_gain2
    R_dE_dnu2 += (
        -0.5
        * power_nu2
        * np.sum(along.gain2[:, None] * dE_ds2 * (u2 - mu2[:, None]), axis=2)
    )
    part7 = _product("abc,bc->ab", R_u2, power_nu2[:, None] * dE_ds2 * params.gain2)
    R_dE_dnu2 += -0.5 * part7
    part8 = _product("abc,c->ab", R_dE_ds2, params.gain2)
    # ℛδ²ᵢ = ℛ∂E/∂ν² (1/N₂² Σₖ (2 μ² − 2 u²ₖ) + 1/N₂ (2 u²ᵢ − 2 μ²)) + ℛμ² (∂E/∂ν² Σₛ 2…
    R_delta2 = (
        R_dE_dnu2[:, :, None]
        * ((sum_mu2_u2 / N2**2)[:, None] + (2 * u2 - 2 * mu2[:, None]) / N2)
        + (R_mu2 * (2 * dE_dnu2 * N2 / N2**2 - 2 * dE_dnu2 / N2))[:, :, None]
        + R_nu2[:, :, None]
        * (
            (0.5 * power_nu2 * product_dE_ds2_gain2 / N2)[:, None]
            - 0.5 * power_nu2[:, None] * dE_ds2 * params.gain2
        )
        + (-2 * dE_dnu2 * sum_R_u2 / N2**2)[:, :, None]
        + (-part8 / (N2 * sqrt_nu2))[:, :, None]
        + (-dE_ds2 @ along.gain2.T / (N2 * sqrt_nu2[:, None])).T[:, :, None]
        + 2 * dE_dnu2[:, None] * R_u2 / N2
        + R_dE_ds2 * params.gain2 / sqrt_nu2[:, None]
        + along.gain2[:, None] * dE_ds2 / sqrt_nu2[:, None]
    )
    part9 = _product("ab,bc->ac", delta2, params.W2)
    # ℛ∂E/∂s¹ᵢ = f′¹(s¹ᵢ) Σₖ ℛW²ₖᵢ δ²ₖ + f′¹(s¹ᵢ) Σₖ ℛδ²ₖ W²ₖᵢ + f′′¹(s¹ᵢ) ℛs¹ᵢ Σₛ W²ₛᵢ…
    R_dE_ds1 = R_s1 * f1primeprime_s1 * part9
    part10 = _product("abc,db->adc", along.W2, delta2)
    R_dE_ds1 += f1prime_s1 * part10
    part11 = _product("abc,cd->abd", R_delta2, params.W2)
    R_dE_ds1 += f1prime_s1 * part11
    product_dE_ds1_gain1 = dE_ds1 @ params.gain1
    # ℛ∂E/∂ν¹ = 3/4 ℛν¹ (10⁻⁵ + ν¹)^(−5/2) Σₚ gain¹ₚ ∂E/∂s¹ₚ (u¹ₚ − μ¹) + 1/2 ℛμ¹ (10⁻⁵…
    R_dE_dnu1 = _product(
        "abc,bc->ab", R_dE_ds1, params.gain1 * power_nu1[:, None] * (u1 - mu1[:, None])
    )
    R_dE_dnu1 *= -0.5
    R_dE_dnu1 += 0.75 * np.power(1e-05 + nu1, -2.5) * R_nu1 * sum_dE_ds1_gain1_u1_mu1
    R_dE_dnu1 += 0.5 * power_nu1 * R_mu1 * product_dE_ds1_gain1
    R_dE_dnu1 += (
        -0.5
        * power_nu1
        * np.sum(along.gain1[:, None] * dE_ds1 * (u1 - mu1[:, None]), axis=2)
    )
    part12 = _product("abc,bc->ab", R_u1, power_nu1[:, None] * dE_ds1 * params.gain1)
    R_dE_dnu1 += -0.5 * part12
    part13 = _product("abc,c->ab", R_dE_ds1, params.gain1)
    # ℛδ¹ᵢ = ℛ∂E/∂ν¹ (1/N₁² Σₖ (2 μ¹ − 2 u¹ₖ) + 1/N₁ (2 u¹ᵢ − 2 μ¹)) + ℛμ¹ (∂E/∂ν¹ Σₛ 2…
    R_delta1 = (
        R_dE_dnu1[:, :, None]
        * ((sum_mu1_u1 / N1**2)[:, None] + (2 * u1 - 2 * mu1[:, None]) / N1)
        + (R_mu1 * (2 * dE_dnu1 * N1 / N1**2 - 2 * dE_dnu1 / N1))[:, :, None]
        + R_nu1[:, :, None]
        * (
            (0.5 * power_nu1 * product_dE_ds1_gain1 / N1)[:, None]
            - 0.5 * power_nu1[:, None] * dE_ds1 * params.gain1
        )
        + (-2 * dE_dnu1 * sum_R_u1 / N1**2)[:, :, None]
        + (-part13 / (N1 * sqrt_nu1))[:, :, None]
        + (-dE_ds1 @ along.gain1.T / (N1 * sqrt_nu1[:, None])).T[:, :, None]
        + 2 * dE_dnu1[:, None] * R_u1 / N1
        + R_dE_ds1 * params.gain1 / sqrt_nu1[:, None]
        + along.gain1[:, None] * dE_ds1 / sqrt_nu1[:, None]
    )
    # ℛ∂J/∂W¹ᵢⱼ = 1/N Σₙ ℛδ¹ᵢ(n) xⱼ(n)
    R_dJ_dW1 = _product("abc,bd->acd", R_delta1, X)
    # ℛ∂J/∂b¹ᵢ = 1/N Σₙ ℛδ¹ᵢ(n)
    R_dJ_db1 = np.sum(R_delta1, axis=1)
    # ℛ∂J/∂gain¹ᵢ = 1/N Σₙ (ℛ∂E/∂s¹ᵢ(n) r¹ᵢ(n) + ℛr¹ᵢ(n) ∂E/∂s¹ᵢ(n))
    R_dJ_dgain1 = np.sum(
        R_dE_ds1.transpose(0, 2, 1) * r1.T + R_r1.transpose(0, 2, 1) * dE_ds1.T, axis=2
    )
    # ℛ∂J/∂shift¹ᵢ = 1/N Σₙ ℛ∂E/∂s¹ᵢ(n)
    R_dJ_dshift1 = np.sum(R_dE_ds1, axis=1)
    # ℛ∂J/∂W²ᵢⱼ = 1/N Σₙ (ℛδ²ᵢ(n) y¹ⱼ(n) + ℛy¹ⱼ(n) δ²ᵢ(n))
    R_dJ_dW2 = _product("abc,bd->acd", R_delta2, y1)
    part14 = _product("abc,bd->adc", R_y1, delta2)
    R_dJ_dW2 += part14
    # ℛ∂J/∂b²ᵢ = 1/N Σₙ ℛδ²ᵢ(n)
    R_dJ_db2 = np.sum(R_delta2, axis=1)
    # ℛ∂J/∂gain²ᵢ = 1/N Σₙ (ℛ∂E/∂s²ᵢ(n) r²ᵢ(n) + ℛr²ᵢ(n) ∂E/∂s²ᵢ(n))
    R_dJ_dgain2 = np.sum(
        R_dE_ds2.transpose(0, 2, 1) * r2.T + R_r2.transpose(0, 2, 1) * dE_ds2.T, axis=2
    )
    # ℛ∂J/∂shift²ᵢ = 1/N Σₙ ℛ∂E/∂s²ᵢ(n)
    R_dJ_dshift2 = np.sum(R_dE_ds2, axis=1)
    # ℛ∂J/∂W³ᵢⱼ = 1/N Σₙ (ℛδ³ᵢ(n) y²ⱼ(n) + ℛy²ⱼ(n) δ³ᵢ(n))
    R_dJ_dW3 = _product("abc,bd->acd", R_delta3, y2)
    part15 = _product("abc,bd->adc", R_y2, delta3)
    R_dJ_dW3 += part15
    # ℛ∂J/∂b³ᵢ = 1/N Σₙ ℛδ³ᵢ(n)
    R_dJ_db3 = np.sum(R_delta3, axis=1)
    return Parameters(
        R_dJ_dW1,
        R_dJ_db1,
        R_dJ_dgain1,
        R_dJ_dshift1,
        R_dJ_dW2,
        R_dJ_db2,
        R_dJ_dgain2,
        R_dJ_dshift2,
        R_dJ_dW3,
        R_dJ_db3,
    )


def _gauss_newton_along(
    params: Parameters,
    X: np.ndarray,
    D: np.ndarray,
    along: Parameters,
    scale: np.ndarray,
) -> Parameters:
    """Return G V for each direction V; ℛ of adjoints has no ℛ of values."""
    N1 = params.W1.shape[0]
    N2 = params.W2.shape[0]
    # u¹ᵢ = Σⱼ W¹ᵢⱼ xⱼ + b¹ᵢ
    u1 = X @ params.W1.T
    u1 += params.b1
    # μ¹ = 1/N₁ Σⱼ u¹ⱼ
    mu1 = np.sum(u1, axis=1) / N1
    # ν¹ = 1/N₁ Σⱼ (u¹ⱼ − μ¹)²
    nu1 = np.sum((u1 - mu1[:, None]) ** 2, axis=1) / N1
    sqrt_nu1 = np.sqrt(1e-05 + nu1)
    # r¹ᵢ = (u¹ᵢ − μ¹) (10⁻⁵ + ν¹)^(−1/2)
    r1 = (u1 - mu1[:, None]) / sqrt_nu1[:, None]
    # s¹ᵢ = gain¹ᵢ r¹ᵢ + shift¹ᵢ
    s1 = params.gain1 * r1 + params.shift1
    # y¹ᵢ = f¹(s¹ᵢ)
    y1 = np.tanh(s1)
    # f′¹(s¹ᵢ) = 1 − (y¹ᵢ)²
    f1prime_s1 = 1 - y1**2
    # u²ᵢ = Σⱼ W²ᵢⱼ y¹ⱼ + b²ᵢ
    u2 = y1 @ params.W2.T
    u2 += params.b2
    # μ² = 1/N₂ Σⱼ u²ⱼ
    mu2 = np.sum(u2, axis=1) / N2
    # ν² = 1/N₂ Σⱼ (u²ⱼ − μ²)²
    nu2 = np.sum((u2 - mu2[:, None]) ** 2, axis=1) / N2
    sqrt_nu2 = np.sqrt(1e-05 + nu2)
    # r²ᵢ = (u²ᵢ − μ²) (10⁻⁵ + ν²)^(−1/2)
    r2 = (u2 - mu2[:, None]) / sqrt_nu2[:, None]
    # s²ᵢ = gain²ᵢ r²ᵢ + shift²ᵢ
    s2 = params.gain2 * r2 + params.shift2
    # y²ᵢ = f²(s²ᵢ)
    y2 = np.tanh(s2)
    # f′²(s²ᵢ) = 1 − (y²ᵢ)²
    f2prime_s2 = 1 - y2**2
    # u³ᵢ = Σⱼ W³ᵢⱼ y²ⱼ + b³ᵢ
    u3 = y2 @ params.W3.T
    u3 += params.b3
    max_u3 = np.max(u3, axis=1)
    exp_u3 = np.exp(u3 - max_u3[:, None])
    # y³ᵢ = exp(u³ᵢ)/Σⱼ exp(u³ⱼ)
    y3 = exp_u3 / np.sum(exp_u3, axis=1)[:, None]
    # ℛu¹ᵢ = Σₖ ℛW¹ᵢₖ xₖ + ℛb¹ᵢ
    R_u1 = _product("abc,dc->adb", along.W1, X)
    R_u1 += along.b1[:, None]
    # ℛμ¹ = 1/N₁ Σₖ ℛu¹ₖ
    R_mu1 = np.sum(R_u1, axis=2) / N1
    sum_mu1_u1 = np.sum(2 * mu1[:, None] - 2 * u1, axis=1)
    # ℛν¹ = ℛμ¹/N₁ Σₛ (2 μ¹ − 2 u¹ₛ) + 1/N₁ Σₖ ℛu¹ₖ (2 u¹ₖ − 2 μ¹)
    R_nu1 = _product("abc,bc->ab", R_u1, 2 * u1 - 2 * mu1[:, None])
    R_nu1 *= 1 / N1
    R_nu1 += R_mu1 * sum_mu1_u1 / N1
    power_nu1 = np.power(1e-05 + nu1, -1.5)
    # ℛr¹ᵢ = ℛu¹ᵢ (10⁻⁵ + ν¹)^(−1/2) − ℛμ¹ (10⁻⁵ + ν¹)^(−1/2) − 1/2 ℛν¹ (10⁻⁵ + ν¹)^(−3…
    R_r1 = (
        R_u1 / sqrt_nu1[:, None]
        - 0.5 * power_nu1[:, None] * R_nu1[:, :, None] * (u1 - mu1[:, None])
        + (-R_mu1 / sqrt_nu1)[:, :, None]
    )
    # ℛs¹ᵢ = ℛgain¹ᵢ r¹ᵢ + ℛr¹ᵢ gain¹ᵢ + ℛshift¹ᵢ
    R_s1 = along.gain1[:, None] * r1 + R_r1 * params.gain1 + along.shift1[:, None]
    # ℛy¹ᵢ = f′¹(s¹ᵢ) ℛs¹ᵢ
    R_y1 = R_s1 * f1prime_s1
    # ℛu²ᵢ = Σₖ ℛW²ᵢₖ y¹ₖ + Σₖ ℛy¹ₖ W²ᵢₖ + ℛb²ᵢ
    R_u2 = _product("abc,dc->adb", along.W2, y1)
    part1 = _product("abc,dc->abd", R_y1, params.W2)
    R_u2 += part1
    R_u2 += along.b2[:, None]
    # ℛμ² = 1/N₂ Σₖ ℛu²ₖ
    R_mu2 = np.sum(R_u2, axis=2) / N2
    sum_mu2_u2 = np.sum(2 * mu2[:, None] - 2 * u2, axis=1)
    # ℛν² = ℛμ²/N₂ Σₛ (2 μ² − 2 u²ₛ) + 1/N₂ Σₖ ℛu²ₖ (2 u²ₖ − 2 μ²)
    R_nu2 = _product("abc,bc->ab", R_u2, 2 * u2 - 2 * mu2[:, None])
    R_nu2 *= 1 / N2
    R_nu2 += R_mu2 * sum_mu2_u2 / N2
    power_nu2 = np.power(1e-05 + nu2, -1.5)
    # ℛr²ᵢ = ℛu²ᵢ (10⁻⁵ + ν²)^(−1/2) − ℛμ² (10⁻⁵ + ν²)^(−1/2) − 1/2 ℛν² (10⁻⁵ + ν²)^(−3…
    R_r2 = (
        R_u2 / sqrt_nu2[:, None]
        - 0.5 * power_nu2[:, None] * R_nu2[:, :, None] * (u2 - mu2[:, None])
        + (-R_mu2 / sqrt_nu2)[:, :, None]
    )
    # ℛs²ᵢ = ℛgain²ᵢ r²ᵢ + ℛr²ᵢ gain²ᵢ + ℛshift²ᵢ
    R_s2 = along.gain2[:, None] * r2 + R_r2 * params.gain2 + along.shift2[:, None]
    # ℛy²ᵢ = f′²(s²ᵢ) ℛs²ᵢ
    R_y2 = R_s2 * f2prime_s2
    # ℛu³ᵢ = Σₖ ℛW³ᵢₖ y²ₖ + Σₖ ℛy²ₖ W³ᵢₖ + ℛb³ᵢ
    R_u3 = _product("abc,dc->adb", along.W3, y2)
    part2 = _product("abc,dc->abd", R_y2, params.W3)
    R_u3 += part2
    R_u3 += along.b3[:, None]
    part3 = _product("abc,bc->ab", R_u3, y3)
    # ℛy³ᵢ = ℛu³ᵢ y³ᵢ − y³ᵢ Σₖ ℛu³ₖ y³ₖ
    R_y3 = -y3 * part3[:, :, None] + R_u3 * y3
    # ℛδ³ᵢ = ℛy³ᵢ Σₖ dₖ
    R_delta3 = R_y3 * np.sum(scale[:, None] * D, axis=1)[:, None]
    # ℛ∂E/∂s²ᵢ = f′²(s²ᵢ) Σₖ ℛδ³ₖ W³ₖᵢ
    R_dE_ds2 = _product("abc,cd->abd", R_delta3, params.W3)
    R_dE_ds2 *= f2prime_s2
    # ℛ∂E/∂ν² = −1/2 (10⁻⁵ + ν²)^(−3/2) Σₖ ℛ∂E/∂s²ₖ gain²ₖ (u²ₖ − μ²)
    R_dE_dnu2 = _product(
        "abc,bc->ab", R_dE_ds2, params.gain2 * power_nu2[:, None] * (u2 - mu2[:, None])
    )
    R_dE_dnu2 *= -0.5
    part4 = _product("abc,c->ab", R_dE_ds2, params.gain2)
    # ℛδ²ᵢ = ℛ∂E/∂ν² (1/N₂² Σₖ (2 μ² − 2 u²ₖ) + 1/N₂ (2 u²ᵢ − 2 μ²)) + ℛ∂E/∂s²ᵢ gain²ᵢ …
    R_delta2 = (
        R_dE_dnu2[:, :, None]
        * ((sum_mu2_u2 / N2**2)[:, None] + (2 * u2 - 2 * mu2[:, None]) / N2)
        + (-part4 / (N2 * sqrt_nu2))[:, :, None]
        + R_dE_ds2 * params.gain2 / sqrt_nu2[:, None]
    )
    # ℛ∂E/∂s¹ᵢ = f′¹(s¹ᵢ) Σₖ ℛδ²ₖ W²ₖᵢ
    R_dE_ds1 = _product("abc,cd->abd", R_delta2, params.W2)
    R_dE_ds1 *= f1prime_s1
    # ℛ∂E/∂ν¹ = −1/2 (10⁻⁵ + ν¹)^(−3/2) Σₖ ℛ∂E/∂s¹ₖ gain¹ₖ (u¹ₖ − μ¹)
    R_dE_dnu1 = _product(
        "abc,bc->ab", R_dE_ds1, params.gain1 * power_nu1[:, None] * (u1 - mu1[:, None])
    )
    R_dE_dnu1 *= -0.5
    part5 = _product("abc,c->ab", R_dE_ds1, params.gain1)
    # ℛδ¹ᵢ = ℛ∂E/∂ν¹ (1/N₁² Σₖ (2 μ¹ − 2 u¹ₖ) + 1/N₁ (2 u¹ᵢ − 2 μ¹)) + ℛ∂E/∂s¹ᵢ gain¹ᵢ …
    R_delta1 = (
        R_dE_dnu1[:, :, None]
        * ((sum_mu1_u1 / N1**2)[:, None] + (2 * u1 - 2 * mu1[:, None]) / N1)
        + (-part5 / (N1 * sqrt_nu1))[:, :, None]
        + R_dE_ds1 * params.gain1 / sqrt_nu1[:, None]
    )
    # ℛ∂J/∂W¹ᵢⱼ = 1/N Σₙ ℛδ¹ᵢ(n) xⱼ(n)
    R_dJ_dW1 = _product("abc,bd->acd", R_delta1, X)
    # ℛ∂J/∂b¹ᵢ = 1/N Σₙ ℛδ¹ᵢ(n)
    R_dJ_db1 = np.sum(R_delta1, axis=1)
    # ℛ∂J/∂gain¹ᵢ = 1/N Σₙ ℛ∂E/∂s¹ᵢ(n) r¹ᵢ(n)
    R_dJ_dgain1 = _product("abc,bc->ac", R_dE_ds1, r1)
    # ℛ∂J/∂shift¹ᵢ = 1/N Σₙ ℛ∂E/∂s¹ᵢ(n)
    R_dJ_dshift1 = np.sum(R_dE_ds1, axis=1)
    # ℛ∂J/∂W²ᵢⱼ = 1/N Σₙ ℛδ²ᵢ(n) y¹ⱼ(n)
    R_dJ_dW2 = _product("abc,bd->acd", R_delta2, y1)
    # ℛ∂J/∂b²ᵢ = 1/N Σₙ ℛδ²ᵢ(n)
    R_dJ_db2 = np.sum(R_delta2, axis=1)
    # ℛ∂J/∂gain²ᵢ = 1/N Σₙ ℛ∂E/∂s²ᵢ(n) r²ᵢ(n)
    R_dJ_dgain2 = _product("abc,bc->ac", R_dE_ds2, r2)
    # ℛ∂J/∂shift²ᵢ = 1/N Σₙ ℛ∂E/∂s²ᵢ(n)
    R_dJ_dshift2 = np.sum(R_dE_ds2, axis=1)
    # ℛ∂J/∂W³ᵢⱼ = 1/N Σₙ ℛδ³ᵢ(n) y²ⱼ(n)
    R_dJ_dW3 = _product("abc,bd->acd", R_delta3, y2)
    # ℛ∂J/∂b³ᵢ = 1/N Σₙ ℛδ³ᵢ(n)
    R_dJ_db3 = np.sum(R_delta3, axis=1)
    return Parameters(
        R_dJ_dW1,
        R_dJ_db1,
        R_dJ_dgain1,
        R_dJ_dshift1,
        R_dJ_dW2,
        R_dJ_db2,
        R_dJ_dgain2,
        R_dJ_dshift2,
        R_dJ_dW3,
        R_dJ_db3,
    )


def _output_along(params: Parameters, X: np.ndarray, along: Parameters) -> np.ndarray:
    """Return how the output changes along each direction, (B, N, …)."""
    N1 = params.W1.shape[0]
    N2 = params.W2.shape[0]
    # u¹ᵢ = Σⱼ W¹ᵢⱼ xⱼ + b¹ᵢ
    u1 = X @ params.W1.T
    u1 += params.b1
    # μ¹ = 1/N₁ Σⱼ u¹ⱼ
    mu1 = np.sum(u1, axis=1) / N1
    # ν¹ = 1/N₁ Σⱼ (u¹ⱼ − μ¹)²
    nu1 = np.sum((u1 - mu1[:, None]) ** 2, axis=1) / N1
    sqrt_nu1 = np.sqrt(1e-05 + nu1)
    # r¹ᵢ = (u¹ᵢ − μ¹) (10⁻⁵ + ν¹)^(−1/2)
    r1 = (u1 - mu1[:, None]) / sqrt_nu1[:, None]
    # s¹ᵢ = gain¹ᵢ r¹ᵢ + shift¹ᵢ
    s1 = params.gain1 * r1 + params.shift1
    # y¹ᵢ = f¹(s¹ᵢ)
    y1 = np.tanh(s1)
    # f′¹(s¹ᵢ) = 1 − (y¹ᵢ)²
    f1prime_s1 = 1 - y1**2
    # u²ᵢ = Σⱼ W²ᵢⱼ y¹ⱼ + b²ᵢ
    u2 = y1 @ params.W2.T
    u2 += params.b2
    # μ² = 1/N₂ Σⱼ u²ⱼ
    mu2 = np.sum(u2, axis=1) / N2
    # ν² = 1/N₂ Σⱼ (u²ⱼ − μ²)²
    nu2 = np.sum((u2 - mu2[:, None]) ** 2, axis=1) / N2
    sqrt_nu2 = np.sqrt(1e-05 + nu2)
    # r²ᵢ = (u²ᵢ − μ²) (10⁻⁵ + ν²)^(−1/2)
    r2 = (u2 - mu2[:, None]) / sqrt_nu2[:, None]
    # s²ᵢ = gain²ᵢ r²ᵢ + shift²ᵢ
    s2 = params.gain2 * r2 + params.shift2
    # y²ᵢ = f²(s²ᵢ)
    y2 = np.tanh(s2)
    # f′²(s²ᵢ) = 1 − (y²ᵢ)²
    f2prime_s2 = 1 - y2**2
    # u³ᵢ = Σⱼ W³ᵢⱼ y²ⱼ + b³ᵢ
    u3 = y2 @ params.W3.T
    u3 += params.b3
    max_u3 = np.max(u3, axis=1)
    exp_u3 = np.exp(u3 - max_u3[:, None])
    # y³ᵢ = exp(u³ᵢ)/Σⱼ exp(u³ⱼ)
    y3 = exp_u3 / np.sum(exp_u3, axis=1)[:, None]
    # ℛu¹ᵢ = Σₖ ℛW¹ᵢₖ xₖ + ℛb¹ᵢ
    R_u1 = _product("abc,dc->adb", along.W1, X)
    R_u1 += along.b1[:, None]
    # ℛμ¹ = 1/N₁ Σₖ ℛu¹ₖ
    R_mu1 = np.sum(R_u1, axis=2) / N1
    # ℛν¹ = ℛμ¹/N₁ Σₛ (2 μ¹ − 2 u¹ₛ) + 1/N₁ Σₖ ℛu¹ₖ (2 u¹ₖ − 2 μ¹)
    R_nu1 = _product("abc,bc->ab", R_u1, 2 * u1 - 2 * mu1[:, None])
    R_nu1 *= 1 / N1
    R_nu1 += R_mu1 * np.sum(2 * mu1[:, None] - 2 * u1, axis=1) / N1
    # ℛr¹ᵢ = ℛu¹ᵢ (10⁻⁵ + ν¹)^(−1/2) − ℛμ¹ (10⁻⁵ + ν¹)^(−1/2) − 1/2 ℛν¹ (10⁻⁵ + ν¹)^(−3…
    R_r1 = (
        R_u1 / sqrt_nu1[:, None]
        - 0.5
        * np.power(1e-05 + nu1, -1.5)[:, None]
        * R_nu1[:, :, None]
        * (u1 - mu1[:, None])
        + (-R_mu1 / sqrt_nu1)[:, :, None]
    )
    # ℛs¹ᵢ = ℛgain¹ᵢ r¹ᵢ + ℛr¹ᵢ gain¹ᵢ + ℛshift¹ᵢ
    R_s1 = along.gain1[:, None] * r1 + R_r1 * params.gain1 + along.shift1[:, None]
    # ℛy¹ᵢ = f′¹(s¹ᵢ) ℛs¹ᵢ
    R_y1 = R_s1 * f1prime_s1
    # ℛu²ᵢ = Σₖ ℛW²ᵢₖ y¹ₖ + Σₖ ℛy¹ₖ W²ᵢₖ + ℛb²ᵢ
    R_u2 = _product("abc,dc->adb", along.W2, y1)
    part1 = _product("abc,dc->abd", R_y1, params.W2)
    R_u2 += part1
    R_u2 += along.b2[:, None]
    # ℛμ² = 1/N₂ Σₖ ℛu²ₖ
    R_mu2 = np.sum(R_u2, axis=2) / N2
    # ℛν² = ℛμ²/N₂ Σₛ (2 μ² − 2 u²ₛ) + 1/N₂ Σₖ ℛu²ₖ (2 u²ₖ − 2 μ²)
    R_nu2 = _product("abc,bc->ab", R_u2, 2 * u2 - 2 * mu2[:, None])
    R_nu2 *= 1 / N2
    R_nu2 += R_mu2 * np.sum(2 * mu2[:, None] - 2 * u2, axis=1) / N2
    # ℛr²ᵢ = ℛu²ᵢ (10⁻⁵ + ν²)^(−1/2) − ℛμ² (10⁻⁵ + ν²)^(−1/2) − 1/2 ℛν² (10⁻⁵ + ν²)^(−3…
    R_r2 = (
        R_u2 / sqrt_nu2[:, None]
        - 0.5
        * np.power(1e-05 + nu2, -1.5)[:, None]
        * R_nu2[:, :, None]
        * (u2 - mu2[:, None])
        + (-R_mu2 / sqrt_nu2)[:, :, None]
    )
    # ℛs²ᵢ = ℛgain²ᵢ r²ᵢ + ℛr²ᵢ gain²ᵢ + ℛshift²ᵢ
    R_s2 = along.gain2[:, None] * r2 + R_r2 * params.gain2 + along.shift2[:, None]
    # ℛy²ᵢ = f′²(s²ᵢ) ℛs²ᵢ
    R_y2 = R_s2 * f2prime_s2
    # ℛu³ᵢ = Σₖ ℛW³ᵢₖ y²ₖ + Σₖ ℛy²ₖ W³ᵢₖ + ℛb³ᵢ
    R_u3 = _product("abc,dc->adb", along.W3, y2)
    part2 = _product("abc,dc->abd", R_y2, params.W3)
    R_u3 += part2
    R_u3 += along.b3[:, None]
    part3 = _product("abc,bc->ab", R_u3, y3)
    # ℛy³ᵢ = ℛu³ᵢ y³ᵢ − y³ᵢ Σₖ ℛu³ₖ y³ₖ
    R_y3 = -y3 * part3[:, :, None] + R_u3 * y3
    return R_y3


def _output_along_input(
    params: Parameters, X: np.ndarray, along: np.ndarray
) -> np.ndarray:
    """Return how the output changes along each direction of x, (B, N, …)."""
    N = X.shape[0]
    N1 = params.W1.shape[0]
    N2 = params.W2.shape[0]
    # u¹ᵢ = Σⱼ W¹ᵢⱼ xⱼ + b¹ᵢ
    u1 = X @ params.W1.T
    u1 += params.b1
    # μ¹ = 1/N₁ Σⱼ u¹ⱼ
    mu1 = np.sum(u1, axis=1) / N1
    # ν¹ = 1/N₁ Σⱼ (u¹ⱼ − μ¹)²
    nu1 = np.sum((u1 - mu1[:, None]) ** 2, axis=1) / N1
    sqrt_nu1 = np.sqrt(1e-05 + nu1)
    # r¹ᵢ = (u¹ᵢ − μ¹) (10⁻⁵ + ν¹)^(−1/2)
    r1 = (u1 - mu1[:, None]) / sqrt_nu1[:, None]
    # s¹ᵢ = gain¹ᵢ r¹ᵢ + shift¹ᵢ
    s1 = params.gain1 * r1 + params.shift1
    # y¹ᵢ = f¹(s¹ᵢ)
    y1 = np.tanh(s1)
    # f′¹(s¹ᵢ) = 1 − (y¹ᵢ)²
    f1prime_s1 = 1 - y1**2
    # u²ᵢ = Σⱼ W²ᵢⱼ y¹ⱼ + b²ᵢ
    u2 = y1 @ params.W2.T
    u2 += params.b2
    # μ² = 1/N₂ Σⱼ u²ⱼ
    mu2 = np.sum(u2, axis=1) / N2
    # ν² = 1/N₂ Σⱼ (u²ⱼ − μ²)²
    nu2 = np.sum((u2 - mu2[:, None]) ** 2, axis=1) / N2
    sqrt_nu2 = np.sqrt(1e-05 + nu2)
    # r²ᵢ = (u²ᵢ − μ²) (10⁻⁵ + ν²)^(−1/2)
    r2 = (u2 - mu2[:, None]) / sqrt_nu2[:, None]
    # s²ᵢ = gain²ᵢ r²ᵢ + shift²ᵢ
    s2 = params.gain2 * r2 + params.shift2
    # y²ᵢ = f²(s²ᵢ)
    y2 = np.tanh(s2)
    # f′²(s²ᵢ) = 1 − (y²ᵢ)²
    f2prime_s2 = 1 - y2**2
    # u³ᵢ = Σⱼ W³ᵢⱼ y²ⱼ + b³ᵢ
    u3 = y2 @ params.W3.T
    u3 += params.b3
    max_u3 = np.max(u3, axis=1)
    exp_u3 = np.exp(u3 - max_u3[:, None])
    # y³ᵢ = exp(u³ᵢ)/Σⱼ exp(u³ⱼ)
    y3 = exp_u3 / np.sum(exp_u3, axis=1)[:, None]
    # ℛu¹ᵢ = Σₖ ℛxₖ W¹ᵢₖ
    R_u1 = (along @ params.W1.T)[:, None] * np.ones(N, X.dtype)[:, None]
    # ℛμ¹ = 1/N₁ Σₖ ℛu¹ₖ
    R_mu1 = np.sum(R_u1, axis=2) / N1
    # ℛν¹ = ℛμ¹/N₁ Σₛ (2 μ¹ − 2 u¹ₛ) + 1/N₁ Σₖ ℛu¹ₖ (2 u¹ₖ − 2 μ¹)
    R_nu1 = _product("abc,bc->ab", R_u1, 2 * u1 - 2 * mu1[:, None])
    R_nu1 *= 1 / N1
    R_nu1 += R_mu1 * np.sum(2 * mu1[:, None] - 2 * u1, axis=1) / N1
    # ℛr¹ᵢ = ℛu¹ᵢ (10⁻⁵ + ν¹)^(−1/2) − ℛμ¹ (10⁻⁵ + ν¹)^(−1/2) − 1/2 ℛν¹ (10⁻⁵ + ν¹)^(−3…
    R_r1 = (
        R_u1 / sqrt_nu1[:, None]
        - 0.5
        * np.power(1e-05 + nu1, -1.5)[:, None]
        * R_nu1[:, :, None]
        * (u1 - mu1[:, None])
        + (-R_mu1 / sqrt_nu1)[:, :, None]
    )
    # ℛs¹ᵢ = ℛr¹ᵢ gain¹ᵢ
    R_s1 = R_r1 * params.gain1
    # ℛy¹ᵢ = f′¹(s¹ᵢ) ℛs¹ᵢ
    R_y1 = R_s1 * f1prime_s1
    # ℛu²ᵢ = Σₖ ℛy¹ₖ W²ᵢₖ
    R_u2 = _product("abc,dc->abd", R_y1, params.W2)
    # ℛμ² = 1/N₂ Σₖ ℛu²ₖ
    R_mu2 = np.sum(R_u2, axis=2) / N2
    # ℛν² = ℛμ²/N₂ Σₛ (2 μ² − 2 u²ₛ) + 1/N₂ Σₖ ℛu²ₖ (2 u²ₖ − 2 μ²)
    R_nu2 = _product("abc,bc->ab", R_u2, 2 * u2 - 2 * mu2[:, None])
    R_nu2 *= 1 / N2
    R_nu2 += R_mu2 * np.sum(2 * mu2[:, None] - 2 * u2, axis=1) / N2
    # ℛr²ᵢ = ℛu²ᵢ (10⁻⁵ + ν²)^(−1/2) − ℛμ² (10⁻⁵ + ν²)^(−1/2) − 1/2 ℛν² (10⁻⁵ + ν²)^(−3…
    R_r2 = (
        R_u2 / sqrt_nu2[:, None]
        - 0.5
        * np.power(1e-05 + nu2, -1.5)[:, None]
        * R_nu2[:, :, None]
        * (u2 - mu2[:, None])
        + (-R_mu2 / sqrt_nu2)[:, :, None]
    )
    # ℛs²ᵢ = ℛr²ᵢ gain²ᵢ
    R_s2 = R_r2 * params.gain2
    # ℛy²ᵢ = f′²(s²ᵢ) ℛs²ᵢ
    R_y2 = R_s2 * f2prime_s2
    # ℛu³ᵢ = Σₖ ℛy²ₖ W³ᵢₖ
    R_u3 = _product("abc,dc->abd", R_y2, params.W3)
    part1 = _product("abc,bc->ab", R_u3, y3)
    # ℛy³ᵢ = ℛu³ᵢ y³ᵢ − y³ᵢ Σₖ ℛu³ₖ y³ₖ
    R_y3 = -y3 * part1[:, :, None] + R_u3 * y3
    return R_y3


def _sample_gradients(params: Parameters, X: np.ndarray, D: np.ndarray) -> Parameters:
    """Return ∂E/∂w of each sample."""
    N1 = params.W1.shape[0]
    N2 = params.W2.shape[0]
    # u¹ᵢ = Σⱼ W¹ᵢⱼ xⱼ + b¹ᵢ
    u1 = X @ params.W1.T
    u1 += params.b1
    # μ¹ = 1/N₁ Σⱼ u¹ⱼ
    mu1 = np.sum(u1, axis=1) / N1
    # ν¹ = 1/N₁ Σⱼ (u¹ⱼ − μ¹)²
    nu1 = np.sum((u1 - mu1[:, None]) ** 2, axis=1) / N1
    sqrt_nu1 = np.sqrt(1e-05 + nu1)
    # r¹ᵢ = (u¹ᵢ − μ¹) (10⁻⁵ + ν¹)^(−1/2)
    r1 = (u1 - mu1[:, None]) / sqrt_nu1[:, None]
    # s¹ᵢ = gain¹ᵢ r¹ᵢ + shift¹ᵢ
    s1 = params.gain1 * r1 + params.shift1
    # y¹ᵢ = f¹(s¹ᵢ)
    y1 = np.tanh(s1)
    # f′¹(s¹ᵢ) = 1 − (y¹ᵢ)²
    f1prime_s1 = 1 - y1**2
    # u²ᵢ = Σⱼ W²ᵢⱼ y¹ⱼ + b²ᵢ
    u2 = y1 @ params.W2.T
    u2 += params.b2
    # μ² = 1/N₂ Σⱼ u²ⱼ
    mu2 = np.sum(u2, axis=1) / N2
    # ν² = 1/N₂ Σⱼ (u²ⱼ − μ²)²
    nu2 = np.sum((u2 - mu2[:, None]) ** 2, axis=1) / N2
    sqrt_nu2 = np.sqrt(1e-05 + nu2)
    # r²ᵢ = (u²ᵢ − μ²) (10⁻⁵ + ν²)^(−1/2)
    r2 = (u2 - mu2[:, None]) / sqrt_nu2[:, None]
    # s²ᵢ = gain²ᵢ r²ᵢ + shift²ᵢ
    s2 = params.gain2 * r2 + params.shift2
    # y²ᵢ = f²(s²ᵢ)
    y2 = np.tanh(s2)
    # f′²(s²ᵢ) = 1 − (y²ᵢ)²
    f2prime_s2 = 1 - y2**2
    # u³ᵢ = Σⱼ W³ᵢⱼ y²ⱼ + b³ᵢ
    u3 = y2 @ params.W3.T
    u3 += params.b3
    max_u3 = np.max(u3, axis=1)
    exp_u3 = np.exp(u3 - max_u3[:, None])
    # y³ᵢ = exp(u³ᵢ)/Σⱼ exp(u³ⱼ)
    y3 = exp_u3 / np.sum(exp_u3, axis=1)[:, None]
    # δ³ᵢ = y³ᵢ Σₖ dₖ − dᵢ
    delta3 = y3 * np.sum(D, axis=1)[:, None] - D
    # ∂E/∂s²ᵢ = f′²(s²ᵢ) Σₖ W³ₖᵢ δ³ₖ
    dE_ds2 = delta3 @ params.W3
    dE_ds2 *= f2prime_s2
    # ∂E/∂ν² = −1/2 (10⁻⁵ + ν²)^(−3/2) Σₖ gain²ₖ ∂E/∂s²ₖ (u²ₖ − μ²)
    dE_dnu2 = (
        -0.5
        * np.power(1e-05 + nu2, -1.5)
        * np.sum(dE_ds2 * params.gain2 * (u2 - mu2[:, None]), axis=1)
    )
    # δ²ᵢ = 1/N₂ (∂E/∂ν²/N₂ Σₗ (2 μ² − 2 u²ₗ) − (10⁻⁵ + ν²)^(−1/2) Σₖ gain²ₖ ∂E/∂s²ₖ) +…
    delta2 = (
        (
            (
                dE_dnu2 * np.sum(2 * mu2[:, None] - 2 * u2, axis=1) / N2
                - dE_ds2 @ params.gain2 / sqrt_nu2
            )
            / N2
        )[:, None]
        + dE_dnu2[:, None] * (2 * u2 - 2 * mu2[:, None]) / N2
        + dE_ds2 * params.gain2 / sqrt_nu2[:, None]
    )
    # ∂E/∂s¹ᵢ = f′¹(s¹ᵢ) Σₖ W²ₖᵢ δ²ₖ
    dE_ds1 = delta2 @ params.W2
    dE_ds1 *= f1prime_s1
    # ∂E/∂ν¹ = −1/2 (10⁻⁵ + ν¹)^(−3/2) Σₖ gain¹ₖ ∂E/∂s¹ₖ (u¹ₖ − μ¹)
    dE_dnu1 = (
        -0.5
        * np.power(1e-05 + nu1, -1.5)
        * np.sum(dE_ds1 * params.gain1 * (u1 - mu1[:, None]), axis=1)
    )
    # δ¹ᵢ = 1/N₁ (∂E/∂ν¹/N₁ Σₗ (2 μ¹ − 2 u¹ₗ) − (10⁻⁵ + ν¹)^(−1/2) Σₖ gain¹ₖ ∂E/∂s¹ₖ) +…
    delta1 = (
        (
            (
                dE_dnu1 * np.sum(2 * mu1[:, None] - 2 * u1, axis=1) / N1
                - dE_ds1 @ params.gain1 / sqrt_nu1
            )
            / N1
        )[:, None]
        + dE_dnu1[:, None] * (2 * u1 - 2 * mu1[:, None]) / N1
        + dE_ds1 * params.gain1 / sqrt_nu1[:, None]
    )
    # ∂E/∂W¹ᵢⱼ = δ¹ᵢ xⱼ
    dE_dW1 = delta1[:, :, None] * X[:, None]
    # ∂E/∂b¹ᵢ = δ¹ᵢ
    dE_db1 = delta1
    # ∂E/∂gain¹ᵢ = r¹ᵢ ∂E/∂s¹ᵢ
    dE_dgain1 = dE_ds1 * r1
    # ∂E/∂shift¹ᵢ = ∂E/∂s¹ᵢ
    dE_dshift1 = dE_ds1
    # ∂E/∂W²ᵢⱼ = δ²ᵢ y¹ⱼ
    dE_dW2 = delta2[:, :, None] * y1[:, None]
    # ∂E/∂b²ᵢ = δ²ᵢ
    dE_db2 = delta2
    # ∂E/∂gain²ᵢ = r²ᵢ ∂E/∂s²ᵢ
    dE_dgain2 = dE_ds2 * r2
    # ∂E/∂shift²ᵢ = ∂E/∂s²ᵢ
    dE_dshift2 = dE_ds2
    # ∂E/∂W³ᵢⱼ = δ³ᵢ y²ⱼ
    dE_dW3 = delta3[:, :, None] * y2[:, None]
    # ∂E/∂b³ᵢ = δ³ᵢ
    dE_db3 = delta3
    return Parameters(
        dE_dW1,
        dE_db1,
        dE_dgain1,
        dE_dshift1,
        dE_dW2,
        dE_db2,
        dE_dgain2,
        dE_dshift2,
        dE_dW3,
        dE_db3,
    )


_HELD = {  # the sizes of what each of these has for a sample, and a direction
    "hessian_along": [
        ("N1",),
        (),
        (),
        (),
        ("N1",),
        ("N1",),
        ("N1",),
        ("N2",),
        ("N2",),
        (),
        (),
        (),
        ("N2",),
        ("N2",),
        ("N2",),
        ("N3",),
        ("N3",),
        (),
        ("N3",),
        ("N3",),
        ("N2",),
        ("N2",),
        ("N2",),
        (),
        (),
        (),
        ("N2",),
        ("N1",),
        ("N1",),
        ("N1",),
        (),
        (),
        (),
        ("N1",),
        ("N1", "N0"),
        ("N1",),
        ("N1",),
        ("N1",),
        ("N2", "N1"),
        ("N2", "N1"),
        ("N2",),
        ("N2",),
        ("N2",),
        ("N3", "N2"),
        ("N3", "N2"),
        ("N3",),
    ],
    "gauss_newton_along": [
        ("N1",),
        (),
        (),
        ("N1",),
        ("N1",),
        ("N1",),
        ("N2",),
        ("N2",),
        (),
        (),
        ("N2",),
        ("N2",),
        ("N2",),
        ("N3",),
        ("N3",),
        (),
        ("N3",),
        ("N3",),
        ("N2",),
        (),
        (),
        ("N2",),
        ("N1",),
        (),
        (),
        ("N1",),
        ("N1", "N0"),
        ("N1",),
        ("N1",),
        ("N1",),
        ("N2", "N1"),
        ("N2",),
        ("N2",),
        ("N2",),
        ("N3", "N2"),
        ("N3",),
    ],
    "output_along": [
        ("N1",),
        (),
        (),
        ("N1",),
        ("N1",),
        ("N1",),
        ("N2",),
        ("N2",),
        (),
        (),
        ("N2",),
        ("N2",),
        ("N2",),
        ("N3",),
        ("N3",),
        (),
        ("N3",),
    ],
    "output_along_input": [
        ("N1",),
        (),
        (),
        ("N1",),
        ("N1",),
        ("N1",),
        ("N2",),
        (),
        (),
        ("N2",),
        ("N2",),
        ("N2",),
        ("N3",),
        (),
        ("N3",),
    ],
    "sample_gradients": [
        ("N1",),
        (),
        (),
        (),
        ("N1",),
        ("N1",),
        ("N1",),
        ("N1",),
        ("N2",),
        (),
        (),
        (),
        ("N2",),
        ("N2",),
        ("N2",),
        ("N2",),
        ("N3",),
        (),
        ("N3",),
        ("N3",),
        ("N3",),
        ("N2",),
        (),
        ("N2",),
        ("N1",),
        (),
        ("N1",),
        ("N1", "N0"),
        ("N1",),
        ("N1",),
        ("N1",),
        ("N2", "N1"),
        ("N2",),
        ("N2",),
        ("N2",),
        ("N3", "N2"),
        ("N3",),
    ],
}


def _held(name: str, params: Parameters, X: np.ndarray) -> int:
    """Return how many bytes one of these needs for a sample and a direction.

    An expression may have two arrays as large as its value, before it is written.
    """
    sizes = dict(zip(("N0",), X.shape[1:], strict=True))
    for shape, array in zip(_SHAPES.values(), params, strict=True):
        sizes.update(zip(shape, array.shape, strict=True))
    known = dict(zip(_SIZE_NAMES, SIZES or (), strict=False))
    numbers = [math.prod((known | sizes)[s] for s in row) for row in _HELD[name]]
    return params[0].itemsize * (sum(numbers) + 2 * max(numbers, default=0))


def _parts(
    rows: slice, N: int, held: int, workspace: int
) -> Iterator[tuple[slice, slice]]:
    """Yield which directions and which samples are taken at a time.

    Raises:
        ValueError: the workspace is too small for one sample.
    """
    if not isinstance(workspace, int | np.integer) or workspace < held:
        needed = f"at least {held} bytes, for one sample"
        raise ValueError(f"workspace is {workspace!r}, needs {needed}")
    samples = max(1, min(N, int(workspace) // max(held, 1)))
    step = max(1, int(workspace) // max(held * samples, 1))
    for start in range(rows.start, rows.stop, step):
        for first in range(0, N, samples):
            last = min(first + samples, N)
            yield slice(start, min(start + step, rows.stop)), slice(first, last)


def _units(params: Parameters, part: slice) -> Parameters:
    """Return directions along single parameters, those of a part of all K."""
    count, K = part.stop - part.start, sum(p.size for p in params)
    rows = np.zeros((count, K), params[0].dtype)
    rows[np.arange(count), np.arange(part.start, part.stop)] = 1
    return _split(rows, params)


def _split(rows: np.ndarray, params: Parameters) -> Parameters:
    """Return rows of K numbers as arrays of the parameters' shapes."""
    ends = np.cumsum([p.size for p in params])[:-1]
    parts = zip(np.split(rows, ends, axis=1), params, strict=True)
    return Parameters(*[a.reshape(len(rows), *p.shape) for a, p in parts])


def _rows(
    kernel: Callable,
    params: Parameters,
    X: np.ndarray,
    D: np.ndarray,
    scale: np.ndarray,
    rows: slice,
    workspace: int,
) -> Iterator[tuple[slice, np.ndarray]]:
    """Yield rows of a matrix (K, K), to be added up over parts of the samples."""
    held = _held(kernel.__name__[1:], params, X)
    for part, taken in _parts(rows, len(X), held, workspace):
        along = _units(params, part)
        found = kernel(params, X[taken], D[taken], along, scale[taken])
        yield part, np.concatenate([a.reshape(len(a), -1) for a in found], axis=1)


def _square(
    kernel: Callable,
    params: Parameters,
    X: np.ndarray,
    D: np.ndarray,
    sample_weight: np.ndarray | None,
    out: np.ndarray | None,
    workspace: int,
) -> np.ndarray:
    """Return a symmetric matrix (K, K); what is below its diagonal is what is above."""
    K, dtype = sum(p.size for p in params), params[0].dtype
    if out is not None:
        _check_out(out, K, dtype, *params, X, D)
        out[...] = 0
    result = np.zeros((K, K), dtype) if out is None else out
    given = (params, X, D, _scale(D, sample_weight))
    for part, found in _rows(kernel, *given, slice(0, K), workspace):
        result[part] += found
    for row in range(1, K):
        result[row, :row] = result[:row, row]
    return result


def _check_out(out: np.ndarray, K: int, dtype: np.dtype, *others: np.ndarray) -> None:
    """Refuse what cannot take a matrix (K, K), or is where the arguments are."""
    if type(out) is not np.ndarray or out.shape != (K, K) or out.dtype != dtype:
        kind = f"{out.shape} {out.dtype}" if type(out) is np.ndarray else type(out)
        raise ValueError(f"out is {kind}, needs ({K}, {K}) {dtype}")
    if not (out.flags.c_contiguous and out.flags.writeable):
        raise ValueError("out is not a writeable array that is contiguous in C order")
    if any(np.may_share_memory(out, other) for other in others):
        raise ValueError("out shares memory with params, X or D")


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


# ---- weights of samples --------------------------------------------------------------


def _scale(D: np.ndarray, sample_weight: np.ndarray | None = None) -> np.ndarray:
    """Return what multiplies E of each sample in J, (N,): the factor of J, weighted.

    Raises:
        ValueError: there are weights, and they are unfit.
    """
    N = len(D)
    if sample_weight is None:
        return np.full(len(D), 1 / N, D.dtype)
    weights = _weights(sample_weight, D)
    N = weights.sum()
    return 1 / N * weights


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
    if len(data) == 2:
        data = data[0], _rows_of_classes(params, data[1])
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


def _rows_of_classes(params: Parameters, D: np.ndarray) -> np.ndarray:
    """Return numbers of classes as rows of a 1 among zeros; anything else as it is.

    Raises:
        ValueError: there is no class of such a number.
    """
    labels = D if type(D) is np.ndarray else np.asarray(D)
    dtype = getattr(params[0], "dtype", float)
    if labels.dtype.kind not in "iub" or labels.ndim not in (1, 2):
        return D
    if labels.ndim == 2:
        return labels.astype(dtype)
    sizes: dict[str, int] = {}
    for shape, array in zip(_SHAPES.values(), params, strict=True):
        sizes.update(zip(shape, np.shape(array), strict=False))
    classes = sizes.get("N3", 0)
    unknown = np.flatnonzero((labels < 0) | (labels >= classes))
    if unknown.size:
        row = unknown[0]
        found = f"D has class {labels[row]} in row {row}"
        raise ValueError(f"{found}, needs numbers from 0 to {classes - 1}")
    rows = np.zeros((len(labels), classes), dtype)
    rows[np.arange(len(labels)), labels] = 1
    return rows


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
    shapes = {**_SHAPES, "X": ("N", "N0"), "D": ("N", "N3")}
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
    elif name == "D" and len(found) == 1:
        hint = "; numbers of classes are integers, (N,)"
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
    N0, N1, N2, N3 = sizes
    return {
        "u1": (
            (N1,),
            ("W1", "b1", "x"),
            lambda v, i: sum(v["W1"][i, j] * v["x"][j] for j in range(N0)) + v["b1"][i],
        ),
        "mu1": (
            (),
            ("u1",),
            lambda v: sum(v["u1"][j] for j in range(N1)) / N1,
        ),
        "nu1": (
            (),
            ("mu1", "u1"),
            lambda v: sum((v["u1"][j] - v["mu1"]) ** 2 for j in range(N1)) / N1,
        ),
        "r1": (
            (N1,),
            ("mu1", "nu1", "u1"),
            lambda v, i: (v["u1"][i] - v["mu1"]) * (1 / np.sqrt(1e-05 + v["nu1"])),
        ),
        "s1": (
            (N1,),
            ("gain1", "r1", "shift1"),
            lambda v, i: v["gain1"][i] * v["r1"][i] + v["shift1"][i],
        ),
        "y1": (
            (N1,),
            ("s1",),
            lambda v, i: np.tanh(v["s1"][i]),
        ),
        "u2": (
            (N2,),
            ("W2", "b2", "y1"),
            lambda v, i: (
                sum(v["W2"][i, j] * v["y1"][j] for j in range(N1)) + v["b2"][i]
            ),
        ),
        "mu2": (
            (),
            ("u2",),
            lambda v: sum(v["u2"][j] for j in range(N2)) / N2,
        ),
        "nu2": (
            (),
            ("mu2", "u2"),
            lambda v: sum((v["u2"][j] - v["mu2"]) ** 2 for j in range(N2)) / N2,
        ),
        "r2": (
            (N2,),
            ("mu2", "nu2", "u2"),
            lambda v, i: (v["u2"][i] - v["mu2"]) * (1 / np.sqrt(1e-05 + v["nu2"])),
        ),
        "s2": (
            (N2,),
            ("gain2", "r2", "shift2"),
            lambda v, i: v["gain2"][i] * v["r2"][i] + v["shift2"][i],
        ),
        "y2": (
            (N2,),
            ("s2",),
            lambda v, i: np.tanh(v["s2"][i]),
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
            lambda v, i: (
                np.exp(v["u3"][i] - max(v["u3"], key=np.real))
                / sum(np.exp(v["u3"][j] - max(v["u3"], key=np.real)) for j in range(N3))
            ),
        ),
        "E": (
            (),
            ("d", "u3"),
            lambda v: sum(
                -(
                    (
                        v["u3"][j]
                        - np.log(
                            sum(
                                np.exp(v["u3"][k] - max(v["u3"], key=np.real))
                                for k in range(N3)
                            ),
                        )
                        - max(v["u3"], key=np.real)
                    )
                    * v["d"][j]
                )
                for j in range(N3)
            ),
        ),
    }


def _sizes_of(params: Parameters, *sample: np.ndarray) -> list[int]:
    """Return N0, N1, … as the shapes of parameters, and of a sample, have them."""
    sizes: dict[str, int] = {}
    for shape, array in zip(_SHAPES.values(), params, strict=True):
        sizes.update(zip(shape, array.shape, strict=True))
    for x in sample:
        sizes.update(zip(("N0",), x.shape, strict=True))
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
    array = np.array(getattr(params, name) + np.zeros((), type(step)))
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
    N = len(D)
    recursive = np.sum(each, axis=0) * (1 / N)
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
        (SIZES, 3, 8),
    )
    print("error of the gradient, relative to its largest entry, against")
    print("  N  |u| up to   recursion   complex step   differences")
    agrees = True
    for sizes, N, largest in cases:
        shapes = _shapes(sizes)
        params = Parameters(*[rng.normal(0, 0.8, shape) for shape in shapes])
        X = rng.normal(0, 1, (N, sizes[0]))
        D = rng.normal(0.3, 1, (N, sizes[3]))
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
