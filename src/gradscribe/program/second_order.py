"""Terms of the blocks of H: sums over samples of products of tangents and factors.

A block is the sum over samples of products of tangents with what the parameters are multiplied
by; all parameters of a layer go into one product.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from sympy import Expr, Mul, S, Sum, Symbol

from gradscribe.derivation.reverse import adjoint_name
from gradscribe.derivation.second_order import Block, SecondOrder
from gradscribe.derivation.steps import slope_equations
from gradscribe.equation import Equation, Role
from gradscribe.errors import DerivationError
from gradscribe.formula import TEXT, expression
from gradscribe.notation import SAMPLE, index, name_text
from gradscribe.program.build import PYTHON_NAMES, Writer
from gradscribe.program.columns import monomials, without_deltas
from gradscribe.program.forms import CONSTANTS, GROUPED, TRIANGLES
from gradscribe.program.ir import (
    Group,
    Helper,
    Shape,
    Statement,
    Term,
    references,
)
from gradscribe.program.tangents import Factors, TangentWriter, factors_shapes
from gradscribe.program.verify import verify_terms
from gradscribe.symbols import component

_R, _S, _I, _J = (index(a) for a in "rsij")


@dataclass(frozen=True)
class Terms:
    """A program that yields the terms of a matrix of second derivatives.

    Attributes:
        name: of the function.
        items: statements and terms in order.
        factors: the arrays of factors that the terms read.
        shapes: of all variables, the samples' axis last.
        helpers: activation functions that statements call.
        formulas: what each statement computes.
        triangles: whether half of a symmetric group is multiplied, where that pays.
    """

    name: str
    items: tuple[Statement | Term, ...]
    factors: tuple[Factors, ...]
    shapes: dict[str, Shape]
    helpers: tuple[Helper, ...]
    formulas: dict[str, str]
    triangles: bool = True


@dataclass
class BlockWriter(TangentWriter):
    """Writes the statements and terms of one program."""

    letter: str = "E"

    def terms(self, blocks: Iterable[Block], factors: Sequence[Factors]) -> list[Statement | Term]:
        """Return the terms of all pairs of nodes, each after the statements that it needs."""
        items: list[Statement | Term] = []
        done: set[tuple[str, str]] = set()
        first = {u.node.name: u for u in reversed(self.order.uses)}
        for block in blocks:
            lower, upper = block.column.node, block.row.node
            all_rows = [f for f in factors if f.node == lower]
            all_columns = [f for f in factors if f.node == upper]
            pairs = [(f, g) for f in all_rows for g in all_columns]
            if (lower.name, upper.name) not in done:
                done.add((lower.name, upper.name))
                for rows, columns in pairs:
                    if lower != upper or factors.index(rows) <= factors.index(columns):
                        items += self.curvature_terms(block, rows, columns)
            if block.shift != 0 and block.column == first[lower.name]:
                for rows in all_rows:
                    items += self.shift_terms(block, rows)
        return items

    def curvature_terms(self, block: Block, rows: Factors, columns: Factors) -> list[Term]:
        """Return Σ_n ∂²E z_s z_j, for all parameters of both nodes."""
        at = block.equation.indices
        row, column = at[0], at[len(block.row.parameter.shape)]
        curvature = self.writer.with_constant_slopes(block.curvature)
        expr = self.put_in(curvature.xreplace({row: _I, column: _R}))
        z = [component(f.name, (k,)) for f, k in ((rows, _S), (columns, _J))]
        self.per_sample |= {rows.name, columns.name}
        pair = f"({_listed(rows)})", f"({_listed(columns)})"
        text = "∂²E/∂{}∂{}" if self.letter == "E" else "the block of {} and {}"
        text = text.format(*pair)
        return [
            self.term(t * z[0] * z[1], rows.label, columns.label, text) for t in monomials(expr)
        ]

    def shift_terms(self, block: Block, rows: Factors) -> list[Term]:
        """Return Σ_n δ_i ∂z_j/∂u_r z_s: the factor of the column's parameter changes as well."""
        at = block.equation.indices
        row = at[: len(block.row.parameter.shape)]
        names = {row[0]: _I, at[len(row)]: _R} | ({row[1]: _J} if len(row) == 2 else {})
        adjoint = component(adjoint_name(block.row.node.name), (_I,))
        shift = self.put_in(self.writer.with_constant_slopes(block.shift).xreplace(names))
        z = component(rows.name, (_S,))
        name = block.row.parameter.name
        own = name_text(name)
        text = f"∂²E/∂({_listed(rows)})∂{own}: what {own} is multiplied by changes"
        return [self.term(t * adjoint * z, rows.label, name, text) for t in monomials(shift)]

    def term(self, product: Expr, rows: str, columns: str, text: str) -> Term:
        """Split a product into two groups of factors with samples, and what has none."""
        product, renamed = without_deltas(product, (_R, _S, _I, _J))
        target = "".join(renamed.get(k, k).name for k in (_R, _S, _I, _J))
        if product.has(Sum):
            raise DerivationError(f"a sum in {expression(product, TEXT)} has no name")
        by_letters: dict[tuple[Symbol, ...], Expr] = {}
        for factor in Mul.make_args(self.written(product)):
            letters = self.letters(factor)
            by_letters[letters] = by_letters.get(letters, S.One) * factor
        moving = {k: v for k, v in by_letters.items() if SAMPLE in k}
        fixed = {k: v for k, v in by_letters.items() if SAMPLE not in k}
        moving = _merged(moving)
        if CONSTANTS not in self.writer.forms:
            moving, fixed = _joined(moving, fixed)
        letters_of = [k[:-1] for k in moving]
        if GROUPED in self.writer.forms:
            left, right = _grouped(letters_of)
        else:
            left, right = letters_of[:1], letters_of[1:]
        return Term(
            rows,
            columns,
            target,
            self.group([(k, moving[(*k, SAMPLE)]) for k in left]),
            self.group([(k, moving[(*k, SAMPLE)]) for k in right]),
            self.group(list(fixed.items())) if any(v != 1 for v in fixed.values()) else None,
            text,
        )

    def letters(self, factor: Expr) -> tuple[Symbol, ...]:
        """Return the indices of a factor in the order of an array's axes."""
        found = self.columns.piece(factor).indices
        return tuple(found)

    def group(self, items: list[tuple[tuple[Symbol, ...], Expr]]) -> Group:
        """Return a group of factors, given with the indices of their axes."""
        letters, nodes = [], []
        for k, factor in items:
            own = tuple(a for a in k if a != SAMPLE)
            with_sample = (*own, SAMPLE) if factor.has(SAMPLE) else own
            nodes.append(self.columns.lower(factor, with_sample))
            letters.append("".join(a.name for a in own))
        return Group(tuple(letters), tuple(nodes))


