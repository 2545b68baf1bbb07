"""Formulas of single numbers that a user writes: `u/(1 + exp(-beta*u))`, `log(cosh(d - y))`.

A formula is read from Python's syntax tree by a list of what is allowed. Nothing is evaluated.
"""

import ast
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

import mpmath
from sympy import (
    Dummy,
    Expr,
    Pow,
    Rational,
    S,
    Symbol,
    exp,
    expand,
    lambdify,
    log,
    nan,
    oo,
    pi,
    piecewise_fold,
    zoo,
)

from gradscribe.catalog.activations import Activation, U
from gradscribe.catalog.constants import Constant
from gradscribe.catalog.losses import OUTPUTS, D, E, Loss, Y
from gradscribe.errors import InputError, nearest
from gradscribe.model.formula_words import (
    ARGUMENTS,
    COMPARISONS,
    FUNCTIONS,
    OPERATIONS,
    by_comparison,
    hyperbolic,
)
from gradscribe.model.reserved import check_learned
from gradscribe.model.setting import Setting
from gradscribe.model.source import Field, quoted
from gradscribe.notation import SAMPLES
from gradscribe.table import Table

MAX_CHARACTERS, MAX_PARTS, MAX_DEPTH = 1000, 300, 60
MAX_EXPONENT = 64
_SYMBOLS = {"u": U, "d": D, "y": Y, "e": E}
_ALLOWED = "numbers, + - * / **, parentheses, where(a > b, c, d), and functions"


# Where a formula must have a value; a loss may be for probabilities alone.
_PLACES = (-3.0, -1.25, -0.5, 0.5, 1.25, 3.0)
_BETWEEN, _INSIDE = (0.25, 0.5, 0.75), (0.3, 0.45, 0.7)


@dataclass(frozen=True)
class OwnFormula:
    """A formula as it was read.

    Attributes:
        expr: the formula in the symbols of the catalog and of learned numbers.
        text: the formula without blanks, its numbers put in but for those that are learned.
        learned: the learned numbers in it.
    """

    expr: Expr
    text: str
    learned: tuple[Constant, ...] = ()

    @property
    def at_start(self) -> Expr:
        """The formula with the numbers at which learning starts."""
        return self.expr.xreplace({c.symbol: c.value for c in self.learned})


def own_activation(name: str, formula: Field, read: OwnFormula) -> Activation:
    """Return the activation function of a formula in u.

    Raises:
        InputError: it has no value or no slope somewhere, or is a step.
    """
    slopes = _slopes(formula, read.at_start, U, _PLACES)
    if not any(slopes):
        raise formula.error("a step or a constant has no derivative to learn from")
    return Activation(name, read.expr, read.text, read.learned)


