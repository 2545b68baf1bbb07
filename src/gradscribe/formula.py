"""Formulas as people write them: one walk over an expression, two dialects (text and LaTeX)."""

from collections.abc import Callable
from dataclasses import dataclass

from sympy import (
    Add,
    And,
    Derivative,
    Expr,
    Indexed,
    KroneckerDelta,
    Mul,
    Or,
    Piecewise,
    Pow,
    Rational,
    Sum,
    Symbol,
    exp,
)
from sympy.core.relational import Relational

from gradscribe.notation import (
    SAMPLE,
    derivative_of,
    index_text,
    is_decimal,
    name_latex,
    name_text,
    size_text,
    split,
    unprimed,
)
from gradscribe.symbols import ScalarFunction, factor_order, magnitude, term_order

_SUM, _PRODUCT, _POWER, _ATOM = 1, 2, 4, 5


@dataclass(frozen=True)
class Dialect:
    """How a formula is written; the walk knows nothing of it.

    Attributes:
        component: name, its indices, whether it is one sample's -> text.
        size: the name of a size -> text.
        function: the name of a function and its argument -> text.
        fraction: numerator, denominator, whether that is a product -> text.
        power: a base that needs no parentheses, an exponent -> text.
        total: index, its last value, the summand -> text.
        iverson: two indices -> 1 where they are equal, else 0.
        derivative: what, by what -> text.
        parentheses: text -> text.
        cases: values with their conditions (None for the last) -> text.
        product: what stands between two factors.
        minus: the sign.
        relation: the sign of a comparison in Python -> text.
        number: the digits of a number without its sign -> text.
        plus: the sign.
        times: what stands between digits and a power of ten.
        both: what stands between two conditions that both hold.
        either: what stands between two conditions one of which holds.
        terms: a term -> its place in a sum.
        factors: a factor -> its place in a product.
        divisor_apart: whether numbers and scalars are a fraction before a product's components.
    """

    component: Callable[[str, list[str], bool], str]
    size: Callable[[str], str]
    function: Callable[[str, str], str]
    fraction: Callable[[str, str, bool], str]
    power: Callable[[str, str], str]
    total: Callable[[str, str, str], str]
    iverson: Callable[[str, str], str]
    derivative: Callable[[str, str], str]
    parentheses: Callable[[str], str]
    cases: Callable[[list[tuple[str, str | None]]], str]
    product: str
    minus: str
    relation: Callable[[str], str]
    number: Callable[[str], str] = str
    plus: str = "+"
    times: str = "·"
    both: str = " ∧ "
    either: str = " ∨ "
    terms: Callable[[Expr], tuple[object, ...]] = term_order
    factors: Callable[[Expr], tuple[object, ...]] = factor_order
    divisor_apart: bool = True


def expression(expr: Expr, dialect: Dialect, level: int = 0) -> str:
    """Return an expression in a dialect, in parentheses where its place asks for them."""
    own, text = _written(expr, dialect)
    return dialect.parentheses(text) if own < level else text


def _written(expr: Expr, d: Dialect) -> tuple[int, str]:
    """Return how tightly an expression binds, and its text."""
    match expr:
        case Add():
            return _SUM, _sum(expr, d)
        case Sum():
            return _PRODUCT, _total(expr, d)
        case exp():
            return _ATOM, d.function("exp", expression(expr.args[0], d))
        case Rational() if is_decimal(expr):
            return (_PRODUCT if expr.is_negative else _ATOM), _number(float(expr), d)
        case Rational() if expr.q != 1:
            return _PRODUCT, d.fraction(_number(expr.p, d), d.number(str(expr.q)), False)
        case _ if expr.is_number and not expr.args:
            return (_PRODUCT if expr.is_negative else _ATOM), _number(expr, d)
        case Mul():
            return _PRODUCT, _product(expr, d)
        case Pow():
            return _raised(expr, d)
        case Indexed():
            return _component(expr, d)
        case Symbol():
            return _ATOM, _symbol(expr, d)
        case KroneckerDelta():
            return _ATOM, d.iverson(*[str(a) for a in expr.args])
        case Derivative():
            return _ATOM, d.derivative(expression(expr.expr, d), expression(expr.variables[0], d))
        case Piecewise():
            known = magnitude(expr)
            if known is not None:
                return _ATOM, d.function(known[0], expression(known[1], d))
            return _SUM, _cases(expr, d)
        case Relational() | And() | Or():
            return _SUM, _condition(expr, d)
        case _:
            name = _function_name(expr)
            return _ATOM, d.function(name, ", ".join(expression(a, d) for a in expr.args))


def _condition(expr: Expr, d: Dialect) -> str:
    """Return a comparison, or several of which all or one hold."""
    if isinstance(expr, Relational):
        sides = [expression(a, d) for a in expr.args]
        return f"{sides[0]} {d.relation(expr.rel_op)} {sides[1]}"
    sign = d.both if isinstance(expr, And) else d.either
    return sign.join(_condition(part, d) for part in sorted(expr.args, key=str))


