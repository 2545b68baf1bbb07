"""Formulas of single numbers that a user writes: `u/(1 + exp(-beta*u))`, `log(cosh(d - y))`.

A formula is read from Python's syntax tree by a list of what is allowed. Nothing is evaluated.
"""

import ast
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import mpmath
from sympy import (
    Expr,
    Piecewise,
    Pow,
    Rational,
    S,
    Symbol,
    acos,
    asin,
    asinh,
    atan,
    atanh,
    cos,
    cosh,
    exp,
    expand,
    lambdify,
    log,
    nan,
    oo,
    pi,
    piecewise_fold,
    sin,
    sinh,
    sqrt,
    tan,
    tanh,
    zoo,
)
from sympy.core.relational import Ge, Gt, Le, Lt, Relational

from gradscribe.catalog.activations import Activation, U
from gradscribe.catalog.losses import OUTPUTS, D, E, Loss, Y
from gradscribe.errors import InputError, nearest
from gradscribe.model.source import Field, quoted
from gradscribe.notation import SAMPLES
from gradscribe.table import Table

MAX_CHARACTERS, MAX_PARTS, MAX_DEPTH = 1000, 300, 60
MAX_EXPONENT = 64
_SYMBOLS = {"u": U, "d": D, "y": Y, "e": E}
_ALLOWED = "numbers, + - * / **, parentheses, where(a > b, c, d), and functions"


def _compared(
    comparison: Callable[[Expr, Expr], Relational], left: Expr, right: Expr
) -> Relational:
    """Return a comparison, of u with a number where it comes down to that."""
    difference = expand(left - right)
    factor, rest = difference.coeff(U, 1), difference.coeff(U, 0)
    if factor.is_number and factor != 0 and difference == factor * U + rest and rest.is_number:
        place = -rest / factor
        return comparison(U, place) if factor > 0 else comparison(place, U).reversed
    return comparison(left, right)


def _by_sign(a: Expr, value: Expr) -> Expr:
    """Return a value where a > 0, its negative where a < 0, else 0."""
    return _chosen(Gt, a, S.Zero, value, _chosen(Lt, a, S.Zero, -value, S.Zero))


def _chosen(
    comparison: Callable[[Expr, Expr], Relational],
    left: Expr,
    right: Expr,
    value: Expr,
    other: Expr,
) -> Expr:
    """Return one of two formulas by a comparison; cases of what is compared become cases of all."""
    difference = piecewise_fold(left - right)
    if isinstance(difference, Piecewise):
        return Piecewise(
            *((_chosen(comparison, d, S.Zero, value, other), when) for d, when in difference.args)
        )
    return Piecewise((value, _compared(comparison, left, right)), (other, True))


_COMPARISONS: Mapping[type, Callable[[Expr, Expr], Relational]] = {
    ast.Gt: Gt, ast.GtE: Ge, ast.Lt: Lt, ast.LtE: Le,
}  # fmt: skip
_OPERATIONS: Mapping[type, Callable[[Expr, Expr], Expr]] = {
    ast.Add: lambda a, b: a + b,
    ast.Sub: lambda a, b: a - b,
    ast.Mult: lambda a, b: a * b,
    ast.Div: lambda a, b: a / b,
}
_FUNCTIONS: Mapping[str, Callable[..., Expr]] = {
    "exp": exp, "log": log, "sqrt": sqrt, "sin": sin, "cos": cos, "tan": tan, "asin": asin,
    "acos": acos, "atan": atan, "sinh": sinh, "cosh": cosh, "tanh": tanh, "asinh": asinh,
    "atanh": atanh,
    "log1p": lambda a: log(1 + a),
    "expm1": lambda a: exp(a) - 1,
    # At its kink f′ is 0, as in PyTorch.
    "abs": lambda a: _by_sign(a, a),
    "sign": lambda a: _by_sign(a, S.One),
    "max": lambda a, b: _chosen(Gt, a, b, a, b),
    "min": lambda a, b: _chosen(Lt, a, b, a, b),
}  # fmt: skip
# Those that have all derivatives wherever they have a value.
SMOOTH: Mapping[str, Callable[..., Expr]] = {
    name: function
    for name, function in _FUNCTIONS.items()
    if name not in ("abs", "sign", "max", "min")
}
_ARGUMENTS = {"max": 2, "min": 2, "where": 3}
# Where a formula must have a value; a loss may be for probabilities alone.
_PLACES = (-3.0, -1.25, -0.5, 0.5, 1.25, 3.0)
_BETWEEN, _INSIDE = (0.25, 0.5, 0.75), (0.3, 0.45, 0.7)


@dataclass(frozen=True)
class OwnFormula:
    """A formula as it was read.

    Attributes:
        expr: the formula in the symbols of the catalog.
        text: the formula without blanks, its parameters put in.
    """

    expr: Expr
    text: str


