"""A displayed formula: an ordered tree that can be written and can be evaluated.

SymPy sorts what it multiplies and adds, so what is shown is a tree of this project's own. Its
leaves are SymPy expressions in index notation, whole vectors and matrices, and decimal numbers.
Nothing here knows LaTeX (`lecture.writing`) or numbers (`lecture.evaluation`), and nothing is
said of overlays: a back end adds them.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum

from sympy import Expr, Symbol


class Tone(Enum):
    """The role of a factor, which is its colour on every slide."""

    ERROR = "error"
    SLOPE = "slope"
    WEIGHT = "weight"
    INPUT = "input"


@dataclass(frozen=True)
class Node:
    """Any part of a displayed formula."""


@dataclass(frozen=True)
class Atom(Node):
    """A SymPy expression in index notation, written as equations are."""

    expr: Expr


@dataclass(frozen=True)
class Whole(Node):
    """A whole vector or matrix by its name: u of layer 1, W of layer 2.

    Attributes:
        name: the variable's name.
        of_sample: whether the index n of the sample is written.
        numerator: whether it stands for its transpose, as ∂E/∂W does in numerator layout.
    """

    name: str
    of_sample: bool = False
    numerator: bool = False


@dataclass(frozen=True)
class Slopes(Node):
    """The vector of f′(u_i), or of f″(u_i): `name` is the function's, `argument` the vector's."""

    name: str
    argument: str
    order: int = 1


@dataclass(frozen=True)
class Decimal(Node):
    """A number rounded to so many places.

    Attributes:
        value: the number, as text of an exact or a long decimal fraction.
        places: how many decimal places are shown.
        exact: whether the value has no more places than are shown.
    """

    value: str
    places: int
    exact: bool = False


@dataclass(frozen=True)
class Word(Node):
    """A word in a formula: its key in the locale."""

    key: str


@dataclass(frozen=True)
class Glyph(Node):
    """A symbol that stands for nothing here: dots, a place left open, a function in general."""

    name: str


@dataclass(frozen=True)
class Ready(Node):
    """A formula about other things than a network's variables, in LaTeX by its own definition."""

    latex: str


@dataclass(frozen=True)
class Choice(Node):
    """A case distinction: values with their conditions, None for the last."""

    cases: tuple[tuple[Node, Node | None], ...]


@dataclass(frozen=True)
class Layers(Node):
    """Which layers are meant, by their numbers: m = 1, 2; dots where one is empty."""

    numbers: tuple[str, ...]


@dataclass(frozen=True)
class Product(Node):
    """Factors in order; `sign` is what stands between them: "", "cdot", "odot" or "otimes"."""

    factors: tuple[Node, ...]
    sign: str = ""


@dataclass(frozen=True)
class Plus(Node):
    """Terms in order; a term that starts with a minus is subtracted."""

    terms: tuple[Node, ...]


@dataclass(frozen=True)
class Minus(Node):
    """The negative of something."""

    body: Node


@dataclass(frozen=True)
class Ratio(Node):
    """A fraction."""

    above: Node
    below: Node


@dataclass(frozen=True)
class Power(Node):
    """A power with a fixed exponent."""

    base: Node
    exponent: int


@dataclass(frozen=True)
class Big(Node):
    """A sum over an index from 1 to a size."""

    index: Symbol
    last: Symbol
    body: Node


@dataclass(frozen=True)
class Quotient(Node):
    """A derivative in Leibniz notation.

    Attributes:
        above: what is differentiated.
        below: by what.
        total: whether it is a function of this one variable: d instead of ∂.
        order: 2 for ∂² above over the square of below.
        also: the second variable of a mixed second derivative.
    """

    above: Node
    below: Node
    total: bool = False
    order: int = 1
    also: Node | None = None


@dataclass(frozen=True)
class Applied(Node):
    """A function of something: "exp", "diag", "f3" of a whole vector."""

    function: str
    argument: Node


