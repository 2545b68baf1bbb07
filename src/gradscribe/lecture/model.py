"""A lecture: frames of blocks, independent of the format in which it is given out."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from gradscribe.derivation.steps import Derivation
from gradscribe.lecture.display import Chain, Node, Renamed
from gradscribe.model.network import Network


@dataclass(frozen=True)
class Emphasis:
    """Words that are stressed."""

    text: str


# A piece of a sentence: plain words, stressed words, or a formula in the line.
Piece = str | Emphasis | Node


@dataclass(frozen=True)
class Sentence:
    """A sentence.

    Attributes:
        pieces: its words and the formulas among them.
        head: whether it introduces what follows, as a heading in the text does.
        step: the overlay on which it appears, from 1.
    """

    pieces: tuple[Piece, ...]
    head: bool = False
    step: int = 1


@dataclass(frozen=True)
class Remark:
    """A small line at the foot of a frame: a hypothesis, the sizes, what was left out."""

    pieces: tuple[Piece, ...]


@dataclass(frozen=True)
class Line:
    """One line of a display.

    Attributes:
        formula: a chain of relations (or a node alone).
        step: the overlay on which it appears, from 1.
        continued: whether the left side of the line before stands for its own, not repeated.
        hint: words beside it, "" for none.
        number: the number of the place left open that it answers, 0 for none.
    """

    formula: Node
    step: int = 1
    continued: bool = False
    hint: tuple[Piece, ...] = ()
    number: int = 0


@dataclass(frozen=True)
class Display:
    """Lines under each other, aligned at their relations; boxed where they are a result.

    Attributes:
        lines: the lines.
        boxed: whether they are a result.
        numbered: whether they get numbers where equations have some.
    """

    lines: tuple[Line, ...]
    boxed: bool = False
    numbered: bool = True


@dataclass(frozen=True)
class Points:
    """A list of sentences."""

    items: tuple[Sentence, ...]


@dataclass(frozen=True)
class Rows:
    """A table: of symbols and their meanings, or of numbers.

    Attributes:
        head: what stands above the columns, or nothing.
        rows: the cells, each a list of pieces.
    """

    head: tuple[tuple[Piece, ...], ...]
    rows: tuple[tuple[tuple[Piece, ...], ...], ...]


@dataclass(frozen=True)
class Picture:
    """The picture of a network: "blocks" of layers or its "nodes"."""

    network: Network
    kind: str


@dataclass(frozen=True)
class Legend:
    """The four roles and their colours."""


@dataclass(frozen=True)
class Blank:
    """A place for an answer that a student writes by hand, so many lines high."""

    lines: int


Block = Sentence | Remark | Display | Points | Rows | Picture | Legend | Blank


@dataclass(frozen=True)
class Frame:
    """One idea.

    Attributes:
        key: its name, the same in every language: "hidden-delta".
        title: its title.
        blocks: what it shows, in order.
        note: what the lecturer says: why each step holds.
        setting: the network whose numbers its formulas are evaluated with (see `Lecture`).
        part: the section that it belongs to.
        fresh: whether its section begins on a new page, where there are pages of text.
    """

    key: str
    title: tuple[Piece, ...]
    blocks: tuple[Block, ...]
    note: tuple[tuple[Piece, ...], ...] = ()
    setting: str = "network"
    part: str = ""
    fresh: bool = False

    @property
    def displays(self) -> tuple[Display, ...]:
        """The displays among its blocks."""
        return tuple(b for b in self.blocks if isinstance(b, Display))


@dataclass(frozen=True)
class Setting:
    """A network whose values the formulas of a frame are about.

    Attributes:
        derivation: the network's.
        values: fixed values of its input, desired output and parameters, by name, as decimal
            fractions; random ones where there are none.
    """

    derivation: Derivation
    values: Mapping[str, tuple[object, ...]] = field(default_factory=dict)


@dataclass(frozen=True)
class Lecture:
    """A derivation as a lecture.

    Attributes:
        title: its title.
        subtitle: a line below the title.
        language: "en", "pt".
        frames: the frames, in order.
        settings: the networks that frames speak of, by the key in `Frame.setting`.
        network: the network that it is about.
    """

    title: tuple[Piece, ...]
    subtitle: tuple[Piece, ...]
    language: str
    frames: tuple[Frame, ...]
    settings: Mapping[str, Setting]
    network: Network

    @property
    def formulas(self) -> Iterator[tuple[Frame, Node]]:
        """Every displayed formula with its frame, those within sentences included."""
        for frame in self.frames:
            for block in frame.blocks:
                for node in _formulas(block):
                    yield frame, node


def _formulas(block: Block) -> Iterator[Node]:
    match block:
        case Display():
            yield from (line.formula for line in block.lines)
        case Sentence() | Remark():
            yield from (p for p in block.pieces if isinstance(p, Node))
        case Points():
            for item in block.items:
                yield from _formulas(item)
        case Rows():
            for row in block.rows:
                yield from (p for cell in row for p in cell if isinstance(p, Node))
        case _:
            return


def relation_of(node: Node) -> Chain | None:
    """Return the chain of relations of a line, under whatever names of layers."""
    while isinstance(node, Renamed):
        node = node.body
    return node if isinstance(node, Chain) else None
