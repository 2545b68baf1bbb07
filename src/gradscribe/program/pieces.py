"""Arrays with an index for each axis, and what two of them make.

Only which index stands where is looked at.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import combinations
from string import ascii_lowercase

from sympy import Symbol

from gradscribe.errors import DerivationError
from gradscribe.notation import SAMPLE
from gradscribe.program.ir import (
    Add,
    Contract,
    Expand,
    Mul,
    Node,
    Permute,
    Reduce,
    Transpose,
)

Indices = tuple[Symbol, ...]

# The axes that come first: of directions, and of samples.
LEADING = ("directions", "n")


@dataclass(frozen=True)
class Piece:
    """An array expression whose axes are these indices, in this order."""

    node: Node
    indices: Indices


def aligned(part: Piece, indices: Indices) -> Node:
    """Return the array with its axes in another order, missing ones of size 1."""
    present = tuple(k for k in indices if k in part.indices)
    if len(present) != len(part.indices):
        raise DerivationError(f"axes {part.indices} are not among {indices}")
    node = permuted(part, present)
    first = indices.index(present[0]) if present else len(indices)
    missing = tuple(a for a, k in enumerate(indices) if k not in present and a > first)
    # NumPy adds leading axes itself; only those inside have to be put in.
    return Expand(node, tuple(a - first for a in missing)) if missing else node


def permuted(part: Piece, indices: Indices) -> Node:
    """Return the array with its axes in another order."""
    if part.indices == indices:
        return part.node
    if set(part.indices) != set(indices):
        raise DerivationError(f"axes {part.indices} cannot be put in the order {indices}")
    if part.indices == indices[::-1] and len(indices) == 2:
        return Transpose(part.node)
    return Permute(part.node, tuple(part.indices.index(k) for k in indices))


def elementwise_sum(parts: list[Piece]) -> Piece:
    """Return the sum of arrays, each broadcast to the indices of all."""
    indices = common(parts)
    return Piece(Add(tuple(aligned(p, indices) for p in parts)), indices)


def elementwise_product(parts: list[Piece]) -> Piece:
    """Return the product of arrays, each broadcast to the indices of all."""
    if len(parts) == 1:
        return parts[0]
    indices = common(parts)
    return Piece(Mul(tuple(aligned(p, indices) for p in parts)), indices)


def common(parts: list[Piece]) -> Indices:
    """Return the axes of an elementwise operation: the widest operand's, then the others'."""
    widest = max(parts, key=lambda p: len(p.indices)).indices
    every = dict.fromkeys((*widest, *(k for p in parts for k in p.indices)))
    return tuple(every) if len(every) < 3 else _ordered(every)


def _ordered(indices: Iterable[Symbol]) -> Indices:
    """Return indices in the order of the arrays' axes: directions, samples, and i, j, …."""
    return tuple(sorted(indices, key=lambda k: (k.name not in LEADING, _rank(k), k.name)))


def _rank(k: Symbol) -> int:
    return LEADING.index(k.name) if k.name in LEADING else 0


def contracted(parts: list[Piece], summed: list[Symbol]) -> list[Piece]:
    """Sum a product of arrays of any number of axes over indices, two arrays at a time.

    First comes the index that fewest arrays have; all indices that two arrays have alone are
    summed over at once.
    """
    parts = _absorbed(list(parts))
    summed = [k for k in summed if any(k in p.indices for p in parts)]
    while summed:
        k = min(summed, key=lambda k: sum(k in p.indices for p in parts))
        having = [p for p in parts if k in p.indices]
        if len(having) > 2:
            # By places: two factors may be equal.
            places = [place for place, p in enumerate(parts) if k in p.indices]
            pair = min(combinations(places, 2), key=lambda c: _width((parts[c[0]], parts[c[1]])))
            product = elementwise_product([parts[place] for place in pair])
            parts = [product, *(p for place, p in enumerate(parts) if place not in pair)]
            continue
        rest = [p for p in parts if k not in p.indices]
        own = [j for j in summed if all(j in p.indices for p in having)]
        own = [j for j in own if not any(j in p.indices for p in rest)]
        parts = [*rest, _product(having, own) if len(having) == 2 else _reduced(having[0], own)]
        summed = [j for j in summed if j not in own]
    return parts


def _absorbed(parts: list[Piece]) -> list[Piece]:
    """Multiply numbers of each sample into the smallest array that has samples, of two or more."""
    numbers = [p for p in parts if p.indices == (SAMPLE,)]
    others = [p for p in parts if p.indices != (SAMPLE,)]
    having = [p for p in others if SAMPLE in p.indices]
    if not numbers or len(having) < 2:
        return parts
    place = others.index(min(having, key=lambda p: len(p.indices)))
    others[place] = elementwise_product([*numbers, others[place]])
    return others


def _width(pair: tuple[Piece, Piece]) -> int:
    return len({*pair[0].indices, *pair[1].indices})


def _reduced(part: Piece, summed: list[Symbol]) -> Piece:
    """Sum over some axes, the last one first."""
    node = part.node
    for axis in sorted((part.indices.index(k) for k in summed), reverse=True):
        node = Reduce(node, (axis,))
    return Piece(node, tuple(k for k in part.indices if k not in summed))


def _product(pair: list[Piece], summed: list[Symbol]) -> Piece:
    """Sum the product of two arrays over indices that both have."""
    left, right = pair
    if set(left.indices) == set(right.indices):
        return _reduced(elementwise_product(pair), summed)
    both = [k for k in left.indices if k in right.indices and k not in summed]
    rows = [k for k in left.indices if k not in right.indices]
    columns = [k for k in right.indices if k not in left.indices]
    result = _ordered([*both, *rows, *columns])
    if next((k for k in result if k not in both), None) in columns:
        left, right = right, left  # what comes first in the result stands on the left
    names = dict(zip(dict.fromkeys((*left.indices, *right.indices)), ascii_lowercase, strict=False))
    a, b, c = ("".join(names[k] for k in axes) for axes in (left.indices, right.indices, result))
    return Piece(Contract(f"{a},{b}->{c}", left.node, right.node), result)
