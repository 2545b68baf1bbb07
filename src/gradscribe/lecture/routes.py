"""All paths from a parameter to the cost, component by component.

A path is a chain of components, each of which stands in the equation of the next one. The
derivative of the cost is the sum over all paths of the product of the derivatives on the way,
which is what the recursion computes without listing them.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import product

from sympy import Derivative, Expr, Integer

from gradscribe.derivation import rules
from gradscribe.lecture.display import Atom, Node, Product, Quotient, Toned
from gradscribe.lecture.shown import Shower
from gradscribe.notation import index
from gradscribe.symbols import component

MOST_PATHS = 4


@dataclass(frozen=True)
class Path:
    """A chain of components, from the output of the network to a parameter.

    Attributes:
        components: the output first, the parameter last.
        slopes: what each component's derivative by the next one is.
    """

    components: tuple[Expr, ...]
    slopes: tuple[Expr, ...]


def paths(shower: Shower, start: Expr) -> list[Path]:
    """Return all paths from a component of a parameter to the outputs."""
    return [Path(tuple(reversed(c)), tuple(reversed(s))) for c, s in _walk(shower, start)]


def _walk(shower: Shower, here: Expr) -> Iterator[tuple[list[Expr], list[Expr]]]:
    network = shower.network
    if here.base.name == network.output.name:
        yield [here], []
        return
    for equation in network.equations:
        if equation.name in ("e", "E") or not reads(equation.right, here.base.name):
            continue
        for above in places(shower, equation.name):
            slope = slope_between(shower, above, here)
            if slope != 0:
                for components, slopes in _walk(shower, above):
                    yield [here, *components], [slope, *slopes]


def reads(expr: Expr, name: str) -> bool:
    """Whether a variable stands in an expression."""
    return name in {s.name for s in expr.free_symbols}


def places(shower: Shower, name: str) -> Iterator[Expr]:
    """Yield the components of a variable of fixed size."""
    network = shower.network
    assert network.sizes is not None
    sizes = dict(zip(network.layers, network.sizes, strict=True))
    shape = network.variables[name].shape
    for at in product(*[range(1, sizes[s] + 1) for s in shape]):
        yield component(name, tuple(map(Integer, at)))


def slope_between(shower: Shower, above: Expr, below: Expr) -> Expr:
    """Return the derivative of one component by another that it reads."""
    name = str(below.base.name)
    free = [tuple(index(f"{a}_{k}") for k, _ in enumerate(e.indices)) for a, e in
            (("a", above), ("b", below))]  # fmt: skip
    general = Derivative(above.base[free[0]], below.base[free[1]], evaluate=False)
    variables = {name: shower.network.variables[name]}
    found = rules.collapse(rules.evaluate_derivatives(general, shower.equations, variables))
    places_ = dict(zip(free[0] + free[1], (*above.indices, *below.indices), strict=True))
    return found.xreplace(places_)


def leibniz(shower: Shower, path: Path) -> list[Node]:
    """Return the factors of a path as quotients: ∂E/∂y, dy/du, ∂u/∂y, …, ∂u/∂w."""
    first = error_factor(shower, path)
    nodes: list[Node] = [shower.toned(first, Atom(first))]
    for above, below, slope in zip(path.components, path.components[1:], path.slopes, strict=False):
        derivative = Derivative(above, below, evaluate=False)
        quotient = Quotient(Atom(above), Atom(below), total=shower.is_total(derivative))
        tone = shower.tone(slope) if not slope.is_Number else None
        nodes.append(Toned(tone, quotient) if tone else quotient)
    return nodes


def values(shower: Shower, path: Path) -> list[Node]:
    """Return what the factors of a path are: -2 (d − y), f′, w, …, x."""
    first = error_factor(shower, path)
    equation = shower.equations[str(first.base.name)]
    right = equation.right.xreplace(dict(zip(equation.indices, first.indices, strict=True)))
    return [
        shower.written_out(shower.tree(right)),
        *[shower.tree(s) for s in path.slopes if s != 1],
    ]


def error_factor(shower: Shower, path: Path) -> Expr:
    """Return ∂E/∂y of the output at the end of a path."""
    return component(f"dE_d{shower.network.output.name}", path.components[0].indices)


def product_of(nodes: list[Node]) -> Node:
    """Return the product of factors."""
    return nodes[0] if len(nodes) == 1 else Product(tuple(nodes))
