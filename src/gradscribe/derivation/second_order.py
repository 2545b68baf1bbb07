"""Second order: the blocks of the Hessian in factored form.

∂E/∂w = δ_i z_j changes with another parameter v through the value that v enters, so that a
block is made of two tangents: how δ changes, and how what w is multiplied by changes. The
second derivative by a parameter that is used several times is the sum over all pairs of uses.
"""

from dataclasses import dataclass, replace

from sympy import Add, Derivative, Expr, KroneckerDelta, Mul, S

from gradscribe.derivation import rules
from gradscribe.derivation.reverse import adjoint_name
from gradscribe.derivation.tangents import FREE, LETTERS, Ground, Indices, Tangents, Use, names_in
from gradscribe.equation import Equation, Role, Step, Variable
from gradscribe.errors import DerivationError
from gradscribe.notation import second_derivative
from gradscribe.symbols import component, total


@dataclass(frozen=True)
class Block:
    """∂²E/∂w∂v for one use of each parameter, the node of w not before the node of v.

    Attributes:
        row: w.
        column: v.
        equation: with the indices of w, then of v.
        curvature: ∂²E of the two nodes at w's first index and v's first; 0 if there is none.
        shift: how the factor of w changes with the node of v at v's first index.

    The equation is (curvature · factor of w + adjoint of w's node · shift) · factor of v.
    """

    row: Use
    column: Use
    equation: Equation
    curvature: Expr
    shift: Expr


@dataclass(frozen=True)
class SecondOrder:
    """What forward mode over the gradient's equations gives.

    Attributes:
        tangents: ∂y/∂u and ∂δ/∂u of all pairs that are needed, in an order in which they can
            be computed.
        blocks: the second derivatives by all pairs of uses of parameters.
        nodes: the variables that parameters enter, in the order of the network.
        uses: every use of every parameter.
        pairs: every two uses that have a block, whether it was derived or not.
        letter: what is differentiated: E, or the part of it that is G or R.
    """

    tangents: tuple[Equation, ...]
    blocks: tuple[Block, ...]
    nodes: tuple[Variable, ...]
    uses: tuple[Use, ...]
    pairs: tuple[tuple[Use, Use], ...] = ()
    letter: str = "E"


def listed(order: SecondOrder) -> list[Equation]:
    """Return the equations of a derivation: the tangents, then a block for each two parameters.

    The block of parameters that are used several times is the sum over all pairs of uses.
    """
    summed: dict[str, Equation] = {}
    for block in order.blocks:
        row, column = block.row.parameter, block.column.parameter
        mirrored = second_derivative(order.letter, column.name, row.name)
        if mirrored in summed and row != column:
            _add(summed, mirrored, _exchanged(block))
            continue
        name = second_derivative(order.letter, row.name, column.name)
        equation = replace(block.equation, variable=replace(block.equation.variable, name=name))
        _add(summed, name, equation)
        if row == column and block.row != block.column:
            _add(summed, name, _exchanged(block))
    return [*order.tangents, *summed.values()]


def block_names(order: SecondOrder) -> list[str]:
    """Return the names of the blocks of all parameters in the order of `listed`."""
    names: dict[str, None] = {}
    for row, column in order.pairs:
        first, second = row.parameter.name, column.parameter.name
        if second_derivative(order.letter, second, first) not in names:
            names[second_derivative(order.letter, first, second)] = None
    return list(names)


def _exchanged(block: Block) -> Equation:
    """Return a block's equation with the indices of its parameters exchanged."""
    at = block.equation.indices
    count = len(block.row.parameter.shape)
    other = (*FREE[len(at) - count : len(at)], *FREE[: len(at) - count])
    right = block.equation.right.xreplace(dict(zip(at, other, strict=True)))
    return replace(block.equation, indices=FREE[: len(at)], right=right)


