"""The blocks of a lecture as LaTeX, and frames of such a height that each fits on a slide."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
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
from gradscribe.targets.deck_lines import Row, Setter, filled, height_of
from gradscribe.targets.deck_parts import (
    Cells,
    cut,
    from_start,
    shown_at_once,
    spaced,
    with_rooms,
    without_empty,
)
from gradscribe.typeset.boxes import Box
from gradscribe.typeset.glyphs import words_width

TEXT_LINE = 13.6  # points from one line of text to the next
DISPLAY_GAP = 10.0  # points around a display
BESIDE = 40.0  # what is kept for a sentence and a line at the foot
BOX = 65.0  # what a box around a result takes
EMPTY_LINE = 14.0  # what a display that opens a slide has above it
# Blocks share what room is left, half as much between them as below them.
SPREAD = "\n\\par\\vspace{0pt plus .5filll}\n"
BELOW = "\n\\par\\vskip 0pt plus 1filll"  # what is left over goes below the last block
LEAD = "%\n\\vadjust{\\vskip 0pt plus .25filll}\n"  # the same between a sentence and its display
WIDE_GAP = 20.0  # points between columns of formulas
SMALL = 0.93  # of the width of a formula that is set small, with a margin
SHARES = (0.6, 0.7, 0.8, 0.9)  # of the room, to fill several slides alike
RAGGED = "\\rightskip=0pt plus 1fil\\relax "  # a cell's text, not stretched to its width
TAG = 28.0  # points that the number of a line takes
SANS = 0.96 * 10.95  # points of an em of upright text: sans serif is a little narrower


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
                words = piece.text if isinstance(piece, Emphasis) else piece
                total += SANS * words_width(words)
        return total

    def lines(self, pieces: tuple[Piece, ...], room: float) -> int:
        """Return how many lines a sentence takes."""
        return max(1, -int(-self.length(pieces) // (room * 0.97)))

    def shown(self, step: int, text: str) -> str:
        """Return a text that appears on an overlay."""
        return rf"\onslide<{step}->{{{text}}}" if step > 1 and not self.article else text

    # -- blocks --

    def piled(self, block: Block, foot: float = 0) -> list[Piled]:
        """Return a block, in parts that may be parted by a new slide.

        Args:
            block: the block.
            foot: what is at the foot of each slide, in points.
        """
        match block:
            case Sentence():
                return [self.sentence(block)]
            case Remark():
                text = rf"\hypothesis{{{self.text(block.pieces)}}}"
                count = self.lines(block.pieces, self.page.width * 1.15)
                return [Piled(text, 11.5 * count + 6)]
            case Display():
                return self.display(block, foot)
            case Points():
                return self.points(block)
            case Rows():
                return self.tables(block, foot) if block.head else self.formulas(block)
            case Picture():
                found = self.picture(block, replace(self.page, height=self.page.height - foot))
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

    def tables(self, block: Rows, foot: float) -> list[Piled]:
        """Return a table with a head, in as many parts as it takes slides."""
        count = -int(-self.table(block).height // (self.page.height - foot))
        each = -(-len(block.rows) // count)
        starts = range(0, len(block.rows), each)
        return [self.table(without_empty(block, block.rows[k : k + each])) for k in starts]

    def table(self, block: Rows) -> Piled:
        """Return a table with a head."""
        every = [*([block.head] if block.head else []), *block.rows]
        widths = [max(self.length(row[c]) for row in every) for c in range(len(block.rows[0]))]
        room = self.page.width - 12 * len(widths)
        size = r"\small" if sum(widths) > room else r"\normalsize"
        kinds, lines = ["l"] * len(widths), len(every)
        if SMALL * sum(widths) > room:  # the widest column has its text in several lines
            widest = widths.index(max(widths))
            rest = room - SMALL * (sum(widths) - widths[widest])
            kinds[widest] = rf"p{{{rest:.0f}pt}}"
            lines = sum(self.lines(row[widest], rest / SMALL * 0.93) for row in every)
        columns = "@{}" + "".join(kinds) + "@{}"
        head = " & ".join(self.text(cell) for cell in block.head)
        starts = [RAGGED if kind != "l" else "" for kind in kinds]
        body = " \\\\\n  ".join(
            " & ".join(start + self.text(cell) for start, cell in zip(starts, row, strict=True))
            for row in block.rows
        )
        text = (
            f"\\begin{{center}}{size}\n"
            "\\tallrows\n"
            f"\\begin{{tabular}}{{{columns}}}\n  \\toprule {head} \\\\ \\midrule\n"
            f"  {body} \\\\ \\bottomrule\n"
            "\\end{tabular}\n\\end{center}"
        )
        return Piled(text, 17.5 * len(every) + 12.0 * (lines - len(every)) + 18)

    def formulas(self, block: Rows) -> list[Piled]:
        """Return a table without a head: formulas in columns, so many rows as fit on a slide."""
        rows, wide = self.fitted(block.rows)
        parts: list[list[Cells]] = [[]]
        used = 0.0
        for row in rows:
            height = self.tallest(row) + 9
            if parts[-1] and used + height > self.page.height - 50:
                parts.append([])
                used = 0.0
            parts[-1].append(row)
            used += height
        look = (r"\small", r"\quad") if wide else (r"\normalsize", r"\qquad")
        return [self.columns(part, *look) for part in parts]

    def fitted(self, rows: Sequence[Cells]) -> tuple[list[Cells], bool]:
        """Return rows in as many columns as the page is wide, and whether they are set small."""
        for count in range(len(rows[0]), 0, -1):
            found = [part for row in rows for part in cut(row, count)]
            width = sum(max(self.length(row[c]) for row in found) for c in range(count))
            wide = width + WIDE_GAP * (count - 1) > self.page.width
            if not wide or SMALL * width + WIDE_GAP / 2 * (count - 1) <= self.page.width:
                break
        return found, wide

    def columns(self, lines: list[Cells], size: str, gap: str) -> Piled:
        """Return rows of formulas, without rules, with room for matrices and fractions."""
        columns = "@{}" + f"l@{{{gap}}}" * (len(lines[0]) - 1) + "l@{}"
        rows = [" & ".join(self.displayed(cell) for cell in row) for row in lines]
        body = " \\\\ \\addlinespace[6pt]\n  ".join(rows)
        text = (
            f"\\begin{{center}}{size}\n\\begin{{tabular}}{{{columns}}}\n  {body}\n"
            "\\end{tabular}\n\\end{center}"
        )
        return Piled(text, sum(self.tallest(row) + 9 for row in lines) + 14)

    def displayed(self, cell: tuple[Piece, ...]) -> str:
        """Return a cell whose formulas are as large as in a display."""
        texts = (
            rf"$\displaystyle {written(p, self.script)}$" if isinstance(p, Node) else self.piece(p)
            for p in cell
        )
        return "".join(texts)

    def tallest(self, row: Cells) -> float:
        """Return the height of the highest formula in a row, in points."""
        texts = [written(p, self.script) for cell in row for p in cell if isinstance(p, Node)]
        return max([b.height + b.depth for b in self.boxes(texts)], default=TEXT_LINE)

    # -- displays --

    def display(self, block: Display, foot: float) -> list[Piled]:
        """Return lines of formulas, in parts that fit on a slide each."""
        if not block.lines:
            return []
        hints = [self.length(line.hint) for line in block.lines if line.hint]
        tags = TAG if any(line.number for line in block.lines) else 0
        room = tags + max(hints, default=0.0) + (16 if hints else 0) + (24 if block.boxed else 0)
        rows = Setter(self.script, self.boxes, self.page.width).rows(block.lines, room)
        if block.boxed:
            return [self.boxed(part) for part in self.parted(rows, foot, BOX)]
        numbered = self.article and block.numbered
        return [self.aligned(from_start(part), numbered) for part in self.parted(rows, foot)]

    def parted(self, rows: list[Row], foot: float, frame: float = 0.0) -> list[list[Row]]:
        """Return rows in parts that fit on a slide each, above what is at its foot.

        Args:
            rows: the rows.
            foot: the height of what is at the foot of the slide.
            frame: what a box around them adds.
        """
        around = DISPLAY_GAP + EMPTY_LINE + foot
        if height_of(rows) + frame + around <= self.page.height:
            return [rows]
        room = self.page.height - max(BESIDE, around) - frame
        least = filled(rows, room)
        # No slide is left with a single last line: the same number of slides, filled alike.
        alike = (filled(rows, room * share) for share in SHARES)
        return next((parts for parts in alike if len(parts) == len(least)), least)

    def row_texts(self, rows: list[Row], *, numbered: bool = False) -> str:
        """Return rows of an alignment, each appearing with its step."""
        text = ""
        before = 1
        for position, row in enumerate(rows):
            hint = rf" &&\reason{{{self.text(row.hint)}}}" if row.hint else ""
            body = f"{row.left} &{row.right}{hint}"
            if row.number:
                body += rf" \tag{{{row.number}}}"
            elif numbered and position < len(rows) - 1 and not rows[position + 1].left:
                body += r" \notag"
            cut = "" if position == 0 else "\\\\[2pt]\n  "
            step = max(row.step, before)
            text += self.shown(step, f"{cut}{body}") if position else body
            before = step
        return text

    def aligned(self, rows: list[Row], numbered: bool) -> Piled:
        """Return lines under each other."""
        first = min(row.step for row in rows)
        kind = "align" if numbered else "align*"
        inner = self.row_texts(rows, numbered=numbered)
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
        for block, room in with_rooms(frame.blocks):
            for part in [] if isinstance(block, Remark | Blank) else self.piled(block, foot):
                part = self.with_room(part, room)
                height = part.height + (EMPTY_LINE if part.display and opens(pages[-1]) else 0)
                if pages[-1] and used + height > self.page.height:
                    pages.append(carried(pages[-1]))
                    used = foot + sum(p.height for p in pages[-1])
                pages[-1].append(part)
                used += height
        below = "" if feet or self.article else BELOW
        return [self.joined([*page, *feet]) + below for page in pages if page]

    def with_room(self, part: Piled, room: Blank | None) -> Piled:
        """Return a block with the lines to write on below it, which stay with it."""
        if room is None:
            return part
        (lines,) = self.piled(room)
        return Piled(f"{part.text}\\nopagebreak\n{lines.text}", part.height + lines.height)

    def joined(self, parts: list[Piled]) -> str:
        """Return blocks one below the other; they share what room is left."""
        first, *others = shown_at_once([part.text for part in parts])
        for (before, part), text in zip(pairwise(parts), others, strict=True):
            room = "\n\n" if self.article else SPREAD
            lead = "\n" if self.article or not before.lead else LEAD
            first += (lead if part.display else room) + text
        return first


def opens(page: list[Piled]) -> bool:
    """Whether a display that is put on a slide has no text right before it."""
    return not page or page[-1].display


def carried(page: list[Piled]) -> list[Piled]:
    """Take a sentence that introduces what does not fit with it to the next slide."""
    return [page.pop()] if len(page) > 1 and page[-1].lead else []
