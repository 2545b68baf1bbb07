"""What several numbers of one sample have in common is computed once.

`live` drops what nothing reads, `with_common_parts` names expressions that occur twice, and
`with_common_products` builds a product of many factors on one of fewer that is needed anyway:
of ∂²E/∂W∂b = T x and ∂²E/∂W∂W = T x x the second is the first times x.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from itertools import combinations, count

from sympy import Add, Expr, Function, Mul, Piecewise, Pow, Symbol

from gradscribe.program.components import Assignment

Key = tuple[Expr, ...]
_MANY = 8  # factors of a product, above which no smaller one is looked for in it


def live(assignments: Sequence[Assignment], goals: Iterable[Expr]) -> list[Assignment]:
    """Return the assignments that goals depend on, in order."""
    needed = set().union(*(g.free_symbols for g in goals))
    kept = []
    for item in reversed(assignments):
        if item.target in needed:
            needed |= item.value.free_symbols
            kept.append(item)
    return kept[::-1]


class Fresh:
    """Names of parts that no equation names: t1, t2, …."""

    def __init__(self) -> None:
        self.numbers = count(1)

    def symbol(self) -> Symbol:
        """Return the next one."""
        return Symbol(f"t{next(self.numbers)}", real=True)


# ---- expressions that occur twice --------------------------------------------------------------


def with_common_parts(
    assignments: Sequence[Assignment], goals: Sequence[Assignment], fresh: Fresh
) -> tuple[list[Assignment], list[Assignment]]:
    """Return assignments and goals in which every expression is computed once."""
    twice = _repeated([*assignments, *goals])
    parts = _Parts(twice, fresh)
    found = [done for item in assignments for done in parts.rewritten(item)]
    ends = []
    for goal in goals:
        *before, end = parts.rewritten(goal)
        found += before
        ends.append(end)
    return found, ends


def _repeated(items: Iterable[Assignment]) -> set[Expr]:
    seen: set[Expr] = set()
    twice: set[Expr] = set()
    todo = [item.value for item in items]
    while todo:
        expr = todo.pop()
        if expr in seen:
            if _is_worth_a_name(expr):
                twice.add(expr)
            continue
        seen.add(expr)
        if not isinstance(expr, Piecewise):  # what is in a case may not be computed outside
            todo += expr.args
    return twice


def _is_worth_a_name(expr: Expr) -> bool:
    if isinstance(expr, Mul) and len(expr.args) == 2 and expr.args[0] == -1:
        return False
    if isinstance(expr, Pow) and expr.base.is_Atom and expr.exp.is_Integer and expr.exp > 0:
        return False  # a product: see below
    return isinstance(expr, Add | Mul | Pow | Function)


@dataclass
class _Parts:
    """Rewrites one assignment after the other.

    Attributes:
        twice: expressions that are to have a name.
        fresh: gives names.
        known: the names that there are.
    """

    twice: set[Expr]
    fresh: Fresh
    known: dict[Expr, Symbol] = field(default_factory=dict)

    def rewritten(self, item: Assignment) -> list[Assignment]:
        """Return an assignment after those of the parts that it is the first to read."""
        before: list[Assignment] = []
        if item.value in self.known:
            return [replace(item, value=self.known[item.value])]
        value = self.inside(item.value, before)
        if item.value in self.twice:
            self.known[item.value] = item.target
        return [*before, replace(item, value=value)]

    def inside(self, expr: Expr, before: list[Assignment]) -> Expr:
        """Return an expression with the names of its parts put in."""
        if expr.is_Atom or isinstance(expr, Piecewise):
            return expr
        args = [self.part(a, before) for a in expr.args]
        return expr if tuple(args) == expr.args else expr.func(*args)

    def part(self, expr: Expr, before: list[Assignment]) -> Expr:
        """Return a part, or the name that it has or gets."""
        if expr in self.known:
            return self.known[expr]
        value = self.inside(expr, before)
        if expr not in self.twice:
            return value
        symbol = self.known[expr] = self.fresh.symbol()
        before.append(Assignment(symbol, value))
        return symbol


# ---- products --------------------------------------------------------------------------------


def with_common_products(
    goals: Sequence[Assignment], fresh: Fresh
) -> tuple[list[Assignment], list[Assignment]]:
    """Return the products that several goals are made of, and the goals in terms of them."""
    keys = [_factors(g.value) for g in goals]
    inner = _inner_products(keys)
    shared = {k for k in inner.values() if k is not None}
    names: dict[Key, Symbol] = {}
    before: list[Assignment] = []

    def value(key: Key) -> Expr:
        part = inner[key]
        if part is None:
            return Mul(*key)
        return Mul(named(part), *_without(key, part))

    def named(key: Key) -> Symbol:
        if key not in names:
            inside = value(key)
            names[key] = fresh.symbol()
            before.append(Assignment(names[key], inside))
        return names[key]

    ends = []
    for goal, key in zip(goals, keys, strict=True):
        if len(key) < 2:
            ends.append(goal)
        else:
            ends.append(replace(goal, value=named(key) if key in shared else value(key)))
    return before, ends


def _inner_products(keys: Sequence[Key]) -> dict[Key, Key | None]:
    """Return, for each product, the largest other one that is a part of it; None without one."""
    known = {k for k in keys if len(k) > 1}
    return {k: next((p for p in _parts(k) if p in known), None) for k in known}


def _parts(key: Key) -> Iterator[Key]:
    """Yield the products of fewer factors of a product, the largest first."""
    if len(key) > _MANY:
        return
    for size in range(len(key) - 1, 1, -1):
        yield from dict.fromkeys(combinations(key, size))


def _factors(expr: Expr) -> Key:
    """Return the factors of a product, powers taken apart, in a fixed order."""
    found: list[Expr] = []
    for factor in Mul.make_args(expr):
        if isinstance(factor, Pow) and factor.exp.is_Integer and 1 < factor.exp <= _MANY:
            found += [factor.base] * int(factor.exp)
        else:
            found.append(factor)
    return tuple(sorted(found, key=str))


def _without(key: Key, part: Key) -> list[Expr]:
    rest = list(key)
    for factor in part:
        rest.remove(factor)
    return rest
