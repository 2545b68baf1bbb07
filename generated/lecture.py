"""lecture: a feed-forward network with its cost and gradient.

    y³ = f³(W³ f²(W² f¹(W¹ x + b¹) + b²) + b³)

For one sample, with the layer as superscript (mean squared error over samples and
outputs):

    (1) u¹ᵢ = Σⱼ W¹ᵢⱼ xⱼ + b¹ᵢ
    (2) y¹ᵢ = f¹(u¹ᵢ)
    (3) u²ᵢ = Σⱼ W²ᵢⱼ y¹ⱼ + b²ᵢ
    (4) y²ᵢ = f²(u²ᵢ)
    (5) u³ᵢ = Σⱼ W³ᵢⱼ y²ⱼ + b³ᵢ
    (6) y³ᵢ = f³(u³ᵢ)
    (7) eᵢ = dᵢ − y³ᵢ
    (8) E = Σⱼ eⱼ²
    (9) J = 1/(N N₃) Σₙ E(n)

    f¹(u) = f²(u) = 1/(1 + exp(−u))
    f³(u) = u

Arrays (a row of X and D is a sample, row i of a weight matrix is node i):

    X   (N, N0)   input
    D   (N, N3)   desired output
    W1  (N1, N0)  weights of layer 1
    b1  (N1,)     biases of layer 1
    W2  (N2, N1)  weights of layer 2
    b2  (N2,)     biases of layer 2
    W3  (N3, N2)  weights of layer 3
    b3  (N3,)     biases of layer 3

The numbers in parentheses are the equations' numbers in the derivation, which
`gradscribe derive` shows. Written by gradscribe 0.1.0 from SPEC; run this file to
check it.
"""

import cmath
import math
import sys
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

SPEC = (
    "f3(W3 f2(W2 f1(W1 x + b1) + b2) + b3) f1=sigmoid f2=sigmoid f3=linear loss=mse "
    "name=lecture"
)
SIZES = None  # read from the parameters
_SIZE_NAMES = ("N0", "N1", "N2", "N3")
_SHAPES = {
    "W1": ("N1", "N0"),
    "b1": ("N1",),
    "W2": ("N2", "N1"),
    "b2": ("N2",),
    "W3": ("N3", "N2"),
    "b3": ("N3",),
}


class Parameters(NamedTuple):
    """All K parameters, in the order in which `ravel` lays them out.

    Attributes:
        W1: weights of layer 1, (N1, N0).
        b1: biases of layer 1, (N1,).
        W2: weights of layer 2, (N2, N1).
        b2: biases of layer 2, (N2,).
        W3: weights of layer 3, (N3, N2).
        b3: biases of layer 3, (N3,).
    """

    W1: np.ndarray
    b1: np.ndarray
    W2: np.ndarray
    b2: np.ndarray
    W3: np.ndarray
    b3: np.ndarray


def initialize(sizes: Sequence[int], seed: int = 0) -> Parameters:
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
        limit = math.sqrt(6 / sum(shape)) if len(shape) == 2 else 0.0
        arrays.append(rng.uniform(-limit, limit, shape).astype(np.float64, copy=False))
    return Parameters(*arrays)


def ravel(params: Parameters) -> np.ndarray:
    """Return all parameters as one vector w, (K,): each array in C order, in turn."""
    (params,) = _checked(params)
    return np.concatenate([array.reshape(-1) for array in params])


def unravel(w: np.ndarray, sizes: Sequence[int]) -> Parameters:
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
    ends = np.cumsum([math.prod(shape) for shape in shapes])
    if w.shape != (ends[-1],):
        needed = f"({ends[-1]},) for sizes {sizes}"
        raise ValueError(f"w has shape {w.shape}, needs {needed}")
    parts = zip(np.split(w, ends[:-1]), shapes, strict=True)
    return Parameters(*[part.reshape(shape).copy() for part, shape in parts])


def forward(params: Parameters, X: np.ndarray) -> np.ndarray:
    """Return the network's output y³ for every sample, (N, N3).

    Raises:
        ValueError: an argument (named) has a wrong shape or type or is not finite.
    """
    params, X = _checked(params, X)
    return _forward(params, X)[-1]


