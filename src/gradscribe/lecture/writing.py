"""A displayed formula as text: one walk over its tree, a `Script` for each way of writing.

The walk knows which parts need parentheses; a script knows the signs. LaTeX with macros, LaTeX
without and MathML are scripts.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from decimal import Decimal as DecimalNumber

from sympy import Expr, Function, Indexed, Piecewise, S

from gradscribe.formula import Dialect, expression
from gradscribe.lecture.display import (
    Applied,
    Atom,
    Big,
    Brace,
    Call,
    Chain,
    Choice,
    Decimal,
    Diagonal,
    Gap,
    Glyph,
    Grid,
    Minus,
    Named,
    Node,
    Plus,
    Power,
    Product,
    Quotient,
    Ratio,
    Ready,
    Renamed,
    Slopes,
    Strong,
    Tone,
    Toned,
    Transposed,
    Whole,
    Word,
)
from gradscribe.lecture.display import (
    Layers as LayerNumbers,
)
from gradscribe.notation import split
from gradscribe.symbols import magnitude

Layers = Mapping[str, str]

_SUM, _PRODUCT, _ATOM = 1, 2, 4


@dataclass(frozen=True)
class Script:
    """How a displayed formula is written.

    Attributes:
        dialect: the names of layers -> the dialect of index notation.
        whole: a variable's name, whether the sample is written, the names of layers -> text.
        slopes: function, argument, order, whether as a diagonal matrix, the names -> text.
        size: a size's name, the names of layers -> text.
        decimal: a number's digits ("-0.25") -> text.
        word: a key of the locale -> text.
        glyph: the name of a symbol -> text.
        numbers: numbers of layers, dots where one is empty -> text.
        product: texts of factors, the name of the sign between them -> text.
        plus: a term, whether it is subtracted, whether it is the first -> text.
        ratio: above, below -> text.
        power: base, exponent -> text.
        big: index, last value, body -> text.
        quotient: above, below, whether total, order, the second variable or "" -> text.
        applied: function, argument, the names of layers -> text.
        transposed: body -> text.
        parentheses: body -> text.
        grid: rows of texts, whether small -> text.
        brace: body, label, whether over, the tone of the body -> text.
        toned: tone, body -> text.
        strong: body -> text.
        relation: the name of a relation -> its sign.
        gap: the number of a place left open, whether it is narrow -> text.
        ready: a formula in LaTeX without macros -> text.
    """

    dialect: Callable[[Layers], Dialect]
    whole: Callable[[str, bool, Layers], str]
    slopes: Callable[[str, str, int, bool, Layers], str]
    size: Callable[[str, Layers], str]
    decimal: Callable[[str], str]
    word: Callable[[str], str]
    glyph: Callable[[str], str]
    numbers: Callable[[tuple[str, ...]], str]
    product: Callable[[list[str], str], str]
    plus: Callable[[str, bool, bool], str]
    ratio: Callable[[str, str], str]
    power: Callable[[str, int], str]
    big: Callable[[str, str, str], str]
    quotient: Callable[[str, str, bool, int, str], str]
    applied: Callable[[str, str, Layers], str]
    transposed: Callable[[str], str]
    parentheses: Callable[[str], str]
    grid: Callable[[list[list[str]], bool], str]
    brace: Callable[[str, str, bool, Tone | None], str]
    toned: Callable[[Tone, str], str]
    strong: Callable[[str], str]
    relation: Callable[[str], str]
    gap: Callable[[int, bool], str] = "({})".format
    ready: Callable[[str], str] = str


def written(node: Node, script: Script, layers: Layers | None = None) -> str:
    """Return a displayed formula in a script."""
    return _Writer(script, layers or {}).text(node)


def chain_parts(
    node: Node, script: Script, layers: Layers | None = None
) -> tuple[list[str], list[str]]:
    """Return the texts of a chain's parts, and of the relations between them."""
    layers = layers or {}
    if isinstance(node, Renamed):
        return chain_parts(node.body, script, dict(node.layers))
    if isinstance(node, Chain):
        parts = [written(part, script, layers) for part in node.parts]
        return parts, [script.relation(r) for r in node.relations]
    return [written(node, script, layers)], []


