"""How exact the rounded numbers in a formula are."""

from decimal import Decimal as DecimalNumber
from typing import Any

import mpmath

from gradscribe.lecture.display import Decimal, Node, children
from gradscribe.lecture.writing import decimal_digits

LEAST = mpmath.mpf(10) ** -30  # what exact numbers may differ by


def within(result: Node) -> Any:
    """Return what a computation with rounded numbers may differ by from a result that is shown.

    Less than a unit in the last place: sums of rounded numbers can be off by exactly one, which
    is a wrong digit.
    """
    return max(unit_in(result) - LEAST, LEAST)


def unit_in(node: Node) -> Any:
    """Return the largest unit in the last place of the rounded numbers in a formula."""
    return max([unit_of(node), *(unit_in(c) for c in children(node))])


def unit_of(node: Node) -> Any:
    """Return a unit in the last place of what is shown of a result, 0 for exact numbers."""
    found = [mpmath.mpf(0)]
    if isinstance(node, Decimal) and not node.exact:
        digits = decimal_digits(node)
        places = max(0, -int(DecimalNumber(digits).as_tuple().exponent))
        found.append(mpmath.mpf(10) ** -places)
    return max(found)
