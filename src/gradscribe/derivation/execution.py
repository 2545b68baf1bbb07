"""Evaluating equations in index notation, one component at a time, in exact numbers."""

from collections.abc import Callable, Mapping
from fractions import Fraction
from functools import cache
from itertools import product
from typing import Any, Protocol

import mpmath
from sympy import (
    Add,
    And,
    Derivative,
    Expr,
    Indexed,
    KroneckerDelta,
    Mul,
    NumberSymbol,
    Or,
    Piecewise,
    Pow,
    Rational,
    Sum,
    Symbol,
    lambdify,
)

from gradscribe.catalog.activations import Activation, U
from gradscribe.derivation.numbers import Dual, Numbers
from gradscribe.derivation.slopes import slope
from gradscribe.equation import Equation, Variable
from gradscribe.errors import DerivationError
from gradscribe.notation import SAMPLE
from gradscribe.symbols import ScalarFunction

CONSTANT_DIGITS = 60  # of π and the like; more than any comparison needs

Place = tuple[str, tuple[int, ...]]
Binding = dict[Symbol, int]


class Point(Protocol):
    """A point at which expressions are evaluated."""

    numbers: Numbers
    sizes: dict[Symbol, int]
    functions: dict[str, list[Any]]
    formulas: Mapping[str, Activation]
    variables: dict[str, Variable]
    equations: Mapping[str, Equation]