def own_loss(name: str, formula: Field, read: OwnFormula) -> Loss:
    """Return the loss whose term for one output is a formula in d and y, or in e = d - y.

    Raises:
        InputError: it does not depend on y, or has no value where d and y are between 0 and 1.
    """
    error = D - Y if E in read.expr.free_symbols else None
    meaning = f"mean of {read.text} over samples and outputs"
    factor = 1 / (SAMPLES * OUTPUTS)
    loss = Loss(name, read.expr, factor, meaning, error, constants=read.learned)
    whole = replace(loss, form=read.at_start).whole
    slopes = [s for d in _BETWEEN for s in _slopes(formula, whole.subs(D, d), Y, _INSIDE)]
    if not any(slopes):
        raise formula.error("the loss does not depend on y", allowed="a formula in d, y and e")
    for constant in read.learned:
        other = loss.whole.xreplace({constant.symbol: Dummy("other", real=True)})
        if expand(loss.whole - other).free_symbols.isdisjoint({D, Y}):
            raise formula.error(
                f"nothing can be learned of {constant.name}: the loss changes with it by what has "
                "neither d nor y in it"
            )
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
    numbers: Iterable[Setting] = (),
) -> OwnFormula:
    """Return a formula as an expression.

    Args:
        formula: the text.
        activations: functions that it may use by name, too.
        numbers: names that stand for numbers, or for parameters that start at one.

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
    numbers = tuple(numbers)
    for number in numbers:
        _check_number(number, activations)
    learned = tuple(Constant(n.key, n.number, learned=True) for n in numbers if n.learned)
    reader = _Reader(
        formula,
        activations,
        {n.key: n.plain for n in numbers if not n.learned},
        {c.name: c.symbol for c in learned},
    )
    expr = hyperbolic(reader.expr(tree, 0))
    _check_finite(formula, expr)
    idle = [n for n in numbers if n.key not in reader.read]
    if idle:
        raise idle[0].key_field.error(f"{quoted(idle[0].key)} does not stand in the formula")
    kinds = expr.free_symbols - {c.symbol for c in learned}
    if not kinds or (U in kinds and len(kinds) > 1):
        raise formula.error(
            "the formula is neither in u nor in d and y",
            allowed="u for an activation function; d, y and e = d - y for a loss",
        )
    text = ast.unparse(reader.plain(tree)).replace(" ", "")
    return OwnFormula(expr, text, learned)


def _check_number(number: Setting, activations: Table[Activation]) -> None:
    """Check that a number in a formula may have its name.

    Raises:
        InputError: it is one of the formula's own names, or its parameters could have no name.
    """
    name = number.key
    if name in (*_SYMBOLS, "pi", "where", *FUNCTIONS, *activations):
        raise number.key_field.error(f"{quoted(name)} has a meaning in formulas already")
    if number.learned:
        check_learned(number.key_field)


def _check_finite(formula: Field, expr: Expr) -> None:
    if piecewise_fold(expr).has(zoo, nan, oo, S.NegativeInfinity):
        raise formula.error(
            "a part of the formula is infinite or no number",
            allowed="parts that are finite for each number, also where abs and sign are 0: "
            "where(u>0,log(u),where(u<0,log(-u),0))",
        )


class _Reader:
    """Turns a syntax tree into an expression."""

    def __init__(
        self,
        formula: Field,
        activations: Table[Activation],
        parameters: Mapping[str, float],
        learned: Mapping[str, Symbol],
    ) -> None:
        self.formula = formula
        self.activations = activations
        self.parameters = parameters
        self.learned = learned
        self.read: set[str] = set()

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
            case ast.BinOp(left=left, op=op, right=right) if type(op) in OPERATIONS:
                a, b = self.expr(left, depth + 1), self.expr(right, depth + 1)
                return OPERATIONS[type(op)](a, b)
            case ast.IfExp(test=test, body=body, orelse=other):
                return self.cases(test, body, other, depth)
            case ast.Call(func=ast.Name(id=name), args=arguments, keywords=[]):
                return self.call(node, name, arguments, depth)
        allowed = f"{_ALLOWED}: {', '.join(self.functions)}"
        raise self.error(node, "this cannot stand in a formula", allowed=allowed)

    @property
    def functions(self) -> list[str]:
        """The names of functions that there are."""
        return [*FUNCTIONS, "where", *self.activations]

    def number(self, node: ast.expr, value: float) -> Expr:
        """Return a number as a fraction."""
        if not abs(value) < 1e30 or (value and abs(value) < 1e-30):
            raise self.error(node, "the number is too large or too small", allowed="1e-30 to 1e30")
        return Rational(repr(value))

    def name(self, node: ast.expr, name: str) -> Expr:
        """Return a variable, a number by its name or π."""
        self.read.add(name)
        if name in self.parameters:
            return Rational(repr(self.parameters[name]))
        if name in self.learned:
            return self.learned[name]
        if name == "pi":
            return pi
        if name in _SYMBOLS:
            return _SYMBOLS[name]
        known = (*_SYMBOLS, "pi", *self.parameters, *self.learned)
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
        if type(test.ops[0]) not in COMPARISONS:
            raise self.error(test, "this is no comparison of numbers", allowed="> >= < <=")
        if not (sides[0] - sides[1]).free_symbols:
            raise self.error(test, "the condition is always the same")
        value, rest = (self.expr(part, depth + 1) for part in (body, other))
        return by_comparison(COMPARISONS[type(test.ops[0])], sides[0], sides[1], value, rest)

    def call(self, node: ast.expr, name: str, arguments: list[ast.expr], depth: int) -> Expr:
        """Return a function's value."""
        if name not in self.functions:
            raise self.error(
                node,
                f"unknown function {quoted(name)}",
                allowed=", ".join(self.functions),
                nearest=nearest(name, self.functions),
            )
        count = ARGUMENTS.get(name, 1)
        if len(arguments) != count:
            raise self.error(
                node, f"{name} takes {count} argument{'s' * (count > 1)}, not {len(arguments)}"
            )
        if name == "where":
            test, body, other = arguments
            return self.cases(test, body, other, depth)
        values = [self.expr(a, depth + 1) for a in arguments]
        if name in FUNCTIONS:
            return FUNCTIONS[name](*values)
        entry = self.activations[name]
        if entry.written_out:
            raise self.error(
                node, f"{name} cannot stand in a formula: it reads more than one number"
            )
        return entry.formula.subs(U, values[0])

    def plain(self, tree: ast.expr) -> ast.expr:
        """Return the tree with numbers for parameters and `where` for conditions."""
        plain: ast.expr = _Plain(self.parameters).visit(tree)
        return ast.fix_missing_locations(plain)


class _Plain(ast.NodeTransformer):
    def __init__(self, parameters: Mapping[str, float]) -> None:
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
