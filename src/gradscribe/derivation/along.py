"""Derivatives along directions, of networks of any structure.

Forward mode (`directional.along`) over the equations that a derivative is made of: over those of
the network, along the parameters or along the input, for the Jacobians; over those of the
gradient for the Hessian; over the adjoints alone, the values held, for the Gauss-Newton matrix.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from gradscribe.derivation.directional import (
    along,
    directional,
    directional_variable,
    over_samples_along,
)
from gradscribe.derivation.reverse import adjoint_name, backwards
from gradscribe.equation import Equation, Role, Variable
from gradscribe.model.fusing import cut_of
from gradscribe.model.network import Network


@dataclass(frozen=True)
class Along:
    """What moves along directions.

    Attributes:
        name: what is computed.
        directions: the variables that directions are given for.
        equations: what has to be known, and what moves, in order.
        moving: the names of what moves.
        results: the names of what is computed, in order.
    """

    name: str
    directions: tuple[Variable, ...]
    equations: tuple[Equation, ...]
    moving: frozenset[str]
    results: tuple[str, ...]


def hessian_along(network: Network, adjoints: Iterable[Equation]) -> Along:
    """Derive H V."""
    adjoints = tuple(adjoints)
    found = directional(network, adjoints)
    moved = (*found.equations, *found.products)
    known = (*network.equations[:-1], *found.adjoints)
    results = tuple(q.name for q in found.products)
    return _along("hessian_along", found.direction, known, moved, results)


def gauss_newton_along(network: Network) -> Along:
    """Derive G V, G the Gauss-Newton matrix: beyond the output, only adjoints move."""
    cut = cut_of(network)
    adjoints = {q.name: q for q in backwards(network, frozenset([cut.name]))}
    position = [q.name for q in network.equations].index(cut.name)
    before, after = network.equations[: position + 1], network.equations[position + 1 : -1]
    direction, forward = _forward(network, before, network.parameters)
    moved = {cut.name: directional_variable(cut)}
    loss = [adjoints[n] for q in reversed(after) if (n := adjoint_name(q.name)) in adjoints]
    loss.append(adjoints[adjoint_name(cut.name)])
    curvature = _moved((*after, *loss), network, adjoints, moved)
    name = adjoint_name(cut.name)
    bends = any(q.name == directional_variable(adjoints[name].variable).name for q in curvature)
    start = {name: directional_variable(adjoints[name].variable)} if bends else {}
    rest = [q for n, q in adjoints.items() if n not in {v.name for v in loss}]
    held = _moved(rest, network, adjoints, start)
    found = {q.name: q for q in held}
    products = tuple(over_samples_along(network, found))
    known = (*network.equations[:-1], *adjoints.values())
    moving = (*forward, *curvature, *held, *products)
    return _along("gauss_newton_along", direction, known, moving, tuple(q.name for q in products))


def output_along(network: Network, of_input: bool = False) -> Along:
    """Derive how the output moves along the parameters, or along the input."""
    position = [q.name for q in network.equations].index(network.output.name)
    known = network.equations[: position + 1]
    sources = (network.input,) if of_input else network.parameters
    direction, moved = _forward(network, known, sources)
    name = "output_along_input" if of_input else "output_along"
    result = directional_variable(network.output).name
    return _along(name, direction, known, moved, (result,))


def sample_gradients(network: Network, adjoints: Iterable[Equation]) -> Along:
    """Return ∂E/∂w of each sample, along no direction."""
    known = (*network.equations[:-1], *adjoints)
    results = tuple(adjoint_name(p.name) for p in network.parameters)
    return _along("sample_gradients", (), known, (), results)


def _along(
    name: str,
    direction: Sequence[Variable],
    known: Sequence[Equation],
    moved: Sequence[Equation],
    results: tuple[str, ...],
) -> Along:
    moving = frozenset([*(v.name for v in direction), *(q.name for q in moved)])
    return Along(name, tuple(direction), (*known, *moved), moving, results)


def _forward(
    network: Network, equations: Sequence[Equation], sources: Sequence[Variable]
) -> tuple[tuple[Variable, ...], list[Equation]]:
    """Return the directions of variables, and how equations move along them."""
    moved = {v.name: _direction(v) for v in sources}
    direction = tuple(moved.values())
    return direction, _moved(equations, network, {}, moved)


def _direction(variable: Variable) -> Variable:
    found = directional_variable(variable)
    return Variable(found.name, found.shape, Role.DIRECTION, False, "direction")


def _moved(
    equations: Iterable[Equation],
    network: Network,
    adjoints: Mapping[str, Equation],
    moved: dict[str, Variable],
) -> list[Equation]:
    """Return how equations move, in order; what moves is noted."""
    found = []
    for equation in equations:
        result = along(equation, network, adjoints, moved)
        if result is not None:
            moved[equation.name] = result.variable
            found.append(result)
    return found
