"""Numbers in which a derivation is executed: exact ones, and pairs that carry a derivative."""

from dataclasses import dataclass
from fractions import Fraction
from typing import Any

PRIME = 2**61 - 1


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
