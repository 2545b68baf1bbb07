"""Numbers put into displayed formulas, with as many places as it takes to be right."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import mpmath
import numpy as np
from sympy import Indexed

from gradscribe.lecture.display import (
    Applied,
    Atom,
    Brace,
    Decimal,
    Diagonal,
    Grid,
    Minus,
    Node,
    Plus,
    Power,
    Product,
    Renamed,
    Slopes,
    Strong,
    Toned,
    Transposed,
    Whole,
)
from gradscribe.lecture.evaluation import Evaluator, Value, agree
from gradscribe.lecture.world import DIGITS, World
from gradscribe.lecture.writing import decimal_digits

MOST_PLACES = 9
_EXACT = mpmath.mpf(10) ** -40


@dataclass(frozen=True)
class Numbers:
    """Puts a world's numbers into formulas.

    Attributes:
        world: the numbers.
        places: decimal places of results.
    """

    world: World
    places: int

    def value(self, node: Node) -> Value:
        """Return the value of a formula."""
        with mpmath.workdps(DIGITS):
            return Evaluator(self.world, self.world.binding({}, 0)).value(node)

    def result(self, node: Node) -> Node:
        """Return the value of a formula as a number or a matrix of numbers."""
        return self.shown(self.value(node), self.places)

    def shown(self, value: Value, places: int) -> Node:
        """Return a value with so many places."""
        if not isinstance(value, np.ndarray):
            return decimal(value, places)
        return Grid(tuple(tuple(decimal(v, places) for v in row) for row in value))

    def put_in(self, node: Node) -> tuple[Node, Node]:
        """Return a formula with numbers for its symbols, and its result.

        The rounded numbers have as many places as it takes for them to give the result that is
        shown, to less than a unit in its last place.
        """
        result = self.result(node)
        for places in range(self.places, MOST_PLACES + 1):
            filled = Filler(self, places).node(node)
            with mpmath.workdps(DIGITS):
                computed = Evaluator(self.world, self.world.binding({}, 0)).value(filled)
                unit = mpmath.mpf(10) ** -self.places
                if agree(computed, self.rounded(result), unit * mpmath.mpf("0.99")):
                    return filled, result
        return filled, result

    def rounded(self, result: Node) -> Value:
        """Return the value of a result as it is shown."""
        return Evaluator(self.world, self.world.binding({}, 0)).value(result)


@dataclass(frozen=True)
class Filler:
    """Replaces symbols by numbers with so many places."""

    numbers: Numbers
    places: int

    def node(self, node: Node) -> Node:
        """Return a formula with numbers in it."""
        match node:
            case Atom() if node.expr.is_Number:
                return node
            case Atom() | Whole() | Slopes() | Diagonal() | Applied():
                return self.numbers.shown(self.numbers.value(node), self.places)
            case Product():
                parts = tuple(self.node(f) for f in node.factors)
                numbers_only = all(is_number(p) for p in parts)
                sign = "cdot" if numbers_only and not node.sign else node.sign
                return Product(parts, sign)
            case Grid():
                return Grid(tuple(tuple(map(self.node, row)) for row in node.rows))
            case Plus():
                return Plus(tuple(self.node(t) for t in node.terms))
            case Minus():
                return Minus(self.node(node.body))
            case Power():
                return Power(self.node(node.base), node.exponent)
            case Toned():
                return Toned(node.tone, self.node(node.body))
            case Brace() | Renamed() | Strong():
                return self.node(node.body)
            case Transposed():
                return self.transposed(node)
            case _:
                return node

    def transposed(self, node: Transposed) -> Node:
        """Return a transposed matrix of numbers, written as it then is."""
        return self.numbers.shown(self.numbers.value(node), self.places)


def is_number(node: Node) -> bool:
    """Whether a formula is made of single numbers."""
    match node:
        case Decimal():
            return True
        case Atom():
            return bool(node.expr.is_Number) and not node.expr.has(Indexed)
        case Toned() | Minus() | Strong():
            return is_number(node.body)
        case Product():
            return all(is_number(f) for f in node.factors)
        case Plus():
            return all(is_number(t) for t in node.terms)
        case _:
            return False


def decimal(value: Any, places: int) -> Decimal:
    """Return a number with so many places, or with fewer where that is all it has."""
    text = mpmath.nstr(value, 50, min_fixed=-1000, max_fixed=1000)
    with mpmath.workdps(DIGITS):
        exact = abs(mpmath.mpf(decimal_digits(Decimal(text, places))) - value) < _EXACT
    return Decimal(text, places, bool(exact))


def given_values(sizes: Mapping[str, int]) -> dict[str, tuple[object, ...]]:
    """Return weights like a lecture's, of one decimal: 0.1, 0.2, -0.3, 0.4 and so on.

    Args:
        sizes: how many components each parameter has, by name, in order.
    """
    found: dict[str, tuple[object, ...]] = {}
    count = 0
    for name, size in sizes.items():
        values = []
        for _ in range(size):
            count += 1
            magnitude = (count - 1) % 9 + 1
            values.append(f"{'-' if count % 3 == 0 else ''}0.{magnitude}")
        found[name] = tuple(values)
    return found
