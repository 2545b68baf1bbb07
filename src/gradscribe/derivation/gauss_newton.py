"""The Gauss-Newton matrix: the Hessian of the cost with the network replaced by its tangent.

In the equations of the adjoints before the output, only the adjoints move and the network's
values are held; where they start, at the output, the whole curvature of the loss goes in. What
the Hessian has beyond it comes from the values that move: the residual.

The network is cut from its cost at the output (or just before it, see `model.fusing.cut_of`).
"""

from dataclasses import dataclass

from sympy import S

from gradscribe.derivation.reverse import adjoint_name, backwards
from gradscribe.derivation.second_order import Blocks, SecondOrder
from gradscribe.derivation.tangents import FREE, Ground, Indices, Moved, Tangents, names_in
from gradscribe.equation import Equation, Role, Step, Variable
from gradscribe.model.fusing import cut_of
from gradscribe.notation import second_derivative


def gauss_newton(ground: Ground, *, every: bool = True) -> SecondOrder:
    """Derive the blocks of the Gauss-Newton matrix of a network's cost of one sample.

    Arguments as in `second_order`.
    """
    return _GaussNewton(ground, every=every).derive()


@dataclass
class _GaussNewton(Blocks):
    """Tangents of the adjoints with values held."""

    letter = "G"

    def derive(self) -> SecondOrder:
        """Derive everything."""
        output = cut_of(self.network)
        whole = Tangents(self.ground)
        whole.adjoint_tangent(output, output)
        curvature = whole.tangents[whole.pair(output.name, output.name)]
        kept = {q.name: q for q in backwards(self.network, frozenset([output.name]))}
        self.equations |= kept
        if curvature is not None:  # softmax's own derivative, before a cross-entropy
            read = names_in(curvature.right) & whole.tangents.keys()
            self.tangents |= {n: q for n, q in whole.tangents.items() if n in read}
        name = self.pair(output.name, output.name)
        variable = Variable(name, (*output.shape, *output.shape), Role.TANGENT)
        at = FREE[:2]
        right = S.Zero if curvature is None else curvature.at(at)
        step = Step("curvature of the loss", None, right, (adjoint_name(output.name),))
        self.tangents[name] = Equation(variable, at, right, step.rule, (step,))
        return self.with_nodes(self.nodes({u.node.name for u in self.uses} | {output.name}))

    def pair(self, lower: str, node: str) -> str:
        """Return the name of the second derivative by two values."""
        return second_derivative("G", lower, node)

    def adjoint_tangent(self, lower: Variable, node: Variable) -> None:
        """Derive the pair of two values; that of the output is there already."""
        if self.pair(lower.name, node.name) not in self.tangents:
            super().adjoint_tangent(lower, node)

    def moved(self, inner: Variable, k: Indices, node: Variable, by: Indices) -> Moved | None:
        """Return how an adjoint moves; values are held."""
        return None if inner.name in self.position else super().moved(inner, k, node, by)
