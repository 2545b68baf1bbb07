"""Where the nodes of a network stand in its picture: columns, and rows in each."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import hypot

from gradscribe.typeset.layers import DrawnLayer

# The most nodes of a column of unknown size: 1, 2, ⋮, N_m.
_SYMBOLIC_ROWS = 4
DOTS = "⋮"


@dataclass(frozen=True)
class Row:
    """A node, or ⋮ in the place of those that are left out.

    Attributes:
        index: its number as it is written: "2", "N_1", "⋮".
        y: the height of its centre, in points.
    """

    index: str
    y: float

    @property
    def is_node(self) -> bool:
        """Whether a node stands here."""
        return self.index != DOTS


@dataclass(frozen=True)
class Column:
    """The inputs, or the nodes of a layer.

    Attributes:
        number: 0 for the inputs, else the number of the layer.
        layer: the layer; None for the inputs.
        size: the number of nodes, None where it is a symbol.
        symbol: the name of the size: "N_1".
        rows: from the top.
        pitch: the distance of rows, in points.
    """

    number: int
    layer: DrawnLayer | None
    size: int | None
    symbol: str
    rows: tuple[Row, ...]
    pitch: float

    @property
    def nodes(self) -> tuple[Row, ...]:
        """The rows at which a node stands."""
        return tuple(row for row in self.rows if row.is_node)


def indices(size: int | None, symbol: str, most: int) -> list[str]:
    """Return what is shown of a column: all numbers, or 1, 2, ⋮ and the last one.

    >>> indices(9, "N_1", 4), indices(None, "N_1", 5)
    (['1', '2', '⋮', '9'], ['1', '2', '⋮', 'N_1'])
    """
    if size is None:
        most = min(most, _SYMBOLIC_ROWS)
    elif size <= most:
        return [str(number) for number in range(1, size + 1)]
    first = [str(number) for number in range(1, max(1, most - 2) + 1)]
    return [*first, DOTS, symbol if size is None else str(size)]


def rows_of(shown: Sequence[str], middle: float, pitch: float) -> tuple[Row, ...]:
    """Return rows around a height; ⋮ takes as much room as a node."""
    top = middle + (len(shown) - 1) / 2 * pitch
    return tuple(Row(index, top - place * pitch) for place, index in enumerate(shown))


# Where wires leave a column, by the index of the node.
Ends = dict[str, tuple[float, float]]


def edge_start(
    centre: tuple[float, float], other: tuple[float, float], radius: float
) -> tuple[float, float]:
    """Return where a line from `other` to `centre` meets the circle around `centre`."""
    (x, y), (a, b) = centre, other
    length = hypot(a - x, b - y)
    return x + (a - x) * radius / length, y + (b - y) * radius / length
