"""The box of a formula estimated from its LaTeX alone."""

import re
from collections.abc import Callable, Mapping
from dataclasses import replace

from gradscribe.typeset.boxes import Atom, Box, Class, Style, delimiter, fraction, row, scripted
from gradscribe.typeset.glyphs import (
    BINARY,
    BOLD,
    CALLIGRAPHIC,
    CLOSING,
    INNER,
    MATH,
    OPENING,
    PUNCTUATION,
    RELATIONS,
    UNKNOWN,
    control_words,
    vertical,
    words_width,
)
from gradscribe.typeset.grids import ENVIRONMENTS, grid
from gradscribe.typeset.tokens import Macro, Reader

SPACES = {
    r"\,": 3 / 18, r"\:": 4 / 18, r"\;": 5 / 18, r"\!": -3 / 18, r"\ ": 0.34, "~": 0.34,
    r"\quad": 1.0, r"\qquad": 2.0, r"\>": 4 / 18, r"\enspace": 0.5, r"\thinspace": 3 / 18,
}  # fmt: skip
OPERATORS = control_words("exp log ln tanh sinh cosh sin cos tan max min det dim lim inf sup")
WITH_LIMITS = control_words("max min lim sup inf det")
BIG = {r"\sum": (1444, 1056), r"\prod": (1278, 944), r"\int": (1000, 694), r"\bigcup": (1111, 833)}
SIZED = {"big": 1.2, "Big": 1.8, "bigg": 2.4, "Bigg": 3.0}
FONTS = {
    r"\boldsymbol": BOLD, r"\bm": BOLD, r"\mathbf": BOLD, r"\mathcal": CALLIGRAPHIC,
    r"\mathit": 1.0, r"\mathbb": 1.1,
}  # fmt: skip
ACCENTS = control_words("bar hat tilde dot ddot vec widehat overline")
TEXTS = control_words("text mathrm operatorname operatorname* mathsf textrm textbf")
CLASSES = {
    r"\mathrel": Class.REL, r"\mathbin": Class.BIN, r"\mathop": Class.OP, r"\mathord": Class.ORD,
    r"\mathopen": Class.OPEN, r"\mathclose": Class.CLOSE, r"\mathinner": Class.INNER,
    r"\mathpunct": Class.PUNCT,
}  # fmt: skip
# What takes an argument that is not shown, or none and shows nothing.
# A coloured box has at most this much around its content, in points.
_BOX_MARGIN = 14.0
_LENGTH = re.compile(r"(-?[\d.]+)(pt|mm|cm|em|ex)")
_POINTS = {"pt": 1.0, "mm": 2.845, "cm": 28.45, "em": 10.95, "ex": 4.8}
SILENT_WITH_ARGUMENT = control_words("color label tag")
SILENT = control_words("nonumber notag limits allowbreak relax centering") | {"$"}
STYLES: Mapping[str, Callable[[Style], Style]] = {
    r"\displaystyle": lambda s: s.displayed,
    r"\textstyle": lambda s: s.text,
    r"\scriptstyle": lambda s: s.text.script,
    r"\scriptscriptstyle": lambda s: s.text.script.script,
}


