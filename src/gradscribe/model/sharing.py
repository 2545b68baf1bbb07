"""Which vectors of a graph become equations of their own, and which sizes are equal."""

from collections import Counter
from collections.abc import Hashable, Iterable
from dataclasses import dataclass, field

from sympy import Symbol

from gradscribe.model.graph import INPUT, Activated, Apply, Graph, Leaf, Normed, Total, Vector
from gradscribe.notation import size

# A size is an index of a parameter: ("W1", 0) counts the rows of W1.
Slot = tuple[str, int]


def own_equations(graph: Graph) -> frozenset[int]:
    """Return the places of the vectors that have an equation of their own.

    These are the formula's value, what a matrix or a function is applied to, what a function
    gives, and what is used more than once; anything else is part of the sum that uses it.
    """
    uses = Counter(place for node in graph.nodes for place in operands(node))
    applied = {n.operand for n in graph.nodes if isinstance(n, Apply | Activated | Normed)}
    last = len(graph.nodes) - 1
    return frozenset(
        place
        for place, node in enumerate(graph.nodes)
        if not isinstance(node, Leaf)
        and (
            isinstance(node, Activated | Normed)
            or place in applied
            or place == last
            or uses[place] > 1
        )
    )


def operands(node: Vector) -> tuple[int, ...]:
    """Return the places of the vectors that a vector is made of."""
    if isinstance(node, Leaf):
        return ()
    if isinstance(node, Total):
        return tuple(place for _, place in node.terms)
    if isinstance(node, Normed) and node.gain >= 0:
        return (node.operand, node.gain, node.shift)
    return (node.operand,)


@dataclass
class _Classes:
    """Disjoint sets (union-find), merged as sizes are found to be equal."""

    parent: dict[Hashable, Hashable] = field(default_factory=dict)

    def find(self, slot: Slot) -> Hashable:
        root: Hashable = slot
        while self.parent.setdefault(root, root) != root:
            self.parent[root] = self.parent[self.parent[root]]
            root = self.parent[root]
        return root

    def merge(self, slots: Iterable[Slot]) -> None:
        first, *others = slots
        for slot in others:
            self.parent[self.find(slot)] = self.find(first)


@dataclass(frozen=True)
class Sizes:
    """The sizes of a graph.

    Attributes:
        symbols: N_0, N_1, … in order of appearance from the input.
        of: the symbol of each index of each parameter and of the input.
        vectors: the symbol of each vector's size.
    """

    symbols: tuple[Symbol, ...]
    of: dict[Slot, Symbol]
    vectors: tuple[Symbol, ...]


def sizes_of_graph(graph: Graph) -> Sizes:
    """Return sizes that make every sum and every product of the graph possible."""
    classes = _Classes()
    slots: list[Slot] = []
    for node in graph.nodes:
        slots.append(_slot(node, slots, classes))
    order: list[Slot] = [(INPUT, 0)]
    for node in graph.nodes:
        if isinstance(node, Leaf):
            order.append((node.name, 0))
        elif isinstance(node, Apply):
            order += [(node.matrix, 1), (node.matrix, 0)]
    symbols: dict[Hashable, Symbol] = {}
    for slot in order:
        symbols.setdefault(classes.find(slot), size(len(symbols)))
    of = {slot: symbols[classes.find(slot)] for slot in order}
    return Sizes(tuple(symbols.values()), of, tuple(of[slot] for slot in slots))


def _slot(node: Vector, slots: list[Slot], classes: _Classes) -> Slot:
    """Return the size of a vector, having merged the sizes that it makes equal."""
    if isinstance(node, Leaf):
        return (node.name, 0)
    if isinstance(node, Apply):
        classes.merge([(node.matrix, 1), slots[node.operand]])
        return (node.matrix, 0)
    if isinstance(node, Total):
        classes.merge(slots[place] for _, place in node.terms)
    if isinstance(node, Normed):
        classes.merge(slots[place] for place in operands(node))
    return slots[operands(node)[0]]
