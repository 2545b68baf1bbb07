"""Forward mode along a direction of the parameters: the R-operator of Pearlmutter (1994).

ℛv is the derivative of v by t at t = 0 where every parameter w is w + tV, V the direction. It is
the chain rule over the equations of the network and of its gradient, in order; ℛ of the gradient
is the Hessian times V.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from sympy import Add, Derivative, Expr, Mul, Symbol

from gradscribe.derivation import rules
from gradscribe.derivation.outputs import with_outputs
from gradscribe.derivation.reverse import (
    adjoint_name,
    backwards,
    explicit_curvature,
    weight_of_sample,
    with_sample,
)
from gradscribe.derivation.tangents import Taking, names_in
from gradscribe.equation import Equation, Role, Step, Variable
from gradscribe.model.network import Network
from gradscribe.notation import SAMPLE, SAMPLES, SUMMED_INDICES
from gradscribe.symbols import component, free_indices, total


def directional_name(name: str) -> str:
    """Return what ℛv is called; of a parameter it is the direction's component.

    >>> directional_name("u1")
    'R_u1'
    """
    return f"R_{name}"


@dataclass(frozen=True)
class Directional:
    """What forward mode along a direction gives.

    Attributes:
        direction: V, a variable for each parameter.
        equations: ℛ of the network's values and of the adjoints, in order.
        products: (H V) for each parameter.
        adjoints: the adjoints that these read.
    """

    direction: tuple[Variable, ...]
    equations: tuple[Equation, ...]
    products: tuple[Equation, ...]
    adjoints: tuple[Equation, ...]


def directional(network: Network, known: Iterable[Equation] = ()) -> Directional:
    """Derive the product of a network's Hessian with a direction V.

    Args:
        network: the network.
        known: the equations of all its adjoints, where they are derived already.
    """
    adjoints = {q.name: q for q in known or backwards(network)}
    gradients = [adjoints[adjoint_name(p.name)] for p in network.parameters]
    needed = _needed(gradients, adjoints)
    moved = {p.name: directional_variable(p) for p in network.parameters}
    found: list[Equation] = []
    for equation in (*network.equations[:-1], *needed, *gradients):
        result = along(equation, network, adjoints, moved)
        if result is not None:
            moved[equation.name] = result.variable
            found.append(result)
    inner = {q.name: q for q in found}
    products = tuple(over_samples_along(network, inner))
    return Directional(
        tuple(moved[p.name] for p in network.parameters),
        tuple(found),
        products,
        tuple(needed),
    )


def along(
    equation: Equation,
    network: Network,
    adjoints: Mapping[str, Equation],
    moved: Mapping[str, Variable],
) -> Equation | None:
    """Return ℛ of what an equation defines; None where it does not change.

    Args:
        equation: one of the network's or of an adjoint.
        network: the network.
        adjoints: the equations of the adjoints.
        moved: ℛ of what comes before, by name.
    """
    variables = {**network.variables, **{n: q.variable for n, q in adjoints.items()}}
    at = equation.indices
    terms, parents = [], [equation.name]
    for name in sorted(names_in(equation.right) & moved.keys()):
        inner = variables[name]
        k = tuple(
            rules.new_index(letter, {i.name for i in at})
            for letter, _ in zip(SUMMED_INDICES, inner.shape, strict=False)
        )
        slope = Derivative(equation.variable[at], inner[k], evaluate=False)
        terms.append(total(slope * moved[name][k], dict(zip(k, inner.shape, strict=True))))
        parents += [moved[name].name] if inner.role is not Role.PARAMETER else []
    if not terms:
        return None
    taking = Taking(at)
    taking.take("chain rule", Add(*terms), *parents)
    equations = {**{q.name: q for q in network.equations}, **adjoints}
    slopes = rules.evaluate_derivatives(taking.current, equations, variables)
    taking.take("partial derivatives", slopes, equation.name)
    taking.take("Kronecker delta", rules.collapse(taking.current))
    taking.take("output", with_outputs(taking.current, [equation]), equation.name)
    return None if taking.current == 0 else taking.equation(directional_variable(equation.variable))


def directional_variable(variable: Variable) -> Variable:
    """Return ℛv, of the shape of v."""
    role = Role.DIRECTION if variable.role is Role.PARAMETER else Role.TANGENT
    meaning = "direction" if role is Role.DIRECTION else "derivative along V"
    name = directional_name(variable.name)
    return Variable(name, variable.shape, role, variable.per_sample, meaning)


def _needed(goals: list[Equation], adjoints: Mapping[str, Equation]) -> list[Equation]:
    """Return the adjoints that goals read, and those that these read, in order."""
    found: set[str] = set()
    todo = list(goals)
    while todo:
        for name in names_in(todo.pop().right) & adjoints.keys() - found:
            found.add(name)
            todo.append(adjoints[name])
    return [q for q in adjoints.values() if q.name in found]


def over_samples_along(network: Network, inner: Mapping[str, Equation]) -> Iterator[Equation]:
    """Yield ℛ∂J/∂w = factor · Σ_n ℛ∂E(n)/∂w, and ℛ of what J has of w itself, for every w."""
    per_sample = {v.name for v in network.variables.values() if v.per_sample}
    per_sample |= {adjoint_name(name) for name in network.variables}
    per_sample |= set(inner) | {directional_name(name) for name in per_sample}
    weight = weight_of_sample(network)
    for parameter in network.parameters:
        name = directional_name(f"dJ_d{parameter.name}")
        variable = Variable(name, parameter.shape, Role.TANGENT, False, "product with the Hessian")
        equation = inner.get(directional_name(adjoint_name(parameter.name)))
        if equation is None:  # the gradient does not move
            at = free_indices(len(parameter.shape))
            own = explicit_product(network, parameter, at)
            yield Equation(variable, at, own, "linearity", (Step("linearity", None, own),))
            continue
        at = equation.indices
        own = explicit_product(network, parameter, at)
        change = total(component(equation.name, (SAMPLE, *at)), {SAMPLE: SAMPLES})
        start = Add(Mul(weight, change), own)
        change = total(with_sample(equation.right, per_sample), {SAMPLE: SAMPLES})
        after = Add(Mul(weight, change), own)
        steps = (
            Step("linearity", None, start, (equation.name,)),
            Step("substitution", start, after, (equation.name,)),
        )
        yield Equation(variable, at, after, "linearity", steps)


def explicit_product(network: Network, parameter: Variable, at: tuple[Symbol, ...]) -> Expr:
    """Return ℛ of the derivative of J by a parameter where J has it explicitly."""
    return explicit_curvature(network, parameter, at) * directional_variable(parameter)[at]
