"""Parts of blocks: what is parted and what stays together when slides are filled."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import zip_longest

from gradscribe.lecture.model import Blank, Block, Piece
from gradscribe.targets.deck_lines import Row

Cells = tuple[tuple[Piece, ...], ...]


def from_start(rows: list[Row]) -> list[Row]:
    """Return rows of a slide, the first of which is there from the start where others follow."""
    late = rows[0].step - 1 if len(rows) > 1 else 0
    return [replace(row, step=max(1, row.step - late)) for row in rows]


def cut(row: Cells, count: int) -> Iterator[Cells]:
    """Yield a row in parts of so many cells; the last one has empty cells at its end."""
    filled = [cell for cell in row if cell != ("",)]
    for k in range(0, len(filled), count):
        part = filled[k : k + count]
        yield (*part, *[("",)] * (count - len(part)))


def with_rooms(blocks: Sequence[Block]) -> Iterator[tuple[Block, Blank | None]]:
    """Yield blocks, each with the lines to write on that follow it."""
    for block, following in zip_longest(blocks, blocks[1:]):
        yield block, following if isinstance(following, Blank) else None
