"""What the Hessian has beyond the Gauss-Newton matrix: the second derivatives of the network.

H is the Gauss-Newton matrix and the residual. In the residual everything moves but ∂E/∂y of the
output, which is held: it is Σ_k ∂E/∂y_k ∂²y_k/∂w∂v, small where the errors are small. It is
derived by the same rules, and each block of it is recorded as the difference of the two others.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

from gradscribe.derivation.reverse import adjoint_name, backwards
from gradscribe.derivation.second_order import Blocks, SecondOrder
from gradscribe.derivation.tangents import Ground, Indices, Moved
from gradscribe.equation import Equation, Role, Step, Variable
from gradscribe.model.fusing import cut_of
from gradscribe.notation import derivative_of, second_derivative


def residual(ground: Ground) -> SecondOrder:
    """Derive the blocks of the residual of a network's cost of one sample."""
    return _Residual(ground).derive()


@dataclass
class _Residual(Blocks):
    """Tangents of the adjoints with the derivatives by the output held."""

    letter = "R"

    def derive(self) -> SecondOrder:
        """Derive everything."""
        self.cut = cut_of(self.network)
        kept = frozenset([self.cut.name])
        self.equations |= {q.name: q for q in backwards(self.network, kept)}
        return self.with_nodes(self.nodes({u.node.name for u in self.uses}))

    def pair(self, lower: str, node: str) -> str:
        """Return the name of the second derivative by two values."""
        return second_derivative("R", lower, node)

    def adjoint_tangent(self, lower: Variable, node: Variable) -> None:
        """Derive the pair of two values; the adjoint of the output does not move."""
        if lower == self.cut:
            self.tangents[self.pair(lower.name, node.name)] = None
            return
        super().adjoint_tangent(lower, node)

    def moved(self, inner: Variable, k: Indices, node: Variable, by: Indices) -> Moved | None:
        """Return how a value or an adjoint moves; that of the output is held."""
        # A learned number of the loss moves it behind the cut, which no Gauss-Newton block has.
        held = inner.name == adjoint_name(self.cut.name) and node not in self.ground.leaves
        return None if held else super().moved(inner, k, node, by)


def split(blocks: Iterable[Equation], whole: Mapping[str, Equation]) -> Iterable[Equation]:
    """Yield the residual's equations, each block also as ∂²E less the Gauss-Newton block.

    Args:
        blocks: of the residual, and the tangents that they are made of.
        whole: the blocks of the Hessian and of the Gauss-Newton matrix, by name.
    """
    for equation in blocks:
        if equation.variable.role is not Role.CURVATURE:
            yield equation
            continue
        _, row, column = derivative_of(equation.name)
        names = [second_derivative(letter, row, column) for letter in "EG"]
        hessian, gauss = (whole[name].variable[equation.indices] for name in names)
        difference = hessian - gauss
        first = Step("residual", None, difference, tuple(names))
        steps = (first, replace(equation.steps[0], before=difference), *equation.steps[1:])
        yield replace(equation, steps=steps)
