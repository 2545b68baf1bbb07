"""Lowering with the samples on the last axis: what second derivatives are computed with.

A[i, r, n] is an array with axes (i, r, n), so that products of per-sample matrices are large
matrix products and elementwise work runs along the samples. As in `lower`, only which index
stands where is looked at.
"""

from dataclasses import dataclass

from sympy import Add as SymAdd
from sympy import Expr, Indexed, KroneckerDelta, Sum, Symbol
from sympy import Mul as SymMul

from gradscribe.derivation.rules import distribute, flattened
from gradscribe.errors import DerivationError
from gradscribe.notation import SAMPLE, SAMPLES
from gradscribe.program.ir import Add, Apply, Expand, MatMul, Mul, Node, Permute, Reduce, Transpose
from gradscribe.program.lower import Indices, Piece, factor_order, ordered_terms
from gradscribe.program.lower import piece as elementwise
from gradscribe.symbols import component


def with_last_sample(expr: Expr, per_sample: frozenset[str]) -> Expr:
    """Write the index n of the sample as the last one of every component that has one."""
    indexed = {
        a: component(a.base.name, (*(k for k in a.indices if k != SAMPLE), SAMPLE))
        for a in expr.atoms(Indexed)
        if a.base.name in per_sample
    }
    bases = {a.base.label for a in expr.atoms(Indexed)}
    scalars = {
        s: component(s.name, (SAMPLE,))
        for s in expr.free_symbols
        if s.name in per_sample and not isinstance(s, Indexed) and s not in bases
    }
    return expr.xreplace(indexed | scalars)


