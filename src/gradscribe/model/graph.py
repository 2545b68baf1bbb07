"""What a formula means: a graph of vectors, in which equal subexpressions are one node.

Matrices have names with an upper-case first letter, vectors with a lower-case one; so what is
a matrix and what is a vector is known without guessing.
"""

from collections import Counter
from dataclasses import dataclass, field
from string import ascii_lowercase

from gradscribe.catalog.activations import Activation
from gradscribe.errors import nearest, shortened
from gradscribe.model.reserved import ABSTRACT_FUNCTION, check_function, check_parameter
from gradscribe.model.source import Field, Source, quoted
from gradscribe.model.syntax import SEVERAL, Call, Name, Node, Product, Sum
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


@dataclass(frozen=True)
class Normed:
    """The vector `operand`, normalised over its components; scaled where there are parameters.

    Attributes:
        operand: the vector.
        gain: the place of the vector of gains; -1 without.
        shift: that of shifts.
    """

    operand: int
    gain: int = -1
    shift: int = -1


Vector = Leaf | Apply | Total | Activated | Normed


@dataclass(frozen=True)
class Concat:
    """Vectors one below the other, which a matrix is multiplied by."""

    parts: tuple[int, ...]


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
    values: list[Matrix | Concat | int] = field(default_factory=list)
    blocks: dict[str, int] = field(default_factory=dict)

    def build(self) -> Graph:
        called = {node.word for node in self.tree if isinstance(node, Call)}
        for node in self.tree:
            self.values.append(self.value(node, called))
        self.check_blocks()
        self.vector(self.values[-1], len(self.tree) - 1)
        if isinstance(self.values[-1], Matrix):
            raise self.source.error("the formula is a matrix, not a vector", self.tree[-1].at)
        self.check_contents()
        return Graph(tuple(self.nodes))

    def check_contents(self) -> None:
        if Leaf(INPUT) not in self.nodes:
            raise self.source.error(f"the input {INPUT} does not occur", 0, allowed="f(W x + b)")
        if all(isinstance(v, Activated | Total | Normed) or v == Leaf(INPUT) for v in self.nodes):
            raise self.source.error("there is no parameter", 0, allowed="f(W x + b)")
        if not any(isinstance(v, Activated | Apply | Normed) for v in self.nodes):
            raise self.source.error("there is no layer", 0, allowed="f(W x + b)")

    def vector(self, value: Matrix | Concat | int, place: int) -> Matrix | int:
        """Return a value that is no concatenation."""
        if isinstance(value, Concat):
            raise self.source.error(
                "concat(…) stands behind a matrix and nowhere else", self.tree[place].at,
                allowed="W2 concat(x, y)",
            )  # fmt: skip
        return value

    def check_blocks(self) -> None:
        """Check that a matrix that meets a concatenation meets nothing else."""
        for name, count in self.blocks.items():
            for node in self.nodes:
                if isinstance(node, Apply) and node.matrix == name:
                    raise self.source.error(
                        f"{quoted(name)} is multiplied by {count} vectors one below the other, "
                        "and by one alone",
                        0,
                        allowed="a matrix for each",
                    )

    def several(self, node: Call) -> Concat | int:
        """Return what a function of several arguments gives."""
        values = [self.values[a] for a in node.arguments]
        if node.word == "concat":
            return Concat(
                tuple(
                    p for v, a in zip(values, node.arguments, strict=True) for p in self.parts(v, a)
                )
            )
        places = [self.argument(v, a) for v, a in zip(values, node.arguments, strict=True)]
        leaves = [isinstance(self.nodes[p], Leaf) for p in places[1:]]
        if len(places) not in (1, 3) or not all(leaves):
            raise self.source.error(
                "norm has one argument, or three of which two are vectors of parameters", node.at,
                allowed="norm(v), norm(v, gain, shift)",
            )  # fmt: skip
        return self.intern(Normed(*places))

    def argument(self, value: Matrix | Concat | int, place: int) -> int:
        found = self.vector(value, place)
        if isinstance(found, Matrix):
            raise self.source.error(
                f"{quoted(' '.join(found.names))} is a matrix", self.tree[place].at,
                allowed="a vector",
            )  # fmt: skip
        return found

    def parts(self, value: Matrix | Concat | int, place: int) -> tuple[int, ...]:
        return value.parts if isinstance(value, Concat) else (self.argument(value, place),)

    def value(self, node: Node, called: set[str]) -> Matrix | Concat | int:
        if isinstance(node, Name):
            return self.named(Field(node.word, self.source, node.at), called)
        if isinstance(node, Call) and node.word in SEVERAL:
            return self.several(node)
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
        if name.word in SEVERAL:
            raise name.error(f"{name.word} needs an argument", allowed=SEVERAL[name.word])
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
        operand = self.vector(self.values[node.argument], node.argument)
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
        if isinstance(values[-1], Concat) and isinstance(values[-2], Matrix):
            values[-2:] = [self.beside(values[-2], values[-1])]
        for factor, value in zip(node.factors, values[:-1], strict=False):
            if not isinstance(value, Matrix):
                raise self.source.error(
                    "a vector cannot be multiplied from the left",
                    self.tree[factor].at,
                    allowed="a matrix: an upper-case letter, such as W1",
                )
        matrices = [name for value in values if isinstance(value, Matrix) for name in value.names]
        last = self.vector(values[-1], node.factors[-1])
        if isinstance(last, Matrix):
            return Matrix(tuple(matrices))
        for name in reversed(matrices):
            last = self.intern(Apply(name, last))
        return last

    def beside(self, matrix: Matrix, concat: Concat) -> int:
        """Return W [p; q] as Wa p + Wb q, the columns of W that meet each part."""
        *outer, name = matrix.names
        count = self.blocks.setdefault(name, len(concat.parts))
        if count != len(concat.parts):
            raise self.source.error(
                f"{quoted(name)} is multiplied by {count} vectors one below the other, and by "
                f"{len(concat.parts)}", 0, allowed="a matrix for each",
            )  # fmt: skip
        terms = []
        for letter, part in zip(ascii_lowercase, concat.parts, strict=False):
            block = block_name(name, letter)
            if any(isinstance(n, Name) and n.word == block for n in self.tree):
                raise self.source.error(
                    f"{quoted(block)} is the name of a part of {name}", 0,
                    allowed="another name for one of them",
                )  # fmt: skip
            check_parameter(Field(block, self.source, 0), self.activations)
            terms.append((1, self.intern(Apply(block, part))))
        found = self.intern(Total(tuple(terms)))
        for above in reversed(outer):
            found = self.intern(Apply(above, found))
        return found

    def total(self, node: Sum) -> int:
        coefficients: Counter[int] = Counter()
        for sign, term in node.terms:
            value = self.vector(self.values[term], term)
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


def block_name(matrix: str, letter: str) -> str:
    """Return what the columns of a matrix are called that meet a part of a concatenation.

    >>> block_name("W2", "a"), block_name("V", "b")
    ('Wa2', 'Vb')
    """
    stem = matrix.rstrip("0123456789")
    return f"{stem}{letter}{matrix[len(stem) :]}"


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
