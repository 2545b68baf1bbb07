"""A derivation: the network's equations, those derived from them, and every step between."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from sympy import Expr, Symbol

from gradscribe.catalog.activations import U
from gradscribe.derivation.listing import Higher, Listed, every_group, groups
from gradscribe.derivation.reverse import backwards, over_samples
from gradscribe.derivation.slopes import slope, slope_in
from gradscribe.equation import Equation, Role, Step, Variable, aligned_latex
from gradscribe.errors import InputError, nearest
from gradscribe.model.network import Network, labelled
from gradscribe.notation import split
from gradscribe.symbols import ScalarFunction, component, free_indices, scalar_function

# What only a derivation of order 2 has.
SECOND = frozenset({Role.TANGENT, Role.CURVATURE})


@dataclass(frozen=True)
class Derivation:
    """The ordered list of equations of a network and its derivatives.

    Attributes:
        network: what was derived.
        equations: every equation, forward and derived, numbered in order.
    """

    network: Network
    equations: tuple[Equation, ...]
    by_name: Mapping[str, Equation] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "by_name", {q.name: q for q in self.equations})

    @property
    def steps(self) -> tuple[tuple[Equation, Step], ...]:
        """Every recorded step with the equation that it led to, in order."""
        return tuple((q, step) for q in self.equations for step in q.steps)

    @property
    def derived(self) -> tuple[Equation, ...]:
        """The equations that are not the network's own."""
        return tuple(q for q in self.equations if q.rule != "definition")

    def _repr_latex_(self) -> str:
        return aligned_latex(self.equations)

    def __iter__(self) -> Iterator[Equation]:
        return iter(self.equations)

    def __len__(self) -> int:
        return len(self.equations)

    def __repr__(self) -> str:
        return f"<derivation of {self.network.spec!r}: {len(self)} equations>"

    def __str__(self) -> str:
        return "\n".join(map(str, self.equations))

    def __getitem__(self, name: str | int) -> Equation:
        """Return an equation by what it defines ("u1", "delta1", "dJ_dW1") or by its number.

        Raises:
            InputError: no equation defines it.
        """
        if isinstance(name, int):
            name = {int(q.label): q.name for q in self.equations}.get(name, str(name))
        if name in self.by_name:
            return self.by_name[name]
        raise InputError(
            "no equation of that name",
            received=name,
            allowed=", ".join(self.by_name),
            nearest=nearest(name, self.by_name),
        )


def derive(network: Network, order: int = 1) -> Derivation:
    """Derive the sensitivities and the gradient of a network's cost.

    Args:
        network: the network.
        order: 2 for the second derivatives as well.

    Returns:
        The list: the network's equations, J, the sensitivities δ^M … δ^1, each after the
        slope f′ that it needs (and any other adjoint on the way), ∂E/∂w and ∂J/∂w of
        every parameter w. Of order 2, also the tangents ∂y/∂u and ∂δ/∂u, the blocks of
        ∂²E/∂w∂w, and ℛ of everything, the derivative along a direction V, up to H V; the
        same of the Gauss-Newton matrix and of the residual, what H has beyond it.
    """
    adjoints = {q.name: q for q in backwards(network)}
    gradients = list(over_samples(network, adjoints))
    own = [*network.equations, network.cost]
    derived = list(_with_slopes(network, adjoints.values()))
    first = [*own, *derived, *gradients]
    groups = every_group(network, adjoints.values()) if order == 2 else ()
    second = [q for q in _with_groups(network, first, groups) if isinstance(q, Equation)]
    return Derivation(network, tuple(labelled(second)))


def numbers(derivation: Derivation, found: Higher) -> dict[str, str]:
    """Return the numbers that the equations of a derivation of order 2 have, by name.

    Args:
        derivation: of any order.
        found: what is known of the second order.
    """
    first = [q for q in derivation.equations if q.variable.role not in SECOND]
    listed = _with_groups(derivation.network, first, groups(found))
    names = [q if isinstance(q, str) else q.name for q in listed]
    return {name: str(number) for number, name in enumerate(names, 1)}


