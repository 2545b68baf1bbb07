"""All paths from a parameter to the cost, component by component.

A path is a chain of components, each of which stands in the equation of the next one. The
derivative of the cost is the sum over all paths of the product of the derivatives on the way,
which is what the recursion computes without listing them.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import product

from sympy import Derivative, Expr, Integer, Symbol

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


@dataclass(frozen=True)
class Routes:
    """Finds paths in a network of fixed sizes.

    Attributes:
        shower: of the network.
        known: the derivative of one variable by another that it reads, with general indices.
    """

    shower: Shower
    known: dict[tuple[str, str], Expr] = field(default_factory=dict)

    def paths(self, start: Expr) -> list[Path]:
        """Return all paths from a component of a parameter to the outputs."""
        return [Path(tuple(reversed(c)), tuple(reversed(s))) for c, s in self._walk(start)]

    def _walk(self, here: Expr) -> Iterator[tuple[list[Expr], list[Expr]]]:
        network = self.shower.network
        if here.base.name == network.output.name:
            yield [here], []
            return
        for equation in network.equations:
            if equation.name in ("e", "E") or not reads(equation.right, here.base.name):
                continue
            for above in places(self.shower, equation.name):
                slope = self.slope(above, here)
                if slope != 0:
                    for components, slopes in self._walk(above):
                        yield [here, *components], [slope, *slopes]

    def slope(self, above: Expr, below: Expr) -> Expr:
        """Return the derivative of one component by another that it reads."""
        names = str(above.base.name), str(below.base.name)
        over, under = (_general(e, a) for e, a in ((above, "a"), (below, "b")))
        if names not in self.known:
            derivative = Derivative(above.base[over], below.base[under], evaluate=False)
            variables = {names[1]: self.shower.network.variables[names[1]]}
            value = rules.evaluate_derivatives(derivative, self.shower.equations, variables)
            self.known[names] = rules.collapse(value)
        at = dict(zip(over + under, (*above.indices, *below.indices), strict=True))
        return self.known[names].xreplace(at)


def _general(expr: Expr, letter: str) -> tuple[Symbol, ...]:
    """Return general indices for a component."""
    return tuple(index(f"{letter}_{k}") for k, _ in enumerate(expr.indices))


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
