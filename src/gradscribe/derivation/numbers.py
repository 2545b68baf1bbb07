"""Numbers in which a derivation is executed: exact ones, and pairs that carry a derivative."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import mpmath
from sympy import Add, Expr, Indexed, Mul, Pow, Rational, Sum, Symbol

from gradscribe.symbols import ScalarFunction

PRIME = 2**61 - 1
DIGITS = 40
_TOLERANCE = mpmath.mpf(10) ** -25
_DEEP = 8  # from this many layers on, fractions are replaced by residues


@dataclass(frozen=True)
class Residue:
    """A rational number modulo a large prime: exact arithmetic that does not grow.

    Two different rational expressions agree at a random point with probability below
    their degree / 2⁶¹ (Schwartz 1980, corollary 1).
    """

    value: int

    @staticmethod
    def of(number: Fraction | int) -> "Residue":
        """Return a rational number as a residue."""
        exact = Fraction(number)
        return Residue(exact.numerator * pow(exact.denominator, -1, PRIME) % PRIME)

    def __add__(self, other: Any) -> Any:
        if not isinstance(other, Residue):
            return NotImplemented
        return Residue((self.value + other.value) % PRIME)

    def __mul__(self, other: Any) -> Any:
        if not isinstance(other, Residue):
            return NotImplemented
        return Residue(self.value * other.value % PRIME)

    def __pow__(self, exponent: int) -> "Residue":
        return Residue(pow(self.value, exponent, PRIME))


@dataclass(frozen=True)
class Dual:
    """value + slope·ε with ε² = 0: arithmetic on it differentiates exactly.

    It shares nothing with the rules that it is to check.
    """

    value: Any
    slope: Any

    def __add__(self, other: "Dual") -> "Dual":
        return Dual(self.value + other.value, self.slope + other.slope)

    def __mul__(self, other: "Dual") -> "Dual":
        slope = self.value * other.slope + self.slope * other.value
        return Dual(self.value * other.value, slope)

    def power(self, exponent: int, one: Any) -> "Dual":
        """Return an integer power, by multiplication (and one division for a negative one)."""
        result = Dual(one, one + one * _minus(one))
        for _ in range(abs(exponent)):
            result = result * self
        if exponent >= 0:
            return result
        inverse = result.value ** (-1)
        return Dual(inverse, _minus(one) * inverse * inverse * result.slope)


def _minus(one: Any) -> Any:
    """Return -1 in the numbers that `one` is of."""
    return Residue(PRIME - 1) if isinstance(one, Residue) else -one


@dataclass(frozen=True)
class Numbers:
    """One kind of numbers: how to make one of a fraction, when two are equal, if exactly so."""

    name: str
    of: Callable[[Fraction], Any]
    equal: Callable[[Any, Any], bool]
    exact: bool = True


_FRACTIONS = Numbers("fractions", Fraction, lambda a, b: bool(a == b))
RESIDUES = Numbers("residues modulo 2⁶¹ − 1", Residue.of, lambda a, b: bool(a == b))
_DECIMALS = Numbers(
    f"{DIGITS} digits",
    lambda q: mpmath.mpf(q.numerator) / q.denominator,
    lambda a, b: bool(abs(a - b) <= _TOLERANCE * (1 + abs(a))),
    exact=False,
)


def numbers_for(sides: Sequence[Expr]) -> Numbers:
    """Return the numbers in which these right sides of equations can be computed exactly."""
    if not all(_is_rational(right) for right in sides):
        return _DECIMALS
    functions = sum(right.has(ScalarFunction) for right in sides)
    return RESIDUES if functions >= _DEEP else _FRACTIONS


def _is_rational(expr: Expr) -> bool:
    """Whether an expression only adds, multiplies and takes integer powers of components."""
    if isinstance(expr, Pow) and not expr.exp.is_Integer:
        return False
    known = Add | Mul | Pow | Sum | ScalarFunction
    if isinstance(expr, known):
        return all(_is_rational(a) for a in (expr.args[:1] if isinstance(expr, Sum) else expr.args))
    return isinstance(expr, Indexed | Symbol | Rational)
