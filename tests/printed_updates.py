"""Reads printed equations of update rules, in LaTeX and in Unicode, and computes what they say.

Nothing here knows of the rules' own lines: letters are read off the page, one component at a time.
"""

import math
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np

Places = dict[str, int]
Value = Callable[[Places], Any]
# fmt: off
GREEK = dict(
    zip(
        "αβγδεθκλμνρτφπωΔ",
        (
            "alpha", "beta", "gamma", "delta", "epsilon", "theta", "kappa", "lam", "mu", "nu",
            "rho", "tau", "phi", "pi", "omega", "Delta",
        ),
        strict=True,
    )
)
# fmt: on
_SUBSCRIPTS = dict(zip("ₖₗᵣᵢₙ", "klrin", strict=True))
_DIGITS = dict(zip("₀₁₂₃₄₅₆₇₈₉", "0123456789", strict=True))
_RAISED = str.maketrans("⁻⁰¹²³⁴⁵⁶⁷⁸⁹", "-0123456789")
_ACCENTS = {"hat": "_hat", "tilde": "_trial", "\u0302": "_hat", "\u0303": "_trial", "": ""}


@dataclass(frozen=True)
class Name:
    """A symbol as it is printed: its name, its indices, "(j)", "(j-1)" or nothing behind it."""

    name: str
    indices: tuple[str, ...] = ()
    when: str = ""


@dataclass(frozen=True)
class Slope:
    """A derivative as it is printed: of J or of the outputs y, by what, with what indices."""

    above: str
    by: tuple[str, ...]


@dataclass(frozen=True)
class Over:
    """A sum, a largest or a smallest value over indices."""

    kind: str
    indices: tuple[str, ...]


Token = str | float | Name | Slope | Over


# ---- LaTeX ---------------------------------------------------------------------------------------

_NAME = (
    r"(?:\\(?P<accent>hat|tilde)\{)?(?:\\boldsymbol\{|\\mathrm\{)?(?P<letter>\\[A-Za-z]+|ok|[A-Za-z])\}*"
    r"(?:_\{(?P<below>(?:[^{}]|\{[^{}]*\})*)\})?(?:\^\{(?P<when>\(j(?:-1)?\))\})?"
)
_LATEX = re.compile(
    r"(?P<slope>\\frac\{\\partial(?:\^\{2\})? (?P<above>J_\{\\mathcal\{B\}\}|J|y_\{[ir]\})\}"
    r"\{(?P<by>(?:\\partial [wy]_\{[klir]\} ?)+)\})"
    r"|\\frac(?P<fraction>(?=\{))|\\sqrt(?P<root>(?=\{))"
    r"|\\sum_\{(?P<sum>[a-z](?:,[a-z])*)(?:=1\}\^\{K)?\} "
    r"|\\(?P<extreme>max|min)_\{r\}|\\(?P<function>max|min|cos|log)(?![a-z])"
    r"|\\operatorname\{(?P<operator>mod)\}|\\left\|(?P<abs>.*?)\\right\|"
    r"|\\(?:left|right)?(?P<set>\\[{}])|\\(?:left|right)(?P<fence>[()])"
    r"|(?P<number>\d+(?:\.\d+)?)|(?P<relation>\\le|\\ge|<|>|=)|\^(?P<power>(?=\{))"
    rf"|(?P<named>{_NAME})|(?P<sign>[-+\[\]:,])|\\[,\s]|\s+"
)


def group(text: str, start: int) -> tuple[str, int]:
    """Return what stands in the braces that open at a place, and where they end."""
    depth = 0
    for at in range(start, len(text)):
        depth += {"{": 1, "}": -1}.get(text[at], 0)
        if depth == 0:
            return text[start + 1 : at], at + 1
    raise AssertionError(f"an open brace in {text}")


