"""Lines of displayed formulas, broken where they are too wide for a slide."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from gradscribe.lecture.display import (
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


@dataclass(frozen=True)
class Row:
    """A line as it is set.

    Attributes:
        left: what stands before the place at which lines are aligned.
        right: what stands after it, the relation included.
        step: the overlay on which it appears.
        hint: words beside it.
        height: its height and depth in points.
    """

    left: str
    right: str
    step: int
    hint: tuple[Piece, ...]
    height: float


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
            found += self.line(line, left, self.width - widest - room)
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
            tall = max(b.height for b in boxes) + max(b.depth for b in boxes)
            return [Row(left, " ".join(texts), line.step, line.hint, tall)]
        rows: list[Row] = []
        for position, (relation, part) in enumerate(parts):
            hint = line.hint if position == 0 else ()
            start = left if position == 0 else ""
            pieces = self.pieces(relation, part, layers, room)
            for k, (text, height) in enumerate(pieces):
                rows.append(Row(start if k == 0 else "", text, line.step, hint if k == 0 else (), height))
        return rows

    def pieces(
        self, relation: str, part: Node, layers: Layers, room: float
    ) -> list[tuple[str, float]]:
        """Return `= part` in one piece or broken between its terms, with their heights."""
        whole = f"{relation} {written(part, self.script, layers)}"
        (box,) = self.boxes([whole])
        body, layers = inside(part, layers)
        terms = body.terms if isinstance(body, Plus) else ()
        if box.width <= room or len(terms) < 2:
            return [(whole, box.height + box.depth)]
        texts = [self.term(t, layers, first=k == 0) for k, t in enumerate(terms)]
        widths = [b.width for b in self.boxes(texts)]
        rows, used = [[0]], widths[0] + RELATION
        for k in range(1, len(terms)):
            if used + widths[k] > room:
                rows.append([])
                used = INDENT
            rows[-1].append(k)
            used += widths[k]
        found = []
        for position, row in enumerate(rows):
            start = relation if position == 0 else r"\quad"
            text = f"{start} " + "".join(texts[k] for k in row)
            (box,) = self.boxes([text])
            found.append((text, box.height + box.depth))
        return found

    def term(self, node: Node, layers: Layers, *, first: bool) -> str:
        """Return a term with the sign before it."""
        minus = isinstance(node, Minus)
        body = node.body if isinstance(node, Minus) else node
        inner = written(body if not isinstance(body, Plus) else node, self.script, layers)
        return self.script.plus(inner, minus, first).replace(" + ", " {}+ ").replace(" - ", " {}- ", 1) if not first else self.script.plus(inner, minus, first)


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


def factors(node: Node) -> tuple[Node, ...]:
    """Return the factors of a product; anything else alone."""
    return node.factors if isinstance(node, Product) else (node,)
