"""Matrix forms, found from index structure.

A product of components is a graph: indices are its nodes, a factor with two indices is an edge,
one with one index hangs on its node. From the free indices of the left side the graph is read off
as a product of matrices: an edge is a matrix or its transpose, depending on which way it is
walked; what hangs on the way is a diagonal matrix; what hangs at the end is the vector. Indices
that are not connected make an outer product. Nothing here knows what the factors mean.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from sympy import Add, Expr, Indexed, KroneckerDelta, Mul, Pow, Sum, Symbol

from gradscribe.derivation import rules
from gradscribe.lecture.display import (
    Applied,
    Atom,
    Big,
    Diagonal,
    Minus,
    Node,
    Plus,
    Power,
    Product,
    Slopes,
    Toned,
    Transposed,
    Whole,
)
from gradscribe.lecture.index_graph import Factor, Graph, directed, path_between
from gradscribe.lecture.shown import Shower, untoned
from gradscribe.notation import SAMPLE, derivative_of, split
from gradscribe.symbols import ScalarFunction


class NoMatrixFormError(Exception):
    """An expression is no product of vectors and matrices."""


@dataclass(frozen=True)
class Recogniser:
    """Finds matrix forms of expressions of a network."""

    shower: Shower

    def form(self, expr: Expr, free: Sequence[Symbol]) -> Node:
        """Return the matrix form of an expression with these free indices.

        Two free indices are row and column; four are two of rows and two of columns.

        Raises:
            NoMatrixFormError: there is none.
        """
        try:
            return self.sum(expr, tuple(free))
        except NoMatrixFormError:
            return self.sum(rules.collapse(rules.distribute(expr)), tuple(free))

    def sum(self, expr: Expr, free: tuple[Symbol, ...]) -> Node:
        """Return the matrix form of a sum of products, as it stands."""
        terms = Add.make_args(expr)
        tone = self.shower.tone_of_difference(expr) if isinstance(expr, Add) else None
        if tone is not None:
            return Toned(tone, untoned(self.plus(terms, free)))
        return self.plus(terms, free)

    def plus(self, terms: Sequence[Expr], free: tuple[Symbol, ...]) -> Node:
        """Return the sum of the matrix forms of terms: those that are subtracted last."""
        nodes: list[Node] = []
        for term in sorted(terms, key=_order):
            minus = term.could_extract_minus_sign() and bool(nodes)
            node = self.term(-term if minus else term, free)
            nodes.append(Minus(node) if minus else node)
        return nodes[0] if len(nodes) == 1 else Plus(tuple(nodes))

    def term(self, term: Expr, free: tuple[Symbol, ...]) -> Node:
        """Return the matrix form of a product."""
        coefficient, rest = term.as_coeff_Mul()
        if any(isinstance(f, Sum) and f.limits[0][0] == SAMPLE for f in Mul.make_args(rest)):
            return self.over_samples(term, free)
        factors, limits = rules.flattened(rest)
        sizes = [f for f in factors if not _has_indices(f)]
        graph = Graph([self.factor(f) for g in factors if g not in sizes for f in _repeated(g)])
        for factor in graph.factors:
            if not all(k in free or k in limits for k in factor.indices):
                raise NoMatrixFormError(str(term))
        node = self.read(graph, free)
        if len(graph.used) != len(graph.factors):
            raise NoMatrixFormError(str(term))
        scale = Mul(coefficient, *sizes)
        return _scaled(scale, node)

    def over_samples(self, term: Expr, free: tuple[Symbol, ...]) -> Node:
        """Return the sum over samples of a matrix form, its factor before it."""
        total = next(f for f in Mul.make_args(term) if isinstance(f, Sum))
        (limit,) = [(k, last) for k, _, last in total.limits if k == SAMPLE]
        inner = Big(*limit, self.form(total.function, free))
        return _scaled(term / total, inner)

    def read(self, graph: Graph, free: tuple[Symbol, ...]) -> Node:
        """Read a graph off from its free indices."""
        if not free:
            return self.scalar(graph)
        if len(free) == 1:
            return self.vector(graph, free[0])
        if len(free) == 2:
            return self.matrix(graph, free[0], free[1])
        return self.blocks(graph, free)

    def factor(self, expr: Expr) -> Factor:
        """Return a component as a part of its whole array."""
        tone = self.shower.tone(expr)
        if isinstance(expr, ScalarFunction):
            (argument,) = expr.args
            if not isinstance(argument, Indexed):
                raise NoMatrixFormError(str(expr))
            slopes = Slopes(expr.stem, argument.base.name, expr.order)
            node: Node = slopes if expr.order else Applied(expr.stem, Whole(argument.base.name))
            return Factor(
                tuple(argument.indices), Toned(tone, node) if tone else node, expr.order > 0
            )
        if isinstance(expr, KroneckerDelta):
            return Factor(tuple(expr.args), Whole("I"))
        if isinstance(expr, Indexed):
            indices = tuple(k for k in expr.indices if k != SAMPLE)
            node = Whole(expr.base.name, len(indices) < len(expr.indices))
            symmetric = is_symmetric(expr.base.name)
            return Factor(indices, Toned(tone, node) if tone else node, symmetric=symmetric)
        if isinstance(expr, Add):
            return self.bracket(expr)
        raise NoMatrixFormError(str(expr))

    def bracket(self, expr: Add) -> Factor:
        """Return a sum of components with the same one index, such as d_i − y_i, as a vector."""
        at = {k for a in expr.atoms(Indexed) for k in a.indices if k != SAMPLE}
        if len(at) != 1:
            raise NoMatrixFormError(str(expr))
        if any(t.has(KroneckerDelta) or t.has(Sum) for t in expr.args):
            raise NoMatrixFormError(str(expr))
        return Factor(tuple(at), self.sum(expr, tuple(at)))

    # -- reading --

    def scalar(self, graph: Graph) -> Node:
        """Return a number: the product of two vectors."""
        if not graph.factors[0].indices:
            return graph.take(0).node
        start = graph.factors[0].indices[0]
        vectors = [p for p in graph.at(start) if len(graph.factors[p].indices) == 1]
        if not vectors:
            raise NoMatrixFormError("no vector to begin with")
        left = graph.take(vectors[0]).node
        return Product((Transposed(left), *_parts(self.vector(graph, start))))

    def vector(self, graph: Graph, index: Expr) -> Node:
        """Return the vector of what hangs at an index: diagonals first, then the rest."""
        diagonals: list[Node] = []
        vectors: list[Node] = []
        while positions := graph.at(index):
            factor = graph.take(positions[0])
            if len(factor.indices) == 1:
                (diagonals if factor.slopes else vectors).append(factor.node)
            else:
                vectors.append(self.walk(graph, factor, index))
        if not vectors and not diagonals:
            raise NoMatrixFormError("a sum without a vector")
        if not vectors:
            return diagonals[0] if len(diagonals) == 1 else Product(tuple(diagonals), "odot")
        core = vectors[0] if len(vectors) == 1 else Product(tuple(vectors), "odot")
        return _joined([_diagonal(d) for d in diagonals], core)

    def walk(self, graph: Graph, edge: Factor, index: Expr) -> Node:
        """Return the vector that a matrix gives, of what hangs at its other end."""
        matrix, other = directed(edge, index)
        return _joined([matrix], self.vector(graph, other))

    def matrix(self, graph: Graph, row: Expr, column: Expr) -> Node:
        """Return a matrix: a path from the row to the column, or an outer product."""
        path = path_between(graph, row, column)
        if path is None:
            left = self.vector(graph, row)
            right = self.vector(graph, column)
            return Product((*_parts(left), Transposed(right)))
        nodes: list[Node] = []
        at = row
        for position in path:
            if position in graph.used:
                raise NoMatrixFormError("two ways")
            edge = graph.take(position)
            nodes += self.hanging(graph, at, set(path))
            matrix, at = directed(edge, at)
            if not (isinstance(matrix, Whole) and matrix.name == "I"):
                nodes.append(matrix)
        nodes += self.hanging(graph, column, set(path))
        if (
            any(isinstance(f.node, Whole) and f.node.name == "I" for f in graph.factors)
            and len(path) == 1
        ):
            return self.diagonal_matrix(nodes)
        return nodes[0] if len(nodes) == 1 else Product(tuple(nodes))

    def diagonal_matrix(self, nodes: list[Node]) -> Node:
        """Return a product of diagonal matrices as one diagonal matrix."""
        if not nodes:
            return Whole("I")
        if all(isinstance(_bare(n), Diagonal) for n in nodes):
            if len(nodes) == 2 and nodes[0] == nodes[1]:
                return Power(nodes[0], 2)
            return nodes[0] if len(nodes) == 1 else Product(tuple(nodes))
        inner = tuple(_undiagonal(n) for n in nodes)
        return Applied("diag", inner[0] if len(inner) == 1 else Product(inner, "odot"))

    def hanging(self, graph: Graph, index: Expr, path: set[int]) -> list[Node]:
        """Return what hangs at an index beside a path, as diagonal matrices."""
        found = []
        for position in graph.at(index):
            if position in path or position in graph.used:
                continue
            factor = graph.take(position)
            node = factor.node if len(factor.indices) == 1 else self.walk(graph, factor, index)
            found.append(_diagonal(node))
        return sorted(found, key=lambda n: not isinstance(_bare(n), Diagonal))

    def blocks(self, graph: Graph, free: tuple[Symbol, ...]) -> Node:
        """Return a Kronecker product: rows by the first indices, columns by the last."""
        half = (len(free) + 1) // 2
        if len(free) == 3:
            half = 2
        rows, columns = free[:half], free[half:]
        pieces: list[tuple[int, int, Node]] = []
        left_rows, left_columns = list(rows), list(columns)
        for row in rows:
            for column in columns:
                if column in left_columns and path_between(graph, row, column) is not None:
                    at = (rows.index(row), columns.index(column))
                    pieces.append((*at, self.matrix(graph, row, column)))
                    left_rows.remove(row)
                    left_columns.remove(column)
                    break
        return self.kronecker(graph, rows, columns, pieces, left_rows, left_columns)

    def kronecker(
        self,
        graph: Graph,
        rows: Sequence[Symbol],
        columns: Sequence[Symbol],
        pieces: list[tuple[int, int, Node]],
        left_rows: list[Symbol],
        left_columns: list[Symbol],
    ) -> Node:
        """Put matrices, columns and rows in an order that keeps both orders of indices."""
        vectors = [(rows.index(r), self.vector(graph, r)) for r in left_rows]
        covectors = [(columns.index(c), self.vector(graph, c)) for c in left_columns]
        ordered: list[Node] = []
        position = [0, 0]
        while pieces or vectors or covectors:
            here = next((p for p in pieces if [p[0], p[1]] == position), None)
            row = next((v for v in vectors if v[0] == position[0]), None)
            other = next((v for v in covectors if v[0] == position[1]), None)
            if here is not None:
                ordered.append(here[2])
                pieces.remove(here)
                position = [position[0] + 1, position[1] + 1]
            elif row is not None and other is not None:
                ordered.append(Product((*_parts(row[1]), Transposed(other[1]))))
                vectors.remove(row)
                covectors.remove(other)
                position = [position[0] + 1, position[1] + 1]
            elif row is not None:
                ordered.append(row[1])
                vectors.remove(row)
                position[0] += 1
            elif other is not None:
                ordered.append(Transposed(other[1]))
                covectors.remove(other)
                position[1] += 1
            else:
                raise NoMatrixFormError("the order of the indices is crossed")
        return ordered[0] if len(ordered) == 1 else Product(tuple(ordered), "otimes")


def _order(term: Expr) -> tuple[bool, bool, bool, str]:
    """Return the place of a term: sums of products, then vectors, then what is subtracted."""
    return term.could_extract_minus_sign(), term.has(KroneckerDelta), not term.has(Sum), str(term)


def is_symmetric(name: str) -> bool:
    """Whether a matrix is a second derivative by twice the same variable: ∂δ^m/∂u^m."""
    parts = derivative_of(name)
    if len(parts) != 2:
        return False
    above, below = map(split, parts)
    return (above.stem, below.stem) == ("delta", "u") and above.layer == below.layer


def _has_indices(expr: Expr) -> bool:
    return bool(expr.has(Indexed) or expr.has(KroneckerDelta))


def _repeated(expr: Expr) -> list[Expr]:
    """Return a power of a component as so many factors."""
    if isinstance(expr, Pow) and expr.exp.is_Integer and expr.exp > 0:
        return [expr.base] * int(expr.exp)
    return [expr]


def _bare(node: Node) -> Node:
    return node.body if isinstance(node, Toned) else node


def _diagonal(node: Node) -> Node:
    """Return the diagonal matrix of a vector."""
    if isinstance(node, Toned) and isinstance(node.body, Slopes):
        return Toned(node.tone, Diagonal(node.body))
    if isinstance(node, Slopes):
        return Diagonal(node)
    return Applied("diag", node)


def _undiagonal(node: Node) -> Node:
    """Return the vector of a diagonal matrix."""
    if isinstance(node, Toned):
        return Toned(node.tone, _undiagonal(node.body))
    if isinstance(node, Diagonal):
        return node.slopes
    assert isinstance(node, Applied)
    return node.argument


def _parts(node: Node) -> tuple[Node, ...]:
    return node.factors if isinstance(node, Product) and node.sign == "" else (node,)


def _joined(matrices: list[Node], core: Node) -> Node:
    parts = (*matrices, *_parts(core))
    return parts[0] if len(parts) == 1 else Product(parts)


def _scaled(scale: Expr, node: Node) -> Node:
    if scale == 1:
        return node
    if scale == -1:
        return Minus(node)
    if isinstance(node, Product) and node.sign in ("otimes", "odot"):
        return Product((Atom(scale), node))
    return Product((Atom(scale), *_parts(node)))
