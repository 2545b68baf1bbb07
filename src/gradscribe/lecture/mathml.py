"""Displayed formulas in MathML: roles as classes, layers and transposes said for who listens."""

import re
from collections.abc import Callable
from dataclasses import replace
from functools import partial

from gradscribe.formula import Dialect
from gradscribe.lecture.display import Tone
from gradscribe.lecture.writing import Layers, Script
from gradscribe.typeset.mathml import (
    APPLY,
    SLOT,
    TIMES,
    element,
    fenced,
    number,
    operator,
    parentheses,
    row,
    symbol,
)

_COMPARISONS = {">": ">", "<": "<", ">=": "≥", "<=": "≤", "==": "=", "!=": "≠"}
_STRUT = '<mspace height="1.5em" depth="1.15em"></mspace>'
MINUS = operator("−")
_SIGN_AFTER = re.compile(r"(<mo[^>]*>[^<)\]′]+</mo>\s*)<mo>−</mo>")


def mathml_script(
    latex: Script, words: Callable[[str], str], *, comma: bool = False, layer: str = "layer"
) -> Script:
    """Return the script of MathML.

    Args:
        latex: the script of LaTeX without macros: symbols are read from it.
        words: a key of the locale -> the words.
        comma: whether decimals have a comma.
        layer: the word for a layer, spoken before its number.
    """
    read = partial(symbol, layer=layer)
    partial_sign = _partial_sign(latex)
    return replace(
        latex,
        dialect=partial(_dialect, latex, words, layer),
        whole=lambda name, of_sample, layers: read(latex.whole(name, of_sample, layers)),
        slopes=lambda name, argument, order, diagonal, layers: read(
            latex.slopes(name, argument, order, diagonal, layers)
        ),
        size=lambda name, layers: symbol(latex.size(name, layers)),
        decimal=partial(_decimal, comma),
        word=lambda key: element("mtext", words(key)),
        glyph=lambda name: symbol(latex.glyph(name)),
        product=partial(_product, latex),
        plus=_plus,
        ratio=lambda above, below: element("mfrac", row(above), row(below)),
        power=lambda base, exponent: element("msup", row(base), number(str(exponent))),
        big=lambda k, last, body: _sum(symbol(k), last, body),
        quotient=partial(_quotient, partial_sign),
        applied=partial(_applied, latex, read),
        transposed=partial(_transposed, latex),
        parentheses=parentheses,
        grid=_grid,
        brace=_brace,
        toned=lambda tone, body: element("mrow", body, class_=tone.value),
        strong=lambda body: element("mrow", body, class_="strong"),
        relation=lambda name: symbol(latex.relation(name)),
        ready=symbol,
        numbers=lambda numbers: symbol(latex.numbers(numbers)),
    )


def _dialect(latex: Script, words: Callable[[str], str], layer: str, layers: Layers) -> Dialect:
    """Return the dialect of index notation in which layers have these names."""
    base = latex.dialect(layers)
    read = partial(symbol, layer=layer)
    partial_sign = _partial_sign(latex)
    return replace(
        base,
        component=lambda name, letters, of_sample: read(base.component(name, letters, of_sample)),
        size=lambda name: symbol(base.size(name)),
        function=lambda name, argument: _function(base.function(name, SLOT), argument, read),
        fraction=lambda above, below, _: element("mfrac", row(above), row(below)),
        power=lambda base, exponent: element("msup", row(base), row(exponent)),
        total=lambda k, stop, body: _sum(symbol(k), stop, body),
        iverson=lambda a, b: _bracketed(symbol(a) + operator("=") + symbol(b)),
        derivative=lambda above, below: _quotient(partial_sign, above, below, False, 1, ""),
        parentheses=parentheses,
        cases=lambda cases: _cases(cases, words),
        product=TIMES,
        times=operator("·"),
        minus=MINUS,
        relation=lambda sign: operator(_COMPARISONS[sign]),
        number=lambda digits: number(base.number(digits).replace("{,}", ",")),
        plus=operator("+"),
    )


def _partial_sign(latex: Script) -> str:
    r"""Return the sign of a partial derivative, as its LaTeX has it: ∂ or an upright d."""
    text = latex.quotient("", "", False, 2, "")
    return symbol(text.removeprefix(r"\frac{").partition("^")[0])


