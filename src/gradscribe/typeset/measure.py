r"""How wide formulas are, and where a chain of terms is broken into lines.

There are two measures of a formula:

- `estimated` builds TeX's boxes from a table of character widths, without TeX, and errs to
  the wide side;
- `measured` asks pdflatex, for all formulas in one run.

The product breaks lines by `estimated`. The same description must give the same `.tex`
whether or not TeX is installed and whichever version it is: the file is compared byte for byte,
kept in repositories, and written on machines without TeX to be compiled elsewhere. What
that costs is a line broken a few points early. That estimates hold is tested against `measured`:
each lies between 1.00 and 1.35 times the true width for formulas of all kinds that
occur, so that what fits by estimate fits on the page.
"""

import re
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path

from gradscribe.errors import TypesetError
from gradscribe.typeset.boxes import Box, Style
from gradscribe.typeset.estimate import Estimator
from gradscribe.typeset.pdf import NAME, run_pdflatex
from gradscribe.typeset.tokens import Macro, macros_of

# The preamble that formulas are measured with where none is given.
PREAMBLE = r"""\documentclass[11pt]{article}
\usepackage[T1]{fontenc}\usepackage[utf8]{inputenc}\usepackage{lmodern}
\usepackage{amsmath,amssymb,mathtools,xcolor}
"""
# Sizes of text, script and scriptscript in a document of 11 pt.
FONT_SIZES: Mapping[str, tuple[float, float, float]] = {
    r"\large": (12.0, 8.0, 6.0),
    r"\normalsize": (10.95, 8.0, 6.0),
    r"\small": (10.0, 7.0, 5.0),
    r"\footnotesize": (9.0, 6.0, 5.0),
    r"\scriptsize": (8.0, 6.0, 5.0),
}
# What is added to be on the wide side of what the boxes leave out (italic corrections, rounding).
MARGIN, EXTRA_PT = 1.015, 0.4
_BOX = re.compile(r"^BOX (\d+) (-?[\d.]+)pt (-?[\d.]+)pt (-?[\d.]+)pt$", re.MULTILINE)


def estimated(
    snippets: Sequence[str], preamble: str = "", fontsize: str = r"\normalsize"
) -> list[Box]:
    r"""Return the box of each displayed formula, estimated without TeX.

    Args:
        snippets: formulas in LaTeX, without dollars.
        preamble: its macros (by \newcommand, \renewcommand, \DeclareMathOperator) are expanded.
        fontsize: the size of the text around: one of `FONT_SIZES`.
    """
    macros = macros_of(preamble)
    style = Style(FONT_SIZES[fontsize], display=True)
    return [_estimate(snippet, macros, style) for snippet in snippets]


def _estimate(snippet: str, macros: Mapping[str, Macro], style: Style) -> Box:
    box = Estimator(snippet, macros, style, 1.0).box()
    return Box(box.width * MARGIN + EXTRA_PT, box.height + EXTRA_PT, box.depth + 1.0)


def measured(
    snippets: Sequence[str], preamble: str = PREAMBLE, fontsize: str = r"\normalsize"
) -> list[Box]:
    r"""Return the box of each displayed formula as pdflatex sets it, in one run.

    Args:
        snippets: formulas in LaTeX, without dollars.
        preamble: everything before \begin{document}.
        fontsize: the size of the text around: one of `FONT_SIZES`.

    Raises:
        MissingTexError: there is no pdflatex.
        TypesetError: a formula is no LaTeX.
    """
    lines = [
        rf"\setbox0\hbox{{{fontsize}$\displaystyle {' '.join(snippet.split())}$}}"
        rf"\wlog{{BOX {number} \the\wd0 \space\the\ht0 \space\the\dp0}}%"
        for number, snippet in enumerate(snippets)
    ]
    source = "\n".join((preamble, r"\begin{document}", *lines, r"\end{document}", ""))
    with tempfile.TemporaryDirectory(prefix="gradscribe-") as folder:
        run_pdflatex(source, Path(folder), options=("-draftmode",))
        log = (Path(folder) / f"{NAME}.log").read_text(encoding="utf-8", errors="replace")
    found = {int(m[1]): Box(float(m[2]), float(m[3]), float(m[4])) for m in _BOX.finditer(log)}
    if len(found) != len(snippets):
        raise TypesetError(f"pdflatex measured {len(found)} of {len(snippets)} formulas")
    return [found[number] for number in range(len(snippets))]


def broken(terms: Sequence[float], first_width: float, width: float) -> list[list[int]]:
    """Break a chain of terms into lines, each as full as it can be.

    Args:
        terms: the width of each term with the sign before it, in points.
        first_width: the room on the first line, behind the left side.
        width: the room on each other line.

    Returns:
        The places of the terms of each line. A term wider than a line has a line to itself; the
        first line is empty only if the first term needs a line to itself and fits on another.

    >>> broken([30, 30, 50, 90], 60, 100)
    [[0, 1], [2], [3]]
    """
    lines: list[list[int]] = [[]]
    used = 0.0
    for place, term in enumerate(terms):
        room = first_width if len(lines) == 1 else width
        fits = used + term <= room
        if not fits and (lines[-1] or (len(lines) == 1 and term <= width)):
            lines.append([])
            used = 0.0
        lines[-1].append(place)
        used += term
    return lines
