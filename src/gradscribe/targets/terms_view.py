"""Programs of second derivatives as generators of a module: what yields the terms of H."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from gradscribe.derivation.tangents import Use
from gradscribe.model.network import Network
from gradscribe.notation import size_python
from gradscribe.printing.numpy_printer import source, statement_source
from gradscribe.program.ir import Group, Node, Ref, Statement, Term, references, replaced
from gradscribe.program.second_order import Terms
from gradscribe.program.tangents import Factors
from gradscribe.targets.layout import WIDTH, broken_statement, comment, tuple_source

_MEANINGS = {
    "hessian": "∂²J/∂w∂wᵀ",
    "gauss_newton": "the Gauss-Newton matrix",
}

# Sizes of an array by how often it is held at a time: {("N1", "N1"): 2} are two N1 × N1.
Sizes = Counter[tuple[str, ...]]


@dataclass(frozen=True)
class TermsView:
    """A generator of terms.

    Attributes:
        name: its name, without the underscore.
        meaning: what its terms make up.
        lines: its body.
        held: a literal: how many numbers of a sample it holds at a time.
    """

    name: str
    meaning: str
    lines: tuple[str, ...]
    held: tuple[str, ...]


def terms_view(terms: Terms, parameters: frozenset[str]) -> TermsView:
    """Return the view of a program of second derivatives."""
    fields: dict[str, Node] = {name: Ref(f"params.{name}") for name in parameters}
    items = _with_factors(terms)
    lines: list[str] = []
    held = _Held(terms)
    told: set[str] = set()
    last = {name: position for position, item in enumerate(items) for name in _read(item)}
    for position, item in enumerate(items):
        if isinstance(item, Factors):
            lines += [factors_line(item, fields)]
        elif isinstance(item, Statement):
            if item.target not in told and item.target in terms.formulas:
                lines += comment(terms.formulas[item.target])
            told.add(item.target)
            lines += broken_statement(
                statement_source(replace(item, value=replaced(item.value, fields)))
            )
        else:
            lines += [*comment(item.formula), *_term_lines(item, fields)]
        held.note(item)
        gone = _last_used(item, position, last, terms) if position < len(items) - 1 else []
        if gone:
            lines.append(f"del {', '.join(gone)}")
            held.release(gone)
    if all(isinstance(item, Factors | Statement) for item in items):
        lines = ["yield from ()  # no second derivative of the cost is left"]
    return TermsView(
        terms.name,
        _MEANINGS[terms.name],
        tuple(lines),
        tuple(held_lines(f"_{terms.name}_terms", held.most)),
    )


@dataclass(frozen=True)
class SecondOrderView:
    """What the templates of second derivatives are filled with.

    Attributes:
        generators: one for each matrix of second derivatives.
        enter: a literal: the parameters that enter each variable.
        small: how many multiplications have no use of symmetry.
        diagonals: whether a matrix is made of its diagonal.
    """

    generators: tuple[TermsView, ...]
    enter: tuple[str, ...]
    small: str
    diagonals: bool


def second_order_view(network: Network, programs: Sequence[Terms]) -> SecondOrderView:
    """Return the view of a network's programs of second derivatives."""
    parameters = frozenset(p.name for p in network.parameters)
    views = tuple(terms_view(p, parameters) for p in programs)
    factors = programs[0].factors if programs else ()
    return SecondOrderView(
        views,
        enter_lines(factors),
        "2_000_000" if all(p.triangles for p in programs) else "math.inf",
        any("_diagonal_matrix(" in line for view in views for line in view.lines),
    )


def enter_lines(factors: Sequence[Factors]) -> tuple[str, ...]:
    """Return a literal: the parameters that enter each variable, in order."""
    rows = [
        f'    "{f.label}": {tuple_source([_quoted(u.parameter.name) for u in f.uses])},'
        for f in factors
    ]
    return ("_ENTER = {", *rows, "}") if rows else ()


def _quoted(text: str) -> str:
    return f'"{text}"'


def _with_factors(terms: Terms) -> list[Statement | Term | Factors]:
    """Put the array of factors of each node where what it is made of is there."""
    items: list[Statement | Term | Factors] = list(terms.items)
    for factors in terms.factors:
        read = {n for node in factors.nodes for n in references(node)}
        ready = [p for p, i in enumerate(items) if isinstance(i, Statement) and i.target in read]
        first = [p for p, i in enumerate(items) if isinstance(i, Term) and factors.name in _read(i)]
        if not first:
            continue
        place = max(ready, default=-1) + 1
        place = max(place, min(first[0], place if not ready else first[0]))
        items.insert(place, factors)
    return items