def _decimal(comma: bool, digits: str) -> str:
    sign = MINUS if digits.startswith("-") else ""
    shown = digits.removeprefix("-")
    return sign + number(shown.replace(".", ",") if comma else shown)


def _product(latex: Script, factors: list[str], sign: str) -> str:
    """Return a product; what stands between its factors is read from the LaTeX."""
    if not sign:
        return TIMES.join(factors)
    return symbol(latex.product([SLOT] * len(factors), sign), *factors)


def _plus(term: str, minus: bool, first: bool) -> str:
    if first:
        return MINUS + term if minus else term
    return (MINUS if minus else operator("+")) + term


def _sum(k: str, last: str, body: str) -> str:
    below = element("mrow", k, operator("="), number("1"))
    return element("munderover", operator("∑"), below, row(last)) + body


def _quotient(sign: str, above: str, below: str, total: bool, order: int, also: str) -> str:
    """Return a derivative in Leibniz notation."""
    sign = element("mi", "d", mathvariant="normal") if total else sign
    name = "derivative" if total else "partial-derivative"
    if order == 1 and not also:
        over = sign + _named(above, "f")
        under = sign + _named(below, "x")
        intent = f"{name}($f,$x)"
        return element("mfrac", element("mrow", over), element("mrow", under), intent=intent)
    over = element("msup", sign, number("2")) + above
    squared = element("msup", row(below), number("2"))
    under = sign + below + sign + also if also else sign + squared
    return element("mfrac", element("mrow", over), element("mrow", under))


def _named(text: str, name: str) -> str:
    """Return markup as a row that an intent can refer to."""
    return element("mrow", text, arg=name)


def _function(latex: str, argument: str, read: Callable[..., str]) -> str:
    """Return a function of an argument: its head is read, as a power where it is written so."""
    for opening, end in ((r"\left(", r"\right)"), (r"\bigl(", r"\bigr)"), ("(", ")")):
        tail = opening + SLOT + end
        if latex.endswith(tail):
            return read(latex.removesuffix(tail)) + APPLY + parentheses(argument)
    return symbol(latex, argument)


def _applied(
    latex: Script, read: Callable[..., str], function: str, argument: str, layers: Layers
) -> str:
    return _function(latex.applied(function, SLOT, layers), argument, read)


def _transposed(latex: Script, body: str) -> str:
    marked = element("mrow", body, arg="x")
    text = symbol(latex.transposed(SLOT), marked)
    return text.replace("<msup>", '<msup intent="transpose($x)">', 1)


def _bracketed(text: str) -> str:
    return fenced("[", text, "]")


def _grid(rows: list[list[str]], small: bool) -> str:
    cells = [element("mtr", *(element("mtd", cell) for cell in line)) for line in rows]
    large = "true" if not small and any("<mfrac" in cell for cell in cells) else ""
    kind = "small" if small else "grid"
    return _bracketed(element("mtable", *cells, class_=kind, displaystyle=large))


def _cases(cases: list[tuple[str, str | None]], words: Callable[[str], str]) -> str:
    rows = [
        element(
            "mtr",
            element("mtd", value),
            element(
                "mtd",
                element("mtext", words("otherwise") if c is None else f"{words('if')}&#xA0;"),
                c or "",
            ),
        )
        for value, c in cases
    ]
    table = element("mtable", *rows, class_="cases", columnalign="left")
    return element("mrow", operator("{"), table)


def _brace(body: str, label: str, over: bool, tone: Tone | None) -> str:
    """Return a body with a brace under or over it, and the label in the size of the text."""
    tag, sign = ("mover", "⏞") if over else ("munder", "⏟")
    strut = _STRUT if "<mfrac" in body else ""
    braced = element(tag, element("mrow", strut, body), operator(sign, stretchy="true"))
    shown = element("mstyle", label, scriptlevel="0", displaystyle="false")
    return element("mrow", element(tag, braced, shown), class_=tone.value if tone else "")


def math(body: str, alternative: str, *, block: bool = False) -> str:
    """Return a `math` element, with LaTeX for programs that know no MathML."""
    display = "block" if block else ""
    return element("math", row(_signed(body)), display=display, alttext=alternative)


def _signed(body: str) -> str:
    """Mark a minus after another operator as a sign: else it is set as if it subtracted."""
    return _SIGN_AFTER.sub(r'\1<mo form="prefix">−</mo>', body)
