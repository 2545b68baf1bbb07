"""The value of a displayed formula: a number, or a matrix of numbers of many digits."""

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import product
from math import prod
from typing import Any

import mpmath
import numpy as np
from numpy.typing import NDArray
from sympy import Derivative, Expr, Indexed, Integer, Symbol, lambdify

from gradscribe.errors import DerivationError
from gradscribe.lecture.display import (
    Applied,
    Atom,
    Big,
    Brace,
    Call,
    Choice,
    Decimal,
    Diagonal,
    Gap,
    Glyph,
    Grid,
    Layers,
    Minus,
    Named,
    Node,
    Plus,
    Power,
    Product,
    Quotient,
    Ratio,
    Ready,
    Renamed,
    Slopes,
    Strong,
    Toned,
    Transposed,
    Whole,
    Word,
)
from gradscribe.lecture.rounding import unit_in
from gradscribe.lecture.world import World
from gradscribe.lecture.writing import decimal_digits
from gradscribe.notation import SAMPLE, derivative_of
from gradscribe.symbols import scalar_function

Matrix = NDArray[Any]


@dataclass(frozen=True)
class Excerpt:
    """Some entries of a matrix, by row and column."""

    entries: Mapping[tuple[int, int], Any]


@dataclass(frozen=True)
class Derivatives:
    """All derivatives by some parameters, each computed when it is compared.

    Attributes:
        world: the network's values.
        name: the variable's name: "dJ_dw", "d2E_dW2_dW1".
        start: the sample, where each has its own.
        rows: the shape of what the rows run over.
        columns: the shape of what the columns run over; () for a vector.
    """

    world: World
    name: str
    start: tuple[int, ...]
    rows: tuple[int, ...]
    columns: tuple[int, ...]

    @property
    def shape(self) -> tuple[int, int]:
        """The numbers of rows and columns."""
        return prod(self.rows), prod(self.columns)

    def at(self, row: int, column: int) -> Any:
        """Return an entry."""
        place = (*unravelled(row, self.rows), *unravelled(column, self.columns))
        return self.world.values[self.name, (*self.start, *place)]

    def some(self) -> list[tuple[int, int]]:
        """Return the places of some entries, the first and the last among them."""
        rows, columns = self.shape
        every = [(r, c) for r in range(rows) for c in range(columns)]
        return sorted({*every[:: max(1, len(every) // _COMPARED)], every[-1]})


def unravelled(position: int, shape: tuple[int, ...]) -> tuple[int, ...]:
    """Return the indices of a position in the order of rows.

    >>> unravelled(5, (2, 3))
    (1, 2)
    """
    at: tuple[int, ...] = ()
    for size in reversed(shape):
        position, k = divmod(position, size)
        at = (k, *at)
    return at


_COMPARED = 16  # about so many entries of a matrix of second derivatives are compared
Value = Any  # a number of mpmath, a Matrix, an Excerpt or Derivatives


class NoValueError(Exception):
    """A formula has a part that stands for no value: dots, a word, a place left open."""


def column(values: list[Any]) -> Value:
    """Return a vector as a matrix of one column (a number where it has one component)."""
    return single(np.array(values, dtype=object).reshape(-1, 1))


def single(matrix: Matrix) -> Value:
    """Return a matrix of one entry as a number."""
    return matrix[0, 0] if matrix.shape == (1, 1) else matrix


@dataclass(frozen=True)
class Evaluator:
    """Evaluates formulas in a world, free indices and the sample bound.

    Attributes:
        world: the network's values.
        binding: what each index stands for, counted from 0.
    """

    world: World
    binding: Mapping[Any, int]

    def value(self, node: Node) -> Value:
        """Return the value of a formula.

        Raises:
            NoValueError: part of it has none.
        """
        match node:
            case Atom():
                return self.world.value(node.expr, dict(self.binding))
            case Whole():
                value = self.whole(node.name)
                return transposed(value) if node.numerator else value
            case Slopes():
                return self.slopes(node)
            case Diagonal():
                return diagonal(self.slopes(node.slopes))
            case Decimal():
                return mpmath.mpf(decimal_digits(node))
            case Word() | Glyph() | Layers() | Ready() | Choice():
                raise NoValueError(str(node))
            case Toned() | Strong() | Renamed():
                return self.value(node.body)
            case Brace():
                return self.braced(node)
            case Applied():
                return self.applied(node)
            case Call():
                return self.call(node)
            case Gap():
                return self.value(node.answer)
            case Named():
                return self.named(node)
            case Transposed():
                return transposed(self.value(node.body))
            case Grid():
                return self.grid(node)
            case _:
                return self.arithmetic(node)

    def arithmetic(self, node: Node) -> Value:
        """Return the value of an operation."""
        match node:
            case Product():
                return self.product(node)
            case Plus():
                total = self.value(node.terms[0])
                for term in node.terms[1:]:
                    total = total + self.value(term)
                return total
            case Minus():
                return -self.value(node.body)
            case Ratio():
                return self.value(node.above) / self.value(node.below)
            case Power():
                return self.power(node)
            case Big():
                return self.big(node)
            case Quotient():
                return self.quotient(node)
        raise DerivationError(f"a {type(node).__name__} has no value")

    def power(self, node: Power) -> Value:
        """Return a power, of a number or of a matrix."""
        base = self.value(node.base)
        result = base
        for _ in range(node.exponent - 1):
            result = combined(result, base, "")
        return result

    def whole(self, name: str) -> Value:
        """Return a whole variable: a scalar, a column, a matrix; a tensor by pairs of indices."""
        world = self.world
        parts = derivative_of(name)
        if parts[:1] in (("E",), ("J",)) and ("w" in parts or len(parts) == 3):
            start = (self.binding[SAMPLE],) if parts[0] == "E" else ()
            columns = world.shape(parts[2]) if len(parts) == 3 else ()
            return Derivatives(world, name, start, world.shape(parts[1]), columns)
        if name == "I":
            raise NoValueError("the identity, of any size")
        shape = world.shape(name)
        sampled = name in world.variables and world.variables[name].per_sample
        sampled = sampled or derivative_of(name)[:1] == ("E",)
        start = (self.binding[SAMPLE],) if sampled else ()
        flat = [world.values[name, (*start, *at)] for at in product(*map(range, shape))]
        if not shape:
            return flat[0]
        if len(shape) == 1:
            return column(flat)
        return single(np.array(flat, dtype=object).reshape(shape[0], -1))

    def slopes(self, node: Slopes) -> Value:
        """Return the column of f′(u_i)."""
        function = scalar_function(node.name, node.order)
        base = self.world.variables[node.argument]
        k = Symbol("k_", integer=True)
        count = self.world.shape(node.argument)[0]
        expr = function(base[(k,)])
        return column([self.world.value(expr, {**self.binding, k: at}) for at in range(count)])

    def product(self, node: Product) -> Value:
        """Return a product, from the left to the right."""
        result = self.value(node.factors[0])
        for factor in node.factors[1:]:
            result = combined(result, self.value(factor), node.sign)
        return result

    def big(self, node: Big) -> Value:
        """Return a sum over an index."""
        total: Value = mpmath.mpf(0)
        for k in range(self.world.sizes[node.last]):
            total = total + Evaluator(self.world, {**self.binding, node.index: k}).value(node.body)
        return total

    def braced(self, node: Brace) -> Value:
        """Return the value of a body, having compared its label with it."""
        body = self.value(node.body)
        try:
            label = self.value(node.label)
        except NoValueError:
            return body
        if not agree(body, label):
            raise DerivationError(f"a brace says {label} of {body}")
        return body

    def named(self, node: Named) -> Value:
        """Return what is meant, having compared a number that is its name with it."""
        meaning = self.value(node.meaning)
        try:
            label = self.value(node.label)
        except NoValueError:
            return meaning
        tolerance = unit_in(node.label) / 2 + mpmath.mpf(10) ** -30
        if not agree(meaning, label, tolerance):
            raise DerivationError(f"{label} is written for {meaning}")
        return meaning

    def call(self, node: Call) -> Value:
        """Return a function of a number: the network's own, or mpmath's of the same name."""
        argument = self.value(node.argument)
        entry = self.world.network.functions.get(node.function)
        if entry is not None:
            return self.world.function(entry, 0, argument)
        return getattr(mpmath, node.function)(argument)

    def applied(self, node: Applied) -> Value:
        """Return a function of a number, or of each entry of a matrix."""
        argument = self.value(node.argument)
        if node.function == "diag":
            return diagonal(argument)
        entry = self.world.network.functions.get(node.function)
        free = Symbol("u", real=True)
        expr = scalar_function(node.function)(free)

        def apply(value: Any) -> Any:
            if entry is not None:
                return self.world.function(entry, 0, value)
            stand_in = World.__new__(World)
            stand_in.__dict__ = {**self.world.__dict__, "free": {"u": value}}
            return stand_in.value(expr, {})

        if not isinstance(argument, np.ndarray):
            return apply(argument)
        return np.array([[apply(v) for v in row] for row in argument], dtype=object)

    def grid(self, node: Grid) -> Value:
        """Return a matrix, or some of its entries where only some are shown."""
        if not node.down and not node.across:
            return single(np.array([[self.value(c) for c in r] for r in node.rows], dtype=object))
        down = node.down or tuple(Integer(k + 1) for k in range(len(node.rows)))
        across = node.across or tuple(Integer(k + 1) for k in range(len(node.rows[0])))
        entries = {}
        for row, cells in zip(down, node.rows, strict=True):
            for at, cell in zip(across, cells, strict=True):
                if row is not None and at is not None:
                    entries[self.binding[row], self.binding[at]] = self.value(cell)
        return Excerpt(entries)

    def quotient(self, node: Quotient) -> Value:
        """Return a derivative by what it reads itself where it does, else through the network."""
        above, below = (_component(n) for n in (node.above, node.below))
        if not above.has(Indexed) and below.name in self.world.free:
            function = lambdify(below, above, "mpmath")
            return mpmath.diff(function, self.world.free[below.name])
        if node.also is not None or node.order != 1:
            raise NoValueError("second derivatives are written by their names")
        names = [_name(above), _name(below)]
        equation = self.world.equations.get(names[0])
        if equation is not None and names[1] in {s.name for s in equation.right.free_symbols}:
            return self.world.value(Derivative(above, below, evaluate=False), dict(self.binding))
        places = [(n, self._place(e)) for n, e in zip(names, (above, below), strict=True)]
        return self.world.moved(places[0], places[1], self.binding[SAMPLE])

    def _place(self, expr: Expr) -> tuple[int, ...]:
        return tuple(self.binding[k] for k in getattr(expr, "indices", ()))


def _component(node: Node) -> Expr:
    while isinstance(node, Toned | Strong | Renamed):
        node = node.body
    if not isinstance(node, Atom):
        raise NoValueError("only components are differentiated")
    return node.expr


def _name(expr: Expr) -> str:
    return expr.base.name if isinstance(expr, Indexed) else str(expr)


def diagonal(value: Value) -> Value:
    """Return the diagonal matrix of a column."""
    if not isinstance(value, np.ndarray):
        return value
    result = np.full((len(value), len(value)), mpmath.mpf(0), dtype=object)
    for k, entry in enumerate(value[:, 0]):
        result[k, k] = entry
    return result


def transposed(value: Value) -> Value:
    """Return the transpose of a matrix; a number as it is."""
    return value.T if isinstance(value, np.ndarray) else value


def combined(a: Value, b: Value, sign: str) -> Value:
    """Return the product of two values: of matrices, by components or Kronecker's."""
    arrays = isinstance(a, np.ndarray) and isinstance(b, np.ndarray)
    if sign == "otimes" and arrays:
        return single(np.kron(a, b))
    if sign == "odot" or not arrays:
        return a * b
    return single(a @ b)


def agree(a: Value, b: Value, tolerance: Any = None) -> bool:
    """Whether two values are equal, within a tolerance (30 digits where none is given)."""
    if isinstance(a, Excerpt):
        a, b = b, a
    if isinstance(b, Excerpt):
        return all(agree(entry(a, at), v, tolerance) for at, v in b.entries.items())
    if isinstance(b, Derivatives):
        a, b = b, a
    if isinstance(a, Derivatives):
        other = np.atleast_2d(np.array(b, dtype=object))
        same = other.shape == a.shape
        return same and all(agree(a.at(*at), other[at], tolerance) for at in a.some())
    one, other = (np.atleast_2d(np.array(v, dtype=object)) for v in (a, b))
    if one.shape != other.shape:
        return False
    largest = max([abs(v) for v in other.flat] + [mpmath.mpf(1)])
    bound = mpmath.mpf(10) ** -30 * largest if tolerance is None else tolerance
    return all(abs(x - y) <= bound for x, y in zip(one.flat, other.flat, strict=True))


def entry(value: Value, at: tuple[int, int]) -> Value:
    """Return an entry of a matrix, of a number as a matrix of one, or of an excerpt."""
    if isinstance(value, Excerpt):
        return value.entries[at]
    if isinstance(value, Derivatives):
        return value.at(*at)
    return np.atleast_2d(np.array(value, dtype=object))[at]
