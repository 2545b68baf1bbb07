"""A formula with numbers put in: sums written out, components replaced by rounded values.

What is substituted is the displayed tree itself, so the numbers stand where the symbols stood.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields, replace
from itertools import groupby
from typing import Any

import mpmath
import numpy as np
from sympy import Add, Expr, Function, Integer, Mul, Piecewise, Pow, Rational, Symbol, exp

from gradscribe.catalog.activations import U
from gradscribe.lecture.display import (
    Atom,
    Big,
    Call,
    Decimal,
    Diagonal,
    Grid,
    Minus,
    Node,
    Plus,
    Power,
    Product,
    Ratio,
    Slopes,
    Strong,
    Toned,
    Transposed,
    Whole,
)
from gradscribe.lecture.writing import bare
from gradscribe.model.network import Network
from gradscribe.notation import is_decimal
from gradscribe.symbols import ScalarFunction, term_order

SIGNIFICANT = 3  # digits that are shown of a small number at least
_LONG = 45  # digits of a number's text, more than are compared


def rebuilt(node: Node, change: Callable[[Node], Node]) -> Node:
    """Return a formula with each of its parts changed."""

    def part(value: Any) -> Any:
        if isinstance(value, Node):
            return change(value)
        return tuple(part(v) for v in value) if isinstance(value, tuple) else value

    parts = {f.name: part(getattr(node, f.name)) for f in fields(node)}
    return replace(node, **parts)


def instantiated(node: Node, values: Mapping[Symbol, Integer], sizes: Mapping[Symbol, int]) -> Node:
    """Return a formula with numbers for its indices, its sums written out term by term."""
    if isinstance(node, Atom):
        return Atom(node.expr.xreplace(dict(values)))
    if isinstance(node, Big):
        each = ({**values, node.index: Integer(k)} for k in range(1, sizes[node.last] + 1))
        return joined_terms(tuple(instantiated(node.body, inner, sizes) for inner in each))
    found = rebuilt(node, lambda part: instantiated(part, values, sizes))
    if isinstance(found, Plus):
        return joined_terms(found.terms)
    return joined_factors(found) if isinstance(found, Product) else found


def joined_terms(terms: tuple[Node, ...]) -> Node:
    """Return a sum without sums in it; one term alone as it is."""
    flat: list[Node] = []
    for term in terms:
        flat += term.terms if isinstance(term, Plus) else (term,)
    return flat[0] if len(flat) == 1 else Plus(tuple(flat))


def joined_factors(node: Product) -> Product:
    """Return a product without products in it."""
    flat: list[Node] = []
    for factor in node.factors:
        inner = isinstance(factor, Product) and factor.sign == node.sign
        flat += factor.factors if inner and isinstance(factor, Product) else (factor,)
    return Product(tuple(flat), node.sign)


def decimal(value: Any, places: int) -> Decimal:
    """Return a number rounded to so many places, or to more where it is small.

    Exact numbers, which have no more places, are shown without zeros at the end.
    """
    text = mpmath.nstr(mpmath.mpf(value), _LONG, min_fixed=-mpmath.inf, max_fixed=mpmath.inf)
    places = max(places, places_of(value))
    scaled = mpmath.mpf(value) * mpmath.mpf(10) ** places
    exact = abs(scaled - mpmath.nint(scaled)) < mpmath.mpf(10) ** -40
    return Decimal(text, places, exact=bool(exact))


def places_of(value: Any) -> int:
    """Return the decimal places that show the first few digits of a number."""
    if value == 0 or abs(value) < mpmath.mpf(10) ** -40:
        return 0
    return max(0, SIGNIFICANT - 1 - int(mpmath.floor(mpmath.log10(abs(value)))))


@dataclass(frozen=True)
class Substitution:
    """Puts numbers in the place of components.

    Attributes:
        network: the network.
        value: the value of a component, of a vector or of a matrix.
        places: decimal places of rounded numbers.
    """

    network: Network
    value: Callable[[Node], Any]
    places: int

    def numbers(self, node: Node) -> Node:
        """Return a formula with numbers for all components."""
        if isinstance(node, Atom):
            return self.atom(node.expr)
        if isinstance(node, Whole | Slopes | Diagonal | Transposed):
            return shown(self.value(node), self.places)
        found = rebuilt(node, self.numbers)
        if isinstance(found, Plus):
            return Plus((found.terms[0], *(subtracted(t) for t in found.terms[1:])))
        if isinstance(found, Product):
            return numeric_product(found)
        if isinstance(found, Minus):
            return positive(found.body) or found
        return found

    def atom(self, expr: Expr) -> Node:
        """Return the number that a component is, or a function of a number."""
        if expr.is_Number:
            return Atom(expr)
        if isinstance(expr, ScalarFunction) and expr.order == 0:
            return self.function(expr)
        return decimal(self.value(Atom(expr)), self.places)

    def function(self, expr: ScalarFunction) -> Node:
        """Return f(0.6) as its formula says it, or as f(0.6) where that is too much."""
        argument = decimal(self.value(Atom(expr.args[0])), self.places)
        entry = self.network.functions.get(expr.stem)
        if entry is None or entry.formula.has(Piecewise):
            return Call(expr.stem, argument)
        found = formula_of(entry.formula, argument)
        return Call(expr.stem, argument) if found is None else found


def numeric_product(node: Product) -> Product:
    """Return a product of numbers with signs between them; matrices need none."""
    factors = _factors(node)
    if not any(isinstance(bare(f), Grid) for f in factors):
        return Product(tuple(factors), "cdot")
    found: list[Node] = []
    for matrices, group in groupby(factors, key=lambda f: isinstance(bare(f), Grid)):
        run = tuple(group)
        found += run if matrices or len(run) == 1 else (Product(run, "cdot"),)
    return Product(tuple(found), node.sign)


def shown(value: Any, places: int) -> Node:
    """Return a number, or a matrix of numbers, rounded to so many places."""
    if not isinstance(value, np.ndarray):
        return decimal(value, places)
    return Grid(tuple(tuple(decimal(v, places) for v in row) for row in value))


def _factors(node: Product) -> list[Node]:
    """Return factors, a product within one colour as factors of that colour."""
    found: list[Node] = []
    for factor in node.factors:
        body = factor.body if isinstance(factor, Toned) else factor
        if isinstance(body, Product):
            tone = factor.tone if isinstance(factor, Toned) else None
            found += [Toned(tone, f) if tone else f for f in body.factors]
        else:
            found.append(factor)
    return found


def subtracted(term: Node) -> Node:
    """Return a term of a sum, subtracted where it starts with a negative number."""
    if isinstance(term, Minus):
        return term
    found = positive(term)
    return term if found is None else Minus(found)


def positive(node: Node) -> Node | None:
    """Return the negative of a formula that starts with a negative number; else None."""
    match node:
        case Toned() | Strong():
            inner = positive(node.body)
            return None if inner is None else replace(node, body=inner)
        case Product():
            first = positive(node.factors[0])
            return None if first is None else replace(node, factors=(first, *node.factors[1:]))
        case Decimal() if node.value.startswith("-"):
            return replace(node, value=node.value.removeprefix("-"))
        case Atom() if node.expr.is_Number and node.expr < 0:
            return Atom(-node.expr)
        case _:
            return None


def formula_of(expr: Expr, argument: Node) -> Node | None:
    """Return the formula of an activation function with its argument put in.

    None where it has something that is not written this way, such as cases or long decimals.
    """
    if any(map(is_decimal, expr.atoms(Rational))):
        return None
    match expr:
        case _ if expr == U:
            return argument
        case Integer() | Rational():
            return Atom(expr)
        case Add():
            return _sum(expr, argument)
        case Mul():
            return _product(expr, argument)
        case Pow() if expr.exp.is_Integer and expr.exp > 1:
            base = formula_of(expr.base, argument)
            return None if base is None else Power(base, int(expr.exp))
        case Pow() if expr.exp.is_Integer:
            below = formula_of(1 / expr, argument)
            return None if below is None else Ratio(Atom(Integer(1)), below)
        case Function() if len(expr.args) == 1 and not isinstance(expr, ScalarFunction):
            return _call(expr, argument)
        case _:
            return None


def _sum(expr: Expr, argument: Node) -> Node | None:
    terms = [formula_of(a, argument) for a in sorted(expr.args, key=term_order)]
    found = [t for t in terms if t is not None]
    return Plus(tuple(found)) if len(found) == len(terms) else None


def _product(expr: Expr, argument: Node) -> Node | None:
    if expr.could_extract_minus_sign():
        inner = formula_of(-expr, argument)
        if inner is None:
            return None
        return positive(inner) or Minus(inner)
    above, below = expr.as_numer_denom()
    if below != 1:
        parts = [formula_of(above, argument), formula_of(below, argument)]
        if parts[0] is None or parts[1] is None:
            return None
        return Ratio(parts[0], parts[1])
    factors = [formula_of(a, argument) for a in expr.args]
    found = [f for f in factors if f is not None]
    return Product(tuple(found), "cdot") if len(found) == len(factors) else None


def _call(expr: Expr, argument: Node) -> Node | None:
    name = "exp" if isinstance(expr, exp) else type(expr).__name__
    inner = formula_of(expr.args[0], argument)
    return Call(name, inner) if inner is not None and hasattr(mpmath, name) else None
