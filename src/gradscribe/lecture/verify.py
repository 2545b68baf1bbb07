"""Every displayed equation is evaluated: its sides are compared at random points."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import mpmath
from sympy import Indexed, Symbol, preorder_traversal

from gradscribe.errors import DerivationError
from gradscribe.lecture.display import (
    Atom,
    Big,
    Chain,
    Decimal,
    Gap,
    Grid,
    Minus,
    Named,
    Node,
    children,
)
from gradscribe.lecture.evaluation import Evaluator, NoValueError, agree
from gradscribe.lecture.model import Frame, Lecture, Setting, relation_of
from gradscribe.lecture.rounding import unit_in
from gradscribe.lecture.world import DIGITS, World
from gradscribe.lecture.writing import bare
from gradscribe.notation import SAMPLE, SAMPLES
from gradscribe.symbols import summed

EQUALITIES = ("=", ":=")


@dataclass(frozen=True)
class Account:
    """What was verified: how many equalities, and which formulas have none that can be."""

    compared: int
    open: tuple[tuple[str, Node], ...]


def verified_lecture(lecture: Lecture, seed: int = 0) -> Account:
    """Compare both sides of every equality that a lecture displays.

    Raises:
        DerivationError: two sides differ; it names the frame.
    """
    worlds = {key: World(s.derivation, seed, s.values) for key, s in lecture.settings.items()}
    compared = 0
    left_open: list[tuple[str, Node]] = []
    with mpmath.workdps(DIGITS):
        for frame, left, formula in chains(lecture):
            found = _Comparison(frame, worlds[frame.setting]).run(left, formula)
            compared += found
            if not found:
                left_open.append((frame.key, formula))
    return Account(compared, tuple(left_open))


def chains(lecture: Lecture) -> Iterator[tuple[Frame, Node | None, Chain]]:
    """Yield every chain of relations with its frame, and the left side that it continues."""
    for frame in lecture.frames:
        for display in frame.displays:
            left: Node | None = None
            for line in display.lines:
                for chain in nested(line.formula):
                    if not line.continued:
                        left = chain.parts[0]
                    yield frame, left if line.continued else None, chain
    for frame, node in lecture.formulas:
        if relation_of(node) is not None and not _in_display(frame, node):
            for chain in nested(node):
                yield frame, None, chain


def _in_display(frame: Frame, node: Node) -> bool:
    return any(line.formula is node for d in frame.displays for line in d.lines)


def nested(node: Node) -> Iterator[Chain]:
    """Yield the chains in a formula, outermost first."""
    if isinstance(node, Chain):
        yield node
    for child in children(node):
        yield from nested(child)


def world_of(setting: Setting, seed: int = 0) -> World:
    """Return the world of a setting."""
    return World(setting.derivation, seed, setting.values)


@dataclass(frozen=True)
class _Comparison:
    """Compares the neighbours of a chain."""

    frame: Frame
    world: World

    def run(self, left: Node | None, chain: Chain) -> int:
        parts = list(chain.parts)
        if left is not None:
            parts[0] = left
        binding = self.binding(parts)
        compared = 0
        for k, relation in enumerate(chain.relations):
            if relation in EQUALITIES:
                compared += self.pair(parts, k, binding)
        return compared

    def binding(self, parts: list[Node]) -> dict[Any, int]:
        letters = {
            k.name: self.world.rng.randrange(size)
            for k, size in sorted(self.free(parts).items(), key=str)
        }
        sample = self.world.rng.randrange(self.world.sizes[SAMPLES])
        return self.world.binding(letters, sample)

    def free(self, parts: list[Node]) -> dict[Symbol, int]:
        """Return the free indices of formulas and the least size among their places."""
        found: dict[Symbol, int] = {}
        for part in parts:
            for expr, inner in _atoms(part, frozenset()):
                for item in preorder_traversal(expr):
                    if isinstance(item, Indexed):
                        self.note(item, inner | frozenset(summed(expr)), found)
        return found

    def note(self, item: Indexed, bound: frozenset[Symbol], found: dict[Symbol, int]) -> None:
        shape = self.world.shape(item.base.name)
        indices = item.indices[len(item.indices) - len(shape) :]
        for k, size in zip(indices, shape, strict=True):
            known = k in bound or k == SAMPLE or k in self.world.sizes or str(k) == "K"
            if isinstance(k, Symbol) and k.is_integer and not known:
                found[k] = min(size, found.get(k, size))

    def pair(self, parts: list[Node], k: int, binding: dict[Any, int]) -> int:
        evaluator = Evaluator(self.world, binding)
        try:
            a, b = (evaluator.value(p) for p in parts[k : k + 2])
        except NoValueError:
            return 0
        except (DerivationError, ValueError) as error:
            raise DerivationError(f"frame {self.frame.key}: {error}") from error
        if not agree(a, b, self.tolerance(parts, k, a, b)):
            raise DerivationError(
                f"frame {self.frame.key}: the sides of an equation differ: "
                f"{parts[k]} is {_short(a)}, {parts[k + 1]} is {_short(b)}"
            )
        return 1

    def tolerance(self, parts: list[Node], k: int, a: Any, b: Any) -> Any:
        """Return what rounded numbers may differ by; None where both sides are exact."""
        del a, b
        here = parts[k : k + 2]
        if not any(has_rounded(p) for p in here):
            return None
        results = [result_unit(p) for p in here if is_result(p) and has_rounded(p)]
        if not results:
            results = [result_unit(p) for p in parts[::-1] if is_result(p) and has_rounded(p)][:1]
        if not results and any(is_result(p) for p in parts):
            return None  # an exact 0: a factor is 0, whatever the others are
        if not results:
            raise DerivationError(f"frame {self.frame.key}: rounded numbers without a result")
        computed = any(has_rounded(p) and not is_result(p) for p in here)
        unit, least = max(results), mpmath.mpf(10) ** -30
        # Sums of rounded numbers can be off by exactly one unit: that is a wrong digit.
        return unit - least if computed else unit / 2 + least


def _atoms(node: Node, bound: frozenset[Symbol]) -> Iterator[tuple[Any, frozenset[Symbol]]]:
    if isinstance(node, Atom):
        yield node.expr, bound
    if isinstance(node, Big):
        bound = bound | {node.index}
    for child in children(node):
        yield from _atoms(child, bound)


def is_result(node: Node) -> bool:
    """Whether a formula is a number or a matrix of numbers and nothing is computed in it."""
    node = bare(node)
    if isinstance(node, Minus):
        return is_result(node.body)
    if isinstance(node, Gap):
        return is_result(node.answer)
    if isinstance(node, Grid):
        return all(is_result(cell) for row in node.rows for cell in row)
    return isinstance(node, Decimal)


def result_unit(node: Node) -> Any:
    """Return the largest unit in the last place of the numbers in a result."""
    return unit_in(node)


def has_rounded(node: Node) -> bool:
    """Whether there is a rounded number in a formula."""
    if isinstance(node, Named):
        return has_rounded(node.meaning)
    rounded = isinstance(node, Decimal) and not node.exact
    return rounded or any(has_rounded(c) for c in children(node))


def _short(value: Any) -> str:
    return str(value)[:120]
