"""Forward mode over the equations of the gradient: ∂y/∂u of values and ∂δ/∂u of adjoints.

The adjoint of a is a function of the network's values and of other adjoints, given by its
equation, so its derivative by the value s is the chain rule once more:

    ∂adj(a)/∂s = Σ_x ∂adj(a)/∂x ∂x/∂s      over all x that the equation of adj(a) reads.

∂x/∂s of a value x comes from reverse mode with x in the place of the cost. ∂adj(a)/∂s is
∂²E/∂a∂s, which is symmetric: only pairs with a before s (or equal) are derived, from the last s
to the first, and the others are read from them.

A parameter that several equations read is taken for several parameters of the same value. One
that enters otherwise than w z, such as a learned number in an activation function, is itself a
value that is differentiated by, as x is: a leaf.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace

from sympy import Add, Derivative, Expr, KroneckerDelta, Mul, S, Symbol

from gradscribe.derivation import rules
from gradscribe.derivation.outputs import with_outputs
from gradscribe.derivation.reverse import ADJOINT_LETTERS, adjoint_name, backwards, readers
from gradscribe.equation import Equation, Role, Step, Variable
from gradscribe.model.network import Network
from gradscribe.notation import FREE_INDICES, index, split
from gradscribe.symbols import total

Indices = tuple[Symbol, ...]
# A derivative, the name of its equation, and whether it is read with its indices exchanged.
Moved = tuple[Expr, str, bool]

FREE = tuple(index(letter) for letter in (*FREE_INDICES, "s", "o"))
LETTERS = tuple(a for a in (*ADJOINT_LETTERS, "c", "g") if index(a) not in FREE[:4])


@dataclass(frozen=True)
class Use:
    """A parameter where one equation reads it: reader_i = … + w_ij z_j or … + w_i z.

    Attributes:
        copy: the name of this use; the parameter's own where there is only one.
        parameter: the parameter.
        node: the variable that the equation defines; of a leaf the parameter itself.
        factor: z in terms of the last free index of the parameter; a number for a vector.
    """

    copy: str
    parameter: Variable
    node: Variable
    factor: Expr


def tangent_name(above: str, below: str) -> str:
    """Return what ∂above/∂below is called.

    >>> tangent_name("delta1", "u2")
    'ddelta1_du2'
    """
    return f"d{above}_d{below}"


def untied(network: Network) -> tuple[Network, dict[str, str]]:
    """Return a network in which every equation has parameters of its own, and whose they are."""
    original = {p.name: p.name for p in network.parameters}
    equations = list(network.equations)
    parameters = list(network.parameters)
    for parameter in network.parameters:
        for reader in readers(network)[parameter.name][1:]:
            copy = f"{parameter.name}@{reader.name}"
            original[copy] = parameter.name
            parameters.append(replace(parameter, name=copy))
            position = next(p for p, q in enumerate(equations) if q.name == reader.name)
            right = equations[position].right.xreplace({Symbol(parameter.name): Symbol(copy)})
            equations[position] = replace(equations[position], right=right)
    return replace(network, equations=tuple(equations), parameters=tuple(parameters)), original


def uses_of(network: Network, original: Mapping[str, str]) -> Iterator[Use]:
    """Yield where each parameter of an untied network is read, and what it is multiplied by."""
    known = {p.name: p for p in network.parameters}
    reading = readers(network)
    for copy, name in original.items():
        for reader in reading[copy]:
            at = tuple(index(f"a_{p}") for p, _ in enumerate(known[copy].shape))
            slope = rules.collapse(rules.partial(reader.right, known[copy], at))
            factor = _factor(slope, reader, at)
            if factor is None and len(at) == 1:
                yield Use(copy, known[name], known[copy], S.One)
                continue
            factor = slope if factor is None else factor
            factor = factor.xreplace({k: FREE[p] for p, k in enumerate(at)})
            yield Use(copy, known[name], reader.variable, factor)


def _factor(slope: Expr, reader: Equation, at: Indices) -> Expr | None:
    """Return z of reader_i = … + w_ij z_j or … + w_i z; None where a parameter enters otherwise."""
    if not reader.indices:
        return None
    factor = slope.subs(KroneckerDelta(reader.indices[0], at[0]), 1)
    return factor if len(at) > 1 or factor.is_number else None


@dataclass(frozen=True)
class Ground:
    """What all tangents of a network start from, derived once.

    Attributes:
        network: with one use of each parameter.
        original: the parameter of each use.
        adjoints: the equations of its adjoints, in order.
        uses: every use of every parameter.
    """

    network: Network
    original: dict[str, str]
    adjoints: tuple[Equation, ...]
    uses: tuple[Use, ...]

    @property
    def nodes(self) -> tuple[Variable, ...]:
        """The values that parameters enter, in order, leaves before all others."""
        found = {u.node.name for u in self.uses}
        entered = (q.variable for q in self.network.equations if q.name in found)
        return (*self.leaves, *entered)

    @property
    def leaves(self) -> tuple[Variable, ...]:
        """The parameters that are differentiated by as values are."""
        found = {u.node.name: u.node for u in self.uses if u.node.role is Role.PARAMETER}
        return tuple(found.values())


def ground_of(network: Network, adjoints: Iterable[Equation] = ()) -> Ground:
    """Return what the tangents of a network start from.

    Args:
        network: the network.
        adjoints: its adjoints where they are derived already.
    """
    own, original = untied(network)
    known = tuple(adjoints) if len(original) == len(network.parameters) else ()
    uses = tuple(uses_of(own, original))
    return Ground(own, original, known or tuple(backwards(own)), uses)


@dataclass
class Tangents:
    """The state of deriving: what is known by name, in the order in which it was derived.

    Attributes:
        ground: what is known before.
        equations: the network's equations and the adjoints' by name.
        position: the place of each value in the network.
        tangents: what was derived, by name; None for a derivative that is zero.
        inlined: tangents that are put in where they are read.
    """

    ground: Ground
    equations: dict[str, Equation] = field(default_factory=dict)
    position: dict[str, int] = field(default_factory=dict)
    tangents: dict[str, Equation | None] = field(default_factory=dict)
    inlined: dict[str, Equation] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.network, self.original = self.ground.network, self.ground.original
        self.position = {q.name: p for p, q in enumerate(self.network.equations)}
        leaves = self.ground.leaves
        first = (*leaves, self.network.input)
        self.position |= {v.name: p - len(first) for p, v in enumerate(first)}
        self.reading = readers(self.network)
        adjoints = {q.name: q for q in self.ground.adjoints}
        self.equations = {q.name: q for q in self.network.equations} | adjoints
        self.variables = {n: q.variable for n, q in self.equations.items()}
        self.variables |= {v.name: v for v in leaves}
        self.value_of = {adjoint_name(v): v for v in (*self.position, *self.original)}
        self.uses = self.ground.uses

    def nodes(self, slots: set[str]) -> list[Variable]:
        """Return the values that are differentiated by, in order.

        These are where parameters enter, and those whose adjoints others read by name.
        """
        found, todo = set(slots), list(slots)
        while todo:
            for name in names_in(self.equations[adjoint_name(todo.pop())].right):
                value = self.value_of.get(name)
                if value in self.position and value not in found:
                    found.add(value)
                    todo.append(value)
        values = (q.variable for q in self.network.equations)
        return [v for v in (*self.ground.leaves, *values) if v.name in found]

    # -- tangents --

    def pair(self, lower: str, node: str) -> str:
        """Return the name of ∂adj(lower)/∂node."""
        return tangent_name(adjoint_name(lower), node)

    def value_tangent(self, above: Variable, below: Variable) -> Equation | None:
        """Return ∂above_i/∂below_j of values, by reverse mode; None where it is zero."""
        name = tangent_name(above.name, below.name)
        if name not in self.tangents:
            self.tangents[name] = None
            if self.position[below.name] < self.position[above.name]:
                found = self.reverse(above, below)
                del self.tangents[name]  # so that the order is that of computing
                self.tangents[name] = found
        return self.tangents[name]

    def reverse(self, above: Variable, below: Variable) -> Equation | None:
        """Derive ∂above_i/∂below_j from the derivatives by what reads `below`."""
        at = FREE[: len(above.shape)]
        by = FREE[len(above.shape) :][: len(below.shape)]
        paths, parents = [], []
        for reader in self.reading[below.name]:
            if self.position[reader.name] > self.position[above.name]:
                continue
            upper = None
            if reader.name != above.name:
                upper = self.value_tangent(above, reader.variable)
                if upper is None:
                    continue
            paths.append(self.path(reader, upper, at, below[by]))
            parents.append(reader.name)
        if not paths:
            return None
        variable = Variable(
            tangent_name(above.name, below.name), (*above.shape, *below.shape), Role.TANGENT
        )
        taken = Taking((*at, *by))
        taken.take("chain rule", Add(*paths), *parents)
        slopes = rules.evaluate_derivatives(taken.current, self.equations, {below.name: below})
        taken.take("partial derivatives", slopes, *parents)
        taken.take("Kronecker delta", rules.collapse(taken.current))
        readers = [self.equations[name] for name in parents]
        taken.take("output", with_outputs(taken.current, readers), *parents)
        self.put_in(taken)
        equation = taken.equation(variable)
        if below.name not in self.equations:
            return equation
        read = names_in(self.equations[below.name].right) & self.position.keys()
        once = len(read) == 1 and split(below.name).stem != "u"
        if once or rules.is_plain_product(equation.right):
            self.inlined[equation.name] = equation
        return equation

    def path(self, reader: Equation, upper: Equation | None, at: Indices, target: Expr) -> Expr:
        """Return Σ_k ∂above/∂reader_k ∂reader_k/∂target."""
        fresh = tuple(rules.new_index(k.name, {"i", "j", "l", "r"}) for k in reader.indices)
        limits = dict(zip(fresh, reader.variable.shape, strict=True))
        if upper is None:
            factor = Mul(*[KroneckerDelta(p, q) for p, q in zip(at, fresh, strict=True)])
        else:
            factor = upper.variable[(*at, *fresh)]
        return total(factor * Derivative(reader.variable[fresh], target, evaluate=False), limits)

    def adjoint_tangent(self, lower: Variable, node: Variable) -> None:
        """Derive ∂adj(lower)_i/∂node_j, lower not after node."""
        equation = self.equations[adjoint_name(lower.name)]
        at = equation.indices
        by = FREE[len(at) :][: len(node.shape)]
        name = self.pair(lower.name, node.name)
        variable = Variable(name, (*lower.shape, *node.shape), Role.TANGENT)
        found = self.tangents[name] = self.forward(equation, at, node, by, variable)
        if found is not None and rules.is_plain_product(found.right):
            self.inlined[name] = found

    def forward(
        self, equation: Equation, at: Indices, node: Variable, by: Indices, variable: Variable
    ) -> Equation | None:
        """Return the derivative of an equation's left side by node_by, by forward mode."""
        terms, rule = [], "chain rule"
        parents = [equation.name]
        for name in sorted(names_in(equation.right) & self.variables.keys(), key=self.order):
            inner = self.variables[name]
            k = tuple(
                rules.new_index(a, {x.name for x in (*at, *by)}) for a in "kcg"[: len(inner.shape)]
            )
            moved = self.moved(inner, k, node, by)
            if moved is None:
                continue
            value, parent, mirrored = moved
            if mirrored:
                rule = "chain rule, symmetry"
            parents += [parent] if parent else []
            slope = Derivative(equation.variable[at], inner[k], evaluate=False)
            terms.append(total(slope * value, dict(zip(k, inner.shape, strict=True))))
        if not terms:
            return None
        taken = Taking((*at, *by))
        taken.take(rule, Add(*terms), *dict.fromkeys(parents))
        known = {**self.equations, equation.name: equation}
        slopes = rules.evaluate_derivatives(taken.current, known, self.variables)
        taken.take("partial derivatives", slopes, equation.name)
        taken.take("Kronecker delta", rules.collapse(taken.current))
        self.put_in(taken)
        return None if taken.current == 0 else taken.equation(variable)

    def order(self, name: str) -> tuple[bool, int]:
        """Return the place of a variable among the terms of a chain rule: values first."""
        value = self.value_of.get(name)
        return (value is not None, self.position.get(value or name, 0))

    def moved(self, inner: Variable, k: Indices, node: Variable, by: Indices) -> Moved | None:
        """Return ∂inner_k/∂node_by, the name of its equation, and whether it is mirrored."""
        if inner.name == node.name:
            return Mul(*[KroneckerDelta(p, q) for p, q in zip(k, by, strict=True)]), "", False
        if inner.name in self.position:
            found = self.value_tangent(inner, node)
            return None if found is None else (found.variable[(*k, *by)], found.name, False)
        value = self.variables[self.value_of[inner.name]]
        if self.position[value.name] <= self.position[node.name]:
            found = self.tangents[self.pair(value.name, node.name)]
            return None if found is None else (found.variable[(*k, *by)], found.name, False)
        found = self.tangents[self.pair(node.name, value.name)]
        return None if found is None else (found.variable[(*by, *k)], found.name, True)

    def put_in(self, taken: "Taking") -> None:
        """Replace tangents that are plain products, or used once, by their right sides."""
        for name in sorted(names_in(taken.current) & self.inlined.keys()):
            taken.take("substitution", rules.substitute(taken.current, self.inlined[name]), name)

    @property
    def own_names(self) -> dict[Symbol, Symbol]:
        """The name of the parameter for each use of it that has another one."""
        return {Symbol(c): Symbol(o) for c, o in self.original.items() if c != o}

    def tied(self, equation: Equation) -> Equation:
        """Write the parameters' own names."""
        names = self.own_names
        if not names:
            return equation
        steps = tuple(
            Step(
                s.rule,
                None if s.before is None else s.before.xreplace(names),
                s.after.xreplace(names),
                s.parents,
            )
            for s in equation.steps
        )
        return replace(equation, right=equation.right.xreplace(names), steps=steps)


def output_tangents(ground: Ground) -> tuple[Equation, ...]:
    """Return ∂y/∂u of the output by what parameters enter, and ∂y/∂x, in order."""
    tangents, network = Tangents(ground), ground.network
    for node in (*reversed(ground.nodes), network.input):
        if node != network.output:
            tangents.value_tangent(network.output, node)
    return tuple(tangents.tied(q) for q in tangents.tangents.values() if q is not None)


@dataclass
class Taking:
    """An expression that changes step by step."""

    free: tuple[Symbol, ...]
    current: Expr = S.Zero
    steps: list[Step] = field(default_factory=list)

    def take(self, rule: str, after: Expr, *parents: str) -> None:
        """Go on to an equal expression, if it is another one."""
        after = rules.tidy(after, self.free, LETTERS)
        if not self.steps or after != self.current:
            before = self.current if self.steps else None
            self.steps.append(Step(rule, before, after, parents))
            self.current = after

    def equation(self, variable: Variable) -> Equation:
        """Return the equation of what came out."""
        return Equation(variable, self.free, self.current, self.steps[-1].rule, tuple(self.steps))


def names_in(expr: Expr) -> set[str]:
    """Return the names of all symbols that occur."""
    return {s.name for s in expr.free_symbols}