@dataclass(frozen=True)
class _Writer:
    script: Script
    layers: Layers

    def text(self, node: Node, level: int = 0) -> str:
        own, text = self.written(node)
        return self.script.parentheses(text) if own < level else text

    def written(self, node: Node) -> tuple[int, str]:
        """Return how tightly a formula binds, and its text."""
        script = self.script
        match node:
            case Atom():
                dialect = script.dialect(self.layers)
                text = expression(node.expr, dialect)
                tight = expression(node.expr, dialect, _PRODUCT) == text
                return (
                    _ATOM if expression(node.expr, dialect, 3) == text else 2
                ) if tight else 1, text
            case Product():
                return _PRODUCT, self.product(node)
            case Plus():
                return _SUM, self.sum(node)
            case Minus():
                return _SUM, script.plus(self.text(node.body, _PRODUCT), True, True)
            case Ratio():
                return _PRODUCT, script.ratio(self.text(node.above), self.text(node.below))
            case Power():
                return _ATOM, script.power(self.base(node.base), node.exponent)
            case Big():
                last = script.size(str(node.last), self.layers)
                return _PRODUCT, script.big(str(node.index), last, self.text(node.body, _PRODUCT))
            case Toned():
                own, text = self.written(node.body)
                return own, script.toned(node.tone, text)
            case Strong():
                own, text = self.written(node.body)
                return own, script.strong(text)
            case Brace():
                return self.brace(node)
            case Renamed():
                return _Writer(script, dict(node.layers)).written(node.body)
            case Chain():
                return 0, self.chain(node)
            case Ready():
                return _SUM, script.ready(node.latex)
            case Choice():
                rows = [(self.text(v), None if c is None else self.text(c)) for v, c in node.cases]
                return _SUM, script.dialect(self.layers).cases(rows)
            case _:
                return self.primary(node)

    def primary(self, node: Node) -> tuple[int, str]:
        """Return the text of what is a unit by itself."""
        script, layers = self.script, self.layers
        match node:
            case Whole():
                return _ATOM, script.whole(node.name, node.of_sample, layers)
            case Slopes():
                return _ATOM, script.slopes(node.name, node.argument, node.order, False, layers)
            case Diagonal():
                s = node.slopes
                return _ATOM, script.slopes(s.name, s.argument, s.order, True, layers)
            case Decimal():
                digits = decimal_digits(node)
                return (_SUM if digits.startswith("-") else _ATOM), script.decimal(digits)
            case Word():
                return _ATOM, script.word(node.key)
            case Glyph():
                return _ATOM, script.glyph(node.name)
            case LayerNumbers():
                return _SUM, script.numbers(node.numbers)
            case Quotient():
                also = "" if node.also is None else self.text(node.also, _ATOM)
                above, below = self.text(node.above, _PRODUCT), self.text(node.below, _ATOM)
                return _ATOM, script.quotient(above, below, node.total, node.order, also)
            case Applied():
                return _ATOM, script.applied(node.function, self.text(node.argument), layers)
            case Call():
                dialect = script.dialect(layers)
                return _ATOM, dialect.function(node.function, self.text(node.argument))
            case Named():
                return self.written(node.label)
            case Gap():
                return _ATOM, script.gap(node.number, node.narrow)
            case Transposed():
                return _ATOM, script.transposed(self.transposable(node.body))
            case Grid():
                rows = [[self.text(cell) for cell in row] for row in node.rows]
                return _ATOM, script.grid(rows, node.small)
            case _:
                raise TypeError(f"no way to write a {type(node).__name__}")

    def transposable(self, body: Node) -> str:
        """Return a body that a T can be put to: what has a superscript goes in parentheses."""
        inner = body.body if isinstance(body, Toned) else body
        plain = isinstance(inner, Grid | Glyph) or (
            isinstance(inner, Whole) and inner.name in ("x", "d")
        )
        bare = plain and not (isinstance(inner, Whole) and "0" in self.layers)
        return self.text(body, _ATOM) if bare else self.script.parentheses(self.text(body))

    def base(self, node: Node) -> str:
        """Return the base of a power: what has a layer's number above goes in parentheses."""
        layered = bare(node)
        if isinstance(layered, Diagonal | Whole) or (
            isinstance(layered, Atom) and not layered.expr.is_Number and has_layer(layered.expr)
        ):
            return self.script.parentheses(self.text(node))
        return self.text(node, _ATOM)

    def product(self, node: Product) -> str:
        texts = []
        for position, factor in enumerate(node.factors):
            first = position == 0 and node.sign not in ("odot", "otimes")
            open_ended = isinstance(factor, Big) and position < len(node.factors) - 1
            if node.sign == "quad":
                open_ended, first = False, True
            level = (
                0
                if node.sign == "quad"
                else _SUM
                if first and not _is_several(bare(factor), alone=len(node.factors) == 1)
                else _PRODUCT
            )
            texts.append(self.text(factor, _ATOM if open_ended else level))
        return self.script.product(texts, node.sign)

    def sum(self, node: Plus) -> str:
        text = ""
        for position, term in enumerate(node.terms):
            minus = isinstance(term, Minus)
            body = term.body if isinstance(term, Minus) else term
            level = _PRODUCT if minus or (position and _negative(body)) else 0
            text += self.script.plus(self.text(body, level), minus, position == 0)
        return text

    def brace(self, node: Brace) -> tuple[int, str]:
        tone = node.body.tone if isinstance(node.body, Toned) else None
        inner = node.body.body if isinstance(node.body, Toned) else node.body
        label = self.text(node.label)
        return _ATOM, self.script.brace(self.text(inner), label, node.over, tone)

    def chain(self, node: Chain) -> str:
        text = self.text(node.parts[0])
        for part, relation in zip(node.parts[1:], node.relations, strict=True):
            text += f" {self.script.relation(relation)} {self.text(part)}"
        return text