def own_activation(name: str, formula: Field, read: OwnFormula) -> Activation:
    """Return the activation function of a formula in u.

    Raises:
        InputError: it has no value or no slope somewhere, or is a step.
    """
    slopes = _slopes(formula, read.expr, U, _PLACES)
    if not any(slopes):
        raise formula.error("a step or a constant has no derivative to learn from")
    return Activation(name, read.expr, read.text)


def own_loss(name: str, formula: Field, read: OwnFormula) -> Loss:
    """Return the loss whose term for one output is a formula in d and y, or in e = d - y.

    Raises:
        InputError: it does not depend on y, or has no value where d and y are between 0 and 1.
    """
    error = D - Y if E in read.expr.free_symbols else None
    meaning = f"mean of {read.text} over samples and outputs"
    loss = Loss(name, read.expr, 1 / (SAMPLES * OUTPUTS), meaning, error)
    slopes = [s for d in _BETWEEN for s in _slopes(formula, loss.whole.subs(D, d), Y, _INSIDE)]
    if not any(slopes):
        raise formula.error("the loss does not depend on y", allowed="a formula in d, y and e")
    return loss


def is_of_activation(read: OwnFormula) -> bool:
    """Whether a formula is one in u."""
    return U in read.expr.free_symbols


def _slopes(
    formula: Field, expr: Expr, symbol: Symbol, places: tuple[float, ...]
) -> list[mpmath.mpf]:
    """Return slopes of a formula at some places, by differences."""
    function = lambdify(symbol, expr, "mpmath")
    found = []
    for place in places:
        try:
            value, slope = function(mpmath.mpf(place)), mpmath.diff(function, place)
            real = all(mpmath.im(v) == 0 and mpmath.isfinite(v) for v in (value, slope))
        except (ZeroDivisionError, ValueError):
            real = False
        if not real:
            raise formula.error(f"the formula or its slope has no value at {symbol} = {place:g}")
        found.append(slope)
    return found


def read_formula(
    formula: Field,
    activations: Table[Activation],
    parameters: Mapping[str, int | float] | None = None,
) -> OwnFormula:
    """Return a formula as an expression.

    Args:
        formula: the text.
        activations: functions that it may use by name, too.
        parameters: names that stand for numbers.

    Raises:
        InputError: it is not written as a formula, or names something that is not known.
    """
    text = formula.word
    if len(text) > MAX_CHARACTERS or not text.isascii() or not text.isprintable():
        raise formula.error(
            f"the formula has {len(text)} characters, or others than ASCII",
            allowed=f"at most {MAX_CHARACTERS} printable ASCII characters",
        )
    try:
        tree = ast.parse(text.strip(), mode="eval").body
    except (SyntaxError, ValueError, MemoryError, RecursionError) as error:
        at = getattr(error, "offset", None)
        where = f" at character {at}" if at else ""
        raise formula.error(f"this is not a formula{where}", allowed=_ALLOWED) from None
    if sum(1 for _ in ast.walk(tree)) > MAX_PARTS:
        raise formula.error("the formula is too long", allowed=f"{MAX_PARTS} parts")
    reader = _Reader(formula, activations, parameters or {})
    expr = reader.expr(tree, 0)
    _check_finite(formula, expr)
    kinds = expr.free_symbols
    if not kinds or (U in kinds and len(kinds) > 1):
        raise formula.error(
            "the formula is neither in u nor in d and y",
            allowed="u for an activation function; d, y and e = d - y for a loss",
        )
    return OwnFormula(expr, ast.unparse(reader.plain(tree)).replace(" ", ""))


def _check_finite(formula: Field, expr: Expr) -> None:
    if expr.has(zoo, nan, oo, S.NegativeInfinity):
        raise formula.error("a part of the formula is infinite or no number")


