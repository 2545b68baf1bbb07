"""The blocks of a lecture as Markdown, for repositories and notebooks."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from gradscribe.lecture.display import Node
from gradscribe.lecture.model import (
    Blank,
    Block,
    Display,
    Emphasis,
    Frame,
    Legend,
    Picture,
    Piece,
    Points,
    Remark,
    Rows,
    Sentence,
)
from gradscribe.lecture.writing import Script, written
from gradscribe.targets.mapping import mapping, sizes_text
from gradscribe.targets.markdown_math import display_latex, safe
from gradscribe.targets.prose import LONG, edged
from gradscribe.typeset.escaping import markdown_text

_MID_LINE = re.compile(r"(?<=[\w ,.;)])\\([-=+!])(?!\\\[)")
_COLON = re.compile(r"&#58;(?= |$)")


@dataclass(frozen=True)
class MarkdownBuilder:
    """Turns blocks into Markdown; `script` is how formulas are written."""

    script: Script

    def text(self, pieces: tuple[Piece, ...]) -> str:
        """Return words and formulas in a line."""
        return "".join(self.piece(p) for p in pieces).strip()

    def piece(self, piece: Piece) -> str:
        """Return a word or a formula of a sentence."""
        if isinstance(piece, str):
            return edged(piece, words_in_markdown)
        if isinstance(piece, Emphasis):
            return f"**{words_in_markdown(piece.text)}**"
        return self.inline(piece)

    def inline(self, node: Node) -> str:
        """Return a formula within a line."""
        return f"${tight(safe(written(node, self.script)))}$"

    def body(self, frame: Frame) -> str:
        """Return the blocks of a frame, with a line between them."""
        return "\n\n".join(text for b in frame.blocks if (text := self.block(b)))

    def block(self, block: Block) -> str:
        """Return a block, "" for what Markdown has no place for."""
        match block:
            case Sentence() | Remark():
                return self.text(block.pieces)
            case Display():
                return self.display(block)
            case Points():
                return "\n".join(f"- {self.text(i.pieces)}" for i in block.items)
            case Rows():
                return self.table(block)
            case Picture():
                network = block.network
                lines = dict.fromkeys((sizes_text(network), mapping(network)))
                return "\n".join(["```text", *lines, "```"])
            case Blank():
                return "\n\n".join(["\\_" * 40] * block.lines)
            case Legend():
                return ""

    def table(self, block: Rows) -> str:
        """Return a table."""
        head = block.head or tuple(() for _ in block.rows[0])
        return "\n".join(
            [self.row(head), "|" + "---|" * len(head), *(self.row(row) for row in block.rows)]
        )

    def row(self, cells: Sequence[tuple[Piece, ...]]) -> str:
        """Return a row of a table."""
        return "| " + " | ".join(self.text(cell) for cell in cells) + " |"

    def display(self, block: Display) -> str:
        """Return a display."""
        if not block.lines:
            return ""
        return f"$$\n{safe(display_latex(block.lines, self.script, self.words))}\n$$"

    def words(self, pieces: tuple[Piece, ...]) -> str:
        """Return the words and formulas beside a line, in LaTeX."""
        return "".join(
            written(p, self.script) if isinstance(p, Node) else rf"\text{{{plain(p)}}}"
            for p in pieces
        )

    def note(self, frame: Frame, heading: str) -> str:
        """Return a frame's note as a quotation."""
        if not frame.note:
            return ""
        first, *rest = (self.text(p) for p in frame.note)
        return "\n>\n".join([f"> *{heading}.* {first}", *(f"> {p}" for p in rest)])


def words_in_markdown(text: str, limit: int = LONG) -> str:
    """Return words as Markdown, without the escapes that only matter where a line begins."""
    escaped = _MID_LINE.sub(r"\1", markdown_text(text, limit))
    return _COLON.sub(":", escaped)


def plain(piece: str | Emphasis) -> str:
    """Return words of a sentence for the text within a formula: letters and what ends sentences."""
    text = piece if isinstance(piece, str) else piece.text
    return re.sub(r"[^\w\s.,;:()=+–/-]", "", text).replace("_", " ")


def tight(latex: str) -> str:
    """Return a formula without space at its ends, beside which a dollar sign is only a dollar."""
    return re.sub(r"\s+", " ", latex).strip()
