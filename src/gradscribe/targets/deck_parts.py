"""Parts of blocks: what is parted and what stays together when slides are filled."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import zip_longest

from gradscribe.lecture.model import Blank, Block, Piece, Rows
from gradscribe.targets.deck_lines import Row
from gradscribe.typeset.escaping import latex_text

_OVERLAY = re.compile(r"(?<=\\onslide)<(\d+)->|(?<=\\item)<(\d+)->")
LONG = 4000  # characters of a sentence
Cells = tuple[tuple[Piece, ...], ...]


def from_start(rows: list[Row]) -> list[Row]:
    """Return rows of a slide, the first of which is there from the start where others follow."""
    late = rows[0].step - 1 if len(rows) > 1 else 0
    return [replace(row, step=max(1, row.step - late)) for row in rows]


def shown_at_once(texts: Sequence[str]) -> list[str]:
    """Return the blocks of a slide, the first of which is there from the start."""
    first = re.match(r"\\onslide<(\d+)->", texts[0])
    late = int(first[1]) - 1 if first else 0
    return [
        _OVERLAY.sub(lambda m: f"<{max(1, int(m[1] or m[2]) - late)}->", text) for text in texts
    ]


def cut(row: Cells, count: int) -> Iterator[Cells]:
    """Yield a row in parts of so many cells; the last one has empty cells at its end."""
    filled = [cell for cell in row if cell != ("",)]
    for k in range(0, len(filled), count):
        part = filled[k : k + count]
        yield (*part, *[("",)] * (count - len(part)))


def without_empty(table: Rows, rows: tuple[Cells, ...]) -> Rows:
    """Return some rows of a table, without columns in which they have nothing."""
    kept = [c for c in range(len(table.head)) if any(row[c] for row in rows)]
    return Rows(tuple(table.head[c] for c in kept), tuple(tuple(r[c] for c in kept) for r in rows))


def with_rooms(blocks: Sequence[Block]) -> Iterator[tuple[Block, Blank | None]]:
    """Yield blocks, each with the lines to write on that follow it."""
    for block, following in zip_longest(blocks, blocks[1:]):
        yield block, following if isinstance(following, Blank) else None


def spaced(text: str) -> str:
    """Return plain words escaped, with the spaces at their ends."""
    inner = latex_text(text, LONG)
    core = inner.strip()
    left = " " if text[:1].isspace() else ""
    right = " " if text[-1:].isspace() and core else ""
    return f"{left}{core}{right}"
