"""TeX's boxes of a list of atoms, without TeX: widths, heights and depths in points.

The rules are those of The TeXbook's appendix G, with the spacing of chapter 18, as far as
widths depend on them. What is not known exactly is taken on the wide side.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import IntEnum
from itertools import pairwise

from gradscribe.typeset.glyphs import (
    DELIMITER_HEIGHTS,
    DELIMITER_WIDTHS,
    UNKNOWN,
    WIDENING,
)


@dataclass(frozen=True)
class Box:
    """A box on a baseline, in points.

    Attributes:
        width: its width.
        height: what is above the baseline.
        depth: what is below it.
    """

    width: float
    height: float = 0.0
    depth: float = 0.0


class Class(IntEnum):
    """The classes of atoms, in the order of TeX's table of spaces."""

    ORD = 0
    OP = 1
    BIN = 2
    REL = 3
    OPEN = 4
    CLOSE = 5
    PUNCT = 6
    INNER = 7
    SPACE = 8


@dataclass(frozen=True)
class Atom:
    """A box with its class; of an operator with limits, scripts stand above and below."""

    box: Box
    kind: Class = Class.ORD
    limits: bool = False


@dataclass(frozen=True)
class Style:
    """A style of mathematics.

    Attributes:
        sizes: the font sizes in points of text, script and scriptscript.
        level: 0 for display and text, 1 for script, 2 for scriptscript.
        display: whether it is displayed.
        cramped: whether superscripts are raised less, as below the bar of a fraction.
    """

    sizes: tuple[float, float, float]
    level: int = 0
    display: bool = False
    cramped: bool = False

    @property
    def em(self) -> float:
        """The em in points, larger by as much as letters are wider in a font for that size."""
        size = self.sizes[self.level]
        return size * WIDENING[size]

    @property
    def assembled(self) -> float:
        """The em in points of the font of large signs, which is not drawn below 10 pt."""
        return max(10.0, self.sizes[0])

    @property
    def script(self) -> "Style":
        """The style of scripts."""
        return Style(self.sizes, min(2, self.level + 1), cramped=self.cramped)

    @property
    def part(self) -> "Style":
        """The style of a numerator."""
        return replace(self, display=False) if self.display else self.script

    @property
    def text(self) -> "Style":
        """The style of a matrix's cells and of text."""
        return Style(self.sizes, 0)

    @property
    def displayed(self) -> "Style":
        """The style of displayed formulas."""
        return Style(self.sizes, 0, display=True)


# The em in points at which some fonts draw their large signs whatever the size of the text.
_DRAWN = 10.0

# Eighteenths of an em between two classes; spaces in parentheses (of chapter 18) are negative:
# they are left out in scripts.
_SPACES = (
    (0, 3, -4, -5, 0, 0, 0, -3),
    (3, 3, 0, -5, 0, 0, 0, -3),
    (-4, -4, 0, 0, -4, 0, 0, -4),
    (-5, -5, 0, 0, -5, 0, 0, -5),
    (0, 0, 0, 0, 0, 0, 0, 0),
    (0, 3, -4, -5, 0, 0, 0, -3),
    (-3, -3, 0, -3, -3, -3, -3, -3),
    (-3, 3, -4, -5, -3, 0, -3, -3),
)
_NO_BINARY_AFTER = (Class.BIN, Class.OP, Class.REL, Class.OPEN, Class.PUNCT)
_NO_BINARY_BEFORE = (Class.REL, Class.CLOSE, Class.PUNCT)


def row(atoms: Sequence[Atom], style: Style) -> Box:
    """Return the box of atoms side by side."""
    kinds = _classes(atoms)
    width = sum(a.box.width for a in atoms)
    shown = [k for k in kinds if k is not Class.SPACE]
    for left, right in pairwise(shown):
        space = _SPACES[left][right]
        if space > 0 or style.level == 0:
            width += abs(space) / 18 * style.sizes[style.level]
    height = max((a.box.height for a in atoms), default=0.0)
    depth = max((a.box.depth for a in atoms), default=0.0)
    return Box(width, height, depth)


