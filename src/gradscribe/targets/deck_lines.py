"""Lines of displayed formulas, broken where they are too wide for a slide."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace

from gradscribe.lecture.display import (
    Big,
    Chain,
    Minus,
    Node,
    Plus,
    Product,
    Renamed,
    Toned,
)
from gradscribe.lecture.model import Line, Piece
from gradscribe.lecture.writing import Layers, Script, written
from gradscribe.typeset.boxes import Box

RELATION = 17.0  # points that a relation takes with its space
INDENT = 20.0  # of a line that goes on
GOES_ON = r"\quad {}"  # how it begins
STRUT = 13.0  # points that a row of a display takes at least
ROW_GAP = 6.0  # points between rows of a display


@dataclass(frozen=True)
class Row:
    """A line as it is set.

    Attributes:
        left: what stands before the place at which lines are aligned.
        right: what stands after it, the relation included.
        step: the overlay on which it appears.
        hint: words beside it.
        height: its height and depth in points.
        number: the number of the place left open that it answers, 0 for none.
    """

    left: str
    right: str
    step: int
    hint: tuple[Piece, ...]
    height: float
    number: int = 0


@dataclass(frozen=True)
class Setter:
    """Sets lines of a display.

    Attributes:
        script: how formulas are written.
        boxes: the boxes of formulas in LaTeX.
        width: the room for a line in points.
    """

    script: Script
    boxes: Callable[[Sequence[str]], list[Box]]
    width: float

    def rows(self, lines: Sequence[Line], room: float = 0) -> list[Row]:
        """Return lines as rows, each at most so wide (`room` is what a hint takes)."""
        lefts = [self.left(line) for line in lines]
        widths = [box.width for box in self.boxes(lefts)]
        widest = max(widths, default=0.0)
        found: list[Row] = []
        for line, left in zip(lines, lefts, strict=True):
            rows = self.line(line, left, self.width - widest - room)
            found += [*rows[:-1], replace(rows[-1], number=line.number)]
        return found

    def left(self, line: Line) -> str:
        """Return what stands before the first relation of a line."""
        chain, layers = opened(line.formula, {})
        if line.continued or chain is None:
            return ""
        return written(chain.parts[0], self.script, layers)

    def line(self, line: Line, left: str, room: float) -> list[Row]:
        """Return the rows of one line: one, or one for each relation, or broken at terms."""
        chain, layers = opened(line.formula, {})
        if chain is None:
            text = written(line.formula, self.script)
            (box,) = self.boxes([text])
            return [Row("", text, line.step, line.hint, box.height + box.depth)]
        parts = [
            (self.script.relation(r), part)
            for r, part in zip(chain.relations, chain.parts[1:], strict=True)
        ]
        texts = [f"{r} {written(p, self.script, layers)}" for r, p in parts]
        boxes = self.boxes([left, *texts])
        if sum(b.width for b in boxes[1:]) <= room:
            return [Row(left, " ".join(texts), line.step, line.hint, beside(boxes))]
        rows: list[Row] = []
        for position, (relation, part) in enumerate(parts):
            hint = line.hint if position == 0 else ()
            start = left if position == 0 else ""
            pieces = self.pieces(relation, part, layers, room)
            for k, (text, box) in enumerate(pieces):
                row = Row("", text, line.step, (), box.height + box.depth)
                if k == 0:
                    tall = beside([box, boxes[0]] if start else [box])
                    row = replace(row, left=start, hint=hint, height=tall)
                rows.append(row)
        return rows

    def pieces(
        self, relation: str, part: Node, layers: Layers, room: float
    ) -> list[tuple[str, Box]]:
        """Return `= part` in one piece or broken between its terms, with their boxes."""
        whole = f"{relation} {written(part, self.script, layers)}"
        (box,) = self.boxes([whole])
        body, layers = inside(part, layers)
        if box.width <= room:
            return [(whole, box)]
        chunks = self.chunks(body, layers, room - INDENT)
        widths = [b.width for b in self.boxes([f"{{}}{sign}{text}" for text, sign in chunks])]
        rows: list[str] = [f"{relation} {chunks[0][0]}"]
        used = widths[0] + RELATION
        for (text, sign), width in zip(chunks[1:], widths[1:], strict=True):
            if used + width > room:
                rows.append(f"{GOES_ON}{sign}{text}")
                used = INDENT + width
            else:
                rows[-1] += f" {{}}{sign}{text}"
                used += width
        return list(zip(rows, self.boxes(rows), strict=True))

    def chunks(self, body: Node, layers: Layers, room: float) -> list[tuple[str, str]]:
        """Return the terms of a sum, and the factors of terms that are too wide, with signs."""
        terms = body.terms if isinstance(body, Plus) else (body,)
        found: list[tuple[str, str]] = []
        for position, term in enumerate(terms):
            minus = isinstance(term, Minus)
            inner = term.body if isinstance(term, Minus) else term
            sign = "- " if minus else "+ " if position else ""
            text = written(inner, self.script, layers)
            (box,) = self.boxes([text])
            total = inner.factors[-1] if isinstance(inner, Product) else inner
            if box.width + RELATION <= room:
                found.append((text, sign))
            elif isinstance(total, Big) and isinstance(total.body, Plus):
                found += self.summands(inner, total, layers, sign)
            elif isinstance(inner, Product):
                found += self.factors(inner, layers, sign)
            else:
                found.append((text, sign))
        return found if not found[0][1] else [(f"{found[0][1]}{found[0][0]}", ""), *found[1:]]

    def summands(self, node: Node, total: Big, layers: Layers, sign: str) -> list[tuple[str, str]]:
        """Return the terms in the parentheses behind the sign of a sum."""
        inner, *rest = self.chunks(total.body, layers, self.width)
        last = self.script.size(str(total.last), layers)
        head = self.script.big(str(total.index), last, f"({inner[0]}")
        before = node.factors[:-1] if isinstance(node, Product) else ()
        texts = [written(f, self.script, layers) for f in before]
        start = (self.script.product([*texts, head], ""), sign)
        return [start, *rest[:-1], (f"{rest[-1][0]})", rest[-1][1])] if rest else [start]

    def factors(self, node: Product, layers: Layers, sign: str) -> list[tuple[str, str]]:
        """Return the factors of a product, each of which may begin a line."""
        between = {"odot": r"\odot ", "otimes": r"\otimes "}.get(node.sign, r"\cdot ")
        signs = [sign, *[between] * (len(node.factors) - 1)]
        texts = [
            written(
                Product((f,)) if isinstance(inside(f, layers)[0], Plus) else f, self.script, layers
            )
            for f in node.factors
        ]
        return list(zip(texts, signs, strict=True))


def opened(node: Node, layers: Layers) -> tuple[Chain | None, Layers]:
    """Return the chain of a line and the names of layers in it."""
    while isinstance(node, Renamed):
        layers, node = dict(node.layers), node.body
    return (node if isinstance(node, Chain) else None), layers


def inside(node: Node, layers: Layers) -> tuple[Node, Layers]:
    """Return a part without the names of layers and the tone around it."""
    while isinstance(node, Renamed | Toned):
        if isinstance(node, Renamed):
            layers = dict(node.layers)
        node = node.body
    return node, layers


# -- rows on slides --


def beside(boxes: Sequence[Box]) -> float:
    """Return the height and depth of boxes on one line."""
    return max(b.height for b in boxes) + max(b.depth for b in boxes)


def height_of(rows: Sequence[Row]) -> float:
    """Return the height of rows below each other, in points."""
    return sum(max(row.height, STRUT) + ROW_GAP for row in rows)


def filled(rows: Sequence[Row], room: float) -> list[list[Row]]:
    """Return rows in parts that are not higher than some room."""
    parts: list[list[Row]] = [[]]
    for piece in unbroken(rows, room):
        if parts[-1] and height_of([*parts[-1], *piece]) > room:
            parts.append([])
        parts[-1].extend(piece)
    return parts


def unbroken(rows: Sequence[Row], room: float) -> Iterator[list[Row]]:
    """Yield rows that stay together: a line; where it is too high, a relation; else a row."""
    for line in runs(rows, lambda row: bool(row.left)):
        if height_of(line) <= room:
            yield line
            continue
        for relation in runs(line, lambda row: not row.right.startswith(GOES_ON)):
            if height_of(relation) <= room:
                yield relation
            else:
                yield from ([row] for row in relation)


def runs(rows: Sequence[Row], starts: Callable[[Row], bool]) -> list[list[Row]]:
    """Return rows in runs, each up to the next row that starts one."""
    found: list[list[Row]] = []
    for row in rows:
        if starts(row) or not found:
            found.append([row])
        else:
            found[-1].append(row)
    return found
