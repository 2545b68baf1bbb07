"""Tangents as statements: arrays with the samples last.

Of the tangents that the derivation gives,
* one that is zero off its diagonal is kept as that diagonal,
* one that is a plain product is put in where it is read, so that a factor without samples can
  leave the sum over them,
* any other becomes an array.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from sympy import Add, Expr, Indexed, KroneckerDelta, S, Sum, Symbol

from gradscribe.derivation import rules
from gradscribe.derivation.reverse import adjoint_name
from gradscribe.derivation.second_order import SecondOrder
from gradscribe.derivation.tangents import Use
from gradscribe.equation import Equation, Role, Variable
from gradscribe.notation import SAMPLE, derivative_of, index
from gradscribe.program.build import PYTHON_NAMES, Writer
from gradscribe.program.columns import Columns, monomials, with_last_sample, without_deltas
from gradscribe.program.factoring import Factoring
from gradscribe.program.forms import (
    ACCUMULATED,
    COMMON,
    DIAGONALS,
    EXCHANGED,
    PUT_IN,
    STACKED,
)
from gradscribe.program.ir import (
    COMPARISONS,
    Call,
    Expand,
    Node,
    Program,
    Ref,
    Shape,
    Statement,
)
from gradscribe.program.ir import Add as AddNode
from gradscribe.program.ir import Mul as MulNode
from gradscribe.program.passes import shared_in
from gradscribe.program.shapes import ONE
from gradscribe.program.storage import is_view, split_statement
from gradscribe.program.weighting import weighted


@dataclass(frozen=True)
class Factors:
    """What the parameters of a variable are multiplied by, one below the other: `z2`.

    Attributes:
        name: of the array.
        label: what the terms of a module call it: the variable that the parameters enter, or
            one of its uses.
        node: the variable that the parameters enter.
        uses: the parameters, in order.
        nodes: the arrays that are stacked, one of each parameter; a number is a row.
    """

    name: str
    label: str
    node: Variable
    uses: tuple[Use, ...]
    nodes: tuple[Node, ...] = ()


def factors_of(order: SecondOrder, stacked: bool = True) -> tuple[Factors, ...]:
    """Return the arrays of factors: one for each variable that parameters enter, or each use."""
    found = []
    for position, node in enumerate(order.nodes, 1):
        uses = tuple(u for u in order.uses if u.node == node)
        if stacked:
            found.append(Factors(f"z{position}", node.name, node, uses))
            continue
        found += [
            Factors(f"z{position}_{k}", f"{node.name}.{u.parameter.name}", node, (u,))
            for k, u in enumerate(uses, 1)
        ]
    return tuple(found)


def factors_shapes(factors: Sequence[Factors]) -> dict[str, Shape]:
    """Return the shapes of arrays of factors, whose rows are those of all that is stacked."""
    return {
        f.name: ("+".join(u.parameter.shape[1].name if len(u.parameter.shape) == 2 else ONE
                          for u in f.uses), "N")
        for f in factors
    }  # fmt: skip


@dataclass
class TangentWriter:
    """Writes the statements of one program.

    Attributes:
        writer: what writes functions of the network out.
        order: what is to be computed.
        equations: the network's equations and the adjoints', in order.
    """

    writer: Writer
    order: SecondOrder
    equations: Sequence[Equation]
    statements: list[Statement] = field(default_factory=list)
    shapes: dict[str, Shape] = field(default_factory=dict)
    replaced: dict[str, Equation] = field(default_factory=dict)
    formulas: dict[str, str] = field(default_factory=dict)
    per_sample: set[str] = field(default_factory=set)

    def __post_init__(self) -> None:
        network = self.writer.network
        variables = [network.input, network.target, *network.parameters]
        for variable in variables:
            self.declare(variable)
        self.columns = Columns(self.writer.names)
        adjoints = [q for q in self.equations if q.variable.role is Role.ADJOINT]
        self.factoring = Factoring(adjoints, network, self.writer.forms)

    @property
    def factors(self) -> tuple[Factors, ...]:
        """The arrays of factors, with what is stacked in them."""
        return tuple(
            replace(f, nodes=tuple(self.factor(u) for u in f.uses))
            for f in factors_of(self.order, STACKED in self.writer.forms)
        )

    def declare(self, variable: Variable) -> None:
        """Note the name and the shape of a variable."""
        name = PYTHON_NAMES.get(variable.name, variable.name)
        sizes = tuple(s.name for s in variable.shape)
        self.shapes[name] = (*sizes, "N") if variable.per_sample else sizes
        self.writer.names[Symbol(variable.name)] = name
        if variable.per_sample:
            self.per_sample.add(variable.name)
        else:
            self.per_sample.discard(variable.name)

    def written(self, expr: Expr) -> Expr:
        """Return an expression with the functions written out and the sample's index last."""
        return with_last_sample(self.writer.written_out(expr), frozenset(self.per_sample))

    def forward(self) -> None:
        """Write the network's equations, the slopes and the adjoints."""
        for equation in self.equations:
            self.declare(equation.variable)
            right = equation.right
            if equation.variable.role is Role.ADJOINT:
                right = self.scaled(right)
            written = self.written(right)
            node = self.columns.lower(written, (*equation.indices, SAMPLE))
            truths = isinstance(node, Call) and node.function in COMPARISONS
            still = equation.variable.per_sample and not written.has(SAMPLE)
            if truths or (still and written.has(Indexed)):
                node = MulNode((node, Call("_ones", (Ref("X"),))))  # numbers of each sample
            own = Statement(equation.name, node, equation.label)
            program = Program((), self.shapes, self.writer.helpers)
            self.statements += shared_in(own, program)
            number = f"({equation.label}) " if equation.label else ""
            self.formulas[equation.name] = number + equation.text

    # -- tangents --

    def tangent(self, equation: Equation) -> None:
        """Write a tangent, or keep it to be put in where it is read."""
        right = self.writer.with_constant_slopes(equation.right)
        shorter = Add(*map(self.factoring.by_known, monomials(right)))
        if shorter != Add(*monomials(right)):
            equation, right = replace(equation, right=shorter), shorter
        right = self.put_in(right)
        if equation.name[:2] in ("dd", "d2"):
            right = self.scaled(right)
        parts = [without_deltas(t, equation.indices) for t in self.terms_of(right)]
        first = equation.indices[0]
        forms, square = self.writer.forms, len(equation.indices) == 2
        if DIAGONALS in forms and parts and square and all(renamed for _, renamed in parts):
            whole = sum(term for term, _ in parts)
            whole = rules.factor_common(whole) if COMMON in forms else whole
            delta = KroneckerDelta(*equation.indices)
            if not rules.is_plain_product(whole):
                name = f"diagonal_{equation.name}"
                variable = Variable(name, equation.variable.shape[:1], Role.TANGENT)
                self.assign(variable, (first,), whole, equation.text)
                whole = variable[(first,)]
            self.replaced[equation.name] = Equation(
                equation.variable, equation.indices, delta * whole
            )
            return
        product = PUT_IN in forms and len(parts) == 1 and rules.is_plain_product(right)
        if not parts or product:
            self.replaced[equation.name] = Equation(equation.variable, equation.indices, right)
            return
        self.assign(equation.variable, equation.indices, right, equation.text)

    def terms_of(self, right: Expr) -> list[Expr]:
        """Return the terms of a tangent; those of values alone are not multiplied out.

        In (1 - d)/(1 - y)², of a loss, two terms would cancel.
        """
        names = {a.base.label.name for a in right.atoms(Indexed)}
        if not names <= self.writer.network.variables.keys() or right.has(Sum):
            return monomials(right)
        if not right.has(KroneckerDelta):
            return [right]
        scale, rest = right.as_independent(Indexed, as_Add=False)
        return [scale * term for term in Add.make_args(rest)]

    def put_in(self, expr: Expr) -> Expr:
        """Replace the tangents that are not arrays of their own."""
        for name in sorted({s.name for s in expr.free_symbols} & self.replaced.keys()):
            expr = rules.substitute(expr, self.replaced[name])
        return expr

    def scaled(self, right: Expr) -> Expr:
        """Give the factor of J to the sources of a derivative of E; see `weighting`."""
        return weighted(right, self.writer.network)

    def assign(self, variable: Variable, at: tuple[Symbol, ...], right: Expr, text: str) -> None:
        """Write a statement for what is off the diagonal and one for what is on it."""
        self.formulas[variable.name] = text
        diagonal: list[Expr] = []
        rest: list[Expr] = []
        for term in self.terms_of(right):
            without, renamed = without_deltas(term, at)
            (diagonal if renamed else rest).append(without)
        if not rest:
            self.assign_diagonal(variable, at, sum(diagonal))
            return
        off, on = self.written(sum(rest)), self.written(sum(diagonal, S.Zero))
        moves = [expr.has(SAMPLE) for expr in (off, on)]
        self.declare(replace(variable, per_sample=any(moves)))
        sample = (SAMPLE,) if any(moves) else ()
        indices = at
        keeps = EXCHANGED in self.writer.forms and is_symmetric(variable.name)
        if keeps and self.prefers_exchange(off, at):
            indices = (at[1], at[0])
        node = self.columns.lower(off, (*indices, *sample))
        if any(moves) and not moves[0]:
            node = MulNode((node, Call("_ones", (Ref("X"),))))
        node = self.widened(node, off, at, variable) if indices == at else node
        if diagonal and is_view(node):
            node = Call("array", (node,))  # what is added to is no one else's
        self.statements.append(Statement(variable.name, node))
        if diagonal:
            node = self.columns.lower(on, (at[0], *sample))
            self.statements.append(Statement(variable.name, node, "", "diagonal"))

    def widened(self, node: Node, value: Expr, at: tuple[Symbol, ...], variable: Variable) -> Node:
        """Return an array with all its axes: what is the same for all i has ones for them."""
        present = self.columns.piece(value).indices
        for axis, (k, name) in enumerate(zip(at, derivative_of(variable.name), strict=False)):
            if k not in present:
                ones: Node = Call("ones_like", (Ref(PYTHON_NAMES.get(name, name)),))
                node = MulNode((node, ones if axis else Expand(ones, (1,))))
        return node

    def assign_diagonal(self, variable: Variable, at: tuple[Symbol, ...], right: Expr) -> None:
        """Write a statement for what is zero off its diagonal, with its zeros."""
        on = self.written(right)
        self.declare(replace(variable, per_sample=True))
        node = self.columns.lower(on, (at[0], SAMPLE))
        if not (on.has(SAMPLE) and on.has(at[0])):
            below = derivative_of(variable.name)[-1]
            node = MulNode((node, Call("ones_like", (Ref(PYTHON_NAMES.get(below, below)),))))
        self.statements.append(Statement(variable.name, Call("_diagonal_matrix", (node,))))

    def prefers_exchange(self, right: Expr, at: tuple[Symbol, ...]) -> bool:
        """Whether a tangent that is symmetric comes out with its indices exchanged."""
        return self.columns.piece(right).indices[:2] == (at[1], at[0])

    def accumulated(self) -> list[Statement]:
        """Return the statements with sums and products going into the array of a product."""
        if ACCUMULATED not in self.writer.forms:
            return self.statements
        program = Program((), {**self.shapes, "scale": ()}, self.writer.helpers)
        helpers = frozenset(h.name for h in self.writer.helpers)
        result: list[Statement] = []
        for statement in self.statements:
            parts = (
                [statement] if statement.update else split_statement(statement, program, helpers)
            )
            result += parts
        return result

    def full(self, expr: Expr, at: tuple[Symbol, ...], like: Variable) -> Node:
        """Return a tangent as an array with axes (i, j, n), its diagonal written out."""
        expr = self.written(expr)
        diagonal: list[Expr] = []
        rest: list[Expr] = []
        for term in monomials(expr):
            without, renamed = without_deltas(term, at)
            (diagonal if renamed else rest).append(without)
        nodes = [self.columns.lower(sum(rest), (*at, SAMPLE))] if rest else []
        if diagonal:
            value = sum(diagonal)
            vector = self.columns.lower(value, (at[0], SAMPLE))
            if not value.has(SAMPLE):
                ones = Call("ones_like", (Ref(like.name),))
                vector = ones if value == 1 else MulNode((vector, ones))
            nodes.append(Call("_diagonal_matrix", (vector,)))
        return nodes[0] if len(nodes) == 1 else AddNode(tuple(nodes))

    # -- what goes with them --

    def factor(self, use: Use) -> Node:
        """Return what a parameter is multiplied by, with axes (j, n); a number for a vector."""
        indices = (index("j"), SAMPLE) if len(use.parameter.shape) == 2 else ()
        return self.columns.lower(self.written(use.factor), indices)


def is_symmetric(name: str) -> bool:
    """Whether a tangent is a second derivative by the same value twice."""
    above, *below = derivative_of(name) or ("",)
    return len(set(below)) == 1 and (len(below) == 2 or above == adjoint_name(below[0]))