def bare(node: Node) -> Node:
    """Return a node without the colour, the weight and the names of layers around it."""
    while isinstance(node, Toned | Strong | Renamed):
        node = node.body
    return node


def has_layer(expr: Expr) -> bool:
    """Whether a power of it would be misread: it has a layer's number above, or an argument."""
    return isinstance(expr, Function) or (
        isinstance(expr, Indexed) and bool(split(expr.base.name).layer)
    )


def _is_several(node: Node, *, alone: bool) -> bool:
    """Whether a first factor needs parentheses: a sum, and cases that something follows."""
    expr = node.expr if isinstance(node, Atom) else S.One
    cases = isinstance(expr, Piecewise) and magnitude(expr) is None
    return isinstance(node, Plus) or (cases and not alone)


def _negative(node: Node) -> bool:
    """Whether a term begins with a minus sign that would meet the plus before it."""
    node = bare(node)
    if isinstance(node, Product):
        return _negative(node.factors[0])
    return isinstance(node, Decimal) and decimal_digits(node).startswith("-")


def decimal_digits(node: Decimal) -> str:
    """Return a number's digits, rounded half to even, with a point and without "-0".

    >>> decimal_digits(Decimal("0.12345", 4)), decimal_digits(Decimal("2", 4, exact=True))
    ('0.1234', '2')
    """
    from_text = _rounded(node.value, node.places)
    if node.exact and "." in from_text:
        from_text = from_text.rstrip("0").rstrip(".")
    return from_text.removeprefix("-") if not from_text.strip("-0.") else from_text


def _rounded(value: str, places: int) -> str:
    return f"{DecimalNumber(value):.{places}f}"
