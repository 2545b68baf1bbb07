"""What an update rule is made of: lines in index notation over all K parameters.

A line is a plain equation, or one that asks for something of the cost, solves a linear system,
takes a matrix apart or looks for a step length. `w_old` is w before the step, `w` after it, and so
for everything that a rule remembers; `j` counts the steps, from 1. K is the number of parameters,
N that of errors d − y: components of d of all samples.
"""

from dataclasses import dataclass
from enum import Enum

from sympy import Expr, Indexed, Interval, Symbol, oo

from gradscribe.notation import index
from gradscribe.symbols import component, total

PARAMETERS = Symbol("K", integer=True, positive=True)
ERRORS = Symbol("N")
STEP = Symbol("j")
OLD = "_old"
ROW, COLUMN, PLACE = index("k"), index("l"), index("r")
EIGENVECTORS = component("Q", (ROW, PLACE))

# Ranges of numbers that users choose.
NOT_NEGATIVE, POSITIVE = Interval(0, oo), Interval.open(0, oo)
SHARE, PART = Interval(0, 1), Interval.Ropen(0, 1)


class Quantity(Enum):
    """What can be asked of the cost at a point, by the name of its function."""

    COST = "fun"
    GRADIENT = "jac"
    HESSIAN = "hess"
    GAUSS_NEWTON = "gauss_newton"
    PRODUCT = "hessp"


# The functions of a module that have these; cost and gradient every module has.
PARTS = {
    Quantity.HESSIAN: "hessian",
    Quantity.GAUSS_NEWTON: "gauss_newton",
    Quantity.PRODUCT: "hessian_vector_product",
}


@dataclass(frozen=True)
class Assigned:
    """`left = right`.

    Attributes:
        left: a component of what is defined, or a scalar.
        right: an expression; a case distinction at its top has scalar conditions.
    """

    left: Expr
    right: Expr


@dataclass(frozen=True)
class Measured:
    """The cost or a derivative of it at a point.

    Attributes:
        left: J, g_k, H_kl, G_kl, or h_k = Σ_l H_kl p_l.
        quantity: which.
        point: a component of the point.
        along: a component of the direction p, where H p is asked for.
        batch: whether it is of some of the samples only, others in each step.
    """

    left: Expr
    quantity: Quantity
    point: Expr
    along: Expr | None = None
    batch: bool = False


@dataclass(frozen=True)
class Solved:
    """Σ_l (matrix_kl + shift [k = l]) unknown_l = right_k, solved for the unknown.

    Attributes:
        unknown: a component of the unknown, at k.
        matrix: a component of a symmetric matrix, at k and l.
        shift: a scalar, or 0.
        right: the right side at k.
    """

    unknown: Expr
    matrix: Expr
    shift: Expr
    right: Expr


@dataclass(frozen=True)
class Spectrum:
    """Σ_l matrix_kl vectors_lr = values_r vectors_kr: a symmetric matrix taken apart.

    Attributes:
        values: a component of the eigenvalues, at r.
        matrix: a component of the matrix, at k and l.
        vectors: a component of the matrix of eigenvectors, at k and r; None if not needed.
    """

    values: Expr
    matrix: Expr
    vectors: Expr | None = None


@dataclass(frozen=True)
class Backtracked:
    """The first of 1, ratio, ratio², … as a step length for which J(point) ≤ bound.

    Attributes:
        length: the symbol of the step length, which stands in the point and in the bound.
        ratio: by what it shrinks.
        point: a component of the point that is reached.
        bound: what the cost there may be at most.
    """

    length: Symbol
    ratio: Symbol
    point: Expr
    bound: Expr


Line = Assigned | Measured | Solved | Spectrum | Backtracked


@dataclass(frozen=True)
class Setting:
    """A number of an update rule or of a schedule that users choose.

    Attributes:
        name: its symbol: "alpha", "beta1".
        default: its value unless told otherwise.
        meaning: a few words.
        allowed: the numbers that it may be.
    """

    name: str
    default: float
    meaning: str
    allowed: Interval = NOT_NEGATIVE


@dataclass(frozen=True)
class Memory:
    """What a rule remembers from step to step, beside w and the number of steps.

    Attributes:
        name: the variable; `name_old` is its value before the step.
        start: its value, or that of all its components, before the first step.
        vector: whether it has a component for each parameter.
        told: whether its last value is worth telling.
        meaning: a few words.
        allowed: the numbers of which users may choose `start`; None where they may not.
    """

    name: str
    start: float = 0.0
    vector: bool = True
    told: bool = False
    meaning: str = ""
    allowed: Interval | None = None

    @property
    def setting(self) -> Setting | None:
        """The number that users choose, under the variable's name."""
        if self.allowed is None:
            return None
        return Setting(self.name, self.start, f"{self.meaning}, at the start", self.allowed)


def range_text(allowed: Interval) -> str:
    """Return which numbers a range has, in words that follow "a number".

    >>> range_text(PART), range_text(POSITIVE), range_text(NOT_NEGATIVE)
    ('from 0 to below 1', 'above 0', 'from 0 on')
    """
    low, high = f"{float(allowed.start):g}", f"{float(allowed.end):g}"
    below = "below " if allowed.right_open else ""
    if allowed.end == oo:
        return f"above {low}" if allowed.left_open else f"from {low} on"
    return (
        f"above {low} up to {below}{high}" if allowed.left_open else f"from {low} to {below}{high}"
    )


def defined(line: Line) -> tuple[str, ...]:
    """Return the names of what a line defines; of eigenvectors also where nothing reads them."""
    found: tuple[Expr, ...]
    match line:
        case Assigned(left, _) | Measured(left, _):
            found = (left,)
        case Solved(unknown):
            found = (unknown,)
        case Spectrum(values, _, vectors):
            found = (values, EIGENVECTORS if vectors is None else vectors)
        case Backtracked(length):
            found = (length,)
    return tuple(str(e.base.label if isinstance(e, Indexed) else e) for e in found)


def vector(name: str) -> Expr:
    """Return the component of a vector at k."""
    return component(name, (ROW,))


def matrix(name: str) -> Expr:
    """Return the component of a matrix at k and l."""
    return component(name, (ROW, COLUMN))


def over_parameters(body: Expr) -> Expr:
    """Return the sum of an expression over k."""
    return total(body, {ROW: PARAMETERS})
