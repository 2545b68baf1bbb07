"""The order of a derivation beyond the gradient, and so the numbers of its equations.

After the gradient come ℛ of everything along a direction and H V, the tangents of the output
(the Jacobian), then tangents and blocks of the Hessian, of the Gauss-Newton matrix and of the
residual. A module has only some of these; it has the same numbers, since nothing that comes
before depends on what comes after.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from gradscribe.derivation.directional import Directional, directional
from gradscribe.derivation.gauss_newton import gauss_newton
from gradscribe.derivation.plain import is_plain
from gradscribe.derivation.residual import residual, split
from gradscribe.derivation.second_order import SecondOrder, block_names, listed, second_order
from gradscribe.derivation.tangents import Ground, ground_of, output_tangents
from gradscribe.equation import Equation
from gradscribe.model.network import Network


@dataclass(frozen=True)
class Higher:
    """What is derived beside the gradient; None or () for what is not.

    Attributes:
        ground: what tangents start from.
        along: forward mode along a direction.
        output: tangents of the output.
        hessian: tangents and blocks of the Hessian.
        gauss_newton: those of the Gauss-Newton matrix.
    """

    ground: Ground
    along: Directional | None = None
    output: tuple[Equation, ...] = ()
    hessian: SecondOrder | None = None
    gauss_newton: SecondOrder | None = None


def higher(network: Network, adjoints: Iterable[Equation], parts: Iterable[str]) -> Higher:
    """Derive what the parts of a module need, and what stands before it in the list.

    Args:
        network: the network.
        adjoints: the equations of its adjoints.
        parts: "hessian_vector_product", "jacobian", "hessian", "gauss_newton".
    """
    wanted = set(parts)
    matrices = bool(wanted & {"hessian", "gauss_newton"})
    jacobian = matrices or "jacobian" in wanted
    product = jacobian or "hessian_vector_product" in wanted
    adjoints = tuple(adjoints)
    if not is_plain(network):
        along = directional(network, adjoints) if product else None
        return Higher(Ground(network, {}, adjoints, ()), along)
    ground = ground_of(network, adjoints)
    return Higher(
        ground,
        directional(network, adjoints) if product else None,
        output_tangents(ground) if jacobian else (),
        second_order(ground, every=False) if matrices else None,
        gauss_newton(ground, every=False) if "gauss_newton" in wanted else None,
    )


Listed = Sequence[Equation | str]  # equations, or the names of those that are not derived


def groups(found: Higher) -> Iterator[Listed]:
    """Yield what is derived in the order of the list; blocks by their names only."""
    if found.along is not None:
        yield (*found.along.equations, *found.along.products)
    yield found.output
    for order in (found.hessian, found.gauss_newton):
        if order is not None:
            yield order.tangents
            yield block_names(order)


def every_group(network: Network, adjoints: Iterable[Equation]) -> Iterator[Listed]:
    """Yield everything in the order of the list, derived in full."""
    adjoints = tuple(adjoints)
    along = directional(network, adjoints)
    yield (*along.equations, *along.products)
    if not is_plain(network):
        return
    ground = ground_of(network, adjoints)
    yield output_tangents(ground)
    hessian, gauss = second_order(ground), gauss_newton(ground)
    whole = [listed(order) for order in (hessian, gauss)]
    for order, equations in zip((hessian, gauss), whole, strict=True):
        yield order.tangents
        yield equations[len(order.tangents) :]
    rest = listed(residual(ground))
    yield tuple(split(rest, {q.name: q for equations in whole for q in equations}))
