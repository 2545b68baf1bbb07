"""Boxes of matrices, cases and aligned rows."""

from collections.abc import Callable, Mapping, Sequence

from gradscribe.typeset.boxes import Box, Style, delimiter, stacked

# The delimiters of each environment.
ENVIRONMENTS: Mapping[str, tuple[str, str]] = {
    "matrix": (".", "."),
    "array": (".", "."),
    "smallmatrix": (".", "."),
    "pmatrix": ("(", ")"),
    "bmatrix": ("[", "]"),
    "vmatrix": ("|", "|"),
    "cases": (r"\{", "."),
    "aligned": (".", "."),
    "split": (".", "."),
    "gathered": (".", "."),
}
_ALIGNED = ("aligned", "split", "gathered")
_COLUMN_GAP = 10.0
_LINE = 1.25
_THIN = 3 / 18
_JOT = 3.0
# By how much delimiters of a matrix stand out.
_ASSEMBLED = 1.5


def grid(
    name: str,
    rows: Sequence[Sequence[str]],
    between: float,
    inner: Callable[[str, Style], Box],
    style: Style,
) -> Box:
    """Return the box of an environment with rows and cells.

    Args:
        name: the environment.
        rows: the LaTeX of each cell.
        between: what is added between rows, in points, for all of them.
        inner: LaTeX and a style -> its box.
        style: the style around it.
    """
    em = style.sizes[0]
    if name in _ALIGNED:
        # A cell after & starts with an empty atom, which gives "=" its space.
        cells = [
            [inner("{}" * (c % 2) + t, style.displayed) for c, t in enumerate(r)] for r in rows
        ]
        return stacked(cells, (0.0, 1.0 * em), _LINE * em + _JOT, between)
    if name == "smallmatrix":
        cells = [[inner(text, style.text.script) for text in r] for r in rows]
        box = stacked(cells, (0.4 * em,), 0.75 * em, between)
        return Box(box.width + 2 * _THIN * em, box.height, box.depth)
    cells = [[inner(text, style.text) for text in r] for r in rows]
    gap, stretch = (em, 1.2) if name == "cases" else (_COLUMN_GAP, 1.0)
    body = stacked(cells, (gap,), _LINE * em * stretch, between)
    left, right = (delimiter(sign, body, style.text) for sign in ENVIRONMENTS[name])
    extra = _COLUMN_GAP if name == "array" else 0.0
    fence = max(left, right, key=lambda d: d.height)
    extra_height = 0.0 if ENVIRONMENTS[name] == (".", ".") else _ASSEMBLED
    height = max(body.height, fence.height) + extra_height
    depth = max(body.depth, fence.depth) + extra_height
    return Box(left.width + body.width + right.width + extra, height, depth)
