"""The worked example once more, a layer at a time: matrices by their names and with numbers."""

from collections.abc import Iterator, Sequence

from sympy import Expr, Integer

from gradscribe.lecture.display import (
    Atom,
    Chain,
    Grid,
    Node,
    Product,
    Strong,
    Whole,
    equal,
    transpose,
)
from gradscribe.lecture.model import Frame, Line
from gradscribe.lecture.pathways import Pathway
from gradscribe.lecture.sections.example import HIGH, WIDE, Worked, rounded, stepped
from gradscribe.lecture.sections.path_sum import LONG, PathChain, chain_from
from gradscribe.lecture.teller import display
from gradscribe.symbols import component


def frames(of: Worked) -> Iterator[Frame]:
    """Yield the frames of δ and of the gradient in matrices, where these are small enough."""
    if max(of.example.network.sizes or (0,)) <= min(WIDE, HIGH):
        yield from layer_by_layer(of)


def layer_by_layer(of: Worked) -> Iterator[Frame]:
    """Show every δ and ∂E/∂W in matrices."""
    derived = of.example.derivation.by_name
    deltas = [n for n in derived if n.startswith("delta")]
    weights = [f"dE_d{p.name}" for p in of.example.network.parameters if len(p.shape) == 2]
    for key, names in (("matrix_backward", deltas), ("matrix_gradient_numbers", weights)):
        chains = [c for n in names if (c := matrix_chain(of, n)) is not None]
        if chains:
            told = of.teller
            yield told.frame(
                key, told.sentence(f"{key}.each"), display(*stepped(chains)), rounded(told)
            )


def matrix_chain(of: Worked, name: str) -> Chain | None:
    """Return an equation in matrices with numbers, if it has such a form."""
    found = of.teller.matrix(of.example.derivation[name])
    if found is None:
        return None
    if of.teller.style.layout == "numerator" and name.startswith("dE_d"):
        return of.example.matrix_chain(Whole(name, numerator=True), transpose(found))
    return of.example.matrix_chain(Whole(name), found)


# -- the weights and the bias of one node --


def entering(of: Worked) -> list[Expr]:
    """Return the weights and the bias of the first node of layer 1, if it has these names."""
    network = of.example.network
    if not {"W1", "b1"} <= {p.name for p in network.parameters}:
        return []
    columns = of.example.shape(network.variables["W1"])[1]
    first = Integer(1)
    weights = [component("W1", (first, Integer(j))) for j in range(1, columns + 1)]
    return [*weights, component("b1", (first,))] if columns <= HIGH else []


def first_node(of: Worked) -> Iterator[Frame]:
    """Show that the derivatives by all that enters a node differ in their last factor only.

    The chain of its first weight has been shown before.
    """
    chains = [chain_from(of, start) for start in entering(of)]
    if len(chains) < 2 or any(len(c.paths) != 1 for c in chains):
        return
    if any(len(c.paths[0].factors) > LONG for c in chains):
        return
    yield other_weights(of, chains[1:])
    yield node_vector(of, chains)


def node_vector(of: Worked, chains: Sequence[PathChain]) -> Frame:
    """Show the derivatives as one vector: the factors that they share times the inputs."""
    left = Grid(tuple((c.left,) for c in chains))
    shared = chains[0].shower.factors(chains[0].paths[0].factors[:-1])
    column = Grid(tuple((last_factor(c, c.paths[0]),) for c in chains))
    parts = shared.factors if isinstance(shared, Product) else (shared,)
    chain = of.example.matrix_chain(left, Product((*parts, column)))
    start, symbols, *rest = chain.parts
    return of.teller.frame(
        "example_node",
        of.teller.sentence("example_node.shared"),
        display(Line(equal(start, symbols)), Line(equal(start, *rest), step=2, continued=True)),
        of.teller.remark("example_node.one"),
        rounded(of.teller),
    )


def last_factor(chain: PathChain, path: Pathway) -> Node:
    """Return the last factor of a path: the input, or 1 for a bias."""
    return chain.shower.factors(path.factors[-1:])


def other_weights(of: Worked, chains: Sequence[PathChain]) -> Frame:
    """Show the chains of the node's other weights and of its bias."""
    lines = []
    for step, chain in enumerate(chains, 1):
        (path,) = chain.paths
        quotients = Product(tuple(chain.shower.quotient(f) for f in path.factors))
        result = Strong(chain.value(Atom(chain.derivative)))
        lines.append(Line(equal(chain.left, quotients, result), step=step))
    return of.teller.frame(
        "direct_rest", of.teller.sentence("direct_rest.last"), display(*lines), rounded(of.teller)
    )