@dataclass(frozen=True)
class Call(Node):
    """A function of one number: "exp", "tanh", or a network's own by its name, "f1"."""

    function: str
    argument: Node


@dataclass(frozen=True)
class Named(Node):
    """What is called by a name of its own in the text, "path 1": its value is the meaning's."""

    label: Node
    meaning: Node


@dataclass(frozen=True)
class Gap(Node):
    """A place left open for an answer, with a number; its value is the answer's.

    Attributes:
        number: the number of the place, from 1.
        answer: what belongs there.
        narrow: whether there is little room for it, as below a factor.
    """

    number: int
    answer: Node
    narrow: bool = False


@dataclass(frozen=True)
class Transposed(Node):
    """The transpose of a vector or a matrix."""

    body: Node


@dataclass(frozen=True)
class Diagonal(Node):
    """The diagonal matrix of f′(u): F′ of a layer."""

    slopes: Slopes


@dataclass(frozen=True)
class Grid(Node):
    """A matrix, its entries written out; where places are given, only those rows and columns.

    Attributes:
        rows: the entries.
        down: the row of the whole matrix that each row is: a number or a size; None for dots.
        across: the same of the columns.
        small: whether it is set small, within a line of text.
    """

    rows: tuple[tuple[Node, ...], ...]
    down: tuple[Expr | None, ...] = ()
    across: tuple[Expr | None, ...] = ()
    small: bool = False


@dataclass(frozen=True)
class Brace(Node):
    """A body with a brace under (or over) it, and what it is equal to."""

    body: Node
    label: Node
    over: bool = False


@dataclass(frozen=True)
class Toned(Node):
    """A body in the colour of its role."""

    tone: Tone
    body: Node


@dataclass(frozen=True)
class Strong(Node):
    """A body in bold: a result."""

    body: Node


@dataclass(frozen=True)
class Renamed(Node):
    """A body in which layers have other names: 2 is written m, 3 is written m+1.

    Attributes:
        body: a formula of certain layers.
        layers: the name of each of these; with one for layer 0, the input is written y.
    """

    body: Node
    layers: tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class Chain(Node):
    """`parts[0] relations[0] parts[1] …`: "=", ":=", "<-", ">", "approx" between neighbours."""

    parts: tuple[Node, ...]
    relations: tuple[str, ...]

    def __post_init__(self) -> None:
        if len(self.parts) != len(self.relations) + 1:
            raise ValueError("a chain has one relation fewer than parts")


def equal(*parts: Node, first: str = "=") -> Chain:
    """Return a chain of equalities; the first may be a definition."""
    return Chain(parts, (first, *["="] * (len(parts) - 2)))


def renamed(body: Node, layers: Mapping[str, str]) -> Node:
    """Return a body with other names for layers, or as it is where there are none."""
    return Renamed(body, tuple(layers.items())) if layers else body


def children(node: Node) -> tuple[Node, ...]:
    """Return the parts of a node, in order."""
    found: list[Node] = []
    for value in vars(node).values():
        if isinstance(value, Node):
            found.append(value)
        elif isinstance(value, tuple):
            for item in value:
                found += item if isinstance(item, tuple) else [item]
    return tuple(n for n in found if isinstance(n, Node))


def transpose(node: Node) -> Node:
    """Return the transpose of a matrix form, written out: (A b)ᵀ is bᵀ Aᵀ."""
    match node:
        case Transposed():
            return node.body
        case Toned():
            return Toned(node.tone, transpose(node.body))
        case Plus():
            return Plus(tuple(map(transpose, node.terms)))
        case Minus():
            return Minus(transpose(node.body))
        case Big():
            return Big(node.index, node.last, transpose(node.body))
        case Product() if not node.sign:
            numbers = tuple(f for f in node.factors if isinstance(f, Atom))
            others = tuple(transpose(f) for f in reversed(node.factors) if not isinstance(f, Atom))
            return Product((*numbers, *others))
        case Atom() | Diagonal():
            return node
        case _:
            return Transposed(node)
