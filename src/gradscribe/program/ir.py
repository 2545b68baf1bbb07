"""The array language: what a target prints and the reference interpreter runs.

An expression is a tree of frozen nodes over arrays with named axes sizes; the first axis of a
per-sample array is the sample's. Elementwise nodes broadcast as NumPy does. There is no control
flow, no assignment inside an expression and no function call but those of `FUNCTIONS`.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction

Shape = tuple[str, ...]


@dataclass(frozen=True)
class Const:
    """An exact number."""

    value: Fraction | float


@dataclass(frozen=True)
class Size:
    """The number of samples "N" or of nodes "N_2": a scalar known when the arrays are."""

    name: str


@dataclass(frozen=True)
class Ones:
    """A vector of ones, as long as a size."""

    size: str


@dataclass(frozen=True)
class Ref:
    """A variable by its name."""

    name: str


@dataclass(frozen=True)
class Add:
    """The elementwise sum of its terms."""

    terms: tuple["Node", ...]


@dataclass(frozen=True)
class Mul:
    """The elementwise product of its factors."""

    factors: tuple["Node", ...]


@dataclass(frozen=True)
class Power:
    """An elementwise integer power."""

    base: "Node"
    exponent: int


@dataclass(frozen=True)
class Call:
    """An elementwise function of `FUNCTIONS`, or an activation function of the program."""

    function: str
    arguments: tuple["Node", ...]


@dataclass(frozen=True)
class MatMul:
    """The matrix product: the last axis of the left operand with the first of the right."""

    left: "Node"
    right: "Node"


@dataclass(frozen=True)
class Transpose:
    """The axes of a matrix exchanged."""

    operand: "Node"


@dataclass(frozen=True)
class Reduce:
    """The sum over some axes."""

    operand: "Node"
    axes: tuple[int, ...]


@dataclass(frozen=True)
class Greatest:
    """The largest entry along an axis."""

    operand: "Node"
    axis: int


@dataclass(frozen=True)
class Expand:
    """The same array with axes of size 1 put in at these positions of the result."""

    operand: "Node"
    axes: tuple[int, ...]


@dataclass(frozen=True)
class Apply:
    """Σ_k left[…, k] right[…, k, …]: the last axis of the left operand with one of the right.

    Attributes:
        left: an array without samples.
        right: an array whose last axis is the samples'.
        axis: 0 for the first axis of the right operand, 1 for its second of three; the result
            then keeps the right operand's first axis in front.
    """

    left: "Node"
    right: "Node"
    axis: int


@dataclass(frozen=True)
class Permute:
    """The axes of an array in another order."""

    operand: "Node"
    axes: tuple[int, ...]


Node = (
    Apply
    | Permute
    | Const
    | Size
    | Ones
    | Ref
    | Add
    | Mul
    | Power
    | Call
    | MatMul
    | Transpose
    | Reduce
    | Greatest
    | Expand
)

# Elementwise functions by name, with the number of their arguments. `choice(c, a, b, like)` is
# `where(c, a, b)` of two numbers in the type of the array `like`. NumPy has no error function: a
# module that needs it has one of its own.
FUNCTIONS = {
    "exp": 1, "log": 1, "log1p": 1, "expm1": 1, "sqrt": 1, "abs": 1, "sign": 1,
    "sin": 1, "cos": 1, "tan": 1, "arctan": 1, "arcsin": 1, "arccos": 1,
    "sinh": 1, "cosh": 1, "tanh": 1, "arcsinh": 1, "arctanh": 1,
    "maximum": 2, "minimum": 2, "power": 2, "where": 3, "choice": 4,
    "greater": 2, "greater_equal": 2, "less": 2, "less_equal": 2, "equal": 2, "array": 1,
    "mod": 2, "_erf": 1, "_erfc": 1,
}  # fmt: skip
SPECIAL = ("_erf", "_erfc")  # of `FUNCTIONS`, those that NumPy does not have
COMPARISONS = frozenset({"greater", "greater_equal", "less", "less_equal", "equal"})


@dataclass(frozen=True)
class Statement:
    """`target = value`; `label` and `formula` are those of the equation it computes.

    Attributes:
        target: the variable that is assigned.
        value: what it is.
        label: the equation's number; "" for a shared subexpression.
        update: "" for an assignment; "+" or "*" to change the target's array in place; "diagonal"
            to add to the entries whose first two indices are equal.
        reuse: the variable whose array, no longer needed, takes the result; "" for a fresh one.
    """

    target: str
    value: Node
    label: str = ""
    update: str = ""
    reuse: str = ""


@dataclass(frozen=True)
class Group:
    """An outer product of arrays: their axes' letters, without the samples'.

    For letters ("ri",) one array with axes (r, i, n); for ("r", "s") the product of two.
    """

    letters: tuple[str, ...]
    arrays: tuple[Node, ...]


@dataclass(frozen=True)
class Term:
    """Σ_n left · right, times a constant: one term of a block of a second derivative.

    Attributes:
        rows: the variable that the parameters of the block's rows enter (indices r and s).
        columns: that of the columns (i and j), or one parameter of it.
        target: the indices of the block that it is added to: "rsij", "rsrj" for i = r.
        left: one group of factors.
        right: the others.
        constant: factors without samples, or None.
        formula: what it computes, for a comment.
    """

    rows: str
    columns: str
    target: str
    left: Group
    right: Group
    constant: Group | None = None
    formula: str = ""


@dataclass(frozen=True)
class Kernel:
    """A straight list of statements.

    Attributes:
        name: what it computes: "forward", "cost", "sensitivities", "gradient".
        inputs: variables that are read and not assigned here, in order.
        statements: in order of execution.
        outputs: what it gives back, in order.
    """

    name: str
    inputs: tuple[str, ...]
    statements: tuple[Statement, ...]
    outputs: tuple[str, ...]


@dataclass(frozen=True)
class Helper:
    """An activation function that needs more than one operation: `name(u) = value`."""

    name: str
    value: Node
    meaning: str


@dataclass(frozen=True)
class Program:
    """Kernels in the order in which they can run, with the shapes of all variables.

    Attributes:
        kernels: each may read what an earlier one gives back.
        shapes: axis sizes by variable; a per-sample variable's first is "N".
        helpers: activation functions that statements call by name.
        fresh: variables whose arrays may be overwritten once they are not needed.
    """

    kernels: tuple[Kernel, ...]
    shapes: dict[str, Shape]
    helpers: tuple[Helper, ...] = ()

    def kernel(self, name: str) -> Kernel:
        """Return the kernel of that name."""
        return next(k for k in self.kernels if k.name == name)


def children(node: Node) -> tuple[Node, ...]:
    """Return the operands of a node."""
    match node:
        case Add(terms):
            return terms
        case Mul(factors):
            return factors
        case Call(_, arguments):
            return arguments
        case MatMul(left, right) | Apply(left, right, _):
            return (left, right)
        case Power(base, _):
            return (base,)
        case Transpose(operand) | Reduce(operand, _) | Expand(operand, _) | Permute(operand, _):
            return (operand,)
        case Greatest(operand, _):
            return (operand,)
        case _:
            return ()


def rebuilt(node: Node, operands: tuple[Node, ...]) -> Node:
    """Return the node with other operands."""
    match node:
        case Add():
            return Add(operands)
        case Mul():
            return Mul(operands)
        case Call(function, _):
            return Call(function, operands)
        case MatMul():
            return MatMul(*operands)
        case Power(_, exponent):
            return Power(operands[0], exponent)
        case Apply(_, _, axis):
            return Apply(operands[0], operands[1], axis)
        case Permute(_, axes):
            return Permute(operands[0], axes)
        case Transpose():
            return Transpose(operands[0])
        case Reduce(_, axes):
            return Reduce(operands[0], axes)
        case Expand(_, axes):
            return Expand(operands[0], axes)
        case Greatest(_, axis):
            return Greatest(operands[0], axis)
        case _:
            return node


def walk(node: Node) -> Iterator[Node]:
    """Yield a node and everything under it, from the top."""
    yield node
    for child in children(node):
        yield from walk(child)


def references(node: Node) -> list[str]:
    """Return the variables that an expression reads, each once, in order."""
    return list(dict.fromkeys(n.name for n in walk(node) if isinstance(n, Ref)))


def replaced(node: Node, values: dict[str, Node]) -> Node:
    """Return the expression with variables replaced."""
    if isinstance(node, Ref):
        return values.get(node.name, node)
    return rebuilt(node, tuple(replaced(c, values) for c in children(node)))