def _merged(factors: dict[tuple[Symbol, ...], Expr]) -> dict[tuple[Symbol, ...], Expr]:
    """Multiply factors that have an index in common, so that the rest is an outer product."""
    result: dict[tuple[Symbol, ...], Expr] = {}
    for letters, factor in sorted(factors.items(), key=lambda item: -len(item[0])):
        for other in list(result):
            if set(letters) & set(other) - {SAMPLE}:
                factor *= result.pop(other)
                extra = tuple(k for k in letters if k not in other)
                letters = (*extra, *other)
        result[letters] = factor
    return result


def _joined(
    moving: dict[tuple[Symbol, ...], Expr], fixed: dict[tuple[Symbol, ...], Expr]
) -> tuple[dict[tuple[Symbol, ...], Expr], dict[tuple[Symbol, ...], Expr]]:
    """Multiply what has no sample into the factors that it has an index in common with."""
    apart = {}
    for letters, factor in fixed.items():
        if any(set(letters) & set(other) for other in moving):
            moving = _merged({**moving, (*letters, SAMPLE): factor})
        else:
            apart[letters] = factor
    return moving, apart


def _grouped(
    factors: list[tuple[Symbol, ...]],
) -> tuple[list[tuple[Symbol, ...]], list[tuple[Symbol, ...]]]:
    """Split factors, given by their indices, into two groups so that little has to be formed.

    Where no factor has an index of the rows and one of the columns, the groups are these; else
    the factor that has both is a group, and the others are formed.
    """
    mixed = [f for f in factors if {_R, _S} & set(f) and {_I, _J} & set(f)]
    if mixed:
        left = [mixed[0]]
        right = [f for f in factors if f != mixed[0]]
    else:
        left = [f for f in factors if set(f) <= {_R, _S}]
        right = [f for f in factors if f not in left]
        if (_R,) in left and (_S,) in left and right == [(_J,)]:
            left, right = [(_R,)], [(_S,), (_J,)]
    if not left or not right:
        both = left or right
        left, right = both[:1], both[1:]
    return left, right


