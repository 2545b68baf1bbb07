r"""LaTeX that survives Markdown: for MathJax and KaTeX, in notebooks and in repositories.

Where a repository's pages are rendered, a backslash before a sign of punctuation is taken for an
escape of Markdown's, and an underscore after a brace for the beginning of an emphasis, before the
mathematics is seen. So none of them is written: `\cr` ends a row, `\thinspace` is `\,`, and a
brace's label is set by `\underset`. Colours are left out: no colour can be read both on white
and on black, and the page's ground is not known.
"""

import re
from collections.abc import Callable, Sequence
from dataclasses import replace

from gradscribe.lecture.display import Tone
from gradscribe.lecture.model import Line, Piece
from gradscribe.lecture.writing import Script
from gradscribe.targets.prose import aligned

_SPELLED = {
    r"\,": r"\thinspace ", r"\;": r"\thickspace ", r"\:": r"\medspace ", r"\!": r"\negthinspace ",
    r"\ ": r"\space ", r"\\": r"\cr ", r"\{": r"\lbrace ", r"\}": r"\rbrace ", r"\|": r"\Vert ",
    r"\%": r"\text{percent}", r"\_": "-", "<": r"\lt ", ">": r"\gt ", "|": r"\vert ",
}  # fmt: skip
_SIGN = re.compile(r"\\[^A-Za-z]|[<>|]")
_ROW_SPACE = re.compile(r"\\\\\[[0-9.]+pt\]")  # MathJax has no such option after \cr
_BOLD = re.compile(r"\\boldsymbol\{([A-Za-z])\}(?=_)")
_BOLD_GREEK = re.compile(r"\\boldsymbol\{(\\[a-z]+)\}(?=_)")
_OPENER = re.compile(r"(?<=[})\]'])_(?=\{)")


def markdown_script(latex: Script) -> Script:
    """Return the script of LaTeX that Markdown leaves alone, from LaTeX without macros."""
    return replace(latex, brace=_brace, toned=lambda _, body: body)


def _brace(body: str, label: str, over: bool, tone: Tone | None) -> str:
    del tone
    strut = r"\vphantom{\frac{\partial u}{\partial u}}"
    place, kind = (r"\overset", "overbrace") if over else (r"\underset", "underbrace")
    return rf"{place}{{{label}}}{{\{kind}{{{strut}{body}}}}}"


def safe(latex: str) -> str:
    r"""Return LaTeX without what Markdown would change.

    >>> safe(r"\boldsymbol{H}_{u}\,x \\ (a)_{i}")
    '\\boldsymbol H_{u}\\thinspace x \\cr  (a)\\relax_{i}'
    """
    text = _SIGN.sub(lambda m: _SPELLED.get(m[0], m[0]), _ROW_SPACE.sub(r"\\\\", latex))
    text = _BOLD_GREEK.sub(r"\\boldsymbol\1", _BOLD.sub(r"\\boldsymbol \1", text))
    return _OPENER.sub(r"\\relax_", re.sub(r" +", " ", text)).replace(" \n", "\n")


def display_latex(
    lines: Sequence[Line], latex: Script, words: Callable[[tuple[Piece, ...]], str]
) -> str:
    """Return the lines of a display in LaTeX, aligned at their relations.

    Args:
        lines: the lines.
        latex: how formulas are written.
        words: the words beside a line -> LaTeX.
    """
    rows: list[list[str]] = []
    for line in lines:
        for position, row in enumerate(aligned(line, latex, latex)):
            hint = [rf"\quad {words(line.hint)}"] if line.hint and position == 0 else []
            start = r"\quad " if row.inner else ""
            rows.append([row.left, f"{start}{row.right}", *hint])
    if len(rows) == 1:
        return " ".join(rows[0]).strip()
    texts = (" & ".join(cells).strip() for cells in rows)
    return "\\begin{aligned}\n" + " \\\\\n".join(texts) + "\n\\end{aligned}"
