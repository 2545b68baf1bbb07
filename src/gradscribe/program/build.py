"""From a derivation to a program: which equation belongs to which kernel, and its array form.

A kernel is cut where a caller may stop: after the outputs (forward), after what the loss
defines (loss), after what J has of parameters (penalty), after E of every sample (sample_costs),
after J (cost), after δ^1 (sensitivities), after ∂J/∂w (gradient).
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace

from sympy import Expr, Function, Sum, Symbol

from gradscribe.catalog.activations import Activation, U
from gradscribe.derivation.reverse import (
    adjoint_name,
    explicit_curvature,
    gradient_variable,
    weight_of_sample,
    with_sample,
)
from gradscribe.derivation.rules import substitute
from gradscribe.derivation.slopes import slope
from gradscribe.derivation.steps import Derivation, slope_name
from gradscribe.equation import Equation, Role, Variable
from gradscribe.errors import InputError
from gradscribe.model.fusing import fused
from gradscribe.model.network import Network
from gradscribe.notation import SAMPLE, split
from gradscribe.program.forms import FORMS, Form
from gradscribe.program.ir import (
    Expand,
    Helper,
    Kernel,
    Mul,
    Node,
    Ones,
    Program,
    Shape,
    Statement,
    references,
)
from gradscribe.program.lower import lower
from gradscribe.program.pieces import Indices
from gradscribe.program.stable import stabilised
from gradscribe.program.weighting import SCALE, is_weighted, weighted
from gradscribe.symbols import (
    ScalarFunction,
    by_samples,
    component,
    free_indices,
    without_empty_sums,
)

PYTHON_NAMES = {"x": "X", "d": "D"}
STAGES = ("forward", "loss", "penalty", "sample_costs", "cost", "sensitivities", "gradient")
PENALTY = "penalty"


@dataclass(frozen=True)
class Placed:
    """A statement and the kernel that it belongs to."""

    stage: str
    statement: Statement


def build(derivation: Derivation) -> Program:
    """Return the program of a derivation, before any pass.

    Every function of the network has to be bound to an entry of the catalog.
    """
    network = derivation.network
    writer = Writer(derivation)
    placed = [
        *[Placed(_stage(q, derivation), writer.statement(q)) for q in network.equations[:-1]],
        *_penalty(network, writer),
        Placed("sample_costs", writer.statement(network.equations[-1])),
        Placed("cost", writer.statement(_cost_of_components(derivation))),
        *[
            Placed(
                "gradient" if q.variable.role is Role.GRADIENT else "sensitivities",
                writer.statement(with_weight(q, network)),
            )
            for q in derivation.equations[len(network.equations) + 1 :]
        ],
    ]
    needed = _needed(placed, goals(derivation))
    return Program(_kernels(needed, derivation), _shapes(derivation), writer.helpers)


def goals(derivation: Derivation) -> dict[str, tuple[str, ...]]:
    """Return what each kernel must give back, whoever asks."""
    network = derivation.network
    deltas = [adjoint_name(q.name) for q in network.equations if split(q.name).stem == "u"]
    if not any(d in derivation.by_name for d in deltas):
        deltas = [adjoint_name(network.output.name)]
    return {
        "forward": (network.output.name,),
        "sample_costs": (network.equations[-1].name,),
        "cost": (network.cost.name,),
        "sensitivities": tuple(d for d in deltas if d in derivation.by_name),
        "gradient": tuple(gradient_variable(p).name for p in network.parameters),
    }


def _stage(equation: Equation, derivation: Derivation) -> str:
    names = [q.name for q in derivation.network.equations]
    output = names.index(derivation.network.output.name)
    return "forward" if names.index(equation.name) <= output else "loss"


def _cost_of_components(derivation: Derivation) -> Equation:
    """Return J with the cost of one sample put in: factor · Σ_n Σ_i e_i(n)²."""
    network = derivation.network
    one = network.equations[-1]
    factor, sample, penalty = parts_of_cost(network)
    per_sample = [v.name for v in network.variables.values() if v.per_sample]
    variable = Variable(one.name, (SAMPLE,), Role.COST)
    right = fused(one.right, network)
    inner = Equation(variable, (SAMPLE,), with_sample(right, per_sample))
    right = substitute(factor * sample, inner) + (Symbol(PENALTY) if penalty != 0 else 0)
    return Equation(network.cost.variable, (), right, label=network.cost.label)


def parts_of_cost(network: Network) -> tuple[Expr, Expr, Expr]:
    """Return the factor of J, Σ_n E(n), and what J has beside: the penalty of parameters."""
    factor, (over, apart) = weight_of_sample(network), by_samples(network.cost.right)
    return factor, over / factor, apart


def _penalty(network: Network, writer: "Writer") -> Iterable[Placed]:
    """Yield the statement of the penalty, if there is one."""
    _, _, penalty = parts_of_cost(network)
    if penalty != 0:
        yield Placed(PENALTY, Statement(PENALTY, lower(penalty, (), writer.names)))


def curvatures(derivation: Derivation) -> dict[str, Node]:
    """Return the second derivatives of the penalty by the components of each parameter.

    Without those that are 0. A number stands for an array of it.
    """
    network, writer = derivation.network, Writer(derivation)
    found = {}
    for parameter in network.parameters:
        at = free_indices(len(parameter.shape))
        curvature = explicit_curvature(network, parameter, at)
        if curvature != 0:
            found[parameter.name] = lower(curvature, at, writer.names)
    return found


def check_per_sample(network: Network) -> None:
    """Check that every value differs from sample to sample: arrays have an axis of samples.

    Raises:
        InputError: one does not depend on the input.
    """
    moving = {"x"}
    for equation in network.equations:
        if not moving & {s.name for s in equation.right.free_symbols}:
            raise InputError(
                f"{equation.name} does not depend on x, so there is no code for it",
                received=network.spec,
                allowed="a vector of parameters in its place",
            )
        moving.add(equation.name)


def with_weight(equation: Equation, network: Network) -> Equation:
    """Return an equation of a derivative with `scale` at its sources in place of J's factor.

    Any other equation stays as it is.
    """
    right = equation.right
    if is_weighted(equation.name, network):
        return replace(equation, right=weighted(right, network))
    over, apart = by_samples(right)
    if over == 0:
        return equation
    factor, weight = weight_of_sample(network), component(SCALE.name, (SAMPLE,))
    sums = {
        part: part.func(weighted(part.function, network, weight), *part.limits)
        for part in over.atoms(Sum)
        if SAMPLE in part.variables
    }
    return replace(equation, right=(over / factor).xreplace(sums) + apart)


class Writer:
    """Turns equations into statements, and collects the functions that they call.

    Args:
        derivation: of the network.
        forms: passes of the second order that are done.
    """

    def __init__(self, derivation: Derivation, forms: Iterable[Form] = FORMS) -> None:
        self.forms = frozenset(forms)
        self.derivation = derivation
        self.network = derivation.network
        variables = [*self.network.variables.values(), *(q.variable for q in derivation.equations)]
        self.per_sample = {v.name for v in variables if v.per_sample} | {SCALE.name}
        self.names = {Symbol(v.name): PYTHON_NAMES.get(v.name, v.name) for v in variables}
        self.names |= {name: name.name for name in (SCALE, Symbol(PENALTY))}
        self.slopes: dict[str, Variable] = {}
        self._helpers: dict[str, Helper] = {}

    @property
    def helpers(self) -> tuple[Helper, ...]:
        """The activation functions that statements call by name."""
        return tuple(self._helpers.values())

    def statement(self, equation: Equation) -> Statement:
        """Return the statement that computes an equation for all samples."""
        right, indices = self.written_out(equation.right), equation.indices
        if equation.name in self.per_sample:
            right, indices = with_sample(right, self.per_sample), (SAMPLE, *indices)
        value = self.lowered(right, indices, equation.variable)
        return Statement(equation.name, value, equation.label)

    def lowered(self, right: Expr, indices: Indices, variable: Variable) -> Node:
        """Return an array with all its axes: what is the same for all i has ones for them."""
        value = lower(right, indices, self.names)
        missing = [k for k in indices if k not in right.free_symbols]
        if not missing or not indices:
            return value
        lengths = dict(zip(reversed(indices), reversed(variable.shape), strict=False))
        factors = [value]
        for k in missing:
            ones: Node = Ones("N" if k == SAMPLE else lengths[k].name)
            behind = len(indices) - 1 - indices.index(k)
            factors.append(Expand(ones, tuple(range(1, behind + 1))) if behind else ones)
        return Mul(tuple(factors))

    def know(self, equations: Iterable[Equation]) -> None:
        """Take equations into account that are not in the derivation: slopes of second order."""
        for equation in equations:
            self.slopes[equation.name] = equation.variable
            if equation.variable.per_sample:
                self.per_sample.add(equation.name)
            self.names[Symbol(equation.name)] = equation.name

    def with_constant_slopes(self, expr: Expr) -> Expr:
        """Return an expression with the slopes that are numbers put in: f′ = 1, f″ = 0."""
        values = {p: slope(self._entry(p), p.order).of_u for p in _slopes_in(expr)}
        constant = {p: v for p, v in values.items() if v.is_number}
        return without_empty_sums(expr.xreplace(constant)) if constant else expr

    def written_out(self, expr: Expr) -> Expr:
        """Return an expression with the network's functions as named values or formulas."""
        expr = fused(expr, self.network)
        values = {}
        for place in sorted(expr.atoms(ScalarFunction), key=str):
            values[place] = self._slope(place) if place.order else self._value(place)
        written = expr.xreplace(values) if values else expr
        if 0 in values.values():
            written = without_empty_sums(written)
        return stabilised(written)

    def _slope(self, place: ScalarFunction) -> Expr:
        """Return the variable that holds f′, or f′ itself where it is a number."""
        found = slope(self._entry(place), place.order).of_u
        if found.is_number:
            return found
        name = slope_name(place, self.network)
        variable = self.slopes.get(name) or self.derivation[name].variable
        return component(variable.name, place.args[0].indices)  # the sample's among them or not

    def _value(self, place: ScalarFunction) -> Expr:
        entry = self._entry(place)
        formula = stabilised(entry.formula)
        if formula.is_Symbol or all(not a.args for a in formula.args):
            return formula.xreplace({U: place.args[0]})
        name = f"_{entry.name}"
        if name not in self._helpers:
            value = lower(formula, (), {U: "u"})
            self._helpers[name] = Helper(name, value, entry.meaning)
        return Function(name)(place.args[0])

    def _entry(self, place: ScalarFunction) -> Activation:
        entry = self.network.functions[place.stem]
        assert entry is not None  # the compiler refuses unbound functions before this
        return entry