def latex_tokens(text: str) -> Iterator[Token]:
    """Yield the tokens of a formula in LaTeX, fractions and roots with parentheses."""
    at = 0
    while at < len(text):
        match = _LATEX.match(text, at)
        assert match, f"cannot read {text[at:]!r}"
        at = match.end()
        found = {k: v for k, v in match.groupdict().items() if v is not None}
        if "slope" in found:
            above = re.sub(r"[\\{}]|mathcal|_", "", found["above"]).replace("JB", "J")
            yield Slope(above, tuple(re.findall(r"([wy]_\{\w\})", found["by"])))
        elif "fraction" in found or "root" in found:
            over, at = group(text, at)
            yield from ("(", "(") if "fraction" in found else ("sqrt", "(")
            yield from latex_tokens(over)
            yield ")"
            if "fraction" in found:
                under, at = group(text, at)
                yield from ("/", "(", *latex_tokens(under), ")", ")")
        elif "power" in found:
            inner, at = group(text, at)
            yield from ("^", "(", *latex_tokens(inner), ")")
        elif "sum" in found:
            yield Over("sum", tuple(found["sum"].split(",")))
        elif "extreme" in found:
            yield Over(found["extreme"], ("r",))
        elif "abs" in found:
            yield from ("abs", "(", *latex_tokens(found["abs"]), ")")
        elif "number" in found:
            yield float(found["number"])
        elif "relation" in found:
            yield {r"\le": "<=", r"\ge": ">="}.get(found["relation"], found["relation"])
        elif "named" in found:
            yield latex_name(found)
        else:
            for kind in ("function", "operator", "fence", "sign"):
                if kind in found:
                    yield found[kind]
            if "set" in found:
                yield found["set"].strip("\\")


def latex_name(found: dict[str, str]) -> Name:
    """Return a symbol: what stands below it belongs to its name, or is an index."""
    letter = found["letter"].strip("\\").replace("lambda", "lam")
    below = [re.sub(r"\\mathrm|[\\{}]", "", p) for p in found.get("below", "").split(",") if p]
    return named(letter, _ACCENTS[found.get("accent", "")], below, found.get("when", ""))


def named(letter: str, accent: str, below: list[str], when: str) -> Name:
    """Return a symbol of its parts as they are printed."""
    words = [b for b in below if b not in _SUBSCRIPTS.values()]
    joint = "" if words and words[0].isdigit() and letter == "beta" else "_"
    name = letter + accent + (joint + words[0] if words else "")
    return Name(name, tuple(b for b in below if b in _SUBSCRIPTS.values()), when)


# ---- Unicode -------------------------------------------------------------------------------------

_TEXT = re.compile(
    r"∂²?(?P<above>J_B|J|y[ᵢᵣ])/(?P<by>(?:∂[wy][ₖₗᵢᵣ])+)|Σ(?P<sum>[ₖₗᵣᵢₙ]+) "
    r"|(?P<extreme>max|min)ᵣ|(?P<function>max|min|cos|mod|log)|\|(?P<abs>[^|]*)\|"
    r"|(?P<root>√)|(?P<raised>[⁻⁰¹²³⁴-⁹]+)|(?P<number>\d+)|(?P<relation>≤|≥|<|>|=)"
    r"|(?P<letter>ok|[A-Za-zα-ωΔ])(?P<accent>[\u0302\u0303]?)(?P<digits>[₀-₉]*)"
    r"(?:_(?P<word>[a-zτ]+))?(?P<indices>[ₖₗᵣᵢₙ]*)(?P<when>\(j(?:−1)?\))?"
    r"|(?P<sign>[-−+^/:,(){}\[\]])|\s+"
)


