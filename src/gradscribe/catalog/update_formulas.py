"""Lines of update rules as formulas, in Unicode and in LaTeX."""

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace

from sympy import (
    Abs,
    Expr,
    Function,
    Indexed,
    Max,
    Min,
    Mod,
    Piecewise,
    Pow,
    Rational,
    Symbol,
    pi,
)

from gradscribe.catalog.schedules import Schedule
from gradscribe.catalog.update_lines import (
    COLUMN,
    EIGENVECTORS,
    OLD,
    ROW,
    Assigned,
    Backtracked,
    Line,
    Measured,
    Memory,
    Quantity,
    Solved,
    Spectrum,
)
from gradscribe.catalog.update_order import ORDER
from gradscribe.catalog.update_rule import UpdateRule
from gradscribe.formula import LATEX, TEXT, Dialect, expression
from gradscribe.notation import index_text, name_latex, name_text
from gradscribe.symbols import Largest, Smallest, component

_SPELLED = {"lam": "lambda"}
_LATEX_WORDS = {"max": r"\max", "min": r"\min"}
_CAPITALS = {"Delta": ("Δ", r"\Delta")}
_DIGITS = str.maketrans("0123456789", "₀₁₂₃₄₅₆₇₈₉")
_HATS = {"_hat": ("\u0302", r"\hat"), "_trial": ("\u0303", r"\tilde")}


@dataclass(frozen=True)
class Scribe:
    """A way of writing lines: a dialect of formulas, and what lines have beside these.

    Attributes:
        dialect: how an expression is written.
        whole: the same, with vectors without their index.
        derivative: order, letter of the cost, indices -> ∂J/∂w_k.
        applied: a function and the point where it is taken -> text.
        choice: what shrinks, the condition -> the first for which it holds.
        at_most: the sign ≤.
        cost: J, and J of a batch.
        curvature: the Gauss-Newton matrix by its definition.
    """

    dialect: Dialect
    whole: Dialect
    derivative: Callable[[str, list[str]], str]
    applied: Callable[[str, str], str]
    choice: Callable[[str, str], str]
    at_most: str
    batch: str
    curvature: str


def formulas(rule: UpdateRule, *, latex: bool = False) -> tuple[str, ...]:
    """Return the equations of a rule, in order."""
    states = {"w", *(memory.name for memory in rule.memory)}
    scribe = (_latex_scribe if latex else _text_scribe)(states)
    return tuple(_written(line, scribe) for line in rule.lines)


def line_formulas(rule: UpdateRule, lines: Iterable[Line]) -> tuple[str, ...]:
    """Return some of the equations of a rule, in Unicode."""
    scribe = _text_scribe({"w", *(memory.name for memory in rule.memory)})
    return tuple(_written(line, scribe) for line in lines)


def step_formula(rule: UpdateRule) -> str:
    """Return the equation of a rule that says what w becomes."""
    lines = [q for q in rule.lines if isinstance(q, Assigned) and q.left == component("w", (ROW,))]
    return line_formulas(rule, lines)[-1]


def schedule_formula(schedule: Schedule, *, latex: bool = False) -> str:
    """Return the equation of a schedule."""
    return _written(schedule.line, (_latex_scribe if latex else _text_scribe)({"alpha"}))


def symbol_text(name: str) -> str:
    """Return a setting's symbol in Unicode.

    >>> symbol_text("beta1"), symbol_text("alpha_tau"), symbol_text("lam")
    ('β₁', 'α_τ', 'λ')
    """
    return _text_name(name, [], frozenset())


def symbol_latex(name: str) -> str:
    r"""Return a setting's symbol in LaTeX.

    >>> symbol_latex("beta1"), symbol_latex("alpha_tau")
    ('\\beta_{1}', '\\alpha_{\\tau}')
    """
    return _latex_name(name, [], frozenset())


Right = str | tuple[tuple[str, str | None], ...]


def latex_sides(rule: UpdateRule) -> tuple[tuple[str, Right], ...]:
    """Return both sides of each equation of a rule in LaTeX, cases as values and conditions."""
    scribe = _latex_scribe({"w", *(memory.name for memory in rule.memory)})
    return tuple(_sides(line, scribe) for line in rule.lines)


def latex_schedule(schedule: Schedule) -> tuple[str, Right]:
    """Return both sides of the equation of a schedule in LaTeX."""
    return _sides(schedule.line, _latex_scribe({"alpha"}))


def latex_start(memory: Memory) -> tuple[str, float]:
    """Return in LaTeX what is remembered before the first step, and its value."""
    name = _latex_name(memory.name, ["k"] if memory.vector else [], frozenset())
    return f"{name}^{{(0)}}", memory.start


def defined_latex(rule: UpdateRule, name: str) -> str:
    """Return in LaTeX what a rule remembers or what a line of it defines, with its indices."""
    states = {"w", *(memory.name for memory in rule.memory)}
    every = {str(a.base.label): a for line in rule.lines for a in _components(line)}
    return expression(
        every.get(name, EIGENVECTORS if name == "Q" else Symbol(name)),
        _latex_scribe(states).dialect,
    )