def cost(params: Parameters, X: np.ndarray, D: np.ndarray) -> np.floating:
    """Return the cost J, the mean squared error over samples and outputs.

    J = 1/(N N₃) Σₙ E(n) with E = Σⱼ eⱼ².

    Raises:
        ValueError: an argument (named) has a wrong shape or type or is not finite.
    """
    params, X, D = _checked(params, X, D)
    outputs = _forward(params, X)
    e = _loss(D, outputs)
    return _cost(D, e)


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
    e = _loss(D, outputs)
    return _sensitivities(params, outputs, e, 1)


def gradient(params: Parameters, X: np.ndarray, D: np.ndarray) -> Parameters:
    """Return ∂J/∂w for every parameter w, in arrays of the same shapes.

    Raises:
        ValueError: an argument (named) has a wrong shape or type or is not finite.
    """
    params, X, D = _checked(params, X, D)
    outputs = _forward(params, X)
    e = _loss(D, outputs)
    return _gradient(params, X, D, outputs, e)


def cost_and_gradient(
    params: Parameters, X: np.ndarray, D: np.ndarray
) -> tuple[np.floating, Parameters]:
    """Return J and ∂J/∂w, with one pass through the network.

    Raises:
        ValueError: an argument (named) has a wrong shape or type or is not finite.
    """
    params, X, D = _checked(params, X, D)
    outputs = _forward(params, X)
    e = _loss(D, outputs)
    return _cost(D, e), _gradient(params, X, D, outputs, e)


# ---- the equations, for checked arguments --------------------------------------------


def _sigmoid(u: np.ndarray) -> np.ndarray:
    """Return the logistic function, 1/(1 + exp(−u)), without overflow."""
    return np.exp(np.minimum(u, 0)) / (1 + np.exp(np.minimum(-u, u)))


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
    # (5) u³ᵢ = Σⱼ W³ᵢⱼ y²ⱼ + b³ᵢ
    u3 = y2 @ params.W3.T
    u3 += params.b3
    # (6) y³ᵢ = f³(u³ᵢ)
    y3 = u3
    return y1, y2, y3


def _loss(D: np.ndarray, outputs: tuple[np.ndarray, ...]) -> np.ndarray:
    """Return what the cost is made of, for every sample."""
    y3 = outputs[-1]
    # (7) eᵢ = dᵢ − y³ᵢ
    e = D - y3
    return e


def _cost(D: np.ndarray, e: np.ndarray) -> np.floating:
    """Return J."""
    N, N3 = D.shape
    # (9) J = 1/(N N₃) Σₙ E(n)
    J = np.sum(e**2) / (N * N3)
    return J


def _sensitivities(
    params: Parameters, outputs: tuple[np.ndarray, ...], e: np.ndarray, scale: float
) -> tuple[np.ndarray, ...]:
    """Return δ of every layer times `scale`, which is put in with the last one."""
    y1, y2, _y3 = outputs
    # (13) δ³ᵢ = −2 eᵢ f′³(u³ᵢ)
    delta3 = -2 * scale * e
    # (15) f′²(u²ᵢ) = y²ᵢ (1 − y²ᵢ)
    fprime2 = y2 * (1 - y2)
    # (16) δ²ᵢ = f′²(u²ᵢ) Σₖ W³ₖᵢ δ³ₖ
    delta2 = delta3 @ params.W3
    delta2 *= fprime2
    # (18) f′¹(u¹ᵢ) = y¹ᵢ (1 − y¹ᵢ)
    fprime1 = y1 * (1 - y1)
    # (19) δ¹ᵢ = f′¹(u¹ᵢ) Σₖ W²ₖᵢ δ²ₖ
    delta1 = delta2 @ params.W2
    delta1 *= fprime1
    return delta1, delta2, delta3