def _on_diagonal(term: Expr) -> Expr:
    """Write a product with a Kronecker delta in it with one of the two indices."""
    for delta in [f for f in Mul.make_args(term) if isinstance(f, KroneckerDelta)]:
        first, second = sorted(delta.args, key=str)
        term = (term / delta).xreplace({second: first}) * delta
    return term


def _add(summed: dict[str, Equation], name: str, equation: Equation) -> None:
    """Add an equation's right side to that of a name; it then has one step, the sum."""
    if name not in summed:
        summed[name] = equation
        return
    right = rules.tidy(summed[name].right + equation.right, equation.indices, LETTERS)
    step = Step("sum over uses", None, right)
    summed[name] = replace(summed[name], right=right, rule=step.rule, steps=(step,))


def second_order(ground: Ground, *, every: bool = True) -> SecondOrder:
    """Derive the second derivatives of a network's cost of one sample.

    Args:
        ground: of the network.
        every: whether all blocks are derived, or for each pair of values only those that the
            others follow from: by the first parameter of one, and by all that are multiplied
            by something that moves of the other.
    """
    return Blocks(ground, every=every).derive()


@dataclass
class Blocks(Tangents):
    """Tangents, and the blocks that are made of them."""

    every: bool = True
    letter = "E"

    def derive(self) -> SecondOrder:
        """Derive everything."""
        return self.with_nodes(self.nodes({u.node.name for u in self.uses}))

    def with_nodes(self, nodes: list[Variable]) -> SecondOrder:
        """Derive all pairs of these values and the blocks that are made of them."""
        uses = self.uses
        for node in reversed(nodes):
            for lower in reversed(nodes[: nodes.index(node) + 1]):
                self.adjoint_tangent(lower, node)
        order = {v.name: p for p, v in enumerate(nodes)}
        place = {u: p for p, u in enumerate(uses)}
        pairs = tuple(
            (w, v) for w in uses for v in uses
            if order[w.node.name] > order[v.node.name]
            or (w.node == v.node and place[w] <= place[v])
        )  # fmt: skip
        wanted = [pair for pair in pairs if self.every or self.tells(*pair)]
        blocks = tuple(self.split(w, v, self.block(w, v)) for w, v in wanted)
        needed = self.needed(
            [b.equation for b in blocks], [e for b in blocks for e in (b.curvature, b.shift)]
        )
        tied = tuple(map(self.tied, needed))
        own = self.tied_blocks(blocks)
        return SecondOrder(tied, own, self.ground.nodes, uses, pairs, self.letter)

    # -- blocks --

    def tells(self, row: Use, column: Use) -> bool:
        """Whether a block has something that no other block of the same values has."""
        first: dict[str, Use] = {}
        for use in self.uses:
            first.setdefault(use.node.name, use)
        if column != first[column.node.name]:
            return False
        return row == first[row.node.name] or bool(names_in(row.factor) & self.equations.keys())

    def block(self, row: Use, column: Use) -> Equation:
        """Derive ∂²E/∂w∂v from ∂E/∂w: it changes with v through the node of v."""
        gradient = self.equations[adjoint_name(row.copy)]
        at = FREE[: len(row.parameter.shape)]
        own = FREE[len(at) :][: len(column.parameter.shape)]
        inner = Variable("", (*gradient.variable.shape, *column.node.shape), Role.TANGENT)
        start = self.forward(
            Equation(gradient.variable, at, gradient.at(at)), at, column.node, own[:1], inner
        )
        factor = column.factor.xreplace(dict(zip(FREE, own, strict=False)))
        variable = Variable(
            second_derivative(self.letter, row.copy, column.copy),
            (*row.parameter.shape, *column.parameter.shape),
            Role.CURVATURE,
        )
        if start is None:
            steps = [Step("chain rule", None, S.Zero, (gradient.name,))]
            return Equation(variable, (*at, *own), S.Zero, "chain rule", tuple(steps))
        if column.node.name == column.copy:  # a leaf, by which `forward` differentiates itself
            return replace(start, variable=variable, indices=(*at, *own))
        right = rules.tidy(start.right * factor, (*at, *own), LETTERS)
        steps = []
        slope = Derivative(column.node[own[:1]], component(column.copy, own), evaluate=False)
        for step in start.steps:
            before = None if step.before is None else step.before * slope
            steps.append(Step(step.rule, before, step.after * slope, step.parents))
        steps.append(Step("partial derivatives", steps[-1].after, right, (column.node.name,)))
        return Equation(variable, (*at, *own), right, steps[-1].rule, tuple(steps))

    def split(self, row: Use, column: Use, equation: Equation) -> Block:
        """Return a block with its two parts, having checked that they make it up."""
        at = equation.indices[: len(row.parameter.shape)]
        own = equation.indices[len(at) :]
        adjoint = self.equations[adjoint_name(row.node.name)].variable
        found = self.moved(adjoint, at[:1], column.node, own[:1])
        curvature = S.Zero if found is None else found[0]
        factors = [u.factor.xreplace(dict(zip(FREE, k, strict=False)))
                   for u, k in ((row, at), (column, own))]  # fmt: skip
        shift = self.shift(factors[0], column.node, own[:1])
        whole = (curvature * factors[0] + adjoint[at[:1]] * shift) * factors[1]
        for name in sorted(names_in(whole) & self.inlined.keys()):
            whole = rules.substitute(whole, self.inlined[name])
        if not self.equal(whole, equation.right, equation.indices):
            raise DerivationError(f"{equation.name} is not made up of its parts: {equation.text}")
        return Block(row, column, equation, curvature, shift)

    def equal(self, a: Expr, b: Expr, at: Indices) -> bool:
        """Whether two forms of a block are equal, tangents written out where they have to be."""
        difference = a - b
        while rules.collapse(rules.distribute(difference)) != 0:
            known = sorted(names_in(difference) & self.tangents.keys())
            inner = [q for name in known if (q := self.tangents[name]) is not None]
            if not inner:
                terms = Add.make_args(rules.collapse(rules.distribute(difference)))
                return bool(Add(*[rules.tidy(_on_diagonal(t), at, LETTERS) for t in terms]) == 0)
            for equation in inner:
                difference = rules.substitute(difference, equation)
        return True

    def shift(self, factor: Expr, node: Variable, by: Indices) -> Expr:
        """Return the derivative of a factor by node_by."""
        terms = []
        for name in sorted(names_in(factor) & self.position.keys() & self.equations.keys()):
            inner = self.variables[name]
            k = tuple(rules.new_index("k", {x.name for x in by}) for _ in inner.shape)
            moved = self.moved(inner, k, node, by)
            if moved is not None:
                slope = rules.partial(factor, inner, k)
                terms.append(total(slope * moved[0], dict(zip(k, inner.shape, strict=True))))
        result = rules.collapse(Add(*terms))
        for name in sorted(names_in(result) & self.inlined.keys()):
            result = rules.substitute(result, self.inlined[name])
        return result

    # -- what is given back --

    def needed(self, goals: list[Equation], parts: list[Expr]) -> list[Equation]:
        """Return the tangents that goals and parts read, and those that these read, in order."""
        found: set[str] = set()
        todo = [names_in(e) for e in parts]
        todo += [names_in(q.right) | set(q.parents) for q in goals]
        while todo:
            for name in todo.pop() - found:
                inner = self.tangents.get(name)
                if inner is not None:
                    found.add(name)
                    todo.append(names_in(inner.right) | set(inner.parents))
        return [q for name, q in self.tangents.items() if name in found and q is not None]

    def tied_blocks(self, blocks: tuple[Block, ...]) -> tuple[Block, ...]:
        """Write the parameters' own names."""
        names = self.own_names
        return tuple(
            replace(
                b,
                equation=self.tied(b.equation),
                curvature=b.curvature.xreplace(names),
                shift=b.shift.xreplace(names),
            )
            for b in blocks
        )