def text_tokens(text: str) -> Iterator[Token]:
    """Yield the tokens of a formula in Unicode."""
    at = 0
    while at < len(text):
        match = _TEXT.match(text, at)
        assert match, f"cannot read {text[at:]!r}"
        at = match.end()
        found = {k: v for k, v in match.groupdict().items() if v}
        if "above" in found:
            by = tuple(f"{v}_{{{_SUBSCRIPTS[k]}}}" for v, k in re.findall("∂(.)(.)", found["by"]))
            above = found["above"]
            yield Slope("J" if above[0] == "J" else f"y{_SUBSCRIPTS[above[1]]}", by)
        elif "sum" in found:
            yield Over("sum", tuple(_SUBSCRIPTS[k] for k in found["sum"]))
        elif "extreme" in found:
            yield Over(found["extreme"], ("r",))
        elif "abs" in found:
            yield from ("abs", "(", *text_tokens(found["abs"]), ")")
        elif "root" in found:
            yield "sqrt"
        elif "raised" in found:
            yield from ("^", float(found["raised"].translate(_RAISED)))
        elif "number" in found:
            yield float(found["number"])
        elif "letter" in found:
            below = ["".join(_DIGITS[d] for d in found.get("digits", ""))]
            below += [GREEK.get(found.get("word", ""), found.get("word", ""))]
            below += [_SUBSCRIPTS[k] for k in found.get("indices", "")]
            letter = GREEK.get(found["letter"], found["letter"])
            when = found.get("when", "").replace("−", "-")
            yield named(letter, _ACCENTS[found.get("accent", "")], [b for b in below if b], when)
        elif "relation" in found:
            yield {"≤": "<=", "≥": ">="}.get(found["relation"], found["relation"])
        elif "function" in found or "sign" in found:
            yield (found.get("function") or found["sign"]).replace("−", "-")


# ---- what is printed, computed -------------------------------------------------------------------


@dataclass
class Page:
    """What symbols stand for while printed equations are followed from the first to the last.

    Attributes:
        objective: the cost.
        values: by name and time.
        unknown: symbols that were asked for and have no value.
        outputs: derivatives of the outputs by w before the step, (N, N_M, K).
    """

    objective: Any
    values: dict[tuple[str, str], Any]
    unknown: list[Name] = field(default_factory=list)
    outputs: Any = None

    def read(self, symbol: Name, at: Places) -> Any:
        """Return a component, or all of a vector that is printed without an index."""
        if (symbol.name, symbol.when) not in self.values:
            self.unknown.append(symbol)
            return math.nan
        value = self.values[symbol.name, symbol.when]
        return value[tuple(at[k] for k in symbol.indices)] if symbol.indices else value

    def slope(self, what: Slope, w: Any, at: Places) -> Any:
        """Return a derivative of J, or of the outputs of one sample, at a point."""
        cost = self.objective
        places = [at[v[-2]] for v in what.by]
        if what.above == "J" and what.by[0][0] == "w":
            return (cost.jac(w) if len(places) == 1 else cost.hess(w))[tuple(places)]
        if what.above == "J":  # of the mean squared error
            return 2 / cost.D.size * (places[0] == places[1])
        if self.outputs is None:
            self.outputs = cost.module.jacobian(cost.params(w), cost.X)
        return self.outputs[at["n"], at[what.above[1]], places[0]]

    def count(self, letter: str) -> int:
        """Return how far an index goes."""
        shape = {"n": len(self.objective.X), "i": self.objective.D.shape[1]}
        return shape.get(letter, self.objective.K)