def _function_name(expr: Expr) -> str:
    """Return the identifier of a function: `fprime2` for the derivative of f2."""
    if not isinstance(expr, ScalarFunction):
        return str(expr.func.__name__)
    name = split(expr.stem)
    return name.stem + "prime" * expr.order + name.layer


def _number(value: Expr | float, d: Dialect) -> str:
    text = str(value)
    sign = d.minus if text.startswith("-") else ""
    digits, _, exponent = text.removeprefix("-").partition("e")
    if not exponent:
        return sign + d.number(digits)
    power = d.power(d.number("10"), _number(int(exponent), d))
    return sign + (power if float(digits) == 1 else d.number(digits) + d.times + power)


def _symbol(expr: Symbol, d: Dialect) -> str:
    if expr.name == "N" or expr.name.startswith("N_"):
        return d.size(expr.name)
    return d.component(expr.name, [], False)


def _component(expr: Indexed, d: Dialect) -> tuple[int, str]:
    letters = [str(k) for k in expr.indices]
    of_sample = letters[:1] == [SAMPLE.name]
    text = d.component(expr.base.name, letters[of_sample:], of_sample)
    return _ATOM, text


def _sum(expr: Add, d: Dialect) -> str:
    text = ""
    for term in sorted(expr.args, key=d.terms):
        negative = term.could_extract_minus_sign()
        part = expression(-term if negative else term, d, _SUM + 1 if negative else 0)
        if negative:
            text += f" {d.minus} {part}" if text else f"{d.minus}{part}"
        else:
            text += f" {d.plus} {part}" if text else part
    return text


def _product(expr: Mul, d: Dialect) -> str:
    coefficient, rest = expr.as_coeff_Mul()
    if coefficient.is_negative:
        return d.minus + expression(Mul(-coefficient, rest), d, _PRODUCT)
    factors = [coefficient] if coefficient != 1 else []
    factors += sorted(Mul.make_args(rest), key=d.factors)
    below = [Pow(f.base, -f.exp) for f in factors if _is_inverse(f)]
    above = [f for f in factors if not _is_inverse(f)]
    if not below:
        return d.product.join(expression(f, d, _PRODUCT) for f in above)
    under = d.product.join(expression(f, d, _PRODUCT) for f in below)
    if not d.divisor_apart or any(f.has(Indexed) for f in below):
        over = d.product.join(expression(f, d, _PRODUCT) for f in above) or d.number("1")
        return d.fraction(over, under, len(below) > 1)
    scalars = [f for f in above if not f.has(Indexed)]
    arrays = [f for f in above if f.has(Indexed)]
    over = d.product.join(expression(f, d, _PRODUCT) for f in scalars) or d.number("1")
    ratio = d.fraction(over, under, len(below) > 1)
    return d.product.join([ratio, *(expression(f, d, _PRODUCT) for f in arrays)])


def _is_inverse(factor: Expr) -> bool:
    return isinstance(factor, Pow) and factor.exp.is_Integer and bool(factor.exp < 0)


def _raised(expr: Pow, d: Dialect) -> tuple[int, str]:
    if _is_inverse(expr):
        return _PRODUCT, d.fraction(
            d.number("1"), expression(Pow(expr.base, -expr.exp), d, _POWER), False
        )
    base = expression(expr.base, d, _POWER)
    layered = isinstance(expr.base, Indexed) and split(expr.base.base.name).layer
    if layered or isinstance(expr.base, ScalarFunction):
        base = d.parentheses(base)
    return _POWER, d.power(base, expression(expr.exp, d))


def _total(expr: Sum, d: Dialect) -> str:
    text = expression(expr.function, d, _PRODUCT)
    for k, _, stop in reversed(expr.limits):
        text = d.total(k.name, d.size(stop.name), text)
    return text


def _cases(expr: Piecewise, d: Dialect) -> str:
    return d.cases(
        [
            (expression(value, d), None if condition == True else expression(condition, d))  # noqa: E712
            for value, condition in expr.args
        ]
    )


# ---- Unicode text ------------------------------------------------------------------------------

_EXPONENTS = str.maketrans("0123456789−", "⁰¹²³⁴⁵⁶⁷⁸⁹⁻")
_SIGNS = {">": ">", "<": "<", ">=": "≥", "<=": "≤", "==": "=", "!=": "≠"}


def _enclosed(text: str) -> str:
    """Return a derivative in parentheses; anything else as it is."""
    return f"({text})" if "/" in text else text


def _text_component(name: str, letters: list[str], of_sample: bool) -> str:
    if name.startswith("R_"):
        return "ℛ" + _text_component(name[2:], letters, of_sample)
    sample = "(n)" if of_sample else ""
    parts = quotient_parts(name, letters)
    if len(parts) < 2 or not letters or name[:4] in ("dE_d", "dJ_d"):
        return name_text(name) + (index_text(letters) if letters else "") + sample
    (above, own), *below = parts
    inner = _text_component(above, own, of_sample)
    power = "²" if len(below) == 2 else ""
    return f"∂{power}{_enclosed(inner)}/" + "".join(
        f"∂{_text_component(v, k, False)}" for v, k in below
    )


