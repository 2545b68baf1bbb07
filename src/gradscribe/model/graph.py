"""What a formula means: a graph of vectors, in which equal subexpressions are one node.

Matrices have names with an upper-case first letter, vectors with a lower-case one; so what is
a matrix and what is a vector is known without guessing.
"""

from collections import Counter
from dataclasses import dataclass, field

from gradscribe.catalog.activations import Activation
from gradscribe.errors import nearest, shortened
from gradscribe.model.reserved import ABSTRACT_FUNCTION, check_function, check_parameter
from gradscribe.model.source import Field, Source, quoted
from gradscribe.model.syntax import Call, Name, Node, Product, Sum
from gradscribe.table import Table

INPUT = "x"


@dataclass(frozen=True)
class Leaf:
    """The input or a vector of parameters."""

    name: str


@dataclass(frozen=True)
class Apply:
    """A matrix times the vector `operand`."""

    matrix: str
    operand: int


@dataclass(frozen=True)
class Total:
    """A sum of vectors, each with its coefficient."""

    terms: tuple[tuple[int, int], ...]


@dataclass(frozen=True)
class Activated:
    """A function applied to each component of the vector `operand`."""

    function: str
    operand: int


Vector = Leaf | Apply | Total | Activated


@dataclass(frozen=True)
class Matrix:
    """A product of matrices that has not met its vector yet."""

    names: tuple[str, ...]


@dataclass(frozen=True)
class Graph:
    """The vectors of a formula, each after its operands; the last one is its value."""

    nodes: tuple[Vector, ...]


@dataclass
class _Builder:
    """Turns a tree into a graph.

    Attributes:
        source: the text, for messages.
        tree: the nodes of the tree.
        activations: the functions that are known by name.
        bound: the abstract functions that options bind.
        nodes: the vectors found so far.
        places: the place of each vector by what makes two of them equal.
        values: for each node of the tree, its matrix or the place of its vector.
    """

    source: Source
    tree: tuple[Node, ...]
    activations: Table[Activation]
    bound: frozenset[str]
    nodes: list[Vector] = field(default_factory=list)
    places: dict[object, int] = field(default_factory=dict)
    values: list[Matrix | int] = field(default_factory=list)

    def build(self) -> Graph:
        called = {node.word for node in self.tree if isinstance(node, Call)}
        for node in self.tree:
            self.values.append(self.value(node, called))
        if isinstance(self.values[-1], Matrix):
            raise self.source.error("the formula is a matrix, not a vector", self.tree[-1].at)
        self.check_contents()
        return Graph(tuple(self.nodes))

    def check_contents(self) -> None:
        if Leaf(INPUT) not in self.nodes:
            raise self.source.error(f"the input {INPUT} does not occur", 0, allowed="f(W x + b)")
        if all(isinstance(v, Activated | Total) or v == Leaf(INPUT) for v in self.nodes):
            raise self.source.error("there is no parameter", 0, allowed="f(W x + b)")
        if not any(isinstance(v, Activated | Apply) for v in self.nodes):
            raise self.source.error("there is no layer", 0, allowed="f(W x + b)")

    def value(self, node: Node, called: set[str]) -> Matrix | int:
        if isinstance(node, Name):
            return self.named(Field(node.word, self.source, node.at), called)
        if isinstance(node, Call):
            return self.activated(node)
        if isinstance(node, Product):
            return self.product(node)
        return self.total(node)

    def named(self, name: Field, called: set[str]) -> Matrix | int:
        if name.word == INPUT:
            return self.intern(Leaf(INPUT))
        if name.word in called or name.word in self.bound:
            raise name.error(
                f"{quoted(name.word)} is used as a function and without an argument",
                allowed="different names for functions and parameters",
            )
        check_parameter(name, self.activations)
        if name.word[0].isupper():
            return Matrix((name.word,))
        return self.intern(Leaf(name.word))

    def activated(self, node: Call) -> int:
        name = Field(node.word, self.source, node.at)
        if node.word not in self.activations:
            if not ABSTRACT_FUNCTION.fullmatch(node.word):
                raise self.unknown_function(name)
            check_function(name)
        operand = self.values[node.argument]
        if isinstance(operand, Matrix):
            raise name.error(
                f"the function is applied to a matrix, {quoted(' '.join(operand.names))}",
                allowed="a vector",
            )
        return self.intern(Activated(node.word, operand))

    def unknown_function(self, name: Field) -> Exception:
        allowed = f"{', '.join(self.activations)}, or a letter and a number such as f1"
        if name.word[0].isupper():
            allowed += (
                f"; a matrix before a parenthesis is written {shortened(name.word, 30)} * (…)"
            )
        near = nearest(name.word, self.activations)
        reason = self.activations.refused.get(name.word, "unknown function")
        return name.error(reason, allowed=allowed, nearest=near)

    def product(self, node: Product) -> Matrix | int:
        values = [self.values[factor] for factor in node.factors]
        for factor, value in zip(node.factors[:-1], values, strict=False):
            if not isinstance(value, Matrix):
                raise self.source.error(
                    "a vector cannot be multiplied from the left",
                    self.tree[factor].at,
                    allowed="a matrix: an upper-case letter, such as W1",
                )
        matrices = [name for value in values if isinstance(value, Matrix) for name in value.names]
        last = values[-1]
        if isinstance(last, Matrix):
            return Matrix(tuple(matrices))
        for name in reversed(matrices):
            last = self.intern(Apply(name, last))
        return last

    def total(self, node: Sum) -> int:
        coefficients: Counter[int] = Counter()
        for sign, term in node.terms:
            value = self.values[term]
            if isinstance(value, Matrix):
                raise self.source.error(
                    f"{quoted(' '.join(value.names))} is a matrix; only vectors are added",
                    self.tree[term].at,
                    allowed="vectors: W1 x, x, or a lower-case letter, such as b1",
                )
            coefficients[value] += sign
        if not all(coefficients.values()):
            raise self.source.error("terms of this sum cancel", node.at)
        return self.intern(Total(tuple((c, place) for place, c in coefficients.items())))

    def intern(self, node: Vector) -> int:
        """Return the place of a vector; equal ones (sums in any order) have one place."""
        key = frozenset(node.terms) if isinstance(node, Total) else node
        if key not in self.places:
            self.places[key] = len(self.nodes)
            self.nodes.append(node)
        return self.places[key]


def graph_of(
    source: Source,
    tree: tuple[Node, ...],
    activations: Table[Activation],
    bound: frozenset[str],
) -> Graph:
    """Return the graph of a formula's tree.

    Args:
        source: the text of the formula, for messages.
        tree: its nodes; the last one is the whole.
        activations: the functions that are known by name.
        bound: the names that options bind to activation functions.

    Raises:
        InputError: a matrix where a vector is needed or the reverse, or a name that
            cannot be used.
    """
    return _Builder(source, tree, activations, bound).build()
