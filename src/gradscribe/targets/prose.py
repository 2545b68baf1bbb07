"""What pages of all kinds share: rows of displays, chains that unfold, words with their spaces."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from sympy import Indexed, Symbol

from gradscribe.lecture.display import Atom, Minus, Node, Plus, Quotient, Whole, children
from gradscribe.lecture.model import Emphasis, Line, Piece, relation_of
from gradscribe.lecture.writing import Layers, Script, bare, chain_parts, written
from gradscribe.notation import split
from gradscribe.symbols import names
from gradscribe.targets.deck_lines import inside, opened
from gradscribe.typeset.measure import broken, estimated

LONG = 4000  # characters of a sentence
WIDE = 330.0  # points of a line from which on each relation has a row of its own


@dataclass(frozen=True)
class Aligned:
    """A row of a display.

    Attributes:
        left: what stands before the place at which rows are aligned.
        right: what stands after it.
        inner: whether it goes on with a sum that was broken.
    """

    left: str
    right: str
    inner: bool = False


def aligned(line: Line, script: Script, latex: Script) -> list[Aligned]:
    """Return a line as one row, or as several where it is too wide for one.

    A wide line has a row for each of its relations, and a sum that is wide by itself is broken
    between its terms. All scripts are broken at the same places.

    Args:
        line: the line.
        script: how it is written.
        latex: LaTeX without macros, by which it is measured.
    """
    chain, layers = opened(line.formula, {})
    if chain is None:
        return [Aligned("", written(line.formula, script))]
    left = "" if line.continued else written(chain.parts[0], script, layers)
    steps = list(zip(chain.relations, chain.parts[1:], strict=True))
    if width(written(chain, latex, layers)) <= WIDE:
        rights = (f"{script.relation(r)} {written(p, script, layers)}" for r, p in steps)
        return [Aligned(left, " ".join(rights))]
    rows = [
        Aligned("", text, inner=True) if k else Aligned("", f"{script.relation(relation)} {text}")
        for relation, part in steps
        for k, text in enumerate(terms(part, layers, script, latex))
    ]
    return [Aligned(left, rows[0].right), *rows[1:]]


def terms(node: Node, layers: Layers, script: Script, latex: Script) -> list[str]:
    """Return a formula, or where it is a wide sum the parts that it is broken into."""
    body, layers = inside(node, layers)
    if not isinstance(body, Plus) or width(written(body, latex, layers)) <= WIDE:
        return [written(node, script, layers)]
    widths = [width(written(term, latex, layers)) for term in body.terms]
    texts = []
    for group in broken(widths, WIDE, WIDE):
        part = tuple(body.terms[k] for k in group)
        text = written(Plus(part), script, layers)
        signed = group[0] == 0 or isinstance(part[0], Minus)
        texts.append(text if signed else script.plus(text, False, False))
    return texts


def width(latex: str) -> float:
    """Return the width of a formula in points."""
    return estimated([latex])[0].width


def outcome(lines: Sequence[Line], script: Script) -> Aligned:
    """Return where a chain of lines begins and what it ends with."""
    start, _ = chain_parts(lines[0].formula, script)
    parts, relations = chain_parts(lines[-1].formula, script)
    return Aligned(start[0], f"{relations[-1]} {parts[-1]}")


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
    texts = (
        p.text if isinstance(p, Emphasis) else p if isinstance(p, str) else "…" for p in pieces
    )
    return "".join(texts).strip()
