"""The factors of a product as a graph: indices are nodes, matrices are edges between them."""

from dataclasses import dataclass, field

from sympy import Expr

from gradscribe.lecture.display import Node, Toned, Transposed, Whole


@dataclass(frozen=True)
class Factor:
    """A factor of a product: its indices in order, and the whole array that it is a part of."""

    indices: tuple[Expr, ...]
    node: Node
    slopes: bool = False
    symmetric: bool = False


@dataclass
class Graph:
    """The factors of one product that are not used yet."""

    factors: list[Factor]
    used: set[int] = field(default_factory=set)

    def at(self, index: Expr) -> list[int]:
        """Return the factors that hang at an index or lead from it."""
        return [p for p, f in enumerate(self.factors) if index in f.indices and p not in self.used]

    def take(self, position: int) -> Factor:
        """Return a factor, which is then used."""
        self.used.add(position)
        return self.factors[position]


def directed(edge: Factor, index: Expr) -> tuple[Node, Expr]:
    """Return a matrix as it is walked from an index, and where that leads."""
    row, column = edge.indices
    if index == row or edge.symmetric:
        return edge.node, column if index == row else row
    node = edge.node
    if isinstance(node, Toned):
        return Toned(node.tone, Transposed(node.body)), row
    return (node if node == Whole("I") else Transposed(node)), row


def path_between(graph: Graph, start: Expr, goal: Expr) -> list[int] | None:
    """Return the edges of the shortest way between two indices that are not used yet."""
    ways: list[tuple[Expr, list[int]]] = [(start, [])]
    seen = {start}
    while ways:
        here, path = ways.pop(0)
        if here == goal:
            return path
        for position in graph.at(here):
            indices = graph.factors[position].indices
            if len(indices) == 2:
                other = indices[1] if indices[0] == here else indices[0]
                if other not in seen:
                    seen.add(other)
                    ways.append((other, [*path, position]))
    return None
