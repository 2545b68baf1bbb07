"""The blocks of a lecture as HTML: formulas in MathML, chains that unfold, code beside them."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from gradscribe.lecture.display import Node, Tone
from gradscribe.lecture.mathml import math
from gradscribe.lecture.model import (
    Blank,
    Block,
    Display,
    Emphasis,
    Frame,
    Legend,
    Line,
    Picture,
    Piece,
    Points,
    Remark,
    Rows,
    Sentence,
)
from gradscribe.lecture.words import Words
from gradscribe.lecture.writing import Script, written
from gradscribe.notation import split
from gradscribe.targets.markdown_math import display_latex
from gradscribe.targets.prose import (
    LONG,
    Aligned,
    aligned,
    chains,
    defined,
    edged,
    outcome,
    parameters_in,
)
from gradscribe.typeset.escaping import html_text
from gradscribe.typeset.mathml import element

TONES = (Tone.ERROR, Tone.SLOPE, Tone.WEIGHT, Tone.INPUT)


@dataclass(frozen=True)
class Code:
    """The lines of a module that compute an equation.

    Attributes:
        label: the equation's number.
        lines: the lines.
        parameters: the parameters that stand in the equation.
        listed: whether it is in the table of all equations.
    """

    label: str
    lines: tuple[str, ...]
    parameters: frozenset[str]
    listed: bool


@dataclass(frozen=True)
class PageBuilder:
    """Turns blocks into HTML.

    Attributes:
        mathml: how formulas are written.
        latex: how they are written for who cannot read MathML, and measured.
        words: the language.
        picture: a picture as SVG, "" where there is none.
        code: the code of equations, by their names.
    """

    mathml: Script
    latex: Script
    words: Words
    picture: Callable[[Picture], str]
    code: Mapping[str, Code]

    # -- words --

    def text(self, pieces: tuple[Piece, ...]) -> str:
        """Return words and formulas in a line."""
        return "".join(self.piece(p) for p in pieces)

    def piece(self, piece: Piece) -> str:
        """Return a word or a formula of a sentence."""
        if isinstance(piece, str):
            return edged(piece, html_text)
        if isinstance(piece, Emphasis):
            return f"<em>{edged(piece.text, html_text)}</em>"
        return self.inline(piece)

    def inline(self, node: Node) -> str:
        """Return a formula within a line."""
        return math(written(node, self.mathml), written(node, self.latex))

    # -- blocks --

    def body(self, frame: Frame) -> str:
        """Return the blocks of a frame."""
        shown = set() if frame.setting == "network" else set(self.code)
        return "\n".join(text for b in frame.blocks if (text := self.block(b, shown)))

    def block(self, block: Block, shown: set[str]) -> str:
        """Return a block; `shown` are the equations whose code stands above it already."""
        match block:
            case Sentence():
                kind = ' class="lead"' if block.head else ""
                return f"<p{kind}>{self.text(block.pieces)}</p>"
            case Remark():
                return f'<p class="remark">{self.text(block.pieces)}</p>'
            case Display():
                return self.display(block) + self.listing(block, shown)
            case Points():
                items = "".join(f"<li>{self.text(i.pieces)}</li>\n" for i in block.items)
                return f"<ul>\n{items}</ul>"
            case Rows():
                return self.table(block)
            case Picture():
                drawn = self.picture(block)
                return f'<figure class="picture">\n{drawn}\n</figure>' if drawn else ""
            case Legend():
                return self.legend()
            case Blank():
                return "\n".join(['<p class="answer"></p>'] * block.lines)

    def table(self, block: Rows) -> str:
        """Return a table."""
        heads = "".join(f'<th scope="col">{self.text(cell)}</th>' for cell in block.head)
        head = f"<thead><tr>{heads}</tr></thead>\n" if heads else ""
        rows = "\n".join(
            "<tr>" + "".join(f"<td>{self.text(cell)}</td>" for cell in row) + "</tr>"
            for row in block.rows
        )
        return self.scrolling(f"<table>\n{head}<tbody>\n{rows}\n</tbody>\n</table>", "table")

    def scrolling(self, inner: str, kind: str) -> str:
        """Return what may be wider than a narrow window, in a box that scrolls by itself."""
        return f'<div class="scroll {kind}" tabindex="0">\n{inner}\n</div>'

    def legend(self) -> str:
        """Return the roles in their colours."""
        names = [
            f'<li class="{t.value}">{html_text(self.words.text(f"legend.{t.value}"))}</li>'
            for t in TONES
        ]
        return f'<ul class="legend">{"".join(names)}</ul>'

    # -- displays --

    def display(self, block: Display) -> str:
        """Return a display: lines that stand alone together, each longer chain by itself."""
        parts: list[str] = []
        plain: list[Line] = []
        for chain in chains(block.lines):
            if len(chain) == 1:
                plain += chain
                continue
            parts += [self.formula(plain)] if plain else []
            parts.append(self.unfolding(chain))
            plain = []
        parts += [self.formula(plain)] if plain else []
        kind = "display boxed" if block.boxed else "display"
        return f'<div class="{kind}">\n' + "\n".join(parts) + "\n</div>"

    def formula(self, lines: Sequence[Line]) -> str:
        """Return lines under each other."""
        rows = [row for line in lines for row in self.rows(line)]
        return self.scrolling(self.math(rows, lines), "math")

    def rows(self, line: Line) -> list[str]:
        """Return the rows of a line in MathML, the words beside it in the first."""
        rows = aligned(line, self.mathml, self.latex)
        hints = [self.hint(line.hint), *[""] * (len(rows) - 1)]
        return [table_row(row, hint) for row, hint in zip(rows, hints, strict=True)]

    def hint(self, pieces: tuple[Piece, ...]) -> str:
        """Return the words beside a line as a cell of MathML."""
        parts = [
            written(p, self.mathml)
            if isinstance(p, Node)
            else element("mtext", html_text(p if isinstance(p, str) else p.text, LONG))
            for p in pieces
        ]
        return element("mtd", *parts, class_="hint") if parts else ""

    def math(self, rows: Sequence[str], lines: Sequence[Line]) -> str:
        """Return rows under each other, with the LaTeX of their lines."""
        table = element("mtable", *rows, class_="chain", displaystyle="true")
        return math(table, display_latex(lines, self.latex, self.words_in_latex), block=True)

    def words_in_latex(self, pieces: tuple[Piece, ...]) -> str:
        """Return words for the alternative text of a formula."""
        texts = (
            p.text if isinstance(p, Emphasis) else p for p in pieces if not isinstance(p, Node)
        )
        return rf"\text{{{''.join(texts)}}}"

    def unfolding(self, lines: tuple[Line, ...]) -> str:
        """Return what a chain comes to, and its steps for who asks for them."""
        found = table_row(outcome(lines, self.mathml), "")
        told = outcome(lines, self.latex)
        short = element("mtable", found, class_="chain", displaystyle="true")
        shown = math(short, f"{told.left} {told.right}", block=True)
        steps = html_text(self.words.text("page.steps", count=str(len(lines))))
        summary = f'<span class="scroll math">{shown}</span><span class="more">{steps}</span>'
        return (
            f'<details class="steps"><summary>{summary}</summary>\n'
            f"{self.formula(lines)}\n</details>"
        )

    def listing(self, block: Display, shown: set[str]) -> str:
        """Return the code of the equations that a display is about and that were not shown yet."""
        names = dict.fromkeys(
            name
            for line in block.lines
            if (name := defined(line.formula)) in self.code
            and parameters_in(line.formula) <= self.code[name].parameters
        )
        new = [n for n in names if n not in shown]
        shown.update(new)
        if not new:
            return ""
        layer = (
            "".join({split(n).layer for n in new})
            if len({split(n).layer for n in new}) == 1
            else ""
        )
        key = "page.code_layer" if layer else "page.code"
        caption = html_text(self.words.text(key, **({"layer": layer} if layer else {})))
        links = ", ".join(self.link(n) for n in new)
        inner = listing_of([line for n in new for line in self.code[n].lines])
        head = f"<figcaption>{caption} {links}</figcaption>"
        return f'\n<figure class="code">{head}\n{inner}</figure>'

    def link(self, name: str) -> str:
        """Return an equation's number, as a link where it is in the table."""
        number = f"({self.code[name].label})"
        return f'<a href="#eq-{name}">{number}</a>' if self.code[name].listed else number


def table_row(row: Aligned, hint: str) -> str:
    """Return a row of a display in MathML."""
    space = '<mspace width="2em"></mspace>' if row.inner else ""
    return element(
        "mtr",
        element("mtd", row.left, class_="left", columnalign="right"),
        element("mtd", space, row.right, class_="right", columnalign="left"),
        hint,
    )


def listing_of(source: Sequence[str]) -> str:
    """Return code as HTML."""
    lines = "\n".join(indented(line) for line in source)
    return f'<pre tabindex="0"><code>{lines}</code></pre>'


def indented(line: str) -> str:
    """Return a line of code with the space before it, which escaping takes away."""
    return " " * (len(line) - len(line.lstrip())) + html_text(line, LONG)
