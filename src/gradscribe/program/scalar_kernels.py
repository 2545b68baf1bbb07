"""The functions of a module as statements over single numbers, for a network of fixed sizes.

Every equation is that of the recorded derivation. A kernel goes through the samples one by one;
it either adds to sums, the weight of each sample at the sources, or gives a row a sample.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from math import prod

from sympy import Add, Expr, S, Symbol

from gradscribe.derivation.directional import directional, explicit_product
from gradscribe.derivation.gauss_newton import gauss_newton
from gradscribe.derivation.reverse import adjoint_name, explicit_curvature, explicit_slope
from gradscribe.derivation.second_order import SecondOrder, listed, second_order
from gradscribe.derivation.steps import Derivation, slope_equations
from gradscribe.derivation.tangents import FREE, Tangents, ground_of
from gradscribe.equation import Equation, Role, Variable
from gradscribe.errors import InputError
from gradscribe.model.network import Network
from gradscribe.notation import derivative_of, split
from gradscribe.program.build import parts_of_cost
from gradscribe.program.components import Assignment, Components
from gradscribe.program.shared_parts import Fresh, live, with_common_parts, with_common_products
from gradscribe.program.weighting import SCALE, is_weighted, weighted
from gradscribe.symbols import free_indices

# Statements of a module, by how kernels take numbers: what is compiled takes a minute for 2000.
MAX_STATEMENTS = {"lists": 10_000, "arrays": 1_000}


# The weight of a sample, its part of `scale`; a row a sample has no use of it.
WEIGHT = Symbol("s", real=True)
_UNWEIGHTED = {WEIGHT: S.One}
Explicit = Callable[[Network, Variable, tuple[Symbol, ...]], Expr]


@dataclass(frozen=True)
class ScalarKernel:
    """A function over samples.

    Attributes:
        name: of the function, without an underscore.
        arguments: what it takes beside the parameters: of V, X, D and S, the weight of each sample.
        body: what is computed for each sample, in order.
        sums: what is added up over the samples.
        result: the numbers of the result: of the sums, or of the body.
        adds: whether numbers are added up; else `result` is a row of each sample.
    """

    name: str
    arguments: tuple[str, ...]
    body: tuple[Assignment, ...]
    sums: tuple[Assignment, ...]
    result: tuple[Expr, ...]
    adds: bool = True


@dataclass(frozen=True)
class ScalarProgram:
    """All kernels of a network.

    Attributes:
        kernels: in the order of the functions of a module.
        components: has the names of what is known beforehand: x, d, parameters, a direction.
        formulas: each equation's text by its name.
        layers: the variables of the sensitivities, in order.
        parts: what the module has beside cost and gradient.
    """

    kernels: tuple[ScalarKernel, ...]
    components: Components
    formulas: dict[str, str]
    layers: tuple[Variable, ...]
    parts: tuple[str, ...]


def scalar_program(derivation: Derivation, parts: Sequence[str], style: str) -> ScalarProgram:
    """Return the kernels of a network.

    Args:
        derivation: of first order.
        parts: what the module has beside cost and gradient.
        style: how kernels take numbers: "lists" or "arrays".

    Raises:
        InputError: the network has no fixed sizes, or there would be too many statements.
    """
    _check_size(derivation, parts, MAX_STATEMENTS[style])
    builder = _Builder(derivation)
    builder.first_order()
    for part in parts:
        builder.add(part)
    return ScalarProgram(
        kernels=tuple(builder.kernels),
        components=builder.known,
        formulas=builder.formulas,
        layers=builder.layers,
        parts=tuple(parts),
    )


def _check_size(derivation: Derivation, parts: Sequence[str], limit: int) -> None:
    """Check that sizes are fixed and the numbers not too many, before any is derived."""
    network = derivation.network
    if network.sizes is None:
        raise InputError(
            "this target needs fixed sizes: every number has a name of its own",
            where="target",
            received=network.spec,
            allowed="sizes, such as 2-2-1 sigmoid; or target=numpy, for any sizes",
        )
    sizes = dict(zip(network.layers, network.sizes, strict=True))
    parameters = sum(prod(sizes[s] for s in p.shape) for p in network.parameters)
    count = sum(prod(sizes[s] for s in q.variable.shape) for q in derivation.equations)
    if {"hessian", "gauss_newton"} & set(parts):
        count += parameters * (parameters + 1) // 2
    if "jacobian" in parts:
        count += parameters * sizes[network.output.shape[0]]
    if count > limit:
        raise InputError(
            f"{count} statements or more are too many: this target is for tiny networks",
            where="target",
            received=network.spec,
            allowed=f"at most {limit}; target=numpy takes networks of any size",
        )


@dataclass
class _Builder:
    """Defines the components of all equations once; a kernel takes what it needs of them."""

    derivation: Derivation
    kernels: list[ScalarKernel] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.network = self.derivation.network
        self.known = Components(self.network)
        self.known.values[SCALE.name, ()] = WEIGHT
        adjoints = [q for q in self.derivation.derived if q.variable.role is Role.ADJOINT]
        self.ground = ground_of(self.network, adjoints)
        self.formulas = {q.name: f"({q.label}) {q.text}" for q in self.derivation.equations}
        self.ends = {adjoint_name(p.name): p for p in self.network.parameters}
        self.defined: set[str] = set()
        self.define(self.derivation.equations, slopes=False)

    @property
    def layers(self) -> tuple[Variable, ...]:
        """The variables of the sensitivities, in order."""
        names = [adjoint_name(q.name) for q in self.network.equations if split(q.name).stem == "u"]
        return tuple(self.derivation.by_name[n].variable for n in names if n in self.defined)

    def define(self, equations: Iterable[Equation], *, slopes: bool = True) -> None:
        """Compute the components of equations of a sample, after the slopes that they read.

        Derivatives by a parameter are no named components: they are what is added up.

        Args:
            equations: in an order in which they can be computed.
            slopes: whether those of the slopes f″ are to be found.
        """
        own = [
            q
            for q in equations
            if q.variable.per_sample and q.name not in self.defined and q.name not in self.ends
        ]
        before = slope_equations(self.network, own) if slopes else ()
        for equation in (*before, *own):
            if equation.name not in self.defined:
                self.defined.add(equation.name)
                self.formulas.setdefault(equation.name, equation.text)
                self.known.define(self.weighted(equation))

    def weighted(self, equation: Equation) -> Equation:
        """Return an equation of a derivative of E with the weight of the sample at its sources."""
        if not is_weighted(equation.name, self.network):
            return equation
        return replace(equation, right=weighted(equation.right, self.network))

    # -- which functions there are --

    def first_order(self) -> None:
        """Add the functions of cost, sensitivities and gradient."""
        network, known = self.network, self.known
        (one,) = known.all_of(network.equations[-1].variable)
        cost = Assignment(Symbol("J", real=True), WEIGHT * one, network.cost.name)
        gradient = [
            a for name in self.ends for a in self.parts_of(self.derivation.by_name[name], "dJ_d")
        ]
        _, _, penalty = parts_of_cost(network)
        apart = {cost.target: known.at(penalty, {})}
        for parameter in network.parameters:
            apart |= self.explicit(parameter, "dJ_d", explicit_slope)
        self.rows("forward", ("X",), known.all_of(network.output))
        self.rows("sample_costs", ("X", "D"), [one])
        self.sums("cost", [cost], apart)
        every = [e for delta in self.layers for e in known.all_of(delta)]
        self.rows("sensitivities", ("X", "D"), every)
        self.sums("gradient", gradient, apart)
        self.sums("cost_and_gradient", [cost, *gradient], apart)

    def explicit(
        self, parameter: Variable, prefix: str, derivative: Explicit
    ) -> dict[Symbol, Expr]:
        """Return what J has of a parameter itself, by the names of sums that it is added to."""
        at = free_indices(len(parameter.shape))
        value = derivative(self.network, parameter, at)
        found = {}
        for place in self.known.places(parameter):
            name = self.known.symbol(prefix + parameter.name, place)
            found[name] = self.known.at(value, dict(zip(at, place, strict=True)))
        return found

    def add(self, part: str) -> None:
        """Add the functions of a part of a module."""
        match part:
            case "hessian":
                self.matrix(part, second_order(self.ground))
            case "gauss_newton":
                self.matrix(part, gauss_newton(self.ground))
            case "hessian_vector_product":
                self.product()
            case "jacobian":
                self.jacobians()
            case "sample_gradients":
                equations = [self.derivation.by_name[name] for name in self.ends]
                rows = [a.value for q in equations for a in self.parts_of(q, "")]
                self.rows(part, ("X", "D"), rows)

    def parts_of(self, equation: Equation, prefix: str) -> Iterator[Assignment]:
        """Yield the components of a derivative by a parameter, as what is added to `prefix…`."""
        name = prefix + equation.name.removeprefix("R_").removeprefix("dE_d")
        for place in self.known.places(equation.variable):
            binding = dict(zip(equation.indices, place, strict=True))
            value = self.known.at(self.weighted(equation).right, binding)
            yield Assignment(self.known.symbol(name, place), value, equation.name)

    def matrix(self, name: str, order: SecondOrder) -> None:
        """Add a function of the upper triangle of a matrix (K, K), row by row."""
        letter = "G" if name == "gauss_newton" else "H"
        equations = listed(order)
        self.define(q for q in equations if q.variable.role is Role.TANGENT)
        goals: dict[tuple[int, int], Assignment] = {}
        for equation in equations:
            if equation.variable.role is Role.CURVATURE:
                goals |= self.block(equation, letter)
        K = sum(self.known.count(p) for p in self.network.parameters)
        upper = [(a, b) for a in range(K) for b in range(a, K)]
        curvatures = [
            value
            for p in self.network.parameters
            for value in self.explicit(p, "", explicit_curvature).values()
        ]
        apart = {goals[k, k].target: value for k, value in enumerate(curvatures)}
        self.sums(name, list(goals.values()), apart, [goals[place].target for place in upper])

    def block(self, equation: Equation, letter: str) -> dict[tuple[int, int], Assignment]:
        """Return the entries of a block in the upper triangle, by row and column."""
        _, row, column = derivative_of(equation.name)
        self.formulas[equation.name] = equation.text
        first = {p.name: self.start(p) for p in self.network.parameters}
        count = len(self.network.variables[row].shape)
        found = {}
        for place in self.known.places(equation.variable):
            a = first[row] + self.offset(row, place[:count])
            b = first[column] + self.offset(column, place[count:])
            if row == column and a > b:
                continue
            binding = dict(zip(equation.indices, place, strict=True))
            target = Symbol(f"{letter}_{min(a, b)}_{max(a, b)}", real=True)
            value = self.known.at(self.weighted(equation).right, binding)
            found[min(a, b), max(a, b)] = Assignment(target, value, equation.name)
        return found

    def start(self, parameter: Variable) -> int:
        """Return the number of the first component of a parameter among all."""
        position = self.network.parameters.index(parameter)
        return sum(self.known.count(p) for p in self.network.parameters[:position])

    def offset(self, name: str, place: tuple[int, ...]) -> int:
        """Return the number of a component of a parameter in C order."""
        result = 0
        for index, size in zip(place, self.network.variables[name].shape, strict=True):
            result = result * self.known.sizes[size] + index - 1
        return result

    def product(self) -> None:
        """Add the function of H V."""
        adjoints = [q for q in self.derivation.derived if q.variable.role is Role.ADJOINT]
        along = directional(self.network, adjoints)
        for variable in along.direction:
            self.known.declare(variable)
        ends = {f"R_{name}" for name in self.ends}
        self.define(q for q in along.equations if q.name not in ends)
        by_name = {q.name: q for q in along.equations}
        self.formulas |= {q.name: q.text for q in along.equations}
        sums = [a for name in self.ends for a in self.parts_of(by_name[f"R_{name}"], "HV_")]
        apart: dict[Symbol, Expr] = {}
        for parameter in self.network.parameters:
            apart |= self.explicit(parameter, "HV_", explicit_product)
        self.sums("hessian_vector_product", sums, apart, along=True)

    def jacobians(self) -> None:
        """Add the functions of ∂y/∂w and ∂y/∂x: the chain rule through what a parameter enters."""
        network, known = self.network, self.known
        tangents = Tangents(self.ground)
        at = {}
        for node in (*reversed(self.ground.nodes), network.input):
            at[node.name] = tangents.value_tangent(network.output, node)
        self.define(tangents.tied(q) for q in tangents.tangents.values() if q is not None)
        rows: list[Expr] = []
        for (i,) in known.places(network.output):
            for parameter in network.parameters:
                uses = [u for u in tangents.uses if u.parameter == parameter]
                for place in known.places(parameter):
                    paths = [
                        self.change(i, u.node, at[u.node.name], place[0])
                        * known.at(u.factor, dict(zip(FREE, place, strict=False)))
                        for u in uses
                    ]
                    rows += [Add(*paths)]
        self.rows("jacobian", ("X",), rows)
        by_input = at[network.input.name]
        zero = [S.Zero] * (known.count(network.output) * known.count(network.input))
        self.rows("input_jacobian", ("X",), known.all_of(by_input.variable) if by_input else zero)

    def change(self, i: int, node: Variable, tangent: Equation | None, r: int) -> Expr:
        """Return ∂y_i/∂node_r."""
        if node == self.network.output:
            return S.One if i == r else S.Zero
        return S.Zero if tangent is None else self.known.values[tangent.name, (i, r)]

    # -- two kinds of functions --

    def sums(
        self,
        name: str,
        goals: Sequence[Assignment],
        apart: Mapping[Symbol, Expr],
        result: Sequence[Symbol] | None = None,
        *,
        along: bool = False,
    ) -> None:
        """Add a function that adds up goals; equal ones once.

        Args:
            name: of the function.
            goals: what is added up, weighted.
            apart: what is added to a sum in the end, by its name: what J has of parameters.
            result: the names of the sums that are given back; those of all goals where not said.
            along: whether it has a direction V.
        """
        first: dict[Expr, Symbol] = {S.Zero: S.Zero}
        stands_for = {g.target: first.setdefault(g.value, g.target) for g in goals}
        once = [g for g in goals if stands_for[g.target] == g.target]
        body, sums = _shared(live(self.known.assignments, [g.value for g in once]), once)
        wanted = [g.target for g in goals] if result is None else result
        found = tuple(Add(stands_for[t], apart.get(t, S.Zero)) for t in wanted)
        arguments = (*(("V",) if along else ()), "X", "D", "S")
        self.kernels.append(ScalarKernel(name, arguments, body, sums, found))

    def rows(self, name: str, arguments: tuple[str, ...], values: Sequence[Expr]) -> None:
        """Add a function that gives a row of numbers for each sample, none of them weighted."""
        values = [value.xreplace(_UNWEIGHTED) for value in values]
        own = [replace(a, value=a.value.xreplace(_UNWEIGHTED)) for a in self.known.assignments]
        goals = [Assignment(Symbol(f"row_{k}"), value) for k, value in enumerate(values)]
        body, ends = _shared(live(own, values), goals)
        values = tuple(e.value for e in ends)
        self.kernels.append(ScalarKernel(name, arguments, body, (), values, adds=False))


def _shared(
    body: Sequence[Assignment], goals: Sequence[Assignment]
) -> tuple[tuple[Assignment, ...], tuple[Assignment, ...]]:
    """Return body and goals with what they have in common computed once."""
    fresh = Fresh()
    body, goals = with_common_parts(body, goals, fresh)
    products, goals = with_common_products(goals, fresh)
    return tuple(live([*body, *products], [g.value for g in goals])), tuple(goals)
