"""Comparisons of second derivatives and Jacobians along random directions.

H V is the derivative of the gradient along V, and what the Jacobian gives of V that of the
output; both come from the complex step of the module's own `gradient` and `forward`, which
other comparisons have shown to be right. A mistake in any entry is seen, since V has no zero.
The Gauss-Newton matrix takes the loss's curvature beside: differences in many digits. Where the
network is cut before its output, the derivative of what it is cut at comes from its equations.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from gradscribe.checking.compare import Array
from gradscribe.checking.recursion import Recursion
from gradscribe.checking.report import Row
from gradscribe.checking.subject import CallError, Point, Subject
from gradscribe.model.fusing import cut_of

STEP = 1e-30
ACCURACY = 1e-9
Found = tuple[Array, Array, str]  # what the module gives, what is true, by which oracle

LARGEST = 1500  # parameters; larger matrices are not formed for a comparison
ALONG = "complex step of its gradient"
OUTPUT = "complex step of its output"
PARTS = "complex steps of its output, differences of the loss"
ENTRIES = 12  # so many are looked at one by one where each takes an evaluation

NAMES = (
    "hessian",
    "hessian_vector_product",
    "hessian_diagonal",
    "hessian_block",
    "gauss_newton",
    "jacobian",
    "input_jacobian",
    "sample_gradients",
)
OF_PAIRS = ("hessian", "hessian_block", "gauss_newton")  # they may be as large as K²


@dataclass(frozen=True)
class Asked:
    """What a comparison is made of.

    Attributes:
        subject: the module.
        point: where.
        V: a direction of the parameters, in blocks.
        rng: for further choices.
        recursion: of the module's network.
    """

    subject: Subject
    point: Point
    V: list[Array]
    rng: np.random.Generator
    recursion: Recursion


def second_order_rows(
    subject: Subject, point: Point, rng: np.random.Generator, recursion: Recursion
) -> Iterator[Row]:
    """Yield a comparison for each of these functions that the module has."""
    V = [rng.uniform(0.5, 1.5, p.shape) * rng.choice([-1, 1], p.shape) for p in _blocks(point)]
    large = sum(v.size for v in V) > LARGEST
    for name in filter(subject.has, NAMES):
        if large and name in OF_PAIRS:
            note = f"not compared: more than {LARGEST} parameters"
            yield Row(point.case, name, "", "n/a", note=note)
            continue
        try:
            found, true, oracle = _COMPARED[name](Asked(subject, point, V, rng, recursion))
        except CallError as failure:
            yield Row(point.case, name, "", "DIFFERS", note=str(failure))
            continue
        if found.shape != true.shape:
            note = f"shape {found.shape}, needs {true.shape}"
            yield Row(point.case, name, oracle, "DIFFERS", np.inf, ACCURACY, note)
            continue
        scale = max(float(np.abs(true).max()), 1e-300)
        error = float(np.abs(found - true).max()) / scale
        verdict: Any = "agrees" if error <= ACCURACY else "DIFFERS"
        yield Row(point.case, name, oracle, verdict, error, ACCURACY, "along a random direction")


def _blocks(point: Point) -> list[Array]:
    return list(point.params.values())


def _moved(point: Point, V: list[Array]) -> list[Array]:
    return [p + 1j * STEP * v for p, v in zip(_blocks(point), V, strict=True)]


def _along(subject: Subject, point: Point, V: list[Array]) -> list[Array]:
    """Return H V: the derivative of the gradient along V, in blocks."""
    found = subject.call("gradient", _moved(point, V), point.X, point.D)
    return [np.asarray(g).imag / STEP for g in found]


def _joined(blocks: Any) -> Array:
    return np.concatenate([np.asarray(b).ravel() for b in blocks])


def _hessian(asked: Asked) -> Found:
    subject, point, V = asked.subject, asked.point, asked.V
    H = np.asarray(subject.call("hessian", _blocks(point), point.X, point.D))
    if H.ndim != 2 or not np.array_equal(H, H.T):
        raise CallError("hessian is not a symmetric matrix")
    if H.shape[1] != _joined(V).size:
        raise CallError(f"hessian has shape {H.shape} for {_joined(V).size} parameters")
    return H @ _joined(V), _joined(_along(subject, point, V)), ALONG


def _product(asked: Asked) -> Found:
    subject, point, V = asked.subject, asked.point, asked.V
    direction = subject.packed(V)
    found = subject.call("hessian_vector_product", _blocks(point), point.X, point.D, direction)
    return _joined(found), _joined(_along(subject, point, V)), ALONG


def _diagonal(asked: Asked) -> Found:
    subject, point, V = asked.subject, asked.point, asked.V
    found = _joined(subject.call("hessian_diagonal", _blocks(point), point.X, point.D))
    places = _some(asked)
    true = [_joined(_along(subject, point, _unit(V, place)))[place] for place in places]
    return found[places], np.array(true), f"{ALONG}, {len(places)} entries"


def _some(asked: Asked) -> Array:
    """Return the places of some entries of w."""
    size = sum(v.size for v in asked.V)
    return np.sort(asked.rng.choice(size, min(size, ENTRIES), replace=False))


def _unit(V: list[Array], place: int) -> list[Array]:
    """Return the direction along one entry of w, in blocks."""
    unit = np.zeros(sum(v.size for v in V))
    unit[place] = 1
    parts = np.split(unit, np.cumsum([v.size for v in V])[:-1])
    return [u.reshape(v.shape) for u, v in zip(parts, V, strict=True)]


def _gauss_newton(asked: Asked) -> Found:
    """Compare U·G V with Σ_n (∂y along U) · ∂²J/∂y∂yᵀ (∂y along V) for U of one entry, and V."""
    subject, point, V = asked.subject, asked.point, asked.V
    G = np.asarray(subject.call("gauss_newton", _blocks(point), point.X, point.D))
    size = sum(v.size for v in V)
    if G.shape != (size, size) or not np.array_equal(G, G.T):
        raise CallError(f"gauss_newton is not a symmetric matrix ({size}, {size})")
    places, recursion = _some(asked), asked.recursion
    network = recursion.network
    cut = cut_of(network)

    def along(U: list[Array]) -> Array:
        if cut == network.output:
            return _output_along(subject, point, U)
        named = dict(zip(point.params, U, strict=True))
        return recursion.along(point.sizes, point.params, named, point.X, point.D, cut.name)

    values = recursion.forward(point.sizes, point.params, point.X, point.D).values
    bent = recursion.loss_curvature(
        point.sizes, cut, values[cut.name], point.D, along(V), point.params
    )
    directions = [V, *(_unit(V, place) for place in places)]
    named = (dict(zip(point.params, blocks, strict=True)) for blocks in (_blocks(point), V))
    apart = _joined(recursion.penalty_curvature(point.sizes, *named).values())
    true = [float((along(U) * bent).sum() + _joined(U) @ apart) for U in directions]
    product = G @ _joined(V)
    found = np.array([_joined(V) @ product, *product[places]])
    return found, np.array(true), f"{PARTS}, {len(places)} entries of G V"


def _output_along(subject: Subject, point: Point, V: list[Array]) -> Array:
    """Return the derivative of the output along V, (N, N_M)."""
    return np.asarray(subject.call("forward", _moved(point, V), point.X)).imag / STEP


def _block(asked: Asked) -> Found:
    subject, point, V, rng = asked.subject, asked.point, asked.V, asked.rng
    names = list(point.params)
    first, second = (int(k) for k in rng.integers(0, len(names), 2))
    pair = (names[first], names[second])
    block = np.asarray(subject.call("hessian_block", _blocks(point), point.X, point.D, *pair))
    only = [v if k == second else np.zeros_like(v) for k, v in enumerate(V)]
    true = _along(subject, point, only)[first]
    if block.shape != (*V[first].shape, *V[second].shape):
        raise CallError(f"hessian_block of {pair} has shape {block.shape}")
    return np.tensordot(block, V[second], V[second].ndim), true, f"{ALONG}, {' '.join(pair)}"


def _jacobian(asked: Asked) -> Found:
    subject, point, V = asked.subject, asked.point, asked.V
    true = _output_along(subject, point, V)
    J = np.asarray(subject.call("jacobian", _blocks(point), point.X))
    if J.shape != (*true.shape, _joined(V).size):
        raise CallError(f"jacobian has shape {J.shape}")
    return J @ _joined(V), true, OUTPUT


def _input_jacobian(asked: Asked) -> Found:
    subject, point = asked.subject, asked.point
    along = asked.rng.uniform(0.5, 1.5, point.X.shape)
    true = np.asarray(subject.call("forward", _blocks(point), point.X + 1j * STEP * along))
    J = np.asarray(subject.call("input_jacobian", _blocks(point), point.X))
    if J.shape != (*true.shape, *point.X.shape[1:]):
        raise CallError(f"input_jacobian has shape {J.shape}")
    N = len(along)
    product = np.einsum("noi,ni->no", J.reshape(N, -1, along[0].size), along.reshape(N, -1))
    return product.reshape(true.shape), true.imag / STEP, OUTPUT


def _samples(asked: Asked) -> Found:
    subject, point = asked.subject, asked.point
    found = np.asarray(subject.call("sample_gradients", _blocks(point), point.X, point.D))
    alone = [
        _joined(subject.call("gradient", _blocks(point), point.X[n : n + 1], point.D[n : n + 1]))
        for n in range(len(point.X))
    ]
    apart = asked.recursion.penalty_slopes(point.sizes, point.params)
    true = np.array(alone) - _joined(apart.values())
    if found.shape != true.shape:
        raise CallError(f"sample_gradients has shape {found.shape}, needs {true.shape}")
    # The factor of J for one sample is not in it.
    factor = float((found * true).sum() / max(float((true * true).sum()), 1e-300))
    return found, factor * true, "its gradients of one sample, up to the factor of J"


_COMPARED: dict[str, Callable[[Asked], Found]] = {
    "hessian": _hessian,
    "hessian_vector_product": _product,
    "hessian_diagonal": _diagonal,
    "hessian_block": _block,
    "gauss_newton": _gauss_newton,
    "jacobian": _jacobian,
    "input_jacobian": _input_jacobian,
    "sample_gradients": _samples,
}
