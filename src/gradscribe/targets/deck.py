"""The blocks of a lecture as LaTeX, and frames of such a height that each fits on a slide."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from gradscribe.lecture.display import Node, Tone
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
from gradscribe.lecture.words import Words
from gradscribe.lecture.writing import Script, written
from gradscribe.targets.deck_lines import Row, Setter
from gradscribe.typeset.boxes import Box
from gradscribe.typeset.escaping import latex_text

LONG = 4000  # characters of a sentence
TEXT_LINE = 13.6  # points from one line of text to the next
ROW_GAP = 5.0  # points between rows of a display
DISPLAY_GAP = 10.0  # points around a display
TIGHT = 0.92  # of the estimated height of a row, which errs to the tall side by more than this
CHARACTER = 5.35  # points that a letter takes on average


@dataclass(frozen=True)
class Page:
    """The room on a slide, in points."""

    width: float
    height: float


PAGES = {"169": Page(398.0, 203.0), "43": Page(307.0, 220.0)}


A4 = Page(440.0, 1e9)


@dataclass(frozen=True)
class Piled:
    """A block as LaTeX with its height in points."""

    text: str
    height: float


@dataclass(frozen=True)
class Builder:
    """Turns blocks into LaTeX.

    Attributes:
        script: how formulas are written.
        words: the language.
        boxes: the boxes of formulas in LaTeX.
        page: the room.
        picture: a picture's LaTeX and height; None for one that cannot be drawn.
        article: whether everything is shown at once and equations have numbers.
    """

    script: Script
    words: Words
    boxes: Callable[[Sequence[str]], list[Box]]
    page: Page
    picture: Callable[[Picture, Page], Piled | None]
    article: bool = False

    # -- words --

    def text(self, pieces: tuple[Piece, ...]) -> str:
        """Return words and formulas in a line."""
        return "".join(self.piece(p) for p in pieces)

    def piece(self, piece: Piece) -> str:
        if isinstance(piece, str):
            return spaced(piece)
        if isinstance(piece, Emphasis):
            return rf"\alert{{{spaced(piece.text)}}}"
        return f"${written(piece, self.script)}$"

    def length(self, pieces: tuple[Piece, ...]) -> float:
        """Return about how wide words and formulas are in one line, in points."""
        total = 0.0
        for piece in pieces:
            if isinstance(piece, Node):
                total += self.boxes([written(piece, self.script)])[0].width
            else:
                total += CHARACTER * len(piece.text if isinstance(piece, Emphasis) else piece)
        return total

    def lines(self, pieces: tuple[Piece, ...], room: float) -> int:
        """Return how many lines a sentence takes."""
        return max(1, -int(-self.length(pieces) // (room * 0.97)))

    def shown(self, step: int, text: str) -> str:
        """Return a text that appears on an overlay."""
        return rf"\onslide<{step}->{{{text}}}" if step > 1 and not self.article else text

    # -- blocks --

    def piled(self, block: Block) -> list[Piled]:
        """Return a block, in parts that may be parted by a new slide."""
        match block:
            case Sentence():
                return [self.sentence(block)]
            case Remark():
                text = rf"\hypothesis{{{self.text(block.pieces)}}}"
                count = self.lines(block.pieces, self.page.width * 1.15)
                return [Piled(text, 11.5 * count + 6)]
            case Display():
                return self.display(block)
            case Points():
                return self.points(block)
            case Rows():
                return [self.table(block)]
            case Picture():
                found = self.picture(block, self.page)
                return [] if found is None else [found]
            case Legend():
                tones = (Tone.ERROR, Tone.SLOPE, Tone.WEIGHT, Tone.INPUT)
                names = "".join(f"{{{spaced(self.words.text(f'legend.{t.value}'))}}}" for t in tones)
                return [Piled(rf"\medskip\rolelegend{names}", 22.0)]
            case Blank():
                return [Piled("\n".join([r"\par\medskip\blank{\linewidth}"] * block.lines), 20.0 * block.lines)]

    def sentence(self, block: Sentence) -> Piled:
        text = self.text(block.pieces)
        text = rf"\lead{{{text}}}" if block.head else text
        height = TEXT_LINE * self.lines(block.pieces, self.page.width) + 3
        return Piled(self.shown(block.step, text) + r"\par", height)

    def points(self, block: Points) -> list[Piled]:
        items = [
            rf"\item{f'<{item.step}->' if item.step > 1 and not self.article else ''} {self.text(item.pieces)}"
            for item in block.items
        ]
        height = sum(
            TEXT_LINE * self.lines(i.pieces, self.page.width - 15) + 3.5 for i in block.items
        )
        inner = "\n  ".join(items)
        return [Piled(f"\\begin{{itemize}}\n  {inner}\n\\end{{itemize}}", height + 8)]

    def table(self, block: Rows) -> Piled:
        """Return a table; one without a head has formulas for cells, each like a display."""
        every = [*([block.head] if block.head else []), *block.rows]
        widths = [max(self.length(row[c]) for row in every) for c in range(len(block.rows[0]))]
        wide = sum(widths) + 12 * len(widths) > self.page.width
        size = r"\small" if wide else r"\normalsize"
        if not block.head:
            return self.formulas(block, size)
        columns = "@{}" + "l" * len(block.rows[0]) + "@{}"
        head = " & ".join(self.text(cell) for cell in block.head)
        body = " \\\\\n  ".join(" & ".join(self.text(cell) for cell in row) for row in block.rows)
        text = (
            f"\\begin{{center}}{size}\n"
            "\\renewcommand{\\arraystretch}{1.15}\n"
            f"\\begin{{tabular}}{{{columns}}}\n  \\toprule {head} \\\\ \\midrule\n  {body} \\\\ \\bottomrule\n"
            "\\end{tabular}\n\\end{center}"
        )
        return Piled(text, 17.5 * (len(block.rows) + 1) + 8)

    def formulas(self, block: Rows, size: str) -> Piled:
        """Return formulas in columns, without rules, with room for matrices and fractions."""
        columns = "@{}" + r"l@{\qquad}" * (len(block.rows[0]) - 1) + "l@{}"
        rows = [" & ".join(self.displayed(cell) for cell in row) for row in block.rows]
        body = " \\\\ \\addlinespace[6pt]\n  ".join(rows)
        text = (
            f"\\begin{{center}}{size}\n\\begin{{tabular}}{{{columns}}}\n  {body}\n"
            "\\end{tabular}\n\\end{center}"
        )
        return Piled(text, sum(self.tallest(row) + 9 for row in block.rows) + 14)

    def displayed(self, cell: tuple[Piece, ...]) -> str:
        """Return a cell whose formulas are as large as in a display."""
        texts = (
            rf"$\displaystyle {written(p, self.script)}$" if isinstance(p, Node) else self.piece(p)
            for p in cell
        )
        return "".join(texts)

    def tallest(self, row: tuple[tuple[Piece, ...], ...]) -> float:
        """Return the height of the highest formula in a row, in points."""
        texts = [written(p, self.script) for cell in row for p in cell if isinstance(p, Node)]
        return max([b.height + b.depth for b in self.boxes(texts)], default=TEXT_LINE)

    # -- displays --

    def display(self, block: Display) -> list[Piled]:
        if not block.lines:
            return []
        hints = [self.length(line.hint) for line in block.lines if line.hint]
        room = max(hints, default=0.0) + (16 if hints else 0) + (24 if block.boxed else 0)
        rows = Setter(self.script, self.boxes, self.page.width).rows(block.lines, room)
        if block.boxed:
            return [self.boxed(rows)]
        return [self.aligned(from_start(part)) for part in self.parted(rows)]

    def parted(self, rows: list[Row]) -> list[list[Row]]:
        """Return rows in parts that fit on a slide each."""
        parts: list[list[Row]] = [[]]
        used = 0.0
        for row in rows:
            if parts[-1] and used + TIGHT * row.height + ROW_GAP > self.page.height - 40:
                parts.append([])
                used = 0.0
            parts[-1].append(row)
            used += TIGHT * row.height + ROW_GAP
        return parts

    def row_texts(self, rows: list[Row], *, numbered: bool = False) -> str:
        """Return rows of an alignment, each appearing with its step."""
        text = ""
        before = 1
        for position, row in enumerate(rows):
            hint = rf" &&\reason{{{self.text(row.hint)}}}" if row.hint else ""
            body = f"{row.left} &{row.right}{hint}"
            if numbered and position < len(rows) - 1 and not rows[position + 1].left:
                body += r" \notag"
            cut = "" if position == 0 else "\\\\[2pt]\n  "
            step = max(row.step, before)
            text += self.shown(step, f"{cut}{body}") if position else body
            before = step
        return text

    def aligned(self, rows: list[Row]) -> Piled:
        first = min(row.step for row in rows)
        kind = "align" if self.article else "align*"
        inner = self.row_texts(rows, numbered=self.article)
        text = f"\\begin{{{kind}}}\n  {inner}\n\\end{{{kind}}}"
        if first > 1:
            text = self.shown(first, f"%\n{text}")
        height = sum(TIGHT * row.height + ROW_GAP for row in rows) + DISPLAY_GAP
        return Piled(text, height)

    def boxed(self, rows: list[Row]) -> Piled:
        first = min(row.step for row in rows)
        inner = self.row_texts(rows).replace("&&", "&\\quad&")
        inner = f"\\keyresult{{\\begin{{aligned}}\n  {inner}\n\\end{{aligned}}}}"
        kind = "equation" if self.article else "equation*"
        text = f"\\begin{{{kind}}}\n{inner}\n\\end{{{kind}}}"
        if first > 1:
            text = self.shown(first, f"%\n{text}")
        height = sum(TIGHT * row.height + ROW_GAP for row in rows) + DISPLAY_GAP + 16
        return Piled(text, height)

    # -- frames --

    def pages(self, frame: Frame) -> list[list[str]]:
        """Return the LaTeX of the blocks of a frame, parted into slides that are not too high."""
        feet = [p for b in frame.blocks if isinstance(b, Remark) for p in self.piled(b)]
        foot = sum(p.height for p in feet)
        pages: list[list[Piled]] = [[]]
        used = foot
        for block in frame.blocks:
            if isinstance(block, Remark):
                continue
            for part in self.piled(block):
                if pages[-1] and used + part.height > self.page.height:
                    carried = self.carried(pages[-1])
                    pages.append(carried)
                    used = foot + sum(p.height for p in carried)
                pages[-1].append(part)
                used += part.height
        return [[p.text for p in (*page, *feet)] for page in pages if page]

    def carried(self, page: list[Piled]) -> list[Piled]:
        """Take a sentence that introduces what does not fit with it to the next slide."""
        if len(page) > 1 and page[-1].text.endswith(r"\par"):
            return [page.pop()]
        return []


def from_start(rows: list[Row]) -> list[Row]:
    """Return rows of a slide, the first of which is there from the start where others follow."""
    late = rows[0].step - 1 if len(rows) > 1 else 0
    return [replace(row, step=max(1, row.step - late)) for row in rows]


def spaced(text: str) -> str:
    """Return plain words escaped, with the spaces at their ends."""
    inner = latex_text(text, LONG)
    core = inner.strip()
    left = " " if text[:1].isspace() else ""
    right = " " if text[-1:].isspace() and core else ""
    return f"{left}{core}{right}"
