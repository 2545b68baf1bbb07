"""What a program costs, as formulas in the sizes N_0 … N_M and the number N of samples.

Counted is what the printed code carries out, operation by operation from left to right:

* multiplications: a product, quotient or square of arrays has one an entry, a contraction over
  k terms has k; products of numbers are not counted,
* function values: of exp, tanh and the like,
* bytes: of the arrays that operations write, in double precision. Sums that go into the result
  itself are not counted, and views and copies are free.

Of a block of second derivatives that is symmetric, the form for large arrays is counted.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction

from sympy import Expr, Integer, Mul, S, Symbol

from gradscribe.notation import SAMPLES
from gradscribe.program.ir import (
    COMPARISONS,
    Add,
    Apply,
    Call,
    Const,
    Expand,
    Greatest,
    Group,
    Helper,
    MatMul,
    Node,
    Ones,
    Permute,
    Power,
    Program,
    Reduce,
    Ref,
    Shape,
    Size,
    Statement,
    Term,
    Transpose,
)
from gradscribe.program.ir import Mul as MulNode
from gradscribe.program.products import PRODUCT, SampleTerms
from gradscribe.program.second_order import Terms
from gradscribe.program.shapes import MADE, ONE
from gradscribe.program.tangents import Factors
from gradscribe.program.weighting import SCALE

BYTES = 8  # of a number in double precision
UNWEIGHTED: dict[str, Shape] = {SCALE.name: ()}  # in terms it is one number, without weights
Lengths = tuple[Expr, ...]

# Calls that choose or compare, which take no longer than a sum.
_CHEAP = frozenset({"abs", "maximum", "minimum", "where", "choice", "sign"})


@dataclass(frozen=True)
class Cost:
    """What is carried out.

    Attributes:
        multiplications: their number.
        functions: how many function values are computed.
        bytes: how many are written.
    """

    multiplications: Expr = S.Zero
    functions: Expr = S.Zero
    bytes: Expr = S.Zero

    def __add__(self, other: "Cost") -> "Cost":
        return Cost(
            self.multiplications + other.multiplications,
            self.functions + other.functions,
            self.bytes + other.bytes,
        )


def entries(lengths: Lengths) -> Expr:
    """Return how many entries an array has."""
    return Mul(*lengths)


class Counter:
    """Counts what statements and terms cost.

    Args:
        shapes: of the variables.
        helpers: the functions that statements call.
    """

    def __init__(self, shapes: Mapping[str, Shape], helpers: Iterable[Helper]) -> None:
        self.shapes = {name: tuple(map(_length, shape)) for name, shape in shapes.items()}
        self.helpers = {h.name: h for h in helpers}

    def statement(self, statement: Statement) -> Cost:
        """Return the cost of a statement."""
        cost, _ = self.node(statement.value)
        size = entries(self.shapes[statement.target])
        if statement.update == "diagonal":
            size = entries(self.shapes[statement.target][1:])
        if not statement.update:
            return cost
        product = size if statement.update == "*" else S.Zero
        return cost + Cost(product, S.Zero, size * BYTES)

    def node(self, node: Node) -> tuple[Cost, Lengths]:
        """Return the cost of an expression and its shape."""
        match node:
            case Const() | Size():
                return Cost(), ()
            case Ones(size):
                return Cost(), (_length(size),)
            case Ref(name):
                return Cost(), self.shapes[name]
            case Add(terms):
                return self.sum(terms)
            case MulNode(factors):
                return self.product(factors)
            case Power(base, exponent):
                return self.power(base, exponent)
            case Call(function, arguments):
                return self.call(function, arguments)
            case MatMul() | Apply():
                return self.contraction(node)
            case Reduce(operand, axes):
                cost, shape = self.node(operand)
                left = tuple(n for axis, n in enumerate(shape) if axis not in axes)
                return cost + _written(left), left
            case Greatest(operand, axis):
                cost, shape = self.node(operand)
                left = (*shape[:axis], *shape[axis + 1 :])
                return cost + _written(left), left
            case Transpose(operand) | Permute(operand):
                cost, shape = self.node(operand)
                order = node.axes if isinstance(node, Permute) else range(len(shape))[::-1]
                return cost, tuple(shape[a] for a in order)
            case Expand(operand, axes):
                cost, shape = self.node(operand)
                lengths = list(shape)
                for axis in axes:
                    lengths.insert(axis, S.One)
                return cost, tuple(lengths)

    def sum(self, terms: tuple[Node, ...]) -> tuple[Cost, Lengths]:
        """Return the cost of a sum; the sign of a later term costs nothing."""
        cost, shape = self.node(terms[0])
        for term in terms[1:]:
            inner, other = self.node(_without_sign(term))
            shape = _broadcast(shape, other)
            cost += inner + _written(shape)
        return cost, shape

    def product(self, factors: tuple[Node, ...]) -> tuple[Cost, Lengths]:
        """Return the cost of a product; numbers and what is divided by meet first."""
        above = [f for f in factors if not (isinstance(f, Power) and f.exponent < 0)]
        below = [
            Power(f.base, -f.exponent) for f in factors if isinstance(f, Power) and f.exponent < 0
        ]
        negative = bool(above) and above[0] == Const(Fraction(-1))
        above = above[1:] if negative else above
        cost, shape = self.chain(above)
        if negative and shape and len(above) == 1 and not below:
            return cost + _written(shape), shape
        if negative and shape:
            first = self.node(above[0])[1]
            cost += _written(first) if first else Cost()
        if below:
            under, other = self.chain(below)
            shape = _broadcast(shape, other)
            cost += under + (_multiplied(shape) if shape else Cost())
        return cost, shape

    def chain(self, factors: Sequence[Node]) -> tuple[Cost, Lengths]:
        """Return the cost of factors multiplied from left to right."""
        cost, shape = Cost(), ()
        for position, factor in enumerate(factors):
            inner, other = self.node(factor)
            shape = _broadcast(shape, other)
            cost += inner
            if position and shape:
                cost += _multiplied(shape)
        return cost, shape

    def power(self, base: Node, exponent: int) -> tuple[Cost, Lengths]:
        """Return the cost of a power of a whole exponent."""
        cost, shape = self.node(base)
        if exponent < 0:
            inner = self.power(base, -exponent)[0] if exponent < -1 else cost
            return inner + (_multiplied(shape) if shape else Cost()), shape
        if exponent == 1 or not shape:
            return cost, shape
        size = entries(shape)
        return cost + Cost(size * (exponent - 1), S.Zero, size * BYTES), shape

    def call(self, function: str, arguments: tuple[Node, ...]) -> tuple[Cost, Lengths]:
        """Return the cost of a function of arrays."""
        cost, shape = Cost(), ()
        for argument in arguments:
            inner, other = self.node(argument)
            cost += inner
            shape = _broadcast(shape, other)
        if function in self.helpers:
            own = Counter({}, self.helpers.values())
            own.shapes = {"u": shape}
            return cost + own.node(self.helpers[function].value)[0], shape
        if function in MADE:
            return cost, tuple(shape[axis] for axis in MADE[function](len(shape)))
        if not shape:
            return cost, shape
        size = entries(shape)
        values = S.Zero if function in _CHEAP | COMPARISONS else size
        return cost + Cost(S.Zero, values, size if function in COMPARISONS else size * BYTES), shape

    def contraction(self, node: MatMul | Apply) -> tuple[Cost, Lengths]:
        """Return the cost of a product of matrices."""
        (left, a), (right, b) = self.node(node.left), self.node(node.right)
        if isinstance(node, MatMul):
            shape = a[:-1] + b[1:]
        else:
            shape = (*b[: node.axis], *a[:-1], *b[node.axis + 1 :])
        size = entries(shape)
        return left + right + Cost(size * a[-1], S.Zero, size * BYTES), shape

    # -- terms of second derivatives --

    def term(self, term: Term) -> Cost:
        """Return the cost of Σ_n left · right · constant."""
        present = "".join((*term.left.letters, *term.right.letters))
        cost, wider = self.constant(term.constant, present)
        symmetric = term.rows == term.columns and len(term.left.arrays) == 1
        if symmetric and len(term.right.arrays) == 2 and len({*term.right.arrays}) == 1:
            inner, square = self.node(term.left.arrays[0])
            z = self.node(term.right.arrays[0])[1][0]
            rows = square[0] if len(square) == 2 else square[0] * (square[0] + 1) / 2
            pairs = z * (z + 1) / 2
            cost += inner + _multiplied((pairs, SAMPLES))
        else:
            (left, rows), (right, pairs) = self.outer(term.left), self.outer(term.right)
            cost += left + right
        size = rows * pairs
        cost += Cost(size * SAMPLES, S.Zero, size * BYTES)
        return cost + (_multiplied((size, wider)) if term.constant else Cost())

    def constant(self, group: Group | None, present: str) -> tuple[Cost, Expr]:
        """Return the cost of a factor without samples, and by what it widens the product."""
        cost = Cost()
        lengths: dict[str, Expr] = {}
        for own, array in zip(group.letters, group.arrays, strict=True) if group else ():
            inner, shape = self.node(array)
            lengths |= dict(zip(own, shape, strict=True))
            cost += inner + (_multiplied(tuple(lengths.values())) if lengths else Cost())
        return cost, Mul(*[n for k, n in lengths.items() if k not in present])

    def outer(self, group: Group) -> tuple[Cost, Expr]:
        """Return the cost of an outer product over the samples, and its rows."""
        cost, rows = Cost(), S.One
        for position, array in enumerate(group.arrays):
            inner, shape = self.node(array)
            rows *= entries(shape[:-1])
            cost += inner + (_multiplied((rows, SAMPLES)) if position else Cost())
        return cost, rows


# The kernels that the functions of a module go through.
_THROUGH = {
    "forward": ("forward",),
    "cost": ("forward", "loss", "cost"),
    "sensitivities": ("forward", "loss", "sensitivities"),
    "gradient": ("forward", "loss", "sensitivities", "gradient"),
    "cost_and_gradient": ("forward", "loss", "cost", "sensitivities", "gradient"),
}
_OF_SAMPLES = {"sample_gradient": "sample_gradients"}


def costs_of(
    program: Program,
    matrices: Iterable[Terms],
    samples: Iterable[SampleTerms],
    product: tuple[Program, Mapping[str, str]] | None,
) -> dict[str, Cost]:
    """Return the costs of a module's functions, by name.

    Args:
        program: of cost and gradient.
        matrices: programs of matrices of second derivatives.
        samples: programs of derivatives of each sample.
        product: of H V.
    """
    found = {name: cost_of(program, kernels) for name, kernels in _THROUGH.items()}
    found |= {terms.name: cost_of_terms(terms) for terms in matrices}
    if product:
        found[PRODUCT] = cost_of(product[0], (PRODUCT,))
    return found | {_OF_SAMPLES.get(p.name, p.name): cost_of_samples(p) for p in samples}


def cost_of(program: Program, names: Iterable[str]) -> Cost:
    """Return the cost of these kernels of a program."""
    counter = Counter(program.shapes, program.helpers)
    statements = [s for k in program.kernels if k.name in names for s in k.statements]
    return _total(map(counter.statement, statements))


def cost_of_terms(terms: Terms) -> Cost:
    """Return the cost of a matrix of second derivatives."""
    counter = Counter({**terms.shapes, **UNWEIGHTED}, terms.helpers)
    counter.shapes |= {f.name: (_height(f), SAMPLES) for f in terms.factors}
    items = (
        counter.statement(i) if isinstance(i, Statement) else counter.term(i) for i in terms.items
    )
    return _total([*items, *(_factors(counter, f) for f in terms.factors)])


def _factors(counter: Counter, factors: Factors) -> Cost:
    return _total(counter.node(node)[0] for node in factors.nodes)


def _height(factors: Factors) -> Expr:
    """Return how many rows the array of factors has."""
    return sum(
        (u.parameter.shape[1] if len(u.parameter.shape) == 2 else S.One for u in factors.uses),
        S.Zero,
    )


def cost_of_samples(program: SampleTerms) -> Cost:
    """Return the cost of derivatives of each sample."""
    counter = Counter({**program.shapes, **UNWEIGHTED}, program.helpers)
    counter.shapes |= {f.name: (_height(f), SAMPLES) for f in program.factors}
    cost = _total(map(counter.statement, program.statements))
    cost += _total(_factors(counter, f) for f in program.factors)
    if program.result is not None:
        cost += counter.node(program.result)[0]
    for _, array, z in program.yields:
        inner, shape = counter.node(array)
        cost += inner + _multiplied((*shape[:-1], counter.shapes[z][0], SAMPLES))
    return cost


def _total(costs: Iterable[Cost]) -> Cost:
    return sum(costs, Cost())


def _length(size: str) -> Expr:
    if size == ONE:
        return Integer(1)
    return SAMPLES if size == SAMPLES.name else Symbol(size, integer=True, positive=True)


def _broadcast(a: Lengths, b: Lengths) -> Lengths:
    short, long = sorted((a, b), key=len)
    short = (S.One,) * (len(long) - len(short)) + short
    return tuple(m if n == 1 else n for m, n in zip(short, long, strict=True))


def _written(shape: Lengths) -> Cost:
    return Cost(bytes=entries(shape) * BYTES) if shape else Cost()


def _multiplied(shape: Lengths) -> Cost:
    size = entries(shape)
    return Cost(size, S.Zero, size * BYTES)


def _without_sign(term: Node) -> Node:
    """Return a term of a sum without a leading −1, which becomes a difference."""
    if isinstance(term, MulNode) and term.factors[0] == Const(Fraction(-1)):
        rest = term.factors[1:]
        return rest[0] if len(rest) == 1 else MulNode(rest)
    return term