class _Reader:
    """Turns a syntax tree into an expression."""

    def __init__(
        self, formula: Field, activations: Table[Activation], parameters: Mapping[str, int | float]
    ) -> None:
        self.formula = formula
        self.activations = activations
        self.parameters = parameters

    def error(self, node: ast.expr, what: str, **more: str | None) -> InputError:
        at = self.formula.at
        place = None if at is None else at + node.col_offset
        return Field(ast.unparse(node)[:60], self.formula.source, place).error(what, **more)

    def expr(self, node: ast.expr, depth: int) -> Expr:
        """Return the expression of a tree."""
        if depth > MAX_DEPTH:
            raise self.error(node, "the formula is nested too deeply")
        match node:
            case ast.Constant(value=int() | float() as value) if not isinstance(value, bool):
                return self.number(node, value)
            case ast.Name(id=name):
                return self.name(node, name)
            case ast.UnaryOp(op=ast.USub(), operand=inner):
                return -self.expr(inner, depth + 1)
            case ast.UnaryOp(op=ast.UAdd(), operand=inner):
                return self.expr(inner, depth + 1)
            case ast.BinOp(left=left, op=ast.Pow(), right=right):
                return self.power(node, self.expr(left, depth + 1), self.expr(right, depth + 1))
            case ast.BinOp(left=left, op=op, right=right) if type(op) in _OPERATIONS:
                a, b = self.expr(left, depth + 1), self.expr(right, depth + 1)
                return _OPERATIONS[type(op)](a, b)
            case ast.IfExp(test=test, body=body, orelse=other):
                return self.cases(test, body, other, depth)
            case ast.Call(func=ast.Name(id=name), args=arguments, keywords=[]):
                return self.call(node, name, arguments, depth)
        allowed = f"{_ALLOWED}: {', '.join(self.functions)}"
        raise self.error(node, "this cannot stand in a formula", allowed=allowed)

    @property
    def functions(self) -> list[str]:
        """The names of functions that there are."""
        return [*_FUNCTIONS, "where", *self.activations]

    def number(self, node: ast.expr, value: float) -> Expr:
        """Return a number as a fraction."""
        if not abs(value) < 1e30 or (value and abs(value) < 1e-30):
            raise self.error(node, "the number is too large or too small", allowed="1e-30 to 1e30")
        return Rational(repr(value))

    def name(self, node: ast.expr, name: str) -> Expr:
        """Return a variable, a parameter's number or π."""
        if name in self.parameters:
            return Rational(repr(self.parameters[name]))
        if name == "pi":
            return pi
        if name in _SYMBOLS:
            return _SYMBOLS[name]
        known = (*_SYMBOLS, "pi", *self.parameters)
        near = nearest(name, (*known, *self.functions))
        what = f"unknown name {quoted(name)}"
        raise self.error(node, what, allowed=", ".join(known), nearest=near)

    def power(self, node: ast.expr, base: Expr, exponent: Expr) -> Expr:
        """Return a power with a small exponent, or one of a positive number."""
        if exponent.is_Rational and abs(exponent) <= MAX_EXPONENT:
            return Pow(base, exponent)
        if base.is_Rational and 0 < base <= MAX_EXPONENT and exponent.free_symbols:
            return exp(exponent * log(base))
        raise self.error(
            node,
            "the power cannot be taken",
            allowed=f"an exponent of at most {MAX_EXPONENT}, or a positive number as the base",
        )

    def cases(self, test: ast.expr, body: ast.expr, other: ast.expr, depth: int) -> Expr:
        """Return one of two formulas."""
        if not (isinstance(test, ast.Compare) and len(test.ops) == 1):
            raise self.error(test, "a condition is one comparison", allowed="a > b, a >= b, …")
        sides = [self.expr(side, depth + 1) for side in (test.left, *test.comparators)]
        if type(test.ops[0]) not in _COMPARISONS:
            raise self.error(test, "this is no comparison of numbers", allowed="> >= < <=")
        if not (sides[0] - sides[1]).free_symbols:
            raise self.error(test, "the condition is always the same")
        value, rest = (self.expr(part, depth + 1) for part in (body, other))
        return _chosen(_COMPARISONS[type(test.ops[0])], sides[0], sides[1], value, rest)

    def call(self, node: ast.expr, name: str, arguments: list[ast.expr], depth: int) -> Expr:
        """Return a function's value."""
        if name not in self.functions:
            raise self.error(
                node,
                f"unknown function {quoted(name)}",
                allowed=", ".join(self.functions),
                nearest=nearest(name, self.functions),
            )
        count = _ARGUMENTS.get(name, 1)
        if len(arguments) != count:
            raise self.error(
                node, f"{name} takes {count} argument{'s' * (count > 1)}, not {len(arguments)}"
            )
        if name == "where":
            test, body, other = arguments
            return self.cases(test, body, other, depth)
        values = [self.expr(a, depth + 1) for a in arguments]
        if name in _FUNCTIONS:
            return _FUNCTIONS[name](*values)
        return self.activations[name].formula.subs(U, values[0])

    def plain(self, tree: ast.expr) -> ast.expr:
        """Return the tree with numbers for parameters and `where` for conditions."""
        plain: ast.expr = _Plain(self.parameters).visit(tree)
        return ast.fix_missing_locations(plain)


class _Plain(ast.NodeTransformer):
    def __init__(self, parameters: Mapping[str, int | float]) -> None:
        self.parameters = parameters

    def visit_Name(self, node: ast.Name) -> ast.expr:
        value = self.parameters.get(node.id)
        return node if value is None else _constant(value)

    def visit_IfExp(self, node: ast.IfExp) -> ast.expr:
        self.generic_visit(node)
        name = ast.Name("where", ast.Load())
        return ast.Call(name, [node.test, node.body, node.orelse], [])


def _constant(value: float) -> ast.expr:
    """Return a number as a tree; a negative one has a sign of its own."""
    positive = ast.Constant(abs(value))
    return ast.UnaryOp(ast.USub(), positive) if value < 0 else positive