@dataclass(frozen=True)
class Columns:
    """Lowers expressions whose components have the sample's index last.

    Attributes:
        names: how a variable is called in the program.
    """

    names: dict[Symbol, str]

    def lower(self, expr: Expr, indices: Indices) -> Node:
        """Return the array whose component at `indices` is `expr`."""
        return self.aligned(self.piece(expr, indices), indices)

    def monomial(self, expr: Expr, indices: Indices) -> Node:
        """Return the same; indices that the expression does not have get no axis."""
        found = self.piece(expr)
        return self.aligned(found, tuple(k for k in indices if k in found.indices))

    def aligned(self, part: Piece, indices: Indices) -> Node:
        """Return an array with its axes in another order, missing ones of size 1."""
        present = tuple(k for k in indices if k in part.indices)
        if len(present) != len(part.indices):
            raise DerivationError(f"axes {part.indices} are not among {indices}")
        node = part.node
        if present != part.indices:
            axes = tuple(part.indices.index(k) for k in present)
            node = Transpose(node) if axes == (1, 0) else Permute(node, axes)
        if not present:
            return node
        first = indices.index(present[0])
        missing = tuple(a - first for a, k in enumerate(indices) if a > first and k not in present)
        return Expand(node, missing) if missing else node

    def piece(self, expr: Expr, order: Indices = ()) -> Piece:
        """Lower an expression to an array with its own axes, in an order if it has just these."""
        if isinstance(expr, SymAdd):
            terms = [self.piece(t, order) for t in ordered_terms(expr)]
            return self.combined(Add, terms, order)
        if isinstance(expr, SymMul | Sum):
            return self.product(expr, order)
        return elementwise(expr, self.names)

    def combined(
        self, kind: type[Add] | type[Mul], parts: list[Piece], order: Indices = ()
    ) -> Piece:
        """Return an elementwise sum or product, the sample's axis last, or in an order."""
        if len(parts) == 1:
            return parts[0]
        widest = max(parts, key=lambda p: len(p.indices)).indices
        every = dict.fromkeys((*widest, *(k for p in parts for k in p.indices)))
        indices = tuple(k for k in every if k != SAMPLE)
        indices += (SAMPLE,) if SAMPLE in every else ()
        if set(order) == set(indices):
            indices = order
        return Piece(kind(tuple(self.aligned(p, indices) for p in parts)), indices)

    def product(self, expr: Expr, order: Indices = ()) -> Piece:
        """Lower a product of sums: one contraction for each index that is summed over."""
        if isinstance(expr, Sum) and expr.variables == [SAMPLE]:
            terms = [self.over_samples(t) for t in monomials(expr.function)]
            return self.combined(Add, terms, order)
        if any(isinstance(f, Sum) and f.variables == [SAMPLE] for f in expr.args):
            return self.combined(Mul, [self.piece(f) for f in expr.args], order)
        factors, limits = flattened(expr)
        parts = [self.piece(f) for f in sorted(factors, key=factor_order)]
        for k in limits:
            having = [p for p in parts if k in p.indices]
            rest = [p for p in parts if k not in p.indices]
            parts = [*rest, self.contracted(having, k, limits)]
        return self.combined(Mul, parts, order)

    def contracted(self, having: list[Piece], k: Symbol, limits: dict[Symbol, Symbol]) -> Piece:
        """Return Σ_k of a product: what has no sample on the left, what has one on the right."""
        fixed = [p for p in having if SAMPLE not in p.indices]
        moving = [p for p in having if SAMPLE in p.indices]
        if not having:
            return elementwise(limits[k], self.names)
        if not fixed or not moving:
            return self.summed(fixed or moving, k)
        left, right = self.combined(Mul, fixed), self.combined(Mul, moving)
        others = tuple(i for i in left.indices if i != k)
        inner = tuple(i for i in right.indices if i not in (k, SAMPLE))
        axis = right.indices.index(k)
        if not others or set(others) & set(inner) or axis > 1 or (axis == 1 and len(others) > 1):
            return self.summed(having, k)
        matrix = self.aligned(left, (*others, k))
        plain = axis == 0 and len(others) == 1 and right.indices == (k, SAMPLE)
        node = MatMul(matrix, right.node) if plain else Apply(matrix, right.node, axis)
        front, back = right.indices[:axis], right.indices[axis + 1 :]
        return Piece(node, (*front, *others, *back))

    def over_samples(self, term: Expr) -> Piece:
        """Return Σ_n of a product: a product of matrices where two indices are left."""
        groups: dict[Indices, list[Piece]] = {}
        for factor in SymMul.make_args(term):
            part = self.piece(factor)
            groups.setdefault(tuple(i for i in part.indices if i != SAMPLE), []).append(part)
        if all(SAMPLE not in part.indices for group in groups.values() for part in group):
            parts = [part for group in groups.values() for part in group]
            return self.combined(Mul, [elementwise(SAMPLES, self.names), *parts])
        scalars = groups.pop((), [])
        if len(groups) == 2 and all(len(free) == 1 for free in groups):
            (a, left), (b, right) = sorted(groups.items(), key=lambda item: str(item[0]))
            inner = self.combined(Mul, right, (*b, SAMPLE))
            outer = self.combined(Mul, [*scalars, *left], (*a, SAMPLE))
            return Piece(MatMul(outer.node, Transpose(inner.node)), (*a, *b))
        return self.summed([*scalars, *(p for group in groups.values() for p in group)], SAMPLE)

    def summed(self, having: list[Piece], k: Symbol) -> Piece:
        """Return Σ_k without a product over the samples: of two matrices, or of all at once."""
        if len(having) == 2 and all(len(p.indices) == 2 for p in having):
            a, b = having
            free = [next(i for i in p.indices if i != k) for p in having]
            if SAMPLE not in (*a.indices, *b.indices) and free[0] != free[1]:
                left, right = self.aligned(a, (free[0], k)), self.aligned(b, (k, free[1]))
                return Piece(MatMul(left, right), (free[0], free[1]))
        whole = self.combined(Mul, having)
        axis = whole.indices.index(k)
        return Piece(Reduce(whole.node, (axis,)), tuple(i for i in whole.indices if i != k))


def monomials(expr: Expr) -> list[Expr]:
    """Return the terms of an expression, multiplied out."""
    return [t for t in SymAdd.make_args(distribute(expr)) if t != 0]


def without_deltas(term: Expr, keep: Indices) -> tuple[Expr, dict[Symbol, Symbol]]:
    """Take the Kronecker deltas off a product: the later index becomes the earlier one.

    Args:
        term: a product.
        keep: the indices in order; the first one of two stays.
    """
    renamed: dict[Symbol, Symbol] = {}
    deltas = [f for f in SymMul.make_args(term) if isinstance(f, KroneckerDelta)]
    for delta in deltas:
        first, second = sorted(delta.args, key=keep.index)
        renamed[second] = first
        term = (term / delta).xreplace({second: first})
    return term, renamed