class Estimator:
    """Reads one formula and builds its box."""

    def __init__(self, text: str, macros: Mapping[str, Macro], style: Style, scale: float) -> None:
        self.reader = Reader(text, macros)
        self.macros = macros
        self.style = style
        self.scale = scale  # of letters, in a bold or calligraphic font

    def box(self) -> Box:
        """Return the box of everything that is left."""
        return row(self.atoms(), self.style)

    def atoms(self, stop: str = "") -> list[Atom]:
        r"""Read atoms up to a token (\right), which is read too."""
        found: list[Atom] = []
        while token := self.reader.next():
            if token == stop:
                break
            if token in ("^", "_", "'"):
                self._scripts(found, token)
            else:
                found += self._read(token)
        return found

    def inner(self, text: str, style: Style | None = None, scale: float = 0.0) -> Box:
        """Return the box of a part."""
        part = Estimator(text, self.macros, style or self.style, scale or self.scale)
        return part.box()

    def _scripts(self, found: list[Atom], token: str) -> None:
        """Put scripts onto the last atom."""
        above, below, primes = "", "", ""
        while token in ("^", "_", "'"):
            if token == "'":
                primes += r"\prime "
            elif token == "^":
                above = self.reader.argument()
            else:
                below = self.reader.argument()
            self.reader.spaces()
            token = self.reader.peek()
            if token in ("^", "_", "'"):
                self.reader.next()
        nucleus = found.pop() if found else Atom(Box(0))
        top = self.inner(primes + above, self.style.script, 1) if primes + above else None
        bottom = self.inner(below, self.style.script, 1) if below else None
        found.append(scripted(nucleus, top, bottom, self.style))

    def _read(self, token: str) -> list[Atom]:
        """Return the atoms of one token and its arguments."""
        if token == " " or token in SILENT:
            return []
        if token in SILENT_WITH_ARGUMENT:
            self.reader.optional()
            self.reader.argument()
            return []
        if token == r"\setlength":
            self.reader.argument()
            self.reader.argument()
            return []
        if token == r"\hspace":
            return [Atom(Box(_points(self.reader.argument())), Class.SPACE)]
        if token in STYLES:
            self.style = STYLES[token](self.style)
            return []
        if token in SPACES:
            return [Atom(Box(SPACES[token] * self.style.em), Class.SPACE)]
        return [self._atom(token)]

    def _atom(self, token: str) -> Atom:
        reader, style = self.reader, self.style
        if token == "{":
            reader.pending.append("{")
            return Atom(self.inner(reader.argument()))
        if token in (r"\frac", r"\dfrac", r"\tfrac", r"\cfrac"):
            return self._fraction(token)
        if token == r"\left":
            return self._fenced()
        if token == r"\begin":
            return self._environment()
        if token in (r"\underbrace", r"\overbrace"):
            return self._braced(token)
        if token in (r"\underset", r"\overset", r"\stackrel"):
            label = self.inner(reader.argument(), style.script)
            base = self.inner(reader.argument())
            return Atom(Box(max(label.width, base.width), base.height, base.depth), Class.REL)
        if token == r"\sqrt":
            reader.optional()
            box = self.inner(reader.argument())
            return Atom(Box(box.width + style.assembled, box.height + 2, box.depth))
        if token in CLASSES:
            return Atom(self.inner(reader.argument()), CLASSES[token])
        return self._styled(token)

    def _styled(self, token: str) -> Atom:
        """Return a part in another font, colour or ghost; else a sign."""
        reader = self.reader
        if token in FONTS:
            return Atom(self.inner(reader.argument(), scale=FONTS[token]))
        if token in ACCENTS:
            box = self.inner(reader.argument())
            return Atom(Box(box.width, box.height + 0.15 * self.style.em, box.depth))
        if token in TEXTS:
            kind = Class.OP if token.startswith(r"\operatorname") else Class.ORD
            bold = BOLD if token == r"\textbf" else 1.0
            return Atom(self._text(reader.argument(), bold), kind, limits=token.endswith("*"))
        if token == r"\textcolor":
            reader.optional()
            reader.argument()
            return Atom(self.inner(reader.argument()))
        if token == r"\colorbox":
            reader.argument()
            box = self.inner(reader.argument())
            return Atom(Box(box.width + _BOX_MARGIN, box.height + 7, box.depth + 7))
        if token in (r"\vphantom", r"\hphantom", r"\phantom", r"\smash"):
            return self._phantom(token)
        if token in (r"\mathstrut", r"\strut"):
            return Atom(Box(0, 0.75 * self.style.em, 0.25 * self.style.em))
        if token[1:].rstrip("lrm") in SIZED:
            return self._sized(token)
        return self._sign(token)

    def _sign(self, token: str) -> Atom:
        em = self.style.em
        if token in BIG:
            wide, narrow = BIG[token]
            height = 0.95 if self.style.display else 0.75
            em = max(em, self.style.assembled) if self.style.level == 0 else em
            box = Box((wide if self.style.display else narrow) / 1000 * em, height * em, 0.45 * em)
            return Atom(box, Class.OP, limits=self.style.display and token != r"\int")
        if token in OPERATORS:
            limits = self.style.display and token in WITH_LIMITS
            return Atom(self._text(token[1:], 1.0), Class.OP, limits)
        scale = self.scale if token.isalnum() or token[1:].isalpha() else 1.0
        width = MATH.get(token, UNKNOWN) / 1000 * em * scale
        height, depth = vertical(token)
        return Atom(Box(width, height * em, depth * em), _class(token))

    def _text(self, text: str, scale: float) -> Box:
        """Return the box of words."""
        em = self.style.em
        shown = re.sub(r"\\color\s*\{\w*\}|\\[A-Za-z]+\s?|[\\{}$]", "", text)
        return Box(words_width(shown) * em * scale, 0.75 * em, 0.25 * em)

    def _fraction(self, token: str) -> Atom:
        outer = {r"\dfrac": self.style.displayed, r"\tfrac": self.style.text}.get(token, self.style)
        above = self.inner(self.reader.argument(), outer.part)
        below = self.inner(self.reader.argument(), replace(outer.part, cramped=True))
        return fraction(above, below, outer)

    def _fenced(self) -> Atom:
        r"""Return \left … \right."""
        left = self._delimiter_sign()
        style = self.style
        content = row(self.atoms(r"\right"), self.style)
        self.style = style
        right = self._delimiter_sign()
        first, last = (delimiter(sign, content, style) for sign in (left, right))
        height = max(content.height, first.height)
        width = first.width + content.width + last.width
        return Atom(Box(width, height, max(content.depth, first.depth)), Class.INNER)

    def _delimiter_sign(self) -> str:
        self.reader.spaces()
        return self.reader.next()

    def _sized(self, token: str) -> Atom:
        r"""Return a delimiter of a given size: \bigl(."""
        height = SIZED[token[1:].rstrip("lrm")] * self.style.assembled
        kind = {"l": Class.OPEN, "r": Class.CLOSE, "m": Class.REL}.get(token[-1], Class.ORD)
        axis = 0.25 * self.style.assembled
        around = Box(0, height / 2 + axis - 0.5, height / 2 - axis - 0.5)
        return Atom(delimiter(self._delimiter_sign(), around, self.style), kind)

    def _braced(self, token: str) -> Atom:
        """Return a part with a brace and the label on it."""
        box = self.inner(self.reader.argument(), self.style.displayed)
        self.reader.spaces()
        label = Box(0)
        mark = "_" if token == r"\underbrace" else "^"
        if self.reader.peek() == mark:
            self.reader.next()
            label = self.inner(self.reader.argument(), self.style.script)
        extra = 0.9 * self.style.em + label.height + label.depth
        up, down = (0.0, extra) if mark == "_" else (extra, 0.0)
        width = max(box.width, label.width, 1.85 * self.style.assembled)
        return Atom(Box(width, box.height + up, box.depth + down), Class.OP)

    def _phantom(self, token: str) -> Atom:
        box = self.inner(self.reader.argument())
        if token == r"\vphantom":
            return Atom(Box(0, box.height, box.depth))
        return Atom(box if token == r"\phantom" else Box(box.width))

    def _environment(self) -> Atom:
        name = self.reader.argument()
        if name not in ENVIRONMENTS:
            return Atom(Box(UNKNOWN / 1000 * self.style.em))
        if name == "array":
            self.reader.argument()
        rows: list[list[list[str]]] = [[[]]]
        depth = 0
        between = 0.0  # points that are asked for between rows
        while token := self.reader.next():
            if token in (r"\begin", "{"):
                depth += 1
            if token == r"\end" and depth == 0:
                self.reader.argument()
                break
            if token in (r"\end", "}"):
                depth -= 1
            if depth == 0 and token == "&":
                rows[-1].append([])
            elif depth == 0 and token == r"\\":
                between += _points(self.reader.optional())
                rows.append([[]])
            else:
                rows[-1][-1].append(token if len(token) < 2 else f"{token} ")
        cells = [["".join(cell) for cell in line] for line in rows if line != [[]]]
        return Atom(grid(name, cells, between, self.inner, self.style), Class.INNER)


def _points(length: str) -> float:
    """Return a length in points, 0 where it is none."""
    match = _LENGTH.match(length.strip())
    return float(match[1]) * _POINTS[match[2]] if match else 0.0


def _class(token: str) -> Class:
    """Return the class of a sign."""
    for kind, signs in (
        (Class.BIN, BINARY),
        (Class.REL, RELATIONS),
        (Class.OPEN, OPENING),
        (Class.CLOSE, CLOSING),
        (Class.PUNCT, PUNCTUATION),
        (Class.INNER, INNER),
    ):
        if token in signs:
            return kind
    return Class.ORD