class Reader:
    """Makes a value of tokens: sums of products, as they are read by people."""

    def __init__(self, tokens: list[Token], page: Page) -> None:
        self.tokens, self.page, self.at = tokens, page, 0

    def peek(self) -> Token:
        """Return the next token, "" at the end."""
        return self.tokens[self.at] if self.at < len(self.tokens) else ""

    def take(self, wanted: str = "") -> Token:
        """Read a token."""
        token = self.peek()
        assert not wanted or token == wanted, f"{token} in the place of {wanted}"
        self.at += 1
        return token

    def all(self) -> Value:
        """Return the value of all tokens; of a comparison, whether it holds."""
        left = self.sum()
        sign = self.peek()
        if sign in ("<=", ">=", "<", ">", "="):
            self.take()
            right = self.sum()
            left = compared(left, str(sign), right)
        assert self.peek() == "", self.tokens[self.at :]
        return left

    def sum(self) -> Value:
        """Return terms added up."""
        total = self.term()
        while self.peek() in ("+", "-"):
            plus = self.take() == "+"
            total = added(total, self.term(), 1 if plus else -1)
        return total

    def term(self) -> Value:
        """Return factors side by side; what stands behind a stroke divides."""
        if self.peek() == "-":
            self.take()
            inner = self.term()
            return lambda at: -inner(at)
        product = self.factor()
        while self.peek() not in ("", "+", "-", ")", "}", ",", ":", "<=", ">=", "<", ">", "="):
            divides = self.peek() == "/"
            if divides:
                self.take()
            product = multiplied(product, self.factor(), divides=divides)
        return product

    def factor(self) -> Value:
        """Return a factor with its exponent."""
        base = self.base()
        if self.peek() == "^":
            self.take()
            exponent = self.base()
            return lambda at: base(at) ** exponent(at)
        return base

    def base(self) -> Value:
        """Return a number, a symbol, a function or what stands in parentheses."""
        token = self.take()
        match token:
            case float():
                return lambda _: token
            case Over("sum", letters):
                return over(sum, letters, self.term(), self.page)
            case Over(kind, letters):
                return over({"max": max, "min": min}[kind], letters, self.base(), self.page)
            case Slope():
                return self.slope(token)
            case Name("J", (), "") if self.peek() == "(":
                point = self.base()
                return lambda at: self.page.objective.fun(point(at))
            case Name():
                return lambda at: self.page.read(token, at)
            case "(":
                inner = self.sum()
                self.take(")")
                return inner
            case "[":
                names = [self.take(), self.take("="), self.take()]
                self.take("]")
                return lambda at: float(at[names[0].name] == at[names[2].name])
        return self.function(str(token))

    def slope(self, token: Slope) -> Value:
        """Return a derivative, at the point behind it or at w before the step."""
        before = Name("w", (), "(j-1)")
        point: Value = lambda at: self.page.read(before, at)  # noqa: E731
        if self.peek() == "(":
            point = self.base()
        return lambda at: self.page.slope(token, point(at), at)

    def function(self, name: str) -> Value:
        """Return a function of what stands in parentheses behind its name."""
        self.take("(")
        arguments = [self.sum()]
        while self.peek() == ",":
            self.take()
            arguments.append(self.sum())
        self.take(")")
        call: dict[str, Callable[..., Any]] = {
            "max": max, "min": min, "abs": abs, "sqrt": math.sqrt, "cos": math.cos,
            "log": math.log, "mod": lambda a, b: a % b,
        }  # fmt: skip
        return lambda at: call[name](*[a(at) for a in arguments])


def compared(left: Value, sign: str, right: Value) -> Value:
    """Return whether a comparison holds."""
    signs: dict[str, Callable[[Any, Any], bool]] = {
        "<=": lambda a, b: a <= b, ">=": lambda a, b: a >= b, "<": lambda a, b: a < b,
        ">": lambda a, b: a > b, "=": lambda a, b: a == b,
    }  # fmt: skip
    return lambda at: signs[sign](left(at), right(at))


def added(one: Value, other: Value, sign: int) -> Value:
    """Return a sum or a difference."""
    return lambda at: one(at) + sign * other(at)


def multiplied(one: Value, other: Value, *, divides: bool) -> Value:
    """Return a product or a quotient."""
    return lambda at: one(at) / other(at) if divides else one(at) * other(at)


def over(join: Callable[..., Any], letters: tuple[str, ...], body: Value, page: Page) -> Value:
    """Return a sum or an extreme value over all places of some indices."""

    def value(at: Places) -> Any:
        sizes = [page.count({"r": "i"}.get(k, k) if "n" in letters else k) for k in letters]
        return join(
            body({**at, **dict(zip(letters, place, strict=True))}) for place in np.ndindex(*sizes)
        )

    return value