def _components(line: Line) -> set[Expr]:
    return {
        a for field in vars(line).values() if isinstance(field, Expr) for a in field.atoms(Indexed)
    }


def _written(line: Line, scribe: Scribe) -> str:
    """Return an equation."""
    left, right = _sides(line, scribe)
    return f"{left} = {right if isinstance(right, str) else scribe.dialect.cases(list(right))}"


def _sides(line: Line, scribe: Scribe) -> tuple[str, Right]:
    """Return both sides of an equation."""

    def text(expr: Expr, dialect: Dialect = scribe.dialect, level: int = 0) -> str:
        return expression(_prepared(expr), dialect, level)

    match line:
        case Assigned(left, Piecewise() as right):
            cases = [(text(v), None if c == True else text(c)) for v, c in right.args]  # noqa: E712
            return text(left), tuple(cases)
        case Assigned(left, right):
            return text(left), text(right)
        case Measured():
            return text(line.left), _measured(line, scribe)
        case Solved(unknown, matrix, shift, right):
            own = unknown.xreplace({ROW: COLUMN})
            unit = text(shift * Function("unit")(ROW, COLUMN)) if shift != 0 else ""
            plus = f" {scribe.dialect.plus} "
            inner = scribe.dialect.parentheses(text(matrix) + plus + unit)
            body = (inner if unit else text(matrix)) + scribe.dialect.product + text(own)
            return scribe.dialect.total(COLUMN.name, "K", body), text(right)
        case Spectrum(values, matrix, vectors):
            columns = EIGENVECTORS if vectors is None else vectors
            product = scribe.dialect.product
            body = text(matrix) + product + text(columns.xreplace({ROW: COLUMN}))
            total = scribe.dialect.total(COLUMN.name, "K", body)
            return total, f"{text(values)}{product}{text(columns)}"
        case Backtracked(length, ratio, point, bound):
            cost = scribe.applied("J", text(point, scribe.whole))
            power = text(ratio ** Symbol("i"))
            holds = f"{cost} {scribe.at_most} {text(bound)}"
            return text(length), scribe.choice(power, holds)


def _measured(line: Measured, scribe: Scribe) -> str:
    point = expression(_prepared(line.point), scribe.whole)
    cost = scribe.batch if line.batch else "J"
    match line.quantity:
        case Quantity.COST:
            return scribe.applied(cost, point)
        case Quantity.GRADIENT:
            return scribe.applied(scribe.derivative(cost, ["k"]), point)
        case Quantity.HESSIAN:
            return scribe.applied(scribe.derivative(cost, ["k", "l"]), point)
        case Quantity.GAUSS_NEWTON:
            return scribe.applied(scribe.curvature, point)
        case Quantity.PRODUCT:
            second = scribe.applied(scribe.derivative(cost, ["k", "l"]), point)
            assert line.along is not None
            along = expression(line.along.xreplace({ROW: COLUMN}), scribe.dialect)
            body = second + scribe.dialect.product + along
            return scribe.dialect.total("l", "K", body)


def _prepared(expr: Expr) -> Expr:
    """Return an expression with functions of names that dialects know in the place of SymPy's."""
    for kind, name in ((Max, "max"), (Min, "min"), (Mod, "mod"), (Abs, "abs")):
        expr = expr.replace(kind, lambda *a, name=name: Function(name)(*a))
    for kind, name in ((Largest, "max"), (Smallest, "min")):
        expr = expr.replace(
            lambda e, kind=kind: isinstance(e, kind),
            lambda e, name=name: Function(f"{name}_{e.variables[0]}")(e.function),
        )
    expr = expr.xreplace({pi: Symbol("pi")})
    return expr.replace(
        lambda e: isinstance(e, Pow) and e.exp == Rational(1, 2),
        lambda e: Function("sqrt")(e.base),
    )


def _parts(name: str) -> tuple[str, str, str, bool]:
    """Take a name apart: letter, accent, what stands below, whether it is of before the step."""
    old = name.endswith(OLD)
    name = name.removesuffix(OLD)
    accent = next((a for a in _HATS if name.endswith(a)), "")
    name = name.removesuffix(accent)
    stem, _, below = name.partition("_")
    letter = stem.rstrip("0123456789")
    return _SPELLED.get(letter, letter), accent, stem[len(letter) :] + below, old


# ---- Unicode -------------------------------------------------------------------------------------


def _text_name(name: str, letters: list[str], states: Iterable[str], *, whole: bool = False) -> str:
    letter, accent, below, old = _parts(name)
    shown = _CAPITALS[letter][0] if letter in _CAPITALS else name_text(letter)
    shown += _HATS[accent][0] if accent else ""
    if below:
        shown += below.translate(_DIGITS) if below.isdigit() else f"_{name_text(below)}"
    shown += index_text(letters) if letters and not whole else ""
    return shown + ("(j−1)" if old else "(j)" if name in states else "")


