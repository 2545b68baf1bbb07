"""What pages of all kinds share: rows of displays, chains that unfold, words with their spaces."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from sympy import Indexed, Symbol

from gradscribe.lecture.display import Atom, Node, Quotient, Whole, children
from gradscribe.lecture.model import Emphasis, Line, Piece, relation_of
from gradscribe.lecture.writing import Script, bare, chain_parts
from gradscribe.notation import split
from gradscribe.symbols import names
from gradscribe.typeset.measure import estimated

LONG = 4000  # characters of a sentence
WIDE = 330.0  # points of a line from which on each relation has a row of its own


@dataclass(frozen=True)
class Aligned:
    """A row of a display: what stands before the place at which rows are aligned, and after it."""

    left: str
    right: str


def aligned(line: Line, script: Script, *, split: bool) -> list[Aligned]:
    """Return a line as one row, or with a row for each of its relations."""
    parts, relations = chain_parts(line.formula, script)
    if not relations:
        return [Aligned("", parts[0])]
    left = "" if line.continued else parts[0]
    rights = [f"{r} {p}" for r, p in zip(relations, parts[1:], strict=True)]
    if not split:
        return [Aligned(left, " ".join(rights))]
    return [Aligned(left if k == 0 else "", right) for k, right in enumerate(rights)]


def outcome(lines: Sequence[Line], script: Script) -> Aligned:
    """Return where a chain of lines begins and what it ends with."""
    start, _ = chain_parts(lines[0].formula, script)
    parts, relations = chain_parts(lines[-1].formula, script)
    return Aligned(start[0], f"{relations[-1]} {parts[-1]}")


def is_wide(line: Line, latex: Script) -> bool:
    """Whether a line of several relations is too wide for one row."""
    parts, relations = chain_parts(line.formula, latex)
    if len(relations) < 2:
        return False
    text = " ".join([parts[0], *(f"{r} {p}" for r, p in zip(relations, parts[1:], strict=True))])
    return estimated([text])[0].width > WIDE


def chains(lines: Sequence[Line]) -> Iterator[tuple[Line, ...]]:
    """Yield lines in groups: those that go on belong to the line that they go on from."""
    group: list[Line] = []
    for line in lines:
        if group and not line.continued:
            yield tuple(group)
            group = []
        group.append(line)
    if group:
        yield tuple(group)


def defined(node: Node) -> str:
    """Return the name of the variable that a line is about, "" where it has none."""
    chain = relation_of(node)
    if chain is None:
        return ""
    left = bare(chain.parts[0])
    if isinstance(left, Whole):
        return left.name
    if isinstance(left, Atom) and isinstance(left.expr, Indexed | Symbol):
        return str(left.expr.base.name if isinstance(left.expr, Indexed) else left.expr.name)
    return ""


def parameters_in(node: Node) -> set[str]:
    """Return the names of weights and biases in a formula."""
    found = set()
    if isinstance(node, Whole):
        found = {node.name}
    elif isinstance(node, Atom):
        found = names(node.expr)
    elif isinstance(node, Quotient):
        return set()
    parts = (parameters_in(child) for child in children(node))
    return {n for n in found if split(n).stem in ("W", "b")}.union(*parts)


def edged(text: str, escape: Callable[[str, int], str]) -> str:
    """Return words escaped, with the space at their ends, which escaping takes away."""
    core = escape(text, LONG)
    left = " " if text[:1].isspace() else ""
    right = " " if text[-1:].isspace() and core else ""
    return f"{left}{core}{right}"


def plain_text(pieces: tuple[Piece, ...]) -> str:
    """Return the words of pieces, as they are, without formulas."""
    texts = (p.text if isinstance(p, Emphasis) else p if isinstance(p, str) else "…" for p in pieces)
    return "".join(texts).strip()
