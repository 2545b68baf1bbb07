"""attention: a 5-4-3-2 network with its cost, gradient and Hessian.

    x (N₀, N₁) → Y (N₀, N₃)

For one sample, with the layer as superscript (mean squared error over samples and
outputs):

    (1) Qᵢⱼ = Σₖ Wqⱼₖ xᵢₖ
    (2) Kᵢⱼ = Σₖ Wkⱼₖ xᵢₖ
    (3) Vᵢⱼ = Σₖ Wvⱼₖ xᵢₖ
    (4) Aᵢⱼ = Σₖ N₂^(−1/2) Kⱼₖ Qᵢₖ
    (5) Pᵢⱼ = exp(Aᵢⱼ)/Σₖ exp(Aᵢₖ)
    (6) Yᵢⱼ = Σₖ Pᵢₖ Vₖⱼ
    (7) eᵢⱼ = dᵢⱼ − Yᵢⱼ
    (8) E = Σⱼ Σₖ eⱼₖ²
    (9) J = 1/(N N₀ N₃) Σₙ E(n)


Arrays (a row of X and D is a sample, row i of a weight matrix is node i):

    X   (N, 5, 4)  input
    D   (N, 5, 2)  desired output
    Wq  (3, 4)     weights of the equations
    Wk  (3, 4)     weights of the equations
    Wv  (2, 4)     weights of the equations

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

SPEC = (
    "x: 5, 4; Wq: 3, 4; Wv: 2, 4; Q[t,h] = x[t,c] * Wq[h,c]; K[t,h] = x[t,c] * "
    "Wk[h,c]; V[t,v] = x[t,c] * Wv[v,c]; A[t,s] = Q[t,h] * K[s,h] / sqrt(size(h)); "
    "P[t,s] = softmax(s,A[t,s]); Y[t,v] = P[t,s] * V[s,v]; loss=mse name=attention"
)
SIZES = (5, 4, 3, 2)
_SIZE_NAMES = ("N0", "N1", "N2", "N3")
_SHAPES = {
    "Wq": ("N2", "N1"),
    "Wk": ("N2", "N1"),
    "Wv": ("N3", "N1"),
}
_SENSITIVITIES = ("dE_dA", "dE_dY")

# How many bytes derivatives may use beside their result, unless told otherwise.
WORKSPACE = 64 * 2**20


class Parameters(NamedTuple):
    """All K parameters, in the order in which `ravel` lays them out.

    Attributes:
        Wq: weights of the equations, (N2, N1).
        Wk: weights of the equations, (N2, N1).
        Wv: weights of the equations, (N3, N1).
    """

    Wq: np.ndarray
    Wk: np.ndarray
    Wv: np.ndarray


def initialize(sizes: Sequence[int] = SIZES, seed: int = 0) -> Parameters:
    """Return random parameters: weights by Glorot's rule, all else zero.

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
    """Return the network's output Y for every sample, (N, N0, N3).

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

    J = 1/(N N₀ N₃) Σₙ E(n) with E = Σⱼ Σₖ eⱼₖ².

    Args:
        params: the parameters.
        X: the input, (N, N0, N1).
        D: the desired output, (N, N0, N3).
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
    """Return ∂E/∂u for every layer and sample: ∂E/∂A, ∂E/∂Y.

    E is the cost of one sample, without the factor of J. Each has a row a sample.

    Raises:
        ValueError: an argument (named) has a wrong shape or type or is not finite.
    """
    params, X, D = _checked(params, X, D)
    outputs = _forward(params, X)
    e = _loss(D, outputs)
    found = _sensitivities(outputs, e, np.ones_like(D, shape=len(D)))
    return tuple([found[k] for k in (0, 1)])


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
    return _gradient(params, X, outputs, e, scale)


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
    return J, _gradient(params, X, outputs, e, scale)


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
        X: the input, (N, N0, N1).
        D: the desired output, (N, N0, N3).
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
        X: the input, (N, N0, N1).
        D: the desired output, (N, N0, N3).
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
    """Return ∂y/∂w of every sample's output, (N, N0, N3, K), w as in `ravel`.

    Args:
        params: the parameters.
        X: the input, (N, N0, N1).
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
    """Return ∂y/∂x of every sample's output, (N, N0, N3, N0, N1).

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
        X: the input, (N, N0, N1).
        D: the desired output, (N, N0, N3).
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
        X: the input, (N, N0, N1).
        D: the desired output, (N, N0, N3).
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
    N2 = params.Wk.shape[0]
    # (1) Qᵢⱼ = Σₖ Wqⱼₖ xᵢₖ
    Q = _product("abc,dc->abd", X, params.Wq)
    # (2) Kᵢⱼ = Σₖ Wkⱼₖ xᵢₖ
    K = _product("abc,dc->abd", X, params.Wk)
    # (3) Vᵢⱼ = Σₖ Wvⱼₖ xᵢₖ
    V = _product("abc,dc->abd", X, params.Wv)
    # (4) Aᵢⱼ = Σₖ N₂^(−1/2) Kⱼₖ Qᵢₖ
    A = _product("abc,adc->abd", Q, K)
    A *= 1 / float(np.sqrt(N2))
    max_A = np.max(A, axis=2)
    exp_A = np.exp(A - max_A[:, :, None])
    # (5) Pᵢⱼ = exp(Aᵢⱼ)/Σₖ exp(Aᵢₖ)
    P = exp_A / np.sum(exp_A, axis=2)[:, :, None]
    # (6) Yᵢⱼ = Σₖ Pᵢₖ Vₖⱼ
    Y = _product("abc,acd->abd", P, V)
    return Q, K, V, P, Y


def _loss(D: np.ndarray, outputs: tuple[np.ndarray, ...]) -> np.ndarray:
    """Return what the cost is made of, for every sample."""
    Y = outputs[-1]
    # (7) eᵢⱼ = dᵢⱼ − Yᵢⱼ
    e = D - Y
    return e


def _sample_costs(e: np.ndarray) -> np.ndarray:
    """Return E of every sample."""
    # (8) E = Σⱼ Σₖ eⱼₖ²
    E = np.sum(e**2, axis=(2, 1))
    return E


def _cost(D: np.ndarray, e: np.ndarray) -> np.floating:
    """Return J."""
    N, N0, N3 = D.shape
    # (9) J = 1/(N N₀ N₃) Σₙ E(n)
    J = np.sum(e**2, axis=(0, 1, 2)) / (N * N0 * N3)
    return J


def _sensitivities(
    outputs: tuple[np.ndarray, ...], e: np.ndarray, scale: np.ndarray
) -> tuple[np.ndarray, ...]:
    """Return δ of every layer times `scale`, which is put in with the last one."""
    _Q, _K, V, P, Y = outputs
    # (11) ∂E/∂Yᵢⱼ = −2 eᵢⱼ
    dE_dY = -2 * scale[:, None, None] * e
    # (13) ∂E/∂Aᵢⱼ = 2 Pᵢⱼ Σₖ Σₗ eᵢₗ Pᵢₖ Vₖₗ − 2 Pᵢⱼ Σₖ eᵢₖ Vⱼₖ
    dE_dA = _product("abc,adc->abd", e, V)
    dE_dA *= -2
    dE_dA *= P
    dE_dA += 2 * P * np.sum(e * Y, axis=2)[:, :, None]
    dE_dA *= scale[:, None, None]
    return dE_dA, dE_dY


def _gradient(
    params: Parameters,
    X: np.ndarray,
    outputs: tuple[np.ndarray, ...],
    e: np.ndarray,
    scale: np.ndarray,
) -> Parameters:
    """Return ∂J/∂w for every parameter w."""
    Q, K, _V, P, _Y = outputs
    N2 = params.Wq.shape[0]
    dE_dA, _dE_dY = _sensitivities(outputs, e, scale)
    part1 = _product("abc,abd->cda", X, dE_dA)
    # (20) ∂J/∂Wqᵢⱼ = 1/(N N₀ N₃) Σₙ N₂^(−1/2) Σₖ Σₗ Kₗᵢ(n) ∂E/∂Aₖₗ(n) xₖⱼ(n)
    dJ_dWq = _product("abc,dba->cd", K, part1)
    dJ_dWq *= 1 / float(np.sqrt(N2))
    part2 = _product("abc,adb->cda", X, dE_dA)
    # (21) ∂J/∂Wkᵢⱼ = 1/(N N₀ N₃) Σₙ N₂^(−1/2) Σₖ Σₗ Qₗᵢ(n) ∂E/∂Aₗₖ(n) xₖⱼ(n)
    dJ_dWk = _product("abc,dba->cd", Q, part2)
    dJ_dWk *= 1 / float(np.sqrt(N2))
    part3 = _product("abc,adb->cda", X, P)
    part4 = _product("abc,dba->cda", e, part3)
    # (22) ∂J/∂Wvᵢⱼ = 1/(N N₀ N₃) Σₙ −2 Σₖ Σₗ eₗᵢ(n) Pₗₖ(n) xₖⱼ(n)
    dJ_dWv = _product("abc,c->ab", part4, scale)
    dJ_dWv *= -2
    return Parameters(dJ_dWq, dJ_dWk, dJ_dWv)


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
    N2 = params.Wq.shape[0]
    # Qᵢⱼ = Σₖ Wqⱼₖ xᵢₖ
    Q = _product("abc,dc->abd", X, params.Wq)
    # Kᵢⱼ = Σₖ Wkⱼₖ xᵢₖ
    K = _product("abc,dc->abd", X, params.Wk)
    # Vᵢⱼ = Σₖ Wvⱼₖ xᵢₖ
    V = _product("abc,dc->abd", X, params.Wv)
    # Aᵢⱼ = Σₖ N₂^(−1/2) Kⱼₖ Qᵢₖ
    A = _product("abc,adc->abd", Q, K)
    A *= 1 / float(np.sqrt(N2))
    max_A = np.max(A, axis=2)
    exp_A = np.exp(A - max_A[:, :, None])
    # Pᵢⱼ = exp(Aᵢⱼ)/Σₖ exp(Aᵢₖ)
    P = exp_A / np.sum(exp_A, axis=2)[:, :, None]
    # Yᵢⱼ = Σₖ Pᵢₖ Vₖⱼ
    Y = _product("abc,acd->abd", P, V)
    # eᵢⱼ = dᵢⱼ − Yᵢⱼ
    e = D - Y
    sum_e_P_V = np.sum(e * Y, axis=2)
    product_e_V = _product("abc,adc->abd", e, V)
    # ∂E/∂Aᵢⱼ = 2 Pᵢⱼ Σₖ Σₗ eᵢₗ Pᵢₖ Vₖₗ − 2 Pᵢⱼ Σₖ eᵢₖ Vⱼₖ
    dE_dA = scale[:, None, None] * (2 * P * sum_e_P_V[:, :, None] - 2 * P * product_e_V)
    # ℛQᵢⱼ = Σₖ ℛWqⱼₖ xᵢₖ
    R_Q = _product("abc,dec->adeb", along.Wq, X)
    # ℛKᵢⱼ = Σₖ ℛWkⱼₖ xᵢₖ
    R_K = _product("abc,dec->adeb", along.Wk, X)
    # ℛVᵢⱼ = Σₖ ℛWvⱼₖ xᵢₖ
    R_V = _product("abc,dec->adeb", along.Wv, X)
    # ℛAᵢⱼ = N₂^(−1/2) Σₖ Kⱼₖ ℛQᵢₖ + N₂^(−1/2) Σₖ Qᵢₖ ℛKⱼₖ
    R_A = _product("abcd,bed->abce", R_Q, K)
    R_A *= 1 / float(np.sqrt(N2))
    part1 = _product("abcd,bed->abec", R_K, Q)
    R_A += part1 / float(np.sqrt(N2))
    part2 = _product("abcd,bcd->abc", R_A, P)
    # ℛPᵢⱼ = Pᵢⱼ ℛAᵢⱼ − Pᵢⱼ Σₖ Pᵢₖ ℛAᵢₖ
    R_P = -P * part2[:, :, :, None] + P * R_A
    product_R_V_P = _product("abcd,bec->abed", R_V, P)
    product_R_P_V = _product("abcd,bde->abce", R_P, V)
    # ℛYᵢⱼ = Σₖ Pᵢₖ ℛVₖⱼ + Σₛ ℛPᵢₛ Vₛⱼ
    R_Y = product_R_V_P + product_R_P_V
    # ℛeᵢⱼ = −ℛYᵢⱼ
    R_e = -R_Y
    # ℛ∂E/∂Aᵢⱼ = 2 Pᵢⱼ Σₚ Σᵥ eᵢᵥ Pᵢₚ ℛVₚᵥ + 2 Pᵢⱼ Σₚ Σᵥ Pᵢₚ ℛeᵢᵥ Vₚᵥ + 2 Pᵢⱼ Σₖ Σᵥ eᵢᵥ …
    R_dE_dA = _product("abcd,bed->abec", R_V, e)
    R_dE_dA *= -2
    R_dE_dA *= P
    part3 = _product("abcd,bcd->abc", product_R_V_P, e)
    R_dE_dA += 2 * P * part3[:, :, :, None]
    part4 = _product("abcd,bcd->abc", R_e, Y)
    R_dE_dA += 2 * P * part4[:, :, :, None]
    part5 = _product("abcd,bcd->abc", product_R_P_V, e)
    R_dE_dA += 2 * P * part5[:, :, :, None]
    R_dE_dA += 2 * R_P * sum_e_P_V[:, :, None]
    part6 = _product("abcd,bed->abce", R_e, V)
    R_dE_dA += -2 * P * part6
    R_dE_dA += -2 * R_P * product_e_V
    R_dE_dA *= scale[:, None, None]
    part7 = _product("abcd,bce->aebd", R_dE_dA, X)
    # ℛ∂J/∂Wqᵢⱼ = 1/(N N₀ N₃) Σₙ (N₂^(−1/2) Σₖ Σₛ Kₛᵢ(n) ℛ∂E/∂Aₖₛ(n) xₖⱼ(n) + N₂^(−1/2)…
    R_dJ_dWq = _product("abcd,cde->aeb", part7, K)
    R_dJ_dWq *= 1 / float(np.sqrt(N2))
    part8 = _product("abc,abd->cad", X, dE_dA)
    part9 = _product("abcd,ebc->ade", R_K, part8)
    R_dJ_dWq += part9 / float(np.sqrt(N2))
    part10 = _product("abcd,bde->aebc", R_dE_dA, X)
    # ℛ∂J/∂Wkᵢⱼ = 1/(N N₀ N₃) Σₙ (N₂^(−1/2) Σₖ Σₛ Qₛᵢ(n) ℛ∂E/∂Aₛₖ(n) xₖⱼ(n) + N₂^(−1/2)…
    R_dJ_dWk = _product("abcd,cde->aeb", part10, Q)
    R_dJ_dWk *= 1 / float(np.sqrt(N2))
    part11 = _product("abc,adb->cad", X, dE_dA)
    part12 = _product("abcd,ebc->ade", R_Q, part11)
    R_dJ_dWk += part12 / float(np.sqrt(N2))
    part13 = _product("abc,adb->cad", X, P)
    part14 = _product("abcd,ebc->adeb", R_e, part13)
    # ℛ∂J/∂Wvᵢⱼ = 1/(N N₀ N₃) Σₙ (−2 Σₖ Σₛ Pₛₖ(n) ℛeₛᵢ(n) xₖⱼ(n) − 2 Σₚ Σₛ eₛᵢ(n) ℛPₛₚ(…
    R_dJ_dWv = _product("abcd,d->abc", part14, scale)
    R_dJ_dWv *= -2
    part15 = _product("abcd,bde->aebc", R_P, X)
    part16 = _product("abcd,cde->aebc", part15, e)
    part17 = _product("abcd,d->abc", part16, scale)
    R_dJ_dWv += -2 * part17
    return Parameters(R_dJ_dWq, R_dJ_dWk, R_dJ_dWv)


def _gauss_newton_along(
    params: Parameters,
    X: np.ndarray,
    D: np.ndarray,
    along: Parameters,
    scale: np.ndarray,
) -> Parameters:
    """Return G V for each direction V; ℛ of adjoints has no ℛ of values."""
    N2 = params.Wq.shape[0]
    # Qᵢⱼ = Σₖ Wqⱼₖ xᵢₖ
    Q = _product("abc,dc->abd", X, params.Wq)
    # Kᵢⱼ = Σₖ Wkⱼₖ xᵢₖ
    K = _product("abc,dc->abd", X, params.Wk)
    # Vᵢⱼ = Σₖ Wvⱼₖ xᵢₖ
    V = _product("abc,dc->abd", X, params.Wv)
    # Aᵢⱼ = Σₖ N₂^(−1/2) Kⱼₖ Qᵢₖ
    A = _product("abc,adc->abd", Q, K)
    A *= 1 / float(np.sqrt(N2))
    max_A = np.max(A, axis=2)
    exp_A = np.exp(A - max_A[:, :, None])
    # Pᵢⱼ = exp(Aᵢⱼ)/Σₖ exp(Aᵢₖ)
    P = exp_A / np.sum(exp_A, axis=2)[:, :, None]
    # ℛQᵢⱼ = Σₖ ℛWqⱼₖ xᵢₖ
    R_Q = _product("abc,dec->adeb", along.Wq, X)
    # ℛKᵢⱼ = Σₖ ℛWkⱼₖ xᵢₖ
    R_K = _product("abc,dec->adeb", along.Wk, X)
    # ℛVᵢⱼ = Σₖ ℛWvⱼₖ xᵢₖ
    R_V = _product("abc,dec->adeb", along.Wv, X)
    # ℛAᵢⱼ = N₂^(−1/2) Σₖ Kⱼₖ ℛQᵢₖ + N₂^(−1/2) Σₖ Qᵢₖ ℛKⱼₖ
    R_A = _product("abcd,bed->abce", R_Q, K)
    R_A *= 1 / float(np.sqrt(N2))
    part1 = _product("abcd,bed->abec", R_K, Q)
    R_A += part1 / float(np.sqrt(N2))
    part2 = _product("abcd,bcd->abc", R_A, P)
    # ℛPᵢⱼ = Pᵢⱼ ℛAᵢⱼ − Pᵢⱼ Σₖ Pᵢₖ ℛAᵢₖ
    R_P = -P * part2[:, :, :, None] + P * R_A
    # ℛYᵢⱼ = Σₖ Pᵢₖ ℛVₖⱼ + Σₛ ℛPᵢₛ Vₛⱼ
    R_Y = _product("abcd,bec->abed", R_V, P)
    part3 = _product("abcd,bde->abce", R_P, V)
    R_Y += part3
    # ℛeᵢⱼ = −ℛYᵢⱼ
    R_e = -R_Y
    # ℛ∂E/∂Yᵢⱼ = −2 ℛeᵢⱼ
    R_dE_dY = -2 * scale[:, None, None] * R_e
    # ℛ∂E/∂Aᵢⱼ = Pᵢⱼ Σₖ ℛ∂E/∂Yᵢₖ Vⱼₖ − Pᵢⱼ Σₛ Σₚ Pᵢₛ ℛ∂E/∂Yᵢₚ Vₛₚ
    R_dE_dA = _product("abcd,bed->abce", R_dE_dY, V)
    R_dE_dA *= P
    part4 = _product("abc,acd->abd", P, V)
    part5 = _product("abcd,bcd->abc", R_dE_dY, part4)
    R_dE_dA += -P * part5[:, :, :, None]
    part6 = _product("abcd,bce->aebd", R_dE_dA, X)
    # ℛ∂J/∂Wqᵢⱼ = 1/(N N₀ N₃) Σₙ N₂^(−1/2) Σₖ Σₛ Kₛᵢ(n) ℛ∂E/∂Aₖₛ(n) xₖⱼ(n)
    R_dJ_dWq = _product("abcd,cde->aeb", part6, K)
    R_dJ_dWq *= 1 / float(np.sqrt(N2))
    part7 = _product("abcd,bde->aebc", R_dE_dA, X)
    # ℛ∂J/∂Wkᵢⱼ = 1/(N N₀ N₃) Σₙ N₂^(−1/2) Σₖ Σₛ Qₛᵢ(n) ℛ∂E/∂Aₛₖ(n) xₖⱼ(n)
    R_dJ_dWk = _product("abcd,cde->aeb", part7, Q)
    R_dJ_dWk *= 1 / float(np.sqrt(N2))
    part8 = _product("abc,adb->cad", X, P)
    # ℛ∂J/∂Wvᵢⱼ = 1/(N N₀ N₃) Σₙ Σₖ Σₛ Pₛₖ(n) ℛ∂E/∂Yₛᵢ(n) xₖⱼ(n)
    R_dJ_dWv = _product("abcd,ebc->ade", R_dE_dY, part8)
    return Parameters(R_dJ_dWq, R_dJ_dWk, R_dJ_dWv)


def _output_along(params: Parameters, X: np.ndarray, along: Parameters) -> np.ndarray:
    """Return how the output changes along each direction, (B, N, …)."""
    N2 = params.Wq.shape[0]
    # Qᵢⱼ = Σₖ Wqⱼₖ xᵢₖ
    Q = _product("abc,dc->abd", X, params.Wq)
    # Kᵢⱼ = Σₖ Wkⱼₖ xᵢₖ
    K = _product("abc,dc->abd", X, params.Wk)
    # Vᵢⱼ = Σₖ Wvⱼₖ xᵢₖ
    V = _product("abc,dc->abd", X, params.Wv)
    # Aᵢⱼ = Σₖ N₂^(−1/2) Kⱼₖ Qᵢₖ
    A = _product("abc,adc->abd", Q, K)
    A *= 1 / float(np.sqrt(N2))
    max_A = np.max(A, axis=2)
    exp_A = np.exp(A - max_A[:, :, None])
    # Pᵢⱼ = exp(Aᵢⱼ)/Σₖ exp(Aᵢₖ)
    P = exp_A / np.sum(exp_A, axis=2)[:, :, None]
    # ℛQᵢⱼ = Σₖ ℛWqⱼₖ xᵢₖ
    R_Q = _product("abc,dec->adeb", along.Wq, X)
    # ℛKᵢⱼ = Σₖ ℛWkⱼₖ xᵢₖ
    R_K = _product("abc,dec->adeb", along.Wk, X)
    # ℛVᵢⱼ = Σₖ ℛWvⱼₖ xᵢₖ
    R_V = _product("abc,dec->adeb", along.Wv, X)
    # ℛAᵢⱼ = N₂^(−1/2) Σₖ Kⱼₖ ℛQᵢₖ + N₂^(−1/2) Σₖ Qᵢₖ ℛKⱼₖ
    R_A = _product("abcd,bed->abce", R_Q, K)
    R_A *= 1 / float(np.sqrt(N2))
    part1 = _product("abcd,bed->abec", R_K, Q)
    R_A += part1 / float(np.sqrt(N2))
    part2 = _product("abcd,bcd->abc", R_A, P)
    # ℛPᵢⱼ = Pᵢⱼ ℛAᵢⱼ − Pᵢⱼ Σₖ Pᵢₖ ℛAᵢₖ
    R_P = -P * part2[:, :, :, None] + P * R_A
    # ℛYᵢⱼ = Σₖ Pᵢₖ ℛVₖⱼ + Σₛ ℛPᵢₛ Vₛⱼ
    R_Y = _product("abcd,bec->abed", R_V, P)
    part3 = _product("abcd,bde->abce", R_P, V)
    R_Y += part3
    return R_Y


def _output_along_input(
    params: Parameters, X: np.ndarray, along: np.ndarray
) -> np.ndarray:
    """Return how the output changes along each direction of x, (B, N, …)."""
    N = X.shape[0]
    N2 = params.Wq.shape[0]
    # Qᵢⱼ = Σₖ Wqⱼₖ xᵢₖ
    Q = _product("abc,dc->abd", X, params.Wq)
    # Kᵢⱼ = Σₖ Wkⱼₖ xᵢₖ
    K = _product("abc,dc->abd", X, params.Wk)
    # Vᵢⱼ = Σₖ Wvⱼₖ xᵢₖ
    V = _product("abc,dc->abd", X, params.Wv)
    # Aᵢⱼ = Σₖ N₂^(−1/2) Kⱼₖ Qᵢₖ
    A = _product("abc,adc->abd", Q, K)
    A *= 1 / float(np.sqrt(N2))
    max_A = np.max(A, axis=2)
    exp_A = np.exp(A - max_A[:, :, None])
    # Pᵢⱼ = exp(Aᵢⱼ)/Σₖ exp(Aᵢₖ)
    P = exp_A / np.sum(exp_A, axis=2)[:, :, None]
    part1 = _product("abc,dc->abd", along, params.Wq)
    # ℛQᵢⱼ = Σₖ ℛxᵢₖ Wqⱼₖ
    R_Q = part1[:, None] * np.ones(N, X.dtype)[:, None, None]
    part2 = _product("abc,dc->abd", along, params.Wk)
    # ℛKᵢⱼ = Σₖ ℛxᵢₖ Wkⱼₖ
    R_K = part2[:, None] * np.ones(N, X.dtype)[:, None, None]
    part3 = _product("abc,dc->abd", along, params.Wv)
    # ℛVᵢⱼ = Σₖ ℛxᵢₖ Wvⱼₖ
    R_V = part3[:, None] * np.ones(N, X.dtype)[:, None, None]
    # ℛAᵢⱼ = N₂^(−1/2) Σₖ Kⱼₖ ℛQᵢₖ + N₂^(−1/2) Σₖ Qᵢₖ ℛKⱼₖ
    R_A = _product("abcd,bed->abce", R_Q, K)
    R_A *= 1 / float(np.sqrt(N2))
    part4 = _product("abcd,bed->abec", R_K, Q)
    R_A += part4 / float(np.sqrt(N2))
    part5 = _product("abcd,bcd->abc", R_A, P)
    # ℛPᵢⱼ = Pᵢⱼ ℛAᵢⱼ − Pᵢⱼ Σₖ Pᵢₖ ℛAᵢₖ
    R_P = -P * part5[:, :, :, None] + P * R_A
    # ℛYᵢⱼ = Σₖ Pᵢₖ ℛVₖⱼ + Σₛ ℛPᵢₛ Vₛⱼ
    R_Y = _product("abcd,bec->abed", R_V, P)
    part6 = _product("abcd,bde->abce", R_P, V)
    R_Y += part6
    return R_Y


def _sample_gradients(params: Parameters, X: np.ndarray, D: np.ndarray) -> Parameters:
    """Return ∂E/∂w of each sample."""
    N2 = params.Wq.shape[0]
    # Qᵢⱼ = Σₖ Wqⱼₖ xᵢₖ
    Q = _product("abc,dc->abd", X, params.Wq)
    # Kᵢⱼ = Σₖ Wkⱼₖ xᵢₖ
    K = _product("abc,dc->abd", X, params.Wk)
    # Vᵢⱼ = Σₖ Wvⱼₖ xᵢₖ
    V = _product("abc,dc->abd", X, params.Wv)
    # Aᵢⱼ = Σₖ N₂^(−1/2) Kⱼₖ Qᵢₖ
    A = _product("abc,adc->abd", Q, K)
    A *= 1 / float(np.sqrt(N2))
    max_A = np.max(A, axis=2)
    exp_A = np.exp(A - max_A[:, :, None])
    # Pᵢⱼ = exp(Aᵢⱼ)/Σₖ exp(Aᵢₖ)
    P = exp_A / np.sum(exp_A, axis=2)[:, :, None]
    # Yᵢⱼ = Σₖ Pᵢₖ Vₖⱼ
    Y = _product("abc,acd->abd", P, V)
    # eᵢⱼ = dᵢⱼ − Yᵢⱼ
    e = D - Y
    # ∂E/∂Aᵢⱼ = 2 Pᵢⱼ Σₖ Σₗ eᵢₗ Pᵢₖ Vₖₗ − 2 Pᵢⱼ Σₖ eᵢₖ Vⱼₖ
    dE_dA = _product("abc,adc->abd", e, V)
    dE_dA *= -2
    dE_dA *= P
    dE_dA += 2 * P * np.sum(e * Y, axis=2)[:, :, None]
    part1 = _product("abc,abd->acd", X, dE_dA)
    # ∂E/∂Wqᵢⱼ = N₂^(−1/2) Σₖ Σₗ Kₗᵢ ∂E/∂Aₖₗ xₖⱼ
    dE_dWq = _product("abc,adb->acd", K, part1)
    dE_dWq *= 1 / float(np.sqrt(N2))
    part2 = _product("abc,adb->acd", X, dE_dA)
    # ∂E/∂Wkᵢⱼ = N₂^(−1/2) Σₖ Σₗ Qₗᵢ ∂E/∂Aₗₖ xₖⱼ
    dE_dWk = _product("abc,adb->acd", Q, part2)
    dE_dWk *= 1 / float(np.sqrt(N2))
    part3 = _product("abc,adb->acd", X, P)
    # ∂E/∂Wvᵢⱼ = −2 Σₖ Σₗ eₗᵢ Pₗₖ xₖⱼ
    dE_dWv = _product("abc,adb->acd", e, part3)
    dE_dWv *= -2
    return Parameters(dE_dWq, dE_dWk, dE_dWv)


_HELD = {  # the sizes of what each of these has for a sample, and a direction
    "hessian_along": [
        ("N0", "N2"),
        ("N0", "N2"),
        ("N0", "N3"),
        ("N0", "N0"),
        ("N0", "N0"),
        ("N0",),
        ("N0", "N0"),
        ("N0", "N3"),
        ("N0", "N3"),
        ("N0", "N3"),
        ("N0", "N3"),
        ("N0", "N0"),
        ("N0",),
        ("N0",),
        ("N0",),
        ("N0", "N0"),
        ("N1", "N0"),
        ("N2", "N1"),
        ("N2", "N1"),
        ("N1", "N0"),
        ("N2", "N1"),
        ("N2", "N1"),
        ("N3", "N1"),
        ("N3", "N1"),
        ("N1", "N0"),
        ("N3", "N1"),
        ("N3", "N1"),
    ],
    "gauss_newton_along": [
        ("N0", "N2"),
        ("N0", "N2"),
        ("N0", "N3"),
        ("N0", "N0"),
        ("N0", "N0"),
        ("N0",),
        ("N0", "N0"),
        ("N0", "N3"),
        ("N0", "N3"),
        ("N0", "N3"),
        ("N0", "N3"),
        ("N0", "N0"),
        ("N0",),
        ("N1", "N0"),
        ("N2", "N1"),
        ("N1", "N0"),
        ("N2", "N1"),
        ("N3", "N1"),
    ],
    "output_along": [
        ("N0", "N2"),
        ("N0", "N2"),
        ("N0", "N3"),
        ("N0", "N0"),
        ("N0", "N0"),
        ("N0",),
        ("N0", "N0"),
        ("N0", "N3"),
        ("N0", "N3"),
    ],
    "output_along_input": [
        ("N0", "N2"),
        ("N0", "N2"),
        ("N0", "N2"),
        ("N0", "N2"),
        ("N0", "N3"),
        ("N0", "N3"),
        ("N0", "N0"),
        ("N0", "N0"),
        ("N0",),
        ("N0", "N0"),
        ("N0", "N3"),
        ("N0", "N3"),
    ],
    "sample_gradients": [
        ("N0", "N2"),
        ("N0", "N2"),
        ("N0", "N3"),
        ("N0", "N0"),
        ("N0",),
        ("N0", "N0"),
        ("N0", "N0"),
        ("N0", "N3"),
        ("N0", "N3"),
        ("N0", "N0"),
        ("N1", "N0"),
        ("N2", "N1"),
        ("N1", "N0"),
        ("N2", "N1"),
        ("N1", "N0"),
        ("N3", "N1"),
    ],
}


def _held(name: str, params: Parameters, X: np.ndarray) -> int:
    """Return how many bytes one of these needs for a sample and a direction.

    An expression may have two arrays as large as its value, before it is written.
    """
    sizes = dict(zip(("N0", "N1"), X.shape[1:], strict=True))
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
    N, N0, N3 = D.shape
    if sample_weight is None:
        return np.full(len(D), 1 / (N * N0 * N3), D.dtype)
    weights = _weights(sample_weight, D)
    N = weights.sum()
    return 1 / (N * N0 * N3) * weights


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
    shapes = {**_SHAPES, "X": ("N", "N0", "N1"), "D": ("N", "N0", "N3")}
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
    N0, N1, N2, N3 = sizes
    return {
        "Q": (
            (N0, N2),
            ("Wq", "x"),
            lambda v, i, j: sum(v["Wq"][j, k] * v["x"][i, k] for k in range(N1)),
        ),
        "K": (
            (N0, N2),
            ("Wk", "x"),
            lambda v, i, j: sum(v["Wk"][j, k] * v["x"][i, k] for k in range(N1)),
        ),
        "V": (
            (N0, N3),
            ("Wv", "x"),
            lambda v, i, j: sum(v["Wv"][j, k] * v["x"][i, k] for k in range(N1)),
        ),
        "A": (
            (N0, N0),
            ("K", "Q"),
            lambda v, i, j: sum(
                (1 / float(np.sqrt(N2))) * v["K"][j, k] * v["Q"][i, k]
                for k in range(N2)
            ),
        ),
        "P": (
            (N0, N0),
            ("A",),
            lambda v, i, j: (
                np.exp(
                    v["A"][i, j]
                    - max((v["A"][i, k_max] for k_max in range(N0)), key=np.real),
                )
                / sum(
                    np.exp(
                        v["A"][i, k]
                        - max((v["A"][i, k_max] for k_max in range(N0)), key=np.real),
                    )
                    for k in range(N0)
                )
            ),
        ),
        "Y": (
            (N0, N3),
            ("P", "V"),
            lambda v, i, j: sum(v["P"][i, k] * v["V"][k, j] for k in range(N0)),
        ),
        "e": (
            (N0, N3),
            ("Y", "d"),
            lambda v, i, j: v["d"][i, j] - v["Y"][i, j],
        ),
        "E": (
            (),
            ("e",),
            lambda v: sum(v["e"][j, k] ** 2 for j in range(N0) for k in range(N3)),
        ),
    }


def _sizes_of(params: Parameters, *sample: np.ndarray) -> list[int]:
    """Return N0, N1, … as the shapes of parameters, and of a sample, have them."""
    sizes: dict[str, int] = {}
    for shape, array in zip(_SHAPES.values(), params, strict=True):
        sizes.update(zip(shape, array.shape, strict=True))
    for x in sample:
        sizes.update(zip(("N0", "N1"), x.shape, strict=True))
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
    N, N0, N3 = D.shape
    recursive = np.sum(each, axis=0) * (1 / (N * N0 * N3))
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
        X = rng.normal(0, 1, (N, sizes[0], sizes[1]))
        D = rng.normal(0.3, 1, (N, sizes[0], sizes[3]))
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