class Execution:
    """Evaluates expressions at a point; components in `moved` carry a slope."""

    def __init__(
        self, point: Point, values: Mapping[Place, Any], moved: Mapping[Place, Any] | None = None
    ) -> None:
        self.point, self.values, self.moved = point, values, moved or {}
        self.zero = point.numbers.of(Fraction(0))
        self.one = point.numbers.of(Fraction(1))

    def value(self, expr: Expr, binding: Binding) -> Any:
        """Return the value of an expression, its free indices bound."""
        return self.dual(expr, binding).value

    def _constant(self, number: Fraction) -> Dual:
        return Dual(self.point.numbers.of(number), self.zero)

    def dual(self, expr: Expr, binding: Binding) -> Dual:
        """Return the value and the slope of an expression, its free indices bound."""
        match expr:
            case Rational():
                return self._constant(Fraction(int(expr.p), int(expr.q)))
            case NumberSymbol():
                return self._constant(Fraction(str(expr.evalf(CONSTANT_DIGITS))))
            case Indexed():
                return self._component(
                    expr.base.name, tuple(binding[k] for k in expr.indices), binding
                )
            case Symbol():
                return self._symbol(expr, binding)
            case Add():
                return self._folded(expr.args, binding, self.zero, lambda a, b: a + b)
            case Mul():
                return self._folded(expr.args, binding, self.one, lambda a, b: a * b)
            case Pow() if expr.exp.is_Integer:
                return self.dual(expr.base, binding).power(int(expr.exp), self.one)
            case Sum():
                return self._total(expr, binding)
            case KroneckerDelta():
                equal = binding[expr.args[0]] == binding[expr.args[1]]
                return Dual(self.one if equal else self.zero, self.zero)
            case ScalarFunction():
                return self._stand_in(expr, binding)
            case Derivative():
                return self._partial(expr, binding)
            case Piecewise():
                return self._case(expr, binding)
            case _:
                return self._function(expr, binding)

    def _folded(
        self, args: Any, binding: Binding, start: Any, combine: Callable[[Dual, Dual], Dual]
    ) -> Dual:
        result = Dual(start, self.zero)
        for argument in args:
            result = combine(result, self.dual(argument, binding))
        return result

    def _symbol(self, expr: Symbol, binding: Binding) -> Dual:
        if expr in self.point.sizes:
            return self._constant(Fraction(self.point.sizes[expr]))
        return self._component(expr.name, (), binding)

    def _component(self, name: str, place: tuple[int, ...], binding: Binding) -> Dual:
        variable = self.point.variables[name]
        if variable.per_sample and len(place) == len(variable.shape):
            place = (binding[SAMPLE], *place)
        found = self.moved.get((name, place))
        if found is None and (name, place) not in self.values:
            raise DerivationError(f"{name} has no component {place}")
        return found if found is not None else Dual(self.values[name, place], self.zero)

    def _total(self, expr: Sum, binding: Binding) -> Dual:
        result = Dual(self.zero, self.zero)
        indices = [k for k, _, _ in expr.limits]
        for place in product(*[range(self.point.sizes[stop]) for _, _, stop in expr.limits]):
            inner = {**binding, **dict(zip(indices, place, strict=True))}
            result = result + self.dual(expr.function, inner)
        return result

    def _stand_in(self, expr: ScalarFunction, binding: Binding) -> Dual:
        """Return the random polynomial that stands for f, or its derivative for f′, f″.

        Where f itself has to be f, its formula.
        """
        entry = self.point.formulas.get(expr.stem)
        if entry is not None:
            formula = slope(entry, expr.order).of_u if expr.order else entry.formula
            return self.dual(formula.xreplace({U: expr.args[0]}), binding)
        at = self.dual(expr.args[0], binding)
        coefficients = list(self.point.functions[expr.stem])
        for _ in range(expr.order):
            degree = len(coefficients) - 1
            powers = [self.point.numbers.of(Fraction(degree - k)) for k in range(degree)]
            coefficients = [c * p for c, p in zip(coefficients, powers, strict=False)]
        result = Dual(self.zero, self.zero)
        for coefficient in coefficients:
            result = result * at + Dual(coefficient, self.zero)
        return result

    def _partial(self, expr: Derivative, binding: Binding) -> Dual:
        """Return ∂v_k/∂w_i: the dual part of v's own equation when w_i moves."""
        above, below = expr.expr, expr.variables[0]
        equation = self.point.equations[_name(above)]
        inner = dict(zip(equation.indices, [binding[k] for k in _indices(above)], strict=True))
        place = tuple(binding[k] for k in _indices(below))
        if self.point.variables[_name(below)].per_sample:
            place = (binding[SAMPLE], *place)
        key = (_name(below), place)
        moved = {key: Dual(self.values[key], self.one)}
        execution = type(self)(self.point, self.values, moved)
        return Dual(
            execution.dual(equation.right, {**inner, SAMPLE: binding[SAMPLE]}).slope, self.zero
        )

    def _case(self, expr: Piecewise, binding: Binding) -> Dual:
        for value, condition in expr.args:
            if condition == True or self._holds(condition, binding):  # noqa: E712
                return self.dual(value, binding)
        raise DerivationError(f"no case of {expr} holds")

    def _holds(self, condition: Expr, binding: Binding) -> bool:
        if isinstance(condition, And | Or):
            combine = all if isinstance(condition, And) else any
            return combine(self._holds(part, binding) for part in condition.args)
        left, right = (self.value(a, binding) for a in condition.args)
        holds = {">": left > right, ">=": left >= right, "<": left < right, "<=": left <= right}
        return bool(holds[condition.rel_op])

    def _function(self, expr: Expr, binding: Binding) -> Dual:
        """Apply a scalar function of mpmath, its slopes by numerical differentiation."""
        function = _numeric(expr.func, len(expr.args))
        at = [self.dual(argument, binding) for argument in expr.args]
        values = [argument.value for argument in at]
        result = Dual(function(*values), self.zero)
        for position, argument in enumerate(at):
            if argument.slope != self.zero:
                slope = _slope(function, values, position)
                result = result + Dual(self.zero, slope * argument.slope)
        return result


@cache
def _numeric(function: Any, count: int) -> Callable[..., Any]:
    """Return a SymPy function of so many arguments as one of mpmath's numbers."""
    stand_ins = [Symbol(f"t{position}") for position in range(count)]
    numeric: Callable[..., Any] = lambdify(stand_ins, function(*stand_ins), "mpmath")
    return numeric


def _slope(function: Callable[..., Any], at: list[Any], position: int) -> Any:
    """Return a partial derivative, by differences of a step in proportion to the argument."""

    def along(value: Any) -> Any:
        return function(*at[:position], value, *at[position + 1 :])

    size = max(abs(at[position]), mpmath.mpf(2) ** -20)
    return mpmath.diff(along, at[position], h=size * mpmath.mpf(2) ** (-mpmath.mp.prec - 10))


def _name(expr: Expr) -> str:
    return expr.base.name if isinstance(expr, Indexed) else str(expr)


def _indices(expr: Expr) -> tuple[Symbol, ...]:
    return tuple(expr.indices) if isinstance(expr, Indexed) else ()