def _gradient(
    params: Parameters,
    X: np.ndarray,
    D: np.ndarray,
    outputs: tuple[np.ndarray, ...],
    e: np.ndarray,
) -> Parameters:
    """Return ∂J/∂w for every parameter w."""
    y1, y2, _y3 = outputs
    N, N3 = D.shape
    # The factor of J goes into δ here, once; all that follows has it.
    scale = 1 / (N * N3)
    delta1, delta2, delta3 = _sensitivities(params, outputs, e, scale)
    ones = np.ones(N, D.dtype)
    # (26) ∂J/∂W¹ᵢⱼ = 1/(N N₃) Σₙ δ¹ᵢ(n) xⱼ(n)
    dJ_dW1 = delta1.T @ X
    # (27) ∂J/∂b¹ᵢ = 1/(N N₃) Σₙ δ¹ᵢ(n)
    dJ_db1 = ones @ delta1
    # (28) ∂J/∂W²ᵢⱼ = 1/(N N₃) Σₙ δ²ᵢ(n) y¹ⱼ(n)
    dJ_dW2 = delta2.T @ y1
    # (29) ∂J/∂b²ᵢ = 1/(N N₃) Σₙ δ²ᵢ(n)
    dJ_db2 = ones @ delta2
    # (30) ∂J/∂W³ᵢⱼ = 1/(N N₃) Σₙ δ³ᵢ(n) y²ⱼ(n)
    dJ_dW3 = delta3.T @ y2
    # (31) ∂J/∂b³ᵢ = 1/(N N₃) Σₙ δ³ᵢ(n)
    dJ_db3 = ones @ delta3
    return Parameters(dJ_dW1, dJ_db1, dJ_dW2, dJ_db2, dJ_dW3, dJ_db3)


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
    shapes = {**_SHAPES, "X": ("N", "N0"), "D": ("N", "N3")}
    sizes = dict(zip(_SIZE_NAMES, SIZES or (), strict=False))
    arrays = []
    with np.errstate(over="ignore", invalid="ignore"):  # see `_array`
        for (name, shape), value in zip(shapes.items(), (*params, *data), strict=False):
            arrays.append(_array(name, value))
            _fit(name, arrays[-1], shape, sizes)
    own = arrays[: len(params)]
    dtype = np.result_type(*own)
    if any(array.dtype.kind == "c" for array in arrays):
        dtype = np.result_type(dtype, np.complex64)
    arrays = [a if a.dtype == dtype else a.astype(dtype) for a in arrays]
    return Parameters(*arrays[: len(params)]), *arrays[len(params) :]


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
            lambda v, i: v["u3"][i],
        ),
        "e": (
            (N3,),
            ("d", "y3"),
            lambda v, i: v["d"][i] - v["y3"][i],
        ),
        "E": (
            (),
            ("e",),
            lambda v: sum(v["e"][j] ** 2 for j in range(N3)),
        ),
    }


def _recursion(params: Parameters, x: np.ndarray, d: np.ndarray, entries: list) -> list:
    """Return ∂E/∂w of one sample at entries of parameters, by recursion over the nodes.

    From the definition: ∂E/∂v = Σ ∂E/∂w ∂w/∂v over all components w that read v.
    """
    sizes: dict[str, int] = {}
    for shape, array in zip(_SHAPES.values(), params, strict=True):
        sizes.update(zip(shape, array.shape, strict=True))
    equations = _equations([sizes[s] for s in _SIZE_NAMES])
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
    array = getattr(params, name) + np.zeros((), type(step))
    array[place] += step
    return cost(params._replace(**{name: array}), X, D)


def _errors(params: Parameters, X: np.ndarray, D: np.ndarray, rng) -> list[float]:
    """Return the error of `gradient` against recursion, complex step and differences.

    At up to 12 entries of each parameter, relative to the largest of all.
    """
    entries = []
    for name, array in params._asdict().items():
        for flat in rng.choice(array.size, min(array.size, 12), replace=False):
            entries.append((name, np.unravel_index(flat, array.shape)))
    each = [_recursion(params, x, d, entries) for x, d in zip(X, D, strict=True)]
    N, N3 = D.shape
    recursive = np.sum(each, axis=0) * (1 / (N * N3))
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


def _self_check() -> int:
    """Print a table of errors; return 1 if any is larger than round-off explains."""
    rng = np.random.default_rng(0)
    limits = (1e-11, 1e-11, 1e-5)
    cases = (
        ((3, 5, 2, 4), 7, 1),
        ((4, 2, 6, 3), 8, 1),
        ((1, 1, 1, 1), 1, 1),
        ((3, 5, 2, 4), 4, 1000),
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
    print("agrees" if agrees else "DISAGREES")
    return 0 if agrees else 1


if __name__ == "__main__":
    sys.exit(_self_check())
