"""An expression in index notation becomes nested Python functions on multi-precision numbers.

Walking a SymPy tree for every component is a thousand times too slow; a tree of closures
is not. The numbers are mpmath's: an exponential of ±1000 is a number like any other.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import reduce
from operator import add, mul
from typing import Any

from mpmath.ctx_mp import MPContext
from sympy import (
    Abs,
    Add,
    Expr,
    Indexed,
    KroneckerDelta,
    Max,
    Min,
    Mul,
    Number,
    NumberSymbol,
    Piecewise,
    Pow,
    Sum,
    Symbol,
    exp,
    sign,
)
from sympy.core.function import Function
from sympy.core.relational import Relational
from sympy.logic.boolalg import And, BooleanAtom, Not, Or

from gradscribe.catalog.activations import Activation, U
from gradscribe.errors import DerivationError, InputError
from gradscribe.symbols import ScalarFunction

Value = Any  # an integer or a real or complex number of mpmath
Component = tuple[str, tuple[int, ...]]
Read = Callable[[Component], Value]
Places = Mapping[Symbol, Value]
Closure = Callable[[Read, Places], Value]
Slope = Callable[["Compiler", Activation, Value], Value]

DIGITS = 50
STEP_DIGITS = 30  # the complex step is 10**-30; its error, h², is below the last digit


@dataclass(frozen=True)
class Loop:
    """One index of a sum with its limits."""

    index: Symbol
    first: Closure
    last: Closure


@dataclass(frozen=True)
class Term:
    """A summand of a right side, repeated over the loops that stand around it.

    Attributes:
        loops: the sums around it, outermost first.
        value: the summand.
        bends: whether an activation function occurs in it, which can saturate.
    """

    loops: tuple[Loop, ...]
    value: Closure
    bends: bool

    def places(self, places: Places, depth: int = 0) -> Iterator[Places]:
        """Yield the places of every repetition."""
        if depth == len(self.loops):
            yield places
            return
        loop = self.loops[depth]
        first, last = loop.first(_no_component, places), loop.last(_no_component, places)
        for number in range(int(first), int(last) + 1):
            yield from self.places({**places, loop.index: number}, depth + 1)


@dataclass(frozen=True)
class Compiler:
    """Makes closures of expressions.

    Attributes:
        functions: the activation of each function name that occurs.
        slopes: what to take instead of f′ for some of them: how a wrong gradient is made
            on purpose, to compare another one with it.
        context: the arithmetic; its own, so that nobody else's precision is changed.
    """

    functions: Mapping[str, Activation | None]
    slopes: Mapping[str, Slope] = field(default_factory=dict)
    context: MPContext = field(default_factory=MPContext)

    def __post_init__(self) -> None:
        self.context.dps = DIGITS

    @property
    def step(self) -> Value:
        """The size of the complex step."""
        return self.context.mpf(10) ** -STEP_DIGITS

    def terms(self, expr: Expr, loops: tuple[Loop, ...] = ()) -> tuple[Term, ...]:
        """Split a right side into summands: the derivative of a sum is that of its terms."""
        if isinstance(expr, Add):
            return tuple(term for part in expr.args for term in self.terms(part, loops))
        if isinstance(expr, Sum):
            around = tuple(self.loop(*limit) for limit in reversed(expr.limits))
            return self.terms(expr.function, loops + around)
        opened = _opened(expr)
        if opened is not None:
            return self.terms(opened, loops)
        return (Term(loops, self.closure(expr), bool(expr.atoms(ScalarFunction, exp))),)

    def loop(self, index: Symbol, first: Expr, last: Expr) -> Loop:
        """Return one index of a sum."""
        return Loop(index, self.closure(first), self.closure(last))

    def closure(self, expr: Any) -> Closure:
        """Return the function that evaluates an expression."""
        for kind, make in _KINDS:
            if isinstance(expr, kind):
                return make(self, expr)
        raise DerivationError(f"the check has no case for {type(expr).__name__} in {expr}")

    def activation(self, stem: str) -> Callable[[Value], Value]:
        """Return f, with another slope if one is asked for."""
        entry = self.functions.get(stem)
        if entry is None:
            raise InputError(f"the function {stem} is not bound to an activation")
        formula = self.closure(entry.formula)

        def function(u: Value) -> Value:
            return formula(_no_component, {U: u})

        slope = self.slopes.get(stem)
        if slope is None:
            return function

        def bent(u: Value) -> Value:
            real, moved = self.context.re(u), self.context.im(u)
            if not moved:
                return function(real)
            return self.context.mpc(function(real), moved * slope(self, entry, real))

        return bent

    def value(self, entry: Activation, u: Value) -> Value:
        """Return f(u)."""
        return self.closure(entry.formula)(_no_component, {U: u})

    def slope(self, entry: Activation, u: Value) -> Value:
        """Return f′(u) = Im f(u + ih) / h."""
        formula = self.closure(entry.formula)
        moved = self.context.mpc(u, self.step)
        return self.context.im(formula(_no_component, {U: moved})) / self.step


def _opened(expr: Expr) -> Expr | None:
    """Return c Σ t as Σ c t and c (a + b) as c a + c b, or None where that is not the form."""
    if not isinstance(expr, Mul):
        return None
    for position, part in enumerate(expr.args):
        rest = Mul(*expr.args[:position], *expr.args[position + 1 :])
        if isinstance(part, Add) and part.has(Sum):
            return Add(*(rest * summand for summand in part.args))
        if isinstance(part, Sum) and not rest.has(*part.variables):
            return part.func(rest * part.function, *part.limits)
    return None


def _no_component(component: Component) -> Value:
    """Stand for the reader where no component of a variable can occur."""
    raise DerivationError(f"{component[0]} cannot occur in a limit or in an activation's formula")


def _number(compiler: Compiler, expr: Expr) -> Closure:
    if expr.is_Integer:
        value: Value = int(expr)
    elif expr.is_Rational:
        value = compiler.context.mpf(int(expr.p)) / int(expr.q)
    elif expr.is_Float:
        value = compiler.context.mpf(float(expr))  # the float that a generated module holds
    else:
        value = compiler.context.mpf(str(expr.evalf(DIGITS + 10)))
    return lambda _read, _places: value


def _symbol(_compiler: Compiler, expr: Symbol) -> Closure:
    component: Component = (expr.name, ())

    def value(read: Read, places: Places) -> Value:
        return places[expr] if expr in places else read(component)

    return value


def _indexed(compiler: Compiler, expr: Indexed) -> Closure:
    name = str(expr.base)
    if all(isinstance(k, Symbol) for k in expr.indices):
        symbols = expr.indices
        return lambda read, places: read((name, tuple([places[k] for k in symbols])))
    indices = [compiler.closure(k) for k in expr.indices]
    return lambda read, places: read((name, tuple([int(k(read, places)) for k in indices])))


def _sum(compiler: Compiler, expr: Sum) -> Closure:
    terms = compiler.terms(expr)

    def value(read: Read, places: Places) -> Value:
        return sum((t.value(read, p) for t in terms for p in t.places(places)), 0)

    return value


def _folded(operation: Callable[[Value, Value], Value]) -> Callable[[Compiler, Expr], Closure]:
    def make(compiler: Compiler, expr: Expr) -> Closure:
        parts = [compiler.closure(a) for a in expr.args]
        return lambda read, places: reduce(operation, [p(read, places) for p in parts])

    return make


def _power(compiler: Compiler, expr: Pow) -> Closure:
    base = compiler.closure(expr.base)
    if expr.exp.is_Integer:
        whole = int(expr.exp)
        one = compiler.context.mpf(1)
        # `one` keeps 1/N from becoming a Python float
        return lambda read, places: (one * base(read, places)) ** whole
    exponent = compiler.closure(expr.exp)
    number = compiler.context.convert
    return lambda read, places: number(base(read, places)) ** number(exponent(read, places))


def _delta(compiler: Compiler, expr: KroneckerDelta) -> Closure:
    left, right = (compiler.closure(a) for a in expr.args[:2])
    return lambda read, places: int(left(read, places) == right(read, places))


def _scalar_function(compiler: Compiler, expr: ScalarFunction) -> Closure:
    if expr.order:
        raise DerivationError(f"{expr} is a derivative: not a forward equation")
    function, argument = compiler.activation(expr.stem), compiler.closure(expr.args[0])
    return lambda read, places: function(argument(read, places))


def _function(compiler: Compiler, expr: Expr) -> Closure:
    """Return exp, log, tanh, …: mpmath calls them as SymPy does."""
    function = getattr(compiler.context, expr.func.__name__, None)
    if function is None:
        raise DerivationError(f"the check cannot evaluate {expr.func.__name__}")
    arguments = [compiler.closure(a) for a in expr.args]
    return lambda read, places: function(*[a(read, places) for a in arguments])


def _choice(keep: Callable[[Value, Value], bool]) -> Callable[[Compiler, Expr], Closure]:
    """Return max or min: the branch at the point, so that a complex step passes through."""

    def make(compiler: Compiler, expr: Expr) -> Closure:
        parts, real = [compiler.closure(a) for a in expr.args], compiler.context.re

        def value(read: Read, places: Places) -> Value:
            values = [p(read, places) for p in parts]
            return reduce(lambda a, b: a if keep(real(a), real(b)) else b, values)

        return value

    return make


def _absolute(compiler: Compiler, expr: Abs) -> Closure:
    argument, real = compiler.closure(expr.args[0]), compiler.context.re

    def value(read: Read, places: Places) -> Value:
        number = argument(read, places)
        return number if real(number) >= 0 else -number

    return value


def _sign(compiler: Compiler, expr: sign) -> Closure:
    argument, context = compiler.closure(expr.args[0]), compiler.context
    return lambda read, places: context.sign(context.re(argument(read, places)))


def _piecewise(compiler: Compiler, expr: Piecewise) -> Closure:
    pieces = [(compiler.closure(e), compiler.closure(c)) for e, c in expr.args]

    def value(read: Read, places: Places) -> Value:
        return next(e(read, places) for e, c in pieces if c(read, places))

    return value


def _relation(compiler: Compiler, expr: Relational) -> Closure:
    left, right = (compiler.closure(a) for a in expr.args)
    real, compare = compiler.context.re, _COMPARISONS[expr.rel_op]
    return lambda read, places: compare(real(left(read, places)), real(right(read, places)))


def _boolean(compiler: Compiler, expr: Expr) -> Closure:
    parts = [compiler.closure(a) for a in expr.args]
    if isinstance(expr, Not):
        return lambda read, places: not parts[0](read, places)
    combine = all if isinstance(expr, And) else any
    return lambda read, places: combine(p(read, places) for p in parts)


def _truth(_compiler: Compiler, expr: BooleanAtom) -> Closure:
    value = bool(expr)
    return lambda _read, _places: value


_COMPARISONS: Mapping[str, Callable[[Value, Value], bool]] = {
    "<": lambda a, b: bool(a < b),
    "<=": lambda a, b: bool(a <= b),
    ">": lambda a, b: bool(a > b),
    ">=": lambda a, b: bool(a >= b),
    "==": lambda a, b: bool(a == b),
    "!=": lambda a, b: bool(a != b),
}

_KINDS: tuple[tuple[Any, Callable[[Compiler, Any], Closure]], ...] = (
    ((Number, NumberSymbol), _number),
    (Symbol, _symbol),
    (Indexed, _indexed),
    (Sum, _sum),
    (Add, _folded(add)),
    (Mul, _folded(mul)),
    (Pow, _power),
    (KroneckerDelta, _delta),
    (ScalarFunction, _scalar_function),
    (Piecewise, _piecewise),
    (Max, _choice(lambda a, b: bool(a >= b))),
    (Min, _choice(lambda a, b: bool(a <= b))),
    (Abs, _absolute),
    (sign, _sign),
    (Relational, _relation),
    ((And, Or, Not), _boolean),
    (BooleanAtom, _truth),
    (Function, _function),
)
