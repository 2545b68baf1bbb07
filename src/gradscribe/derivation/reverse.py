"""Reverse mode: the derivative of the cost by every variable, from the last equation to the first.

The adjoint of v is ∂E/∂v. It is the sum, over the equations that read v, of the adjoint of
what they define times how that changes with v. The backpropagation recursion is what comes
out for a network; it stands nowhere in the code.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence

from sympy import Add, Expr, Indexed, KroneckerDelta, Mul, Symbol

from gradscribe.catalog.activations import Activation
from gradscribe.derivation import rules
from gradscribe.derivation.outputs import cancelled, with_outputs
from gradscribe.equation import Equation, Role, Step, Variable
from gradscribe.errors import DerivationError
from gradscribe.model.network import Network
from gradscribe.notation import SAMPLE, SAMPLES, SUMMED_INDICES, split
from gradscribe.symbols import component, free_indices, total

# Sums over a layer above are written with k, as the lecture does; j stays for the layer below.
ADJOINT_LETTERS = ("k", "l", *(a for a in SUMMED_INDICES if a not in "kl"))


def adjoint_name(name: str) -> str:
    """Return what ∂E/∂(name) is called: δ^m for an activation u^m, else `dE_d…`.

    >>> adjoint_name("u2"), adjoint_name("W2")
    ('delta2', 'dE_dW2')
    """
    parts = split(name)
    return f"delta{parts.layer}" if parts.stem == "u" else f"dE_d{name}"


def adjoint_variable(variable: Variable) -> Variable:
    """Return the variable ∂E/∂v, of the same shape as v and one for each sample."""
    sensitivity = split(variable.name).stem == "u"
    meaning = "sensitivity" if sensitivity else "derivative of the cost of one sample"
    return Variable(adjoint_name(variable.name), variable.shape, Role.ADJOINT, meaning=meaning)


def readers(network: Network) -> dict[str, list[Equation]]:
    """Return, for each variable that the cost depends on, the equations that read it."""
    found: dict[str, list[Equation]] = {
        v.name: []
        for v in (network.input, *network.parameters, *(q.variable for q in network.equations))
    }
    for equation in network.equations:
        used = {s.name for s in equation.right.free_symbols}
        for name in found.keys() & used:
            found[name].append(equation)
    return found


def backwards(network: Network, kept: frozenset[str] = frozenset()) -> Iterator[Equation]:
    """Yield the adjoint of every intermediate variable, last first, then of the parameters.

    Args:
        network: the network.
        kept: variables whose adjoints are read under their names.
    """
    defined = {q.name: q for q in network.equations}
    reading = readers(network)
    inlined: dict[str, Equation] = {}
    intermediate = [q.variable for q in reversed(network.equations[:-1])]
    wanted = {v.name for v in (*intermediate, *network.parameters)}
    for variable in (*intermediate, *network.parameters):
        if not reading[variable.name]:
            continue
        equation = adjoint(variable, reading[variable.name], defined, inlined, network.functions)
        if variable.name not in kept and _vanishes_into_others(
            equation, defined.get(variable.name), wanted
        ):
            inlined[equation.name] = equation
        yield equation


def adjoint(
    variable: Variable,
    reading: Sequence[Equation],
    defined: Mapping[str, Equation],
    inlined: Mapping[str, Equation],
    functions: Mapping[str, Activation | None],
) -> Equation:
    """Return the equation of ∂E/∂v, with the steps that lead to it.

    Args:
        variable: v.
        reading: the equations that read v.
        defined: the network's equations by the name of what they define.
        inlined: adjoints to put in by their right sides.
        functions: the entry of each activation function.
    """
    at = free_indices(len(variable.shape))
    steps: list[Step] = []
    current: Expr | None = None

    def take(rule: str, after: Expr, *parents: str) -> Expr:
        after = rules.tidy(after, at, ADJOINT_LETTERS)
        if after != current:
            steps.append(Step(rule, current, after, parents))
        return after

    uppers = [
        None if q.variable.role is Role.COST else adjoint_variable(q.variable) for q in reading
    ]
    paths = [rules.path(q, up, variable[at]) for q, up in zip(reading, uppers, strict=True)]
    parents = [q.name for q in reading]
    current = take("chain rule", Add(*paths), *parents)
    slopes = rules.evaluate_derivatives(current, defined, {variable.name: variable})
    current = take("partial derivatives", slopes, *parents)
    current = take("Kronecker delta", rules.collapse(current))
    current = take("output", with_outputs(current, reading), *parents)
    for upper in uppers:
        if upper is not None and upper.name in inlined:
            current = take(
                "substitution", rules.substitute(current, inlined[upper.name]), upper.name
            )
    current = take("cancellation", cancelled(current, functions, reading), *parents)
    return Equation(adjoint_variable(variable), at, current, steps[-1].rule, tuple(steps))


def _vanishes_into_others(adjoint: Equation, definition: Equation | None, wanted: set[str]) -> bool:
    """Whether an adjoint is better put in where it is used than kept under a name.

    A sensitivity δ is always kept; anything else that is used once, or is a plain product.
    """
    if definition is None or split(definition.name).stem == "u":
        return False
    used = {s.name for s in definition.right.free_symbols} & wanted
    return len(used) == 1 or rules.is_plain_product(adjoint.right)


def over_samples(network: Network, adjoints: Mapping[str, Equation]) -> Iterator[Equation]:
    """Yield ∂J/∂w = factor · Σ_n ∂E(n)/∂w, and what J has of w itself, for every parameter w."""
    per_sample = {v.name for v in network.variables.values() if v.per_sample} | set(adjoints)
    weight = weight_of_sample(network)
    for parameter in network.parameters:
        equation = adjoints[adjoint_name(parameter.name)]
        at = equation.indices
        inner = component(equation.name, (SAMPLE, *at))
        own = rules.partial(network.cost.right, parameter, at)
        start = Add(Mul(weight, total(inner, {SAMPLE: SAMPLES})), own)
        after = total(with_sample(equation.right, per_sample), {SAMPLE: SAMPLES})
        steps = [Step("linearity", None, start, (network.cost.name, equation.name))]
        if own != 0:
            own = explicit_slope(network, parameter, at)
            collapsed = Add(Mul(weight, total(inner, {SAMPLE: SAMPLES})), own)
            steps.append(Step("Kronecker delta", start, collapsed))
            start = collapsed
        after = Add(Mul(weight, after), own)
        steps.append(Step("substitution", start, after, (equation.name,)))
        yield Equation(gradient_variable(parameter), at, after, "linearity", tuple(steps))


def weight_of_sample(network: Network) -> Expr:
    """Return ∂J/∂E(n), the factor of J."""
    cost = Variable(network.equations[-1].name, (SAMPLES,), Role.COST)
    return rules.collapse(rules.partial(network.cost.right, cost, (SAMPLE,)))


def explicit_slope(network: Network, parameter: Variable, at: tuple[Symbol, ...]) -> Expr:
    """Return the derivative of J by a component of a parameter where J has it explicitly."""
    slope = rules.collapse(rules.partial(network.cost.right, parameter, at))
    return rules.tidy(slope, at)


def explicit_curvature(network: Network, parameter: Variable, at: tuple[Symbol, ...]) -> Expr:
    """Return the second derivative of J by a component where J has it explicitly.

    A penalty is a sum over components, so there is none by two different ones: all of the
    second derivative has a Kronecker delta for each index.

    Raises:
        DerivationError: it has not, which is a defect of gradscribe.
    """
    slope = explicit_slope(network, parameter, at)
    taken = {s.name for s in slope.free_symbols} | {k.name for k in at}
    fresh = tuple(rules.new_index(k.name, taken) for k in at)
    mixed = rules.partial(slope, parameter, fresh)
    deltas = Mul(*(KroneckerDelta(k, r) for k, r in zip(at, fresh, strict=True)))
    curvature = mixed.xreplace(dict(zip(fresh, at, strict=True)))
    if rules.distribute(mixed - deltas * curvature) != 0:
        raise DerivationError(f"the penalty of {parameter.name} joins its components")
    return curvature


def gradient_variable(parameter: Variable) -> Variable:
    """Return the variable ∂J/∂w, of the same shape as w."""
    name = f"dJ_d{parameter.name}"
    return Variable(name, parameter.shape, Role.GRADIENT, False, "derivative of the cost")


def with_sample(expr: Expr, per_sample: Iterable[str]) -> Expr:
    """Write the index n of the sample on every component that has one for each sample."""
    names = set(per_sample)
    indexed = {
        a: component(a.base.name, (SAMPLE, *a.indices))
        for a in expr.atoms(Indexed)
        if a.base.name in names
    }
    scalars = {
        s: component(s.name, (SAMPLE,))
        for s in expr.free_symbols
        if s.name in names and not isinstance(s, Indexed)
    }
    scalars = {s: v for s, v in scalars.items() if not _is_base(s, expr)}
    return expr.xreplace(indexed | scalars)


def _is_base(symbol: Symbol, expr: Expr) -> bool:
    """Whether a symbol is only the name of an indexed variable (SymPy counts it as free)."""
    return any(a.base.label == symbol for a in expr.atoms(Indexed))