def factors_line(item: Factors, fields: dict[str, Node]) -> str:
    """Return the line that stacks what the parameters of a variable are multiplied by."""
    rows = [source(replaced(node, dict(fields))) for node in item.nodes]
    if len(rows) == 1 and item.uses[0].factor.free_symbols:
        return f"{item.name} = {rows[0]}"
    return f"{item.name} = _stacked({', '.join(['X', *rows])})"


def _term_lines(term: Term, fields: dict[str, Node]) -> list[str]:
    """Return `yield rows, columns, target, left, right, constant`, broken where it is long."""
    parts = [f'"{term.rows}"', f'"{term.columns}"', f'"{term.target}"']
    parts += [_group(g, fields) if g else "None" for g in (term.left, term.right, term.constant)]
    line = f"yield {', '.join(parts)}"
    if len(line) + 4 <= WIDTH:
        return [line]
    return ["yield (", *(f"    {p}," for p in parts), ")"]


def _group(group: Group, fields: dict[str, Node]) -> str:
    arrays = [source(replaced(node, dict(fields))) for node in group.arrays]
    return tuple_source([f'"{",".join(group.letters)}"', *arrays])


def _read(item: Statement | Term | Factors) -> set[str]:
    if isinstance(item, Statement):
        return {*references(item.value), item.target}
    if isinstance(item, Factors):
        return {n for node in item.nodes for n in references(node)} | {item.name}
    groups = [item.left, item.right, *([item.constant] if item.constant else [])]
    return {name for g in groups for node in g.arrays for name in references(node)}


def _last_used(
    item: Statement | Term | Factors, position: int, last: Mapping[str, int], terms: Terms
) -> list[str]:
    """Return the matrices of each sample that nothing after this place reads."""
    if isinstance(item, Factors):
        return []
    own = [n for n in sorted(_read(item)) if len(terms.shapes.get(n, ())) == 3]
    return [n for n in own if last[n] == position]


class _Held:
    """How many numbers of one sample are held at a time, as sizes."""

    def __init__(self, terms: Terms) -> None:
        self.terms = terms
        self.now: Sizes = Counter()
        self.sizes: dict[str, Sizes] = {}
        self.most: list[Sizes] = []

    def note(self, item: Statement | Term | Factors) -> None:
        if isinstance(item, Statement):
            if item.target not in self.sizes:
                shape = tuple(map(size_python, self.terms.shapes[item.target][:-1]))
                self.sizes[item.target] = Counter([shape])
                self.now += self.sizes[item.target]
            return
        if isinstance(item, Factors):
            rows: Sizes = Counter(row_of(u) for u in item.uses)
            self.sizes[item.name] = rows
            self.now += rows
            return
        copies: Sizes = Counter()
        for group in (item.left, item.right):
            copies += self._copied(group)
        _add_candidate(self.most, self.now + copies)

    def _copied(self, group: Group) -> Sizes:
        """Return the sizes of factors that may be copied whole; products are formed in parts."""
        result: Sizes = Counter({(): 1})
        for node in group.arrays:
            names = references(node)
            own = [self.sizes[name] for name in names if name in self.sizes]
            if own:
                widest: Sizes = max(own, key=_rank)
                result += widest
        return result

    def release(self, names: Iterable[str]) -> None:
        for name in names:
            self.now -= self.sizes[name]


def _rank(sizes: Sizes) -> int:
    """Return how many axes the largest of these arrays has."""
    return max(len(k) for k in sizes)


def row_of(use: Use) -> tuple[str, ...]:
    """Return the sizes of what a parameter is multiplied by."""
    shape = use.parameter.shape
    return (size_python(shape[1].name),) if len(shape) == 2 else ()


def _add_candidate(most: list[Sizes], new: Sizes) -> None:
    """Keep the sums that no other one exceeds in every size."""
    if any(all(old[k] >= v for k, v in new.items()) for old in most):
        return
    most[:] = [old for old in most if not all(new[k] >= v for k, v in old.items())]
    most.append(new)


def held_lines(function: str, most: list[Sizes]) -> list[str]:
    """Return a function's entry of a table, formatted as Python's formatters do."""
    lines: list[str] = []
    for sizes in most or [Counter({(): 1})]:  # a function without terms holds next to nothing
        items = [f'"{" ".join(k)}": {v}' for k, v in sorted(sizes.items()) if v]
        lines += _row_lines(items)
    short = f"    {function}: ({lines[0].strip()}),"
    if len(lines) == 1 and len(short) <= WIDTH:
        return [short]
    return [f"    {function}: (", *lines, "    ),"]


def _row_lines(items: list[str]) -> list[str]:
    line = f"        {{{', '.join(items)}}},"
    if len(line) <= WIDTH:
        return [line]
    return ["        {", *(f"            {item}," for item in items), "        },"]