def _classes(atoms: Sequence[Atom]) -> list[Class]:
    """Return the classes, with binary operators that have nothing on one side made ordinary."""
    kinds: list[Class] = []
    last = Class.BIN
    for atom in atoms:
        kind = atom.kind
        if kind is Class.BIN and last in _NO_BINARY_AFTER:
            kind = Class.ORD
        if kind in _NO_BINARY_BEFORE and last is Class.BIN and kinds:
            place = max(i for i, k in enumerate(kinds) if k is not Class.SPACE)
            kinds[place] = Class.ORD
        kinds.append(kind)
        last = last if kind is Class.SPACE else kind
    return kinds


def scripted(nucleus: Atom, above: Box | None, below: Box | None, style: Style) -> Atom:
    """Return an atom with its superscript and subscript, or with its limits."""
    if above is None and below is None:
        return nucleus
    top, bottom = above or Box(0), below or Box(0)
    own, em = nucleus.box, style.sizes[style.level]
    if nucleus.limits:
        width = max(own.width, top.width, bottom.width)
        height = own.height + (top.height + top.depth + 0.2 * em if above else 0)
        depth = own.depth + (bottom.height + bottom.depth + 0.25 * em if below else 0)
        return Atom(Box(width, height, depth), nucleus.kind)
    width = own.width + max(top.width, bottom.width) + 0.5
    up = 0.34 if style.cramped else 0.46
    height = max(own.height, top.height + max(up * em, own.height - 0.36 * em)) if above else 0
    depth = max(own.depth, bottom.depth + max(0.3 * em, own.depth + 0.07 * em)) if below else 0
    return Atom(Box(width, max(height, own.height), max(depth, own.depth)), nucleus.kind)


def fraction(above: Box, below: Box, style: Style) -> Atom:
    """Return a fraction."""
    em = style.sizes[style.level]
    shift_up, shift_down = (0.68, 0.69) if style.display else (0.4, 0.35)
    height = above.height + max(shift_up * em, above.depth + 0.4 * em)
    depth = below.depth + max(shift_down * em, below.height - 0.1 * em)
    return Atom(Box(max(above.width, below.width) + 2.4, height, depth), Class.INNER)


def delimiter(sign: str, around: Box, style: Style) -> Box:
    """Return a delimiter that is large enough for what it stands at."""
    axis = 0.25 * style.sizes[style.level]
    assembled = style.assembled
    reach = 2 * max(around.height - axis, around.depth + axis)
    needed = max(0.901 * reach, reach - 5.0)
    widths = DELIMITER_WIDTHS.get(sign, (UNKNOWN,) * 6)
    fits = (i for i, height in enumerate(DELIMITER_HEIGHTS) if height * _DRAWN >= needed)
    chosen = next(fits, len(widths) - 1)
    total = max(needed, DELIMITER_HEIGHTS[min(chosen, 4)] * assembled)
    width = widths[chosen] / 1000 * assembled if sign != "." else 1.2
    return Box(width, total / 2 + axis, total / 2 - axis)


def stacked(
    rows: Sequence[Sequence[Box]], gaps: Sequence[float], line: float, between: float = 0.0
) -> Box:
    """Return rows of cells as a box centred on the axis.

    Args:
        rows: the cells.
        gaps: the space before each column but the first (the last one repeats).
        line: the least distance of baselines, in points.
        between: what is added to these distances, for all of them.
    """
    columns = max((len(r) for r in rows), default=0)
    widths = [max((r[c].width for r in rows if c < len(r)), default=0.0) for c in range(columns)]
    spaces = [gaps[min(c, len(gaps) - 1)] for c in range(columns - 1)]
    total = between + sum(
        max(0.7 * line, *(b.height for b in r), 0.0) + max(0.3 * line, *(b.depth for b in r), 0.0)
        for r in rows
    )
    axis = 0.2 * line
    return Box(sum(widths) + sum(spaces), total / 2 + axis, max(0.0, total / 2 - axis))
