"""A network: an ordered list of equations for one sample, with symbolic or fixed sizes."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from sympy import Add, Expr, Mul, Rational, Symbol

from gradscribe.catalog import CATALOG, Catalog
from gradscribe.catalog.activations import Activation
from gradscribe.catalog.losses import OUTPUTS, D, E, Loss, Y
from gradscribe.catalog.penalties import Penalty, W
from gradscribe.equation import Equation, Role, Variable, aligned_latex
from gradscribe.model.blueprint import DEFAULT_TARGET, PENALIZED, Blueprint, Teaching, learning_of
from gradscribe.model.source import Field, Source
from gradscribe.model.spec import blueprint_of
from gradscribe.model.written import check_apart, learned_numbers, with_learned, written_out
from gradscribe.notation import SAMPLE, SAMPLES, split
from gradscribe.symbols import component, free_indices, summed_index, total


@dataclass(frozen=True)
class Network:
    """A network and its cost.

    Attributes:
        equations: the network's own equations in order, for one sample: …, y^M, e, E.
        cost: the equation of J, the only one with an index of the sample.
        input: the variable x.
        target: the variable d.
        output: the variable y^M.
        parameters: W1, b1, … in the order in which they are ravelled.
        bindings: each activation function's entry by its name, in order; None where it is left
            abstract.
        functions: those of them that stand in the equations by their names. Functions that join
            the nodes of a layer, as softmax does, are written out there.
        layers: the size symbols N_0 … N_M, in order from the input to the output.
        sizes: their values, or None where they are read from the parameters.
        loss: the loss.
        penalties: what J has beside the loss: penalties of parameters, with their coefficients.
        penalized: which parameters these are put on, of `PENALIZED`.
        spec: a text that `Network.parse` turns into this network.
        name: what the user calls it, or "".
        dtype: the floating-point type of generated parameters.
        emit: the parts that a module has beside cost and gradient; None for the usual ones.
        emit_target: what a module is written with.
        learning: the update rules and schedules that a module has.
        start: the numbers at which parameters in functions and in the loss start.
    """

    equations: tuple[Equation, ...]
    cost: Equation
    input: Variable
    target: Variable
    output: Variable
    parameters: tuple[Variable, ...]
    functions: Mapping[str, Activation | None]
    layers: tuple[Symbol, ...]
    sizes: tuple[int, ...] | None
    loss: Loss
    spec: str
    bindings: Mapping[str, Activation | None] = field(default_factory=dict)
    name: str = ""
    dtype: str = "float64"
    emit: tuple[str, ...] | None = None
    emit_target: str = DEFAULT_TARGET
    learning: tuple[Teaching, ...] = ()
    penalties: tuple[tuple[Penalty, Rational], ...] = ()
    penalized: str = PENALIZED[0]
    start: Mapping[str, float] = field(default_factory=dict)
    variables: Mapping[str, Variable] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        every = (self.input, self.target, *self.parameters, *(q.variable for q in self.equations))
        object.__setattr__(self, "variables", {v.name: v for v in every})

    def __hash__(self) -> int:
        return hash(self.spec)

    @classmethod
    def parse(cls, spec: str | None = None, *, catalog: Catalog = CATALOG) -> "Network":
        """Return the network of a specification.

        Args:
            spec: one line ("8-16-16-1 tanh,linear"), a formula ("f(W x + b) f=tanh") or the
                path of a TOML file; nothing means three layers (see `model.spec`).
            catalog: the activations, losses and layers that it may name.

        Raises:
            InputError: the specification cannot be taken.
        """
        return cls.of(blueprint_of(spec, catalog))

    @classmethod
    def of(cls, blueprint: Blueprint) -> "Network":
        """Return the network of a blueprint, its loss added."""
        return assemble(
            blueprint.equations,
            parameters=blueprint.parameters,
            input=blueprint.input,
            functions=blueprint.functions,
            layers=blueprint.layers,
            sizes=blueprint.sizes,
            loss=blueprint.settings.loss,
            spec=blueprint.spec,
            name=blueprint.settings.name,
            dtype=blueprint.settings.dtype,
            emit=blueprint.settings.emit,
            emit_target=blueprint.settings.target,
            learning=blueprint.settings.learning,
            penalties=blueprint.settings.penalties,
            penalized=blueprint.settings.penalized,
        )

    def __repr__(self) -> str:
        return f"Network.parse({self.spec!r})"

    def __str__(self) -> str:
        return "\n".join(map(str, (*self.equations, self.cost)))

    def _repr_latex_(self) -> str:
        return aligned_latex((*self.equations, self.cost))

    def joins(self, equation: Equation) -> bool:
        """Whether an equation is that of a function that joins the nodes of its layer."""
        name = split(equation.name)
        entry = self.bindings.get(f"f{name.layer}")
        return name.stem == "y" and entry is not None and entry.joins_nodes

    def learning_by(self, names: str, catalog: Catalog = CATALOG) -> "Network":
        """Return the network with other update rules and schedules, `adam,linear_decay`.

        Raises:
            InputError: one of them is unknown.
        """
        learning = learning_of(Field(names, Source(names, "--with"), 0), catalog)
        words = [word for word in self.spec.split(" ") if not word.startswith("with=")]
        spec = " ".join([*words, f"with={','.join(entry.name for entry in learning)}"])
        return replace(self, learning=learning, spec=spec)

    @property
    def abstract_functions(self) -> tuple[str, ...]:
        """The activation functions that no entry is bound to."""
        return tuple(stem for stem, entry in self.functions.items() if entry is None)


def loss_equations(
    loss: Loss, output: Variable, target: Variable, numbers: Mapping[Expr, Variable]
) -> tuple[Equation, ...]:
    """Return the equations from the output to E, the cost of one sample.

    For mean squared error: e_i = d_i - y_i and E = Σ_i e_i².

    Args:
        loss: the loss.
        output: y^M.
        target: d.
        numbers: the parameters for the symbols of what is learned in the loss.
    """
    at = free_indices(len(output.shape))
    values: dict[Expr, Expr] = {D: target[at], Y: output[at]}
    values |= {symbol: parameter[at] for symbol, parameter in numbers.items()}
    equations = []
    if loss.error is not None:
        error = Variable("e", output.shape, Role.VALUE, meaning="error")
        equations.append(Equation(error, at, loss.error.xreplace(values)))
        values[E] = error[at]
    over = tuple(summed_index(k) for k, _ in enumerate(at))
    term = loss.term.xreplace(values).xreplace(dict(zip(at, over, strict=True)))
    cost = Variable("E", (), Role.COST, meaning="cost of one sample")
    limits = dict(zip(over, output.shape, strict=True))
    return (*equations, Equation(cost, (), total(term, limits)))


def by_name(functions: Mapping[str, Activation | None]) -> dict[str, Activation | None]:
    """Return the functions that stand in equations by their names."""
    return {f: e for f, e in functions.items() if e is None or not e.written_out}


def penalty_of(
    penalties: Iterable[tuple[Penalty, Rational]], parameters: Iterable[Variable]
) -> Expr:
    """Return what parameters add to J: λ Σ_ij term(W_ij) of each penalty and parameter."""
    terms = []
    for penalty, coefficient in penalties:
        for parameter in parameters:
            at = free_indices(len(parameter.shape))
            one = penalty.term.xreplace({W: parameter[at]})
            limits = dict(zip(at, parameter.shape, strict=True))
            terms.append(coefficient * total(one, limits))
    return Add(*terms)


def bears_penalty(parameter: Variable, penalized: str) -> bool:
    """Whether a parameter is one that penalties are put on."""
    return penalized == "all" or len(parameter.shape) > 1


def total_cost(loss: Loss, output: Variable, penalty: Expr) -> Equation:
    """Return J = factor · Σ_n E(n) + penalty."""
    factor = loss.factor.xreplace({OUTPUTS: Mul(*output.shape)})
    cost = Variable("J", (), Role.COST, per_sample=False, meaning=loss.meaning)
    own = factor * total(component("E", (SAMPLE,)), {SAMPLE: SAMPLES})
    return Equation(cost, (), own + penalty)


def assemble(
    equations: Sequence[Equation],
    *,
    parameters: Sequence[Variable],
    input: Variable,
    functions: Mapping[str, Activation | None],
    layers: Sequence[Symbol],
    sizes: Sequence[int] | None,
    loss: Loss,
    spec: str,
    name: str = "",
    dtype: str = "float64",
    emit: tuple[str, ...] | None = None,
    emit_target: str = DEFAULT_TARGET,
    learning: tuple[Teaching, ...] = (),
    penalties: tuple[tuple[Penalty, Rational], ...] = (),
    penalized: str = PENALIZED[0],
) -> Network:
    """Return the network of these forward equations (the last one is y^M) with its loss."""
    written = written_out(equations, functions)
    equations, output = written.equations, written.equations[-1].variable
    target = Variable("d", output.shape, Role.TARGET, meaning="desired output")
    own = learned_numbers(loss.learned, loss.name, output)
    every = (*equations, *loss_equations(loss, output, target, own.variables))
    check_apart(written, own)
    start = {**written.start, **own.start}
    parameters = with_learned(parameters, every, start)
    on = [p for p in parameters if bears_penalty(p, penalized)]
    whole = total_cost(loss, output, penalty_of(penalties, on))
    return Network(
        equations=tuple(labelled(every)),
        cost=replace(whole, label=str(len(every) + 1)),
        input=input,
        target=target,
        output=output,
        parameters=parameters,
        start={name: value for name, (_, value) in start.items()},
        functions=by_name(functions),
        bindings=dict(functions),
        layers=tuple(layers),
        sizes=None if sizes is None else tuple(sizes),
        loss=loss,
        spec=spec,
        name=name,
        dtype=dtype,
        emit=emit,
        emit_target=emit_target,
        learning=learning,
        penalties=penalties,
        penalized=penalized,
    )


def labelled(equations: Sequence[Equation], first: int = 1) -> list[Equation]:
    """Return the equations numbered from `first`."""
    return [replace(q, label=str(label)) for label, q in enumerate(equations, first)]