def quotient_parts(name: str, letters: list[str]) -> list[tuple[str, list[str]]]:
    """Return what is differentiated and by what, each with its own of the indices."""
    parts = []
    rest = letters
    for part in derivative_of(name):
        count = 0 if part in ("E", "G", "R", "J") else 2 if part[0].isupper() else 1
        parts.append((part, rest[:count]))
        rest = rest[count:]
    return parts


def _text_power(base: str, exponent: str) -> str:
    if all(c in "0123456789−" for c in exponent):
        return base + exponent.translate(_EXPONENTS)
    return f"{base}^({exponent})"


def _text_total(letter: str, stop: str, body: str) -> str:
    del stop
    return f"Σ{index_text([letter])} {body}"


def _text_cases(cases: list[tuple[str, str | None]]) -> str:
    return ", ".join(f"{v} if {c}" if c else f"else {v}" for v, c in cases)


TEXT = Dialect(
    component=_text_component,
    size=size_text,
    function=lambda name, argument: (
        f"|{argument}|" if name == "abs" else f"{name_text(name)}({argument})"
    ),
    fraction=lambda above, below, compound: (
        f"{above}/({below})" if compound else f"{above}/{below}"
    ),
    power=_text_power,
    total=_text_total,
    iverson=lambda a, b: f"[{a} = {b}]",
    derivative=lambda above, below: f"∂{_enclosed(above)}/∂{_enclosed(below)}",
    parentheses=lambda text: f"({text})",
    cases=_text_cases,
    product=" ",
    minus="−",
    relation=lambda sign: _SIGNS[sign],
)

# ---- LaTeX -------------------------------------------------------------------------------------

_LATEX_FUNCTIONS = {
    "exp": r"\exp",
    "log": r"\log",
    "tanh": r"\tanh",
    "sin": r"\sin",
    "cos": r"\cos",
}
_LATEX_SIGNS = {">": ">", "<": "<", ">=": r"\ge", "<=": r"\le", "==": "=", "!=": r"\ne"}


def _latex_component(name: str, letters: list[str], of_sample: bool) -> str:
    if name.startswith("R_"):
        return rf"\mathcal{{R}} {_latex_component(name[2:], letters, of_sample)}"
    parts = quotient_parts(name, letters)
    if parts:
        (above, own), *variables = parts
        power = "^{2}" if len(variables) == 2 else ""
        below = " ".join(rf"\partial {_latex_component(v, k, False)}" for v, k in variables)
        text = rf"\frac{{\partial{power} {_latex_component(above, own, False)}}}{{{below}}}"
    else:
        text = name_latex(_lower_case(name) if letters else name)
        letter, _, layer = text.partition("^")
        text = (
            letter
            + (f"_{{{','.join(letters)}}}" if letters else "")
            + (f"^{layer}" if layer else "")
        )
    return text + ("(n)" if of_sample else "")


def _lower_case(name: str) -> str:
    """A component of the matrix W is written w, as in the lecture; other names stay as they are."""
    return name[0].lower() + name[1:] if split(name).stem == "W" else name


def _latex_function(name: str, argument: str) -> str:
    if name == "abs":
        return rf"\left|{argument}\right|"
    head = _LATEX_FUNCTIONS.get(name) or (
        name_latex(name) if len(unprimed(split(name).stem)[0]) == 1 else rf"\operatorname{{{name}}}"
    )
    return rf"{head}\left({argument}\right)"


def _latex_size(name: str) -> str:
    stem, _, layer = name.partition("_")
    return f"{stem}_{{{layer}}}" if layer else stem


def _latex_cases(cases: list[tuple[str, str | None]]) -> str:
    rows = [rf"{v} & \text{{if }} {c}" if c else rf"{v} & \text{{else}}" for v, c in cases]
    return r"\begin{cases}" + r" \\ ".join(rows) + r"\end{cases}"


LATEX = Dialect(
    component=_latex_component,
    size=_latex_size,
    function=_latex_function,
    fraction=lambda above, below, _: rf"\frac{{{above}}}{{{below}}}",
    power=lambda base, exponent: f"{base}^{{{exponent}}}",
    total=lambda letter, stop, body: rf"\sum_{{{letter}=1}}^{{{stop}}} {body}",
    iverson=lambda a, b: f"[{a}={b}]",
    derivative=lambda above, below: rf"\frac{{\partial {above}}}{{\partial {below}}}",
    parentheses=lambda text: rf"\left({text}\right)",
    cases=_latex_cases,
    product=r" \, ",
    times=r" \cdot ",
    minus="-",
    relation=lambda sign: _LATEX_SIGNS[sign],
    both=r" \land ",
    either=r" \lor ",
)