def _text_function(name: str, argument: str) -> str:
    head, _, index = name.partition("_")
    match head:
        case "sqrt":
            return f"√({argument})"
        case "abs":
            return f"|{argument}|"
        case "unit":
            return "[{} = {}]".format(*argument.split(", "))
        case _:
            return f"{head}{index_text([index]) if index else ''}({argument})"


def _text_power(base: str, exponent: str) -> str:
    inner = f"({base})" if base.endswith(")") and not base.startswith("(") else base
    simple = len(exponent) == 1 and not exponent.isdigit()
    return f"{inner}^{exponent}" if simple else TEXT.power(inner, exponent)


def _text_derivative(cost: str, letters: list[str]) -> str:
    below = "".join(f"∂w{index_text([k])}" for k in letters)
    return f"∂{'²' if len(letters) == 2 else ''}{cost}/{below}"


def _text_scribe(states: set[str]) -> Scribe:
    def dialect(whole: bool) -> Dialect:
        return replace(
            TEXT,
            component=lambda name, letters, _: _text_name(name, letters, states, whole=whole),
            function=_text_function,
            **ORDER,
            power=_text_power,
        )

    return Scribe(
        dialect(False),
        dialect(True),
        _text_derivative,
        lambda function, point: f"{function} ({point})" if "∂" in function else f"J({point})",
        lambda power, holds: f"max {{{power} : {holds}}}",
        "≤",
        "J_B",
        "Σₙᵢᵣ ∂yᵢ/∂wₖ ∂²J/∂yᵢ∂yᵣ ∂yᵣ/∂wₗ",
    )


# ---- LaTeX ---------------------------------------------------------------------------------------


def _latex_name(
    name: str, letters: list[str], states: Iterable[str], *, whole: bool = False
) -> str:
    letter, accent, below, old = _parts(name)
    vector = whole and bool(letters)
    shown = _CAPITALS[letter][1] if letter in _CAPITALS else name_latex(letter, bold=vector)
    shown = f"{_HATS[accent][1]}{{{shown}}}" if accent else shown
    under = [] if vector else list(letters)
    if below:
        word = below if below.isdigit() else _LATEX_WORDS.get(below, name_latex(below))
        under.insert(0, word)
    shown += f"_{{{','.join(under)}}}" if under else ""
    return shown + ("^{(j-1)}" if old else "^{(j)}" if name in states else "")


def _latex_function(name: str, argument: str) -> str:
    head, _, index = name.partition("_")
    match head:
        case "sqrt":
            return rf"\sqrt{{{argument}}}"
        case "abs":
            return rf"\left|{argument}\right|"
        case "unit":
            return "[{}={}]".format(*argument.split(", "))
        case "max" | "min":
            below = f"_{{{index}}}" if index else ""
            return rf"\{head}{below}\left({argument}\right)"
        case "mod":
            return rf"\operatorname{{mod}}\left({argument}\right)"
        case _:
            return LATEX.function(name, argument)


def _latex_fraction(above: str, below: str, several: bool) -> str:
    """Return a fraction, whose line is parentheses enough."""
    del several
    inner = below.removeprefix(r"\left(").removesuffix(r"\right)")
    whole = len(below) - len(inner) == len(r"\left(\right)") and _is_closed(inner)
    return rf"\frac{{{above}}}{{{inner if whole else below}}}"


def _is_closed(text: str) -> bool:
    """Whether every parenthesis of a text is closed after it was opened."""
    depth = 0
    for sign in re.findall(r"\\(left|right)\b", text):
        depth += 1 if sign == "left" else -1
        if depth < 0:
            return False
    return depth == 0


def _latex_power(base: str, exponent: str) -> str:
    return f"{LATEX.parentheses(base)}^{{{exponent}}}" if "^" in base else f"{base}^{{{exponent}}}"


def _latex_derivative(cost: str, letters: list[str]) -> str:
    below = " ".join(rf"\partial w_{{{k}}}" for k in letters)
    power = "^{2}" if len(letters) == 2 else ""
    return rf"\frac{{\partial{power} {cost}}}{{{below}}}"


def _latex_scribe(states: set[str]) -> Scribe:
    def dialect(whole: bool) -> Dialect:
        return replace(
            LATEX,
            component=lambda name, letters, _: _latex_name(name, letters, states, whole=whole),
            function=_latex_function,
            **ORDER,
            fraction=_latex_fraction,
            power=_latex_power,
        )

    return Scribe(
        dialect(False),
        dialect(True),
        _latex_derivative,
        lambda function, point: rf"{function}\left({point}\right)",
        lambda power, holds: rf"\max \left\{{ {power} : {holds} \right\}}",
        r"\le",
        r"J_{\mathcal{B}}",
        r"\sum_{n,i,r} \frac{\partial y_{i}}{\partial w_{k}} \, "
        r"\frac{\partial^{2} J}{\partial y_{i} \partial y_{r}} \, "
        r"\frac{\partial y_{r}}{\partial w_{l}}",
    )
