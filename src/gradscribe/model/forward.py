"""From the graph of a formula to its forward equations, named as in the lecture.

u<m> is the activation of layer m (a sum with a matrix, or what a function is applied to), y<m>
the output of its function, s<m> a sum of such vectors alone. Layers are counted from the inside.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from sympy import Add, Expr

from gradscribe.catalog.activations import Activation
from gradscribe.catalog.layers import GAIN, SHIFT, normalised, scaled
from gradscribe.equation import Equation, Role, Variable
from gradscribe.model.blueprint import input_variable, parameter, vector
from gradscribe.model.graph import INPUT, Activated, Graph, Leaf, Normed, Total, Vector
from gradscribe.model.sharing import own_equations, sizes_of_graph
from gradscribe.notation import split
from gradscribe.symbols import free_indices, scalar_function, summed_index, total
from gradscribe.table import Table


@dataclass(frozen=True)
class Forward:
    """The forward equations and what they are made of (see `Network` for the fields)."""

    equations: tuple[Equation, ...]
    parameters: tuple[Variable, ...]
    functions: Mapping[str, Activation | None]


@dataclass
class _Part:
    """A vector that is part of a sum: its component i and the parameters in it."""

    component: Expr
    matrices: tuple[str, ...] = ()
    vectors: tuple[str, ...] = ()


@dataclass
class _Writer:
    """Writes the equations one by one, from the inside.

    Attributes:
        graph: the vectors.
        activations: the functions that are known by name.
        bindings: the entries of the abstract functions; None for one that stays abstract.
        layer: the number of the layer that is being written.
        variables: the variable of each vector that has one, by its place.
        parts: the components of vectors without an equation of their own, by their places.
    """

    graph: Graph
    activations: Table[Activation]
    bindings: Mapping[str, Activation | None]
    layer: int = 0
    variables: dict[int, Variable] = field(default_factory=dict)
    parts: dict[int, _Part] = field(default_factory=dict)
    equations: list[Equation] = field(default_factory=list)
    parameters: dict[str, Variable] = field(default_factory=dict)
    functions: dict[str, Activation | None] = field(default_factory=dict)
    taken: set[str] = field(default_factory=set)

    def __post_init__(self) -> None:
        self.sizes = sizes_of_graph(self.graph)
        self.applied = {n.operand for n in self.graph.nodes if isinstance(n, Activated | Normed)}
        self.taken |= {name for name, _ in self.sizes.of} | set(self.bindings)

    def write(self) -> Forward:
        own = own_equations(self.graph)
        for place, node in enumerate(self.graph.nodes):
            self.parts[place] = self.part(node)
            if place in own:
                self.equate(place, node, self.parts[place])
            elif isinstance(node, Leaf):
                self.variables[place] = self.leaf(node.name)
        parameters = tuple(self.parameters.values())
        return Forward(tuple(self.equations), parameters, self.functions)

    def leaf(self, name: str) -> Variable:
        if name == INPUT:
            return input_variable()
        return parameter(name, (self.sizes.of[name, 0],), max(self.layer, 1))

    def part(self, node: Vector) -> _Part:
        """Return the right side of a vector's equation."""
        (i,), j = free_indices(1), summed_index(0)
        if isinstance(node, Leaf):
            component = self.leaf(node.name)[i,]
            return _Part(component, vectors=(node.name,) if node.name != INPUT else ())
        if isinstance(node, Total):
            return self.sum_of_parts(node)
        below, inner = self.variables[node.operand], self.parts[node.operand]
        if isinstance(node, Normed):
            return _Part(below[i,])
        if isinstance(node, Activated):
            return _Part(below[i,], vectors=inner.vectors)
        shape = (self.sizes.of[node.matrix, 0], self.sizes.of[node.matrix, 1])
        products = parameter(node.matrix, shape, 1)[i, j] * below[j,]
        return _Part(total(products, {j: shape[1]}), (node.matrix,), inner.vectors)

    def sum_of_parts(self, node: Total) -> _Part:
        parts = [self.parts[place] for _, place in node.terms]
        return _Part(
            Add(*(c * self.parts[place].component for c, place in node.terms)),
            tuple(name for part in parts for name in part.matrices),
            tuple(name for part in parts for name in part.vectors),
        )

    def equate(self, place: int, node: Vector, part: _Part) -> None:
        """Write the equation of a vector; from then on its variable stands for it."""
        (i,) = free_indices(1)
        if isinstance(node, Normed):
            self.normalise(place, node)
            return
        name, meaning = self.name(place, node, part)
        right = part.component
        if isinstance(node, Activated):
            right = scalar_function(self.function(node.function, name))(right)
        shape = (self.sizes.vectors[place],)
        variable = Variable(name, shape, Role.VALUE, meaning=meaning)
        self.taken.add(name)
        self.variables[place] = variable
        self.parts[place] = _Part(variable[i,])
        self.equations.append(Equation(variable, (i,), right))
        self.add_parameters(part)

    def normalise(self, place: int, node: Normed) -> None:
        """Write the equations of a layer norm."""
        below = self.variables[node.operand]
        number = split(below.name).layer
        if not number or f"r{number}" in self.taken:
            self.layer += 1
            number = str(self.layer)
        equations = list(normalised(below, int(number)))
        if node.gain >= 0:
            names = [self.graph.nodes[p] for p in (node.gain, node.shift)]
            gain, shift = (
                vector(leaf.name, below.shape[0], f"{kind[1]} of layer {number}", kind[2])
                for leaf, kind in zip(names, (GAIN, SHIFT), strict=True)
                if isinstance(leaf, Leaf)
            )
            equations.append(scaled(equations[-1].variable, gain, shift, int(number)))
            self.parameters |= {gain.name: gain, shift.name: shift}
        self.taken |= {q.name for q in equations}
        self.equations += equations
        self.variables[place] = equations[-1].variable
        self.parts[place] = _Part(equations[-1].variable[free_indices(1)])

    def add_parameters(self, part: _Part) -> None:
        layer = max(self.layer, 1)
        for name in part.matrices:
            shape = (self.sizes.of[name, 0], self.sizes.of[name, 1])
            self.parameters.setdefault(name, parameter(name, shape, layer))
        for name in part.vectors:
            self.parameters.setdefault(name, parameter(name, (self.sizes.of[name, 0],), layer))

    def name(self, place: int, node: Vector, part: _Part) -> tuple[str, str]:
        """Return the name and the meaning of a vector, having counted its layer."""
        if isinstance(node, Activated):
            return self.output_name(node), "output of the layer"
        if part.matrices or place in self.applied:
            self.layer += 1
            return f"u{self.layer}", "activation"
        return next(free for free in _names("s", self.layer) if free not in self.taken), "sum"

    def output_name(self, node: Activated) -> str:
        below = self.variables[node.operand]
        name = f"y{below.name[1:]}"
        is_activation = below.role is Role.VALUE and below.name[0] in "urs"
        if is_activation and name not in self.taken:
            return name
        self.layer += 1
        return f"y{self.layer}"

    def function(self, word: str, output: str) -> str:
        """Return the name of a function in the equations: as written, or f<m>."""
        if word not in self.activations:
            self.functions[word] = self.bindings[word]
            return word
        numbered = f"f{output[1:]}"
        name = word if numbered in self.taken else numbered
        self.functions[name] = self.activations[word]
        return name


def _names(stem: str, layer: int) -> Iterator[str]:
    """Yield names for a vector of a layer: s2, sa2, sb2, …, saa2."""
    yield f"{stem}{layer}"
    count = 0
    while True:
        letters, rest = "", count
        while rest >= 0:
            letters, rest = chr(ord("a") + rest % 26) + letters, rest // 26 - 1
        yield f"{stem}{letters}{layer}"
        count += 1


def forward_of(
    graph: Graph,
    activations: Table[Activation],
    bindings: Mapping[str, Activation | None],
) -> Forward:
    """Return the forward equations of a graph; the last one gives the network's output."""
    return _Writer(graph, activations, bindings).write()
