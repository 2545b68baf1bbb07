"""Functions whose formula an equation has itself: softmax, and those with learned numbers.

What is learned in a function is a vector of parameters with a number for each node of its layer
(in a loss: for each output), as a bias is: so every equation reads it at its own index, and its
derivatives come out of the same rules.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from sympy import Expr

from gradscribe.catalog.activations import Activation, U
from gradscribe.catalog.constants import Constant
from gradscribe.equation import Equation, Role, Variable
from gradscribe.errors import InputError
from gradscribe.notation import split
from gradscribe.symbols import OverNodes, ScalarFunction, names, summed_index, total

# Parameters by name, with the number at which each starts.
Start = dict[str, tuple[Variable, float]]


@dataclass(frozen=True)
class Numbers:
    """The learned numbers of one function in one layer.

    Attributes:
        variables: the parameter for the symbol of each.
        start: the parameters by name, with the number at which each starts.
    """

    variables: Mapping[Expr, Variable]
    start: Start


@dataclass(frozen=True)
class Written:
    """Equations, and the parameters that they have beside their own (see `Numbers`)."""

    equations: tuple[Equation, ...]
    start: Start


def learned_numbers(constants: Iterable[Constant], of: str, output: Variable) -> Numbers:
    """Return parameters for the learned numbers of a function or of a loss.

    Args:
        constants: the learned numbers.
        of: what the function is called.
        output: what its equation defines, whose layer and shape the parameters have.
    """
    layer = split(output.name).layer
    variables = {}
    start: Start = {}
    for constant in constants:
        name = f"{constant.name}{layer}"
        meaning = f"{constant.meaning or constant.name} in {of}, of layer {layer}"
        made = Variable(name, output.shape, Role.PARAMETER, per_sample=False, meaning=meaning)
        variables[constant.symbol] = made
        start[name] = made, float(constant.value)
    return Numbers(variables, start)


def written_out(
    equations: Iterable[Equation], functions: Mapping[str, Activation | None]
) -> Written:
    """Return equations with the formulas of functions that are not of one number alone."""
    own = {f: e for f, e in functions.items() if e is not None and e.written_out}
    result, start = [], Start()
    for equation in equations:
        places = [a for a in equation.right.atoms(ScalarFunction) if a.stem in own]
        values = {}
        for place in places:
            entry = own[place.stem]
            numbers = learned_numbers(entry.learned, entry.name, equation.variable)
            start |= numbers.start
            at = {symbol: v[equation.indices] for symbol, v in numbers.variables.items()}
            formula = entry.formula.xreplace(at)
            values[place] = _at_node(formula, place.args[0], equation)
        right = equation.right.xreplace(values) if values else equation.right
        result.append(replace(equation, right=right))
    return Written(tuple(result), start)


def _at_node(formula: Expr, argument: Expr, equation: Equation, depth: int = 0) -> Expr:
    """Return a formula at a node, what it sums over nodes as sums over an index of its own.

    Args:
        formula: an expression in the catalog's `U` and in components at the equation's index.
        argument: what stands for u, at the first index of the equation.
        equation: whose right side it is.
        depth: how many sums are around it.
    """
    (i,), k = equation.indices, summed_index(depth)
    sums = {
        part: total(
            _at_node(part.args[0], argument, equation, depth + 1).xreplace({i: k}),
            {k: equation.variable.shape[0]},
        )
        for part in formula.atoms(OverNodes)
        if not any(part in other.args[0].atoms(OverNodes) for other in formula.atoms(OverNodes))
    }
    return formula.xreplace(sums).xreplace({U: argument})


def check_apart(written: Written, own: Numbers) -> None:
    """Check that functions and the loss have learned numbers of different names.

    Raises:
        InputError: the last function and the loss have one of the same name.
    """
    for name in written.start.keys() & own.start.keys():
        raise InputError(
            f"{name} is a learned number of a function and of the loss",
            received=name,
            allowed="another name for one of them",
        )


def with_learned(
    parameters: Sequence[Variable], equations: Iterable[Equation], start: Start
) -> tuple[Variable, ...]:
    """Return parameters with the learned numbers among them, each behind those of its layer.

    Raises:
        InputError: a parameter has the name of a learned number.
    """
    result = list(parameters)
    own = {p.name for p in parameters}
    read: set[str] = set()
    for equation in equations:
        read |= names(equation.right)
        for name in [n for n in start if n in names(equation.right)]:
            variable, _ = start[name]
            if name in own:
                raise InputError(
                    f"{name} is a learned number and a parameter of the formula",
                    received=name,
                    allowed="another name for one of them",
                )
            before = [p for p, v in enumerate(result) if v.name in read and v.name != name]
            if variable not in result:
                result.insert(max(before, default=-1) + 1, variable)
    return tuple(result)
