"""Which network a module without a specification computes: found by comparing costs."""

import math
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import replace
from functools import cache
from itertools import product
from math import isclose, isfinite
from typing import Any

import numpy as np
from sympy import Expr, lambdify

from gradscribe.catalog.activations import ACTIVATIONS, Activation, U
from gradscribe.catalog.layers import LAYERS, Place
from gradscribe.catalog.losses import LOSSES, OUTPUTS, D, Loss, Y
from gradscribe.checking.factors import Factor, factors
from gradscribe.checking.recursion import Recursion
from gradscribe.checking.subject import CallError, Layout, Point, Subject
from gradscribe.equation import Equation, Role, Variable
from gradscribe.model.network import Network, assemble
from gradscribe.notation import SAMPLES, size, split

NEAR, ROUGHLY = 1e-9, 1e-5


def stack_layout(fields: tuple[str, ...]) -> Layout | None:
    """Return the layout of parameters named W1, b1, …, WM, bM in any order; None for others."""
    count = len({split(name).layer for name in fields if split(name).stem in ("W", "b")})
    wanted = {f"{stem}{m}" for m in range(1, count + 1) for stem in "Wb"}
    if not count or set(fields) != wanted:
        return None
    shapes: dict[str, tuple[str, ...]] = {}
    for name in fields:
        m = int(split(name).layer)
        shapes[name] = (f"N_{m}", f"N_{m - 1}") if name[0] == "W" else (f"N_{m}",)
    layers = tuple(f"N_{m}" for m in range(count + 1))
    return Layout(shapes, layers, layers[:1], layers[-1:])


def network_layout(network: Network) -> Layout:
    """Return the layout of a network's parameters."""
    shapes = {p.name: tuple(s.name for s in p.shape) for p in network.parameters}
    return Layout(
        shapes,
        tuple(s.name for s in network.layers),
        tuple(s.name for s in network.input.shape),
        tuple(s.name for s in network.output.shape),
        network.sizes,
    )


def identified(subject: Subject, points: Callable[[], tuple[Point, ...]]) -> Network | None:
    """Return the plain stack whose cost is the module's at every point, or None.

    One activation for the hidden layers and one for the output, and each loss up to a
    factor, are tried.
    """
    if stack_layout(tuple(subject.layout.shapes)) is None:
        return None
    every = points()
    try:
        costs = [float(np.real(subject.cost(list(p.params.values()), p.X, p.D))) for p in every]
    except CallError:
        return None
    scalings = tuple(_scalings(subject.layout.layers[-1]))
    output = cache(lambda activations: _output(activations, every[0]))
    for activations, loss in _stacks(len(subject.layout.layers) - 1):
        own = _cost(loss, every[0].D, output(activations))
        if not _fitting(scalings, every[0], own, costs[0], ROUGHLY):
            continue
        network = stack(activations, loss, tuple(subject.layout.shapes))
        factor = _factor(network, scalings, every, costs)
        if factor is not None:
            return replace(network, cost=replace(network.cost, right=factor * network.cost.right))
    return None


def _output(activations: tuple[Activation, ...], point: Point) -> Any:
    """Return a stack's output at a point, in whole arrays.

    This takes a thousandth of the recursion's time.
    """
    y = point.X
    with np.errstate(all="ignore"):
        for m, activation in enumerate(activations, 1):
            u = np.inner(y, point.params[f"W{m}"]) + point.params[f"b{m}"]
            y = np.broadcast_to(_function(activation)(u), u.shape)
    return y


def _cost(loss: Loss, d: Any, y: Any) -> float:
    """Return J of an output, in whole arrays."""
    with np.errstate(all="ignore"):
        return float(np.real(np.sum(_summand(loss)(d, y, *d.shape))))


@cache
def _function(activation: Activation) -> Callable[..., Any]:
    """Return f over arrays."""
    own = {
        "OverNodes": lambda a: np.sum(a, axis=-1, keepdims=True),
        "erf": np.vectorize(math.erf, otypes=[float]),
    }
    found: Callable[..., Any] = lambdify(U, activation.formula, [own, "numpy"])
    return found


@cache
def _summand(loss: Loss) -> Callable[..., Any]:
    """Return what J is the sum of, over arrays d and y and their lengths N and N_M."""
    found: Callable[..., Any] = lambdify(
        (D, Y, SAMPLES, OUTPUTS), loss.factor * loss.whole, "numpy"
    )
    return found


def _fitting(
    scalings: Iterable[Factor], point: Point, own: float, cost: float, near: float
) -> list[Factor]:
    """Return the factors that make one cost the other at a point."""
    return [f for f in scalings if isclose(f.value(point.sizes) * own, cost, rel_tol=near)]


def _factor(
    network: Network, scalings: Iterable[Factor], every: tuple[Point, ...], costs: list[float]
) -> Expr | None:
    """Return what the network's cost is to be multiplied by, or None where nothing fits."""
    recursion = Recursion(network)
    possible = list(scalings)
    for point, cost in zip(every, costs, strict=True):
        own = recursion.forward(point.sizes, point.params, point.X, point.D).cost
        if not isfinite(own):
            return None
        possible = _fitting(possible, point, own, cost, NEAR)
        if not possible:
            return None
    return possible[0].expression()


def _scalings(name: str) -> Iterator[Factor]:
    """Yield 1 and the conventions of a loss's factor: 1/2, N, N_M (called `name`), products."""
    yield Factor(name)
    yield from factors(name)
    for samples, outputs in product((-1, 0, 1), repeat=2):
        for twos in (-1, 1):
            yield Factor(name, samples, outputs, twos)


def _stacks(count: int) -> Iterator[tuple[tuple[Activation, ...], Loss]]:
    """Yield the activations and the loss of each stack that is tried."""
    plain = [loss for loss in LOSSES.values() if not loss.learned]
    losses: Mapping[object, Loss] = {loss.term: loss for loss in reversed(plain)}
    functions = [entry for entry in ACTIVATIONS.values() if not entry.learned]
    hidden = functions if count > 1 else functions[:1]
    for loss in losses.values():
        for last, below in product(functions, hidden):
            yield (*((below,) * (count - 1)), last), loss


def stack(activations: tuple[Activation, ...], loss: Loss, order: tuple[str, ...]) -> Network:
    """Return the network of dense layers with parameters W1, b1, … in the order given."""
    below = given = Variable("x", (size(0),), Role.INPUT)
    equations: list[Equation] = []
    parameters: dict[str, Variable] = {}
    for m in range(1, len(activations) + 1):
        W = Variable(f"W{m}", (size(m), size(m - 1)), Role.PARAMETER, per_sample=False)
        b = Variable(f"b{m}", (size(m),), Role.PARAMETER, per_sample=False)
        equations += LAYERS["dense"].equations(Place(m, below, W, b, f"f{m}"))
        below = equations[-1].variable
        parameters |= {W.name: W, b.name: b}
    words = ", ".join(a.name for a in activations)
    return assemble(
        equations,
        parameters=[parameters[name] for name in order],
        input=given,
        functions={f"f{m}": a for m, a in enumerate(activations, 1)},
        layers=[size(m) for m in range(len(activations) + 1)],
        sizes=None,
        loss=replace(loss, factor=loss.factor.xreplace({OUTPUTS: size(len(activations))})),
        spec=f"{words}; loss {loss.name}",
    )