def _listed(factors: Factors) -> str:
    return ", ".join(name_text(u.parameter.name) for u in factors.uses)


def curvature_program(
    writer: Writer, order: SecondOrder, equations: Sequence[Equation], name: str
) -> Terms:
    """Return the program that yields the terms of a matrix of second derivatives.

    Args:
        writer: what writes the network's functions out.
        order: the tangents and blocks.
        equations: what is computed before them, in order.
        name: of the function.
    """
    slopes = list(
        slope_equations(
            writer.network, [*equations, *order.tangents, *(b.equation for b in order.blocks)]
        )
    )
    writer.know(slopes)
    values = [q for q in equations if q.variable.role is Role.VALUE]
    adjoints = [q for q in equations if q.variable.role is Role.ADJOINT]
    own = BlockWriter(writer, order, [*values, *slopes, *adjoints])
    own.letter = "G" if name == "gauss_newton" else "E"
    own.forward()
    for tangent in order.tangents:
        own.tangent(tangent)
    factors = own.factors
    items = own.terms(order.blocks, factors)
    ordered = tuple(_ordered(own.accumulated(), items, factors))
    stacked = {n for f in factors for node in f.nodes for n in references(node)}
    verify_terms(name, ordered, factors_shapes(factors), own.shapes, writer.helpers, stacked)
    return Terms(
        name,
        ordered,
        factors,
        own.shapes,
        writer.helpers,
        own.formulas,
        TRIANGLES in writer.forms,
    )


def _ordered(
    statements: list[Statement], terms: list[Statement | Term], factors: Sequence[Factors]
) -> list[Statement | Term]:
    """Put each term right after the last statement that it needs; drop what nothing needs."""
    alive: set[str] = set()
    for term in terms:
        alive |= _read(term)
    for item in factors:
        alive |= {n for node in item.nodes for n in references(node)}
    kept = []
    for statement in reversed(statements):
        if PYTHON_NAMES.get(statement.target, statement.target) in alive:
            alive |= _read(statement)
            kept.append(statement)
    last = {s.target: p for p, s in enumerate(kept[::-1])}
    last |= {
        f.name: max((last.get(n, -1) for node in f.nodes for n in references(node)), default=-1)
        for f in factors
    }
    after: dict[int, list[Statement | Term]] = {}
    for term in terms:
        place = max((last.get(n, -1) for n in _read(term)), default=-1)
        after.setdefault(max(place, 0), []).append(term)
    result: list[Statement | Term] = []
    for position, statement in enumerate(kept[::-1]):
        result += [statement, *after.pop(position, [])]
    return [*result, *(t for waiting in after.values() for t in waiting)]


def _read(item: Statement | Term) -> set[str]:
    if isinstance(item, Statement):
        return set(references(item.value))
    groups = [item.left, item.right, *([item.constant] if item.constant else [])]
    return {name for g in groups for node in g.arrays for name in references(node)}
