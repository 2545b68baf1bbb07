"""A network's own equations as plain Python, one component at a time, for a module's self-check.

`v` maps the name of a variable to an array of it for one sample; indices count from 0.
"""

import ast

from sympy import Add, Expr, Indexed, Mul, Pow, Rational, Sum, Symbol

from gradscribe.notation import size_python
from gradscribe.printing.numpy_printer import source
from gradscribe.program.lower import lower
from gradscribe.program.stable import stabilised
from gradscribe.symbols import Largest, ScalarFunction

_SUM, _PRODUCT, _POWER, _ATOM = 1, 2, 4, 5


def scalar_source(expr: Expr, functions: dict[str, str], level: int = 0) -> str:
    """Return an expression in index notation as Python source.

    Args:
        expr: the right side of a network's own equation.
        functions: source of each activation function, with `{}` for its argument.
        level: how tightly its surroundings bind.
    """
    own, text = _written(expr, functions)
    return f"({text})" if own < level else text


def _written(expr: Expr, functions: dict[str, str]) -> tuple[int, str]:
    match expr:
        case Indexed():
            return _ATOM, f'v["{expr.base}"][{", ".join(k.name for k in expr.indices)}]'
        case Add():
            return _SUM, _sum(expr, functions)
        case Sum():
            return _ATOM, _total(expr, functions)
        case Largest():
            return _ATOM, _largest(expr, functions)
        case Rational():
            return (_ATOM if expr.q == 1 and expr >= 0 else _PRODUCT), str(expr).replace("/", " / ")
        case Mul():
            factors = expr.as_ordered_factors()
            if factors[0] == -1:
                return _PRODUCT, "-" + scalar_source(Mul(*factors[1:]), functions, _PRODUCT + 1)
            below = [1 / f for f in factors if isinstance(f, Pow) and f.exp == -1]
            above = [f for f in factors if not (isinstance(f, Pow) and f.exp == -1)]
            text = " * ".join(scalar_source(f, functions, _PRODUCT) for f in above) or "1"
            under = (scalar_source(f, functions, _PRODUCT + 1) for f in below)
            return _PRODUCT, " / ".join([text, *under])
        case Pow() if expr.exp.is_Integer:
            base = scalar_source(expr.base, functions, _ATOM)
            return (
                _POWER,
                f"{base} ** {expr.exp}" if "[" in base or "(" in base else f"{base}**{expr.exp}",
            )
        case ScalarFunction():
            argument = scalar_source(expr.args[0], functions)
            return _ATOM, functions[expr.stem].format(argument)
        case Symbol() if expr.is_positive:
            return _ATOM, size_python(expr.name)
        case Symbol():
            return _ATOM, f'v["{expr.name}"]'
        case _:
            return _ATOM, _other(expr, functions)


def _sum(expr: Add, functions: dict[str, str]) -> str:
    """Put sums first, then what is added, then what is taken away."""
    order = sorted(expr.args, key=lambda t: (t.could_extract_minus_sign(), not t.has(Sum), str(t)))
    text = ""
    for term in order:
        negative = term.could_extract_minus_sign()
        part = scalar_source(-term if negative else term, functions, _PRODUCT if negative else _SUM)
        sign = "-" if negative else "+"
        text = f"{text} {sign} {part}" if text else (f"-{part}" if negative else part)
    return text


def _total(expr: Sum, functions: dict[str, str]) -> str:
    body = scalar_source(expr.function, functions)
    loops = " ".join(
        f"for {k.name} in range({size_python(stop.name)})" for k, _, stop in expr.limits
    )
    return f"sum({body} {loops})"


def _whole(expr: Expr) -> set[Expr]:
    """Return the components and sums of an expression that are in no other one."""
    if isinstance(expr, Indexed | Sum | Largest) or (expr.is_Symbol and not expr.is_positive):
        return {expr}
    return set().union(*map(_whole, expr.args))


def _largest(expr: Largest, functions: dict[str, str]) -> str:
    """Print the largest of numbers, by their real parts where they are complex."""
    body = scalar_source(expr.function, functions)
    ((k, _, stop),) = expr.limits
    if isinstance(expr.function, Indexed) and tuple(expr.function.indices) == (k,):
        return f'max(v["{expr.function.base}"], key=np.real)'
    return f"max(({body} for {k.name} in range({size_python(stop.name)})), key=np.real)"


def _other(expr: Expr, functions: dict[str, str]) -> str:
    """Print a function of components and sums through the array printer."""
    places: list[Expr] = sorted(_whole(expr), key=str)
    stand_ins = {a: Symbol(f"q{position}_") for position, a in enumerate(places)}
    names = {s: s.name for s in stand_ins.values()}
    text = source(lower(stabilised(expr.xreplace(stand_ins)), (), names))
    for a, s in stand_ins.items():
        text = text.replace(s.name, scalar_source(a, functions))
    is_call = isinstance(ast.parse(text, mode="eval").body, ast.Call)
    return text if is_call else f"({text})"