def _slopes_in(expr: Expr) -> list[ScalarFunction]:
    return [p for p in expr.atoms(ScalarFunction) if p.order]


def _needed(placed: list[Placed], wanted: dict[str, tuple[str, ...]]) -> list[Placed]:
    """Drop what no goal depends on."""
    alive = {name for names in wanted.values() for name in names}
    kept = []
    for item in reversed(placed):
        if item.statement.target in alive:
            alive.update(references(item.statement.value))
            kept.append(item)
    return kept[::-1]


def _kernels(placed: list[Placed], derivation: Derivation) -> tuple[Kernel, ...]:
    wanted = goals(derivation)
    kernels = []
    for position, stage in enumerate(STAGES):
        own = tuple(p.statement for p in placed if p.stage == stage)
        later = {
            name
            for p in placed
            if STAGES.index(p.stage) > position
            for name in references(p.statement.value)
        }
        given = [s.target for s in own if s.target in later]
        goal = wanted.get(stage, ())
        outputs = (*(name for name in given if name not in goal), *goal)
        if own:
            kernels.append(Kernel(stage, inputs_of(own), own, outputs))
    return tuple(kernels)


def inputs_of(statements: tuple[Statement, ...]) -> tuple[str, ...]:
    """Return the variables that statements read before they are assigned, in order."""
    assigned: set[str] = set()
    inputs: dict[str, None] = {}
    for statement in statements:
        for name in references(statement.value):
            if name not in assigned:
                inputs[name] = None
        assigned.add(statement.target)
    return tuple(inputs)


def _shapes(derivation: Derivation) -> dict[str, Shape]:
    variables = [
        *derivation.network.variables.values(),
        derivation.network.cost.variable,
        *(q.variable for q in derivation.equations),
    ]
    shapes = {
        PYTHON_NAMES.get(v.name, v.name): (("N",) if v.per_sample else ())
        + tuple(s.name for s in v.shape)
        for v in variables
    }
    return {**shapes, SCALE.name: ("N",), PENALTY: ()}