def _with_groups(
    network: Network, first: Sequence[Equation], found: Iterable[Listed]
) -> list[Equation | str]:
    """Return the equations of first order and groups of others, each once.

    A group comes after the slopes f″ that it reads first.
    """
    result: dict[str, Equation | str] = {q.name: q for q in first}
    for group in found:
        equations = [q for q in group if isinstance(q, Equation)]
        for item in (*slope_equations(network, equations), *group):
            result.setdefault(item if isinstance(item, str) else item.name, item)
    return list(result.values())


def _with_slopes(network: Network, adjoints: Iterable[Equation]) -> Iterable[Equation]:
    """Yield equations, each after those of the slopes that it reads first."""
    given: set[str] = set()
    for adjoint in adjoints:
        for equation in slope_equations(network, [adjoint]):
            if equation.name not in given:
                given.add(equation.name)
                yield equation
        yield adjoint


def slope_equations(network: Network, adjoints: Iterable[Equation]) -> Iterable[Equation]:
    """Yield an equation for every f′(u) that occurs: its value in terms of y where exact.

    A function that is not bound to an entry of the catalog stays as it is.
    """
    outputs = {q.right: q for q in network.equations if isinstance(q.right, ScalarFunction)}
    needed = {a for q in adjoints for a in q.right.atoms(ScalarFunction) if a.order}
    for place in _in_network_order(needed, network):
        entry = network.functions.get(place.stem)
        argument = place.args[0].base
        indices = free_indices(len(network.variables[argument.name].shape))
        place = place.func(component(argument.name, indices))  # of one sample
        if entry is None:
            continue
        value = next((q for right, q in outputs.items() if _same(right, place)), None)
        source = network.variables[argument.name]
        at = tuple(indices)
        y = None if value is None else output_at(value, at)
        value_here = scalar_function(place.stem)(place.args[0])
        right = slope_in(entry, place.args[0], y, value_here, place.order)
        parents = (value.name,) if value is not None else (source.name,)
        of_u = slope(entry, place.order).of_u.subs(U, place.args[0])
        steps = [Step("scalar derivative", place, of_u, parents)]
        if of_u != right:
            steps.append(Step("slope", of_u, right, parents))
        variable = slope_variable(place.stem, source, place.order)
        yield Equation(variable, at, right, "slope", tuple(steps))


def output_at(equation: Equation, at: tuple[Symbol, ...]) -> Expr | None:
    """Return y where u has these indices, for y = f(u); None where y has others than u."""
    own = equation.right.args[0].indices
    moved = dict(zip(own, at, strict=True))
    if set(own) != set(equation.indices):
        return None
    return equation.variable[tuple(moved[k] for k in equation.indices)]


def _same(output: ScalarFunction, slope: ScalarFunction) -> bool:
    """Whether `output` is f(u) for the f′(u) of `slope`, at whatever index."""
    return output.stem == slope.stem and output.args[0].base == slope.args[0].base


def _in_network_order(places: Iterable[Expr], network: Network) -> list[Expr]:
    """Sort places by layer, last first, once for each function and argument."""
    position_of = {name: position for position, name in enumerate(network.variables)}
    once = {(p.stem, p.order, p.args[0].base.name): p for p in sorted(places, key=str)}
    return sorted(once.values(), key=lambda p: (-position_of[p.args[0].base.name], p.order))


def slope_variable(stem: str, argument: Variable, order: int = 1) -> Variable:
    """Return the variable that holds f′(u) of a layer: `fprime2` of u², `fprimeprime2` for f″."""
    letter, layer = split(stem).stem, split(argument.name).layer
    name = (
        f"{letter}{'prime' * order}{layer}"
        if split(argument.name).stem == "u"
        else f"{stem}{'prime' * order}_{argument.name}"
    )
    return Variable(name, argument.shape, Role.VALUE, meaning="slope of the activation function")


def slope_name(place: ScalarFunction, network: Network) -> str:
    """Return the name of the variable that holds the value of f′ at a place."""
    return slope_variable(place.stem, network.variables[place.args[0].base.name], place.order).name
