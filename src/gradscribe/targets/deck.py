"""The blocks of a lecture as LaTeX, and frames of such a height that each fits on a slide."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise

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
ROW_GAP = 5.5  # points between rows of a display
DISPLAY_GAP = 10.0  # points around a display
BESIDE = 40.0  # what is kept for a sentence and a line at the foot
BOX = 65.0  # what a box around a result takes
EMPTY_LINE = 14.0  # what a display that opens a slide has above it
# Blocks share what room is left, half as much between them as below them.
SPREAD = "\n\\par\\vspace{0pt plus .5filll}\n"
BELOW = "\n\\par\\vskip 0pt plus 1filll"  # what is left over goes below the last block
LEAD = "%\n\\vadjust{\\vskip 0pt plus .25filll}\n"  # the same between a sentence and its display
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
    """A block as LaTeX.

    Attributes:
        text: the LaTeX.
        height: its height in points.
        display: whether it is a display, which belongs to the paragraph before it.
        lead: whether it is a sentence, which may introduce what follows.
    """

    text: str
    height: float
    display: bool = False
    lead: bool = False


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
        """Return a piece of a sentence."""
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
                names = "".join(
                    f"{{{spaced(self.words.text(f'legend.{t.value}'))}}}" for t in tones
                )
                return [Piled(rf"\medskip\rolelegend{names}", 22.0)]
            case Blank():
                return [
                    Piled(
                        "\n".join([r"\par\medskip\blank{\linewidth}"] * block.lines),
                        20.0 * block.lines,
                    )
                ]

    def sentence(self, block: Sentence) -> Piled:
        """Return a sentence, in bold where it is a heading."""
        text = self.text(block.pieces)
        text = rf"\lead{{{text}}}" if block.head else text
        height = TEXT_LINE * self.lines(block.pieces, self.page.width) + 3
        return Piled(self.shown(block.step, text), height, lead=True)

    def points(self, block: Points) -> list[Piled]:
        """Return a list."""
        items = [rf"\item{self.overlay(i.step)} {self.text(i.pieces)}" for i in block.items]
        height = sum(
            TEXT_LINE * self.lines(i.pieces, self.page.width - 15) + 3.5 for i in block.items
        )
        inner = "\n  ".join(items)
        return [Piled(f"\\begin{{itemize}}\n  {inner}\n\\end{{itemize}}", height + 8)]

    def overlay(self, step: int) -> str:
        """Return the overlays on which an item of a list is shown."""
        return f"<{step}->" if step > 1 and not self.article else ""

    def table(self, block: Rows) -> Piled:
        """Return a table."""
        head = " & ".join(self.text(cell) for cell in block.head)
        rows = [" & ".join(self.text(cell) for cell in row) for row in block.rows]
        columns = "@{}" + "l" * len(block.rows[0]) + "@{}"
        every = [*([block.head] if block.head else []), *block.rows]
        widths = [max(self.length(row[c]) for row in every) for c in range(len(block.rows[0]))]
        size = r"\small" if sum(widths) + 12 * len(widths) > self.page.width else r"\normalsize"
        top = rf"\toprule {head} \\ \midrule" if head else r"\toprule"
        body = " \\\\\n  ".join(rows)
        text = (
            f"\\begin{{center}}{size}\n"
            "\\tallrows\n"
            f"\\begin{{tabular}}{{{columns}}}\n  {top}\n  {body} \\\\ \\bottomrule\n"
            "\\end{tabular}\n\\end{center}"
        )
        return Piled(text, 17.5 * (len(rows) + bool(head)) + 8)

    # -- displays --

    def display(self, block: Display) -> list[Piled]:
        """Return lines of formulas, in parts that fit on a slide each."""
        if not block.lines:
            return []
        hints = [self.length(line.hint) for line in block.lines if line.hint]
        room = max(hints, default=0.0) + (16 if hints else 0) + (24 if block.boxed else 0)
        rows = Setter(self.script, self.boxes, self.page.width).rows(block.lines, room)
        if block.boxed:
            return [self.boxed(part) for part in self.parted(rows, BOX)]
        return [self.aligned(part) for part in self.parted(rows)]

    def parted(self, rows: list[Row], frame: float = 0.0) -> list[list[Row]]:
        """Return rows in parts that fit on a slide each."""
        room = self.page.height - BESIDE - frame
        parts: list[list[Row]] = [[]]
        used = 0.0
        for line in lines_of(rows):
            for rest in [line] if height_of(line) <= room else [[row] for row in line]:
                if parts[-1] and used + height_of(rest) > room:
                    parts.append([])
                    used = 0.0
                parts[-1] += rest
                used += height_of(rest)
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
        """Return lines under each other."""
        first = min(row.step for row in rows)
        kind = "align" if self.article else "align*"
        inner = self.row_texts(rows, numbered=self.article)
        text = f"\\begin{{{kind}}}\n  {inner}\n\\end{{{kind}}}"
        if first > 1:
            text = self.shown(first, f"%\n{text}")
        height = height_of(rows) + DISPLAY_GAP
        return Piled(text, height, display=True)

    def boxed(self, rows: list[Row]) -> Piled:
        """Return lines in a box."""
        first = min(row.step for row in rows)
        inner = self.row_texts(rows).replace("&&", "&\\quad&")
        inner = f"\\keyresult{{\\begin{{aligned}}\n  {inner}\n\\end{{aligned}}}}"
        kind = "equation" if self.article else "equation*"
        text = f"\\begin{{{kind}}}\n{inner}\n\\end{{{kind}}}"
        if first > 1:
            text = self.shown(first, f"%\n{text}")
        height = height_of(rows) + DISPLAY_GAP + 16
        return Piled(text, height, display=True)

    # -- frames --

    def pages(self, frame: Frame) -> list[str]:
        """Return the LaTeX of a frame, parted into slides that are not too high."""
        feet = [p for b in frame.blocks if isinstance(b, Remark) for p in self.piled(b)]
        foot = sum(p.height for p in feet)
        pages: list[list[Piled]] = [[]]
        used = foot
        for block in frame.blocks:
            for part in [] if isinstance(block, Remark) else self.piled(block):
                height = part.height + (EMPTY_LINE if part.display and opens(pages[-1]) else 0)
                if pages[-1] and used + height > self.page.height:
                    pages.append(carried(pages[-1]))
                    used = foot + sum(p.height for p in pages[-1])
                pages[-1].append(part)
                used += height
        below = "" if feet or self.article else BELOW
        return [self.joined([*page, *feet]) + below for page in pages if page]

    def joined(self, parts: list[Piled]) -> str:
        """Return blocks one below the other; they share what room is left."""
        text = parts[0].text
        for before, part in pairwise(parts):
            room = "\n\n" if self.article else SPREAD
            lead = "\n" if self.article or not before.lead else LEAD
            text += (lead if part.display else room) + part.text
        return text


def lines_of(rows: list[Row]) -> list[list[Row]]:
    """Return rows in groups, each from a left side to the next: rows that belong together."""
    groups: list[list[Row]] = []
    for row in rows:
        if row.left or not groups:
            groups.append([])
        groups[-1].append(row)
    return groups


def height_of(rows: list[Row]) -> float:
    """Return the height of rows under each other."""
    tight = [1.0 if "matrix" in row.right else TIGHT for row in rows]
    return sum(t * row.height + ROW_GAP for t, row in zip(tight, rows, strict=True))


def opens(page: list[Piled]) -> bool:
    """Whether a display that is put on a slide has no text right before it."""
    return not page or page[-1].display


def carried(page: list[Piled]) -> list[Piled]:
    """Take a sentence that introduces what does not fit with it to the next slide."""
    return [page.pop()] if len(page) > 1 and page[-1].lead else []


def spaced(text: str) -> str:
    """Return plain words escaped, with the spaces at their ends."""
    inner = latex_text(text, LONG)
    core = inner.strip()
    left = " " if text[:1].isspace() else ""
    right = " " if text[-1:].isspace() and core else ""
    return f"{left}{core}{right}"
