"""The order in which lines of update rules are written: that of textbooks."""

from typing import Any

from sympy import Add, Expr, Function, Indexed, Symbol

from gradscribe.catalog.update_lines import OLD
from gradscribe.symbols import factor_order


def term_place(term: Expr) -> tuple[object, ...]:
    """Return the place of a term in a sum: what was before the step, roots, symbols, numbers."""
    old = any(str(a.base).endswith(OLD) for a in term.atoms(Indexed))
    root = term.has(Function("sqrt"))
    alone = isinstance(term, Symbol | Indexed)
    places = (old, root, alone, term.is_number, True)
    return (term.could_extract_minus_sign(), places.index(True), str(term))


def factor_place(factor: Expr) -> tuple[object, ...]:
    """Return the place of a factor in a product: scalars, sums of these, then components."""
    if factor == Symbol("pi"):
        return (0, "")
    scalars = isinstance(factor, Add) and not factor.has(Indexed)
    return (2, str(factor)) if scalars else factor_order(factor)


# What a dialect of formulas is given.
ORDER: dict[str, Any] = {
    "terms": term_place,
    "factors": factor_place,
    "divisor_apart": False,
}
