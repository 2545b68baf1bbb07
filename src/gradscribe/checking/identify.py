"""Which network a module without a specification computes: found by comparing costs."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from functools import cache
from itertools import product
from math import isclose, isfinite
from typing import Any

import numpy as np
from sympy import Expr, lambdify

from gradscribe.catalog.activations import ACTIVATIONS, Activation, U
from gradscribe.catalog.layers import LAYERS, Place
from gradscribe.catalog.losses import LOSSES, OUTPUTS, D, E, Loss, Y
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
    return Layout(shapes, layers, layers[0], layers[-1])


def network_layout(network: Network) -> Layout:
    """Return the layout of a network's parameters."""
    shapes = {p.name: tuple(s.name for s in p.shape) for p in network.parameters}
    return Layout(
        shapes,
        tuple(s.name for s in network.layers),
        network.input.shape[0].name,
        network.output.shape[0].name,
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
    for activations, loss in _stacks(len(subject.layout.layers) - 1):
        if not _is_near(activations, loss, every[0], costs[0]):
            continue
        network = stack(activations, loss, tuple(subject.layout.shapes))
        factor = _factor(network, every, costs)
        if factor is not None:
            return replace(network, cost=replace(network.cost, right=factor * network.cost.right))
    return None


def _is_near(activations: tuple[Activation, ...], loss: Loss, point: Point, cost: float) -> bool:
    """Whether a stack's cost may be this one at a point, up to a usual factor.

    It is computed in whole arrays, which takes a thousandth of the recursion's time.
    """
    name = f"N_{len(activations)}"
    with np.errstate(all="ignore"):
        y = point.X
        for m, activation in enumerate(activations, 1):
            u = np.inner(y, point.params[f"W{m}"]) + point.params[f"b{m}"]
            y = np.broadcast_to(_function(activation)(u), u.shape)
        total = float(np.real(np.sum(_term(loss)(point.D, y))))
    own = total * float(_share(loss)(*point.D.shape))
    possible = (Factor(name), *_scalings(name))
    return any(isclose(f.value(point.sizes) * own, cost, rel_tol=ROUGHLY) for f in possible)


@cache
def _function(activation: Activation) -> Callable[..., Any]:
    found: Callable[..., Any] = lambdify(U, activation.formula, "numpy")
    return found


@cache
def _share(loss: Loss) -> Callable[..., Any]:
    found: Callable[..., Any] = lambdify((SAMPLES, OUTPUTS), loss.factor, "numpy")
    return found


@cache
def _term(loss: Loss) -> Callable[..., Any]:
    term = loss.term if loss.error is None else loss.term.subs(E, loss.error)
    found: Callable[..., Any] = lambdify((D, Y), term, "numpy")
    return found


def _factor(network: Network, every: tuple[Point, ...], costs: list[float]) -> Expr | None:
    """Return what the network's cost is to be multiplied by, or None where nothing fits."""
    recursion = Recursion(network)
    possible: list[Factor] = [Factor(network.layers[-1].name), *_scalings(network.layers[-1].name)]
    for point, cost in zip(every, costs, strict=True):
        own = recursion.forward(point.sizes, point.params, point.X, point.D).cost
        if not isfinite(own):
            return None
        possible = [f for f in possible if isclose(f.value(point.sizes) * own, cost, rel_tol=NEAR)]
        if not possible:
            return None
    return possible[0].expression()


def _scalings(name: str) -> Iterator[Factor]:
    """Yield the conventions of a loss's factor: 1/2, N, N_M (called `name`) and their products."""
    yield from factors(name)
    for samples, outputs in product((-1, 0, 1), repeat=2):
        for twos in (-1, 1):
            yield Factor(name, samples, outputs, twos)


def _stacks(count: int) -> Iterator[tuple[tuple[Activation, ...], Loss]]:
    """Yield the activations and the loss of each stack that is tried."""
    losses: Mapping[object, Loss] = {loss.term: loss for loss in reversed(list(LOSSES.values()))}
    hidden = ACTIVATIONS.values() if count > 1 else list(ACTIVATIONS.values())[:1]
    for loss in losses.values():
        for last, below in product(ACTIVATIONS.values(), hidden):
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
